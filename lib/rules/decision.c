/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading the decision table: a section is a concern, with what throughput and latency want of it, and how it is here. */
#include <errno.h>
#include <string.h>
#include "base/ini.h"
#include "rules/rule.h"

enum { DECISIONS_MAX = 32 };

struct loading {
	struct ruleset *set;
	struct expr_scope scope;
	unsigned section_line;
	struct decision *row;
	struct diag *diag;
};

static int check_row(const struct loading *l)
{
	const struct decision *r = l->row;
	const char *lacks;

	if (!r)
		return 0;
	lacks = !r->throughput ? "throughput" : !r->latency ? "latency" : !r->here.count ? "here" : NULL;
	return lacks ? diag_set(l->diag, r->file, r->line, "[%s] needs '%s'", r->concern, lacks) : 0;
}

static int begin_row(struct loading *l, const struct ini_entry *e)
{
	struct ruleset *set = l->set;

	if (check_row(l) < 0)
		return -EINVAL;
	for (size_t i = 0; i < set->decision_count; i++)
		if (!strcmp(set->decisions[i].concern, e->section))
			return diag_set(l->diag, e->file, e->section_line, "[%s] is there already, in %s:%u", e->section,
					set->decisions[i].file, set->decisions[i].line);
	if (set->decision_count == DECISIONS_MAX)
		return diag_set(l->diag, e->file, e->section_line, "more than %d concerns", DECISIONS_MAX);
	if (!set->decisions)
		set->decisions = arena_array(&set->arena, struct decision, DECISIONS_MAX);
	l->row = &set->decisions[set->decision_count++];
	*l->row = (struct decision){
		.concern = arena_strdup(&set->arena, e->section),
		.file = l->scope.file,
		.line = e->section_line,
	};
	l->section_line = e->section_line;
	return 0;
}

static int set_text(struct loading *l, const struct ini_entry *e, const char **ret)
{
	if (*ret)
		return diag_set(l->diag, e->file, e->line, "'%s' stands twice in [%s]", e->key, e->section);
	*ret = arena_strdup(&l->set->arena, e->value);
	return 0;
}

static int on_entry(void *user, const struct ini_entry *e, struct diag *d)
{
	struct loading *l = user;

	l->diag = d;
	if (!*e->section)
		return diag_set(d, e->file, e->line, "'%s' stands before any section", e->key);
	if (l->section_line != e->section_line && begin_row(l, e) < 0)
		return -EINVAL;
	l->scope.line = e->line;
	if (!strcmp(e->key, "throughput"))
		return set_text(l, e, &l->row->throughput);
	if (!strcmp(e->key, "latency"))
		return set_text(l, e, &l->row->latency);
	if (strcmp(e->key, "here"))
		return diag_set(d, e->file, e->line, "a concern has 'throughput', 'latency' and 'here', not '%s'", e->key);
	if (l->row->here.count)
		return diag_set(d, e->file, e->line, "'here' stands twice in [%s]", e->section);
	return message_parse(&l->scope, e->value, &l->row->here, d);
}

int decisions_load(struct ruleset *set, const char *file, const char *bytes, size_t n, struct diag *d)
{
	struct loading l = {
		.set = set,
		.scope = {.arena = &set->arena,
			  .catalogue = &set->catalogue,
			  .thresholds = &set->thresholds,
			  .subjects = {[SUBJECT_HOST] = true},
			  .file = arena_strdup(&set->arena, file)},
		.diag = d,
	};
	int r = ini_read(file, bytes, n, on_entry, &l, d);

	return r < 0 ? r : check_row(&l);
}
