/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply: make the changes of a plan, for as long as nobody undoes them. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include "cli/applying.h"
#include "cli/service.h"
#include "render/json.h"
#include "render/status-text.h"

static int refuse_options(const struct options *o)
{
	const char *why = NULL;

	if (o->root && !o->check)
		why = "--root: a recorded host cannot be changed; --check says what would be";
	else if (o->netns && !o->check)
		why = "--netns: changes are made in the network namespace of the applier alone; --check says what would be";
	else if (o->diff && !o->check)
		why = "--diff goes with --check";
	else if (o->check && (o->wait || o->converge))
		why = "--check changes nothing: it does not go with --wait or --converge";
	else if (o->wait && o->converge)
		why = "--converge waits by itself: it does not go with --wait";
	if (why)
		complain("%s", why);
	return why ? EXIT_USAGE : 0;
}

static bool is_json(const struct options *o)
{
	return !strcmp(o->format, "json");
}

static int print(const struct applying *a, const struct outcome *r, const struct text *text)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	if (!is_json(a->o))
		return r->transactions ? applier_output(r->transactions, text) : output_write(text);
	json_finish(outcome_json("apply", r), &t);
	return r->transactions ? applier_output(r->transactions, &t) : output_write(&t);
}

/*
 * What is open is why there is nothing to change, and may be undone yet. Who may not ask, or where no applier runs, has
 * nothing to say; and none is started for it.
 */
static bool find_open(const struct options *o, struct outcome *result, struct paper *p)
{
	_cleanup_free_ struct paper *request = calloc(1, sizeof(*request));

	if (!request)
		abort();
	request->verb = VERB_SHOW;
	if (o->root || o->netns || applier_try(o, request, -1, p) < 0 || !transaction_is_open(p))
		return false;
	result->transactions = p;
	result->transaction_count = 1;
	return true;
}

static void add_open(const struct paper *p, struct text *t)
{
	double left = transaction_left(p);
	char age[AGE_MAX];

	if (left > 0)
		text_addf(t, "transaction %.*s is open and is undone in %s unless it is confirmed", SHORT_ID, p->id,
			  age_format(age, sizeof(age), left));
	else
		text_addf(t, "transaction %.*s is being undone", SHORT_ID, p->id);
}

static int nothing(struct applying *a)
{
	_cleanup_free_ struct paper *p = calloc(1, sizeof(*p));
	struct outcome result = {.kind = OUTCOME_NOTHING, .plan = &a->plan, .preflight = &a->preflight};
	struct render_options ro = output_options(a->o);
	_cleanup_text_ struct text t = TEXT_NULL, open = TEXT_NULL;

	if (!p)
		abort();
	if (find_open(a->o, &result, p))
		add_open(p, &open);
	if (!a->o->check) {
		text_addf(&t, "Nothing to change%s%s\n", open.len ? "; " : "", text_get(&open));
	} else if (a->o->diff) {
		render_plan_diff(&a->plan, &a->session.report, &ro, &t);
		if (open.len)
			complain("nothing to change; %s", text_get(&open));
	} else {
		render_plan_text(&a->plan, &a->session.report, &ro, &t);
		if (open.len)
			text_addf(&t, "But %s\n", text_get(&open));
	}
	return print(a, &result, &t);
}

/* What was planned, and what stands against it. Writes nothing. */
static int check(struct applying *a)
{
	struct render_options ro = output_options(a->o);
	struct outcome result = {.kind = OUTCOME_WOULD_CHANGE, .plan = &a->plan, .preflight = &a->preflight};
	bool refused = preflight_refuses(&a->preflight);
	_cleanup_text_ struct text t = TEXT_NULL;
	int r;

	if (refused)
		result.kind = OUTCOME_REFUSED;
	ro.refused = refused;
	if (!is_json(a->o)) {
		if (a->o->diff)
			render_plan_diff(&a->plan, &a->session.report, &ro, &t);
		else
			render_plan_text(&a->plan, &a->session.report, &ro, &t);
		if (a->preflight.count && t.len)
			text_add(&t, "\n");
		hindrances_add_text(&a->preflight, &ro, &t);
	}
	r = print(a, &result, &t);
	if (r)
		return r;
	return refused ? EXIT_COULD_NOT_CHECK : EXIT_FINDINGS;
}

