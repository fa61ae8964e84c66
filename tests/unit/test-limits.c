/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which flows sit at a limit that costs something: each condition of the three verdicts, on both of its sides. */
#include "unit-path.h"

enum limit { RECEIVER, SENDER, PEER_WINDOW };

static const struct {
	struct pair (*make)(uint64_t cookie);
	enum path_fact count, rate;
} limits[] = {
	[RECEIVER] = {full_receiver, PATH_RECEIVE_LIMITED, PATH_RECEIVE_RATE},
	[SENDER] = {full_sender, PATH_SEND_LIMITED, PATH_SEND_RATE},
	[PEER_WINDOW] = {full_peer, PATH_RWND_LIMITED, PATH_RWND_RATE},
};

/* The one number of a flow that a case changes, in the first sample or the last. */
#define INFO(field)                                                                                                \
	offsetof(struct row, info) + offsetof(struct tcpinfo, field), sizeof(((struct tcpinfo *)0)->field)
#define ROW(field)    offsetof(struct row, field), sizeof(((struct row *)0)->field)
#define BUFFER(which) offsetof(struct row, mem) + (which) * sizeof(uint32_t), sizeof(uint32_t)

struct change {
	const char *what;
	size_t offset, size;
	uint64_t limited,
		free; /* a value with which the flow still is at its limit, and one with which it is not */
	bool first;
};

static void set(struct pair *p, const struct change *c, uint64_t v)
{
	char *row = (char *)(c->first ? &p->before : &p->now);

	if (c->size == 8) {
		memcpy(row + c->offset, &v, 8);
	} else if (c->size == 4) {
		memcpy(row + c->offset, &(uint32_t){(uint32_t)v}, 4);
	} else {
		assert_int_equal(c->size, 1);
		row[c->offset] = (char)v;
	}
}

static double verdict(const struct tree *t, enum limit limit, const struct change *c, uint64_t v, bool sure)
{
	_cleanup_host_ struct host h = {.tree = t};
	struct pair p = limits[limit].make(1);
	const struct value *values;

	host_gigabit(&h);
	if (!sure) {
		text_clear(&h.links);
		host_nic(&h, &(struct nic){.index = ETH0, .name = "eth0", .kind = "veth"});
	}
	set(&p, c, v);
	host_pair(&h, &p);
	values = path_of(&h)->values;
	assert_int_equal(values[limits[limit].count].state, VALUE_KNOWN);
	assert_int_equal(values[limits[limit].rate].state,
			 values[limits[limit].count].num ? VALUE_KNOWN : VALUE_ABSENT);
	return values[limits[limit].count].num;
}

static void assert_edges(const struct tree *t, enum limit limit, const struct change *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (verdict(t, limit, &c[i], c[i].limited, true) != 1 ||
		    verdict(t, limit, &c[i], c[i].free, true) != 0)
			fail_msg("%s: limited with %llu, free with %llu", c[i].what,
				 (unsigned long long)c[i].limited, (unsigned long long)c[i].free);
}

/* 6291456: 95 % are 5976883.2, a tenth is 629145.6; a window of 3145728 turned to 60 % each 80 ms: 23592960/s. */
static void a_receiver_at_its_limit(void **state)
{
	static const struct change edges[] = {
		{"buffer at 95 % of the maximum", BUFFER(MEM_RCVBUF), 5976884, 5976883, false},
		{"the application keeps up", ROW(rqueue), 629145, 629146, false},
		{"the window is turned each round trip", INFO(bytes_received), 23592961, 23592959, false},
		{"the link has room", INFO(bytes_received), 112499999, 112500001, false},
		{"no queue stands on the way here", INFO(rcv_rtt), 183999, 184001, false},
		{"the round trip is known", INFO(min_rtt), MIN_RTT, UINT32_MAX, false},
		{"what the window is", INFO(rcv_wnd), 5242000, 5243500, false},
	};

	assert_edges(*state, RECEIVER, edges, ARRAY_SIZE(edges));
}

