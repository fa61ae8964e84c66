/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/arrival.h"

#include <math.h>
#include <stdlib.h>
#include "base/hash.h"
#include "base/macro.h"

static const struct address any_v4 = {0, 0xffff00000000ULL}, any_v6 = {0, 0};

void arrivals_init(struct arrivals *t, size_t listeners)
{
	size_t size = 2;

	*t = (struct arrivals){0};
	if (!listeners)
		return;
	while (size < 2 * listeners)
		size *= 2;
	t->table = calloc(size, sizeof(*t->table));
	if (!t->table)
		abort();
	t->size = size;
}

void arrivals_clear(struct arrivals *t)
{
	free(t->table);
	*t = (struct arrivals){0};
}

/* Its entry, or the free one where it belongs; the table is never full. */
static struct arrival *place(const struct arrivals *t, const struct address *a, uint16_t port, uint32_t ifindex)
{
	size_t i = hash_two(a->low ^ (uint64_t)port << 40, a->high ^ ifindex) & (t->size - 1);

	for (; t->table[i].used; i = (i + 1) & (t->size - 1)) {
		const struct arrival *e = &t->table[i];

		if (e->port == port && e->ifindex == ifindex && e->address.low == a->low && e->address.high == a->high)
			break;
	}
	return &t->table[i];
}

struct arrival *arrivals_add(struct arrivals *t, const struct address *address, uint16_t port, uint32_t ifindex)
{
	struct arrival *e = place(t, address, port, ifindex);

	e->address = *address;
	e->port = port;
	e->ifindex = ifindex;
	e->used = true;
	return e;
}

static struct arrival *any_address(const struct arrivals *t, const struct tcp_socket *s, uint32_t ifindex)
{
	struct arrival *e = place(t, &s->src, s->sport, ifindex);

	if (!e->used && address_is_v4(&s->src))
		e = place(t, &any_v4, s->sport, ifindex);
	if (!e->used)
		e = place(t, &any_v6, s->sport, ifindex);
	return e;
}

struct arrival *arrivals_find(struct arrivals *t, const struct tcp_socket *s)
{
	struct arrival *e;

	if (!t->table)
		return NULL;
	if (t->last && t->last_port == s->sport && t->last_ifindex == s->ifindex &&
	    t->last_address.low == s->src.low && t->last_address.high == s->src.high)
		return t->last;
	e = any_address(t, s, s->ifindex);
	if (!e->used && s->ifindex)
		e = any_address(t, s, 0);
	if (!e->used)
		return NULL;
	t->last = e;
	t->last_address = s->src;
	t->last_ifindex = s->ifindex;
	t->last_port = s->sport;
	return e;
}

const struct arrival *arrivals_at(const struct arrivals *t, const struct address *address, uint16_t port,
				  uint32_t ifindex)
{
	const struct arrival *e = t->table ? place(t, address, port, ifindex) : NULL;

	return e && e->used ? e : NULL;
}

void arrival_count(struct arrival *a, const struct tcp_socket *s)
{
	uint64_t bit;

	if (s->state == STATE_ESTABLISHED)
		a->established++;
	if (s->state != STATE_SYN_RECV)
		return;
	a->syn_recv++;
	a->syn_retried += s->retransmits > 0;
	bit = hash_two(s->dst.high, address_is_v4(&s->dst) ? s->dst.low : 0) % SOURCES_BITS;
	a->sources[bit / 64] |= 1ULL << bit % 64;
}

double arrival_sources(const struct arrival *a)
{
	unsigned set = 0;

	for (size_t i = 0; i < ARRAY_SIZE(a->sources); i++)
		set += (unsigned)__builtin_popcountll(a->sources[i]);
	set = min_of(set, SOURCES_BITS - 1u);
	return round(-SOURCES_BITS * log1p(-(double)set / SOURCES_BITS));
}
