/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>
#include "plan/plan-private.h"

struct planning {
	const struct judgement *j;
	const struct plan_options *o;
	struct plan *plan;
	struct request *requests;
	size_t count, size;
	bool child; /* a network namespace that is not the initial one */
};

const char *plan_never(const struct sysctl_def *def)
{
	if (sysctl_is_template(def))
		return "of an interface: advised, never applied";
	if (def->netns == NETNS_HOST)
		return "needs uid 0: advised, never applied";
	if (def->apply == APPLY_NEVER)
		return "for a person who knows why: advised, never applied";
	return def->type == SYSCTL_WORDS ? "a list of words: advised, never applied" : NULL;
}

static bool is_named(const struct plan_options *o, const char *key)
{
	for (size_t i = 0; i < o->only_count; i++)
		if (!strcmp(o->only[i], key))
			return true;
	return false;
}

static struct request *request_for(struct planning *g, const struct recommendation *r)
{
	struct arena *a = &g->plan->arena;
	struct request *new;

	for (size_t i = 0; i < g->count; i++)
		if (!strcmp(g->requests[i].key, r->key))
			return &g->requests[i];
	if (g->count == g->size) {
		g->size = g->size ? 2 * g->size : 16;
		new = arena_array(a, struct request, g->size);
		if (g->count)
			memcpy(new, g->requests, g->count * sizeof(*new));
		g->requests = new;
	}
	new = &g->requests[g->count];
	*new = (struct request){.key = r->key, .def = r->constraint->def, .order = g->count++};
	return new;
}

static void add_ask(struct planning *g, struct request *r, const struct ask *ask)
{
	struct ask *new = arena_new(&g->plan->arena, struct ask), **at = &r->asks;

	/* Requests move as their array grows, so that no pointer into one may stay. */
	while (*at)
		at = &(*at)->next;
	*new = *ask;
	*at = new;
}

static void gather(struct planning *g, const struct finding *f, const struct recommendation *r)
{
	struct request *to = request_for(g, r);

	to->current = r->current ? r->current : to->current;
	if (r->wanted) {
		add_ask(g, to, &(struct ask){
			.finding = f,
			.constraint = r->constraint,
			.value = r->constraint->def->elements > 1 ? nth_element(r->wanted, (unsigned)r->constraint->element) : r->wanted,
			.note = r->note,
		});
	} else if (!to->withheld) {
		to->withheld = r->note;
		to->withheld_by = f;
	}
}

/* What the profile wants and has must not be lost to a finding that wants more or less. */
static void guard(struct planning *g, struct request *r)
{
	const struct ruleset *set = g->j->rules;
	struct expr_env env = {.facts = g->j->facts, .thresholds = set->threshold_values};
	struct arena *a = &g->plan->arena;

	for (size_t i = 0; i < set->wanted_count && r->asks; i++) {
		const struct constraint *c = &set->wanted[i];
		struct recommendation ignored;
		struct value v = {0};

		if (c->def != r->def || strcmp(c->key, r->key) || constraint_weigh(c, &env, a, &ignored) != 1)
			continue;
		if (c->value)
			v = expr_eval(c->value, &env);
		add_ask(g, r, &(struct ask){
			.constraint = c,
			.value = !c->value ? c->choices[0] : v.text ? v.text : arena_printf(a, "%.0f", v.num * c->def->scale),
		});
	}
}

static bool is_measured(const struct request *r)
{
	for (const struct ask *a = r->asks; a; a = a->next)
		if (a->finding && rule_measures(a->finding->rule))
			return true;
	return false;
}

static bool lowers(const struct request *r, const char *wanted)
{
	for (unsigned i = 0; i < r->def->elements; i++)
		if (strtod(nth_element(wanted, i), NULL) < strtod(nth_element(r->current, i), NULL))
			return true;
	return false;
}

/* Why a value that could be named is not part of the plan; NULL: it is. */
static const char *refusal(const struct planning *g, const struct request *r, const char *wanted)
{
	const char *never = plan_never(r->def);

	if (never)
		return never;
	if (g->child && r->def->netns != NETNS_OWN)
		return "read-only in this network namespace: it is set in the initial one";
	if (r->def->apply == APPLY_RAISE && lowers(r, wanted))
		return "vetted for raises only, and this would lower it";
	if (r->def->type == SYSCTL_WORD && r->def->words && !text_has_word(r->def->words, wanted))
		return "withheld: the catalogue knows no such word";
	if (r->def->apply == APPLY_GATED && !is_measured(r) && !is_named(g->o, r->key))
		return arena_printf(&g->plan->arena, "changed only where a measured symptom asks for it: --only=%s does it all the same", r->key);
	return NULL;
}

