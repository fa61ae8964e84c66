/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/flow-fault.h"

#include <math.h>
#include "base/macro.h"

/* Shares and factors are those of the delay-box measurements on which the rules for paths stand, too. */
static const double full_path = 1.15;	 /* srtt / min_rtt above which a queue stands */
static const double at_maximum = 0.95;	 /* of a buffer's autotuning limit */
static const double window_turned = 0.6; /* window's share received in each round trip */
static const double window_full = 0.85;	 /* in flight of the window that the peer offers */
static const double sndbuf_turned = 0.4; /* buffer's share sent in each round trip; autotuned, it stays below 0.2 */
static const double queue_small = 0.1;	 /* of a buffer */
static const double memory_full = 0.75;	 /* of a receive buffer: the window is all but closed */
static const double window_small = 0.25; /* of a receive buffer; a reader that keeps up offers half and more */
static const double rto_min = 0.2;
enum { NAGLE_RTT_FACTOR = 4, UNANSWERED = 3, SCALE_MAX = 14, TIMER_STEPS_MAX = 512 };

static double growth(uint64_t now, uint64_t before)
{
	return now > before ? (double)(now - before) : 0;
}

double flow_rate_in(const struct flow *f, double window)
{
	return growth(f->now.bytes_received, f->before.bytes_received) / window;
}

double flow_rate_out(const struct flow *f, double window)
{
	return growth(f->now.bytes_acked, f->before.bytes_acked) / window;
}

double flow_read_rate(const struct flow *f, double window)
{
	double in = growth(f->now.bytes_received, f->before.bytes_received);

	return fmax(0, in - ((double)f->now.rqueue - f->before.rqueue)) / window;
}

double flow_window(const struct flow_sample *s, const struct flow_limits *l)
{
	double meant = TCPINFO_HAS(s->info_len, rcv_wnd) && s->rcv_wnd ? s->rcv_wnd : l->window_ratio * s->rcvbuf;

	/* tcp_select_window() keeps what it would like to offer, and puts into the header what the scale can say. */
	return fmin(meant, window_of_scale(s->options & TCPINFO_OPT_WSCALE ? s->wscale >> 4 : 0));
}

double window_of_scale(unsigned scale)
{
	return ldexp(65535, (int)min_of(scale, (unsigned)SCALE_MAX));
}

unsigned scale_of_window(double bytes)
{
	int scale = bytes >= 1 ? ilogb(bytes) - 15 : 0;

	return scale < 0 ? 0 : min_of((unsigned)scale, (unsigned)SCALE_MAX);
}

double retries_timeout(unsigned n, double rto_max)
{
	unsigned linear = rto_max > rto_min ? (unsigned)ilogb(rto_max / rto_min) : 0;
	unsigned doubling = min_of(n, linear);

	return (ldexp(2, (int)doubling) - 1) * rto_min + (n - doubling) * rto_max;
}

/*
 * Linux holds a small write back only behind another small one (Minshall's variant), so both must be there: one in
 * flight, one not sent, and no window, loss or time-out that explains it otherwise.
 */
bool flow_holds_small_write(const struct flow_sample *s)
{
	return s->unacked == 1 && s->notsent && s->notsent < s->snd_mss && s->wqueue > s->notsent &&
	       s->wqueue - s->notsent < s->snd_mss && !s->lost && !s->retransmits && !s->backoff && s->snd_cwnd > 1 &&
	       (!TCPINFO_HAS(s->info_len, snd_wnd) || s->snd_wnd > s->wqueue);
}

/* The smoothed round trip remembers what a single look may miss. */
static bool acknowledged_late(const struct flow_sample *s, const struct flow_limits *l)
{
	return s->min_rtt && s->min_rtt < l->near * 1e6 && s->rtt >= l->nagle_delay * 1e6 &&
	       s->rtt > NAGLE_RTT_FACTOR * s->min_rtt;
}

static bool path_is_full(const struct flow_sample *s)
{
	return s->min_rtt && s->rtt > full_path * s->min_rtt;
}

/* The application keeps up, each round trip brings most of the window, and no queue stands on the path. */
static bool fills_its_window(const struct flow *f, const struct flow_limits *l)
{
	const struct flow_sample *s = &f->now;

	if (!s->min_rtt || s->rqueue > queue_small * s->rcvbuf || f->before.rqueue > queue_small * f->before.rcvbuf)
		return false;
	/* A receiver's srtt is that of the handshake; its own estimate sees the queue of a full path. */
	if (s->rcv_rtt > 2 * full_path * s->min_rtt)
		return false;
	return flow_rate_in(f, l->window) * s->min_rtt / 1e6 >= window_turned * flow_window(s, l);
}

/* Autotuning would have let a buffer grow that limits its flow, up to the maximum. */
static bool stands_still(uint32_t now, uint32_t before, double maximum)
{
	return maximum > 0 && now && now == before && (now < at_maximum * maximum || now > maximum / at_maximum);
}

static bool says_all_it_can(const struct flow_sample *s, const struct flow_limits *l)
{
	unsigned own = s->wscale >> 4;
	double most = window_of_scale(own);

	return s->options & TCPINFO_OPT_WSCALE && l->wscale > (int)own && l->window_ratio * s->rcvbuf >= most &&
	       flow_window(s, l) >= at_maximum * most;
}

