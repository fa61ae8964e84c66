/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions. What parses must evaluate on any host; must give the same truth and the same
 * quantities when bytes and seconds are measured with other rulers, which only holds where no
 * dimensions are mixed; and must not change its answer when more becomes known.
 */
#include <math.h>

#include "fuzz.h"

#include "expr/expr-private.h"
#include "rules/threshold.h"

#define ABOUT "title = t\nabout = a\napplies = now\nrefs = r\n"

static const char catalogue_text[] =
	"format = 1\n"
	"[net.ipv4.tcp_rmem]\n" ABOUT "elements = 3\nunit = bytes\nmin = 4096\n"
	"[net.core.somaxconn]\n" ABOUT "min = 1\n"
	"[net.ipv4.tcp_fin_timeout]\n" ABOUT "unit = seconds\nmin = 1\n"
	"[net.ipv4.tcp_congestion_control]\n" ABOUT "type = word\n"
	"[net.ipv4.tcp_available_congestion_control]\n" ABOUT "type = words\n";

static struct threshold rows[] = {
	{"queue", "a", DIM_SECONDS, 0.03}, {"share", "a", DIM_RATIO, 0.8},
	{"flows", "a", DIM_PURE, 3},	   {"size", "a", DIM_BYTES, 65536},
	{"speed", "a", DIM_RATE, 1.25e8},  {"churn", "a", DIM_PER_SECOND, 10},
};
static const struct thresholds thresholds = {rows, ARRAY_SIZE(rows)};
static struct arena forever;
static struct catalogue catalogue;

/* Powers of two, so that no rounding tells the rulers apart. */
static const struct rulers plain = {1, 1}, other = {128, 1.0 / 32};

static void load_catalogue(void)
{
	struct diag d = {0};

	if (catalogue.arena)
		return;
	catalogue.arena = &forever;
	check(catalogue_load(&catalogue, "c", catalogue_text, strlen(catalogue_text), &d) == 0);
}

struct answers {
	struct value values[EXPR_NODES_MAX];
	size_t n;
	bool asks_known;
};

/* The value of an expression and of all its parts, in the order of a walk. */
static void answer(const struct expr *e, const struct expr_env *env, struct answers *a)
{
	struct value v = expr_eval(e, env);

	check_value(e, &v);
	check(a->n < EXPR_NODES_MAX);
	a->values[a->n++] = v;
	a->asks_known |= e->op == OP_KNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(e->arg); i++)
		if (e->arg[i])
			answer(e->arg[i], env, a);
}

static void answer_on(const struct expr *e, const struct facts *f, const struct rulers *r,
		      struct answers *a)
{
	double in_effect[ARRAY_SIZE(rows)];
	struct expr_env env = {f, f->first[SUBJECT_PATH], in_effect};

	a->n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		in_effect[i] = rows[i].value * ruler(r, rows[i].dim);
	answer(e, &env, a);
}

static void scale_literals(const struct expr *e, const struct rulers *r)
{
	if (e->op == OP_LITERAL)
		((struct expr *)e)->num *= ruler(r, e->dim);
	for (size_t i = 0; i < ARRAY_SIZE(e->arg); i++)
		if (e->arg[i])
			scale_literals(e->arg[i], r);
}

/* Far from where floating point itself makes a difference. */
static bool is_moderate(const struct answers *a)
{
	for (size_t i = 0; i < a->n; i++) {
		double v = fabs(a->values[i].num);

		if (v != 0 && !(v > 1e-90 && v < 1e90))
			return false;
	}
	return true;
}

static void check_scaled(const struct expr *e, const struct answers *a, const struct answers *b,
			 size_t *at)
{
	const struct value *x = &a->values[*at], *y = &b->values[*at];

	++*at;
	check(x->state == y->state);
	if (x->state == VALUE_KNOWN && (dim_is_number(e->dim) || e->dim == DIM_BOOL))
		check(x->num * ruler(&other, e->dim) == y->num);
	for (size_t i = 0; i < ARRAY_SIZE(e->arg); i++)
		if (e->arg[i])
			check_scaled(e->arg[i], a, b, at);
}

/* Logic is three-valued: what was known does not change when the rest becomes known too. */
static void check_steady(const struct answers *partial, const struct answers *whole)
{
	if (partial->asks_known)
		return;
	for (size_t i = 0; i < partial->n; i++)
		if (partial->values[i].state == VALUE_KNOWN)
			check(whole->values[i].state == VALUE_KNOWN &&
			      !memcmp(&partial->values[i].num, &whole->values[i].num,
				      sizeof(double)));
}

static void check_meaning(const struct expr *e, uint64_t seed)
{
	struct answers whole = {0}, partial = {0}, scaled = {0};
	_cleanup_(facts_freep) struct facts *f = random_facts(&catalogue, seed, 0, &plain);
	_cleanup_(facts_freep) struct facts *hidden = random_facts(&catalogue, seed, 3, &plain);
	_cleanup_(facts_freep) struct facts *other_rulers =
		random_facts(&catalogue, seed, 0, &other);
	size_t at = 0;

	answer_on(e, f, &plain, &whole);
	answer_on(e, hidden, &plain, &partial);
	check_steady(&partial, &whole);
	scale_literals(e, &other);
	answer_on(e, other_rulers, &other, &scaled);
	if (is_moderate(&whole) && is_moderate(&scaled))
		check_scaled(e, &whole, &scaled, &at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_NULL;
	struct expr_scope scope = {
		.arena = &a,
		.catalogue = &catalogue,
		.thresholds = &thresholds,
		.subjects =
			{[SUBJECT_HOST] = true, [SUBJECT_INTERFACE] = true, [SUBJECT_PATH] = true},
		.file = "f",
		.line = 7,
	};
	const struct expr *e = NULL, *again = NULL;
	struct diag d = {0};
	char *s = arena_strndup(&a, (const char *)data, size);

	load_catalogue();
	if (expr_parse(&scope, s, &e, &d) < 0) {
		check_diag(&d);
		check(!e && d.line == 7);
	} else {
		check(expr_parse_as(&scope, s, expr_dim(e), &again, &d) == 0 && *expr_source(e));
		check_meaning(e, hash_bytes(data, size));
	}
	arena_clear(&a);
	return 0;
}
