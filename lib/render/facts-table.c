/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was measured, fact by fact: for the verb, and for those who ask the service. */
#include "catalogue/catalogue.h"
#include "collect/sysctld-glob.h"
#include "render/facts-table.h"

static const struct column columns[] = {
	{"fact", NULL, DIM_TEXT, false},  {"subject", NULL, DIM_TEXT, .extra = true}, {"value", NULL, DIM_TEXT, false},
	{"unit", NULL, DIM_TEXT, .extra = true}, {"delta", NULL, DIM_TEXT, .extra = true},   {"about", NULL, DIM_TEXT, true},
};

struct walk {
	const char *pattern;
	fact_row_fn fn;
	void *user;
};

static void tell(const struct walk *w, const char *fact, const char *subject, const struct value *v, enum dim dim,
		 const char *source, const char *about)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct fact_row row = {.fact = fact, .subject = subject, .value = v, .unit = dim_name(dim)};
	char number[QUANTITY_MAX], delta[QUANTITY_MAX];

	if (w->pattern && !glob_match(w->pattern, fact))
		return;
	if (v->state == VALUE_KNOWN)
		row.text = v->text ? v->text : quantity_format(number, sizeof(number), dim, v->num);
	if (v->has_delta)
		row.delta = quantity_format(delta, sizeof(delta), dim, v->delta);
	text_addf(&t, "%s (%s)", about,
		  v->state != VALUE_KNOWN ? value_reason(v) : v->source ? v->source : source);
	row.about = text_get(&t);
	w->fn(w->user, &row);
}

static void tell_sysctls(const struct walk *w, const struct facts *f)
{
	_cleanup_text_ struct text name = TEXT_NULL;

	for (size_t i = 0; i < f->sysctl_count; i++) {
		const struct sysctl_state *s = &f->sysctls[i];

		for (unsigned k = 0; k < s->def->elements; k++) {
			struct value v = s->state == VALUE_KNOWN ? s->elements[k] : value_missing(s->state, s->reason);

			name.len = 0;
			text_addf(&name, "sysctl.%s", s->def->key);
			if (s->def->elements > 1)
				text_addf(&name, "[%u]", k);
			tell(w, name.s, "", &v, s->def->dim, "/proc/sys", s->def->title);
		}
	}
}

static void tell_subjects(const struct walk *w, const struct facts *f)
{
	for (enum subject_type t = 0; t < SUBJECT_TYPES; t++)
		for (const struct subject *s = f->first[t]; s; s = s->next)
			for (size_t i = 0; i < subject_defs[t].fact_count; i++) {
				const struct fact_def *def = &subject_defs[t].facts[i];

				if (t != SUBJECT_SYSCTL || s->values[i].state == VALUE_KNOWN)
					tell(w, def->name, t == SUBJECT_HOST ? "" : s->name, &s->values[i], def->dim, def->source,
					     def->about);
			}
}

void facts_each(const struct facts *f, const char *pattern, fact_row_fn fn, void *user)
{
	const struct walk w = {pattern, fn, user};

	tell_sysctls(&w, f);
	tell_subjects(&w, f);
}

struct filling {
	struct table *table;
	struct arena *arena;
};

static struct value copy(struct arena *a, const char *s)
{
	return value_text(arena_strdup(a, s));
}

static void add_row(void *user, const struct fact_row *r)
{
	const struct filling *f = user;
	struct value *row = table_row(f->table);

	row[0] = copy(f->arena, r->fact);
	row[1] = value_text(r->subject);
	/* Cells of one column have many dimensions here, so they are text. */
	row[2] = r->text ? copy(f->arena, r->text) : value_missing(r->value->state, r->value->reason);
	row[3] = value_text(r->unit);
	row[4] = r->delta ? copy(f->arena, r->delta) : value_missing(VALUE_NO_WINDOW, NULL);
	row[5] = copy(f->arena, r->about);
}

void facts_table(struct table *t, const struct facts *f, const char *pattern, struct arena *a)
{
	struct filling filling = {t, a};

	table_init(t, "facts", "Facts", columns, ARRAY_SIZE(columns));
	t->empty = "no fact has such a name";
	facts_each(f, pattern, add_row, &filling);
}
