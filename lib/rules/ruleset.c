/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading *.rule files: a section is a rule, or a threshold that rules and profiles share. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include "base/ini.h"
#include "rules/rule.h"

static const char *const severity_names[SEVERITIES] = {
	[SEVERITY_INFO] = "info",
	[SEVERITY_NOTICE] = "notice",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
};

enum { RULES_MAX = 1024, THRESHOLDS_MAX = 256, KEYS_MAX = 64 };

struct loading {
	struct ruleset *set;
	enum rule_pass pass;
	struct rule *rule; /* of the section being read */
	struct threshold *threshold;
	unsigned section_line;
	const char *seen[KEYS_MAX]; /* keys of the section so far */
	unsigned seen_count;
	bool has_value; /* of a threshold */
	struct expr_scope scope;
	struct diag *diag;
};

const char *severity_name(enum severity s)
{
	return severity_names[s];
}

bool severity_from_name(const char *name, enum severity *ret)
{
	for (enum severity s = 0; s < SEVERITIES; s++)
		if (!strcmp(severity_names[s], name)) {
			*ret = s;
			return true;
		}
	return false;
}

int threshold_find(const struct thresholds *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (!strcmp(t->rows[i].name, name))
			return (int)i;
	return -1;
}

static int set_condition(struct loading *l, const char *value, const struct expr **ret, const char **ret_text)
{
	*ret_text = arena_strdup(&l->set->arena, value);
	return expr_parse_as(&l->scope, value, DIM_BOOL, ret, l->diag);
}

static bool matches_any(const struct catalogue *c, const char *glob)
{
	for (size_t i = 0; i < c->count; i++)
		if (!sysctl_is_template(&c->defs[i]) && !fnmatch(glob, c->defs[i].key, 0))
			return true;
	return false;
}

static int set_for(struct loading *l, const char *value)
{
	struct rule *r = l->rule;

	if (!strncmp(value, "sysctl ", 7)) {
		r->subject = SUBJECT_SYSCTL;
		r->key = catalogue_find(&l->set->catalogue, value + 7);
		if (!r->key && matches_any(&l->set->catalogue, value + 7))
			r->keys = arena_strdup(&l->set->arena, value + 7);
		else if (!r->key)
			return diag_set(l->diag, l->scope.file, l->scope.line, "'%s' is not in the catalogue of sysctls",
					value + 7);
	} else if (!subject_type_from_name(value, &r->subject)) {
		return diag_set(l->diag, l->scope.file, l->scope.line,
				"'for = %s': host, sysctl [KEY], interface, path, listener, destination, owner, waiver or line", value);
	}
	l->scope.subjects[r->subject] = true;
	l->scope.subjects[SUBJECT_INTERFACE] |= r->subject == SUBJECT_PATH;
	return 0;
}

static int set_severity(struct loading *l, const char *value)
{
	if (!severity_from_name(value, &l->rule->severity))
		return diag_set(l->diag, l->scope.file, l->scope.line, "'severity = %s': info, notice, warning or error",
				value);
	return 0;
}

static int set_evidence(struct loading *l, const char *value)
{
	char *copy = arena_strdup(&l->set->arena, value), *state = NULL;

	for (char *w = strtok_r(copy, " ", &state); w; w = strtok_r(NULL, " ", &state)) {
		struct evidence_ref *e = &l->rule->evidence[l->rule->evidence_count];

		if (l->rule->evidence_count++ == RULE_EVIDENCE_MAX)
			return diag_set(l->diag, l->scope.file, l->scope.line, "more than %d facts", RULE_EVIDENCE_MAX);
		e->name = w;
		if (expr_parse(&l->scope, w, &e->expr, l->diag) < 0)
			return -EINVAL;
	}
	return 0;
}

static int set_recommend(struct loading *l, const char *value)
{
	if (!strcmp(value, "wanted") && l->rule->subject == SUBJECT_SYSCTL) {
		l->rule->recommend_wanted = true;
		return 0;
	}
	if (l->rule->recommend_count == RULE_RECOMMEND_MAX)
		return diag_set(l->diag, l->scope.file, l->scope.line, "more than %d recommendations",
				RULE_RECOMMEND_MAX);
	l->rule->recommend_text[l->rule->recommend_count] = arena_strdup(&l->set->arena, value);
	return constraint_parse_line(&l->scope, value, &l->rule->recommend[l->rule->recommend_count++], l->diag);
}

static int set_enabled(struct loading *l, const char *value)
{
	l->rule->off = !strcmp(value, "no");
	if (strcmp(value, "no") && strcmp(value, "yes"))
		return diag_set(l->diag, l->scope.file, l->scope.line, "'enabled = %s': yes or no", value);
	return 0;
}

