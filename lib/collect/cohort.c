/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/cohort.h"

#include <stdlib.h>
#include <string.h>
#include "base/hash.h"

enum { INDEX_SIZE = 4 * COHORT_MAX, ACTIVE_MS = 1000, SHIFT_MAX = 40 };

void flow_sample_take(const struct tcp_socket *s, struct flow_sample *f)
{
	const struct tcpinfo *i = &s->info;

	*f = (struct flow_sample){
		.bytes_acked = i->bytes_acked,
		.bytes_received = i->bytes_received,
		.bytes_sent = i->bytes_sent,
		.bytes_retrans = i->bytes_retrans,
		.busy_time = i->busy_time,
		.rwnd_limited = i->rwnd_limited,
		.sndbuf_limited = i->sndbuf_limited,
		.delivery_rate = i->delivery_rate,
		.rtt = i->rtt,
		.min_rtt = tcpinfo_min_rtt(i),
		.rcv_rtt = i->rcv_rtt,
		.unacked = i->unacked,
		.snd_cwnd = i->snd_cwnd,
		.snd_mss = i->snd_mss,
		.rcv_mss = i->rcv_mss,
		.snd_wnd = i->snd_wnd,
		.rcv_wnd = i->rcv_wnd,
		.notsent = i->notsent_bytes,
		.lost = i->lost,
		.data_segs_in = i->data_segs_in,
		.data_segs_out = i->data_segs_out,
		.delivered = i->delivered,
		.total_retrans = i->total_retrans,
		.dsack_dups = i->dsack_dups,
		.total_rto = i->total_rto,
		.total_rto_time = i->total_rto_time,
		.rqueue = s->rqueue,
		.wqueue = s->wqueue,
		.rmem = s->mem[MEM_RMEM],
		.rcvbuf = s->mem[MEM_RCVBUF],
		.wmem = s->mem[MEM_WMEM],
		.sndbuf = s->mem[MEM_SNDBUF],
		.info_len = (uint16_t)s->info_len,
		.state = s->state,
		.options = i->options,
		.wscale = i->wscale,
		.app_limited = i->flags & 1,
		.timer = s->timer,
		.retransmits = i->retransmits,
		.backoff = i->backoff,
		.probes = i->probes,
		.rto = i->rto,
		.expires = s->expires,
		.last_data_sent = i->last_data_sent,
		.last_data_recv = i->last_data_recv,
		.last_ack_recv = i->last_ack_recv,
	};
}

/* Data under way, or just now. */
static bool is_active(const struct tcp_socket *s)
{
	return s->info.unacked || s->info.notsent_bytes || s->rqueue || s->info.last_data_sent < ACTIVE_MS ||
	       s->info.last_data_recv < ACTIVE_MS;
}

static bool passes(uint64_t cookie, unsigned shift)
{
	return (hash_u64(cookie) & ((1ULL << shift) - 1)) == 0;
}

/* Full: keep every second of the idle ones, and only when few are left, of the active. */
static void thin_out(struct cohort *c)
{
	size_t kept = 0;

	if (c->idle > COHORT_MAX / 4)
		c->idle_shift++;
	else
		c->active_shift++;
	c->idle = 0;
	for (size_t i = 0; i < c->count; i++) {
		struct flow *f = &c->flows[i];

		if (!passes(f->cookie, f->active ? c->active_shift : c->idle_shift))
			continue;
		c->idle += !f->active;
		if (i != kept)
			c->flows[kept] = *f;
		kept++;
	}
	c->count = kept;
}

void cohort_offer(struct cohort *c, const struct tcp_socket *s)
{
	bool active = is_active(s);
	struct flow *f;

	*(active ? &c->offered_active : &c->offered_idle) += 1;
	if (!passes(s->cookie, active ? c->active_shift : c->idle_shift))
		return;
	if (!c->flows) {
		c->flows = calloc(COHORT_MAX, sizeof(*c->flows));
		if (!c->flows)
			abort();
	}
	/* A hostile record may give all its sockets one cookie: no thinning parts those. */
	while (c->count == COHORT_MAX && c->active_shift < SHIFT_MAX && c->idle_shift < SHIFT_MAX)
		thin_out(c);
	if (c->count == COHORT_MAX || !passes(s->cookie, active ? c->active_shift : c->idle_shift))
		return;
	f = &c->flows[c->count++];
	*f = (struct flow){
		.cookie = s->cookie,
		.cgroup = s->cgroup,
		.src = s->src,
		.dst = s->dst,
		.sport = s->sport,
		.dport = s->dport,
		.active = active,
		.ifindex = s->ifindex,
		.uid = s->uid,
		.inode = s->inode,
	};
	c->idle += !active;
	flow_sample_take(s, &f->now);
}

void cohort_index(struct cohort *c)
{
	free(c->index);
	c->index = calloc(INDEX_SIZE, sizeof(*c->index));
	if (!c->index)
		abort();
	for (size_t i = 0; i < c->count; i++) {
		size_t at = hash_u64(c->flows[i].cookie) % INDEX_SIZE;

		while (c->index[at])
			at = (at + 1) % INDEX_SIZE;
		c->index[at] = (uint16_t)(i + 1);
	}
}

struct flow *cohort_find(const struct cohort *c, uint64_t cookie)
{
	if (!c->index)
		return NULL;
	for (size_t at = hash_u64(cookie) % INDEX_SIZE; c->index[at]; at = (at + 1) % INDEX_SIZE)
		if (c->flows[c->index[at] - 1].cookie == cookie)
			return &c->flows[c->index[at] - 1];
	return NULL;
}

unsigned cohort_shift(const struct cohort *c)
{
	return max_of(c->idle_shift, c->active_shift);
}

bool cohort_match(struct cohort *c, const struct tcp_socket *s)
{
	struct flow *f = cohort_find(c, s->cookie);

	if (!f)
		return passes(s->cookie, cohort_shift(c));
	if (f->seen_again)
		return false;
	f->before = f->now;
	f->seen_again = true;
	f->inode = s->inode;
	flow_sample_take(s, &f->now);
	return false;
}

void cohort_clear(struct cohort *c)
{
	free(c->flows);
	free(c->index);
	*c = (struct cohort){0};
}
