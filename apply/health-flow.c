/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/health-flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"

enum { INDEX_SIZE = 4 * FLOWS_MAX, ACTIVE_MS = 2000, IDLE_DUMPS = 3, SHIFT_MAX = 40, BULK_BYTES = 128 * 1024 };

/* Slow start doubles each round trip: from ten segments to 20 MB takes eleven of them. */
static const double age_least = 1.8, age_round_trips = 20; /* s; min_rtt */
/* Shares and factors are those by which an audit finds what holds a flow. */
static const double window_turned = 0.6, window_ratio = 0.64; /* of the window in each round trip; of the buffer */
static const double rwnd_share = 0.2, sndbuf_share = 0.05;    /* of busy time */
/* A writer that waits for room is woken once two thirds are taken (sk_stream_min_wspace() in include/net/sock.h). */
static const double buffer_full = 0.65, queue_small = 0.1; /* of a buffer */
static const double window_shuts = 0.25;		       /* of the wider of two windows offered */
static const double full_path = 1.15;			       /* srtt / min_rtt above which a queue stands */
static const double mostly_busy = 0.8;			       /* of the time between two dumps */
enum { TIMED_SEGMENTS = 10 };

int flows_begin(struct flows *f, moved_fn fn, void *user)
{
	flows_clear(f);
	f->list = calloc(FLOWS_MAX, sizeof(*f->list));
	f->index = calloc(INDEX_SIZE, sizeof(*f->index));
	if (!f->list || !f->index) {
		flows_clear(f);
		return -ENOMEM;
	}
	f->fn = fn;
	f->user = user;
	f->learning = f->first = true;
	return 0;
}

void flows_clear(struct flows *f)
{
	free(f->list);
	free(f->index);
	cookies_clear(&f->known);
	*f = (struct flows){0};
}

/* A connection that is being opened at the change negotiated its window before: it is no new one either. */
uint32_t flows_states(void)
{
	return 1u << STATE_ESTABLISHED | 1u << STATE_SYN_SENT | 1u << STATE_SYN_RECV | 1u << STATE_NEW_SYN_RECV |
	       1u << STATE_FIN_WAIT1 | 1u << STATE_FIN_WAIT2 | 1u << STATE_CLOSE_WAIT | 1u << STATE_LAST_ACK |
	       1u << STATE_CLOSING;
}

static bool passes(const struct flows *f, uint64_t cookie)
{
	return (hash_u64(cookie) & ((1ULL << f->shift) - 1)) == 0;
}

static size_t slot_of(const struct flows *f, uint64_t cookie)
{
	size_t at = hash_u64(cookie) >> 32 & (INDEX_SIZE - 1);

	while (f->index[at] && f->list[f->index[at] - 1].cookie != cookie)
		at = (at + 1) & (INDEX_SIZE - 1);
	return at;
}

static void index_all(struct flows *f)
{
	memset(f->index, 0, INDEX_SIZE * sizeof(*f->index));
	for (size_t i = 0; i < f->count; i++)
		f->index[slot_of(f, f->list[i].cookie)] = (uint16_t)(i + 1);
}

static void keep_only(struct flows *f, bool (*keep)(const struct flows *f, const struct followed *w))
{
	size_t kept = 0;

	for (size_t i = 0; i < f->count; i++)
		if (keep(f, &f->list[i]))
			f->list[kept++] = f->list[i];
	f->count = kept;
	index_all(f);
}

static bool is_still_chosen(const struct flows *f, const struct followed *w)
{
	return passes(f, w->cookie);
}

static bool is_still_there(const struct flows *f, const struct followed *w)
{
	(void)f;
	return w->seen && w->idle < IDLE_DUMPS;
}

void flows_dump_begin(struct flows *f, double now)
{
	f->now = now;
	for (size_t i = 0; i < f->count; i++)
		f->list[i].seen = false;
}

void flows_dump_end(struct flows *f)
{
	keep_only(f, is_still_there);
	f->first = false;
}

static bool is_active(const struct tcp_socket *s)
{
	return s->info.unacked || s->info.notsent_bytes || s->info.last_data_sent < ACTIVE_MS ||
	       s->info.last_data_recv < ACTIVE_MS;
}

static void note(struct followed *w, const struct tcp_socket *s, double now)
{
	w->at = now;
	w->acked = s->info.bytes_acked;
	w->received = s->info.bytes_received;
	w->sent = s->info.bytes_sent;
	w->retrans = s->info.bytes_retrans;
	w->busy = s->info.busy_time;
	w->rwnd = s->info.rwnd_limited;
	w->sndbuf = s->info.sndbuf_limited;
	w->snd_wnd = s->info.snd_wnd;
	w->seen = true;
	w->idle = is_active(s) ? 0 : (uint8_t)(w->idle + 1);
}

static void add(struct flows *f, const struct tcp_socket *s)
{
	struct followed *w;

	while (f->count == FLOWS_MAX && f->shift < SHIFT_MAX) {
		f->shift++;
		keep_only(f, is_still_chosen);
	}
	if (f->count == FLOWS_MAX || !passes(f, s->cookie))
		return;
	w = &f->list[f->count++];
	*w = (struct followed){
		.cookie = s->cookie,
		.first = f->now,
		.fresh = !f->learning && !cookies_has(&f->known, s->cookie),
		.old_already = f->first,
	};
	note(w, s, f->now);
	f->index[slot_of(f, s->cookie)] = (uint16_t)f->count;
}

static double growth(uint64_t now, uint64_t before)
{
	return now > before ? (double)(now - before) : 0;
}

