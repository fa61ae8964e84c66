/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waivers: a finding that somebody accepted, with a reason and a day on which that ends. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <time.h>
#include "base/ini.h"
#include "rules/profile.h"

enum { WAIVERS_MAX = 256 };

struct loading {
	struct ruleset *set;
	struct waiver *waiver;
};

static int parse_day(const char *s, double *ret)
{
	struct tm day = {0}, check;
	const char *end = strptime(s, "%Y-%m-%d", &day);
	time_t t;

	if (!end || *end)
		return -EINVAL;
	check = day;
	t = timegm(&check);
	/* timegm() turns 30 February into a day of March. */
	if (check.tm_mday != day.tm_mday || check.tm_mon != day.tm_mon)
		return -EINVAL;
	*ret = (double)t + 86400;
	return 0;
}

static int check(const struct waiver *w, struct diag *d)
{
	if (!w)
		return 0;
	if (!w->reason || !*w->reason)
		return diag_set(d, w->file, w->line, "[%s] needs 'reason'", w->rule);
	if (w->expires <= 0)
		return diag_set(d, w->file, w->line, "[%s] needs 'expires = YYYY-MM-DD'", w->rule);
	return 0;
}

static int begin(struct loading *l, const struct ini_entry *e, struct diag *d)
{
	struct ruleset *set = l->set;

	if (check(l->waiver, d) < 0)
		return -EINVAL;
	if (!ruleset_find(set, e->section))
		return diag_set(d, e->file, e->section_line, "no rule is named '%s'", e->section);
	if (set->waiver_count == WAIVERS_MAX)
		return diag_set(d, e->file, e->section_line, "more than %d waivers", WAIVERS_MAX);
	if (!set->waivers)
		set->waivers = arena_array(&set->arena, struct waiver, WAIVERS_MAX);
	l->waiver = &set->waivers[set->waiver_count++];
	*l->waiver = (struct waiver){
		.rule = arena_strdup(&set->arena, e->section),
		.subject = "*",
		.file = arena_strdup(&set->arena, e->file),
		.line = e->section_line,
	};
	return 0;
}

static int on_entry(void *user, const struct ini_entry *e, struct diag *d)
{
	struct loading *l = user;

	if (!*e->section)
		return diag_set(d, e->file, e->line, "'%s' stands before any section", e->key);
	if (!l->waiver || l->waiver->line != e->section_line)
		if (begin(l, e, d) < 0)
			return -EINVAL;
	if (!strcmp(e->key, "subject"))
		l->waiver->subject = arena_strdup(&l->set->arena, e->value);
	else if (!strcmp(e->key, "reason"))
		l->waiver->reason = arena_strdup(&l->set->arena, e->value);
	else if (strcmp(e->key, "expires"))
		return diag_set(d, e->file, e->line, "a waiver has 'subject', 'reason' and 'expires', not '%s'", e->key);
	else if (parse_day(e->value, &l->waiver->expires) < 0)
		return diag_set(d, e->file, e->line, "'expires = %s': a day such as 2027-01-31", e->value);
	return 0;
}

int waivers_load(struct ruleset *set, const char *file, const char *bytes, size_t n, struct diag *d)
{
	struct loading l = {.set = set};
	int r = ini_read(file, bytes, n, on_entry, &l, d);

	return r < 0 ? r : check(l.waiver, d);
}

const struct waiver *waiver_find(const struct ruleset *set, const struct rule *rule, const char *subject,
				 double clock)
{
	for (size_t i = 0; i < set->waiver_count; i++) {
		const struct waiver *w = &set->waivers[i];

		if (!strcmp(w->rule, rule->id) && !fnmatch(w->subject, subject, 0) && clock < w->expires)
			return w;
	}
	return NULL;
}

bool rule_matches(const char *id, const char *pattern)
{
	size_t n = strlen(pattern);

	if (n > 2 && !strcmp(pattern + n - 2, ".*"))
		return !strncmp(id, pattern, n - 1);
	return !strcmp(id, pattern);
}

bool rules_match_any(const struct ruleset *set, const char *pattern)
{
	for (size_t i = 0; i < set->count; i++)
		if (rule_matches(set->rules[i].id, pattern))
			return true;
	return false;
}