static const struct {
	const char *key;
	size_t offset;
} rule_texts[] = {
	{"title", offsetof(struct rule, title)},
	{"because", offsetof(struct rule, because)},
	{"risk", offsetof(struct rule, risk)},
	{"refs", offsetof(struct rule, refs)},
	{"otherwise", offsetof(struct rule, otherwise_text)},
	{"controls", offsetof(struct rule, controls)},
};

static int rule_field(struct loading *l, const char *key, const char *value)
{
	struct rule *r = l->rule;
	enum severity s;

	for (size_t i = 0; i < ARRAY_SIZE(rule_texts); i++)
		if (!strcmp(rule_texts[i].key, key)) {
			*(const char **)((char *)r + rule_texts[i].offset) = arena_strdup(&l->set->arena, value);
			return strcmp(key, "otherwise") ? 0 : message_parse(&l->scope, value, &r->otherwise, l->diag);
		}
	if (!strcmp(key, "for"))
		return set_for(l, value);
	if (!strcmp(key, "enabled"))
		return set_enabled(l, value);
	if (!strcmp(key, "applies"))
		return set_condition(l, value, &r->applies, &r->applies_text);
	if (!strcmp(key, "when"))
		return set_condition(l, value, &r->when, &r->when_text);
	if (!strcmp(key, "severity"))
		return set_severity(l, value);
	if (!strcmp(key, "message"))
		return message_parse(&l->scope, value, &r->message, l->diag);
	if (!strcmp(key, "advise"))
		return message_parse(&l->scope, value, &r->advise, l->diag);
	if (!strcmp(key, "evidence"))
		return set_evidence(l, value);
	if (!strcmp(key, "recommend") || !strncmp(key, "recommend.", 10))
		return set_recommend(l, value);
	if (strlen(key) > 5 && !strcmp(key + strlen(key) - 5, "-when")) {
		char name[16];

		snprintf(name, sizeof(name), "%.*s", (int)(strlen(key) - 5), key);
		if (severity_from_name(name, &s))
			return set_condition(l, value, &r->raised[s], &r->raised_text[s]);
	}
	return diag_set(l->diag, l->scope.file, l->scope.line, "unknown key '%s' in a rule", key);
}

static int threshold_field(struct loading *l, const char *key, const char *value)
{
	struct threshold *t = l->threshold;
	const char *rest;

	if (!strcmp(key, "about")) {
		t->about = arena_strdup(&l->set->arena, value);
		return 0;
	}
	if (strcmp(key, "value"))
		return diag_set(l->diag, l->scope.file, l->scope.line, "a threshold has 'value' and 'about'");
	if (quantity_scan(value, &rest, &t->value, &t->dim) < 0 || *rest)
		return diag_set(l->diag, l->scope.file, l->scope.line, "'%s' is not a number with a unit", value);
	l->has_value = true;
	return 0;
}

static int check_section(const struct loading *l)
{
	const struct rule *r = l->rule;
	const char *lacks = NULL;

	if (l->threshold && (!l->threshold->about || !l->has_value))
		return diag_set(l->diag, l->scope.file, l->section_line, "[threshold %s] needs '%s'", l->threshold->name,
				l->has_value ? "about" : "value");
	if (!r)
		return 0;
	lacks = !r->title ? "title" : !r->when ? "when" : !r->message.count ? "message" : !r->because ? "because"
								       : !r->refs ? "refs" : NULL;
	if (lacks)
		return diag_set(l->diag, r->file, r->line, "[%s] needs '%s'", r->id, lacks);
	return 0;
}

static int begin_threshold(struct loading *l, const struct ini_entry *e, const char *name)
{
	struct thresholds *t = &l->set->thresholds;

	if (threshold_find(t, name) >= 0)
		return diag_set(l->diag, e->file, e->section_line, "[%s] is there already", e->section);
	if (t->count == THRESHOLDS_MAX)
		return diag_set(l->diag, e->file, e->section_line, "more than %d thresholds", THRESHOLDS_MAX);
	if (!t->rows)
		t->rows = arena_array(&l->set->arena, struct threshold, THRESHOLDS_MAX);
	l->threshold = &t->rows[t->count++];
	l->threshold->name = arena_strdup(&l->set->arena, name);
	return 0;
}

