/* SPDX-License-Identifier: GPL-2.0-or-later */
/* paths: one row for each egress interface × peer network, the heaviest first. */
#include "cli/session.h"

static const struct column path_columns[] = {
	{"path", NULL, DIM_TEXT, false},
	{"flows", NULL, DIM_COUNT, .extra = true},
	{"min_rtt_p50", "min rtt", DIM_SECONDS, false},
	{"srtt_p50", "srtt", DIM_SECONDS, false},
	{"srtt_p95", "p95", DIM_SECONDS, .extra = true},
	{"bdp", "BDP", DIM_BYTES, false},
	{"delivery_rate", "delivery", DIM_RATE, false},
	{"retransmit_share", "retrans", DIM_RATIO, false},
	{"rwnd_limited_share", "rwnd", DIM_RATIO, false},
	{"sndbuf_limited_share", "sndbuf", DIM_RATIO, false},
	{"window_scale_min", "wscale", DIM_COUNT, .extra = true},
};

/* What the columns behind the first show. */
static const enum path_fact shown[] = {
	PATH_FLOWS,
	PATH_MIN_RTT_P50,
	PATH_SRTT_P50,
	PATH_SRTT_P95,
	PATH_BDP,
	PATH_DELIVERY_RATE,
	PATH_RETRANSMIT_SHARE,
	PATH_RWND_SHARE,
	PATH_SNDBUF_SHARE,
	PATH_WSCALE_MIN,
};

_Static_assert(ARRAY_SIZE(path_columns) == ARRAY_SIZE(shown) + 1, "a fact for each column");

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

static void add_paths(struct table *t, const struct facts *f)
{
	table_init(t, "paths", "Paths: egress interface and peer network", path_columns,
		   ARRAY_SIZE(path_columns));
	t->empty = "no open connection leaves this host";
	for (const struct subject *s = f->first[SUBJECT_PATH]; s; s = s->next) {
		struct value *row = table_row(t);

		row[0] = value_text(s->name);
		for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
			row[i + 1] = s->values[shown[i]];
	}
}

static void fill(struct table *tables, const struct report_part *part, const struct options *o)
{
	(void)o;
	add_paths(&tables[0], part->facts);
	add_interfaces(&tables[1], part->facts);
}

static int show(struct session *s, const struct options *o, const struct render_options *ro, struct text *t)
{
	session_tables(s, o, ro, 2, fill, t);
	return EXIT_OK;
}

int verb_paths(const struct options *o)
{
	return session_show(o, show);
}
