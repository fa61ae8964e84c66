/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge/judge.h"

#include <string.h>
#include <time.h>
#include "rules/profile.h"

struct judging {
	struct judgement *j;
	struct facts *facts;
	const struct ruleset *rules;
	double clock;
	size_t findings_size, unjudged_size, notes_size;
};

static const char *const status_names[STATUSES] = {
	[STATUS_OK] = "ok",
	[STATUS_NOT_APPLICABLE] = "not-applicable",
	[STATUS_WAIVED] = "waived",
	[STATUS_UNKNOWN] = "unknown",
	[STATUS_ADVISE] = "advise",
};

const char *status_name(enum finding_status s)
{
	return status_names[s];
}

const char *message_fill(const struct message *m, const struct expr_env *env, struct arena *a)
{
	struct text t = TEXT_NULL;
	char buf[QUANTITY_MAX];
	const char *result;

	for (unsigned i = 0; i < m->count; i++) {
		const struct message_part *part = &m->parts[i];
		struct value v;

		if (part->literal) {
			text_add(&t, part->literal);
			continue;
		}
		v = expr_eval(part->expr, env);
		if (v.state != VALUE_KNOWN)
			text_add(&t, "?");
		else if (v.text)
			text_add(&t, v.text);
		else
			text_add(&t, quantity_format(buf, sizeof(buf), expr_dim(part->expr), v.num));
	}
	result = arena_strdup(a, text_get(&t));
	text_clear(&t);
	return result;
}

/* A doubling array in the arena; returns the place of a new last element. */
static struct finding *append(struct arena *a, struct finding **list, size_t *count, size_t *size)
{
	if (*count == *size) {
		struct finding *grown;

		*size = *size ? 2 * *size : 16;
		grown = arena_array(a, struct finding, *size);
		if (*count)
			memcpy(grown, *list, *count * sizeof(*grown));
		*list = grown;
	}
	return &(*list)[(*count)++];
}

static void note_unjudged(struct judging *g, const struct rule *r, const struct subject *s,
			  enum finding_status status, const char *reason, const char *cause)
{
	struct judgement *j = g->j;

	/* The same reason for a hundred subjects is said once. */
	for (size_t i = j->unjudged_count; i-- > 0 && j->unjudged[i].rule == r;)
		if (j->unjudged[i].status == status && !strcmp(j->unjudged[i].reason, reason) &&
		    !(status == STATUS_WAIVED && g->facts->offline))
			return;
	*append(&j->arena, &j->unjudged, &j->unjudged_count, &g->unjudged_size) = (struct finding){
		.rule = r,
		.subject = s,
		.status = status,
		.severity = r->severity,
		.reason = reason,
		.cause = cause,
	};
}

/* What is not there is no fault of anybody; what could not be read leaves the verdict open. */
static enum finding_status status_of_missing(const struct value *v)
{
	return v->state == VALUE_ABSENT ? STATUS_NOT_APPLICABLE : STATUS_UNKNOWN;
}

/* The key says more than the name of a fact that every key has. */
static const char *missing_reason(struct judging *g, const struct subject *s, const struct value *v)
{
	if (s->type == SUBJECT_SYSCTL && v->what && !strncmp(v->what, "key.", 4) && v->state != VALUE_ABSENT)
		return arena_printf(&g->j->arena, "%s: %s", s->name, value_reason(v));
	if (!v->what)
		return value_reason(v);
	return arena_printf(&g->j->arena, "%s: %s", v->what, value_reason(v));
}

static enum severity severity_here(const struct rule *r, const struct expr_env *env)
{
	if (r->has_override)
		return r->override;
	for (enum severity s = SEVERITIES; s-- > r->severity;)
		if (r->raised[s]) {
			struct value v = expr_eval(r->raised[s], env);

			if (v.state == VALUE_KNOWN && v.num != 0)
				return s;
		}
	return r->severity;
}

static void add_evidence(struct finding *f, const struct rule *r, const struct expr_env *env)
{
	for (unsigned i = 0; i < r->evidence_count; i++) {
		struct evidence *e = &f->evidence[f->evidence_count];

		e->fact = r->evidence[i].name;
		e->dim = expr_dim(r->evidence[i].expr);
		e->value = expr_eval(r->evidence[i].expr, env);
		e->source = e->value.source ? e->value.source : expr_source(r->evidence[i].expr);
		/* What is merely absent is no evidence. */
		f->evidence_count += e->value.state != VALUE_ABSENT;
	}
}

static const char *nth_word(const char *s, int n)
{
	while (n--)
		s += strcspn(s, " ") + (s[strcspn(s, " ")] == ' ');
	return s;
}

