/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps of sockets, counted as two samples would be: rows, census and cohort stay inside their bounds. The last two
 * bytes say how often the rows come again, and how much their cookies and addresses differ each time, so that small
 * inputs fill tables and cohort too.
 */
#include "fuzz.h"

#include "collect/census.h"

struct counting {
	struct census census;
	unsigned long rows;
	uint64_t shift;
};

/* In memory of its own, so that no row can look at the one behind it. */
static int on_message(void *user, const struct nlmsghdr *h)
{
	struct nlmsghdr *copy = malloc(h->nlmsg_len);
	struct counting *k = user;
	struct tcp_socket s;

	check(copy != NULL);
	memcpy(copy, h, h->nlmsg_len);
	memset(&s, 0xa5, sizeof(s));
	if (sockdiag_decode(copy, &s) == 0) {
		char text[ADDRESS_TEXT_MAX];

		check(s.state < TCP_STATES && s.state != STATE_NEW_SYN_RECV);
		check(s.info_len <= sizeof(s.info) && (!s.info_len || s.info_len >= TCPINFO_LENGTH_MIN));
		check(s.mem_count <= MEM_COUNT && memchr(s.congestion, 0, sizeof(s.congestion)));
		check(*address_text(&s.src, -1, text) && *address_text(&s.dst, s.dport, text));
		s.cookie += k->shift;
		s.dst.low ^= k->shift << 8;
		s.sport ^= (uint16_t)k->shift;
		census_add(&k->census, &s);
		k->rows++;
	}
	free(copy);
	return 0;
}

static void check_destination(const struct destination *d)
{
	uint64_t sockets = 0, ends = 0;

	for (size_t s = 0; s < TCP_STATES; s++)
		sockets += d->states[s];
	for (size_t i = 0; i < TIME_WAIT_STEPS; i++)
		ends += d->ends[i];
	check(d->head.weight >= d->head.error && sockets == d->head.weight - d->head.error);
	check(d->ports <= sockets && d->resting <= d->ports && d->unripe <= d->resting && d->odd <= d->ports);
	check(ends <= d->states[STATE_TIME_WAIT] && d->fresh_slow <= d->fresh && d->fresh <= sockets);
	check(d->syn_stuck <= d->states[STATE_SYN_SENT] && d->syn_stuck_since >= 0);
}

static void check_owner(const struct owner *o)
{
	check(o->close_wait_old <= o->states[STATE_CLOSE_WAIT] && o->close_wait_unread <= o->close_wait_old);
	check(o->close_wait.count <= EXAMPLES_MAX && o->fin_wait.count <= EXAMPLES_MAX &&
	      o->idle_peers.count <= EXAMPLES_MAX);
	check(!o->states[STATE_TIME_WAIT] && o->sockets);
}

static void check_network(const struct network *n)
{
	check(n->flows && n->unscaled <= n->flows && n->min_rtt.total <= n->flows && n->wscale_min <= 15);
	for (double q = 0; q <= 1; q += 0.5) {
		double rtt = histogram_quantile(&n->min_rtt, q);

		check(rtt >= n->min_rtt.min && rtt <= n->min_rtt.max);
	}
}

static void check_census(const struct counting *k)
{
	const struct census *c = &k->census;
	unsigned long sockets = 0;
	void *ranked[4096];
	size_t n;

	for (size_t s = 0; s < TCP_STATES; s++)
		sockets += c->states[s];
	check(sockets == k->rows && c->total == sockets - c->states[STATE_LISTEN] - c->states[STATE_TIME_WAIT]);
	check(c->listener_count <= LISTENERS_MAX);
	check(c->listener_count + c->listeners_left_out == c->states[STATE_LISTEN]);
	n = topk_ranked(&c->destinations, ranked, ARRAY_SIZE(ranked));
	for (size_t i = 0; i < n; i++)
		check_destination(ranked[i]);
	n = topk_ranked(&c->owners, ranked, ARRAY_SIZE(ranked));
	for (size_t i = 0; i < n; i++)
		check_owner(ranked[i]);
	n = topk_ranked(&c->networks, ranked, ARRAY_SIZE(ranked));
	for (size_t i = 0; i < n; i++)
		check_network(ranked[i]);
}

static void check_cohort(const struct cohort *c)
{
	size_t idle = 0;

	check(c->count <= COHORT_MAX && c->count <= c->offered_idle + c->offered_active);
	for (size_t i = 0; i < c->count; i++) {
		const struct flow *f = cohort_find(c, c->flows[i].cookie);

		idle += !c->flows[i].active;
		check(f && f->cookie == c->flows[i].cookie);
	}
	check(idle == c->idle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t ports[8192];
	const struct census_options o = {
		.local_ports = ports, .close_wait_age = 60000, .syn_retries = 3, .syn_linear = size % 5};
	unsigned rounds = size < 2 ? 1 : 1 + data[size - 1] % 64, differ = size < 2 ? 0 : data[size - 2];
	struct root_netlink_stats stats = {0};
	struct cohort cohort = {0};

	memset(ports + 4096, 0xff, 3500);
	for (int sample = 0; sample < 2; sample++) {
		struct counting k = {0};

		census_init(&k.census, &o, &cohort, sample == 1);
		if (sample)
			cohort_index(&cohort);
		for (unsigned i = 0; i < rounds; i++) {
			k.shift = (uint64_t)i * differ;
			(void)!root_walk_messages(data, size, on_message, &k, &stats);
		}
		check_census(&k);
		census_clear(&k.census);
	}
	check_cohort(&cohort);
	cohort_clear(&cohort);
	return 0;
}
