/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/engine-private.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <time.h>

static double read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct engine_time engine_now(void)
{
	return (struct engine_time){read_clock(CLOCK_MONOTONIC), read_clock(CLOCK_REALTIME), read_clock(CLOCK_BOOTTIME)};
}

double engine_cpu(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void engine_tell(struct engine *e, struct event *ev)
{
	if (ev->kind == EVENT_DRIFT)
		e->drifts++;
	e->options.tell(e->options.user, ev);
}

void engine_trouble(struct engine *e, const struct engine_time *t, const char *fmt, ...)
{
	char line[256];
	struct event ev = {.kind = EVENT_TROUBLE, .severity = SEVERITY_WARNING, .when = t->real, .message = line};
	uint64_t hash;
	va_list ap;
	bool told;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	told = e->troubled;
	e->troubled = true;
	hash = life_hash(line);
	for (size_t i = 0; i < e->trouble_count; i++)
		if (e->troubles[i] == hash)
			return;
	if (e->trouble_count == ARRAY_SIZE(e->troubles))
		return;
	e->troubles[e->trouble_count++] = hash;
	if (!told)
		engine_tell(e, &ev);
}

static void use_setup(struct engine *e, struct setup *setup)
{
	e->setup = setup;
	e->counters = (struct collect_options){
		.tier = COLLECT_COUNTERS,
		.rules = &setup->rules,
		.config = &setup->config,
		.window = setup->config.tick,
	};
	e->all = (struct collect_options){
		.tier = COLLECT_ALL,
		.rules = &setup->rules,
		.config = &setup->config,
		.window = setup->config.window >= 0 ? setup->config.window : ENGINE_BEAT,
		.owners = true,
	};
	e->life.hold = setup->config.hold;
}

int engine_new(struct root *root, struct setup *setup, const struct engine_options *o, struct engine **ret)
{
	struct engine *e = calloc(1, sizeof(*e));
	int r = e ? root_keep_open(root) : -ENOMEM;

	if (r < 0) {
		free(e);
		setup_free(setup);
		return r;
	}
	e->root = root;
	e->options = *o;
	use_setup(e, setup);
	keys_init(&e->keys, root, o->proc_sys);
	*ret = e;
	return 0;
}

static void give_up(struct engine *e)
{
	if (e->tick)
		collect_abandon(e->tick);
	e->tick = NULL;
	pass_abandon(e);
	pass_drop_report(e);
}

struct engine *engine_free(struct engine *e)
{
	if (!e)
		return NULL;
	give_up(e);
	watches_clear(e);
	keys_clear(&e->keys);
	young_clear(&e->young);
	life_clear(&e->life);
	setup_free(e->setup);
	free(e);
	return NULL;
}

/* The counters of a tick begin where those of the last one ended: none that moves is missed. */
static void tick(struct engine *e, const struct engine_time *t)
{
	const struct config *c = &e->setup->config;
	double before = engine_cpu(), cost;
	struct facts *f;

	if (e->tick) {
		collect_end(e->tick, &f);
		e->tick = NULL;
		drift_judge(e, f, false, t);
		facts_free(f);
		malloc_trim(0);
		e->ticks++;
	}
	if (collect_begin(e->root, &e->counters, &e->tick) < 0)
		e->tick = NULL;
	cost = engine_cpu() - before;
	/* Whoever opens listeners by the thousand does not buy more than half of what the service may use. */
	e->tick_interval = max_of(c->tick, 2 * cost / c->budget);
	e->next_tick = t->mono + e->tick_interval;
}

void engine_beat(struct engine *e, const struct engine_time *t)
{
	const double early = 0.05; /* of a timer */

	engine_listen(e);
	if (keys_poll(&e->keys, true))
		engine_drift(e, t);
	if (e->passing && t->mono + early >= e->pass_began + e->all.window)
		pass_end(e, t);
	else if (!e->passing && t->mono + early >= e->next_pass)
		pass_begin(e, t);
	if (t->mono + early >= e->next_tick)
		tick(e, t);
	if (e->life.left_out) {
		e->troubled = false;
		engine_trouble(e, t, "more findings than can be kept: those about listeners, paths and other network namespaces beyond %d are left out",
			       LIFE_CROWD_MAX);
	}
}

/* A window may be shorter than a beat. */
double engine_wait(const struct engine *e, const struct engine_time *t)
{
	double left = e->pass_began + e->all.window - t->mono;

	return e->passing && left < ENGINE_BEAT ? max_of(left, 0.0) : ENGINE_BEAT;
}

size_t engine_listen(struct engine *e)
{
	return keys_listen(&e->keys);
}

static bool any_changed(const struct keys *k)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->list[i].previous)
			return true;
	return false;
}

void engine_drift(struct engine *e, const struct engine_time *t)
{
	struct collecting *c;
	struct facts *f;

	keys_poll(&e->keys, false);
	if (!any_changed(&e->keys))
		return;
	e->changed = t->mono;
	if (collect_begin(e->root, &e->counters, &c) < 0)
		return;
	collect_end(c, &f);
	drift_judge(e, f, true, t);
	facts_free(f);
}

void engine_reload(struct engine *e, struct setup *setup, const struct engine_time *t)
{
	struct outlook outlook = {.engine = e, .time = t};
	struct setup *old = e->setup;

	give_up(e);
	use_setup(e, setup);
	e->trouble_count = 0;
	life_prune(&e->life, &setup->rules, t->real, drift_tell, &outlook);
	setup_free(old);
	malloc_trim(0);
	e->next_tick = e->next_pass = 0;
}

int engine_inotify(const struct engine *e)
{
	return e->keys.inotify;
}

bool engine_ready(const struct engine *e)
{
	return e->passes > 0;
}

const struct setup *engine_setup(const struct engine *e)
{
	return e->setup;
}

const struct life *engine_life(const struct engine *e)
{
	return &e->life;
}

const struct report *engine_report(const struct engine *e)
{
	return e->has_report ? &e->report : NULL;
}

static void count_findings(const struct engine *e, struct service_stats *s)
{
	memset(s->open_by_severity, 0, sizeof(s->open_by_severity));
	s->drifted = 0;
	for (size_t i = 0; i < e->life.count; i++) {
		s->open_by_severity[e->life.findings[i].severity]++;
		s->drifted += !strcmp(e->life.findings[i].rule, DRIFT_RULE);
	}
}

void engine_stats(const struct engine *e, const struct engine_time *t, struct service_stats *ret)
{
	const struct config *c = &e->setup->config;

	count_findings(e, ret);
	ret->tick = e->tick_interval > 0 ? e->tick_interval : c->tick;
	ret->pass_least = c->pass;
	ret->pass = e->passes ? e->pass_interval : c->pass;
	ret->budget = c->budget;
	ret->pass_cpu = e->pass_cpu;
	ret->pass_age = e->passes ? t->mono - e->pass_ended : 0;
	ret->slice = ret->slices = 1;
	ret->ticks = e->ticks;
	ret->passes = e->passes;
	ret->sockets = e->sockets;
	ret->opened = e->life.opened;
	ret->closed = e->life.closed;
	ret->drifts = e->drifts;
	ret->keys_watched = (unsigned)e->keys.count;
	ret->notified = e->keys.inotify >= 0 && e->keys.directory_count > 0;
	ret->namespaces = e->has_report ? (unsigned)e->report.count : 1;
	ret->blind = *e->blind != 0;
	ret->blind_why = *e->blind ? e->blind : NULL;
	ret->settling = engine_settles(e, t) || e->young.count;
	ret->profile = e->setup->rules.profile;
}
