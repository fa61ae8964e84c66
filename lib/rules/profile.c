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

		if (++p->depth > INCLUDE_DEPTH_MAX)
			return diag_set(d, e->file, e->line, "profiles include each other more than %d deep: a circle?",
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

/* An includer overrides what it includes; two strangers must agree. */
static int add_setting(struct loading *l, enum profile_kind kind, const struct ini_entry *e, struct diag *d)
{
	struct profile_stack *p = l->p;
	struct profile_setting new = {
		.kind = kind,
		.name = arena_strdup(&p->set->arena, e->key),
		.value = arena_strdup(&p->set->arena, e->value),
		.file = arena_strdup(&p->set->arena, e->file),
		.line = e->line,
		.profile = l->self,
	};

	for (size_t i = 0; i < p->count; i++) {
		struct profile_setting *old = &p->settings[i];

		if (old->kind != kind || strcmp(old->name, e->key))
			continue;
		if (old->profile == l->self)
			return diag_set(d, e->file, e->line, "%s '%s' is set already, in line %u", kind_names[kind],
					e->key, old->line);
		if (!p->includes[l->self][old->profile] && strcmp(old->value, e->value))
			return diag_set(d, e->file, e->line, "%s '%s = %s' conflicts with '%s' in %s:%u", kind_names[kind],
					e->key, e->value, old->value, old->file, old->line);
		*old = new;
		return 0;
	}
	if (p->count == PROFILE_SETTINGS_MAX)
		return diag_set(d, e->file, e->line, "more than %d settings", PROFILE_SETTINGS_MAX);
	p->settings[p->count++] = new;
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
		return is_done(p, (unsigned)find_profile(p, name))
			       ? 0
			       : diag_set(d, name, 0, "this profile includes itself, directly or through another");
	if (p->profiles == PROFILES_MAX)
		return diag_set(d, name, 0, "more than %d profiles", PROFILES_MAX);
	r = p->open(p->user, name, &t, &file, d);
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

static int apply_threshold(struct ruleset *set, const struct profile_setting *s, struct diag *d)
{
	int i = threshold_find(&set->thresholds, s->name);

	if (i < 0)
		return diag_set(d, s->file, s->line, "no threshold is named '%s'", s->name);
	if (quantity_parse(s->value, set->thresholds.rows[i].dim, &set->threshold_values[i]) < 0)
		return diag_set(d, s->file, s->line, "'%s' is a %s: '%s' is none", s->name,
				dim_name(set->thresholds.rows[i].dim), s->value);
	return 0;
}

static int apply_rule(struct ruleset *set, const struct profile_setting *s, struct diag *d)
{
	struct rule *r = ruleset_find(set, s->name);

	if (!r)
		return diag_set(d, s->file, s->line, "no rule is named '%s'", s->name);
	r->off = !strcmp(s->value, "off");
	r->has_override = severity_from_name(s->value, &r->override);
	if (!r->off && !r->has_override && strcmp(s->value, "on"))
		return diag_set(d, s->file, s->line, "'%s = %s': on, off, info, notice, warning or error", s->name,
				s->value);
	return 0;
}

/* "CONSTRAINT ; because" would be cut as a comment: the reason follows a '#'. */
static int apply_want(struct ruleset *set, const struct profile_setting *s, struct diag *d)
{
	struct expr_scope scope = {
		.arena = &set->arena,
		.catalogue = &set->catalogue,
		.thresholds = &set->thresholds,
		.subjects = {[SUBJECT_HOST] = true},
		.file = s->file,
		.line = s->line,
	};
	struct constraint *c = &set->wanted[set->wanted_count];
	char *value = arena_strdup(&set->arena, s->value), *because = strstr(value, " # ");

	if (!because)
		return diag_set(d, s->file, s->line, "'%s' needs its reason: VALUE # because …", s->name);
	*because = 0;
	if (constraint_parse(&scope, s->name, value, c, d) < 0)
		return -EINVAL;
	c->because = because + 3;
	set->wanted_count++;
	return 0;
}

int profile_apply(struct profile_stack *p, struct diag *d)
{
	static int (*const apply[])(struct ruleset *, const struct profile_setting *, struct diag *) = {
		[SETTING_THRESHOLD] = apply_threshold,
		[SETTING_RULE] = apply_rule,
		[SETTING_WANT] = apply_want,
	};
	struct ruleset *set = p->set;

	set->wanted = arena_array(&set->arena, struct constraint, p->count + 1);
	for (size_t i = 0; i < p->count; i++) {
		int r = apply[p->settings[i].kind](set, &p->settings[i], d);

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