static const struct finding *gravest(const struct request *r)
{
	const struct ask *a = r->asks;

	while (!a->finding)
		a = a->next;
	return a->finding;
}

static void leave(struct planning *g, const struct request *r, const char *wanted, const char *why)
{
	struct plan *p = g->plan;

	p->left[p->left_count++] = (struct plan_left){
		.key = r->key,
		.current = r->current,
		.wanted = wanted,
		.asked_by = askers(&p->arena, r),
		.why = why,
	};
}

static void decide(struct planning *g, struct request *r)
{
	struct plan *p = g->plan;
	struct plan_change *c = &p->changes[p->change_count];
	const char *why = r->withheld ? r->withheld : "no value can be named", *note = NULL, *wanted = NULL;

	guard(g, r);
	if (r->asks && r->current)
		wanted = merge_asks(&p->arena, r, &note, &why);
	if (wanted)
		why = refusal(g, r, wanted);
	if (why) {
		leave(g, r, wanted, why);
		return;
	}
	if (!strcmp(wanted, r->current))
		return;
	*c = (struct plan_change){
		.def = r->def,
		.key = r->key,
		.current = r->current,
		.wanted = wanted,
		.why = askers(&p->arena, r),
		.finding = gravest(r),
		.message = gravest(r)->message,
		.measured = is_measured(r),
		.effect = sysctl_takes_effect(&p->arena, r->def),
		.note = note,
	};
	cost_change(&p->arena, g->j->facts, c);
	p->change_count++;
}

const struct sysctl_state *plan_state_of(const struct facts *f, const char *key)
{
	for (size_t i = 0; i < f->sysctl_count; i++)
		if (!strcmp(f->sysctls[i].key, key))
			return &f->sysctls[i];
	return NULL;
}

/* Named, and nothing asks for it: that is an answer, too. */
static void leave_idle(struct planning *g, const char *key)
{
	const struct sysctl_state *s = plan_state_of(g->j->facts, key);
	struct plan *p = g->plan;

	for (size_t i = 0; i < p->change_count; i++)
		if (!strcmp(p->changes[i].key, key))
			return;
	for (size_t i = 0; i < p->left_count; i++)
		if (!strcmp(p->left[i].key, key))
			return;
	p->left[p->left_count++] = (struct plan_left){
		.key = key,
		.current = s && s->state == VALUE_KNOWN ? s->raw : NULL,
		.why = "nothing asks for a change of it",
	};
}

bool plan_is_child(const struct facts *f)
{
	bool absent = false;

	for (size_t i = 0; i < f->sysctl_count; i++) {
		const struct sysctl_state *s = &f->sysctls[i];

		if (s->def->netns != NETNS_INIT)
			continue;
		if (s->state != VALUE_ABSENT)
			return false;
		absent = true;
	}
	return absent;
}

static int in_catalogue_order(const void *a, const void *b)
{
	const struct request *x = a, *y = b;

	if (x->def != y->def)
		return x->def < y->def ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void plan_make(const struct judgement *j, const struct plan_options *o, struct plan *ret)
{
	struct planning g = {.j = j, .o = o, .plan = ret, .child = plan_is_child(j->facts)};

	*ret = (struct plan){0};
	for (size_t i = 0; i < j->count; i++)
		for (unsigned k = 0; k < j->findings[i].recommend_count; k++) {
			const struct recommendation *r = &j->findings[i].recommend[k];

			if (!o->only_count || is_named(o, r->key))
				gather(&g, &j->findings[i], r);
		}
	if (g.count)
		qsort(g.requests, g.count, sizeof(*g.requests), in_catalogue_order);
	ret->changes = arena_array(&ret->arena, struct plan_change, g.count + 1);
	ret->left = arena_array(&ret->arena, struct plan_left, g.count + o->only_count + 1);
	for (size_t i = 0; i < g.count; i++)
		decide(&g, &g.requests[i]);
	for (size_t i = 0; i < o->only_count; i++)
		leave_idle(&g, o->only[i]);
}

void plan_clear(struct plan *p)
{
	arena_clear(&p->arena);
	*p = (struct plan){0};
}
