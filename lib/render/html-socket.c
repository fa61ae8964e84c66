/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fills up, as bars: ports towards destinations, the queues of listeners; then sockets by state, and the links. */
#include <math.h>
#include <string.h>
#include "render/html.h"

enum { ROWS_SHOWN = 20, COLUMNS_MAX = 4, NONE = -1 };

struct list {
	const char *id, *title, *lead, *empty, *name, *verb; /* verb: that shows all */
	enum subject_type type;
	int part, whole; /* the bar: a fact of a whole, or a share alone */
	struct {
		const char *head;
		int fact;
		enum dim shown; /* where it reads better than the fact's own */
	} columns[COLUMNS_MAX];
	unsigned count;
};

static const struct list lists[] = {
	{"ports", "Ports", "Ports of the local range that are in use towards each destination.", "No outgoing connection.", "Destination",
	 "sockets", SUBJECT_DESTINATION, DESTINATION_USED_SHARE, NONE,
	 {{"ports", DESTINATION_USED}, {"of range", DESTINATION_USED_SHARE}, {"TIME_WAIT", DESTINATION_TIME_WAIT}}, 3},
	{"queues", "Queues", "Connections that wait for accept(), of those that may.", "Nothing listens.", "Listener", "sockets",
	 SUBJECT_LISTENER, LISTENER_QUEUE, LISTENER_LIMIT,
	 {{"queue", LISTENER_QUEUE}, {"limit", LISTENER_LIMIT}, {"drops", LISTENER_DROPS}}, 3},
	{"links", "Links", "The speed that is believed, and the largest packet.", "There is no interface.", "Interface", "paths",
	 SUBJECT_INTERFACE, NONE, NONE,
	 {{"speed", INTERFACE_SPEED}, {"MTU", INTERFACE_MTU, DIM_COUNT}, {"queueing", INTERFACE_QDISC}}, 3},
};

static double number(const struct subject *s, int fact)
{
	return s->values[fact].state == VALUE_KNOWN ? s->values[fact].num : 0;
}

static enum dim dim_shown(const struct list *l, unsigned column)
{
	enum dim shown = l->columns[column].shown;

	return shown ? shown : subject_defs[l->type].facts[l->columns[column].fact].dim;
}

/* Where a value is missing the reason is there for those who point at it, or listen. */
static void add_cell(struct html *h, const struct value *v, enum dim dim)
{
	text_addf(h->t, "<td%s>", dim_is_number(dim) ? " class=\"number\"" : "");
	if (v->state == VALUE_KNOWN) {
		html_value(h->t, v, dim);
	} else {
		text_add(h->t, "<span class=\"unknown\" title=\"");
		html_text(h->t, value_reason(v));
		text_add(h->t, "\">?<span class=\"unseen\"> (");
		html_text(h->t, value_reason(v));
		text_add(h->t, ")</span></span>");
	}
	text_add(h->t, "</td>");
}

static void add_row(struct html *h, const struct list *l, const struct subject *s)
{
	const struct finding *f = html_finding_about(&h->part->judgement, s);

	text_add(h->t, "<tr><th scope=\"row\">");
	html_text(h->t, s->name);
	if (s->unit && strcmp(s->unit, s->name)) {
		text_add(h->t, " ");
		html_element(h->t, "span", "of", s->unit);
	}
	html_flag(h, s);
	if (l->part != NONE) {
		double whole = l->whole == NONE ? 1 : number(s, l->whole);

		html_bar(h->t, whole > 0 ? number(s, l->part) / whole : 0, f ? f->severity : SEVERITIES);
	}
	text_add(h->t, "</th>");
	for (unsigned i = 0; i < l->count; i++)
		add_cell(h, &s->values[l->columns[i].fact], dim_shown(l, i));
	text_add(h->t, "</tr>\n");
}

static void add_head(struct html *h, const struct list *l)
{
	text_addf(h->t, "<table class=\"list\">\n<caption class=\"unseen\">%s</caption>\n<thead><tr><th scope=\"col\">%s</th>", l->title,
		  l->name);
	for (unsigned i = 0; i < l->count; i++)
		text_addf(h->t, "<th scope=\"col\"%s>%s</th>",
			  dim_is_number(dim_shown(l, i)) ? " class=\"number\"" : "", l->columns[i].head);
	text_add(h->t, "</tr></thead>\n<tbody>\n");
}

static void add_list(struct html *h, const struct list *l)
{
	const struct subject *first = h->part->facts->first[l->type];
	const char *untold = h->part->facts->untold[l->type];
	size_t n = 0;

	html_section(h, l->id, l->title);
	if (!first) {
		html_element(h->t, "p", "empty", untold ? untold : l->empty);
		text_add(h->t, "</section>\n");
		return;
	}
	html_element(h->t, "p", "lead", l->lead);
	text_add(h->t, "\n");
	add_head(h, l);
	for (const struct subject *s = first; s; s = s->next)
		if (++n <= ROWS_SHOWN)
			add_row(h, l, s);
	text_add(h->t, "</tbody>\n</table>\n");
	if (n > ROWS_SHOWN)
		text_addf(h->t, "<p class=\"more\">and %zu more, which <code>tcpadvisor %s --format=json</code> shows</p>\n",
			  n - ROWS_SHOWN, l->verb);
	text_add(h->t, "</section>\n");
}

static const enum host_fact states[] = {
	SOCKETS_ESTABLISHED, SOCKETS_LISTEN,	SOCKETS_SYN_SENT,   SOCKETS_SYN_RECV, SOCKETS_FIN_WAIT1,
	SOCKETS_FIN_WAIT2,   SOCKETS_TIME_WAIT, SOCKETS_CLOSE_WAIT, SOCKETS_LAST_ACK, SOCKETS_CLOSING,
};

static void add_state(struct html *h, enum host_fact state, double most)
{
	const struct fact_def *def = &subject_defs[SUBJECT_HOST].facts[state];
	const struct value *v = &h->part->facts->host->values[state];

	text_addf(h->t, "<tr><th scope=\"row\">%s <span class=\"of\">%s</span>", def->name + strlen("sockets."), def->about);
	html_bar(h->t, most > 0 && v->state == VALUE_KNOWN ? v->num / most : 0, SEVERITIES);
	text_add(h->t, "</th>");
	add_cell(h, v, def->dim);
	text_add(h->t, "</tr>\n");
}

static void add_states(struct html *h)
{
	const struct value *values = h->part->facts->host->values;
	double most = 0;

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (values[states[i]].state == VALUE_KNOWN)
			most = max_of(most, values[states[i]].num);
	html_section(h, "states", "Sockets by state");
	text_add(h->t, "<table class=\"list\">\n<caption class=\"unseen\">Sockets by state</caption>\n<thead><tr><th scope=\"col\">state</th>"
		       "<th scope=\"col\" class=\"number\">sockets</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		add_state(h, states[i], most);
	text_add(h->t, "</tbody>\n</table>\n</section>\n");
}

void html_sockets(struct html *h)
{
	text_add(h->t, "<div class=\"columns\">\n");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		add_list(h, &lists[i]);
	add_states(h);
	text_add(h->t, "</div>\n");
}
