/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a constraint on what is in force on an interface to the lines that bring it about. */
#include <string.h>
#include "catalogue/conf.h"
#include "judge/judge.h"

struct setting {
	double all, own, later; /* later: conf.default, which interfaces to come begin with */
};

struct weighing {
	const struct constraint *c;
	const struct expr_env *env;
	const struct subject *interface;
	struct arena *arena;
	double want; /* in the raw unit, as the settings are */
	bool forwards;
};

bool constraint_is_of_interface(const struct constraint *c)
{
	return sysctl_is_template(c->def) && !strcmp(c->key, c->def->key);
}

static bool fulfils(const struct weighing *w, double all, double own)
{
	double v = combine_values(w->c->def->combine, all, own, w->forwards);

	if (w->c->op == CONSTRAINT_AT_LEAST)
		return v >= w->want;
	return w->c->op == CONSTRAINT_AT_MOST ? v <= w->want : v == w->want;
}

/* A change to conf.all reaches every interface. Where plugins look after theirs, each interface is better set by itself. */
static bool spares_all(const struct weighing *w)
{
	const struct value *role = &w->env->facts->host->values[HOST_ROLE];

	return role->state == VALUE_KNOWN && !strcmp(role->text, "container host");
}

/* The first of the possible changes that does: nothing, one of the two (conf.all first, as a rule), both. */
static struct setting solve(const struct weighing *w, struct setting now)
{
	bool own_first = spares_all(w) || !combine_uses_all(w->c->def->combine);
	struct setting all = now, own = now, both = {w->want, w->want, now.later}, found;

	all.all = w->want;
	own.own = w->want;
	if (fulfils(w, now.all, now.own))
		found = now;
	else if (own_first && fulfils(w, now.all, w->want))
		found = own;
	else if (fulfils(w, w->want, now.own) && combine_uses_all(w->c->def->combine))
		found = all;
	else
		found = fulfils(w, now.all, w->want) ? own : both;
	if (combine_uses_own(w->c->def->combine) && !spares_all(w) && !fulfils(w, found.all, found.later))
		found.later = w->want;
	return found;
}

static unsigned add(const struct weighing *w, const char *interface, double now, double then, struct recommendation *ret)
{
	if (now == then)
		return 0;
	*ret = (struct recommendation){
		.constraint = w->c,
		.key = conf_key(w->arena, w->c->def, interface),
		.current = arena_printf(w->arena, "%.0f", now),
		.wanted = arena_printf(w->arena, "%.0f", then),
	};
	return 1;
}

/* In the order of part: what is in force, own, all, default. False where one is not known, with the reason. */
static bool read_now(const struct weighing *w, struct setting *ret, const char **why)
{
	double *const to[] = {NULL, &ret->own, &ret->all, &ret->later};
	const struct sysctl_def *def = w->c->def;
	size_t row = 0;

	while (w->env->facts->sysctls[row].def != def)
		row++;
	for (unsigned part = CONF_OWN; part <= CONF_DEFAULT; part++) {
		struct value v = conf_value(w->env->facts, w->interface, def, row, (enum conf_part)part);

		if (v.state == VALUE_KNOWN) {
			*to[part] = v.num * def->scale;
		} else if (part == CONF_OWN || (part == CONF_ALL && combine_uses_all(def->combine))) {
			*why = value_reason(&v);
			return false;
		} else {
			*to[part] = w->want;
		}
	}
	return true;
}

unsigned constraint_weigh_interface(const struct constraint *c, const struct expr_env *env, struct arena *a,
				    struct recommendation *ret)
{
	struct weighing w = {.c = c, .env = env, .arena = a};
	struct value want = c->value ? expr_eval(c->value, env) : value_missing(VALUE_ABSENT, NULL);
	const struct subject *s = env->subject && env->subject->type != SUBJECT_INTERFACE ? env->subject->interface : env->subject;
	const struct interface_conf *conf = s ? s->conf : NULL;
	struct setting now, then;
	unsigned n = 0;

	*ret = (struct recommendation){.constraint = c, .key = c->key, .note = value_reason(&want)};
	if (want.state != VALUE_KNOWN || !conf)
		return 1;
	/* A family that is not in use needs no line. */
	if (conf->family[conf_family_of(c->def)].off)
		return 0;
	w.interface = s;
	w.want = want.num * c->def->scale;
	w.forwards = conf->family[conf_family_of(c->def)].forwards;
	if (!read_now(&w, &now, &ret->note))
		return 1;
	then = solve(&w, now);
	if (then.all == now.all && then.own == now.own)
		return 0;
	n += add(&w, "all", now.all, then.all, ret + n);
	n += add(&w, s->name, now.own, then.own, ret + n);
	n += add(&w, "default", now.later, then.later, ret + n);
	return n;
}
