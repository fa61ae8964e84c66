/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain: a rule, a sysctl or a profile, and what this host says of it now. */
#include <string.h>
#include "base/nearest.h"
#include "catalogue/conf.h"
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

/* The thresholds that a rule names, each once, with their values in effect. */
struct named_thresholds {
	struct explaining *e;
	bool seen[256];
};

static void say_threshold(void *user, size_t row)
{
	struct named_thresholds *n = user;
	const struct ruleset *set = &n->e->s->rules;
	const struct threshold *t = &set->thresholds.rows[row];
	char buf[QUANTITY_MAX];

	if (row >= ARRAY_SIZE(n->seen) || n->seen[row])
		return;
	n->seen[row] = true;
	say(n->e, "threshold",
	    arena_printf(&n->e->s->rules.arena, "%s = %s%s: %s", t->name,
			 quantity_format(buf, sizeof(buf), t->dim, set->threshold_values[row]),
			 set->threshold_values[row] != t->value ? " (moved by the profile)" : "", t->about));
}

static void say_conditions(struct explaining *e, const struct rule *r)
{
	struct named_thresholds n = {.e = e};

	say(e, "applies", r->applies_text);
	say(e, "not for", r->otherwise_text);
	say(e, "when", r->when_text);
	say(e, "severity", r->off ? "off, until a profile turns it on"
				  : severity_name(r->has_override ? r->override : r->severity));
	for (enum severity s = 0; s < SEVERITIES && !r->has_override; s++)
		if (r->raised_text[s])
			say(e, severity_name(s), arena_printf(&e->s->rules.arena, "when %s", r->raised_text[s]));
	expr_thresholds(r->applies, say_threshold, &n);
	expr_thresholds(r->when, say_threshold, &n);
	for (enum severity s = 0; s < SEVERITIES; s++)
		expr_thresholds(r->raised[s], say_threshold, &n);
}

static void add_alternative(void *user, const char *text)
{
	struct text *t = user;

	if (*text)
		text_addf(t, "%s%s", t->len ? " | " : "", text);
}

/* A message whose numbers are not known yet: names of facts in brackets, and each of several wordings. */
static const char *template_text(struct arena *a, const struct message *m)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	for (unsigned i = 0; i < m->count; i++) {
		const struct message_part *part = &m->parts[i];
		_cleanup_text_ struct text words = TEXT_NULL;

		if (part->literal) {
			text_add(&t, part->literal);
			continue;
		}
		expr_texts(part->expr, add_alternative, &words);
		text_addf(&t, "[%s]", words.len ? text_get(&words) : part->source);
	}
	return arena_strdup(a, text_get(&t));
}

static void say_cure(struct explaining *e, const struct rule *r)
{
	struct arena *a = &e->s->rules.arena;

	if (r->advise.count)
		say(e, "do", template_text(a, &r->advise));
	for (unsigned i = 0; i < r->recommend_count; i++) {
		const struct constraint *c = &r->recommend[i];

		say(e, "set", r->recommend_text[i]);
		say(e, "effect", arena_printf(a, "%s: takes effect %s", c->def->title, sysctl_takes_effect(a, c->def)));
	}
	if (r->recommend_wanted)
		say(e, "set", "what the profile wants of the key");
	say(e, "risk", r->risk);
}

