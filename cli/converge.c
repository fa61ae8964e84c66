/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Converging: where the speed of a path is not known, neither is what it needs. So a step is made (what measured findings
 * ask for: twice the buffer), new flows are measured, and it stays where they gained; where they did not, it is undone, and
 * that is the end.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include "cli/applying.h"
#include "render/json.h"

enum {
	STEPS_MAX = 10,
	TRIES_MAX = 3,	/* of a step before which no traffic could be measured */
	QUIET_MAX = 30, /* s: between two steps no flow may be held by its buffer just then, as when one follows another */
};

struct converging {
	const struct options *o;
	int signals;
	struct paper *steps; /* STEPS_MAX of them */
	size_t count;
	unsigned tries;
	enum persisting persisted;
	bool failed;  /* what is said of it is on stderr */
	bool stopped; /* by a step without gain, by a refusal or a signal */
};

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* The wait goes on until the verdict says what to do. */
static bool wants_more(void *user, const struct paper *p)
{
	(void)user;
	return p->state == STATE_OPEN && !begins(p->signal, "gain:") && !begins(p->signal, "equal:");
}

static int say(const struct converging *c, const struct text *t)
{
	return strcmp(c->o->format, "json") ? output_write(t) : EXIT_OK;
}

static int say_step(const struct converging *c, const struct paper *p)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	for (unsigned i = 0; i < p->change_count; i++) {
		text_addf(&t, i ? "         " : "step %-3zu ", c->count);
		text_add_escaped(&t, p->changes[i].key, 4 * PAPER_KEY);
		text_add(&t, "  ");
		text_add_escaped(&t, p->changes[i].old, 4 * PAPER_VALUE);
		text_add(&t, " → ");
		text_add_escaped(&t, p->changes[i].new, 4 * PAPER_VALUE);
		text_add(&t, "\n");
	}
	return say(c, &t);
}

static int say_end(const struct converging *c, const struct paper *p)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	text_add(&t, "         ");
	if (p->state == STATE_CONFIRMED) {
		text_add(&t, "confirmed: ");
		text_add_escaped(&t, p->signal, 4 * PAPER_TEXT);
	} else {
		transaction_add_state(p, &t);
		if (*p->signal && strcmp(p->signal, p->reason)) {
			text_add(&t, " (");
			text_add_escaped(&t, p->signal, 4 * PAPER_TEXT);
			text_add(&t, ")");
		}
	}
	text_add(&t, "\n");
	return say(c, &t);
}

/* Confirm or roll back; *p is then as it is closed. */
static int close_step(struct converging *c, struct paper *p, enum paper_verb verb)
{
	_cleanup_free_ struct paper *reply = calloc(1, sizeof(*reply));
	int r;

	if (!reply)
		abort();
	r = applier_ask(c->o, verb, p->id, reply);
	if (r || (r = applier_refused(reply)))
		return r;
	*p = *reply;
	if (verb == VERB_CONFIRM && p->persist)
		c->persisted = persister_run(c->o, p->id, false);
	return 0;
}

/* What new flows say of it decides. */
static int judge_step(struct converging *c, struct paper *p)
{
	bool gained;
	int r = follow(c->o, p, c->signals, wants_more, NULL);

	if (r == -EINTR) {
		complain("interrupted: step %zu, %.*s, stays open, and is undone unless it is confirmed", c->count, SHORT_ID, p->id);
		return EXIT_COULD_NOT_CHECK;
	}
	if (r)
		return r;
	gained = begins(p->signal, "gain:");
	if (p->state == STATE_OPEN)
		r = close_step(c, p, gained ? VERB_CONFIRM : VERB_ROLLBACK);
	c->stopped = p->state != STATE_CONFIRMED;
	return r ? r : say_end(c, p);
}

/* Without a measure of some path before the change there is nothing to compare with. */
static bool was_measured(const struct paper *p)
{
	for (unsigned i = 0; i < p->measure_count; i++)
		if (p->measures[i].when == MEASURED_BEFORE && begins(p->measures[i].text, "path="))
			return true;
	return false;
}

