/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths: egress interface × peer network. The census gives round trips and rates of all flows; the cohort says
 * which flows sit at a limit. A limit counts only where it costs something: a flow at the link's full rate may wait
 * for its peer's window nine tenths of the time, and nothing is wrong. So each verdict asks for the structure (which
 * window or buffer is full), for a path that is not full (srtt below 1.15 × min_rtt), and for a rate below the link's.
 */
#include <math.h>
#include <string.h>
#include "base/macro.h"
#include "collect/collect-private.h"

enum { PATHS_MAX = 64, FLOW_SAMPLES_MAX = 1024 };

/* Shares and factors are those of the delay-box measurements on which the rules stand. */
static const double full_path = 1.15;	    /* srtt / min_rtt above which a queue stands */
static const double at_maximum = 0.95;	    /* of a buffer's autotuning limit */
static const double window_full = 0.85;	    /* in flight of the window offered */
static const double window_turned = 0.6;    /* window's share received in each round trip */
static const double link_full = 0.9;	    /* of the link's rate */
static const double queue_small = 0.1;	    /* of a buffer */
static const double sndbuf_share = 0.05, rwnd_share = 0.2; /* of busy time; the kernel under-counts both */
enum { BULK_SEGMENTS = 10 };

struct path {
	const struct network *network;
	struct link *link; /* NULL: no route */
	double speed;	   /* bytes per second; 0: not known */
	bool speed_sure, lower_bound, target;
	unsigned sampled, timed, receive_limited, send_limited, rwnd_limited, queue_flows;
	double receive_rate, send_rate, rwnd_rate, receive_window, rwnd_window;
	double rate_out, rate_in, busy, rwnd, sndbuf, sent, retrans, bulk_rate;
	float queues[FLOW_SAMPLES_MAX]; /* s */
	const struct flow *bulk;
	char congestion[64];
};

static double growth(uint64_t now, uint64_t before)
{
	return now > before ? (double)(now - before) : 0;
}

static double in_flight(const struct flow_sample *s)
{
	return (double)s->unacked * s->snd_mss;
}

static bool path_is_full(const struct flow_sample *s)
{
	return s->min_rtt && s->rtt > full_path * s->min_rtt;
}

static bool below_link(const struct path *p, double rate)
{
	return !p->speed_sure || rate < link_full * p->speed;
}

/* Our receive buffer is at its maximum, the application keeps up, and each round trip brings what it offers. */
static void weigh_receiver(struct path *p, const struct flow *f, double rmem_max, double ratio, double rate)
{
	const struct flow_sample *s = &f->now;
	double window = TCPINFO_HAS(s->info_len, rcv_wnd) && s->rcv_wnd ? s->rcv_wnd : ratio * s->rcvbuf;

	if (s->rcvbuf < at_maximum * rmem_max || s->rqueue > queue_small * s->rcvbuf || !s->min_rtt)
		return;
	if (rate * s->min_rtt / 1e6 < window_turned * window || !below_link(p, rate))
		return;
	/* A receiver's srtt is that of the handshake; its own estimate sees the queue of a full path. */
	if (s->rcv_rtt > 2 * full_path * s->min_rtt)
		return;
	p->receive_limited++;
	p->receive_rate = fmax(p->receive_rate, rate);
	p->receive_window = fmax(p->receive_window, window);
}

/* The peer's window is what holds us. 1: it is, 0: it is not. */
static bool weigh_peer_window(struct path *p, const struct flow *f, double rate, double share)
{
	const struct flow_sample *s = &f->now;
	bool knows = TCPINFO_HAS(s->info_len, snd_wnd) && s->snd_wnd;
	bool full = knows && in_flight(s) + s->snd_mss >= window_full * s->snd_wnd;

	if (!s->unacked || path_is_full(s) || !below_link(p, rate) || !(full || (!knows && share > rwnd_share)))
		return false;
	/* One window caught full by chance is no limit: the kernel must have counted the waiting too. */
	if (share < sndbuf_share)
		return false;
	p->rwnd_limited++;
	p->rwnd_rate = fmax(p->rwnd_rate, rate);
	p->rwnd_window = fmax(p->rwnd_window, knows ? s->snd_wnd : in_flight(s));
	return true;
}

/* Our send buffer is at its maximum and what it holds is under way: the application could not add more. */
static void weigh_sender(struct path *p, const struct flow *f, double wmem_max, double rate, double share)
{
	const struct flow_sample *s = &f->now, *b = &f->before;
	bool all_sent = s->notsent < queue_small * s->sndbuf && in_flight(s) < at_maximum * s->snd_cwnd * s->snd_mss;

	if (s->sndbuf < at_maximum * wmem_max || b->sndbuf < at_maximum * wmem_max || !s->unacked)
		return;
	if (path_is_full(s) || !below_link(p, rate) || !(all_sent || share > sndbuf_share))
		return;
	p->send_limited++;
	p->send_rate = fmax(p->send_rate, rate);
}

