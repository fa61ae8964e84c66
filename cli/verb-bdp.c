/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bdp: the what-if calculator. The kernel aims for 2 × BDP of buffer; that is what the measurements bear out. */
#include <math.h>
#include "cli/session.h"

static const struct column result_columns[] = {
	{"quantity", NULL, DIM_TEXT, false}, {"value", NULL, DIM_TEXT, false}, {"bytes", NULL, DIM_COUNT, false},
	{"meaning", NULL, DIM_TEXT, true},
};
static const struct column line_columns[] = {{"line", "", DIM_TEXT, true}};

static const double buffer_factor = 2, window_ratio = 0.5;

static void add(struct table *t, struct arena *a, const char *name, enum dim dim, double v, const char *about)
{
	struct value *row = table_row(t);
	char *buf = arena_alloc(a, QUANTITY_MAX);

	row[0] = value_text(name);
	row[1] = value_text(quantity_format(buf, QUANTITY_MAX, dim, v));
	if (dim == DIM_BYTES)
		row[2] = value_number(fmax(0, ceil(v - 1e-6)));
	row[3] = value_text(about);
}

/* tcp_select_initial_window(), net/ipv4/tcp_output.c: the scale that lets 16 bits say this much. */
static double window_scale(double buffer)
{
	double scale = floor(log2(fmax(buffer, 65535))) - 15;

	return fmin(fmax(scale, 0), 14);
}

/* A maximum below the initial value would cut every socket, and the kernel holds it in an int. */
static double in_range(double buffer, double initial)
{
	return fmin(fmax(buffer, initial), 2147483647);
}

static void add_line(struct table *t, const char *line)
{
	table_row(t)[0] = value_text(line);
}

int verb_bdp(const struct options *o)
{
	struct arena a = ARENA_NULL;
	_cleanup_text_ struct text t = TEXT_NULL;
	struct render_options ro = output_options(o);
	struct table tables[2];
	double bdp, buffer;
	int r;

	if (o->rate <= 0 || o->rtt < 0) {
		complain("bdp needs --rate and --rtt, such as: tcpadvisor bdp --rate 10Gbit/s --rtt 80ms");
		return EXIT_USAGE;
	}
	bdp = o->rate * o->rtt;
	buffer = fmax(0, ceil(buffer_factor * bdp - 1e-6));
	table_init(&tables[0], "bdp", "What if", result_columns, ARRAY_SIZE(result_columns));
	add(&tables[0], &a, "rate", DIM_RATE, o->rate, "of the path");
	add(&tables[0], &a, "rtt", DIM_SECONDS, o->rtt, "least round trip");
	add(&tables[0], &a, "BDP", DIM_BYTES, bdp, "must be under way to fill the path: rate × rtt");
	add(&tables[0], &a, "buffers", DIM_BYTES, buffer, "2 × BDP for tcp_rmem[2] here and tcp_wmem[2] at the sender");
	add(&tables[0], &a, "window", DIM_BYTES, window_ratio * buffer, "that such a receive buffer offers, at least");
	add(&tables[0], &a, "window scale", DIM_COUNT, window_scale(buffer), "negotiated from that maximum");
	add(&tables[0], &a, "without scaling", DIM_RATE, o->rtt > 0 ? 65535 / o->rtt : o->rate,
	    "all that 64 KiB in flight can reach");
	add(&tables[0], &a, "memory", DIM_BYTES, buffer * o->flows, "for the flows on one side, if all fill their buffer");
	table_init(&tables[1], "sysctl", "As lines of /etc/sysctl.d, where the host has less now (explain net.ipv4.tcp_rmem says)", line_columns, 1);
	add_line(&tables[1], arena_printf(&a, "net.ipv4.tcp_rmem = 4096 131072 %.0f", in_range(buffer, 131072)));
	add_line(&tables[1], arena_printf(&a, "net.ipv4.tcp_wmem = 4096 16384 %.0f", in_range(buffer, 16384)));
	render_tables(tables, 2, o->format, &ro, &t);
	table_clear(&tables[0]);
	table_clear(&tables[1]);
	r = output_write(&t);
	arena_clear(&a);
	return r;
}
