/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/health-watcher.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include "apply/health-scope.h"

double watcher_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void on_socket(void *user, const struct tcp_socket *s)
{
	flows_offer(user, s);
}

static int look_at_sockets(struct watcher *w, double now)
{
	struct sockdiag_result result = {0};
	int r;

	measure_dump_begin(&w->measure, now);
	r = sockdiag_dump(w->root, flows_states(), "tcp.diag", on_socket, &w->measure.flows, &result);
	if (r < 0)
		return r;
	measure_dump_end(&w->measure);
	return 0;
}

/* At most a twentieth of a core: with many sockets looking takes long, and is done less often. Beats stay on time. */
static bool look(struct watcher *w)
{
	double now = watcher_now();
	struct health_counts counts;
	const char *what = "sockets";
	int r = look_at_sockets(w, now);

	if (r == 0) {
		what = "counters";
		r = counters_read(w->root, now, &counts);
	}
	w->next_dump = now + WATCH_COST_FACTOR * (watcher_now() - now);
	if (r < 0) {
		paper_set(w->trouble, "%s cannot be read: %s", what, strerror(-r));
		return false;
	}
	w->trouble[0] = 0;
	w->last = counters_between(w->newest.seconds > 0 ? &w->newest : &counts, &counts);
	if (w->first.seconds <= 0)
		w->first = counts;
	w->newest = counts;
	return true;
}

static void add_host(struct watcher *w, enum paper_when when, const struct health_counts *c)
{
	char text[PAPER_TEXT];

	if (c->seconds <= 0)
		return;
	counters_format(c, text, sizeof(text));
	paper_add_measure(&w->answer, when, text);
}

/* A paper has room for 32 measures, before and after together. */
static void add_measures(struct watcher *w, enum paper_when when)
{
	struct health_path paths[HEALTH_PATHS];
	unsigned n = measure_numbers(&w->measure, paths), shown = 0;
	char text[PAPER_TEXT];

	for (unsigned i = 0; i < n && shown < MEASURES_SHOWN; i++) {
		const struct health_flows *f = when == MEASURED_BEFORE ? &paths[i].before : &paths[i].recent;

		if (!f->windows || (paths[i].all && paths[i].before.flows < HEALTH_ALL_FLOWS))
			continue;
		measure_format(&paths[i], f, text, sizeof(text));
		paper_add_measure(&w->answer, when, text);
		shown++;
	}
}

static void answer_begin(struct watcher *w, enum paper_verb verb)
{
	memset(&w->answer, 0, sizeof(w->answer));
	w->answer.verb = verb;
	paper_set(w->answer.id, "%s", w->order.id);
}

/* An applier that is busy misses one beat, no more. */
static int answer_send(struct watcher *w)
{
	int r = paper_send(w->fd, &w->answer);

	return r == -EAGAIN ? 0 : r;
}

static int send_heartbeat(struct watcher *w)
{
	struct health_counts after = counters_between(&w->changed, &w->newest);

	answer_begin(w, VERB_HEARTBEAT);
	w->answer.verdict = w->verdict;
	paper_set(w->answer.signal, "%s", w->signal);
	if (w->stage == WATCH_JUDGING && w->measure.judged) {
		add_measures(w, MEASURED_AFTER);
		add_host(w, MEASURED_AFTER, &after);
	}
	return answer_send(w);
}

static bool is_wanted(void *user, const char *path, bool out)
{
	return scope_wants(user, path, out);
}

static int finish_baseline(struct watcher *w)
{
	int r = measure_baseline_done(&w->measure, is_wanted, &w->order);

	if (r < 0)
		return r;
	w->before = counters_between(&w->first, &w->newest);
	w->stage = WATCH_READY;
	answer_begin(w, VERB_MEASURED);
	add_measures(w, MEASURED_BEFORE);
	add_host(w, MEASURED_BEFORE, &w->before);
	return answer_send(w);
}

static int begin(struct watcher *w, const struct paper *p)
{
	int r = measure_begin(&w->measure);

	if (r < 0)
		return r;
	w->order = *p;
	w->profile = health_profile_of(p->profile);
	w->state = (struct health_state){0};
	w->first = w->newest = w->changed = w->before = w->last = (struct health_counts){0};
	w->verdict = VERDICT_NONE;
	w->signal[0] = w->trouble[0] = 0;
	w->stage = WATCH_BASELINE;
	w->tries = 1;
	w->dumps = look(w);
	w->next = watcher_now() + WATCH_PERIOD_S;
	return 0;
}

static void judge(struct watcher *w)
{
	struct health_path paths[HEALTH_PATHS];
	struct health_numbers n = {.paths = paths, .before = w->before, .last = w->last};

	n.path_count = measure_numbers(&w->measure, paths);
	n.after = counters_between(&w->changed, &w->newest);
	n.aimed = scope_names_paths(&w->order);
	n.connections = scope_is_connections(&w->order);
	n.missing = w->trouble[0]			 ? w->trouble
		    : w->measure.flows.known.full ? "there are too many sockets to tell new ones from old ones"
		    : w->before.seconds <= 0	 ? "nothing could be measured before the change"
						 : NULL;
	/* What was worse stays so: it is being undone. */
	if (w->verdict != VERDICT_WORSE)
		w->verdict = health_judge(&w->state, w->profile, &n, w->signal);
}

/* The look before was the last one that learned which sockets are old. */
static void begin_judging(struct watcher *w)
{
	measure_watch(&w->measure);
	w->changed = w->newest;
}

static int watch(struct watcher *w)
{
	int r;

	if (w->stage == WATCH_BASELINE) {
		r = finish_baseline(w);
		if (r < 0)
			return r;
	}
	if (w->stage != WATCH_READY)
		return 0;
	/* Where it fails the next one that does not takes its place. */
	if (look(w))
		begin_judging(w);
	w->stage = WATCH_JUDGING;
	w->verdict = VERDICT_UNPROVEN;
	paper_set(w->signal, "unproven: the change was made just now");
	w->next = watcher_now() + WATCH_PERIOD_S;
	return send_heartbeat(w);
}

int watcher_obey(struct watcher *w, const struct paper *p)
{
	switch (p->verb) {
	case VERB_BASELINE:
		return begin(w, p);
	case VERB_WATCH:
		return w->stage == WATCH_IDLE || strcmp(p->id, w->order.id) ? 0 : watch(w);
	case VERB_STOP:
		measure_clear(&w->measure);
		w->stage = WATCH_IDLE;
		return 0;
	default:
		return -EPROTO;
	}
}

int watcher_tick(struct watcher *w)
{
	double now = watcher_now();
	bool looked = false;

	if (w->stage == WATCH_IDLE)
		return 0;
	/* Beats that were late are not made up for. */
	w->next = max_of(w->next + WATCH_PERIOD_S, now + WATCH_PERIOD_S / 2.0);
	if (now >= w->next_dump) {
		looked = look(w);
		w->dumps += looked;
	}
	w->tries++;
	if (w->stage == WATCH_JUDGING && looked && !w->measure.judged)
		begin_judging(w);
	else if (w->stage == WATCH_JUDGING && (looked || w->trouble[0]))
		judge(w);
	if (w->stage == WATCH_BASELINE && (w->dumps >= WATCH_BASELINE_DUMPS || w->tries >= WATCH_BASELINE_TRIES)) {
		int r = finish_baseline(w);

		if (r < 0)
			return r;
	}
	return send_heartbeat(w);
}
