/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a constraint to a value that could be written: rounding, bounds, memory, and never below the default. */
#include <math.h>
#include <string.h>
#include "judge/judge.h"

struct weighing {
	const struct constraint *c;
	const struct sysctl_state *state;
	const struct expr_env *env;
	struct arena *arena;
};

/* Half of TCP's memory, shared by the buffers of both directions of the flows at their limit (knowledge base §3). */
static struct value memory_cap(const struct expr_env *env)
{
	const struct value *memory = &env->facts->host->values[HOST_TCP_MEMORY];
	const struct value *flows = &env->facts->host->values[HOST_LIMITED_FLOWS];

	if (memory->state != VALUE_KNOWN)
		return *memory;
	return value_number(0.5 * memory->num / (2 * fmax(1, flows->state == VALUE_KNOWN ? flows->num : 1)));
}

static double nearest_raw(const struct weighing *w, double v)
{
	double raw = v * w->c->def->scale;

	if (w->c->op == CONSTRAINT_AT_LEAST)
		return ceil(raw - 1e-9);
	return w->c->op == CONSTRAINT_AT_MOST ? floor(raw + 1e-9) : round(raw);
}

static bool fulfilled(const struct constraint *c, double have, double want)
{
	switch (c->op) {
	case CONSTRAINT_AT_LEAST:
		return have >= want;
	case CONSTRAINT_AT_MOST:
		return have <= want;
	default:
		return have == want;
	}
}

/* The whole value with one element replaced, as it would be written. */
static const char *replaced(const struct weighing *w, double raw)
{
	struct text t = TEXT_NULL;
	const char *result;

	for (unsigned i = 0; i < w->c->def->elements; i++) {
		double v = (int)i == w->c->element ? raw : w->state->elements[i].num * w->c->def->scale;

		text_addf(&t, "%s%.0f", i ? " " : "", v);
	}
	result = arena_strdup(w->arena, text_get(&t));
	text_clear(&t);
	return result;
}

/* Would the whole value make sense with this element replaced? The kernel takes an unordered triple without a word. */
static bool stays_in_order(const struct weighing *w, double raw)
{
	double before = -INFINITY;

	for (unsigned i = 0; i < w->c->def->elements && w->c->def->ascending; i++) {
		double v = (int)i == w->c->element ? raw : w->state->elements[i].num * w->c->def->scale;

		if (v < before)
			return false;
		before = v;
	}
	return true;
}

static bool is_known_value(const struct sysctl_def *def, double raw)
{
	for (unsigned i = 0; i < def->value_count; i++)
		if ((double)def->values[i] == raw)
			return true;
	return !def->value_count;
}

/* Every element is written again, so every one must have been understood. */
static bool all_understood(const struct weighing *w)
{
	for (unsigned i = 0; i < w->c->def->elements; i++)
		if (w->state->elements[i].state != VALUE_KNOWN)
			return false;
	return true;
}

static const char *bytes_text(struct arena *a, enum dim d, double v)
{
	char *buf = arena_alloc(a, QUANTITY_MAX);

	return quantity_format(buf, QUANTITY_MAX, d, v);
}

/* Bound the value; false where nothing worth recommending is left, with the reason. */
static bool bound(const struct weighing *w, double have, double *want, struct recommendation *r)
{
	const struct sysctl_def *def = w->c->def;
	const struct value *standard = &w->state->defaults[w->c->element];
	struct value cap = memory_cap(w->env);

	if (w->c->within_memory && cap.state == VALUE_KNOWN && *want > cap.num) {
		const struct value *memory = &w->env->facts->host->values[HOST_TCP_MEMORY];

		r->note = arena_printf(w->arena, "bounded by memory: %s would be needed, and TCP's %s allow %s for each flow",
				       bytes_text(w->arena, def->dim, *want),
				       bytes_text(w->arena, DIM_BYTES, memory->num),
				       bytes_text(w->arena, def->dim, cap.num));
		*want = floor(cap.num);
	}
	if (def->bounded && *want * def->scale > def->max[w->c->element]) {
		*want = def->max[w->c->element] / def->scale;
		r->note = "bounded by the catalogue's maximum";
	}
	if (def->bounded && *want * def->scale < def->min[w->c->element]) {
		*want = def->min[w->c->element] / def->scale;
		r->note = "bounded by the catalogue's minimum";
	}
	if (def->never_below_default && *want < have && !(standard->state == VALUE_KNOWN && *want >= standard->num)) {
		r->note = standard->state == VALUE_KNOWN
				  ? arena_printf(w->arena, "withheld: this kernel's own default is %s",
						 bytes_text(w->arena, def->dim, standard->num))
				  : "withheld: this kernel's own default is not known, and it may be more";
		return false;
	}
	/* Bounding must not turn a raise into a cut. */
	if (w->c->op == CONSTRAINT_AT_LEAST && *want <= have)
		return false;
	return true;
}

static int weigh_number(const struct weighing *w, struct recommendation *r)
{
	struct value want = expr_eval(w->c->value, w->env), have = w->state->elements[w->c->element];
	double raw;

	if (want.state != VALUE_KNOWN || have.state != VALUE_KNOWN) {
		const struct value *missing = want.state != VALUE_KNOWN ? &want : &have;

		r->note = arena_printf(w->arena, "%s%s%s", missing->what ? missing->what : "",
				       missing->what ? ": " : "", value_reason(missing));
		return -1;
	}
	want.num = nearest_raw(w, want.num) / w->c->def->scale;
	if (fulfilled(w->c, have.num, want.num))
		return 1;
	if (!bound(w, have.num, &want.num, r))
		return 0;
	raw = nearest_raw(w, want.num);
	if (!all_understood(w))
		r->note = "withheld: the value in force was not understood as a whole";
	else if (!is_known_value(w->c->def, raw))
		r->note = "withheld: the catalogue does not know such a value";
	else if (!stays_in_order(w, raw))
		r->note = "withheld: the elements would no longer ascend";
	else
		r->wanted = replaced(w, raw);
	return 0;
}

static int weigh_word(const struct weighing *w, struct recommendation *r)
{
	struct value want;

	if (w->c->op == CONSTRAINT_ONE_OF) {
		for (unsigned i = 0; i < w->c->choice_count; i++)
			if (!strcmp(w->state->raw, w->c->choices[i]))
				return 1;
		r->wanted = w->c->choices[0];
		return 0;
	}
	want = expr_eval(w->c->value, w->env);
	if (want.state != VALUE_KNOWN) {
		r->note = value_reason(&want);
		return -1;
	}
	r->wanted = want.text;
	return !strcmp(w->state->raw, want.text);
}

int constraint_weigh(const struct constraint *c, const struct expr_env *env, struct arena *a,
		     struct recommendation *ret)
{
	struct weighing w = {.c = c, .env = env, .arena = a};
	struct recommendation r = {.constraint = c, .key = c->key};
	int result;

	for (size_t i = 0; i < env->facts->sysctl_count; i++)
		if (env->facts->sysctls[i].def == c->def && !strcmp(env->facts->sysctls[i].key, c->key))
			w.state = &env->facts->sysctls[i];
	if (!w.state || w.state->state != VALUE_KNOWN) {
		r.note = w.state && w.state->reason ? w.state->reason : "it was not read";
		*ret = r;
		return -1;
	}
	r.current = w.state->raw;
	result = dim_is_number(c->def->dim) && c->op != CONSTRAINT_ONE_OF ? weigh_number(&w, &r) : weigh_word(&w, &r);
	*ret = r;
	return result;
}
