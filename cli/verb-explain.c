/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain: a rule, a sysctl or a profile, and what this host says of it now. */
#include <string.h>
#include "base/nearest.h"
#include "cli/session.h"
#include "render/layout.h"

static const struct column columns[] = {{"item", "", DIM_TEXT, false}, {"text", "", DIM_TEXT, true}};

struct explaining {
	struct session *s;
	struct table table;
};

static void say(struct explaining *e, const char *item, const char *text)
{
	struct value *row;

	if (!text || !*text)
		return;
	row = table_row(&e->table);
	row[0] = value_text(item);
	row[1] = value_text(text);
}

static void say_findings(struct explaining *e, const struct rule *rule)
{
	struct arena *a = &e->s->rules.arena;
	bool said = false;

	for (size_t i = 0; i < e->s->report.count; i++) {
		const struct judgement *j = &e->s->report.parts[i].judgement;

		for (size_t k = 0; k < j->count; k++)
			if (j->findings[k].rule == rule) {
				say(e, "here", arena_printf(a, "%s, %s: %s", severity_name(j->findings[k].severity),
							    j->findings[k].subject->name, j->findings[k].message));
				said = true;
			}
		for (size_t k = 0; k < j->unjudged_count; k++)
			if (j->unjudged[k].rule == rule) {
				say(e, "here", arena_printf(a, "%s: %s", status_name(j->unjudged[k].status),
							    j->unjudged[k].reason));
				said = true;
			}
	}
	if (!said)
		say(e, "here", rule->off ? "off in this profile" : "ok");
}

static void explain_rule(struct explaining *e, const struct rule *r)
{
	struct arena *a = &e->s->rules.arena;
	_cleanup_text_ struct text facts = TEXT_NULL;

	e->table.title = r->id;
	say(e, "says", r->title);
	say(e, "judges", r->key ? arena_printf(a, "the sysctl %s", r->key->key)
				: arena_printf(a, "each %s", subject_defs[r->subject].name));
	say(e, "severity", severity_name(r->has_override ? r->override : r->severity));
	say(e, "why", r->because);
	for (unsigned i = 0; i < r->evidence_count; i++)
		text_addf(&facts, "%s%s", i ? ", " : "", r->evidence[i].name);
	say(e, "evidence", arena_strdup(a, text_get(&facts)));
	for (unsigned i = 0; i < r->recommend_count; i++) {
		const struct constraint *c = &r->recommend[i];

		say(e, "changes", arena_printf(a, "%s (%s); takes effect on: %s", c->def->key, c->def->title, c->def->applies));
	}
	say(e, "risk", r->risk);
	say(e, "not for", r->otherwise);
	say(e, "controls", r->controls);
	say(e, "sources", r->refs);
	say(e, "from", arena_printf(a, "%s:%u", r->file, r->line));
	say_findings(e, r);
}

static const char *bounds_text(struct arena *a, const struct sysctl_def *def)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	if (def->value_count) {
		for (unsigned i = 0; i < def->value_count; i++)
			text_addf(&t, "%s%ld", i ? ", " : "one of ", def->values[i]);
	} else if (def->bounded) {
		for (unsigned i = 0; i < def->elements; i++)
			text_addf(&t, "%s%.0f to %.0f", i ? "; " : "", def->min[i], def->max[i]);
		text_addf(&t, " (%s)", def->unit);
	}
	return arena_strdup(a, text_get(&t));
}

static const char *kernels_text(struct arena *a, const struct sysctl_def *def)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	if (def->since.major)
		text_addf(&t, "since Linux %u.%u", def->since.major, def->since.minor);
	if (def->inert_since.major)
		text_addf(&t, "%signored since %u.%u", t.len ? "; " : "", def->inert_since.major, def->inert_since.minor);
	if (def->removed.major)
		text_addf(&t, "%sremoved in %u.%u", t.len ? "; " : "", def->removed.major, def->removed.minor);
	return arena_strdup(a, text_get(&t));
}

static void say_key(struct explaining *e, const struct subject *s)
{
	static const struct {
		enum key_fact fact;
		const char *item;
	} shown[] = {{KEY_LIVE, "live"},	       {KEY_DEFAULT, "default"},	 {KEY_BOOT, "at boot"},
		     {KEY_BOOT_AT, "set in"},	       {KEY_BOOT_PROCPS, "procps"},	 {KEY_BOOT_PROCPS_AT, "set in"},
		     {KEY_WANTED, "profile wants"}, {KEY_WANTED_BECAUSE, "since"}};
	bool same = s->values[KEY_LOADERS_DIFFER].num == 0;

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		const struct value *v = &s->values[shown[i].fact];

		if (same && (shown[i].fact == KEY_BOOT_PROCPS || shown[i].fact == KEY_BOOT_PROCPS_AT))
			continue;
		if (v->state == VALUE_KNOWN)
			say(e, shown[i].item, v->text);
		else if (shown[i].fact == KEY_LIVE || shown[i].fact == KEY_DEFAULT || shown[i].fact == KEY_BOOT)
			say(e, shown[i].item, arena_printf(&e->s->rules.arena, "not known: %s", value_reason(v)));
	}
}

