/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One direction of the link: a queue drained at the link's rate, then a delay line. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#include "delaybox.h"

#define BURST	     64
#define RING_SLACK   (4U << 20)
#define RING_NO_RATE (64U << 20)

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* A chunk arrives when its last segment does, as a NIC that coalesces would hand it up. */
static void chunk_enqueue(struct direction *d, size_t len, unsigned int first, unsigned int count)
{
	uint8_t *out = ring_reserve(&d->ring, len);

	if (!out) {
		d->stats.dropped_ring += count;
		return;
	}
	ring_commit(&d->ring, d->busy_until + d->spec.delay_ns,
		    packet_cut(d->scratch, len, first, count, out));
}

static void packet_enqueue(struct direction *d, uint64_t now, size_t len)
{
	unsigned int total = packet_segments(d->scratch, len), first = 0, count = 0;

	d->stats.packets++;
	for (unsigned int i = 0; i < total; i++) {
		size_t ip_len = packet_segment_length(d->scratch, len, i);
		bool admitted;

		if (count == d->spec.chunk_segments) {
			chunk_enqueue(d, len, first, count);
			count = 0;
		}
		/* A run ends before a lost segment; the clock moves only for admitted ones. */
		admitted = segment_admit(d, now, ip_len) == FATE_ADMITTED;
		if (!admitted && count > 0) {
			chunk_enqueue(d, len, first, count);
			count = 0;
		}
		if (admitted && count++ == 0)
			first = i;
	}
	if (count > 0)
		chunk_enqueue(d, len, first, count);
}

static bool receive_burst(struct direction *d)
{
	for (int i = 0; i < BURST; i++) {
		ssize_t n = read(d->fd_in, d->scratch, sizeof(d->scratch));

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		packet_enqueue(d, now_ns(), (size_t)n);
	}
	return true;
}

static void count_lateness(struct direction *d, uint64_t late_ns)
{
	unsigned int bucket = 0;

	for (uint64_t us = late_ns / 1000; us > 0 && bucket < LATENESS_BUCKETS - 1; us >>= 1)
		bucket++;
	d->stats.lateness[bucket]++;
	d->stats.chunks++;
}

static void deliver_due(struct direction *d)
{
	uint64_t now = now_ns(), due;
	size_t len;

	for (const uint8_t *chunk; (chunk = ring_peek(&d->ring, &due, &len)) && due <= now;) {
		if (write(d->fd_out, chunk, len) < 0)
			d->stats.write_errors++;
		count_lateness(d, now - due);
		ring_pop(&d->ring);
	}
}

static int wait_for_work(struct direction *d)
{
	struct pollfd fds[] = {{.fd = d->fd_in, .events = POLLIN},
			       {.fd = d->fd_stop, .events = POLLIN}};
	struct timespec timeout = {0}, *wait = NULL;
	uint64_t due, now = now_ns();
	size_t len;

	if (ring_peek(&d->ring, &due, &len)) {
		uint64_t left = due > now ? due - now : 0;

		timeout.tv_sec = (time_t)(left / NSEC_PER_SEC);
		timeout.tv_nsec = (long)(left % NSEC_PER_SEC);
		wait = &timeout;
	}
	if (ppoll(fds, 2, wait, NULL) < 0)
		return errno == EINTR ? 0 : -errno;
	return fds[1].revents ? -ECANCELED : 0;
}

void *direction_run(void *arg)
{
	struct direction *d = arg;
	int r;

	prctl(PR_SET_TIMERSLACK, 1UL);
	do {
		r = wait_for_work(d);
		if (r == 0 && !receive_burst(d))
			r = -errno;
		deliver_due(d);
	} while (r == 0);
	if (r != -ECANCELED)
		fprintf(stderr, "delaybox: %s: the device went away (%d)\n", d->name, r);
	return NULL;
}

/* Everything that can be under way at once: the delay line and the queue before it. */
static size_t ring_size(const struct direction_spec *spec)
{
	double line = (double)spec->rate_bps / 8e9 * (double)spec->delay_ns;

	if (spec->rate_bps == 0)
		return RING_NO_RATE;
	return (size_t)((line + (double)spec->queue_bytes) * 1.25) + RING_SLACK;
}

int direction_init(struct direction *d)
{
	return ring_init(&d->ring, ring_size(&d->spec));
}
