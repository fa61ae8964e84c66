/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "expr/expr-private.h"

#include <math.h>
#include <string.h>
#include "base/text.h"
#include "catalogue/conf.h"

/* A missing value carries its name along, so that the verdict can say what it waits for. */
static struct value named(struct value v, const char *what)
{
	v.what = what;
	return v;
}

static struct value eval_fact(const struct expr *e, const struct expr_env *env)
{
	const struct subject *s = NULL;

	if (e->subject == SUBJECT_HOST)
		s = env->facts->host;
	else if (env->subject && env->subject->type == e->subject)
		s = env->subject;
	else if (env->subject && e->subject == SUBJECT_INTERFACE)
		s = env->subject->interface;
	if (!s)
		return named(value_missing(VALUE_ABSENT, NULL), subject_defs[e->subject].facts[e->index].name);
	return named(s->values[e->index], subject_defs[e->subject].facts[e->index].name);
}

static struct value eval_sysctl(const struct expr *e, const struct expr_env *env)
{
	const struct sysctl_state *s = &env->facts->sysctls[e->index];

	if (s->state != VALUE_KNOWN)
		return named(value_missing(s->state, s->reason), s->def->key);
	return named(s->elements[e->element], s->def->key);
}

static struct value eval_conf(const struct expr *e, const struct expr_env *env)
{
	const struct subject *s = env->subject;

	if (s && s->type != SUBJECT_INTERFACE)
		s = s->interface;
	if (!s)
		return named(value_missing(VALUE_ABSENT, NULL), e->text);
	return named(conf_value(env->facts, s, env->facts->sysctls[e->index].def, (size_t)e->index,
				(enum conf_part)e->element), e->text);
}

static struct value eval_growth(const struct expr *e, const struct expr_env *env)
{
	struct value v = eval_fact(e->arg[0], env);

	if (v.state != VALUE_KNOWN)
		return v;
	if (!v.has_delta)
		return named(value_missing(VALUE_NO_WINDOW, NULL), v.what);
	if (e->op == OP_DELTA)
		return value_number(v.delta);
	if (env->facts->window <= 0)
		return named(value_missing(VALUE_NO_WINDOW, NULL), v.what);
	return value_number(v.delta / env->facts->window);
}

/* A side that decides the matter decides it even if the other is not known. */
static struct value eval_logic(const struct expr *e, const struct expr_env *env)
{
	bool decisive = e->op == OP_OR;
	struct value a = expr_eval(e->arg[0], env), b;

	if (a.state == VALUE_KNOWN && (a.num != 0) == decisive)
		return a;
	b = expr_eval(e->arg[1], env);
	if (b.state == VALUE_KNOWN && (b.num != 0) == decisive)
		return b;
	return a.state != VALUE_KNOWN ? a : b;
}

/* Whole bits of what is no negative number; a double holds 53 of them. */
static double bit_and(double x, double y)
{
	const double most = 9007199254740992.0;

	if (!(x >= 0 && y >= 0 && x <= most && y <= most))
		return 0;
	return (double)((unsigned long long)x & (unsigned long long)y);
}

static struct value eval_pair(const struct expr *e, const struct value *a, const struct value *b)
{
	double x = a->num, y = b->num;
	double v = 0;

	if (e->arg[0]->dim == DIM_TEXT || e->arg[0]->dim == DIM_LIST) {
		bool same = e->op == OP_HAS ? text_has_word(a->text, b->text) : !strcmp(a->text, b->text);

		return value_number(e->op == OP_UNEQUAL ? !same : same);
	}
	switch (e->op) {
	case OP_ADD:
		v = x + y;
		break;
	case OP_SUBTRACT:
		v = x - y;
		break;
	case OP_MULTIPLY:
		v = x * y;
		break;
	case OP_DIVIDE:
		if (y == 0)
			return value_missing(VALUE_ABSENT, "it would divide by zero");
		v = x / y;
		break;
	case OP_LESS:
		v = x < y;
		break;
	case OP_LESS_EQUAL:
		v = x <= y;
		break;
	case OP_EQUAL:
		v = x == y;
		break;
	case OP_UNEQUAL:
		v = x != y;
		break;
	case OP_GREATER_EQUAL:
		v = x >= y;
		break;
	case OP_GREATER:
		v = x > y;
		break;
	case OP_MIN:
		v = fmin(x, y);
		break;
	case OP_MAX:
		v = fmax(x, y);
		break;
	case OP_BITAND:
		v = bit_and(x, y);
		break;
	case OP_ROUNDUP:
		v = y > 0 ? ceil(x / y) * y : x;
		break;
	default:
		break;
	}
	return value_number(v);
}

/* At least that version, of the kernel whose facts these are. */
static struct value eval_kernel(const struct expr *e, const struct expr_env *env)
{
	struct value v = env->facts->host->values[HOST_KERNEL];
	struct kernel_version at_least;

