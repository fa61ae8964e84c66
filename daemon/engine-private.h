/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by engine.c, pass.c and drift.c only. */
#pragma once

#include "collect/collect.h"
#include "daemon/engine.h"
#include "daemon/keys.h"
#include "daemon/macro.h"
#include "daemon/young.h"

/* A network namespace that is watched. */
struct watch {
	char name[65];		  /* "": the service's own */
	uint64_t inode;
	int fd;			  /* of the namespace, while a pass is under way; own: to come back to, always */
	struct root *root;	  /* own: the engine's; of others, while a pass is under way, or NULL */
	struct collecting *pass;  /* between the samples of a full pass; NULL: none is under way */
	bool again;		  /* found in this round of looking */
};

struct engine {
	struct root *root;
	struct setup *setup;
	struct engine_options options;
	struct collect_options counters, all; /* what tick and pass collect */
	struct life life;
	struct keys keys;
	struct young young;

	struct collecting *tick; /* since the last tick; NULL before the first */
	double next_tick, tick_interval;
	double changed; /* when a sysctl last did, as far as it was seen; monotonic seconds */

	struct watch *watches; /* the own one first */
	size_t watch_count;
	double next_pass, pass_began, pass_ended; /* monotonic seconds */
	double pass_cpu, pass_cpu_sum;		  /* of the last, and of the one under way; seconds */
	double cpu_scheduled;			  /* that the process had used when the next pass was scheduled */
	double pass_interval;			  /* from one begin to the next */
	bool passing, away; /* away: in another network namespace */
	struct report report;
	bool has_report;

	unsigned long ticks, passes, sockets, drifts;
	char blind[256]; /* why other namespaces are not seen, or "" */
	uint64_t troubles[32]; /* hashes of those seen since the start or a reload */
	size_t trouble_count;
	bool troubled;	    /* in this pass */
};

void engine_tell(struct engine *e, struct event *ev);
/* A sentence about the service itself: the first of each pass, and none twice until a reload. */
void engine_trouble(struct engine *e, const struct engine_time *t, const char *fmt, ...) _printf_(3, 4);

/* pass.c */
void pass_begin(struct engine *e, const struct engine_time *t);
void pass_end(struct engine *e, const struct engine_time *t);
void pass_abandon(struct engine *e);
void pass_drop_report(struct engine *e);
void watches_clear(struct engine *e);

/* drift.c: judge these facts of counters and sysctls, of all rules or only of those for sysctls, and tell what changed. */
void drift_judge(struct engine *e, struct facts *f, bool only_sysctls, const struct engine_time *t);
/* And those changes that no finding told of. */
void drift_tell_changes(struct engine *e, const struct engine_time *t);
/* What life_update() and the like call back with. */
struct outlook {
	struct engine *engine;
	const struct engine_time *time;
	bool only_sysctls, no_settings;
};
/* Some things are held back while others settle. */
bool drift_may(void *user, const struct rule *r, const struct subject *s);
bool engine_settles(const struct engine *e, const struct engine_time *t);
/* Tell an event, with what is known of the write behind it. */
void drift_tell(void *user, const struct event *ev);