static int try_again(struct converging *c, struct paper *p)
{
	int r = close_step(c, p, VERB_ROLLBACK);

	c->count--;
	c->stopped = ++c->tries == TRIES_MAX;
	if (!r && c->stopped)
		complain("no flow moved data just before the change, %d times: converging needs traffic", TRIES_MAX);
	return r ? r : c->stopped ? EXIT_COULD_NOT_CHECK : 0;
}

static int say_refusal(const struct converging *c, const struct preflight *p)
{
	struct render_options ro = output_options(c->o);
	_cleanup_text_ struct text t = TEXT_NULL;

	hindrances_add_text(p, &ro, &t);
	return say(c, &t);
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool is_interrupted(const struct converging *c)
{
	return poll(&(struct pollfd){.fd = c->signals, .events = POLLIN}, 1, 1000) > 0;
}

/* Look until there is something to change; *a is to be cleared. */
static int prepare(struct converging *c, struct applying *a)
{
	time_t until = seconds() + (c->count ? QUIET_MAX : 0);
	int r = applying_prepare(a, c->o, true);

	while (!r && !a->plan.change_count && seconds() < until && !is_interrupted(c)) {
		applying_clear(a);
		r = applying_prepare(a, c->o, true);
	}
	return r;
}

/* 0: there may be more to do, unless it is stopped. */
static int step(struct converging *c)
{
	_cleanup_(applying_clear) struct applying a = {0};
	struct paper *p = &c->steps[c->count];
	int r = prepare(c, &a);

	if (r)
		return r;
	if (!a.plan.change_count) {
		c->stopped = true;
		return 0;
	}
	if (preflight_refuses(&a.preflight)) {
		say_refusal(c, &a.preflight);
		complain("what stands against it is above: nothing more was changed");
		return EXIT_COULD_NOT_CHECK;
	}
	r = applying_submit(&a, c->signals, p);
	if (r || (r = applier_refused(p)))
		return r;
	c->count++;
	if (!was_measured(p))
		return try_again(c, p);
	c->tries = 0;
	r = say_step(c, p);
	return r ? r : judge_step(c, p);
}

static size_t steps_kept(const struct converging *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += c->steps[i].state == STATE_CONFIRMED;
	return n;
}

static void add_steps(const struct converging *c, size_t kept, const struct paper *open, struct text *t)
{
	text_addf(t, "%zu of %zu step%s gained", kept, c->count, c->count == 1 ? "" : "s");
	if (kept)
		text_addf(t, ", and hold%s", kept == 1 ? "s" : "");
	if (open)
		text_addf(t, "; %.*s is open, and is undone unless it is confirmed", SHORT_ID, open->id);
	else if (!kept)
		text_add(t, ", and nothing is changed");
	text_add(t, "\n");
}

static int finish(const struct converging *c)
{
	const struct paper *last = c->count ? &c->steps[c->count - 1] : NULL;
	const struct paper *open = last && last->state == STATE_OPEN ? last : NULL;
	struct outcome result = {.transactions = c->steps, .transaction_count = c->count, .persisted = c->persisted};
	size_t kept = steps_kept(c);
	_cleanup_text_ struct text t = TEXT_NULL;

	result.kind = open ? OUTCOME_OPEN : kept ? OUTCOME_CONFIRMED : c->count ? OUTCOME_UNDONE : OUTCOME_NOTHING;
	if (!strcmp(c->o->format, "json"))
		json_finish(outcome_json("apply", &result), &t);
	else if (!c->count)
		text_add(&t, "Nothing to change: no flow that runs now is held by a buffer\n");
	else if (!c->stopped && !c->failed)
		text_addf(&t, "%zu steps were made, and the last still gained: begin anew to go on\n", c->count);
	else
		add_steps(c, kept, open, &t);
	return output_write(&t);
}

int converge(const struct options *o)
{
	struct converging c = {.o = o, .signals = interruptions()};
	int r = c.signals < 0 ? EXIT_COULD_NOT_CHECK : 0, finished;

	c.steps = calloc(STEPS_MAX, sizeof(*c.steps));
	if (!c.steps)
		abort();
	while (!r && !c.stopped && c.count < STEPS_MAX)
		r = step(&c);
	c.failed = r != 0;
	/* What was kept is told whatever came after it. */
	finished = r && !c.count ? r : finish(&c);
	if (c.signals >= 0)
		close(c.signals);
	free(c.steps);
	return r ? r : finished;
}
