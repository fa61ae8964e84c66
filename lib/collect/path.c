/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths: egress interface × peer network. The census gives round trips and rates of all flows; the cohort says
 * which flows sit at a limit, lose, or keep a queue. What is said of one flow stands in path-flow.c and path-loss.c.
 */
#include <math.h>
#include <string.h>
#include "base/macro.h"
#include "collect/path.h"

enum { PATHS_MAX = 64 };

static void note_congestion(struct path *p, const struct flow *f)
{
	size_t n = strlen(p->congestion);

	if (*f->congestion && !strstr(p->congestion, f->congestion) &&
	    n + strlen(f->congestion) + 2 < sizeof(p->congestion))
		snprintf(p->congestion + n, sizeof(p->congestion) - n, "%s%s", n ? " " : "", f->congestion);
}

/* Bytes are counted since Linux 4.1. */
static bool is_timed(const struct collecting *c, const struct flow *f)
{
	return f->seen_again && c->window > 0 && TCPINFO_HAS(f->now.info_len, bytes_received);
}

static struct change change_of(const struct collecting *c, const struct flow *f)
{
	const struct flow_sample *s = &f->now, *b = &f->before;
	double busy = growth(s->busy_time, b->busy_time);

	return (struct change){
		.seconds = c->window,
		.in = growth(s->bytes_received, b->bytes_received) / c->window,
		.out = growth(s->bytes_acked, b->bytes_acked) / c->window,
		.busy = busy / 1e6,
		.rwnd = busy > 0 ? growth(s->rwnd_limited, b->rwnd_limited) / busy : 0,
		.sndbuf = busy > 0 ? growth(s->sndbuf_limited, b->sndbuf_limited) / busy : 0,
		.sent = growth(s->bytes_sent, b->bytes_sent),
		.segments = growth(s->data_segs_out, b->data_segs_out),
		.resent = growth(s->total_retrans, b->total_retrans),
		.spurious = growth(s->dsack_dups, b->dsack_dups),
	};
}

