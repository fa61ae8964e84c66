/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service's engine by a simulated clock: hours of beats, ticks and passes over the real sockets of the network
 * namespace it runs in, without the waits between. It renders the metrics after each tick as the service does. Prints what
 * that cost, as one JSON object; memory is that of this process.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/engine.h"
#include "daemon/memory.h"
#include "daemon/metrics.h"
#include "daemon/textfile.h"

#define EX_USAGE 64

enum { TENTHS = 10 };

struct sim {
	struct root *root;
	struct engine *engine;
	struct engine_time time;
	const char *textfile; /* or NULL */
	unsigned long events, beats;
	/* Resident memory in bytes, by tenths of the run: it breathes, for a pass that is under way needs more. */
	double least[TENTHS], most[TENTHS];
};

static void count(void *user, const struct event *e)
{
	struct sim *s = user;

	(void)e;
	s->events++;
}

/* Bytes, as top and systemd-cgtop tell them. */
static double resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long size, pages = 0;

	if (f && fscanf(f, "%lu %lu", &size, &pages) != 2)
		pages = 0;
	if (f)
		fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int open_engine(struct sim *s, const char *datadir)
{
	const struct engine_options o = {.tell = count, .user = s};
	struct setup *setup;
	struct diag d = {0};
	int r = root_open(NULL, &s->root, &d);

	if (!r)
		r = setup_load(s->root, datadir, &setup, &d);
	if (!r)
		r = engine_new(s->root, setup, &o, &s->engine);
	if (r < 0)
		fprintf(stderr, "hours: %s:%u: %s\n", d.file, d.line, *d.message ? d.message : strerror(-r));
	s->time = engine_now();
	return r;
}

static void advance(struct sim *s, double seconds)
{
	s->time.mono += seconds;
	s->time.real += seconds;
	s->time.boot += seconds;
}

/* What the service does after a tick or a pass. */
static int publish(const struct sim *s, struct service_stats *st)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	metrics_document(engine_report(s->engine), st, METRICS_PROMETHEUS, &t);
	return s->textfile ? textfile_write(s->textfile, &t) : 0;
}

static int beat(struct sim *s, struct service_stats *st)
{
	unsigned long ticks = st->ticks, passes = st->passes;

	engine_beat(s->engine, &s->time);
	s->beats++;
	advance(s, ENGINE_BEAT);
	engine_stats(s->engine, &s->time, st);
	st->cpu = engine_cpu();
	return st->ticks != ticks || st->passes != passes ? publish(s, st) : 0;
}

static void sample(struct sim *s, unsigned long ticks, unsigned long end)
{
	unsigned long i = min_of(ticks * TENTHS / end, TENTHS - 1ul);
	double now = resident();

	s->most[i] = max_of(s->most[i], now);
	s->least[i] = s->least[i] > 0 ? min_of(s->least[i], now) : now;
}

static int run(struct sim *s, unsigned long ticks, struct service_stats *st)
{
	int r = 0;

	while (!r && st->ticks < ticks) {
		r = beat(s, st);
		sample(s, st->ticks, ticks);
	}
	return r;
}

static void print_list(const char *name, const double *list)
{
	printf("\"%s\":[", name);
	for (unsigned i = 0; i < TENTHS; i++)
		printf("%s%.0f", i ? "," : "", list[i]);
	fputs("],", stdout);
}

static void print(const struct sim *s, const struct service_stats *st, double cpu)
{
	double simulated = (double)s->beats * ENGINE_BEAT;

	fputs("{", stdout);
	print_list("least_rss_bytes", s->least);
	print_list("most_rss_bytes", s->most);
	printf("\"simulated_s\":%.0f,\"beats\":%lu,\"ticks\":%lu,\"passes\":%lu,\"sockets\":%lu,\"events\":%lu,"
	       "\"cpu_s\":%.6f,\"cpu_share\":%.8f,\"pass_cpu_s\":%.6f,\"slices\":%u}\n",
	       simulated, s->beats, st->ticks, st->passes, st->sockets, s->events, cpu, cpu / simulated, st->pass_cpu,
	       st->slices);
}

int main(int argc, char **argv)
{
	const char *datadir = getenv("TCPADVISOR_DATADIR");
	struct sim s = {.textfile = argc == 3 ? argv[2] : NULL};
	unsigned long ticks = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	struct service_stats st = {.version = "0", .profile = "p"};
	double cpu;
	int r;

	if (!ticks || argc > 3) {
		fputs("usage: hours TICKS [TEXTFILE]\n", stderr);
		return EX_USAGE;
	}
	memory_keep_small();
	if (open_engine(&s, datadir && *datadir ? datadir : DATADIR) < 0)
		return 1;
	cpu = engine_cpu();
	r = run(&s, ticks, &st);
	if (r < 0)
		fprintf(stderr, "hours: %s: %s\n", s.textfile, strerror(-r));
	else
		print(&s, &st, engine_cpu() - cpu);
	engine_free(s.engine);
	root_free(s.root);
	return r < 0;
}
