/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The expression language of rules, profiles and the catalogue. Parsed once, with every name resolved and every
 * dimension checked; evaluating is pure, allocates nothing and cannot fail: it yields a value or says why not.
 *
 *   expr   = and { "or" and }            and = not { "and" not }       not = [ "not" ] cmp
 *   cmp    = sum [ ( "<" | "<=" | "=" | "!=" | ">=" | ">" ) sum ]
 *   sum    = term { ( "+" | "-" ) term } term = factor { ( "*" | "/" ) factor }
 *   factor = quantity | "text" | fact | function "(" … ")" | "(" expr ")" | "-" factor
 *   fact   = path.bdp | sysctl.net.ipv4.tcp_rmem[2] | conf.ipv4.rp_filter[.own|.all|.default] | threshold.bloat.queue
 *
 * A minus needs blanks around it, since names may contain one (close-wait.age).
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "facts/fact.h"

struct catalogue;
struct thresholds;
struct expr;

/* The templates that the expressions of a rule use, so that no others need be read. */
enum { TEMPLATES_MAX = 16 };

struct template_set {
	size_t rows[TEMPLATES_MAX]; /* of the catalogue */
	unsigned count;
};

enum { EXPR_NODES_MAX = 256, EXPR_DEPTH_MAX = 32, EXPR_NAME_MAX = 128 };

/* Names that an expression may use, and where in a file it stands. */
struct expr_scope {
	struct arena *arena;
	const struct catalogue *catalogue;   /* NULL: no sysctl. names */
	const struct thresholds *thresholds; /* NULL: no threshold. names */
	bool subjects[SUBJECT_TYPES];	     /* whose facts may be used */
	struct template_set *templates;	     /* gathers what is used of them; NULL: nobody asks */
	const char *file;
	unsigned line;
};

/* What an expression is evaluated on. */
struct expr_env {
	const struct facts *facts;
	const struct subject *subject; /* NULL: only the host's facts */
	const double *thresholds;      /* in effect: by row of scope->thresholds */
};

/* Parse a whole string. 0, or -EINVAL with *d filled. The tree lives in the scope's arena. */
int expr_parse(const struct expr_scope *scope, const char *s, const struct expr **ret, struct diag *d)
	_must_check_;
/* As above, and the result must have this dimension (a number without unit fits count and ratio). */
int expr_parse_as(const struct expr_scope *scope, const char *s, enum dim dim, const struct expr **ret,
		  struct diag *d) _must_check_;

/* Call fn for each threshold that an expression names, by its row. */
void expr_thresholds(const struct expr *e, void (*fn)(void *user, size_t row), void *user);
/*
 * Does it ask for anything that was measured, so that chance may have a part in it? Else it is of settings alone: sysctls,
 * lines of files, waivers, thresholds. NULL: no.
 */
bool expr_measures(const struct expr *e);
/* Call fn for each text that an expression may result in by itself: the branches of an if(). */
void expr_texts(const struct expr *e, void (*fn)(void *user, const char *text), void *user);
/* Note a template in the scope's set. False where that is full. */
bool expr_use_template(const struct expr_scope *scope, size_t row);
enum dim expr_dim(const struct expr *e);
/* DIM_BOOL results are 0 or 1 in .num. Logic is three-valued: unknown and false is false. */
struct value expr_eval(const struct expr *e, const struct expr_env *env);
/* Source of the fact that an expression names by itself, or "computed". */
const char *expr_source(const struct expr *e);
