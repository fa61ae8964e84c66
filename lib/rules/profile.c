/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/profile.h"

#include <errno.h>
#include <string.h>
#include "base/ini.h"

enum { INCLUDE_DEPTH_MAX = 8 };

static const char *const kind_names[] = {
	[SETTING_THRESHOLD] = "threshold",
	[SETTING_RULE] = "rule",
	[SETTING_WANT] = "sysctl",
};

struct loading {
	struct profile_stack *p;
	unsigned self;
};

static int find_profile(const struct profile_stack *p, const char *name)
{
	for (size_t i = 0; i < p->profiles; i++)
		if (!strcmp(p->names[i], name))
			return (int)i;
	return -1;
}

static bool is_done(const struct profile_stack *p, unsigned profile)
{
	for (size_t i = 0; i < p->done; i++)
		if (p->order[i] == profile)
			return true;
	return false;
}

static int include(struct loading *l, const struct ini_entry *e, struct diag *d)
{
	struct profile_stack *p = l->p;
	char *copy = arena_strdup(&p->set->arena, e->value), *state = NULL;

	for (char *w = strtok_r(copy, ", ", &state); w; w = strtok_r(NULL, ", ", &state)) {
		int other;

		other = find_profile(p, w);
		if (other >= 0 && !is_done(p, (unsigned)other))
			return diag_set(d, e->file, e->line, "a circle: '%s' includes itself, directly or through others", w);
		if (++p->depth > INCLUDE_DEPTH_MAX)
			return diag_set(d, e->file, e->line, "profiles include each other more than %d deep",
					INCLUDE_DEPTH_MAX);
		if (profile_load(p, w, d) < 0)
			return -EINVAL;
		p->depth--;
		other = find_profile(p, w);
		p->includes[l->self][other] = true;
		for (size_t i = 0; i < p->profiles; i++)
			p->includes[l->self][i] |= p->includes[other][i];
	}
	return 0;
}

/* "net.core.somaxconn" and "net.core.somaxconn[0]" are one. */
static const char *setting_name(struct arena *a, enum profile_kind kind, const char *key)
{
	if (kind != SETTING_WANT || strchr(key, '['))
		return arena_strdup(a, key);
	return arena_printf(a, "%s[0]", key);
}

static int add_setting(struct loading *l, enum profile_kind kind, const struct ini_entry *e, struct diag *d)
{
	struct profile_stack *p = l->p;
	struct arena *a = &p->set->arena;
	struct profile_setting *s = &p->settings[p->count];
	char *value = arena_strdup(a, e->value), *because = kind == SETTING_WANT ? strstr(value, " # ") : NULL;

	if (p->count == PROFILE_SETTINGS_MAX)
		return diag_set(d, e->file, e->line, "more than %d settings", PROFILE_SETTINGS_MAX);
	if (because) {
		*because = 0;
		because += strlen(" # ");
	}
	*s = (struct profile_setting){
		.kind = kind,
		.name = setting_name(a, kind, e->key),
		.key = arena_strdup(a, e->key),
		.value = value,
		.because = because,
		.file = arena_strdup(a, e->file),
		.line = e->line,
		.profile = l->self,
	};
	for (size_t i = 0; i < p->count; i++)
		if (p->settings[i].profile == l->self && p->settings[i].kind == kind &&
		    !strcmp(p->settings[i].name, s->name))
			return diag_set(d, e->file, e->line, "%s '%s' is set already, in line %u", kind_names[kind],
					e->key, p->settings[i].line);
	p->count++;
	return 0;
}

static int on_entry(void *user, const struct ini_entry *e, struct diag *d)
{
	struct loading *l = user;

	if (!strcmp(e->section, "profile")) {
		if (!strcmp(e->key, "include"))
			return include(l, e, d);
		if (strcmp(e->key, "summary"))
			return diag_set(d, e->file, e->line, "a profile has 'summary' and 'include', not '%s'", e->key);
		l->p->summaries[l->self] = arena_strdup(&l->p->set->arena, e->value);
		return 0;
	}
	if (!strcmp(e->section, "thresholds"))
		return add_setting(l, SETTING_THRESHOLD, e, d);
	if (!strcmp(e->section, "rules"))
		return add_setting(l, SETTING_RULE, e, d);
	if (!strcmp(e->section, "sysctl"))
		return add_setting(l, SETTING_WANT, e, d);
	return diag_set(d, e->file, e->line, "unknown section [%s]: profile, thresholds, rules or sysctl", e->section);
}

int profile_load(struct profile_stack *p, const char *name, struct diag *d)
{
	struct loading l = {.p = p};
	_cleanup_text_ struct text t = TEXT_NULL;
	const char *file;
	int r;

	if (find_profile(p, name) >= 0)
		return 0;
	if (p->profiles == PROFILES_MAX)
		return diag_set(d, name, 0, "more than %d profiles", PROFILES_MAX);
	r = p->open(p->user, name, p->depth > 0, &t, &file, d);
	if (r < 0)
		return r;
	l.self = (unsigned)p->profiles++;
	p->names[l.self] = arena_strdup(&p->set->arena, name);
	r = ini_read(file, t.s, t.len, on_entry, &l, d);
	if (r < 0)
		return r;
	if (!p->summaries[l.self])
		return diag_set(d, file, 0, "[profile] needs 'summary'");
	p->order[p->done++] = l.self;
	return 0;
}