static void explain_rule(struct explaining *e, const struct rule *r)
{
	struct arena *a = &e->s->rules.arena;
	_cleanup_text_ struct text facts = TEXT_NULL;

	e->table.title = r->id;
	say(e, "says", r->title);
	say(e, "judges", r->key ? arena_printf(a, "the sysctl %s", r->key->key)
			 : r->keys ? arena_printf(a, "the sysctls %s", r->keys)
				   : arena_printf(a, "each %s", subject_defs[r->subject].name));
	say_conditions(e, r);
	say(e, "message", template_text(a, &r->message));
	say(e, "why", r->because);
	say_cure(e, r);
	for (unsigned i = 0; i < r->evidence_count; i++)
		text_addf(&facts, "%s%s", i ? ", " : "", r->evidence[i].name);
	say(e, "evidence", arena_strdup(a, text_get(&facts)));
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

static const char *applying_text(const struct sysctl_def *def)
{
	static const char *const texts[] = {
		[APPLY_NEVER] = "only by a person who knows why",
		[APPLY_GATED] = "by a program only with evidence, and watched afterwards",
		[APPLY_RAISE] = "by a program only upwards",
		[APPLY_VETTED] = "may be set by a program",
	};

	return texts[def->apply];
}

/* Which rules judge the key, or would change it. */
static void say_rules(struct explaining *e, const struct sysctl_def *def)
{
	const struct ruleset *set = &e->s->rules;
	_cleanup_text_ struct text t = TEXT_NULL;

	for (size_t i = 0; i < set->count; i++) {
		const struct rule *r = &set->rules[i];
		bool named = r->key == def || (r->keys && rule_judges_key(r, def));

		for (unsigned k = 0; k < r->recommend_count; k++)
			named |= r->recommend[k].def == def;
		if (named)
			text_addf(&t, "%s%s", t.len ? ", " : "", r->id);
	}
	say(e, "rules", t.len ? arena_strdup(&e->s->rules.arena, text_get(&t)) : NULL);
}

static const char *value_shown(struct arena *a, const struct value *v, const struct sysctl_def *def)
{
	return v->state == VALUE_KNOWN ? arena_printf(a, "%.0f", v->num * def->scale)
				       : arena_printf(a, "not known: %s", value_reason(v));
}

/* conf.all and conf.default, then what each interface has for itself and what is in force there. */
static void say_interfaces(struct explaining *e, const struct facts *f, const struct sysctl_def *def)
{
	size_t row = (size_t)(def - e->s->rules.catalogue.defs);
	struct arena *a = &e->s->rules.arena;

	if (f->conf_all) {
		say(e, "all", value_shown(a, &f->conf_all[row], def));
		say(e, "later ones", value_shown(a, &f->conf_default[row], def));
	}
	for (const struct subject *s = f->first[SUBJECT_INTERFACE]; s; s = s->next) {
		struct value own = conf_value(f, s, def, row, CONF_OWN), in_force = conf_value(f, s, def, row, CONF_EFFECTIVE);

		say(e, "interface", arena_printf(a, "%s: its own %s; in force %s", s->name, value_shown(a, &own, def),
						 value_shown(a, &in_force, def)));
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
	say(e, "a change", arena_printf(a, "takes effect %s", sysctl_takes_effect(a, def)));
	say(e, "inherited", def->inherits ? arena_printf(a, "from the %s", def->inherits) : NULL);
	say(e, "bears on", def->effect);
	say(e, "kernels", kernels_text(a, def));
	say(e, "default", def->default_note);
	say(e, "why", def->why);
	say(e, "risk", def->risk);
	say(e, "applying", applying_text(def));
	say_rules(e, def);
	say(e, "sources", def->refs);
	say(e, "from", arena_printf(a, "%s:%u", def->file, def->line));
	for (size_t i = 0; i < e->s->report.count && sysctl_is_template(def); i++)
		say_interfaces(e, e->s->report.parts[i].facts, def);
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
		say(e, "wants", arena_printf(a, "%s%s %s: %s", set->wanted[i].def->key,
					     set->wanted[i].def->elements > 1
						     ? arena_printf(a, "[%d]", set->wanted[i].element)
						     : "",
					     set->wanted[i].text, set->wanted[i].because));
	for (size_t i = 0; i < set->count; i++)
		if (set->rules[i].has_override)
			say(e, "rule", arena_printf(a, "%s is %s: %s", set->rules[i].id,
						    severity_name(set->rules[i].override), set->rules[i].title));
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

static bool loads(const struct ruleset *set, const char *profile)
{
	for (size_t i = 0; i < set->profile_count; i++)
		if (!strcmp(set->profiles[i], profile))
			return true;
	return false;
}

/* What throughput and latency ask for, side by side, and how this host stands. */
static void decide(const struct explaining *e, struct table *t)
{
	static const struct column decision_columns[] = {
		{"concern", NULL, DIM_TEXT, false},
		{"throughput", "for throughput", DIM_TEXT, true},
		{"latency", "for latency", DIM_TEXT, true},
		{"here", "this host now", DIM_TEXT, true},
	};
	const struct ruleset *set = &e->s->rules;
	struct expr_env env = {.facts = e->s->report.parts[0].facts, .thresholds = set->threshold_values};

	table_init(t, "decision", "Throughput against latency", decision_columns, ARRAY_SIZE(decision_columns));
	for (size_t i = 0; i < set->decision_count; i++) {
		const struct decision *d = &set->decisions[i];
		struct value *row = table_row(t);

		row[0] = value_text(d->concern);
		row[1] = value_text(d->throughput);
		row[2] = value_text(d->latency);
		row[3] = value_text(message_fill(&d->here, &env, &e->s->rules.arena));
	}
}

/* The nearest name is worth more than "unknown". */
static int unknown(const struct session *s, const char *name)
{
	const struct catalogue *c = &s->rules.catalogue;
	struct nearest n = NEAREST_NULL;

	for (size_t i = 0; i < s->rules.count; i++)
		nearest_offer(&n, name, s->rules.rules[i].id);
	for (size_t i = 0; i < c->count; i++) {
		const char *last = strrchr(c->defs[i].key, '.') + 1;

		nearest_offer(&n, name, c->defs[i].key);
		if (!strchr(name, '.'))
			nearest_offer(&n, name, last);
		/* "rp_filter" is the end of two keys: only the whole key is understood. */
		if (n.name == last && sysctl_is_template(&c->defs[i]))
			n.name = c->defs[i].key;
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
	struct table tables[2];
	const struct sysctl_def *def;
	size_t n = 1;
	int r;

	if (profile != (o.arg_count == 2)) {
		complain("usage: tcpadvisor explain RULE, SYSCTL or: profile NAME");
		return EXIT_USAGE;
	}
	if (profile)
		o.profile = o.args[1];
	/* How a host stands takes two looks; a sysctl, whose name has two dots and more, takes one. */
	if (o.window < 0)
		o.window = strchr(o.args[0], '.') == strrchr(o.args[0], '.') && !strchr(o.args[0], '_') ? 1 : 0;
	r = session_open(&s, &o);
	s.everything = true;
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
	tables[0] = e.table;
	if (profile && s.rules.decision_count && (loads(&s.rules, "latency") || loads(&s.rules, "throughput")))
		decide(&e, &tables[n++]);
	render_tables(tables, n, o.format, &ro, &t);
	while (n)
		table_clear(&tables[--n]);
	return output_write(&t);
}