/* Whatever the send buffer holds is under way, and the peer's window would take more. */
static bool fills_its_send_buffer(const struct flow *f, const struct flow_limits *l)
{
	const struct flow_sample *s = &f->now;
	double in_flight = (double)s->unacked * s->snd_mss;

	if (!s->min_rtt || !s->unacked || path_is_full(s))
		return false;
	if (TCPINFO_HAS(s->info_len, snd_wnd) && s->snd_wnd && in_flight + s->snd_mss >= window_full * s->snd_wnd)
		return false;
	return flow_rate_out(f, l->window) * s->min_rtt / 1e6 >= sndbuf_turned * s->sndbuf;
}

static bool queue_is_full(const struct flow_sample *s)
{
	return s->rqueue && s->rcvbuf && s->rmem >= memory_full * s->rcvbuf &&
	       (!TCPINFO_HAS(s->info_len, rcv_wnd) || s->rcv_wnd <= window_small * s->rcvbuf);
}

static bool reads_slowly(const struct flow *f, const struct flow_limits *l)
{
	return queue_is_full(&f->now) && queue_is_full(&f->before) &&
	       f->now.rqueue >= l->reader_wait * flow_read_rate(f, l->window);
}

static unsigned stall_faults(const struct flow *f, const struct flow_limits *l)
{
	const struct flow_sample *s = &f->now, *b = &f->before;

	if (s->bytes_acked != b->bytes_acked || !s->wqueue || !b->wqueue)
		return 0;
	if (s->timer == TIMER_RETRANSMIT && s->unacked && s->retransmits >= UNANSWERED)
		return 1u << FAULT_STALLED;
	if (s->timer == TIMER_PROBE && s->probes >= UNANSWERED)
		return 1u << FAULT_STALLED;
	if (s->timer == TIMER_PROBE && b->timer == TIMER_PROBE && s->last_data_sent >= l->stalled_for * 1e3)
		return 1u << FAULT_WINDOW_CLOSED;
	return 0;
}

unsigned flow_faults(const struct flow *f, const struct flow_limits *l)
{
	const struct flow_sample *s = &f->now, *b = &f->before;
	unsigned faults = 0;

	if (acknowledged_late(s, l) && (flow_holds_small_write(s) || (f->seen_again && flow_holds_small_write(b))))
		faults |= 1u << FAULT_NAGLE;
	/* What nobody holds any more is the kernel's, and what nobody has accepted is not read for another reason. */
	if (!f->seen_again || l->window <= 0 || !TCPINFO_HAS(s->info_len, bytes_received) || !f->inode)
		return faults;
	if (fills_its_window(f, l)) {
		if (says_all_it_can(s, l))
			faults |= 1u << FAULT_FROZEN;
		else if (l->autotuning && stands_still(s->rcvbuf, b->rcvbuf, l->rmem_max))
			faults |= 1u << FAULT_PINNED_RECEIVE;
	}
	if (stands_still(s->sndbuf, b->sndbuf, l->wmem_max) && fills_its_send_buffer(f, l))
		faults |= 1u << FAULT_PINNED_SEND;
	if (reads_slowly(f, l))
		faults |= 1u << FAULT_SLOW_READER;
	return faults | stall_faults(f, l);
}

/* The n-th time-out, after its doublings. */
static double timeout_at(double base, unsigned n, double rto_max)
{
	return fmin(ldexp(base, (int)min_of(n, 30u)), rto_max);
}

/* Probes of a closed window are counted, not timed (tcp_probe_timer()). */
static struct stall probe_stall(const struct flow_sample *s, const struct flow_limits *l)
{
	struct stall r = {.since = s->last_data_sent / 1e3, .fails_in = s->expires / 1e3};
	double base = fmax(s->rto / 1e6, rto_min);

	if (s->probes < UNANSWERED)
		return (struct stall){r.since, -1};
	for (unsigned n = s->probes, doubled = s->backoff; n < l->retries && n < TIMER_STEPS_MAX; n++)
		r.fails_in += timeout_at(base, ++doubled, l->rto_max);
	return r;
}

/*
 * The kernel looks at its clock only when the timer fires: the first firing past the limit ends the connection
 * (retransmits_timed_out() in net/ipv4/tcp_timer.c). The limit runs from the first retransmission.
 */
struct stall flow_stall(const struct flow_sample *s, const struct flow_limits *l, double user_timeout)
{
	double base = fmax(ldexp(s->rto / 1e6, -(int)min_of(s->backoff, (uint8_t)30)), rto_min / 8);
	double limit = user_timeout > 0 ? user_timeout : retries_timeout(l->retries, l->rto_max);
	double left = s->expires / 1e3, elapsed = fmax(0, s->rto / 1e6 - left), fires;
	unsigned n = s->backoff;

	if (s->timer == TIMER_PROBE)
		return probe_stall(s, l);
	for (unsigned i = 1; i < s->backoff; i++)
		elapsed += timeout_at(base, i, l->rto_max);
	for (fires = elapsed + left; fires < limit && n < TIMER_STEPS_MAX;)
		fires += timeout_at(base, ++n, l->rto_max);
	return (struct stall){.since = timeout_at(base, 0, l->rto_max) + elapsed, .fails_in = fires - elapsed};
}
