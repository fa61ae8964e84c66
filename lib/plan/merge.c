/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what several findings want of one key to one value. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "plan/plan-private.h"

enum { NAMES_SHOWN = 8 };

const char *nth_element(const char *value, unsigned n)
{
	while (n--)
		value += strcspn(value, " ") + (value[strcspn(value, " ")] == ' ');
	return value;
}

/* Are they one word, or one number? The first ends at a blank, too. */
static bool same_element(const char *a, const char *b)
{
	size_t n = strcspn(a, " ");

	return strcspn(b, " ") == n && !strncmp(a, b, n);
}

static bool fulfils(const struct ask *ask, const char *value)
{
	const struct constraint *c = ask->constraint;
	double have = strtod(value, NULL), want = strtod(ask->value, NULL);

	switch (c->op) {
	case CONSTRAINT_AT_LEAST:
		return have >= want;
	case CONSTRAINT_AT_MOST:
		return have <= want;
	case CONSTRAINT_EQUAL:
		return same_element(value, ask->value);
	case CONSTRAINT_ONE_OF:
		for (unsigned i = 0; i < c->choice_count; i++)
			if (same_element(value, c->choices[i]))
				return true;
	}
	return false;
}

static bool fulfils_all(const struct request *r, int element, const char *value)
{
	for (const struct ask *a = r->asks; a; a = a->next)
		if (a->constraint->element == element && !fulfils(a, value))
			return false;
	return true;
}

/* The n-th value that an ask names, or NULL. */
static const char *offer(const struct ask *a, unsigned n)
{
	const struct constraint *c = a->constraint;

	if (c->op == CONSTRAINT_ONE_OF)
		return n < c->choice_count ? c->choices[n] : NULL;
	return n ? NULL : a->value;
}

static double distance(const struct request *r, int element, const char *value)
{
	const char *current = nth_element(r->current, (unsigned)element);

	return dim_is_number(r->def->dim) ? fabs(strtod(value, NULL) - strtod(current, NULL)) : 0;
}

/* Bounds are met at one of them: it suffices to try what is named. */
static const struct ask *choose(const struct request *r, int element, const char **value)
{
	const struct ask *best = NULL;

	for (const struct ask *a = r->asks; a; a = a->next) {
		const char *v;

		for (unsigned i = 0; a->constraint->element == element && (v = offer(a, i)); i++)
			if (fulfils_all(r, element, v) &&
			    (!best || distance(r, element, v) < distance(r, element, *value))) {
				best = a;
				*value = v;
			}
	}
	return best;
}

static bool agree(const struct ask *a, const struct ask *b)
{
	const char *v;

	for (unsigned i = 0; (v = offer(a, i)); i++)
		if (fulfils(b, v))
			return true;
	for (unsigned i = 0; (v = offer(b, i)); i++)
		if (fulfils(a, v))
			return true;
	return false;
}

static const char *ask_text(struct arena *a, const struct ask *ask)
{
	const struct constraint *c = ask->constraint;
	const char *who = ask->finding ? finding_name(a, ask->finding) : "the profile";

	return arena_printf(a, "%s (%s %.*s%s)", who, constraint_op_text(c->op), (int)strcspn(ask->value, " "), ask->value,
			    c->op == CONSTRAINT_ONE_OF && c->choice_count > 1 ? " …" : "");
}

static const char *contradiction(struct arena *arena, const struct request *r, int element)
{
	for (const struct ask *a = r->asks; a; a = a->next)
		for (const struct ask *b = a->next; b && a->constraint->element == element; b = b->next)
			if (b->constraint->element == element && !agree(a, b))
				return arena_printf(arena, "%s and %s contradict each other", ask_text(arena, a),
						    ask_text(arena, b));
	return "what is asked for cannot be had together";
}

static bool ascends(const char *value, unsigned elements)
{
	for (unsigned i = 1; i < elements; i++)
		if (strtod(nth_element(value, i), NULL) < strtod(nth_element(value, i - 1), NULL))
			return false;
	return true;
}

static bool is_asked(const struct request *r, int element)
{
	for (const struct ask *a = r->asks; a; a = a->next)
		if (a->finding && a->constraint->element == element)
			return true;
	return false;
}

const char *merge_asks(struct arena *a, const struct request *r, const char **note, const char **why_not)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	for (unsigned i = 0; i < r->def->elements; i++) {
		const char *value = nth_element(r->current, i);
		const struct ask *best = is_asked(r, (int)i) ? choose(r, (int)i, &value) : NULL;

		if (!best && is_asked(r, (int)i)) {
			*why_not = contradiction(a, r, (int)i);
			return NULL;
		}
		if (best && best->note)
			*note = best->note;
		/* A word of a key without elements may hold blanks. */
		text_addf(&t, "%s%.*s", i ? " " : "", (int)(r->def->elements > 1 ? strcspn(value, " ") : strlen(value)), value);
	}
	if (r->def->ascending && !ascends(text_get(&t), r->def->elements)) {
		*why_not = "withheld: the elements would no longer ascend";
		return NULL;
	}
	return arena_strdup(a, text_get(&t));
}

const char *finding_name(struct arena *a, const struct finding *f)
{
	return f->subject ? arena_printf(a, "%s/%s", f->rule->id, f->subject->name) : f->rule->id;
}

const char *askers(struct arena *a, const struct request *r)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	const struct finding *before = NULL;
	size_t n = 0;

	for (const struct ask *ask = r->asks; ask; ask = ask->next) {
		if (!ask->finding || ask->finding == before)
			continue;
		before = ask->finding;
		if (n++ < NAMES_SHOWN)
			text_addf(&t, "%s%s", n > 1 ? ", " : "", finding_name(a, ask->finding));
	}
	if (n > NAMES_SHOWN)
		text_addf(&t, " and %zu more", n - NAMES_SHOWN);
	return !n && r->withheld_by ? finding_name(a, r->withheld_by) : arena_strdup(a, text_get(&t));
}