/* Two elements of one key are one write: else the second would take the first back. */
static void join_elements(struct judging *g, struct finding *f, struct recommendation *r)
{
	int element = r->constraint->element;

	for (unsigned i = 0; i < f->recommend_count; i++) {
		struct recommendation *other = &f->recommend[i];
		const char *new, *old;

		if (other->constraint->def != r->constraint->def || strcmp(other->constraint->key, r->constraint->key) ||
		    other->constraint->element == element || !other->wanted || !r->wanted)
			continue;
		new = nth_word(r->wanted, element);
		old = nth_word(other->wanted, element);
		r->wanted = other->wanted =
			arena_printf(&g->j->arena, "%.*s%.*s%s", (int)(old - other->wanted), other->wanted,
				     (int)strcspn(new, " "), new, old + strcspn(old, " "));
	}
}

static void add_recommendation(struct judging *g, struct finding *f, const struct constraint *c,
			       const struct expr_env *env)
{
	struct recommendation r[WRITES_MAX];
	unsigned n;

	if (constraint_is_of_interface(c))
		n = constraint_weigh_interface(c, env, &g->j->arena, r);
	else
		n = constraint_weigh(c, env, &g->j->arena, r) != 1;
	for (unsigned i = 0; i < n && f->recommend_count < RECOMMENDATIONS_MAX; i++)
		if (r[i].wanted || r[i].note) {
			join_elements(g, f, &r[i]);
			f->recommend[f->recommend_count++] = r[i];
		}
}

static bool is_of_key(const struct constraint *c, const struct sysctl_state *s)
{
	return c->def == s->def && !strcmp(c->key, s->key);
}

static void add_recommendations(struct judging *g, struct finding *f, const struct expr_env *env)
{
	const struct rule *r = f->rule;

	for (unsigned i = 0; i < r->recommend_count; i++)
		add_recommendation(g, f, &r->recommend[i], env);
	for (size_t i = 0; r->recommend_wanted && i < g->rules->wanted_count; i++)
		if (is_of_key(&g->rules->wanted[i], f->subject->key))
			add_recommendation(g, f, &g->rules->wanted[i], env);
}

static bool misses(const struct message *m, const struct expr_env *env)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->parts[i].expr && expr_eval(m->parts[i].expr, env).state == VALUE_LEFT_OUT)
			return true;
	return false;
}

/* A look at counters alone may find a fault, and not know how bad it is. */
static bool is_partial(const struct rule *r, const struct expr_env *env)
{
	if (!env->facts->left_out)
		return false;
	for (enum severity s = SEVERITIES; s-- > r->severity;)
		if (r->raised[s] && expr_eval(r->raised[s], env).state == VALUE_LEFT_OUT)
			return true;
	return misses(&r->message, env) || misses(&r->advise, env);
}

static void advise(struct judging *g, const struct rule *r, const struct subject *s, const struct expr_env *env)
{
	struct judgement *j = g->j;
	struct finding *f = append(&j->arena, &j->findings, &j->count, &g->findings_size);

	*f = (struct finding){
		.rule = r,
		.subject = s,
		.status = STATUS_ADVISE,
		.severity = severity_here(r, env),
		.message = message_fill(&r->message, env, &j->arena),
		.advise = r->advise.count ? message_fill(&r->advise, env, &j->arena) : NULL,
		.partial = is_partial(r, env),
		.order = j->count,
	};
	add_evidence(f, r, env);
	add_recommendations(g, f, env);
	j->by_severity[f->severity]++;
}

/* A comment above the line that the subject is set by. Returns the reason, or NULL. */
static const char *suppressed(const struct facts *facts, const struct rule *r, const struct subject *s)
{
	for (size_t i = 0; s->file && i < facts->suppression_count; i++) {
		const struct suppression *x = &facts->suppressions[i];

		if (x->line != s->line || strcmp(x->file, s->file))
			continue;
		for (const char *p = x->rules + strspn(x->rules, ", "); *p;) {
			char pattern[80];
			size_t n = strcspn(p, ", ");

			snprintf(pattern, sizeof(pattern), "%.*s", (int)min_of(n, sizeof(pattern) - 1), p);
			if (rule_matches(r->id, pattern))
				return x->reason;
			p += n;
			p += strspn(p, ", ");
		}
	}
	return NULL;
}

/* How a rule ends for a subject, and what the sentence about it is made of. */
struct verdict {
	enum finding_status status;
	bool conditional;    /* NOT_APPLICABLE since its condition does not hold */
	struct value value;  /* that is missing, otherwise */
	const char *excused; /* of WAIVED */
};

