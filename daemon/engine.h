/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: looks, judges, and tells what changed. It knows neither sockets nor timers: the service calls it every
 * ENGINE_BEAT seconds and when inotify has something, and gives it the time, so that a benchmark can run an hour in a
 * minute.
 *
 * At each beat sysctls of which something is expected are read again. At each tick (a setting) counters, listeners, links
 * and all sysctls are judged over the time since the tick before. A full pass looks at every socket twice, a window
 * apart; passes come so far apart that they take no more than their share of a core.
 */
#pragma once

#include "daemon/event.h"
#include "daemon/life.h"
#include "daemon/setup.h"
#include "daemon/stats.h"
#include "render/render.h"

enum { ENGINE_BEAT = 2 /* seconds */ };

struct engine;

struct engine_time {
	double mono, real, boot; /* seconds: CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME */
};

struct engine_time engine_now(void);
/* Seconds of processor time that the process has used. */
double engine_cpu(void);

struct engine_options {
	event_fn tell; /* of each transition */
	/* Who lately made a key what it is, or NULL; may be NULL itself. */
	const struct writer *(*writer)(void *user, const char *key, const char *value);
	void *user;
	const char *proc_sys; /* see keys_init() */
};

/* Takes setup; root must outlive the engine. 0 or -errno. */
int engine_new(struct root *root, struct setup *setup, const struct engine_options *o, struct engine **ret) _must_check_;
struct engine *engine_free(struct engine *e);
DEFINE_CLEANUP(struct engine *, engine_free)

/* What is due; and after it, how many seconds to let pass until the next beat. */
void engine_beat(struct engine *e, const struct engine_time *t);
double engine_wait(const struct engine *e, const struct engine_time *t);
/* Input from engine_inotify(): how many keys it named, which engine_drift() should look at soon. */
size_t engine_listen(struct engine *e);
/* Read what inotify named, and judge the sysctls if any changed. */
void engine_drift(struct engine *e, const struct engine_time *t);
/* Swap rules and settings (taken): what is under way is given up, findings of rules that went close. */
void engine_reload(struct engine *e, struct setup *setup, const struct engine_time *t);

int engine_inotify(const struct engine *e); /* to wait on; -1: there is none */
bool engine_ready(const struct engine *e);  /* the first full pass was judged */
const struct setup *engine_setup(const struct engine *e);
const struct life *engine_life(const struct engine *e);
/* The last full pass; NULL before the first, and until the next after a reload. */
const struct report *engine_report(const struct engine *e);
/* The engine's members of it; the others stay as they are. */
void engine_stats(const struct engine *e, const struct engine_time *t, struct service_stats *ret);