static double min_rtt_of(const struct tcp_socket *s)
{
	return tcpinfo_min_rtt(&s->info) / 1e6;
}

/* The smoothed round trip of a sender, and a receiver's own estimate; either only if it is of this window. */
static double rtt_of(const struct tcp_socket *s, const struct followed *w, bool out)
{
	double acked = growth(s->info.bytes_acked, w->acked), received = growth(s->info.bytes_received, w->received);

	if (acked > 0 && (out || acked >= TIMED_SEGMENTS * (double)s->info.snd_mss))
		return s->info.rtt / 1e6;
	return received >= TIMED_SEGMENTS * (double)s->info.rcv_mss ? s->info.rcv_rtt / 1e6 : 0;
}

/* The window shuts, or has been shut nearly to: its peer's application does not read. */
static bool peer_reads_slowly(const struct tcp_socket *s, const struct followed *w, double rwnd)
{
	double narrow = min_of(s->info.snd_wnd, w->snd_wnd), wide = max_of(s->info.snd_wnd, w->snd_wnd);

	if (!TCPINFO_HAS(s->info_len, snd_wnd) || rwnd < rwnd_share || !s->info.notsent_bytes)
		return false;
	return s->info.snd_wnd < 2 * s->info.snd_mss || (rwnd > 0.5 && narrow < window_shuts * wide);
}

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

/*
 * A sender is bulk while data is always under way, and more waits: or its application would be what limits it. That
 * the kernel says "limited by the application" is no proof: it says so too where the send buffer is full.
 */
static void weigh_sender(const struct tcp_socket *s, const struct followed *w, double seconds, struct moved *m)
{
	double rwnd = share(m->rwnd, m->busy), sndbuf = share(m->sndbuf, m->busy);
	bool full = s->mem[MEM_QUEUED] > buffer_full * s->mem[MEM_SNDBUF] &&
		    s->info.notsent_bytes < queue_small * s->mem[MEM_SNDBUF];

	m->held = rwnd > rwnd_share || sndbuf > sndbuf_share || (full && s->mem[MEM_SNDBUF]);
	m->bulk = m->busy > mostly_busy * seconds && !peer_reads_slowly(s, w, rwnd) &&
		  (s->info.notsent_bytes || m->held || !(s->info.flags & 1));
}

/* Nobody sees from here whether the peer has more to send; whether our own application reads is seen. */
static void weigh_receiver(const struct tcp_socket *s, struct moved *m)
{
	double rcvbuf = s->mem[MEM_RCVBUF], min_rtt = min_rtt_of(s);
	double window = TCPINFO_HAS(s->info_len, rcv_wnd) && s->info.rcv_wnd ? s->info.rcv_wnd : window_ratio * rcvbuf;

	m->bulk = s->rqueue <= queue_small * rcvbuf || rcvbuf == 0;
	m->held = min_rtt > 0 && m->goodput * min_rtt >= window_turned * window &&
		  s->info.rcv_rtt / 1e6 <= 2 * full_path * min_rtt;
}

/* How long a flow was there that the first look found, only a sender's own count of its busy time tells. */
static bool is_grown(const struct followed *w, bool out, double least)
{
	return w->at - w->first >= least || (w->old_already && (!out || w->busy / 1e6 >= least));
}

static void tell(struct flows *f, const struct tcp_socket *s, const struct followed *w)
{
	double seconds = f->now - w->at, in, out, moved, least = max_of(age_least, age_round_trips * min_rtt_of(s));
	struct moved m = {.network = address_network(&s->dst), .fresh = w->fresh, .weight = (double)(1ULL << f->shift)};

	if (seconds <= 0)
		return;
	out = growth(s->info.bytes_acked, w->acked);
	in = growth(s->info.bytes_received, w->received);
	moved = out + in;
	if (moved <= 0)
		return;
	m.out = out >= in;
	m.grown = is_grown(w, m.out, least);
	m.goodput = moved / seconds;
	m.sent = growth(s->info.bytes_sent, w->sent);
	m.retrans = growth(s->info.bytes_retrans, w->retrans);
	m.busy = growth(s->info.busy_time, w->busy) / 1e6;
	m.rwnd = growth(s->info.rwnd_limited, w->rwnd) / 1e6;
	m.sndbuf = growth(s->info.sndbuf_limited, w->sndbuf) / 1e6;
	m.rtt = rtt_of(s, w, m.out);
	m.min_rtt = m.rtt > 0 ? min_rtt_of(s) : 0;
	m.free = m.min_rtt > 0 && m.rtt <= full_path * m.min_rtt;
	if (m.out)
		weigh_sender(s, w, seconds, &m);
	else
		weigh_receiver(s, &m);
	m.bulk = m.bulk && moved >= BULK_BYTES;
	f->fn(f->user, &m);
}

void flows_offer(struct flows *f, const struct tcp_socket *s)
{
	struct followed *w;
	size_t at;

	/* What does not leave the host has no path. */
	if (address_is_loopback(&s->dst) || !memcmp(&s->dst, &s->src, sizeof(s->dst)))
		return;
	if (f->learning)
		cookies_add(&f->known, s->cookie);
	/* Kernels before 4.1 do not count bytes. */
	if (!TCPINFO_HAS(s->info_len, bytes_received))
		return;
	at = f->index[slot_of(f, s->cookie)];
	if (!at) {
		if (is_active(s) && passes(f, s->cookie))
			add(f, s);
		return;
	}
	w = &f->list[at - 1];
	if (w->seen)
		return;
	tell(f, s, w);
	note(w, s, f->now);
}
