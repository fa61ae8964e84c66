/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/census.h"

#include <math.h>
#include <string.h>
#include "base/hash.h"
#include "base/macro.h"

enum { DESTINATION_SETS = 256, OWNER_SETS = 64, NETWORK_SETS = 32, CGROUP_ROOT = 1 };

void census_init(struct census *c, const struct census_options *o, struct cohort *cohort, bool second)
{
	*c = (struct census){.options = *o, .cohort = cohort, .second = second};
	topk_init(&c->owners, sizeof(struct owner), sizeof(struct owner_key), OWNER_SETS);
	if (o->only_listeners)
		return;
	topk_init(&c->destinations, sizeof(struct destination), sizeof(struct destination_key), DESTINATION_SETS);
	topk_init(&c->networks, sizeof(struct network), sizeof(struct network_key), NETWORK_SETS);
}

void census_clear(struct census *c)
{
	topk_clear(&c->destinations);
	topk_clear(&c->owners);
	topk_clear(&c->networks);
	free(c->listeners);
	arrivals_clear(&c->arrivals);
	*c = (struct census){0};
}

double syn_retransmission_time(unsigned n, unsigned linear)
{
	const double longest = 120; /* TCP_RTO_MAX */
	double at = min_of(n, linear), timeout = 1;

	for (unsigned i = linear; i < n && i < 1000; i++) {
		at += timeout;
		timeout = fmin(2 * timeout, longest);
	}
	return at;
}

static bool listener_suffers(const struct listener *l)
{
	return l->queue > l->limit / 2 || l->drops;
}

/* All of them on a common host; past the limit those that suffer displace those that do not. */
static void add_listener(struct census *c, const struct tcp_socket *s)
{
	struct listener l = {
		.address = s->src,
		.port = s->sport,
		.ifindex = s->ifindex,
		.uid = s->uid,
		.inode = s->inode,
		.cookie = s->cookie,
		.cgroup = s->cgroup,
		.queue = s->rqueue,
		.limit = s->wqueue,
		.drops = s->mem[MEM_DROPS],
		.has_drops = s->mem_count > MEM_DROPS,
	};

	bitmap_set(c->listening, s->sport);
	if (c->listener_count < LISTENERS_MAX) {
		if ((c->listener_count & (c->listener_count - 1)) == 0) {
			size_t size = c->listener_count ? 2 * c->listener_count : 1;

			c->listeners = reallocarray(c->listeners, size, sizeof(l));
			if (!c->listeners)
				abort();
		}
		c->listeners[c->listener_count++] = l;
		return;
	}
	c->listeners_left_out++;
	if (listener_suffers(&l))
		for (size_t i = 0; i < c->listener_count; i++)
			if (!listener_suffers(&c->listeners[i])) {
				c->listeners[i] = l;
				return;
			}
}

/* Once all listeners are known; none comes after the first other socket. */
static void lay_out_arrivals(struct census *c)
{
	arrivals_init(&c->arrivals, c->listener_count);
	for (size_t i = 0; i < c->listener_count; i++) {
		const struct listener *l = &c->listeners[i];
		struct arrival *a = arrivals_add(&c->arrivals, &l->address, l->port, l->ifindex);

		a->owner = (struct owner_key){l->cgroup, l->cgroup > CGROUP_ROOT ? UINT32_MAX : l->uid};
	}
	c->saw_listeners = true;
}

/* Time without traffic, either way. */
static uint32_t silence(const struct tcp_socket *s)
{
	uint32_t ms = min_of(s->info.last_data_sent, s->info.last_data_recv);

	return min_of(ms, s->info.last_ack_recv);
}

/* Neighbours in a dump may share their peer: connections to one server do. */
static void add_example(struct examples *e, const struct tcp_socket *s)
{
	if (e->count == EXAMPLES_MAX)
		return;
	for (unsigned i = 0; i < e->count; i++)
		if (e->of[i].port == s->dport && e->of[i].peer.low == s->dst.low && e->of[i].peer.high == s->dst.high)
			return;
	e->of[e->count].peer = s->dst;
	e->of[e->count++].port = s->dport;
	if (!e->inode)
		e->inode = s->inode;
}

static void note_close_wait(struct census *c, struct owner *o, const struct tcp_socket *s)
{
	uint32_t ms = silence(s);

	/* Without an inode nobody has accepted it: the application cannot close what it never got. */
	if (!s->info_len || !s->inode || ms < c->options.close_wait_age)
		return;
	o->close_wait_old++;
	o->close_wait_unread += s->rqueue > 1; /* the FIN itself counts as one byte */
	o->close_wait_age_ms = max_of(o->close_wait_age_ms, ms);
	add_example(&o->close_wait, s);
}

