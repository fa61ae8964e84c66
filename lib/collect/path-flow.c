/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds one flow. A limit counts only where it costs something: a flow at the link's full rate may wait for its
 * peer's window nine tenths of the time, and nothing is wrong. So each verdict asks for the structure (which window
 * or buffer is full), for a path that is not full (srtt below 1.15 × min_rtt), and for a rate below the link's.
 */
#include <math.h>
#include <string.h>
#include "base/macro.h"
#include "collect/path.h"

/* Shares and factors are those of the delay-box measurements on which the rules stand. */
static const double full_path = 1.15;	 /* srtt / min_rtt above which a queue stands */
static const double at_maximum = 0.95;	 /* of a buffer's autotuning limit */
static const double window_full = 0.85;	 /* in flight of the window offered */
static const double window_turned = 0.6; /* window's share received in each round trip */
static const double window_whole = 0.85; /* the same, where no speed tells that the link has room: a full one queues the rest */
static const double link_full = 0.9;	 /* of the link's rate */
static const double queue_small = 0.1;	 /* of a buffer */
static const double sndbuf_share = 0.05, rwnd_share = 0.2; /* of busy time; the kernel under-counts both */
static const double window_shuts = 0.25;		   /* of the wider of two windows offered */
enum { INITIAL_WINDOW = 10, UNSENT_MIN = 64 << 10, UNSCALED_WINDOW = 65535 };

double growth(uint64_t now, uint64_t before)
{
	return now > before ? (double)(now - before) : 0;
}

double in_flight(const struct flow_sample *s)
{
	return (double)s->unacked * s->snd_mss;
}

bool path_is_full(const struct flow_sample *s)
{
	return s->min_rtt && s->rtt > full_path * s->min_rtt;
}

bool below_link(const struct path *p, double rate)
{
	const struct link *l = p->link;

	if (!p->speed_sure)
		return true;
	if (l && l->rate_sure && fmax(l->flows_out, l->flows_in) >= link_full * l->rate)
		return false;
	return rate < link_full * p->speed;
}

bool path_is_crowded(const struct path *p)
{
	return p->bulk_full > p->bulk_free || !below_link(p, 0);
}

static void count(struct verdict *v, const struct flow *f, double rate, double bytes)
{
	v->flows++;
	if (!v->example || rate > v->rate)
		v->example = f;
	v->rate = fmax(v->rate, rate);
	v->bytes = fmax(v->bytes, bytes);
}

static bool is_scaled(const struct flow_sample *s)
{
	return s->options & TCPINFO_OPT_WSCALE;
}

/* Each round trip brings what we offer, and the application keeps up. */
static void weigh_receiver(struct path *p, const struct flow *f, double rmem_max, double ratio, double rate)
{
	const struct flow_sample *s = &f->now;
	double window = TCPINFO_HAS(s->info_len, rcv_wnd) && s->rcv_wnd ? s->rcv_wnd : ratio * s->rcvbuf;
	bool scaled = is_scaled(s);

	if (!scaled)
		window = fmin(window, UNSCALED_WINDOW);
	else if (s->rcvbuf < at_maximum * rmem_max)
		return;
	if (s->rqueue > queue_small * s->rcvbuf || !s->min_rtt || rate <= 0)
		return;
	if (rate * s->min_rtt / 1e6 < (p->speed_sure ? window_turned : window_whole) * window || !below_link(p, rate))
		return;
	/* A receiver's srtt is that of the handshake; its own estimate sees the queue of a full path. */
	if (s->rcv_rtt > 2 * full_path * s->min_rtt)
		return;
	count(scaled ? &p->receive : &p->unscaled, f, rate, window);
}

/* The window shuts, or has been shut nearly to: no buffer of a host that reads at once does that. */
static bool peer_reads_slowly(const struct flow *f, double share)
{
	const struct flow_sample *s = &f->now, *b = &f->before;
	double narrow = fmin(s->snd_wnd, b->snd_wnd), wide = fmax(s->snd_wnd, b->snd_wnd);

	if (!TCPINFO_HAS(s->info_len, snd_wnd) || share < rwnd_share || !s->notsent)
		return false;
	if (s->snd_wnd < 2 * s->snd_mss)
		return true;
	return share > 0.5 && narrow < window_shuts * wide;
}

/* The peer's window is what holds us. True: it is. */
static bool weigh_peer_window(struct path *p, const struct flow *f, double rate, double share)
{
	const struct flow_sample *s = &f->now;
	bool knows = TCPINFO_HAS(s->info_len, snd_wnd) && s->snd_wnd;
	bool full = knows && in_flight(s) + s->snd_mss >= window_full * s->snd_wnd;

	if (below_link(p, rate) && peer_reads_slowly(f, share)) {
		count(&p->slow, f, rate, s->snd_wnd);
		return true;
	}
	if (!s->unacked || path_is_full(s) || !below_link(p, rate) || !(full || (!knows && share > rwnd_share)))
		return false;
	/* One window caught full by chance is no limit: the kernel must have counted the waiting too. */
	if (share < sndbuf_share)
		return false;
	count(is_scaled(s) ? &p->peer : &p->unscaled, f, rate, knows ? s->snd_wnd : in_flight(s));
	return true;
}

/*
 * Our send buffer is full and what it holds is under way: the application could not add more. At its maximum, or
 * fixed below: a buffer that the kernel may tune grows whenever its sender waits for room with less than cwnd under
 * way (tcp_should_expand_sndbuf() in net/ipv4/tcp_input.c), so one that waits and stays the same was set by SO_SNDBUF.
 */