static int begin_rule(struct loading *l, const struct ini_entry *e)
{
	struct ruleset *set = l->set;

	for (size_t i = 0; i < set->count; i++)
		if (!strcmp(set->rules[i].id, e->section))
			return diag_set(l->diag, e->file, e->section_line, "[%s] is there already, in %s:%u", e->section,
					set->rules[i].file, set->rules[i].line);
	if (set->count == RULES_MAX)
		return diag_set(l->diag, e->file, e->section_line, "more than %d rules", RULES_MAX);
	if (!strchr(e->section, '.') || strspn(e->section, "abcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(e->section))
		return diag_set(l->diag, e->file, e->section_line,
				"[%s]: a rule's id is TOPIC.NAME in small letters, digits and '-'", e->section);
	if (!set->rules)
		set->rules = arena_array(&set->arena, struct rule, RULES_MAX);
	l->rule = &set->rules[set->count++];
	*l->rule = (struct rule){
		.id = arena_strdup(&set->arena, e->section),
		.severity = SEVERITY_WARNING,
		.file = l->scope.file,
		.line = e->section_line,
	};
	memset(l->scope.subjects, 0, sizeof(l->scope.subjects));
	l->scope.subjects[SUBJECT_HOST] = true;
	l->scope.templates = &l->rule->templates;
	return 0;
}

static int begin_section(struct loading *l, const struct ini_entry *e)
{
	const char *name = strncmp(e->section, "threshold ", 10) ? NULL : e->section + 10;
	int r = check_section(l);

	l->rule = NULL;
	l->threshold = NULL;
	l->has_value = false;
	l->seen_count = 0;
	l->section_line = e->section_line;
	if (r < 0)
		return r;
	if (name)
		return l->pass == PASS_THRESHOLDS ? begin_threshold(l, e, name) : 0;
	return l->pass == PASS_RULES ? begin_rule(l, e) : 0;
}

/* Of two conditions in one section only one could count. */
static int once(struct loading *l, const struct ini_entry *e)
{
	for (unsigned i = 0; i < l->seen_count; i++)
		if (!strcmp(l->seen[i], e->key))
			return diag_set(l->diag, e->file, e->line, "'%s' stands twice in [%s]", e->key, e->section);
	if (l->seen_count == KEYS_MAX)
		return diag_set(l->diag, e->file, e->line, "more than %d keys in a section", KEYS_MAX);
	l->seen[l->seen_count++] = arena_strdup(&l->set->arena, e->key);
	return 0;
}

static int on_entry(void *user, const struct ini_entry *e, struct diag *d)
{
	struct loading *l = user;

	l->diag = d;
	if (!*e->section)
		return diag_set(d, e->file, e->line, "'%s' stands before any section", e->key);
	if (l->section_line != e->section_line && begin_section(l, e) < 0)
		return -EINVAL;
	if (once(l, e) < 0)
		return -EINVAL;
	l->scope.line = e->line;
	if (l->rule)
		return rule_field(l, e->key, e->value);
	return l->threshold ? threshold_field(l, e->key, e->value) : 0;
}

int ruleset_add_file(struct ruleset *set, enum rule_pass pass, const char *file, const char *bytes, size_t n,
		     struct diag *d)
{
	struct loading l = {
		.set = set,
		.pass = pass,
		.scope = {.arena = &set->arena,
			  .catalogue = &set->catalogue,
			  .thresholds = &set->thresholds,
			  .file = arena_strdup(&set->arena, file)},
		.diag = d,
	};
	int r = ini_read(file, bytes, n, on_entry, &l, d);

	return r < 0 ? r : check_section(&l);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct rule *)a)->id, ((const struct rule *)b)->id);
}

int ruleset_seal(struct ruleset *set, struct diag *d)
{
	if (!set->count)
		return diag_set(d, "rules", 0, "no rule was found");
	qsort(set->rules, set->count, sizeof(*set->rules), by_id);
	set->threshold_values = arena_array(&set->arena, double, set->thresholds.count + 1);
	for (size_t i = 0; i < set->thresholds.count; i++)
		set->threshold_values[i] = set->thresholds.rows[i].value;
	return 0;
}

bool rule_judges_key(const struct rule *r, const struct sysctl_def *def)
{
	if (r->key)
		return r->key == def;
	return !r->keys || !fnmatch(r->keys, def->key, 0);
}

struct rule *ruleset_find(const struct ruleset *set, const char *id)
{
	struct rule key = {.id = id};

	return set->count ? bsearch(&key, set->rules, set->count, sizeof(key), by_id) : NULL;
}

bool rule_measures(const struct rule *r)
{
	bool measures = expr_measures(r->applies) || expr_measures(r->when);

	for (size_t i = 0; i < SEVERITIES; i++)
		measures |= expr_measures(r->raised[i]);
	return measures;
}

void ruleset_clear(struct ruleset *set)
{
	arena_clear(&set->arena);
	*set = (struct ruleset){0};
}