/*
 * The retransmission timer or the window probe fired again and again. A peer that answers probes with a closed window
 * keeps acknowledging, so what tells the age is data in the one case and acknowledgements in the other.
 */
static bool is_stuck(const struct tcp_socket *s, uint32_t *age_ms)
{
	if (s->info.backoff < STUCK_BACKOFF)
		return false;
	*age_ms = max_of(*age_ms, s->timer == TIMER_PROBE ? s->info.last_data_sent : s->info.last_ack_recv);
	return true;
}

static void note_fin_wait1(struct owner *o, const struct tcp_socket *s)
{
	if (!is_stuck(s, &o->fin_wait1_age_ms))
		return;
	o->fin_wait1_stuck++;
	o->fin_wait1_window += s->timer == TIMER_PROBE;
	add_example(&o->fin_wait, s);
}

/* What close() leaves becomes a small object without tcp_info (tcp_time_wait()); what shutdown() leaves stays whole. */
static void note_fin_wait2(struct census *c, struct owner *o, const struct tcp_socket *s)
{
	uint32_t ms = silence(s);

	if (!s->inode) {
		o->fin_wait2_ending++;
		return;
	}
	if (!s->info_len || ms < c->options.fin_wait_age)
		return;
	o->fin_wait2_held++;
	o->fin_wait2_age_ms = max_of(o->fin_wait2_age_ms, ms);
	add_example(&o->fin_wait, s);
}

static void note_idle(struct census *c, struct owner *o, const struct tcp_socket *s)
{
	uint32_t ms = silence(s);

	if (!c->options.idle_timeout || ms < c->options.idle_timeout || !s->info_len || s->timer != TIMER_NONE ||
	    address_is_loopback(&s->dst))
		return;
	o->idle++;
	o->idle_ms = max_of(o->idle_ms, ms);
	add_example(&o->idle_peers, s);
}

static void note_state(struct census *c, struct owner *o, const struct tcp_socket *s)
{
	switch (s->state) {
	case STATE_ESTABLISHED:
		note_idle(c, o, s);
		break;
	case STATE_CLOSE_WAIT:
		note_close_wait(c, o, s);
		break;
	case STATE_FIN_WAIT1:
		note_fin_wait1(o, s);
		break;
	case STATE_FIN_WAIT2:
		note_fin_wait2(c, o, s);
		break;
	}
	o->orphans += !s->inode && s->info_len &&
		      (s->state == STATE_FIN_WAIT1 || s->state == STATE_FIN_WAIT2 || s->state == STATE_LAST_ACK ||
		       s->state == STATE_CLOSING);
}

struct owner_key owner_key_of(uint64_t cgroup, uint32_t uid)
{
	return (struct owner_key){cgroup, cgroup > CGROUP_ROOT ? UINT32_MAX : uid};
}

/*
 * A socket without inode has no process (any more, or not yet accepted) and no uid; without a cgroup of its own, who
 * listens where it came in answers for it.
 */
static struct owner_key owner_of(const struct tcp_socket *s, const struct arrival *a)
{
	if (s->cgroup > CGROUP_ROOT || s->inode || s->uid || s->state == STATE_LISTEN)
		return owner_key_of(s->cgroup, s->uid);
	return a ? a->owner : (struct owner_key){0, UID_NO_PROCESS};
}

/* The kernel's numbers are signed, and what is reserved falls below zero for moments. */
static uint64_t charge(uint32_t bytes)
{
	return bytes > INT32_MAX ? 0 : bytes;
}

/*
 * What a socket is charged with: received and not read, written and not acknowledged, reserved, options, backlog
 * (sk_get_meminfo()). Its wmem is left out: those are copies under way of what is queued.
 */
static uint64_t socket_memory(const struct tcp_socket *s)
{
	if (s->mem_count <= MEM_BACKLOG)
		return 0;
	return charge(s->mem[MEM_RMEM]) + charge(s->mem[MEM_QUEUED]) + charge(s->mem[MEM_FWD]) + charge(s->mem[MEM_OPT]) +
	       charge(s->mem[MEM_BACKLOG]);
}

