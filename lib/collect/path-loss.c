/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What losses do to one flow: how much is sent again, what waits for a timer, what the congestion control makes of it. */
#include <math.h>
#include <string.h>
#include "base/macro.h"
#include "collect/path.h"

static const double cwnd_full = 0.8;	   /* of the congestion window under way */
static const double held_elsewhere = 0.2;  /* of busy time: then a window or buffer is the limit */
static const double bound_tolerance = 4;   /* lost segments come in bunches, and CUBIC does better than the formula */
static const double least_loss = 1e-4;	   /* below it CUBIC copes */
static const double control_share = 0.5;   /* of the link: a flow that gets more is not held by its control */
static const double message_size = 0.8;	   /* of a full segment: the mean of a flow of messages is below */
static const double loss_repair = 1.25;	   /* round trips until a lost segment arrives after all */
enum {
	CONTROL_RTT_MIN = 20000, /* µs */
	CONTROL_SEGMENTS = 1000, /* ever sent, for a share of losses that means something, */
	RESENT_ENOUGH = 10,	 /* or sent again */
	STREAM_RATE = 50,	 /* segments per second */
	HOLE_BACKOFF = 3,
	PROOF_MS = 1000, /* a peer heard from so lately is alive */
	HOLES_LOOKED_AT = 16, /* of a path: each is held against the whole cohort */
};

bool control_is_bbr(const struct flow *f)
{
	return !strncmp(f->congestion, "bbr", 3);
}

static bool control_is_loss_based(const struct flow *f)
{
	static const char *const names[] = {"cubic", "reno",  "bic",	  "htcp", "highspeed", "scalable",
					    "hybla", "veno", "illinois", "yeah", "westwood"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(f->congestion, names[i]))
			return true;
	return false;
}

double path_loss_bound(double mss, double rtt, double loss)
{
	return rtt > 0 && loss > 0 ? 1.22 * mss / (rtt * sqrt(loss)) : 0;
}

/*
 * Held by a loss-based control: its window is full and data waits behind it, no other window or buffer has a part in
 * that, no queue stands, much of the link is free, and the losses explain the rate. The last tells a flow that
 * loses all the time from one that overshot once and has not yet grown back.
 */
static void weigh_control(struct path *p, const struct flow *f, const struct change *d)
{
	const struct flow_sample *s = &f->now, *b = &f->before;
	bool cwnd_held = s->unacked >= cwnd_full * s->snd_cwnd || b->unacked >= cwnd_full * b->snd_cwnd;
	double loss = s->bytes_sent > 0 ? (double)s->bytes_retrans / (double)s->bytes_sent : 0;

	if (!control_is_loss_based(f) || !s->notsent || !b->notsent || !cwnd_held || s->min_rtt < CONTROL_RTT_MIN)
		return;
	if (d->rwnd > held_elsewhere || d->sndbuf > held_elsewhere || path_is_full(s) || !p->speed_sure)
		return;
	if (!below_link(p, d->out / control_share))
		return;
	if ((double)s->bytes_sent < (double)CONTROL_SEGMENTS * s->snd_mss && s->total_retrans < RESENT_ENOUGH)
		return;
	if (d->resent >= RESENT_ENOUGH)
		loss = (d->resent - fmin(d->spurious, d->resent)) / fmax(d->segments, 1);
	if (loss < least_loss || d->out > bound_tolerance * path_loss_bound(s->snd_mss, s->min_rtt / 1e6, loss))
		return;
	p->control.flows++;
	if (d->out >= p->control.rate) {
		p->control.rate = d->out;
		p->control.example = f;
		p->control_loss = loss;
	}
}