static void explain_sysctl(struct explaining *e, const struct sysctl_def *def)
{
	struct arena *a = &e->s->rules.arena;

	e->table.title = def->key;
	say(e, "is", def->title);
	say(e, "about", def->about);
	say(e, "elements", def->names);
	say(e, "type", arena_printf(a, "%s, %s", sysctl_type_name(def->type), def->unit));
	say(e, "bounds", bounds_text(a, def));
	say(e, "scope", sysctl_netns_text(def->netns));
	if (sysctl_is_template(def))
		say(e, "interfaces", sysctl_combine_text(def->combine));
	say(e, "takes effect", def->applies);
	say(e, "inherited", def->inherits);
	say(e, "kernels", kernels_text(a, def));
	say(e, "default", def->default_note);
	say(e, "why", def->why);
	say(e, "risk", def->risk);
	say(e, "applying", sysctl_apply_text(def->apply));
	say(e, "sources", def->refs);
	for (size_t i = 0; i < e->s->report.count; i++)
		for (const struct subject *s = e->s->report.parts[i].facts->first[SUBJECT_SYSCTL]; s; s = s->next)
			if (s->key->def == def)
				say_key(e, s);
}

static void explain_profile(struct explaining *e)
{
	const struct ruleset *set = &e->s->rules;
	struct arena *a = &e->s->rules.arena;

	e->table.title = arena_printf(a, "profile %s", set->profile);
	for (size_t i = 0; i < set->profile_count; i++)
		say(e, i + 1 == set->profile_count ? "is" : "includes",
		    arena_printf(a, "%s: %s", set->profiles[i], set->profile_summaries[i]));
	for (size_t i = 0; i < set->thresholds.count; i++)
		if (set->threshold_values[i] != set->thresholds.rows[i].value) {
			char buf[QUANTITY_MAX];

			say(e, "threshold",
			    arena_printf(a, "%s = %s: %s", set->thresholds.rows[i].name,
					 quantity_format(buf, sizeof(buf), set->thresholds.rows[i].dim,
							 set->threshold_values[i]),
					 set->thresholds.rows[i].about));
		}
	for (size_t i = 0; i < set->wanted_count; i++)
		say(e, "wants", arena_printf(a, "%s%s: %s", set->wanted[i].def->key,
					     set->wanted[i].def->elements > 1
						     ? arena_printf(a, "[%d]", set->wanted[i].element)
						     : "",
					     set->wanted[i].because));
	for (const struct subject *s = e->s->report.parts[0].facts->first[SUBJECT_SYSCTL]; s; s = s->next)
		if (s->values[KEY_WANTED_UNMET].num != 0)
			say(e, "here", arena_printf(a, "%s is %s; wanted %s", s->name, s->values[KEY_LIVE].text,
						    s->values[KEY_WANTED].text));
}

/* "tcp_rmem" for net.ipv4.tcp_rmem: nobody types the tree, and few names are in both. */
static const struct sysctl_def *find_key(const struct catalogue *c, const char *name)
{
	static const char *const trees[] = {"", "net.ipv4.", "net.core.", "net.ipv6.", "net.netfilter.", "net.", "fs."};
	char key[SYSCTL_KEY_MAX];

	if (!strncmp(name, "sysctl.net.", 11) || !strncmp(name, "sysctl.fs.", 10))
		name += strlen("sysctl.");
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		const struct sysctl_def *def;

		if (snprintf(key, sizeof(key), "%s%s", trees[i], name) >= (int)sizeof(key))
			break;
		/* As written in a file, with slashes, only where no name has one of its own. */
		if (strchr(key, '/') && !strchr(key, '.'))
			for (char *p = key; *p; p++)
				*p = *p == '/' ? '.' : *p;
		def = catalogue_find(c, key);
		if (def)
			return def;
	}
	return NULL;
}

/* The nearest name is worth more than "unknown". */
static int unknown(const struct session *s, const char *name)
{
	const struct catalogue *c = &s->rules.catalogue;
	struct nearest n = NEAREST_NULL;

	for (size_t i = 0; i < s->rules.count; i++)
		nearest_offer(&n, name, s->rules.rules[i].id);
	for (size_t i = 0; i < c->count; i++) {
		nearest_offer(&n, name, c->defs[i].key);
		if (!strchr(name, '.'))
			nearest_offer(&n, name, strrchr(c->defs[i].key, '.') + 1);
	}
	complain("'%s' is neither a rule nor a sysctl of the catalogue%s%s%s", name, n.name ? "; did you mean '" : "",
		 n.name ? n.name : " (tcpadvisor rules lists the rules)", n.name ? "'?" : "");
	return EXIT_USAGE;
}

int verb_explain(const struct options *given)
{
	_cleanup_session_ struct session s = {0};
	_cleanup_text_ struct text t = TEXT_NULL;
	struct options o = *given;
	bool profile = !strcmp(o.args[0], "profile");
	struct render_options ro = output_options(&o);
	struct explaining e = {.s = &s};
	const struct sysctl_def *def;
	int r;

	if (profile != (o.arg_count == 2)) {
		complain("usage: tcpadvisor explain RULE, SYSCTL or: profile NAME");
		return EXIT_USAGE;
	}
	if (profile)
		o.profile = o.args[1];
	/* An instant look: the reader wants the meaning. */
	o.window = o.window < 0 ? 0 : o.window;
	r = session_open(&s, &o);
	if (r || (r = session_judge(&s, &o)))
		return r;
	table_init(&e.table, "explanation", "", columns, ARRAY_SIZE(columns));
	def = find_key(&s.rules.catalogue, o.args[0]);
	if (profile)
		explain_profile(&e);
	else if (ruleset_find(&s.rules, o.args[0]))
		explain_rule(&e, ruleset_find(&s.rules, o.args[0]));
	else if (def)
		explain_sysctl(&e, def);
	else
		return unknown(&s, o.args[0]);
	render_tables(&e.table, 1, o.format, &ro, &t);
	table_clear(&e.table);
	return output_write(&t);
}