/* 4194304: 95 % are 3984588.8, a tenth is 419430.4; srtt up to 92 ms. */
static void a_sender_at_its_limit(void **state)
{
	static const struct change edges[] = {
		{"buffer at 95 % of the maximum", BUFFER(MEM_SNDBUF), 3984589, 3984588, false},
		{"and so before", BUFFER(MEM_SNDBUF), 3984589, 3984588, true},
		{"something is under way", INFO(unacked), 1, 0, false},
		{"no queue stands", INFO(rtt), 91999, 92001, false},
		{"the link has room", INFO(bytes_acked), 112499999, 112500001, false},
		{"nothing waits behind what is under way", INFO(notsent_bytes), 419430, 419431, false},
		{"congestion control would allow more", INFO(unacked), 3799, 3800, false},
	};

	assert_edges(*state, SENDER, edges, ARRAY_SIZE(edges));
}

/* What waits behind is no excuse where the kernel itself counted the waiting: more than 5 % of the busy second. */
static void a_sender_that_the_kernel_saw_waiting(void **state)
{
	static const struct change waiting = {"kernel's share", INFO(sndbuf_limited), 50001, 49999, false};
	double counts[2];

	for (int i = 0; i < 2; i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		struct pair p = full_sender(1);

		host_gigabit(&h);
		p.now.info.notsent_bytes = 2000000;
		set(&p, &waiting, i ? waiting.free : waiting.limited);
		host_pair(&h, &p);
		counts[i] = path_of(&h)->values[PATH_SEND_LIMITED].num;
	}
	assert_true(counts[0] == 1 && counts[1] == 0);
}

/* A window of 1000000: 85 % less a segment are 849 segments of 1000; the kernel must have counted 5 % of waiting. */
static void a_sender_that_fills_its_peers_window(void **state)
{
	static const struct change edges[] = {
		{"the window is full", INFO(unacked), 849, 848, false},
		{"no queue stands", INFO(rtt), 91999, 92001, false},
		{"the link has room", INFO(bytes_acked), 112499999, 112500001, false},
		{"the kernel counted waiting", INFO(rwnd_limited), 50000, 49999, false},
	};

	assert_edges(*state, PEER_WINDOW, edges, ARRAY_SIZE(edges));
}

/* Before 5.4 the window is not told: then a fifth of the busy time must have gone by waiting. */
static void a_peers_window_that_is_not_told(void **state)
{
	static const struct change share = {"kernel's share", INFO(rwnd_limited), 200001, 199999, false};
	double counts[2];

	for (int i = 0; i < 2; i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		struct pair p = full_peer(1);
		const struct value *v;

		host_gigabit(&h);
		p.before.info_len = p.now.info_len = 224;
		set(&p, &share, i ? share.free : share.limited);
		host_pair(&h, &p);
		v = path_of(&h)->values;
		counts[i] = v[PATH_RWND_LIMITED].num;
		if (counts[i])
			assert_number(v[PATH_RWND_WINDOW], 900000); /* at least what is under way */
	}
	assert_true(counts[0] == 1 && counts[1] == 0);
}

/* On a full link nine tenths of waiting are healthy: nothing is lost by them. */
static void a_full_link_is_no_limit(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair receiver = full_receiver(1), sender = full_sender(2), peer = full_peer(3);
	const struct value *v;

	host_gigabit(&h);
	receiver.now.info.bytes_received = 118000000; /* what TCP makes of 1 Gbit/s */
	sender.now.info.bytes_acked = 118000000;
	peer.now.info.bytes_acked = 118000000;
	peer.now.info.rwnd_limited = 1000000;
	host_pair(&h, &receiver);
	host_pair(&h, &sender);
	host_pair(&h, &peer);
	v = path_of(&h)->values;
	assert_number(v[PATH_RECEIVE_LIMITED], 0);
	assert_number(v[PATH_SEND_LIMITED], 0);
	assert_number(v[PATH_RWND_LIMITED], 0);
	assert_number(v[PATH_RATE_OUT], 236e6);
	assert_number(h.facts->host->values[HOST_LIMITED_FLOWS], 0);
	assert_missing(h.facts->host->values[HOST_BDP_SEND], VALUE_ABSENT, "no sender");
}