static struct verdict reach_verdict(const struct judgement *j, const struct rule *r, const struct subject *s, const struct expr_env *env)
{
	struct value v = r->applies ? expr_eval(r->applies, env) : value_number(1);
	struct verdict ret = {0};
	const struct waiver *w;

	if (v.state == VALUE_KNOWN && v.num == 0)
		return (struct verdict){.status = STATUS_NOT_APPLICABLE, .conditional = true};
	if (v.state == VALUE_KNOWN)
		v = expr_eval(r->when, env);
	if (v.state != VALUE_KNOWN)
		return (struct verdict){.status = status_of_missing(&v), .value = v};
	if (v.num == 0)
		return (struct verdict){.status = STATUS_OK};
	w = waiver_find(j->rules, r, s->name, j->clock);
	ret.excused = w ? w->reason : suppressed(j->facts, r, s);
	ret.status = ret.excused ? STATUS_WAIVED : STATUS_ADVISE;
	return ret;
}

static struct expr_env env_of(const struct judgement *j, const struct subject *s)
{
	return (struct expr_env){.facts = j->facts, .subject = s, .thresholds = j->rules->threshold_values};
}

static bool is_judged_by(const struct rule *r, const struct subject *s)
{
	return s->type == r->subject && (s->type != SUBJECT_SYSCTL || rule_judges_key(r, s->key->def));
}

enum finding_status judge_status(const struct judgement *j, const struct rule *r, const struct subject *s)
{
	struct expr_env env = env_of(j, s);

	return is_judged_by(r, s) ? reach_verdict(j, r, s, &env).status : STATUS_NOT_APPLICABLE;
}

static enum finding_status judge_subject(struct judging *g, const struct rule *r, const struct subject *s)
{
	struct expr_env env = env_of(g->j, s);
	struct verdict v = reach_verdict(g->j, r, s, &env);

	if (v.status == STATUS_ADVISE) {
		advise(g, r, s, &env);
	} else if (v.status == STATUS_WAIVED) {
		note_unjudged(g, r, s, STATUS_WAIVED, v.excused, v.excused);
		if (g->facts->offline)
			g->j->unjudged[g->j->unjudged_count - 1].message = message_fill(&r->message, &env, &g->j->arena);
	} else if (v.conditional) {
		const char *why = r->otherwise.count ? message_fill(&r->otherwise, &env, &g->j->arena)
						   : "its condition does not hold here";

		note_unjudged(g, r, s, STATUS_NOT_APPLICABLE, why, why);
	} else if (v.status != STATUS_OK) {
		note_unjudged(g, r, s, v.status, missing_reason(g, s, &v.value), value_reason(&v.value));
	}
	return v.status;
}

static void judge_rule(struct judging *g, const struct rule *r)
{
	enum finding_status gravest = STATUS_NOT_APPLICABLE;
	size_t judged = 0;
	bool ok = false;

	for (const struct subject *s = g->facts->first[r->subject]; s; s = s->next) {
		enum finding_status status;

		if (!is_judged_by(r, s))
			continue;
		judged++;
		status = judge_subject(g, r, s);
		ok |= status == STATUS_OK;
		gravest = status > gravest ? status : gravest;
	}
	if (!judged && g->facts->untold[r->subject]) {
		gravest = STATUS_UNKNOWN;
		note_unjudged(g, r, NULL, gravest, g->facts->untold[r->subject], g->facts->untold[r->subject]);
	} else if (!judged) {
		const char *why = arena_printf(&g->j->arena, "there is no %s here", subject_defs[r->subject].name);

		note_unjudged(g, r, NULL, gravest, why, why);
	}
	if (gravest == STATUS_NOT_APPLICABLE && ok)
		gravest = STATUS_OK;
	g->j->by_status[gravest]++;
}

static const char *wanted_text(struct judging *g, const struct constraint *c, const struct recommendation *r)
{
	const char *value = r->wanted ? r->wanted : "?";

	if (c->op == CONSTRAINT_ONE_OF)
		return arena_printf(&g->j->arena, "one of %s …", c->choices[0]);
	if (c->def->elements == 1)
		return arena_printf(&g->j->arena, "%s %s", constraint_op_text(c->op), value);
	for (int i = 0; i < c->element && r->wanted; i++)
		value += strcspn(value, " ") + 1;
	return arena_printf(&g->j->arena, "[%d] %s %.*s", c->element, constraint_op_text(c->op),
			    (int)strcspn(value, " "), value);
}

/* As constraint_weigh(), of what boot would set. */
static int weigh_boot(struct judging *g, const struct constraint *c, const struct expr_env *env, const struct sysctl_state *s)
{
	struct sysctl_state *state = &g->facts->sysctls[s - g->facts->sysctls], live = *state;
	struct recommendation r;
	int met;

	state->raw = s->systemd.raw;
	memcpy(state->elements, s->boot, sizeof(state->elements));
	met = constraint_weigh(c, env, &g->j->arena, &r);
	*state = live;
	return met;
}

