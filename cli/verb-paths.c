/* SPDX-License-Identifier: GPL-2.0-or-later */
/* paths: one row for each egress interface × peer network, the heaviest first. */
#include "cli/session.h"

static const struct {
	struct column column;
	enum path_fact fact;
} shown[] = {
	{{"flows", NULL, DIM_COUNT, .extra = true}, PATH_FLOWS},
	{{"min_rtt_p50", "min rtt", DIM_SECONDS, false}, PATH_MIN_RTT_P50},
	{{"srtt_p50", "srtt", DIM_SECONDS, false}, PATH_SRTT_P50},
	{{"srtt_p95", "p95", DIM_SECONDS, .extra = true}, PATH_SRTT_P95},
	{{"bdp", "BDP", DIM_BYTES, false}, PATH_BDP},
	{{"delivery_rate", "delivery", DIM_RATE, false}, PATH_DELIVERY_RATE},
	{{"retransmit_share", "retrans", DIM_RATIO, false}, PATH_RETRANSMIT_SHARE},
	{{"rwnd_limited_share", "rwnd", DIM_RATIO, false}, PATH_RWND_SHARE},
	{{"sndbuf_limited_share", "sndbuf", DIM_RATIO, false}, PATH_SNDBUF_SHARE},
	{{"window_scale_min", "wscale", DIM_COUNT, .extra = true}, PATH_WSCALE_MIN},
};

enum { COLUMNS = ARRAY_SIZE(shown) + 1 };

static const struct column interface_columns[] = {
	{"interface", NULL, DIM_TEXT, false}, {"speed", NULL, DIM_RATE, false},
	{"sure", NULL, DIM_BOOL, false},      {"mtu", NULL, DIM_COUNT, false},
	{"qdisc", NULL, DIM_TEXT, false},     {"duplex", NULL, DIM_TEXT, .extra = true},
	{"source", NULL, DIM_TEXT, true},
};

static void add_interfaces(struct table *t, const struct facts *f)
{
	table_init(t, "interfaces", "Interfaces, and the speed that is believed", interface_columns,
		   ARRAY_SIZE(interface_columns));
	for (const struct subject *s = f->first[SUBJECT_INTERFACE]; s; s = s->next) {
		struct value *row = table_row(t);

		row[0] = value_text(s->name);
		row[1] = s->values[INTERFACE_SPEED];
		row[2] = s->values[INTERFACE_SPEED_SURE];
		row[3] = s->values[INTERFACE_MTU];
		row[4] = s->values[INTERFACE_QDISC];
		row[5] = s->values[INTERFACE_DUPLEX];
		row[6] = s->values[INTERFACE_SPEED_SOURCE];
	}
}

static void add_paths(struct table *t, const struct column *columns, const struct facts *f)
{
	table_init(t, "paths", "Paths: egress interface and peer network", columns, COLUMNS);
	t->empty = "no open connection leaves this host";
	for (const struct subject *s = f->first[SUBJECT_PATH]; s; s = s->next) {
		struct value *row = table_row(t);

		row[0] = value_text(s->name);
		for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
			row[i + 1] = s->values[shown[i].fact];
	}
}

static int show(struct session *s, const struct options *o, const struct render_options *ro, struct text *t)
{
	struct column columns[COLUMNS] = {{"path", NULL, DIM_TEXT, false}};

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		columns[i + 1] = shown[i].column;
	for (size_t i = 0; i < s->report.count; i++) {
		struct table tables[2];

		add_paths(&tables[0], columns, s->report.parts[i].facts);
		add_interfaces(&tables[1], s->report.parts[i].facts);
		render_tables(tables, 2, o->format, ro, t);
		table_clear(&tables[0]);
		table_clear(&tables[1]);
	}
	return EXIT_OK;
}

int verb_paths(const struct options *o)
{
	return session_show(o, show);
}