/* Where the speed is a guess, no rate can be held against it; the rules ask for path.speed_sure. */
static void without_a_sure_speed_the_link_always_has_room(void **state)
{
	static const struct change fast = {"rate", INFO(bytes_acked), 900000000, 0, false};

	assert_true(verdict(*state, SENDER, &fast, fast.limited, false) == 1);
	assert_true(verdict(*state, SENDER, &fast, fast.limited, true) == 0);
}

/* The window, where the kernel tells none (before 6.2): the share of the buffer that it offers. */
static void a_receiver_whose_window_is_not_told(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = full_receiver(1);
	const struct value *v;

	host_gigabit(&h);
	p.before.info_len = p.now.info_len = INFO_54;
	host_pair(&h, &p);
	v = path_of(&h)->values;
	assert_number(v[PATH_RECEIVE_LIMITED], 1);
	assert_number(v[PATH_RECEIVE_WINDOW], RMEM_MAX / 2);
	assert_number(v[PATH_RECEIVE_RATE], 39321600);
}

/* One flow has one limit: a full window of the peer explains a full send buffer. */
static void a_flow_counts_for_one_limit(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = full_peer(1);
	const struct value *v;

	host_gigabit(&h);
	p.before.mem[MEM_SNDBUF] = p.now.mem[MEM_SNDBUF] = WMEM_MAX;
	host_pair(&h, &p);
	v = path_of(&h)->values;
	assert_number(v[PATH_RWND_LIMITED], 1);
	assert_number(v[PATH_SEND_LIMITED], 0);
}

static void the_fastest_limited_flow_and_the_host_are_told(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair a = full_sender(1), b = full_sender(2), c = full_receiver(3);
	const struct value *v;

	host_gigabit(&h);
	b.now.info.bytes_acked = 50000000;
	host_pair(&h, &a);
	host_pair(&h, &b);
	host_pair(&h, &c);
	v = path_of(&h)->values;
	assert_number(v[PATH_SEND_LIMITED], 2);
	assert_number(v[PATH_SEND_RATE], 50000000);
	assert_number(v[PATH_RECEIVE_LIMITED], 1);
	v = h.facts->host->values;
	assert_number(v[HOST_LIMITED_FLOWS], 3);
	assert_number(v[HOST_BDP_SEND], 10e6);
	assert_number(v[HOST_BDP_RECEIVE], 10e6);
}

static void a_flow_seen_once_is_not_weighed(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair there = quiet_pair(1), gone = full_sender(2);

	host_gigabit(&h);
	host_pair(&h, &there);
	put_row(&h.sockets[0], &gone.now);
	assert_number(path_of(&h)->values[PATH_SEND_LIMITED], 0);
}

static void without_the_maximum_nothing_is_weighed(void **state)
{
	static const char only_receive[] = "format = 1\nknown-through = 7.1\n[net.ipv4.tcp_rmem]\n" HOST_KEY_TEXTS
					   "elements = 3\nunit = bytes\nmin = 1\n";
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = only_receive};
	struct pair receiver = full_receiver(1), sender = full_sender(2);
	const struct value *v;

	host_gigabit(&h);
	host_pair(&h, &receiver);
	host_pair(&h, &sender);
	v = path_of(&h)->values;
	assert_number(v[PATH_RECEIVE_LIMITED], 1);
	assert_number(v[PATH_SEND_LIMITED], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(a_receiver_at_its_limit),
		in_tree(a_sender_at_its_limit),
		in_tree(a_sender_that_the_kernel_saw_waiting),
		in_tree(a_sender_that_fills_its_peers_window),
		in_tree(a_peers_window_that_is_not_told),
		in_tree(a_full_link_is_no_limit),
		in_tree(without_a_sure_speed_the_link_always_has_room),
		in_tree(a_receiver_whose_window_is_not_told),
		in_tree(a_flow_counts_for_one_limit),
		in_tree(the_fastest_limited_flow_and_the_host_are_told),
		in_tree(a_flow_seen_once_is_not_weighed),
		in_tree(without_the_maximum_nothing_is_weighed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
