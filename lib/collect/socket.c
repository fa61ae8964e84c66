/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two passes over the sockets. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "collect/collect-private.h"

enum {
	TIME_WAIT_WORTH_A_LOOK = 1000, /* fewer cannot fill a port range; their rows are then not asked for */
	SENT_WORTH_ASKING = 10000,     /* bytes: a burst, not an answer */
	CONGESTION_ASKED_MAX = 256,    /* of the busiest in the cohort: each costs a request */
};

double threshold_value(const struct collecting *c, const char *name, double otherwise)
{
	int i = threshold_find(&c->options->rules->thresholds, name);

	return i < 0 ? otherwise : c->options->rules->threshold_values[i];
}

static bool want_time_wait(const struct collecting *c)
{
	const struct value *tw = &c->facts->host->values[SOCKETS_TIME_WAIT];
	const struct value *ports = &c->facts->host->values[HOST_PORTS];

	return tw->state == VALUE_KNOWN &&
	       (tw->num >= TIME_WAIT_WORTH_A_LOOK || (ports->state == VALUE_KNOWN && tw->num >= ports->num / 4));
}

static struct census_options census_options(const struct collecting *c)
{
	struct value linear = live_sysctl(c, "net.ipv4.tcp_syn_linear_timeouts", 0);
	struct value delay = live_sysctl(c, "net.ipv4.tcp_tw_reuse_delay", 0);
	struct value low = live_sysctl(c, "net.ipv4.ip_local_port_range", 0);
	return (struct census_options){
		.only_listeners = c->options->tier == COLLECT_COUNTERS,
		.local_ports = c->local_ports,
		.close_wait_age = (uint32_t)(threshold_value(c, "close-wait.age", 60) * 1e3),
		.fin_wait_age = (uint32_t)(threshold_value(c, "fin-wait.age", 60) * 1e3),
		.idle_timeout = (uint32_t)fmin(threshold_value(c, "idle-timeout", 0) * 1e3, UINT32_MAX),
		.syn_retries = (unsigned)threshold_value(c, "syn-sent.retries", 3),
		.syn_linear = linear.state == VALUE_KNOWN && linear.num > 0 ? (unsigned)min_of(linear.num, 127.0) : 0,
		.reuse_age = delay.state == VALUE_KNOWN ? (uint32_t)(fmax(0, fmin(delay.num, 60)) * 1e3) : 1000,
		.pool_idle = (uint32_t)(threshold_value(c, "pool.idle", 600) * 1e3),
		.port_low = low.state == VALUE_KNOWN && low.num >= 0 && low.num < 65536 ? (uint16_t)low.num : 0,
	};
}

static int take(struct collecting *c, struct census *census, bool second)
{
	struct census_options o = census_options(c);

	census_init(census, &o, &c->cohort, second);
	return census_take(census, c->root, want_time_wait(c));
}

static void note_malformed(struct collecting *c, const struct census *census)
{
	if (census->result.malformed)
		facts_note(c->facts, "%lu malformed sock_diag messages were discarded", census->result.malformed);
}

void collect_sockets_before(struct collecting *c)
{
	int r = take(c, &c->first, false);

	c->census_error = r;
	if (r < 0)
		facts_note(c->facts, "sockets could not be dumped: %s",
			   r == -ENOENT ? "this kernel has no tcp_diag" : strerror(-r));
	else
		c->latest = &c->first;
	note_malformed(c, &c->first);
}

static void on_congestion(void *user, const struct tcp_socket *s)
{
	struct collecting *c = user;
	struct flow *f = cohort_find(&c->cohort, s->cookie);

	if (f)
		memcpy(f->congestion, s->congestion, sizeof(f->congestion));
}

static bool has_sent(const struct flow *f)
{
	return f->seen_again && f->now.bytes_sent > f->before.bytes_sent + SENT_WORTH_ASKING;
}

/* Only of flows with data under way, or that sent some between the samples, and leave the host. */
static void ask_congestion(struct collecting *c)
{
	unsigned asked = 0;

	for (size_t i = 0; i < c->cohort.count && asked < CONGESTION_ASKED_MAX; i++) {
		const struct flow *f = &c->cohort.flows[i];
		struct tcp_socket s = {.src = f->src, .dst = f->dst, .sport = f->sport, .dport = f->dport,
				       .cookie = f->cookie, .ifindex = f->ifindex};

		if (!((f->active && f->now.unacked) || has_sent(f)) || address_is_loopback(&f->dst))
			continue;
		/* A socket that closed meanwhile answers ENOENT: nothing to learn. */
		sockdiag_congestion(c->root, &s, on_congestion, c);
		asked++;
	}
}

void collect_sockets(struct collecting *c)
{
	int r;

	if (!c->latest)
		return;
	cohort_index(&c->cohort);
	if (c->window > 0) {
		r = take(c, &c->second, true);
		note_malformed(c, &c->second);
		if (r < 0)
			facts_note(c->facts, "the second dump of sockets failed: %s", strerror(-r));
		else
			c->latest = &c->second;
	}
	ask_congestion(c);
}