static int refuse(struct applying *a)
{
	struct outcome result = {.kind = OUTCOME_REFUSED, .plan = &a->plan, .preflight = &a->preflight};
	struct render_options ro = output_options(a->o);
	_cleanup_text_ struct text t = TEXT_NULL;
	int r;

	hindrances_add_text(&a->preflight, &ro, &t);
	text_add(&t, "\nNothing was changed.\n");
	r = print(a, &result, &t);
	return r ? r : EXIT_COULD_NOT_CHECK;
}

/* One line for a new verdict: "22:04:10  ok – gain: …". */
static bool show_news(void *user, const struct paper *p)
{
	const struct applying *a = user;
	_cleanup_text_ struct text t = TEXT_NULL;
	char when[SERVICE_TIME_MAX];

	if (is_json(a->o))
		return true;
	service_time((double)time(NULL), when, sizeof(when));
	text_addf(&t, "%s  ", when);
	if (p->state == STATE_OPEN)
		transaction_add_verdict(p, &t);
	else
		transaction_add_state(p, &t);
	text_add(&t, "\n");
	return output_write(&t) == EXIT_OK;
}

static void add_summary(const struct applying *a, const struct paper *p, struct text *t)
{
	struct render_options ro = output_options(a->o);

	if (a->preflight.count) {
		hindrances_add_text(&a->preflight, &ro, t);
		text_add(t, "\n");
	}
	transaction_add_summary(p, &ro, t);
}

static enum outcome_kind kind_of(const struct paper *p)
{
	if (p->error != PAPER_DONE)
		return OUTCOME_REFUSED;
	return p->state == STATE_OPEN ? OUTCOME_OPEN : p->state == STATE_CONFIRMED ? OUTCOME_CONFIRMED : OUTCOME_UNDONE;
}

/* --wait: 0, with *p closed; or as follow(). */
static int wait_for_end(struct applying *a, struct paper *p, int signals)
{
	int r = follow(a->o, p, signals, show_news, a);

	if (r != -EINTR)
		return r;
	complain("interrupted: %.*s stays open, and is undone unless it is confirmed", SHORT_ID, p->id);
	return EXIT_COULD_NOT_CHECK;
}

static void add_effect(const struct applying *a, const struct paper *p, struct text *t)
{
	struct render_options ro = output_options(a->o);

	text_add(t, "\n");
	evidence_add_text(p, &ro, t);
}

static int apply(struct applying *a)
{
	_cleanup_free_ struct paper *p = calloc(1, sizeof(*p));
	struct outcome result = {.plan = &a->plan, .preflight = &a->preflight, .transactions = p};
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_close_ int signals = interruptions();
	int r = signals < 0 ? EXIT_COULD_NOT_CHECK : 0, waited = 0;

	if (!p)
		abort();
	if (!r)
		r = applying_submit(a, signals, p);
	if (r)
		return r;
	result.error = p->error;
	result.said = p->said;
	result.transaction_count = p->state != STATE_NONE;
	if (p->error == PAPER_DONE)
		add_summary(a, p, &t);
	if (p->error == PAPER_DONE && a->o->wait) {
		if (!is_json(a->o) && (r = applier_output(p, &t)))
			return r;
		text_clear(&t);
		waited = wait_for_end(a, p, signals);
		if (!waited)
			add_effect(a, p, &t);
	}
	result.kind = kind_of(p);
	r = print(a, &result, &t);
	if (r || waited || (r = applier_refused(p)))
		return r ? r : waited;
	return a->o->wait && result.kind == OUTCOME_UNDONE ? EXIT_FINDINGS : EXIT_OK;
}

/* Who names a key that no plan ever changes shall not take silence for consent. */
static void tell_never(const struct applying *a)
{
	for (size_t i = 0; i < a->o->only_count; i++) {
		const struct sysctl_def *def = catalogue_find(&a->session.rules.catalogue, a->o->only[i]);
		const char *never = def ? plan_never(def) : NULL;

		if (never)
			complain("--only=%s: %s", a->o->only[i], never);
	}
}

int verb_apply(const struct options *o)
{
	_cleanup_(applying_clear) struct applying a = {0};
	int r = refuse_options(o);

	if (r)
		return r;
	if (o->converge)
		return converge(o);
	r = applying_prepare(&a, o, false);
	if (r)
		return r;
	tell_never(&a);
	if (!a.plan.change_count)
		return nothing(&a);
	if (o->check)
		return check(&a);
	return preflight_refuses(&a.preflight) ? refuse(&a) : apply(&a);
}