static void weigh_sender(struct path *p, const struct flow *f, double wmem_max, double rate, double share)
{
	const struct flow_sample *s = &f->now, *b = &f->before;
	bool all_sent = s->notsent < queue_small * s->sndbuf && in_flight(s) < at_maximum * s->snd_cwnd * s->snd_mss;
	bool at_max = s->sndbuf >= at_maximum * wmem_max && b->sndbuf >= at_maximum * wmem_max;

	if (!s->unacked || path_is_full(s) || !below_link(p, rate))
		return;
	if (at_max && (all_sent || share > sndbuf_share))
		count(&p->send, f, rate, s->sndbuf);
	else if (!at_max && s->sndbuf == b->sndbuf && all_sent && share > sndbuf_share)
		count(&p->pinned, f, rate, s->sndbuf);
}

void path_weigh_limits(const struct collecting *c, struct path *p, const struct flow *f, const struct change *d)
{
	struct value rmem = live_sysctl(c, "net.ipv4.tcp_rmem", 2), wmem = live_sysctl(c, "net.ipv4.tcp_wmem", 2);

	if (rmem.state == VALUE_KNOWN)
		weigh_receiver(p, f, rmem.num, c->facts->host->values[HOST_WINDOW_RATIO].num, d->in);
	if (!weigh_peer_window(p, f, d->out, d->rwnd) && wmem.state == VALUE_KNOWN)
		weigh_sender(p, f, wmem.num, d->out, d->sndbuf);
}

bool is_bulk(const struct flow_sample *s)
{
	return s->unacked >= BULK_SEGMENTS && !s->app_limited && s->min_rtt && s->rtt >= s->min_rtt;
}

static double queue_of(const struct flow_sample *s)
{
	return s->min_rtt && s->rtt > s->min_rtt ? (s->rtt - s->min_rtt) / 1e6 : 0;
}

/*
 * Ten segments in flight in both samples, since delayed ACKs of small flows look like a queue. The mean of the two:
 * a loss-based sender's queue swings with its window, and either sample alone may catch the trough.
 */
void path_weigh_queue(struct path *p, const struct flow *f)
{
	double queue = queue_of(&f->now);

	if (!is_bulk(&f->now) || (f->seen_again && f->before.unacked < BULK_SEGMENTS))
		return;
	/* Where nothing arrives any more the round trip is that of another day. */
	if (f->seen_again && TCPINFO_HAS(f->now.info_len, bytes_acked) && f->now.bytes_acked == f->before.bytes_acked)
		return;
	if (f->seen_again)
		queue = (queue + queue_of(&f->before)) / 2;
	if (p->queue_flows < FLOW_SAMPLES_MAX)
		p->queues[p->queue_flows++] = (float)queue;
	if (!p->bulk || f->now.delivery_rate > p->bulk_rate) {
		p->bulk = f;
		p->bulk_rate = (double)f->now.delivery_rate;
	}
}

/* More waits in the socket than a round trip carries, in both samples, while the peer goes on asking. */
void path_weigh_unsent(struct path *p, const struct flow *f, const struct change *d)
{
	const struct flow_sample *s = &f->now, *b = &f->before;
	double least = fmax(UNSENT_MIN, d->out * s->min_rtt / 1e6);

	if (d->out <= 0 || d->in <= 0 || s->notsent < least || b->notsent < least)
		return;
	count(&p->unsent, f, d->out, s->notsent);
	p->unsent_delay = fmax(p->unsent_delay, s->notsent / d->out);
}

/* Round trips of slow start that carry bytes, beginning with a window: each doubles it. */
static double rounds(double bytes, double window)
{
	return ceil(log2(bytes / window + 1));
}

static const char *control_of(const struct collecting *c, const struct flow *f)
{
	struct value v;

	if (*f->congestion)
		return f->congestion;
	v = live_sysctl(c, "net.ipv4.tcp_congestion_control", 0);
	return v.state == VALUE_KNOWN && v.text ? v.text : "";
}

/*
 * Idle for longer than its RTO when the window began, and a burst of more than the initial window since: the kernel
 * has taken the congestion window back (tcp_slow_start_after_idle_check() in include/net/tcp.h), except from controls
 * that keep their own, such as BBR. What it held before says what the burst could have had.
 */
void path_weigh_restart(const struct collecting *c, struct path *p, const struct flow *f, const struct change *d)
{
	const struct flow_sample *s = &f->now, *b = &f->before;
	double first = (double)INITIAL_WINDOW * s->snd_mss, held = (double)b->snd_cwnd * b->snd_mss, lost;

	if (b->unacked || b->notsent || !b->rto || b->last_data_sent < b->rto / 1000 || !s->min_rtt)
		return;
	if (d->sent <= first || held <= first || !strncmp(control_of(c, f), "bbr", 3))
		return;
	lost = rounds(d->sent, first) - rounds(d->sent, held);
	/* A burst that was done sooner did not begin again. */
	if (lost < 1 || d->busy < lost * s->min_rtt / 1e6)
		return;
	count(&p->restart, f, 0, d->sent);
	if (lost * s->min_rtt / 1e6 <= p->restart_cost)
		return;
	p->restart_rounds = lost;
	p->restart_cost = lost * s->min_rtt / 1e6;
	p->restart_window = held;
}
