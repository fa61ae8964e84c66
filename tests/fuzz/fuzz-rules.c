/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole rule set from one input: catalogue, rules, profiles "a" and "b", waivers and decision table,
 * with 0xff between them. What loads must be complete, and must evaluate on any host.
 */
#include "fuzz.h"

#include "rules/profile.h"

enum part { CATALOGUE, RULES, PROFILE_A, PROFILE_B, WAIVERS, DECISIONS, PARTS };

struct input {
	const char *bytes[PARTS];
	size_t n[PARTS];
};

static const struct rulers plain = {1, 1};

static void split(struct input *in, const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;

	for (int i = 0; i < PARTS; i++) {
		const char *mark = memchr(p, 0xff, (size_t)(end - p));

		in->bytes[i] = p;
		in->n[i] = (size_t)((mark ? mark : end) - p);
		p = mark ? mark + 1 : end;
	}
}

static int open_profile(void *user, const char *name, bool included, struct text *ret,
			const char **ret_file, struct diag *d)
{
	const struct input *in = user;
	int part = !strcmp(name, "a") ? PROFILE_A : PROFILE_B;

	(void)included;
	if (strcmp(name, "a") && strcmp(name, "b"))
		return diag_set(d, name, 0, "no such profile");
	*ret_file = part == PROFILE_A ? "a.profile" : "b.profile";
	text_addn(ret, in->bytes[part], in->n[part]);
	return 0;
}

static int load_profiles(struct ruleset *set, struct input *in, struct diag *d)
{
	_cleanup_free_ struct profile_stack *p = calloc(1, sizeof(*p));
	int r;

	check(p != NULL);
	*p = (struct profile_stack){.set = set, .open = open_profile, .user = in};
	r = profile_load(p, "a", d);
	if (r >= 0 && in->n[PROFILE_B])
		r = profile_load(p, "b", d);
	return r < 0 ? r : profile_apply(p, d);
}

static int load(struct ruleset *set, struct input *in, struct diag *d)
{
	int r;

	set->catalogue.arena = &set->arena;
	r = catalogue_load(&set->catalogue, "c", in->bytes[CATALOGUE], in->n[CATALOGUE], d);
	for (enum rule_pass pass = PASS_THRESHOLDS; r >= 0 && pass <= PASS_RULES; pass++)
		r = ruleset_add_file(set, pass, "r", in->bytes[RULES], in->n[RULES], d);
	if (r >= 0)
		r = ruleset_seal(set, d);
	if (r >= 0 && in->n[PROFILE_A])
		r = load_profiles(set, in, d);
	if (r >= 0 && in->n[WAIVERS])
		r = waivers_load(set, "w", in->bytes[WAIVERS], in->n[WAIVERS], d);
	if (r >= 0 && in->n[DECISIONS])
		r = decisions_load(set, "d", in->bytes[DECISIONS], in->n[DECISIONS], d);
	return r;
}

static void eval(const struct expr *e, const struct expr_env *env)
{
	struct value v = expr_eval(e, env);

	check_value(e, &v);
}

static void check_def(const struct catalogue *c, const struct sysctl_def *def,
		      const struct expr_env *env)
{
	check(catalogue_find(c, def->key) == def && def->elements >= 1 &&
	      def->elements <= SYSCTL_ELEMENTS_MAX);
	check(!strncmp(def->path, "proc/sys/", 9) && !strstr(def->path, "/../") &&
	      !strstr(def->path, "//"));
	check(def->title && def->about && def->refs && def->applies && def->line);
	for (unsigned i = 0; i < def->default_count; i++)
		for (unsigned k = 0; k < def->elements; k++) {
			const struct expr *e = def->defaults[i].elements[k];
			enum dim dim;

			check(e && dim_unify(expr_dim(e),
					     dim_is_number(def->dim) ? def->dim : DIM_TEXT, &dim));
			eval(e, env);
		}
}

static void check_constraint(const struct constraint *c, const struct expr_env *env)
{
	enum dim dim;

	check(c->def && c->element >= 0 && c->element < (int)c->def->elements && c->file &&
	      c->line);
	check(*constraint_op_text(c->op));
	if (c->op == CONSTRAINT_ONE_OF) {
		check(c->choices && c->choice_count);
		return;
	}
	check(dim_unify(expr_dim(c->value), dim_is_number(c->def->dim) ? c->def->dim : DIM_TEXT,
			&dim));
	eval(c->value, env);
}

static void check_message(const struct message *m, const struct expr_env *env)
{
	for (unsigned i = 0; i < m->count; i++) {
		check(!m->parts[i].literal != !m->parts[i].expr);
		if (m->parts[i].expr)
			eval(m->parts[i].expr, env);
	}
}

static void check_rule(const struct ruleset *set, const struct rule *r, struct expr_env *env)
{
	check(ruleset_find(set, r->id) == r && r->title && r->because && r->refs &&
	      r->message.count);
	check(r->severity < SEVERITIES && (!r->has_override || r->override < SEVERITIES));
	check(expr_dim(r->when) == DIM_BOOL && (!r->applies || expr_dim(r->applies) == DIM_BOOL));
	env->subject = env->facts->first[r->subject];
	eval(r->when, env);
	if (r->applies)
		eval(r->applies, env);
	for (int i = 0; i < SEVERITIES; i++)
		if (r->raised[i])
			eval(r->raised[i], env);
	check_message(&r->message, env);
	check_message(&r->advise, env);
	for (unsigned i = 0; i < r->evidence_count; i++)
		eval(r->evidence[i].expr, env);
	for (unsigned i = 0; i < r->recommend_count; i++)
		check_constraint(&r->recommend[i], env);
}

static void check_set(const struct ruleset *set, struct expr_env *env)
{
	for (size_t i = 0; i < set->catalogue.count; i++)
		check_def(&set->catalogue, &set->catalogue.defs[i], env);
	for (size_t i = 0; i < set->thresholds.count; i++)
		check(threshold_find(&set->thresholds, set->thresholds.rows[i].name) == (int)i &&
		      dim_is_number(set->thresholds.rows[i].dim) && set->threshold_values[i] >= 0);
	for (size_t i = 0; i < set->count; i++) {
		check(!i || strcmp(set->rules[i - 1].id, set->rules[i].id) < 0);
		check_rule(set, &set->rules[i], env);
	}
	env->subject = NULL;
	for (size_t i = 0; i < set->wanted_count; i++) {
		check(set->wanted[i].because && *set->wanted[i].because);
		check_constraint(&set->wanted[i], env);
	}
	for (size_t i = 0; i < set->waiver_count; i++) {
		const struct waiver *w = &set->waivers[i];
		const struct rule *r = ruleset_find(set, w->rule);

		check(r && *w->reason && w->expires > 0);
		check(!waiver_find(set, r, "one", 1e18));
	}
	for (size_t i = 0; i < set->decision_count; i++) {
		check(set->decisions[i].throughput && set->decisions[i].latency && set->decisions[i].here.count);
		check_message(&set->decisions[i].here, env);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned hidden[] = {0, 1, 3};
	struct ruleset set = {0};
	struct diag d = {0};
	struct input in;

	split(&in, data, size);
	if (load(&set, &in, &d) < 0) {
		check_diag(&d);
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
			struct facts *f = random_facts(&set.catalogue, hash_bytes(data, size),
						       hidden[i], &plain);
			struct expr_env env = {f, NULL, set.threshold_values};

			check_set(&set, &env);
			facts_free(f);
		}
	}
	ruleset_clear(&set);
	return 0;
}