static void add_to_owner(struct census *c, const struct tcp_socket *s, const struct arrival *a)
{
	struct owner_key key = owner_of(s, a);
	struct owner *o = c->last_owner;
	uint64_t memory = socket_memory(s);

	/* Neighbours in a dump often share their owner; an entry that was given away has another key. */
	if (o && o->key.cgroup == key.cgroup && o->key.uid == key.uid)
		o->head.weight++;
	else
		o = c->last_owner = topk_touch(&c->owners, &key, hash_two(key.cgroup, key.uid), 1);
	o->states[s->state]++;
	o->sockets++;
	note_state(c, o, s);
	o->memory += memory;
	c->memory += memory;
	c->has_memory |= s->mem_count > MEM_BACKLOG;
}

static void note_syn_sent(struct census *c, struct destination *d, const struct tcp_socket *s)
{
	unsigned n = s->retransmits, linear = c->options.syn_linear;
	double since = syn_retransmission_time(n + 1, linear) - s->expires / 1e3;

	d->attempts += n == 0;
	d->syn_retried += n > 0;
	if (n < c->options.syn_retries)
		return;
	d->syn_stuck++;
	d->syn_stuck_since = fmax(d->syn_stuck_since, fmax(since, syn_retransmission_time(n, linear)));
	d->cgroup = s->cgroup;
}

static void note_time_wait(struct census *c, struct destination *d, const struct tcp_socket *s, bool in_range)
{
	uint32_t age = TIME_WAIT_MS - min_of(s->expires, (uint32_t)TIME_WAIT_MS);
	uint32_t step = min_of(age / TIME_WAIT_STEP_MS, (uint32_t)TIME_WAIT_STEPS - 1);

	d->ends[step]++;
	c->ended += step == 0;
	d->resting += in_range;
	d->unripe += in_range && age < c->options.reuse_age;
}

/*
 * Was the connection set up only by a repeated SYN or SYN-ACK? Those count in total_retrans (tcp_retransmit_skb(),
 * tcp_create_openreq_child()) and have no bytes.
 */
static bool was_slow(const struct tcp_socket *s)
{
	/* A FIN has no bytes either. */
	return s->state == STATE_ESTABLISHED && TCPINFO_HAS(s->info_len, bytes_retrans) && s->info.total_retrans &&
	       !s->info.bytes_retrans;
}

static void note_open(struct census *c, struct destination *d, const struct tcp_socket *s, bool fresh)
{
	const struct tcpinfo *i = &s->info;

	if (!s->info_len)
		return;
	d->idle += s->state == STATE_ESTABLISHED && i->last_data_sent >= c->options.pool_idle &&
		   i->last_data_recv >= c->options.pool_idle;
	if (tcpinfo_min_rtt(i) && (!d->min_rtt || tcpinfo_min_rtt(i) < d->min_rtt))
		d->min_rtt = tcpinfo_min_rtt(i);
	if (!fresh)
		return;
	d->fresh++;
	d->fresh_slow += was_slow(s);
	d->brief_seen++;
	d->brief_bytes += max_of(i->bytes_acked, i->bytes_received);
	d->mss = i->snd_mss;
}

/* bind() before connect() takes ports of the parity that connect() tries last (inet_csk_find_open_port()). */
static void note_port(struct census *c, struct destination *d, const struct tcp_socket *s)
{
	d->ports++;
	if (s->state == STATE_TIME_WAIT || !((s->sport ^ c->options.port_low) & 1))
		return;
	d->odd++;
	c->odd++;
	bitmap_set(c->odd_ports, s->sport);
}

static uint64_t destination_hash(const struct destination_key *k)
{
	return hash_two(hash_two(k->src.low ^ k->src.high, k->dst.high),
			k->dst.low ^ (uint64_t)k->port << 40 ^ k->ifindex);
}

struct destination *census_destination(const struct census *c, const struct flow *f)
{
	struct destination_key key = {f->src, f->dst, f->dport, f->ifindex};

	return bitmap_has(c->listening, f->sport) ? NULL
						  : topk_find(&c->destinations, &key, destination_hash(&key));
}

/* Port 0: what came from a peer, from whatever port. */
static void add_to_destination(struct census *c, const struct tcp_socket *s, uint16_t port, bool fresh)
{
	struct destination_key key = {s->src, s->dst, port, s->ifindex};
	struct destination *d = topk_touch(&c->destinations, &key, destination_hash(&key), 1);
	bool in_range = port && bitmap_has(c->options.local_ports, s->sport);

	d->states[s->state]++;
	if (in_range)
		note_port(c, d, s);
	if (!d->cgroup)
		d->cgroup = s->cgroup;
	if (s->state == STATE_TIME_WAIT)
		note_time_wait(c, d, s, in_range);
	else if (s->state == STATE_SYN_SENT)
		note_syn_sent(c, d, s);
	else
		note_open(c, d, s, fresh);
	if (s->state == STATE_LAST_ACK)
		d->last_ack_stuck += is_stuck(s, &d->last_ack_age_ms);
}

