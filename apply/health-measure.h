/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flows did before a change and what new ones do after it, by path (peer network, v4 /24 or v6 /48, and direction).
 * Paths are the 32 heaviest of the time before the change: where nothing was before, nothing can be compared.
 */
#pragma once

#include "apply/health-flow.h"
#include "apply/health-judge.h"
#include "base/histogram.h"
#include "base/topk.h"

enum { PATHS_MAX = HEALTH_PATHS - 2, RECENT_WINDOWS = 8, MEASURES_SHOWN = 14 };

/* Sums over flow-windows. */
struct group {
	unsigned windows, bulk, flows, held, held_free;
	double sum, squares, least, most; /* goodput of bulk flows */
	double total, concurrent, others, others_concurrent;
	double sent, retrans, busy, rwnd, sndbuf;
	struct histogram rtt, min_rtt; /* µs */
};

struct path_key {
	struct address network;
	uint64_t out;
};

/* Of the time before the change, while it is not known yet which paths matter. */
struct candidate {
	struct topk_head head;
	struct path_key key;
	struct group before, now;
};

struct measured {
	struct path_key key;
	char name[ADDRESS_TEXT_MAX + 4];
	bool wanted, all;
	struct group before, now, recent[RECENT_WINDOWS];
	unsigned windows; /* with new flows, so far */
	bool closed;	  /* the newest dump ended one of them */
};

struct measure {
	struct flows flows;
	struct topk candidates; /* until the change */
	struct group every[2], every_now[2];
	struct measured *paths; /* from the end of the baseline on */
	unsigned path_count;
	bool quiet;  /* what flows do now belongs neither to before nor to after */
	bool judged; /* the change is made: new flows are those from now on */
};

/* 0 or -ENOMEM. */
int measure_begin(struct measure *m) _must_check_;
/* Around each dump, whose sockets go to flows_offer(&m->flows, …). Counts what was done since the dump before. */
void measure_dump_begin(struct measure *m, double now);
void measure_dump_end(struct measure *m);
/* Is the change made for this path? */
typedef bool (*measure_wanted_fn)(void *user, const char *path, bool out);
/* Before is over. 0 or -ENOMEM. */
int measure_baseline_done(struct measure *m, measure_wanted_fn wanted, void *user) _must_check_;
/* The dump that ended last saw the last old sockets. */
void measure_watch(struct measure *m);
/* What the judge asks for; paths has room for HEALTH_PATHS. Returns how many. */
unsigned measure_numbers(const struct measure *m, struct health_path *paths);
/* "path=10.77.0.0/24 way=out flows=… windows=… goodput=… …" */
void measure_format(const struct health_path *p, const struct health_flows *f, char *buf, size_t size);
void measure_clear(struct measure *m);