static bool is_bulk(const struct flow_sample *s)
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
static void weigh_queue(struct path *p, const struct flow *f)
{
	double queue = queue_of(&f->now);

	if (!is_bulk(&f->now) || (f->seen_again && f->before.unacked < BULK_SEGMENTS))
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

static void note_congestion(struct path *p, const struct flow *f)
{
	size_t n = strlen(p->congestion);

	if (*f->congestion && !strstr(p->congestion, f->congestion) &&
	    n + strlen(f->congestion) + 2 < sizeof(p->congestion))
		snprintf(p->congestion + n, sizeof(p->congestion) - n, "%s%s", n ? " " : "", f->congestion);
}

static void add_flow(struct collecting *c, struct path *p, const struct flow *f)
{
	struct value rmem = live_sysctl(c, "net.ipv4.tcp_rmem", 2), wmem = live_sysctl(c, "net.ipv4.tcp_wmem", 2);
	const struct flow_sample *s = &f->now, *b = &f->before;
	double in, out, busy, rwnd, sndbuf;

	/* Gone before the second sample: its life so far is no growth within the window. */
	if (c->window > 0 && !f->seen_again)
		return;
	weigh_queue(p, f);
	note_congestion(p, f);
	busy = growth(s->busy_time, b->busy_time);
	rwnd = growth(s->rwnd_limited, b->rwnd_limited);
	sndbuf = growth(s->sndbuf_limited, b->sndbuf_limited);
	p->sampled++;
	p->busy += busy;
	p->rwnd += rwnd;
	p->sndbuf += sndbuf;
	p->sent += growth(s->bytes_sent, b->bytes_sent);
	p->retrans += growth(s->bytes_retrans, b->bytes_retrans);
	/* Bytes are counted since Linux 4.1. */
	if (!f->seen_again || c->window <= 0 || !TCPINFO_HAS(s->info_len, bytes_received))
		return;
	p->timed++;
	in = growth(s->bytes_received, b->bytes_received) / c->window;
	out = growth(s->bytes_acked, b->bytes_acked) / c->window;
	p->rate_in += in;
	p->rate_out += out;
	if (rmem.state == VALUE_KNOWN)
		weigh_receiver(p, f, rmem.num, c->facts->host->values[HOST_WINDOW_RATIO].num, in);
	if (weigh_peer_window(p, f, out, busy > 0 ? rwnd / busy : 0) || wmem.state != VALUE_KNOWN)
		return;
	weigh_sender(p, f, wmem.num, out, busy > 0 ? sndbuf / busy : 0);
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static struct value count_or_no_window(const struct collecting *c, double v)
{
	return c->window > 0 ? value_number(v) : value_missing(VALUE_NO_WINDOW, NULL);
}

/* What only flows that were seen in both samples can tell. */
static struct value timed_or_missing(const struct collecting *c, const struct path *p, double v)
{
	if (c->window > 0 && !p->timed)
		return value_missing(VALUE_FEW, "no flow of the cohort was there in both samples");
	return count_or_no_window(c, v);
}

static struct value only_if(unsigned n, double v, const char *why)
{
	return n ? value_number(v) : value_missing(VALUE_ABSENT, why);
}

static struct value quantile(const struct histogram *h, double q)
{
	return h->total ? value_number(histogram_quantile(h, q) / 1e6)
			: value_missing(VALUE_FEW, "no flow has measured a round trip");
}

static struct value share(double part, double whole)
{
	return whole > 0 ? value_number(part / whole) : value_missing(VALUE_FEW, "no sampled flow sent anything");
}

static void set_round_trips(struct value *v, const struct network *n)
{
	v[PATH_MIN_RTT_MIN] = quantile(&n->min_rtt, 0);
	v[PATH_MIN_RTT_P50] = quantile(&n->min_rtt, 0.5);
	v[PATH_MIN_RTT_P95] = quantile(&n->min_rtt, 0.95);
	v[PATH_SRTT_P50] = quantile(&n->srtt, 0.5);
	v[PATH_SRTT_P95] = quantile(&n->srtt, 0.95);
}

/* BDP = median min_rtt × speed. Loopback has no link to fill, so it has none. */
static void set_speed(struct value *v, const struct path *p)
{
	const char *why = p->link && p->link->loopback ? "it does not leave the host" : "the speed of the link is not known";

	v[PATH_SPEED_SURE] = value_number(p->speed_sure);
	v[PATH_SPEED_SOURCE] = p->target	      ? value_text("declared target of one flow")
			       : p->lower_bound ? value_text("highest delivery rate seen: a lower bound")
			       : p->link      ? value_text(p->link->rate_source)
					      : value_missing(VALUE_ABSENT, "no route");
	v[PATH_SPEED] = v[PATH_BDP] = value_missing(VALUE_ABSENT, why);
	if (p->speed <= 0)
		return;
	v[PATH_SPEED] = value_number(p->speed);
	if (v[PATH_MIN_RTT_P50].state == VALUE_KNOWN)
		v[PATH_BDP] = value_number(v[PATH_MIN_RTT_P50].num * p->speed);
	else
		v[PATH_BDP] = v[PATH_MIN_RTT_P50];
}

static void set_limits(struct collecting *c, struct value *v, const struct path *p)
{
	v[PATH_RECEIVE_LIMITED] = timed_or_missing(c, p, p->receive_limited);
	v[PATH_SEND_LIMITED] = timed_or_missing(c, p, p->send_limited);
	v[PATH_RWND_LIMITED] = timed_or_missing(c, p, p->rwnd_limited);
	v[PATH_RECEIVE_RATE] = only_if(p->receive_limited, p->receive_rate, "no receiver is limited");
	v[PATH_RECEIVE_WINDOW] = only_if(p->receive_limited, p->receive_window, "no receiver is limited");
	v[PATH_SEND_RATE] = only_if(p->send_limited, p->send_rate, "no sender is limited");
	v[PATH_RWND_RATE] = only_if(p->rwnd_limited, p->rwnd_rate, "no sender is limited");
	v[PATH_RWND_WINDOW] = only_if(p->rwnd_limited, p->rwnd_window, "no sender is limited");
	v[PATH_RATE_OUT] = timed_or_missing(c, p, p->rate_out);
	v[PATH_RATE_IN] = timed_or_missing(c, p, p->rate_in);
	v[PATH_RWND_SHARE] = share(p->rwnd, p->busy);
	v[PATH_SNDBUF_SHARE] = share(p->sndbuf, p->busy);
	v[PATH_RETRANSMIT_SHARE] = share(p->retrans, p->sent);
	if (p->sent <= 0 && p->network->has_bytes && p->network->bytes_sent) {
		v[PATH_RETRANSMIT_SHARE] =
			value_number((double)p->network->bytes_retrans / (double)p->network->bytes_sent);
		v[PATH_RETRANSMIT_SHARE].source = "sock_diag, since the connections opened";
	}
}

static const char *describe_flow(struct collecting *c, const struct flow *f)
{
	char src[ADDRESS_TEXT_MAX], dst[ADDRESS_TEXT_MAX];
	const char *unit = unit_name(c, f->cgroup);

	return arena_printf(&c->facts->arena, "%s → %s%s%s", address_text(&f->src, f->sport, src),
			    address_text(&f->dst, f->dport, dst), unit ? " of " : "", unit ? unit : "");
}

static void set_queue(struct collecting *c, struct value *v, struct path *p)
{
	const char *why = "no flow has ten segments in flight";
	double median;

	v[PATH_QUEUE_FLOWS] = value_number(p->queue_flows);
	v[PATH_QUEUE_P50] = v[PATH_QUEUE_BYTES] = v[PATH_BULK_FLOW] = value_missing(VALUE_ABSENT, why);
	if (!p->queue_flows)
		return;
	qsort(p->queues, p->queue_flows, sizeof(*p->queues), by_value);
	median = (double)p->queues[p->queue_flows / 2];
	v[PATH_QUEUE_P50] = value_number(median);
	v[PATH_QUEUE_BYTES] = value_number(median * p->bulk_rate);
	v[PATH_BULK_FLOW] = value_text(describe_flow(c, p->bulk));
}

static void add_subject(struct collecting *c, struct path *p)
{
	const struct network *n = p->network;
	char address[ADDRESS_TEXT_MAX], name[160];
	struct subject *s;
	struct value *v;

	snprintf(name, sizeof(name), "%s %s/%d", p->link ? p->link->name : "?", address_text(&n->key.net, -1, address),
		 address_is_v4(&n->key.net) ? 24 : 48);
	s = facts_add(c->facts, SUBJECT_PATH, name);
	v = s->values;
	s->interface = p->link ? p->link->subject : NULL;
	v[PATH_INTERFACE] = p->link ? value_text(s->interface->name) : value_missing(VALUE_ABSENT, "no route");
	v[PATH_FLOWS] = value_number(n->flows);
	v[PATH_SAMPLED] = value_number(p->sampled);
	v[PATH_UNSCALED] = value_number(n->unscaled);
	v[PATH_WSCALE_MIN] = only_if(n->flows > n->unscaled && n->wscale_min < 15, n->wscale_min,
				     "no flow negotiated window scaling");
	v[PATH_DELIVERY_RATE] = only_if(n->delivery_rate > 0, (double)n->delivery_rate, "no flow has measured one");
	v[PATH_CONGESTION] = *p->congestion ? value_text(arena_strdup(&c->facts->arena, p->congestion))
					    : value_missing(VALUE_FEW, "no busy flow");
	set_round_trips(v, n);
	set_speed(v, p);
	set_limits(c, v, p);
	set_queue(c, v, p);
}

/* The link's speed, or the declared target of one flow if that is less, or the best rate ever seen. */
static void choose_speed(struct collecting *c, struct path *p)
{
	double target = c->options->config->flow_target;

	if (!p->link || p->link->loopback)
		return;
	p->speed = p->link->rate;
	p->speed_sure = p->link->rate_sure;
	if (target > 0 && (p->speed <= 0 || target < p->speed)) {
		p->speed = target;
		p->speed_sure = p->target = true;
	}
	if (p->speed <= 0) {
		p->speed = (double)p->network->delivery_rate;
		p->lower_bound = true;
	}
}

static struct path *find_path(struct path *paths, size_t n, const struct flow *f)
{
	struct address key = address_network(&f->dst);

	for (size_t i = 0; i < n; i++)
		if (paths[i].network->key.net.high == key.high && paths[i].network->key.net.low == key.low &&
		    paths[i].network->key.ifindex == f->ifindex)
			return &paths[i];
	return NULL;
}

/* What profiles ask about the host: the largest product that a limited flow would need. */
static void set_host_bdp(struct collecting *c, const struct path *paths, size_t n, enum host_fact fact,
			 size_t limited_at, const char *why)
{
	double bdp = 0;

	for (size_t i = 0; i < n; i++) {
		const struct path *p = &paths[i];
		unsigned limited = *(const unsigned *)((const char *)p + limited_at);

		if (limited && p->speed_sure)
			bdp = fmax(bdp, p->speed * histogram_quantile(&p->network->min_rtt, 0.5) / 1e6);
	}
	c->facts->host->values[fact] = bdp > 0	       ? value_number(bdp)
				       : c->window > 0 ? value_missing(VALUE_ABSENT, why)
						       : value_missing(VALUE_NO_WINDOW, NULL);
}

static void set_host_facts(struct collecting *c, const struct path *paths, size_t n)
{
	unsigned limited = 0;
	double rate = 0;

	for (size_t i = 0; i < n; i++) {
		limited += paths[i].receive_limited + paths[i].send_limited;
		rate = fmax(rate, (double)paths[i].network->delivery_rate);
	}
	c->facts->host->values[HOST_DELIVERY_RATE] = only_if(rate > 0, rate, "no flow has measured one");
	set_host_bdp(c, paths, n, HOST_BDP_RECEIVE, offsetof(struct path, receive_limited),
		     "no receiver sits at its buffer's limit on a path of known speed");
	set_host_bdp(c, paths, n, HOST_BDP_SEND, offsetof(struct path, send_limited),
		     "no sender sits at its buffer's limit on a path of known speed");
	c->facts->host->values[HOST_LIMITED_FLOWS] = count_or_no_window(c, limited);
}

void derive_paths(struct collecting *c)
{
	_cleanup_free_ struct path *paths = calloc(PATHS_MAX, sizeof(*paths));
	void *ranked[PATHS_MAX];
	size_t n;

	if (!c->latest || !paths)
		return;
	n = topk_ranked(&c->latest->networks, ranked, PATHS_MAX);
	for (size_t i = 0; i < n; i++) {
		struct path *p = &paths[i];
		uint32_t index;

		p->network = ranked[i];
		index = p->network->key.ifindex ? (uint32_t)p->network->key.ifindex
					    : links_route(c->root, &p->network->example_dst, &p->network->example_src);
		p->link = index ? links_find(&c->links, index) : NULL;
		choose_speed(c, p);
	}
	for (size_t i = 0; i < c->cohort.count; i++) {
		const struct flow *f = &c->cohort.flows[i];
		struct path *p = address_is_loopback(&f->dst) ? NULL : find_path(paths, n, f);

		if (p && p->link && !p->link->loopback)
			add_flow(c, p, f);
	}
	for (size_t i = 0; i < n; i++)
		add_subject(c, &paths[i]);
	set_host_facts(c, paths, n);
	if (c->latest->networks.evicted)
		facts_note(c->facts, "peer networks beyond the heaviest were counted, not judged");
}