	if (v.state != VALUE_KNOWN)
		return named(v, subject_defs[SUBJECT_HOST].facts[HOST_KERNEL].name);
	if (kernel_version_parse(e->arg[0]->text, &at_least) < 0)
		return value_missing(VALUE_GARBLED, NULL);
	return value_number(v.num >= kernel_number(at_least));
}

static struct value eval_if(const struct expr *e, const struct expr_env *env)
{
	struct value condition = expr_eval(e->arg[0], env);

	if (condition.state != VALUE_KNOWN)
		return condition;
	return expr_eval(e->arg[condition.num != 0 ? 1 : 2], env);
}

static struct value eval_unary(const struct expr *e, const struct expr_env *env)
{
	struct value v = expr_eval(e->arg[0], env), ratio;

	if (e->op == OP_KNOWN && v.state != VALUE_LEFT_OUT)
		return value_number(v.state == VALUE_KNOWN);
	if (e->op == OP_ABSENT && (v.state == VALUE_KNOWN || v.state == VALUE_ABSENT))
		return value_number(v.state == VALUE_ABSENT);
	if (v.state != VALUE_KNOWN)
		return v;
	if (e->op == OP_NEGATE)
		return value_number(-v.num);
	if (e->op == OP_NOT)
		return value_number(v.num == 0);
	if (e->op == OP_SQRT)
		return v.num >= 0 ? value_number(sqrt(v.num))
				  : value_missing(VALUE_ABSENT, "it would take the root of a negative number");
	ratio = env->facts->host->values[HOST_WINDOW_RATIO];
	if (ratio.state != VALUE_KNOWN)
		return named(ratio, subject_defs[SUBJECT_HOST].facts[HOST_WINDOW_RATIO].name);
	return value_number(v.num * ratio.num);
}

struct value expr_eval(const struct expr *e, const struct expr_env *env)
{
	struct value a, b;

	switch (e->op) {
	case OP_LITERAL:
		return (struct value){.state = VALUE_KNOWN, .num = e->num, .text = e->text};
	case OP_FACT:
		return eval_fact(e, env);
	case OP_SYSCTL:
		return eval_sysctl(e, env);
	case OP_CONF:
		return eval_conf(e, env);
	case OP_THRESHOLD:
		return value_number(env->thresholds[e->index]);
	case OP_DEFAULT:
		return named(env->facts->sysctls[e->arg[0]->index].defaults[e->arg[0]->element],
			     env->facts->sysctls[e->arg[0]->index].def->key);
	case OP_DELTA:
	case OP_RATE:
		return eval_growth(e, env);
	case OP_AND:
	case OP_OR:
		return eval_logic(e, env);
	case OP_IF:
		return eval_if(e, env);
	case OP_KERNEL:
		return eval_kernel(e, env);
	case OP_NEGATE:
	case OP_NOT:
	case OP_KNOWN:
	case OP_ABSENT:
	case OP_WINDOW:
	case OP_SQRT:
		return eval_unary(e, env);
	default:
		break;
	}
	a = expr_eval(e->arg[0], env);
	if (a.state != VALUE_KNOWN)
		return a;
	b = expr_eval(e->arg[1], env);
	return b.state == VALUE_KNOWN ? eval_pair(e, &a, &b) : b;
}

void expr_thresholds(const struct expr *e, void (*fn)(void *user, size_t row), void *user)
{
	if (!e)
		return;
	if (e->op == OP_THRESHOLD)
		fn(user, (size_t)e->index);
	for (size_t i = 0; i < ARRAY_SIZE(e->arg); i++)
		expr_thresholds(e->arg[i], fn, user);
}

static bool is_of_configuration(enum subject_type type)
{
	return type == SUBJECT_SYSCTL || type == SUBJECT_LINE || type == SUBJECT_WAIVER;
}

bool expr_measures(const struct expr *e)
{
	if (!e)
		return false;
	if (e->op == OP_DELTA || e->op == OP_RATE || (e->op == OP_FACT && !is_of_configuration(e->subject)))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(e->arg); i++)
		if (expr_measures(e->arg[i]))
			return true;
	return false;
}

void expr_texts(const struct expr *e, void (*fn)(void *user, const char *text), void *user)
{
	if (e->op == OP_LITERAL && e->text)
		fn(user, e->text);
	else if (e->op == OP_IF)
		for (size_t i = 1; i < ARRAY_SIZE(e->arg); i++)
			expr_texts(e->arg[i], fn, user);
}

const char *expr_source(const struct expr *e)
{
	if (e->op == OP_FACT)
		return subject_defs[e->subject].facts[e->index].source;
	if (e->op == OP_SYSCTL)
		return "/proc/sys";
	if (e->op == OP_CONF)
		return e->element == CONF_EFFECTIVE ? "all and own" : e->element == CONF_OWN ? "rtnetlink" : "/proc/sys";
	if (e->op == OP_THRESHOLD)
		return "profile";
	if (e->op == OP_DELTA || e->op == OP_RATE)
		return expr_source(e->arg[0]);
	return "computed";
}
