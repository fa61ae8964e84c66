/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts: every fact of every subject, with value, unit and source; missing ones with the reason. */
#include <fnmatch.h>
#include "catalogue/catalogue.h"
#include "cli/session.h"

static const struct column columns[] = {
	{"fact", NULL, DIM_TEXT, false},  {"subject", NULL, DIM_TEXT, .extra = true}, {"value", NULL, DIM_TEXT, false},
	{"unit", NULL, DIM_TEXT, .extra = true}, {"delta", NULL, DIM_TEXT, .extra = true},   {"about", NULL, DIM_TEXT, true},
};

struct listing {
	struct table *table;
	const char *pattern;
	struct arena *arena;
};

/* Cells of one column have many dimensions here, so they are text already. */
static struct value as_text(struct listing *l, const struct value *v, enum dim dim)
{
	char *buf;

	if (v->state != VALUE_KNOWN)
		return value_missing(v->state, v->reason);
	if (v->text)
		return value_text(v->text);
	buf = arena_alloc(l->arena, QUANTITY_MAX);
	return value_text(quantity_format(buf, QUANTITY_MAX, dim, v->num));
}

static void add(struct listing *l, const char *fact, const char *subject, const struct value *v, enum dim dim,
		const char *source, const char *about)
{
	struct value *row, grown = value_number(v->delta);

	if (l->pattern && fnmatch(l->pattern, fact, 0))
		return;
	row = table_row(l->table);
	row[0] = value_text(fact);
	row[1] = value_text(subject);
	row[2] = as_text(l, v, dim);
	row[3] = value_text(dim_name(dim));
	row[4] = v->has_delta ? as_text(l, &grown, dim) : value_missing(VALUE_NO_WINDOW, NULL);
	if (v->state == VALUE_KNOWN)
		row[5] = value_text(arena_printf(l->arena, "%s (%s)", about, v->source ? v->source : source));
	else
		row[5] = value_text(arena_printf(l->arena, "%s (%s)", about, value_reason(v)));
}

static void add_sysctls(struct listing *l, const struct facts *f)
{
	for (size_t i = 0; i < f->sysctl_count; i++) {
		const struct sysctl_state *s = &f->sysctls[i];

		for (unsigned k = 0; k < s->def->elements; k++) {
			struct value v = s->state == VALUE_KNOWN ? s->elements[k] : value_missing(s->state, s->reason);
			const char *name = s->def->elements > 1
						   ? arena_printf(l->arena, "sysctl.%s[%u]", s->def->key, k)
						   : arena_printf(l->arena, "sysctl.%s", s->def->key);

			add(l, name, "", &v, s->def->dim, "/proc/sys", s->def->title);
		}
	}
}

static void add_subjects(struct listing *l, const struct facts *f)
{
	for (enum subject_type t = 0; t < SUBJECT_TYPES; t++)
		for (const struct subject *s = f->first[t]; s; s = s->next)
			for (size_t i = 0; i < subject_defs[t].fact_count; i++) {
				const struct fact_def *def = &subject_defs[t].facts[i];

				if (t != SUBJECT_SYSCTL || s->values[i].state == VALUE_KNOWN)
					add(l, def->name, t == SUBJECT_HOST ? "" : s->name, &s->values[i], def->dim, def->source,
					    def->about);
			}
}

static void fill(struct table *table, const struct report_part *part, const struct options *o)
{
	struct listing l = {table, o->arg_count ? o->args[0] : NULL, &part->facts->arena};

	table_init(table, "facts", "Facts", columns, ARRAY_SIZE(columns));
	table->empty = "no fact has such a name";
	add_sysctls(&l, part->facts);
	add_subjects(&l, part->facts);
}

static int show(struct session *s, const struct options *o, const struct render_options *ro, struct text *t)
{
	session_tables(s, o, ro, 1, fill, t);
	return EXIT_OK;
}

int verb_facts(const struct options *o)
{
	return session_show(o, show);
}