static void add_rates(struct network *n, const struct tcp_socket *s)
{
	n->delivery_rate = max_of(n->delivery_rate, s->info.delivery_rate);
	if (TCPINFO_HAS(s->info_len, bytes_retrans)) {
		n->bytes_sent += s->info.bytes_sent;
		n->bytes_retrans += s->info.bytes_retrans;
		n->has_bytes = true;
	}
}

static void add_to_network(struct census *c, const struct tcp_socket *s)
{
	struct network_key key = {address_network(&s->dst), s->ifindex};
	uint64_t moved = s->info.bytes_acked + s->info.bytes_received;
	struct network *n = topk_touch(&c->networks, &key, hash_two(key.net.high ^ key.ifindex, key.net.low),
				       1 + min_of(moved >> 20, (uint64_t)1 << 20));
	unsigned wscale = s->info.wscale & 15;

	if (!n->flows++) {
		n->example_src = s->src;
		n->example_dst = s->dst;
		n->wscale_min = 15;
	}
	if (!s->info_len)
		return;
	if (s->info.options & TCPINFO_OPT_WSCALE)
		n->wscale_min = min_of(n->wscale_min, wscale);
	else
		n->unscaled++;
	if (s->info.rtt)
		histogram_add(&n->srtt, s->info.rtt);
	if (tcpinfo_min_rtt(&s->info))
		histogram_add(&n->min_rtt, tcpinfo_min_rtt(&s->info));
	add_rates(n, s);
}

/* A half-closed connection still carries data one way: `nc -N` and many file transfers do. */
static bool carries_data(const struct tcp_socket *s)
{
	return s->state == STATE_ESTABLISHED ||
	       (s->info_len && (s->state == STATE_CLOSE_WAIT || s->state == STATE_FIN_WAIT1 || s->state == STATE_FIN_WAIT2));
}

/* Whether the second sample sees it for the first time. */
static bool add_flow(struct census *c, const struct tcp_socket *s)
{
	bool fresh = false;

	c->keepalive += s->timer == TIMER_KEEPALIVE && s->state == STATE_ESTABLISHED;
	if (c->second)
		fresh = cohort_match(c->cohort, s);
	else if (s->info_len)
		cohort_offer(c->cohort, s);
	if (address_is_loopback(&s->dst))
		c->loopback++;
	else
		add_to_network(c, s);
	return fresh;
}

/* A port that somebody listens on was not taken for an outgoing connection. */
static void add_by_direction(struct census *c, const struct tcp_socket *s, bool incoming, bool fresh)
{
	if (!s->dport || s->state == STATE_SYN_RECV)
		return;
	if (!incoming)
		add_to_destination(c, s, s->dport, fresh);
	else if (s->state == STATE_LAST_ACK)
		add_to_destination(c, s, 0, false);
}

void census_add(struct census *c, const struct tcp_socket *s)
{
	struct arrival *a = NULL;
	bool fresh = false, incoming;

	c->states[s->state]++;
	if (s->state == STATE_LISTEN) {
		add_listener(c, s);
		add_to_owner(c, s, NULL);
		return;
	}
	if (!c->saw_listeners)
		lay_out_arrivals(c);
	incoming = bitmap_has(c->listening, s->sport);
	if (incoming && s->state != STATE_TIME_WAIT)
		a = arrivals_find(&c->arrivals, s);
	if (a)
		arrival_count(a, s);
	if (s->state != STATE_TIME_WAIT) {
		c->total++;
		add_to_owner(c, s, a);
	}
	if (carries_data(s))
		fresh = add_flow(c, s);
	if (a && fresh) {
		a->fresh++;
		a->fresh_slow += was_slow(s);
	}
	add_by_direction(c, s, incoming, fresh);
}

static void on_socket(void *user, const struct tcp_socket *s)
{
	census_add(user, s);
}

int census_take(struct census *c, struct root *root, bool time_wait)
{
	const uint32_t all = (1u << STATE_NEW_SYN_RECV) - 2, listen = 1u << STATE_LISTEN;
	uint32_t states = all & ~listen;
	int r = sockdiag_dump(root, listen, "tcp-listen.diag", on_socket, c, &c->result);

	if (r < 0 || c->options.only_listeners)
		return r;
	c->has_time_wait = time_wait;
	if (!time_wait)
		states &= ~(1u << STATE_TIME_WAIT);
	return sockdiag_dump(root, states, "tcp.diag", on_socket, c, &c->result);
}
