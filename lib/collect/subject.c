/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a census to subjects: states, listeners, destinations and owners, with the names behind the numbers. */
#include <inttypes.h>
#include <string.h>
#include "base/macro.h"
#include "collect/collect-private.h"
#include "collect/name.h"

enum { DESTINATIONS_MAX = 256, OWNERS_MAX = 128 };

static const struct {
	enum host_fact fact;
	uint8_t state;
} state_facts[] = {
	{SOCKETS_ESTABLISHED, STATE_ESTABLISHED}, {SOCKETS_SYN_SENT, STATE_SYN_SENT},
	{SOCKETS_SYN_RECV, STATE_SYN_RECV},	  {SOCKETS_FIN_WAIT1, STATE_FIN_WAIT1},
	{SOCKETS_FIN_WAIT2, STATE_FIN_WAIT2},	  {SOCKETS_CLOSE_WAIT, STATE_CLOSE_WAIT},
	{SOCKETS_LAST_ACK, STATE_LAST_ACK},	  {SOCKETS_CLOSING, STATE_CLOSING},
	{SOCKETS_LISTEN, STATE_LISTEN},
};

void derive_states(struct collecting *c)
{
	struct value *v = c->facts->host->values;
	enum value_state state = value_state_of(c->census_error);
	const char *why = "the kernel's sockets could not be dumped";

	if (!c->latest)
		for (enum subject_type t = SUBJECT_PATH; t < SUBJECT_TYPES; t++)
			c->facts->untold[t] = why;

	for (size_t i = 0; i < ARRAY_SIZE(state_facts); i++)
		v[state_facts[i].fact] = c->latest ? value_number((double)c->latest->states[state_facts[i].state])
						   : value_missing(state, why);
	v[SOCKETS_TOTAL] = c->latest ? value_number((double)(c->latest->total + c->latest->states[STATE_LISTEN]))
				     : value_missing(state, why);
	v[SOCKETS_KEEPALIVE] =
		c->latest ? value_number((double)c->latest->keepalive) : value_missing(state, why);
}

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

