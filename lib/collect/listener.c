/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a census to listeners: the worst socket of each address speaks for it. */
#include <math.h>
#include "base/macro.h"
#include "collect/collect-private.h"
#include "collect/name.h"

static const struct listener *first_seen(const struct collecting *c, const struct listener *l)
{
	if (c->latest == &c->first)
		return NULL;
	for (size_t i = 0; i < c->first.listener_count; i++)
		if (c->first.listeners[i].cookie == l->cookie)
			return &c->first.listeners[i];
	return NULL;
}

static bool is_full(const struct listener *l)
{
	return l->queue > l->limit;
}

/* How badly a worker does: its growing drops first, then how full its queue is. */
static double trouble(const struct collecting *c, const struct listener *l)
{
	const struct listener *before = first_seen(c, l);
	double fill = (double)l->queue / (l->limit + 1.0);

	return before && l->drops > before->drops ? 2 + fill : fill;
}

static bool same_address(const struct listener *a, const struct listener *b)
{
	return a->port == b->port && a->ifindex == b->ifindex && a->address.high == b->address.high &&
	       a->address.low == b->address.low;
}

static int by_address(const void *a, const void *b)
{
	const struct listener *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	if (x->address.high != y->address.high)
		return x->address.high < y->address.high ? -1 : 1;
	if (x->address.low != y->address.low)
		return x->address.low < y->address.low ? -1 : 1;
	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

/*
 * How many half-open connections one socket holds. With cookies: its queue's limit and one more (inet_csk_reqsk_queue_is_full()).
 * Without, also three quarters of tcp_max_syn_backlog and one more: the rest is for proven peers (tcp_conn_request()).
 */
static double syn_limit(const struct collecting *c, const struct listener *l)
{
	struct value cookies = live_sysctl(c, "net.ipv4.tcp_syncookies", 0);
	struct value most = live_sysctl(c, "net.ipv4.tcp_max_syn_backlog", 0);
	double limit = l->limit + 1.0;

	if (cookies.state == VALUE_KNOWN && cookies.num == 0 && most.state == VALUE_KNOWN)
		limit = fmax(0, fmin(limit, most.num - floor(most.num / 4) + 1));
	return limit;
}

static void set_arrivals(struct collecting *c, struct value *v, const struct listener *l)
{
	const struct arrival *now, *before;

	if (c->latest->options.only_listeners)
		return;
	now = arrivals_at(&c->latest->arrivals, &l->address, l->port, l->ifindex);
	v[LISTENER_SYN_RECV] = value_number(now ? now->syn_recv : 0);
	v[LISTENER_SYN_SILENT] = value_number(now ? now->syn_retried : 0);
	v[LISTENER_SYN_SOURCES] = value_number(now ? arrival_sources(now) : 0);
	v[LISTENER_ESTABLISHED] = value_number(now ? now->established : 0);
	v[LISTENER_FRESH] = v[LISTENER_FRESH_SLOW] = value_missing(VALUE_NO_WINDOW, NULL);
	if (c->latest == &c->second) {
		v[LISTENER_FRESH] = value_number(now ? now->fresh : 0);
		v[LISTENER_FRESH_SLOW] = value_number(now ? now->fresh_slow : 0);
	}
	/* A listener that was not there before took over what a stopped one left: no growth. */
	if (c->latest != &c->second || !first_seen(c, l))
		return;
	before = arrivals_at(&c->first.arrivals, &l->address, l->port, l->ifindex);
	v[LISTENER_ESTABLISHED].has_delta = true;
	v[LISTENER_ESTABLISHED].delta = v[LISTENER_ESTABLISHED].num - (before ? before->established : 0);
}

/* SO_REUSEPORT workers n at l: the worst speaks for the address. */
static void add_listener(struct collecting *c, const struct listener *l, size_t n)
{
	const struct listener *worst = l, *before;
	char name[ADDRESS_TEXT_MAX];
	unsigned full = 0;
	double syns = 0;
	struct subject *s;
	struct value *v;

	for (size_t i = 0; i < n; i++) {
		full += is_full(&l[i]);
		syns += syn_limit(c, &l[i]);
		if (trouble(c, &l[i]) > trouble(c, worst))
			worst = &l[i];
	}
	s = facts_add(c->facts, SUBJECT_LISTENER, address_text(&l->address, l->port, name));
	s->unit = unit_name(c, worst->cgroup);
	v = s->values;
	v[LISTENER_QUEUE] = value_number(worst->queue);
	v[LISTENER_LIMIT] = value_number(worst->limit);
	v[LISTENER_WORKERS] = value_number((double)n);
	v[LISTENER_WORKERS_FULL] = value_number(full);
	v[LISTENER_SYN_LIMIT] = value_number(syns);
	set_arrivals(c, v, worst);
	v[LISTENER_DROPS] = worst->has_drops ? value_number(worst->drops)
					     : value_missing(VALUE_ABSENT, "this kernel does not count them");
	before = first_seen(c, worst);
	v[LISTENER_QUEUE_LEAST] = value_number(before ? min_of(worst->queue, before->queue) : worst->queue);
	if (before && worst->has_drops) {
		v[LISTENER_DROPS].has_delta = true;
		v[LISTENER_DROPS].delta = worst->drops > before->drops ? worst->drops - before->drops : 0;
	}
	if (full || v[LISTENER_DROPS].delta > 0)
		holder_wanted(c, s, worst->inode);
}

void derive_listeners(struct collecting *c)
{
	struct listener *l;
	size_t n;

	if (!c->latest) {
		c->facts->untold[SUBJECT_LISTENER] = "the kernel's sockets could not be dumped";
		return;
	}
	l = c->latest->listeners;
	n = c->latest->listener_count;
	if (n)
		qsort(l, n, sizeof(*l), by_address);
	for (size_t i = 0, group; i < n; i += group) {
		for (group = 1; i + group < n && same_address(&l[i], &l[i + group]);)
			group++;
		add_listener(c, &l[i], group);
	}
	if (c->latest->listeners_left_out)
		facts_note(c->facts, "%zu listeners beyond the first %d were not judged", c->latest->listeners_left_out,
			   LISTENERS_MAX);
}
