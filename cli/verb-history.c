/* SPDX-License-Identifier: GPL-2.0-or-later */
/* history: what was applied here, what became of it, and what it did. */
#include <string.h>
#include "cli/service.h"
#include "cli/transaction.h"
#include "render/json.h"

struct listing {
	const struct options *o;
	struct table table;
	struct arena arena;
	json_t *json;
};

static const struct column columns[] = {
	{"time", NULL, DIM_TEXT, .whole = true},    {"id", NULL, DIM_TEXT, .whole = true},
	{"state", NULL, DIM_TEXT, .whole = true},   {"profile", NULL, DIM_TEXT, .extra = true},
	{"keys", NULL, DIM_COUNT, .extra = true},   {"reason", NULL, DIM_TEXT, .wide = true},
};

/* Why it ended, or what the health watcher says of it now. */
static const char *reason_of(const struct paper *p)
{
	return *p->reason ? p->reason : *p->signal ? p->signal : "-";
}

static void add_row(struct listing *l, const struct paper *p)
{
	struct value *row = table_row(&l->table);
	char when[SERVICE_TIME_MAX];

	service_time((double)p->asked / 1000, when, sizeof(when));
	row[0] = value_text(arena_strdup(&l->arena, when));
	row[1] = value_text(arena_strndup(&l->arena, p->id, SHORT_ID));
	row[2] = value_text(paper_state_name(p->state));
	row[3] = value_text(arena_strdup(&l->arena, *p->profile ? p->profile : "-"));
	row[4] = value_number(p->change_count);
	row[5] = value_text(arena_strdup(&l->arena, reason_of(p)));
}

/* One that is gone meanwhile, the oldest goes when there are too many, is passed over. */
static int add(struct listing *l, const char *id)
{
	_cleanup_free_ struct paper *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		abort();
	r = transaction_show(l->o, id, p);
	if (r || p->error == ERROR_UNKNOWN_ID || (r = applier_refused(p)))
		return r;
	json_array_append_new(l->json, transaction_json(p));
	add_row(l, p);
	return 0;
}

static void listing_clear(struct listing *l)
{
	table_clear(&l->table);
	arena_clear(&l->arena);
	json_decref(l->json);
}

static int list_all(struct listing *l)
{
	_cleanup_free_ char (*list)[PAPER_ID] = NULL;
	size_t n;
	int r = transaction_list(l->o, &list, &n);

	for (size_t i = 0; !r && i < n; i++)
		r = add(l, list[i]);
	return r;
}

static void print_json(json_t *transactions, struct text *t)
{
	json_finish(json_pack("{s:s, s:O}", "schema", "tcpadvisor.history/1", "transactions", transactions), t);
}

static int show_all(const struct options *o)
{
	_cleanup_(listing_clear) struct listing l = {.o = o, .json = json_array()};
	struct render_options ro = output_options(o);
	_cleanup_text_ struct text t = TEXT_NULL;
	int r;

	table_init(&l.table, "history", "What was applied here, the newest first", columns, ARRAY_SIZE(columns));
	l.table.empty = "nothing";
	r = list_all(&l);
	if (r)
		return r;
	if (!strcmp(o->format, "json"))
		print_json(l.json, &t);
	else
		render_tables(&l.table, 1, "text", &ro, &t);
	return output_write(&t);
}

static int show_one(const struct options *o, const char *given)
{
	_cleanup_free_ struct paper *p = calloc(1, sizeof(*p));
	_cleanup_(json_decrefp) json_t *list = json_array();
	struct render_options ro = output_options(o);
	_cleanup_text_ struct text t = TEXT_NULL;
	char id[PAPER_ID];
	int r;

	if (!p)
		abort();
	r = transaction_find(o, given, id);
	if (r || (r = transaction_show(o, id, p)) || (r = applier_refused(p)))
		return r;
	json_array_append_new(list, transaction_json(p));
	if (!strcmp(o->format, "json")) {
		print_json(list, &t);
		return output_write(&t);
	}
	transaction_add_summary(p, &ro, &t);
	evidence_add_text(p, &ro, &t);
	return output_write(&t);
}

int verb_history(const struct options *o)
{
	return o->arg_count ? show_one(o, o->args[0]) : show_all(o);
}