/* SO_REUSEPORT workers n at l: the worst speaks for the address. */
static void add_listener(struct collecting *c, const struct listener *l, size_t n)
{
	const struct listener *worst = l, *before;
	char name[ADDRESS_TEXT_MAX];
	unsigned full = 0;
	struct subject *s;
	struct value *v;

	for (size_t i = 0; i < n; i++) {
		full += is_full(&l[i]);
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
	v[LISTENER_SYN_RECV] = value_number(c->latest->syn_recv ? c->latest->syn_recv[l->port] : 0);
	v[LISTENER_DROPS] = worst->has_drops ? value_number(worst->drops)
					     : value_missing(VALUE_ABSENT, "this kernel does not count them");
	before = first_seen(c, worst);
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

	if (!c->latest)
		return;
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

static void set_syn_facts(struct collecting *c, struct value *v, const struct destination *d)
{
	struct value retries = live_sysctl(c, "net.ipv4.tcp_syn_retries", 0);
	unsigned linear = c->latest->options.syn_linear;

	v[DESTINATION_SYN_SENT] = value_number(d->states[STATE_SYN_SENT]);
	v[DESTINATION_SYN_STUCK] = value_number(d->syn_stuck);
	v[DESTINATION_SYN_STUCK_FOR] = d->syn_stuck ? value_number(d->syn_stuck_since)
						    : value_missing(VALUE_ABSENT, "none is stuck");
	v[DESTINATION_SYN_GIVES_UP] = retries;
	if (retries.state == VALUE_KNOWN && retries.num >= 0 && retries.num < 256)
		v[DESTINATION_SYN_GIVES_UP] =
			value_number(syn_retransmission_time((unsigned)retries.num + linear + 1, linear));
}

static double add_destination(struct collecting *c, const struct destination *d)
{
	char src[ADDRESS_TEXT_MAX], dst[ADDRESS_TEXT_MAX], name[2 * ADDRESS_TEXT_MAX + 80];
	const struct link *link;
	const struct value *ports = &c->facts->host->values[HOST_PORTS];
	uint32_t certain = d->ports > d->head.error ? d->ports : 0;
	struct subject *s;
	struct value *v;

	link = d->key.ifindex ? links_find(&c->links, d->key.ifindex) : NULL;
	snprintf(name, sizeof(name), "%s → %s%s%s", address_text(&d->key.src, -1, src),
		 address_text(&d->key.dst, (int)d->key.port, dst), link ? " by " : "", link ? link->name : "");
	s = facts_add(c->facts, SUBJECT_DESTINATION, name);
	s->unit = unit_name(c, d->cgroup);
	v = s->values;
	v[DESTINATION_CONNECTIONS] = value_number((double)(d->head.weight - d->head.error));
	v[DESTINATION_USED] = value_number(certain);
	v[DESTINATION_USED_SHARE] = ports->state != VALUE_KNOWN ? *ports
				    : ports->num > 0		? value_number(certain / ports->num)
						     : value_missing(VALUE_ABSENT, "the local port range is empty");
	v[DESTINATION_ESTABLISHED] = value_number(d->states[STATE_ESTABLISHED]);
	v[DESTINATION_TIME_WAIT] = value_number(d->resting);
	v[DESTINATION_OPENS] = value_number(d->recent_ends / (TIME_WAIT_RECENT_MS / 1e3));
	set_syn_facts(c, v, d);
	return v[DESTINATION_USED_SHARE].num;
}

/* connect() skips a port that somebody bound, on whatever address (inet_hash_connect(): tb->fastreuse >= 0). */
static void leave_out_listeners(struct collecting *c)
{
	struct value *ports = &c->facts->host->values[HOST_PORTS];

	for (unsigned port = 0; port < 65536 && ports->state == VALUE_KNOWN; port++)
		ports->num -= bitmap_has(c->local_ports, (uint16_t)port) && bitmap_has(c->latest->listening, (uint16_t)port);
}

void derive_destinations(struct collecting *c)
{
	void *ranked[DESTINATIONS_MAX];
	double worst = 0;
	size_t n;

	if (!c->latest)
		return;
	leave_out_listeners(c);
	n = topk_ranked(&c->latest->destinations, ranked, DESTINATIONS_MAX);
	for (size_t i = 0; i < n; i++)
		worst = max_of(worst, add_destination(c, ranked[i]));
	c->facts->host->values[HOST_PORTS_WORST] = c->facts->host->values[HOST_PORTS].state == VALUE_KNOWN
							   ? value_number(worst)
							   : c->facts->host->values[HOST_PORTS];
}

static void set_close_wait(struct collecting *c, struct subject *s, const struct owner *o)
{
	const struct owner *before = c->latest == &c->second
					     ? topk_find(&c->first.owners, &o->key, o->head.hash)
					     : NULL;
	struct text peers = TEXT_NULL;
	struct value *v = s->values;
	char address[ADDRESS_TEXT_MAX];

	v[OWNER_CLOSE_WAIT] = value_number(o->states[STATE_CLOSE_WAIT]);
	if (c->latest == &c->second) {
		v[OWNER_CLOSE_WAIT].has_delta = true;
		v[OWNER_CLOSE_WAIT].delta =
			(double)o->states[STATE_CLOSE_WAIT] - (before ? before->states[STATE_CLOSE_WAIT] : 0);
	}
	v[OWNER_CLOSE_WAIT_OLD] = value_number(o->close_wait_old);
	v[OWNER_CLOSE_WAIT_UNREAD] = value_number(o->close_wait_unread);
	v[OWNER_CLOSE_WAIT_AGE] = o->close_wait_old ? value_number(o->close_wait_age_ms / 1e3)
						    : value_missing(VALUE_ABSENT, "none is old");
	for (unsigned i = 0; i < o->example_count; i++)
		text_addf(&peers, "%s%s", i ? " " : "",
			  address_text(&o->examples[i].peer, o->examples[i].port, address));
	v[OWNER_CLOSE_WAIT_PEERS] = o->example_count ? value_text(arena_strdup(&c->facts->arena, text_get(&peers)))
						     : value_missing(VALUE_ABSENT, "none is old");
	text_clear(&peers);
	if (o->example_count)
		holder_wanted(c, s, o->examples[0].inode);
}

static const char *owner_name(struct collecting *c, const struct owner *o)
{
	const char *unit = unit_name(c, o->key.cgroup), *path = cgroup_path(c, o->key.cgroup);

	if (unit)
		return unit;
	if (o->key.uid != UINT32_MAX)
		return arena_printf(&c->facts->arena, "uid %" PRIu64, o->key.uid);
	if (path)
		return path;
	return arena_printf(&c->facts->arena, "cgroup %" PRIu64, o->key.cgroup);
}

void derive_owners(struct collecting *c)
{
	void *ranked[OWNERS_MAX];
	size_t n;

	if (!c->latest)
		return;
	n = topk_ranked(&c->latest->owners, ranked, OWNERS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct owner *o = ranked[i];
		struct subject *s = facts_add(c->facts, SUBJECT_OWNER, owner_name(c, o));

		s->unit = unit_name(c, o->key.cgroup);
		s->values[OWNER_SOCKETS] = value_number(o->sockets);
		s->values[OWNER_ESTABLISHED] = value_number(o->states[STATE_ESTABLISHED]);
		set_close_wait(c, s, o);
	}
}