static void add_flow(struct collecting *c, struct path *p, const struct flow *f)
{
	const struct flow_sample *s = &f->now, *b = &f->before;
	struct change d;

	/* Gone before the second sample: its life so far is no growth within the window. */
	if (c->window > 0 && !f->seen_again)
		return;
	path_weigh_queue(p, f);
	note_congestion(p, f);
	p->sampled++;
	p->busy += growth(s->busy_time, b->busy_time);
	p->rwnd += growth(s->rwnd_limited, b->rwnd_limited);
	p->sndbuf += growth(s->sndbuf_limited, b->sndbuf_limited);
	p->sent += growth(s->bytes_sent, b->bytes_sent);
	p->retrans += growth(s->bytes_retrans, b->bytes_retrans);
	if (!is_timed(c, f))
		return;
	d = change_of(c, f);
	p->timed++;
	p->rate_in += d.in;
	p->rate_out += d.out;
	path_weigh_limits(c, p, f, &d);
	path_weigh_unsent(p, f, &d);
	path_weigh_restart(c, p, f, &d);
	path_weigh_loss(p, f, &d);
	path_weigh_blackhole(c, p, f);
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
		return value_missing(VALUE_FEW, "no sampled flow was there in both samples");
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

static const char *describe_flow(struct collecting *c, const struct flow *f)
{
	char src[ADDRESS_TEXT_MAX], dst[ADDRESS_TEXT_MAX];
	const char *unit = unit_name(c, f->cgroup);

	return arena_printf(&c->facts->arena, "%s → %s%s%s", address_text(&f->src, f->sport, src),
			    address_text(&f->dst, f->dport, dst), unit ? " of " : "", unit ? unit : "");
}

static struct value describe_example(struct collecting *c, const struct verdict *v, const char *why)
{
	return v->example ? value_text(describe_flow(c, v->example)) : value_missing(VALUE_ABSENT, why);
}

/* How many flows share a verdict, the rate of the fastest, and the window or buffer of the largest. */
static void set_verdict(struct collecting *c, const struct path *p, struct value *v, const struct verdict *verdict,
			const char *why)
{
	v[0] = timed_or_missing(c, p, verdict->flows);
	v[1] = only_if(verdict->flows, verdict->rate, why);
	v[2] = only_if(verdict->flows, verdict->bytes, why);
}

static void set_limits(struct collecting *c, struct value *v, const struct path *p)
{
	set_verdict(c, p, v + PATH_RECEIVE_LIMITED, &p->receive, "no receiver is limited");
	set_verdict(c, p, v + PATH_SEND_LIMITED, &p->send, "no sender is limited");
	set_verdict(c, p, v + PATH_SEND_PINNED, &p->pinned, "no sender has a fixed buffer that limits it");
	set_verdict(c, p, v + PATH_RWND_LIMITED, &p->peer, "no sender is limited");
	set_verdict(c, p, v + PATH_RWND_SLOW, &p->slow, "no peer shuts its window");
	set_verdict(c, p, v + PATH_UNSCALED_LIMITED, &p->unscaled, "no flow is limited for want of window scaling");
	v[PATH_SEND_EXAMPLE] = describe_example(c, p->pinned.flows ? &p->pinned : &p->send, "no sender is limited");
	v[PATH_RWND_EXAMPLE] = describe_example(c, p->peer.flows ? &p->peer : &p->slow, "no sender is limited");
	v[PATH_UNSCALED_EXAMPLE] = describe_example(c, &p->unscaled, "no flow is limited for want of window scaling");
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

static void set_waiting(struct collecting *c, struct value *v, const struct path *p)
{
	const char *why = "no flow sent a burst after a pause";

	set_verdict(c, p, v + PATH_UNSENT, &p->unsent, "no flow that hears from its peer has a backlog");
	v[PATH_UNSENT_DELAY] = only_if(p->unsent.flows, p->unsent_delay, "no flow has a backlog");
	v[PATH_UNSENT_EXAMPLE] = describe_example(c, &p->unsent, "no flow has a backlog");
	v[PATH_RESTART] = timed_or_missing(c, p, p->restart.flows);
	v[PATH_RESTART_BURST] = only_if(p->restart.flows, p->restart.bytes, why);
	v[PATH_RESTART_WINDOW] = only_if(p->restart.flows, p->restart_window, why);
	v[PATH_RESTART_ROUNDS] = only_if(p->restart.flows, p->restart_rounds, why);
	v[PATH_RESTART_COST] = timed_or_missing(c, p, p->restart_cost);
	v[PATH_RESTART_EXAMPLE] = describe_example(c, &p->restart, why);
}

static void set_losses(struct collecting *c, struct value *v, const struct path *p)
{
	const char *idle = "no sampled flow sent anything within the window", *counted = "this kernel does not count it";
	double lost = p->resent - p->spurious;

	v[PATH_SEGMENTS] = timed_or_missing(c, p, p->segments);
	v[PATH_RESENT] = timed_or_missing(c, p, p->resent);
	v[PATH_LOST] = timed_or_missing(c, p, lost);
	v[PATH_LOSS] = c->window <= 0	  ? value_missing(VALUE_NO_WINDOW, NULL)
		       : p->segments > 0 ? value_number(fmin(1, lost / p->segments))
					 : value_missing(VALUE_FEW, idle);
	v[PATH_LOSSY] = timed_or_missing(c, p, p->lossy);
	v[PATH_LOSSY_BBR] = timed_or_missing(c, p, p->lossy_bbr);
	v[PATH_MSS] = only_if(p->mss > 0, p->mss, "no sampled flow");
	v[PATH_TIMEOUTS] = p->timed && !p->knows_timeouts ? value_missing(VALUE_ABSENT, counted)
							  : timed_or_missing(c, p, p->timeouts);
	v[PATH_TIMEOUT_TIME] = p->timed && !p->knows_timeouts ? value_missing(VALUE_ABSENT, counted)
							      : timed_or_missing(c, p, p->timeout_time);
	v[PATH_TIMEOUT_RTO] = only_if(p->timeout_rto > 0, p->timeout_rto, "no flow timed out");
	v[PATH_CONTROL] = timed_or_missing(c, p, p->control.flows);
	v[PATH_CONTROL_RATE] = only_if(p->control.flows, p->control.rate, "no flow is held by its congestion control");
	v[PATH_CONTROL_LOSS] = only_if(p->control.flows, p->control_loss, "no flow is held by its congestion control");
	v[PATH_CONTROL_EXAMPLE] = describe_example(c, &p->control, "no flow is held by its congestion control");
	v[PATH_STREAMS] = timed_or_missing(c, p, p->streams);
	v[PATH_STREAM_RATE] = only_if(p->streams, p->stream_segments / c->window, "no flow carries many messages");
	v[PATH_STREAM_SHARE] = share(p->stream_bytes, p->sent);
	v[PATH_STREAM_WAITING] = only_if(p->streams, p->stream_held / p->stream_segments, "no flow carries many messages");
	v[PATH_STREAM_LOST] = timed_or_missing(c, p, p->stream_resent);
	v[PATH_BLACKHOLE] = timed_or_missing(c, p, p->blackhole.flows);
	v[PATH_BLACKHOLE_MSS] = only_if(p->blackhole.flows, p->blackhole.bytes, "no flow is stuck");
	v[PATH_BLACKHOLE_EXAMPLE] = describe_example(c, &p->blackhole, "no flow is stuck");
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
	set_waiting(c, v, p);
	set_losses(c, v, p);
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

/* Of a flow that leaves the host by a link. */
static struct path *path_of_flow(const struct flow *f, struct path *paths, size_t n)
{
	struct path *p = address_is_loopback(&f->dst) ? NULL : find_path(paths, n, f);

	return p && p->link && !p->link->loopback ? p : NULL;
}

/* A flow is not below a link that all of them fill together. Of a thinned cohort the sum is a lower bound. */
static void sum_links(struct collecting *c, struct path *paths, size_t n)
{
	for (size_t i = 0; i < c->cohort.count; i++) {
		const struct flow *f = &c->cohort.flows[i];
		struct path *p = path_of_flow(f, paths, n);

		if (!p || !is_timed(c, f))
			continue;
		p->link->flows_out += growth(f->now.bytes_acked, f->before.bytes_acked) / c->window;
		p->link->flows_in += growth(f->now.bytes_received, f->before.bytes_received) / c->window;
		if (is_bulk(&f->now))
			*(path_is_full(&f->now) ? &p->bulk_full : &p->bulk_free) += 1;
	}
}

/* What profiles ask about the host: the largest product that a limited flow would need. */
static void set_host_bdp(struct collecting *c, const struct path *paths, size_t n, enum host_fact fact,
			 size_t limited_at, const char *why)
{
	double bdp = 0;

	for (size_t i = 0; i < n; i++) {
		const struct path *p = &paths[i];
		const struct verdict *limited = (const struct verdict *)((const char *)p + limited_at);

		if (limited->flows && p->speed_sure)
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
		limited += paths[i].receive.flows + paths[i].send.flows;
		rate = fmax(rate, (double)paths[i].network->delivery_rate);
	}
	c->facts->host->values[HOST_DELIVERY_RATE] = only_if(rate > 0, rate, "no flow has measured one");
	set_host_bdp(c, paths, n, HOST_BDP_RECEIVE, offsetof(struct path, receive),
		     "no receiver sits at its buffer's limit on a path of known speed");
	set_host_bdp(c, paths, n, HOST_BDP_SEND, offsetof(struct path, send),
		     "no sender sits at its buffer's limit on a path of known speed");
	c->facts->host->values[HOST_LIMITED_FLOWS] = count_or_no_window(c, limited);
}

void derive_paths(struct collecting *c)
{
	_cleanup_free_ struct path *paths = calloc(PATHS_MAX, sizeof(*paths));
	void *ranked[PATHS_MAX];
	size_t n;

	collect_queues(c);
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
	sum_links(c, paths, n);
	for (size_t i = 0; i < c->cohort.count; i++) {
		struct path *p = path_of_flow(&c->cohort.flows[i], paths, n);

		if (p)
			add_flow(c, p, &c->cohort.flows[i]);
	}
	for (size_t i = 0; i < n; i++)
		add_subject(c, &paths[i]);
	set_host_facts(c, paths, n);
	if (c->latest->networks.evicted)
		facts_note(c->facts, "peer networks beyond the heaviest were counted, not judged");
}
