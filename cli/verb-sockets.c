/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockets: the census in four tables. */
#include <string.h>
#include "cli/session.h"

enum { ROWS_SHOWN = 30 };

/* A cell shows a fact of its subject, or one of these. */
enum { NAME = -1, UNIT = -2 };

static const struct column listener_columns[] = {
	{"address", NULL, DIM_TEXT, false},
	{"queue", NULL, DIM_COUNT, false},
	{"limit", NULL, DIM_COUNT, false},
	{"drops", NULL, DIM_COUNT, false},
	{"syn_recv", "syn-recv", DIM_COUNT, false},
	{"workers", NULL, DIM_COUNT, false},
	{"unit", NULL, DIM_TEXT, true},
};
static const int listener_cells[] = {NAME, LISTENER_QUEUE, LISTENER_LIMIT, LISTENER_DROPS, LISTENER_SYN_RECV, LISTENER_WORKERS, UNIT};
static const struct column destination_columns[] = {
	{"destination", NULL, DIM_TEXT, false},
	{"established", "estab", DIM_COUNT, false},
	{"time_wait", "time-wait", DIM_COUNT, false},
	{"syn_sent", "syn-sent", DIM_COUNT, false},
	{"ports_used", "ports", DIM_COUNT, false},
	{"ports_used_share", "of range", DIM_RATIO, false},
	{"unit", NULL, DIM_TEXT, true},
};
static const int destination_cells[] = {NAME, DESTINATION_ESTABLISHED, DESTINATION_TIME_WAIT, DESTINATION_SYN_SENT, DESTINATION_USED, DESTINATION_USED_SHARE, UNIT};
static const struct column owner_columns[] = {
	{"owner", NULL, DIM_TEXT, false},
	{"sockets", NULL, DIM_COUNT, false},
	{"established", "estab", DIM_COUNT, false},
	{"close_wait", "close-wait", DIM_COUNT, false},
	{"close_wait_old", "old", DIM_COUNT, false},
};
static const int owner_cells[] = {NAME, OWNER_SOCKETS, OWNER_ESTABLISHED, OWNER_CLOSE_WAIT, OWNER_CLOSE_WAIT_OLD};

static const struct {
	const char *name, *title, *empty;
	enum subject_type type;
	const struct column *columns;
	const int *cells; /* what each column shows */
	size_t count;
} lists[] = {
	{"listeners", "Listeners", "nothing listens", SUBJECT_LISTENER, listener_columns, listener_cells, ARRAY_SIZE(listener_columns)},
	{"destinations", "Destinations, the busiest first", "no outgoing connection", SUBJECT_DESTINATION,
	 destination_columns, destination_cells, ARRAY_SIZE(destination_columns)},
	{"owners", "Owners", "no sockets", SUBJECT_OWNER, owner_columns, owner_cells, ARRAY_SIZE(owner_columns)},
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

static void add_list(struct table *t, size_t list, const struct facts *f, size_t max)
{
	size_t n = 0;

	table_init(t, lists[list].name, lists[list].title, lists[list].columns, lists[list].count);
	t->empty = lists[list].empty;
	for (const struct subject *s = f->first[lists[list].type]; s && n < max; s = s->next, n++) {
		struct value *row = table_row(t);

		for (size_t i = 0; i < lists[list].count; i++)
			row[i] = cell(s, lists[list].cells[i]);
	}
}

static void fill(struct table *tables, const struct report_part *part, const struct options *o)
{
	bool json = strcmp(o->format, "text");

	add_states(&tables[0], part->facts);
	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		add_list(&tables[k + 1], k, part->facts, json ? SIZE_MAX : ROWS_SHOWN);
}

static int show(struct session *s, const struct options *o, const struct render_options *ro, struct text *t)
{
	session_tables(s, o, ro, ARRAY_SIZE(lists) + 1, fill, t);
	return EXIT_OK;
}

int verb_sockets(const struct options *o)
{
	return session_show(o, show);
}