/* What the profile wants becomes a fact of the key, so that a rule can judge it. */
static void set_wanted(struct judging *g)
{
	struct expr_env env = {.facts = g->facts, .thresholds = g->rules->threshold_values};

	for (struct subject *s = g->facts->first[SUBJECT_SYSCTL]; s; s = s->next) {
		s->values[KEY_WANTED] = s->values[KEY_WANTED_BECAUSE] =
			value_missing(VALUE_ABSENT, "the profile asks for nothing");
		s->values[KEY_WANTED_UNMET] = value_number(0);
		s->values[KEY_WANTED_MET] = value_number(0);
		s->values[KEY_PENDING] = value_number(0);
	}
	for (size_t i = 0; i < g->rules->wanted_count; i++) {
		const struct constraint *c = &g->rules->wanted[i];
		struct subject *s = g->facts->first[SUBJECT_SYSCTL];
		struct recommendation r;
		int met = constraint_weigh(c, &env, &g->j->arena, &r);

		while (s && !is_of_key(c, s->key))
			s = s->next;
		if (s && met == 1)
			s->values[KEY_WANTED_MET] = value_number(1);
		if (!s || met != 0 || !r.wanted)
			continue;
		/* A value that is not the default either was put there by somebody: that is drift. */
		s->values[KEY_PENDING] = value_number(s->key->systemd.raw && s->values[KEY_IS_DEFAULT].state == VALUE_KNOWN &&
						      s->values[KEY_IS_DEFAULT].num != 0 && weigh_boot(g, c, &env, s->key) == 1);
		s->values[KEY_WANTED] = value_text(wanted_text(g, c, &r));
		s->values[KEY_WANTED_BECAUSE] = value_text(c->because);
		s->values[KEY_WANTED_UNMET] = value_number(1);
	}
}

/* "2027-06-30" */
static const char *day_text(struct arena *a, double end)
{
	time_t last = (time_t)end - 1;
	struct tm day;

	if (!gmtime_r(&last, &day))
		return "?";
	return arena_printf(a, "%04d-%02d-%02d", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

/* A waiver that runs out excuses nothing any more, and its owner should hear of it in time: a rule judges them all. */
static void add_waivers(struct judging *g)
{
	struct arena *a = &g->facts->arena;

	for (size_t i = 0; i < g->rules->waiver_count && !g->facts->again; i++) {
		const struct waiver *w = &g->rules->waivers[i];
		bool every = !strcmp(w->subject, "*");
		struct subject *s = facts_add(g->facts, SUBJECT_WAIVER,
					      arena_printf(a, "%s%s%s", w->rule, every ? "" : " ", every ? "" : w->subject));

		s->values[WAIVER_RULE] = value_text(w->rule);
		s->values[WAIVER_SUBJECT] = value_text(w->subject);
		s->values[WAIVER_REASON] = value_text(w->reason);
		s->values[WAIVER_EXPIRES] = value_text(day_text(a, w->expires));
		s->values[WAIVER_LEFT] = value_number(w->expires - g->clock);
		s->values[WAIVER_AT] = value_text(arena_printf(a, "%s:%u", w->file, w->line));
	}
}

/* Of a configuration without its host nothing else is there to be judged. */
static bool is_of_configuration(const struct rule *r)
{
	return r->subject == SUBJECT_SYSCTL || r->subject == SUBJECT_LINE || r->subject == SUBJECT_WAIVER ||
	       (r->subject == SUBJECT_INTERFACE && r->templates.count);
}

static int graver_first(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->rule != y->rule)
		return strcmp(x->rule->id, y->rule->id);
	return x->order < y->order ? -1 : 1;
}

void judge(const struct ruleset *rules, struct facts *facts, double clock, struct judgement *ret)
{
	struct judging g = {.j = ret, .facts = facts, .rules = rules, .clock = clock};

	*ret = (struct judgement){.facts = facts, .rules = rules, .clock = clock};
	set_wanted(&g);
	add_waivers(&g);
	for (size_t i = 0; i < rules->count; i++)
		if (!rules->rules[i].off && (!facts->offline || is_of_configuration(&rules->rules[i])))
			judge_rule(&g, &rules->rules[i]);
	if (ret->count)
		qsort(ret->findings, ret->count, sizeof(*ret->findings), graver_first);
}

void judgement_clear(struct judgement *j)
{
	arena_clear(&j->arena);
	*j = (struct judgement){0};
}
