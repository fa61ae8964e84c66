/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A long, slow or lossy link between two network namespaces, for kernels without netem. */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "delaybox.h"

static struct direction directions[2] = {
	{.name = "a_to_b", .fd_in = -1, .fd_out = -1, .ring = {.empty = true}},
	{.name = "b_to_a", .fd_in = -1, .fd_out = -1, .ring = {.empty = true}},
};

/* Upper bound in microseconds below which a share of the chunks was delivered. */
static uint64_t lateness_us(const struct direction_stats *stats, double share)
{
	uint64_t seen = 0;

	for (unsigned int i = 0; i < LATENESS_BUCKETS; i++) {
		seen += stats->lateness[i];
		if ((double)seen >= share * (double)stats->chunks)
			return 1ULL << i;
	}
	return 1ULL << (LATENESS_BUCKETS - 1);
}

/* Read while the threads run: the numbers of one line may be a packet apart. */
static void print_stats(void)
{
	for (int i = 0; i < 2; i++) {
		const struct direction *d = &directions[i];
		const struct direction_stats s = d->stats;

		printf("{\"direction\":\"%s\",\"packets\":%" PRIu64 ",\"segments\":%" PRIu64
		       ",\"wire_bytes\":%" PRIu64 ",\"dropped_queue\":%" PRIu64
		       ",\"dropped_loss\":%" PRIu64 ",\"dropped_mtu\":%" PRIu64
		       ",\"dropped_ring\":%" PRIu64
		       ",\"write_errors\":%" PRIu64 ",\"queue_peak_bytes\":%" PRIu64
		       ",\"late_us_p50\":%" PRIu64 ",\"late_us_p99\":%" PRIu64
		       ",\"late_us_max\":%" PRIu64 "}\n",
		       d->name, s.packets, s.segments, s.bytes, s.dropped_queue, s.dropped_loss, s.dropped_mtu,
		       s.dropped_ring, s.write_errors, s.queue_peak_bytes, lateness_us(&s, 0.5),
		       lateness_us(&s, 0.99), lateness_us(&s, 1));
	}
	fflush(stdout);
}

static int open_devices(const struct box_spec *spec, int fds[static 2])
{
	for (int i = 0; i < 2; i++) {
		fds[i] = tun_open(&spec->end[i]);
		if (fds[i] < 0) {
			fprintf(stderr, "delaybox: %s in %s: %s\n", spec->end[i].ifname,
				spec->end[i].netns, strerror(-fds[i]));
			return fds[i];
		}
	}
	return 0;
}

static int prepare(const struct box_spec *spec, const int fds[static 2], int fd_stop)
{
	for (int i = 0; i < 2; i++) {
		struct direction *d = &directions[i];
		int r;

		d->spec = spec->direction[i];
		d->fd_in = fds[i];
		d->fd_out = fds[!i];
		d->fd_stop = fd_stop;
		d->random = (spec->seed + 1) * 0x9e3779b97f4a7c15ULL + (uint64_t)i;
		r = direction_init(d);
		if (r < 0)
			return r;
	}
	return 0;
}

static int start_thread(struct direction *d, int rr_priority)
{
	struct sched_param param = {.sched_priority = rr_priority};
	int r = pthread_create(&d->thread, NULL, direction_run, d);

	if (r == 0 && rr_priority > 0 && pthread_setschedparam(d->thread, SCHED_RR, &param) != 0)
		fprintf(stderr, "delaybox: no real-time priority, going on without\n");
	return -r;
}

/* Waits for the signals that every thread has blocked. */
static void serve_signals(const sigset_t *set)
{
	int signal = 0;

	while (sigwait(set, &signal) == 0 && signal == SIGUSR1)
		print_stats();
}

static int run(const struct box_spec *spec, const sigset_t *set, int fd_stop)
{
	uint64_t one = 1;
	int started = 0, r = 0;

	while (started < 2 && r == 0) {
		r = start_thread(&directions[started], spec->rr_priority);
		if (r == 0)
			started++;
	}
	if (r == 0) {
		puts("ready");
		fflush(stdout);
		serve_signals(set);
	}
	if (write(fd_stop, &one, sizeof(one)) < 0)
		r = -errno;
	while (started-- > 0)
		pthread_join(directions[started].thread, NULL);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_(close_fd) int fd_stop = -1, fd_a = -1, fd_b = -1;
	struct box_spec spec;
	sigset_t set;
	int fds[2] = {-1, -1}, r;

	if (box_spec_parse(&spec, argc, argv) < 0 || spec.help) {
		fputs(box_usage(), spec.help ? stdout : stderr);
		return spec.help ? EXIT_SUCCESS : 64;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);

	fd_stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = fd_stop < 0 ? -errno : open_devices(&spec, fds);
	fd_a = fds[0];
	fd_b = fds[1];
	if (r == 0)
		r = prepare(&spec, fds, fd_stop);
	if (r == 0)
		r = run(&spec, &set, fd_stop);
	if (r == 0 && spec.stats)
		print_stats();
	for (int i = 0; i < 2; i++)
		ring_free(&directions[i].ring);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
