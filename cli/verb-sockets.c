/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockets: the census in four tables. */
#include <string.h>
#include "cli/session.h"

enum { ROWS_SHOWN = 30 };

/* A column that shows one fact of the subject; row -1 is its name, -2 its unit. */
struct fact_column {
	struct column column;
	int fact;
};

enum { NAME = -1, UNIT = -2, COLUMNS_MAX = 8 };

static const struct fact_column listener_columns[] = {
	{{"address", NULL, DIM_TEXT, false}, NAME},
	{{"queue", NULL, DIM_COUNT, false}, LISTENER_QUEUE},
	{{"limit", NULL, DIM_COUNT, false}, LISTENER_LIMIT},
	{{"drops", NULL, DIM_COUNT, false}, LISTENER_DROPS},
	{{"syn_recv", "syn-recv", DIM_COUNT, false}, LISTENER_SYN_RECV},
	{{"workers", NULL, DIM_COUNT, false}, LISTENER_WORKERS},
	{{"unit", NULL, DIM_TEXT, true}, UNIT},
};
static const struct fact_column destination_columns[] = {
	{{"destination", NULL, DIM_TEXT, false}, NAME},
	{{"established", "estab", DIM_COUNT, false}, DESTINATION_ESTABLISHED},
	{{"time_wait", "time-wait", DIM_COUNT, false}, DESTINATION_TIME_WAIT},
	{{"syn_sent", "syn-sent", DIM_COUNT, false}, DESTINATION_SYN_SENT},
	{{"ports_used", "ports", DIM_COUNT, false}, DESTINATION_USED},
	{{"ports_used_share", "of range", DIM_RATIO, false}, DESTINATION_USED_SHARE},
	{{"unit", NULL, DIM_TEXT, true}, UNIT},
};
static const struct fact_column owner_columns[] = {
	{{"owner", NULL, DIM_TEXT, false}, NAME},
	{{"sockets", NULL, DIM_COUNT, false}, OWNER_SOCKETS},
	{{"established", "estab", DIM_COUNT, false}, OWNER_ESTABLISHED},
	{{"close_wait", "close-wait", DIM_COUNT, false}, OWNER_CLOSE_WAIT},
	{{"close_wait_old", "old", DIM_COUNT, false}, OWNER_CLOSE_WAIT_OLD},
};

static const struct {
	const char *name, *title, *empty;
	enum subject_type type;
	const struct fact_column *columns;
	size_t count;
} lists[] = {
	{"listeners", "Listeners", "nothing listens", SUBJECT_LISTENER, listener_columns, ARRAY_SIZE(listener_columns)},
	{"destinations", "Destinations, the busiest first", "no outgoing connection", SUBJECT_DESTINATION,
	 destination_columns, ARRAY_SIZE(destination_columns)},
	{"owners", "Owners", "no sockets", SUBJECT_OWNER, owner_columns, ARRAY_SIZE(owner_columns)},
};

static const struct column state_columns[] = {
	{"state", NULL, DIM_TEXT, false},
	{"sockets", NULL, DIM_COUNT, false},
	{"meaning", NULL, DIM_TEXT, true},
};
static const enum host_fact states[] = {
	SOCKETS_ESTABLISHED, SOCKETS_LISTEN,	SOCKETS_SYN_SENT, SOCKETS_SYN_RECV, SOCKETS_FIN_WAIT1,
	SOCKETS_FIN_WAIT2,   SOCKETS_TIME_WAIT, SOCKETS_CLOSE_WAIT, SOCKETS_LAST_ACK, SOCKETS_CLOSING,
};

static void add_states(struct table *t, const struct facts *f)
{
	table_init(t, "states", "TCP sockets by state", state_columns, ARRAY_SIZE(state_columns));
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		const struct fact_def *def = &subject_defs[SUBJECT_HOST].facts[states[i]];
		struct value *row = table_row(t);

		row[0] = value_text(def->name + strlen("sockets."));
		row[1] = f->host->values[states[i]];
		row[2] = value_text(def->about);
	}
}

static struct value cell(const struct subject *s, int fact)
{
	if (fact == NAME)
		return value_text(s->name);
	if (fact == UNIT)
		return s->unit ? value_text(s->unit) : value_missing(VALUE_ABSENT, "not known");
	return s->values[fact];
}

static void add_list(struct table *t, struct column columns[COLUMNS_MAX], size_t list, const struct facts *f,
		     size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < lists[list].count; i++)
		columns[i] = lists[list].columns[i].column;
	table_init(t, lists[list].name, lists[list].title, columns, lists[list].count);
	t->empty = lists[list].empty;
	for (const struct subject *s = f->first[lists[list].type]; s && n < max; s = s->next, n++) {
		struct value *row = table_row(t);

		for (size_t i = 0; i < lists[list].count; i++)
			row[i] = cell(s, lists[list].columns[i].fact);
	}
}

static int show(struct session *s, const struct options *o, const struct render_options *ro, struct text *t)
{
	for (size_t i = 0; i < s->report.count; i++) {
		const struct facts *f = s->report.parts[i].facts;
		struct column columns[ARRAY_SIZE(lists)][COLUMNS_MAX];
		struct table tables[ARRAY_SIZE(lists) + 1];
		bool json = strcmp(o->format, "text");

		add_states(&tables[0], f);
		for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
			add_list(&tables[k + 1], columns[k], k, f, json ? SIZE_MAX : ROWS_SHOWN);
		render_tables(tables, ARRAY_SIZE(tables), o->format, ro, t);
		for (size_t k = 0; k < ARRAY_SIZE(tables); k++)
			table_clear(&tables[k]);
	}
	return EXIT_OK;
}

int verb_sockets(const struct options *o)
{
	return session_show(o, show);
}
