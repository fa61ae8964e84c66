/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables that a packet must get through before TCP sees it: tracked connections, and neighbours. */
#include <errno.h>
#include <string.h>
#include "collect/collect-private.h"
#include "collect/percpu.h"

enum { TABLE_MAX = 1024 * 1024 };

struct column {
	const char *name;
	enum host_fact fact;
	bool counter; /* else a number that every line repeats */
};

static const struct column conntrack_columns[] = {
	{"insert_failed", CONNTRACK_INSERT_FAILED, true}, {"drop", CONNTRACK_DROP, true},
	{"early_drop", CONNTRACK_EARLY_DROP, true},	  {NULL, 0, false},
};
static const struct column arp_columns[] = {
	{"entries", NEIGHBOUR_V4_ENTRIES, false},
	{"table_fulls", NEIGHBOUR_V4_FULL, true},
	{"forced_gc_runs", NEIGHBOUR_V4_FORCED, true},
	{NULL, 0, false},
};
static const struct column ndisc_columns[] = {
	{"entries", NEIGHBOUR_V6_ENTRIES, false},
	{"table_fulls", NEIGHBOUR_V6_FULL, true},
	{"forced_gc_runs", NEIGHBOUR_V6_FORCED, true},
	{NULL, 0, false},
};

/* absent: why a missing file means that the thing itself is not there. */
static const struct {
	const char *path, *absent;
	const struct column *columns;
} tables[] = {
	{"proc/net/stat/nf_conntrack", "connections are not tracked here", conntrack_columns},
	{"proc/net/stat/arp_cache", "the initial network namespace counts them", arp_columns},
	{"proc/net/stat/ndisc_cache", "the initial network namespace counts them, or there is no IPv6", ndisc_columns},
};

struct reading {
	struct collecting *c;
	const struct column *columns;
};

static void on_column(void *user, const char *name, double first, double sum)
{
	const struct reading *r = user;

	for (const struct column *col = r->columns; col->name; col++) {
		struct value *v = &r->c->facts->host->values[col->fact];

		if (strcmp(col->name, name))
			continue;
		if (col->counter)
			sample_counter(r->c, v, sum);
		else
			*v = value_number(first);
	}
}

static struct value missing(struct collecting *c, const char *path, const char *absent, int error)
{
	if (error == -ENOENT)
		return value_missing(VALUE_ABSENT, absent);
	return value_missing(error == -EBADMSG ? VALUE_GARBLED : value_state_of(error),
			     arena_printf(&c->facts->arena, "/%s: %s", path,
					  error == -EBADMSG ? "not understood" : strerror(-error)));
}

static void read_table(struct collecting *c, size_t i, struct text *t)
{
	struct reading reading = {c, tables[i].columns};
	int r = root_read(c->root, tables[i].path, TABLE_MAX, t);

	if (r == 0)
		r = percpu_table(t->s, on_column, &reading);
	for (const struct column *col = tables[i].columns; r < 0 && col->name; col++) {
		struct value *v = &c->facts->host->values[col->fact];

		if (v->state != VALUE_KNOWN)
			*v = missing(c, tables[i].path, tables[i].absent, r);
	}
}

/* The count is of this namespace alone; the limit is one for all of them (nf_conntrack_max in nf_conntrack_core.c). */
static void read_conntrack(struct collecting *c, const char *name, enum host_fact fact, struct text *t)
{
	const char *end, *path = arena_printf(&c->facts->arena, "proc/sys/net/netfilter/nf_conntrack_%s", name);
	double v;
	int r = root_read(c->root, path, 64, t);

	if (r == 0)
		r = decimal_scan(t->s, &end, &v) < 0 || (*end && *end != '\n') ? -EBADMSG : 0;
	c->facts->host->values[fact] =
		r == 0 ? value_number(v) : missing(c, path, "connections are not tracked here", r);
}

static void read_tables(struct collecting *c)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		read_table(c, i, &t);
	read_conntrack(c, "count", CONNTRACK_COUNT, &t);
}

void collect_neighbours_before(struct collecting *c)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	read_tables(c);
	read_conntrack(c, "tcp_timeout_established", CONNTRACK_TIMEOUT, &t);
}

void collect_neighbours(struct collecting *c)
{
	if (c->window > 0)
		read_tables(c);
}
