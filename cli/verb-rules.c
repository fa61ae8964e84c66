/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rules and profiles: what is loaded, and from where. */
#include <string.h>
#include "cli/session.h"

static const struct column rule_columns[] = {
	{"rule", NULL, DIM_TEXT, false},  {"subject", NULL, DIM_TEXT, .extra = true}, {"severity", NULL, DIM_TEXT, false},
	{"file", NULL, DIM_TEXT, .extra = true}, {"title", NULL, DIM_TEXT, true},
};

static const char *severity_text(const struct rule *r)
{
	return r->off ? "off" : severity_name(r->has_override ? r->override : r->severity);
}

int verb_rules(const struct options *o)
{
	_cleanup_session_ struct session s;
	_cleanup_text_ struct text t = TEXT_NULL;
	struct render_options ro = output_options(o);
	struct table table;
	int r = session_open(&s, o);

	if (r)
		return r;
	table_init(&table, "rules", "Rules", rule_columns, ARRAY_SIZE(rule_columns));
	for (size_t i = 0; i < s.rules.count; i++) {
		const struct rule *rule = &s.rules.rules[i];
		const char *base = strrchr(rule->file, '/');
		struct value *row = table_row(&table);

		row[0] = value_text(rule->id);
		row[1] = value_text(rule->key ? rule->key->key : subject_defs[rule->subject].name);
		row[2] = value_text(severity_text(rule));
		row[4] = value_text(rule->title);
		row[3] = value_text(arena_printf(&s.rules.arena, "%s:%u", base ? base + 1 : rule->file, rule->line));
	}
	render_tables(&table, 1, o->format, &ro, &t);
	table_clear(&table);
	return output_write(&t);
}

static const struct column profile_columns[] = {
	{"profile", NULL, DIM_TEXT, false},
	{"wants", NULL, DIM_COUNT, false},
	{"summary", NULL, DIM_TEXT, true},
};

/* Each profile is loaded by itself: one that is broken is shown as such, and the others still listed. */
static void add_profile(struct table *t, struct session *s, const char *name, struct arena *a)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	struct value *row = table_row(t);
	struct diag d = {0};

	row[0] = value_text(name);
	if (config_load_rules(s->root, s->datadir, name, set, &d) < 0) {
		row[2] = value_text(arena_printf(a, "cannot be loaded: %s:%u: %s", d.file, d.line, d.message));
		return;
	}
	row[1] = value_number((double)set->wanted_count);
	row[2] = value_text(arena_strdup(a, set->profile_summaries[0]));
	for (size_t i = 0; i < set->profile_count; i++)
		if (!strcmp(set->profiles[i], name))
			row[2] = value_text(arena_strdup(a, set->profile_summaries[i]));
}

int verb_profiles(const struct options *o)
{
	_cleanup_session_ struct session s;
	_cleanup_text_ struct text t = TEXT_NULL;
	struct render_options ro = output_options(o);
	const char **names;
	struct table table;
	size_t n;
	int r = session_open(&s, o);

	if (r)
		return r;
	r = config_list_profiles(s.root, s.datadir, &s.rules.arena, &names, &n);
	if (r < 0) {
		complain("profiles: %s", strerror(-r));
		return EXIT_COULD_NOT_CHECK;
	}
	table_init(&table, "profiles", "Profiles", profile_columns, ARRAY_SIZE(profile_columns));
	for (size_t i = 0; i < n; i++)
		add_profile(&table, &s, names[i], &s.rules.arena);
	render_tables(&table, 1, o->format, &ro, &t);
	table_clear(&table);
	return output_write(&t);
}