static int apply_threshold(struct profile_stack *p, const struct profile_setting *s, struct diag *d)
{
	struct ruleset *set = p->set;
	int i = threshold_find(&set->thresholds, s->name);

	if (i < 0)
		return diag_set(d, s->file, s->line, "no threshold is named '%s'", s->name);
	if (quantity_parse(s->value, set->thresholds.rows[i].dim, &set->threshold_values[i]) < 0)
		return diag_set(d, s->file, s->line, "'%s' is a %s: '%s' is none", s->name,
				dim_name(set->thresholds.rows[i].dim), s->value);
	return 0;
}

static int move_rule(struct rule *r, const struct profile_setting *s, struct diag *d)
{
	r->off = !strcmp(s->value, "off");
	r->has_override = severity_from_name(s->value, &r->override);
	if (!r->off && !r->has_override && strcmp(s->value, "on"))
		return diag_set(d, s->file, s->line, "'%s = %s': on, off, info, notice, warning or error", s->name,
				s->value);
	return 0;
}

/* A topic is moved as a whole by "TOPIC.*", and a rule named by itself holds over that. */
static bool is_named(const struct profile_stack *p, const char *rule)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->settings[i].kind == SETTING_RULE && !strcmp(p->settings[i].name, rule))
			return true;
	return false;
}

static int apply_rule(struct profile_stack *p, const struct profile_setting *s, struct diag *d)
{
	struct ruleset *set = p->set;
	struct rule *r = ruleset_find(set, s->name);
	size_t n = strlen(s->name), moved = 0;

	if (r)
		return move_rule(r, s, d);
	for (size_t i = 0; i < set->count && n > 2 && !strcmp(s->name + n - 2, ".*"); i++) {
		if (strncmp(set->rules[i].id, s->name, n - 1))
			continue;
		moved++;
		if (!is_named(p, set->rules[i].id) && move_rule(&set->rules[i], s, d) < 0)
			return -EINVAL;
	}
	if (!moved)
		return diag_set(d, s->file, s->line, "no rule is named '%s'", s->name);
	return 0;
}

static int apply_want(struct profile_stack *p, const struct profile_setting *s, struct diag *d)
{
	struct ruleset *set = p->set;
	struct expr_scope scope = {
		.arena = &set->arena,
		.catalogue = &set->catalogue,
		.thresholds = &set->thresholds,
		.subjects = {[SUBJECT_HOST] = true},
		.file = s->file,
		.line = s->line,
	};
	struct constraint *c = &set->wanted[set->wanted_count];

	if (!s->because || !*s->because)
		return diag_set(d, s->file, s->line, "'%s' needs its reason: VALUE # because …", s->key);
	if (constraint_parse(&scope, s->key, s->value, c, d) < 0)
		return -EINVAL;
	c->text = s->value;
	c->because = s->because;
	set->wanted_count++;
	return 0;
}

static bool same_setting(const struct profile_setting *a, const struct profile_setting *b)
{
	return a->kind == b->kind && !strcmp(a->name, b->name);
}

/* Does a profile that includes this one set the same? */
static bool is_overridden(const struct profile_stack *p, const struct profile_setting *s)
{
	for (size_t i = 0; i < p->count; i++)
		if (same_setting(&p->settings[i], s) && p->includes[p->settings[i].profile][s->profile])
			return true;
	return false;
}

/* 1: this setting is the one that counts. 0: another is. Negative: two that count differ. */
static int counts(const struct profile_stack *p, size_t at, struct diag *d)
{
	const struct profile_setting *s = &p->settings[at];

	if (is_overridden(p, s))
		return 0;
	for (size_t i = 0; i < at; i++) {
		const struct profile_setting *other = &p->settings[i];

		if (!same_setting(other, s) || is_overridden(p, other))
			continue;
		if (strcmp(other->value, s->value))
			return diag_set(d, s->file, s->line, "%s '%s = %s' conflicts with '%s' in %s:%u",
					kind_names[s->kind], s->key, s->value, other->value, other->file, other->line);
		return 0;
	}
	return 1;
}

int profile_apply(struct profile_stack *p, struct diag *d)
{
	static int (*const apply[])(struct profile_stack *, const struct profile_setting *, struct diag *) = {
		[SETTING_THRESHOLD] = apply_threshold,
		[SETTING_RULE] = apply_rule,
		[SETTING_WANT] = apply_want,
	};
	struct ruleset *set = p->set;

	set->wanted = arena_array(&set->arena, struct constraint, p->count + 1);
	for (size_t i = 0; i < p->count; i++) {
		int r = counts(p, i, d);

		if (r > 0)
			r = apply[p->settings[i].kind](p, &p->settings[i], d);
		if (r < 0)
			return r;
	}
	set->profiles = arena_array(&set->arena, const char *, p->profiles + 1);
	set->profile_summaries = arena_array(&set->arena, const char *, p->profiles + 1);
	for (size_t i = 0; i < p->done; i++) {
		set->profiles[i] = p->names[p->order[i]];
		set->profile_summaries[i] = p->summaries[p->order[i]];
	}
	set->profile_count = p->done;
	return 0;
}