/* Many segments a second that are not full, both ways: messages that share one stream, and wait for each other. */
static void weigh_stream(struct path *p, const struct flow_sample *s, const struct change *d)
{
	double lost;

	if (d->segments < STREAM_RATE * d->seconds || d->in <= 0 || d->sent > message_size * d->segments * s->snd_mss)
		return;
	lost = d->resent - fmin(d->spurious, d->resent);
	p->streams++;
	p->stream_segments += d->segments;
	p->stream_bytes += d->sent;
	p->stream_resent += lost;
	/* What follows in the round trip and a quarter that a repair takes; no more than there is. */
	p->stream_held += fmin(d->segments, lost * loss_repair * s->rtt / 1e6 * d->segments / d->seconds);
}

void path_weigh_loss(struct path *p, const struct flow *f, const struct change *d)
{
	const struct flow_sample *s = &f->now, *b = &f->before;
	double timeouts = growth(s->total_rto, b->total_rto);

	p->knows_timeouts |= TCPINFO_HAS(s->info_len, total_rto_time);
	/* What a loss-based sender drops into the queue that it fills itself is its way of asking how long that is. */
	if (path_is_crowded(p) && !control_is_bbr(f))
		return;
	p->segments += d->segments;
	p->resent += d->resent;
	p->spurious += fmin(d->spurious, d->resent);
	p->lossy += d->resent > 0;
	p->lossy_bbr += d->resent > 0 && control_is_bbr(f);
	p->mss = fmax(p->mss, s->snd_mss);
	/* A flow that gets nothing through has a dead peer, or worse; its time-outs say nothing of the others. */
	if (d->out > 0) {
		p->timeouts += timeouts;
		p->timeout_time += growth(s->total_rto_time, b->total_rto_time) / 1e3;
		if (timeouts > 0)
			p->timeout_rto = fmax(p->timeout_rto, s->rto / 1e6);
	}
	weigh_control(p, f, d);
	weigh_stream(p, s, d);
}

/* What is under way are full segments, but for the last: small ones that were lost tell nothing of large ones. */
static bool flies_full(const struct flow_sample *s)
{
	double bytes = (double)s->wqueue - s->notsent;

	return bytes >= s->snd_mss && bytes > (s->unacked - 1.0) * s->snd_mss;
}

/* All that is under way was lost again and again, and no full segment has ever arrived. */
static bool is_stuck(const struct flow_sample *s)
{
	return s->backoff >= HOLE_BACKOFF && s->unacked && s->lost == s->unacked && flies_full(s) &&
	       TCPINFO_HAS(s->info_len, delivered) && (double)s->bytes_acked < 0.5 * s->snd_mss * (s->delivered + 1.0);
}

/* Does this flow to the same peer show that it is alive (1), or that segments so large arrive there (-1)? */
static int proof(const struct flow *f, const struct flow *stuck)
{
	const struct flow_sample *s = &f->now, *b = &f->before;
	double acked = growth(s->bytes_acked, b->bytes_acked), segments = growth(s->data_segs_out, b->data_segs_out);

	if (f->dst.high != stuck->dst.high || f->dst.low != stuck->dst.low || !f->seen_again)
		return 0;
	if (segments > 0 && acked > 0.9 * stuck->now.snd_mss * segments)
		return -1;
	if (f == stuck)
		return s->last_data_recv < PROOF_MS || s->last_ack_recv < PROOF_MS;
	return acked > 0 || growth(s->bytes_received, b->bytes_received) > 0;
}

void path_weigh_blackhole(const struct collecting *c, struct path *p, const struct flow *f)
{
	bool alive = false;

	if (!f->seen_again || !is_stuck(&f->now) || p->stuck++ >= HOLES_LOOKED_AT)
		return;
	for (size_t i = 0; i < c->cohort.count; i++) {
		int r = proof(&c->cohort.flows[i], f);

		if (r < 0)
			return;
		alive |= r > 0;
	}
	if (!alive)
		return;
	p->blackhole.flows++;
	p->blackhole.bytes = fmax(p->blackhole.bytes, f->now.snd_mss);
	p->blackhole.example = f;
}
