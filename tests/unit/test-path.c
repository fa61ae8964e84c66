/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths: round trips, speeds, bandwidth-delay products, and what standing queues look like. */
#include "unit-path.h"

static void add_flow(struct host *h, const char *dst, uint32_t min_rtt, uint32_t rtt)
{
	struct pair p = quiet_pair(1 + h->sockets[0].len);

	p.before.dst = p.now.dst = dst;
	p.before.info.min_rtt = p.now.info.min_rtt = min_rtt;
	p.before.info.rtt = p.now.info.rtt = rtt;
	host_pair(h, &p);
}

/* BDP */

static void a_gigabit_and_ten_milliseconds_are_1250000_bytes(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_gigabit(&h);
	add_flow(&h, PEER, 10000, 12000);
	v = path_of(&h)->values;
	assert_number(v[PATH_BDP], 1250000);
	assert_number(v[PATH_SPEED], 125e6);
	assert_number(v[PATH_SPEED_SURE], 1);
	assert_text(v[PATH_SPEED_SOURCE], "ethtool");
	assert_text(v[PATH_INTERFACE], "eth0");
	assert_number(v[PATH_MIN_RTT_P50], 0.010);
	assert_number(v[PATH_SRTT_P50], 0.012);
	assert_number(v[PATH_FLOWS], 1);
}

/* Not srtt: bigger buffers make longer queues, and those a bigger "BDP". */
static void a_queue_does_not_raise_the_bdp(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	host_gigabit(&h);
	for (int i = 0; i < 5; i++)
		add_flow(&h, PEER, 10000, 300000);
	assert_number(path_of(&h)->values[PATH_BDP], 1250000);
}

static void the_median_flow_makes_the_round_trip(void **state)
{
	static const uint32_t rtts[] = {9000, 10000, 10000, 10000, 900000};
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_gigabit(&h);
	for (size_t i = 0; i < ARRAY_SIZE(rtts); i++)
		add_flow(&h, PEER, rtts[i], rtts[i]);
	v = path_of(&h)->values;
	assert_true(fabs(v[PATH_BDP].num - 1250000) < 0.07 * 1250000);
	assert_number(v[PATH_MIN_RTT_MIN], 0.009);
	assert_number(v[PATH_FLOWS], 5);
}

/* A /24 of peers is one path, a /48 is one path. */
static void peers_of_a_network_share_a_path(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct facts *f;

	host_gigabit(&h);
	host_route(&h, "198.51.101.7", ETH0);
	host_route(&h, "2001:db8:1::7", ETH0);
	add_flow(&h, PEER, 10000, 10000);
	add_flow(&h, "198.51.100.200", 10000, 10000);
	add_flow(&h, "198.51.101.7", 10000, 10000);
	add_flow(&h, "2001:db8:1::7", 10000, 10000);
	add_flow(&h, "2001:db8:1:ffff::9", 10000, 10000);
	f = host_collect(&h);
	assert_number(find_subject(f, SUBJECT_PATH, PATH)->values[PATH_FLOWS], 2);
	assert_number(find_subject(f, SUBJECT_PATH, "eth0 198.51.101.0/24")->values[PATH_FLOWS], 1);
	assert_number(find_subject(f, SUBJECT_PATH, "eth0 2001:db8:1::/48")->values[PATH_FLOWS], 2);
}

static void loopback_has_no_bdp(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_gigabit(&h);
	host_route(&h, "203.0.113.5", 1); /* an address of this host */
	add_flow(&h, "127.0.0.1", 50, 60);
	add_flow(&h, "203.0.113.5", 50, 60);
	v = find_subject(host_collect(&h), SUBJECT_PATH, "lo 203.0.113.0/24")->values;
	assert_missing(v[PATH_BDP], VALUE_ABSENT, "does not leave the host");
	assert_missing(v[PATH_SPEED], VALUE_ABSENT, "does not leave the host");
	assert_null(h.facts->first[SUBJECT_PATH]->next); /* 127.0.0.1 is no path at all */
}

static void a_flow_that_measured_no_round_trip_has_no_bdp(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_gigabit(&h);
	add_flow(&h, PEER, UINT32_MAX, 0);
	v = path_of(&h)->values;
	assert_missing(v[PATH_BDP], VALUE_FEW, "no flow has measured");
	assert_number(v[PATH_SPEED], 125e6);
}

/* Speeds */

static void a_declared_speed_is_believed(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_gigabit(&h);
	assert_int_equal(config_add_speed(&h.config, "eth0", "10 Gbit/s"), 0);
	add_flow(&h, PEER, 10000, 10000);
	v = path_of(&h)->values;
	assert_number(v[PATH_BDP], 12500000);
	assert_number(v[PATH_SPEED_SURE], 1);
	assert_text(v[PATH_SPEED_SOURCE], "declared");
}

/* A veth pair says 10 Gbit/s whatever carries it. */
static void a_constant_of_the_driver_is_not_used(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = quiet_pair(1);
	const struct subject *nic;
	const struct value *v;

	h.window = 1;
	host_ethtool(&h);
	host_nic(&h, &(struct nic){.index = ETH0, .name = "eth0", .kind = "veth", .mbit = 10000});
	host_route(&h, PEER, ETH0);
	p.now.info.delivery_rate = 5000000;
	host_pair(&h, &p);
	v = path_of(&h)->values;
	nic = find_subject(h.facts, SUBJECT_INTERFACE, "eth0");
	assert_missing(nic->values[INTERFACE_SPEED], VALUE_ABSENT, "veth driver's constant of 10000 Mbit/s");
	assert_number(nic->values[INTERFACE_SPEED_SURE], 0);
	/* The best that was seen is a lower bound, and not sure. */
	assert_number(v[PATH_SPEED], 5000000);
	assert_number(v[PATH_SPEED_SURE], 0);
	assert_number(v[PATH_BDP], 400000);
}

/* Where a figure comes from is part of it: the interface did not tell this one. */
static void the_best_rate_seen_says_that_it_is_that(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = quiet_pair(1);
	const struct value *v;

	h.window = 1;
	host_nic(&h, &(struct nic){.index = ETH0, .name = "eth0"});
	host_route(&h, PEER, ETH0);
	p.now.info.delivery_rate = 5000000;
	host_pair(&h, &p);
	v = path_of(&h)->values;
	assert_number(v[PATH_SPEED], 5000000);
	assert_non_null(v[PATH_SPEED_SOURCE].text);
	assert_non_null(strstr(v[PATH_SPEED_SOURCE].text, "rate"));
}

static void a_bond_is_as_fast_as_its_slowest_member(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	h.window = 1;
	host_ethtool(&h);
	host_nic(&h, &(struct nic){.index = 2, .name = "a", .master = 9, .mbit = 10000});
	host_nic(&h, &(struct nic){.index = 3, .name = "b", .master = 9, .mbit = 1000});
	host_nic(&h, &(struct nic){.index = 4, .name = "down", .master = 9, .mbit = 100, .flags = IFF_BROADCAST});
	host_nic(&h, &(struct nic){.index = 5, .name = "other", .mbit = 10});
	host_nic(&h, &(struct nic){.index = 9, .name = "bond0", .kind = "bond", .mbit = 11000});
	host_route(&h, PEER, 9);
	add_flow(&h, PEER, 10000, 10000);
	v = find_subject(host_collect(&h), SUBJECT_PATH, "bond0 198.51.100.0/24")->values;
	assert_number(v[PATH_SPEED], 125e6);
	assert_number(v[PATH_SPEED_SURE], 1);
	assert_non_null(strstr(v[PATH_SPEED_SOURCE].text, "slowest member"));
	assert_number(v[PATH_BDP], 1250000);
}

static void a_bond_whose_members_say_nothing_has_no_speed(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	h.window = 1;
	host_ethtool(&h);
	host_nic(&h, &(struct nic){.index = 2, .name = "a", .master = 9});
	host_nic(&h, &(struct nic){.index = 9, .name = "bond0", .kind = "bond", .mbit = 11000});
	host_route(&h, PEER, 9);
	add_flow(&h, PEER, 10000, 10000);
	assert_missing(find_subject(host_collect(&h), SUBJECT_PATH, "bond0 198.51.100.0/24")->values[PATH_BDP],
		       VALUE_ABSENT, "speed of the link is not known");
}

static const struct {
	const char *target;
	double speed;
} targets[] = {{"100 Mbit/s", 12.5e6}, {"1 Gbit/s", 125e6}, {"40 Gbit/s", 125e6}};

/* A 25 Gbit/s edge with clients far away is no fault: what one flow need reach bounds the product. */
static void a_target_for_one_flow_bounds_the_speed(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		const struct value *v;

		host_gigabit(&h);
		assert_int_equal(quantity_parse(targets[i].target, DIM_RATE, &h.config.flow_target), 0);
		add_flow(&h, PEER, 10000, 10000);
		v = path_of(&h)->values;
		assert_number(v[PATH_SPEED], targets[i].speed);
		assert_number(v[PATH_SPEED_SURE], 1);
		if (i == 0 && !strcmp(v[PATH_SPEED_SOURCE].text, "ethtool"))
			fail_msg("a declared target is said to come from ethtool");
	}
}

/* Routes */

static void a_peer_without_route_is_told_of(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_gigabit(&h);
	add_flow(&h, "203.0.113.5", 10000, 10000);
	v = find_subject(host_collect(&h), SUBJECT_PATH, "? 203.0.113.0/24")->values;
	assert_missing(v[PATH_INTERFACE], VALUE_ABSENT, "no route");
	assert_missing(v[PATH_BDP], VALUE_ABSENT, NULL);
	assert_number(v[PATH_MIN_RTT_P50], 0.010);
}

/* A record holds all answers in one file, refusals too: one unreachable peer must not hide the others. */
static void one_refused_route_does_not_hide_the_others(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct text routes = TEXT_NULL;

	host_gigabit(&h);
	put_error(&routes, ENETUNREACH);
	text_addn(&routes, h.routes.s, h.routes.len);
	text_clear(&h.routes);
	h.routes = routes;
	add_flow(&h, PEER, 10000, 10000);
	assert_number(path_of(&h)->values[PATH_BDP], 1250000);
}

static void a_socket_bound_to_an_interface_leaves_by_it(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = quiet_pair(1);

	host_gigabit(&h);
	host_nic(&h, &(struct nic){.index = 7, .name = "eth7", .mbit = 100});
	p.before.ifindex = p.now.ifindex = 7;
	host_pair(&h, &p);
	assert_number(find_subject(host_collect(&h), SUBJECT_PATH, "eth7 198.51.100.0/24")->values[PATH_SPEED],
		      12.5e6);
}

/* Queues */

static struct pair bulk_flow(uint64_t cookie, uint32_t queue_before, uint32_t queue_now)
{
	struct pair p = quiet_pair(cookie);

	p.before.info.unacked = p.now.info.unacked = 10;
	p.before.info.rtt += queue_before;
	p.now.info.rtt += queue_now;
	p.now.info.delivery_rate = 10000000;
	p.now.info.bytes_acked = p.before.info.bytes_acked + 10000000;
	return p;
}

/* A loss-based sender's queue swings; either sample alone may catch the trough. */
static void a_queue_is_the_mean_of_both_samples(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = bulk_flow(1, 10000, 30000);
	const struct value *v;

	host_gigabit(&h);
	host_pair(&h, &p);
	v = path_of(&h)->values;
	assert_number(v[PATH_QUEUE_FLOWS], 1);
	assert_number(v[PATH_QUEUE_P50], 0.020);
	assert_number(v[PATH_QUEUE_BYTES], 200000);
	assert_text(v[PATH_BULK_FLOW], "192.0.2.1:40000 → 198.51.100.7:443");
}

static void what_stands_still_keeps_no_queue(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = bulk_flow(1, 90000, 90000);

	p.now.info.bytes_acked = p.before.info.bytes_acked;
	host_gigabit(&h);
	host_pair(&h, &p);
	assert_number(path_of(&h)->values[PATH_QUEUE_FLOWS], 0);
}

static void the_median_of_the_bulk_flows_makes_the_queue(void **state)
{
	static const uint32_t queues[] = {1000, 90000, 40000, 0, 50000};
	_cleanup_host_ struct host h = {.tree = *state};

	host_gigabit(&h);
	for (size_t i = 0; i < ARRAY_SIZE(queues); i++) {
		struct pair p = bulk_flow(i + 1, queues[i], queues[i]);

		host_pair(&h, &p);
	}
	assert_number(path_of(&h)->values[PATH_QUEUE_P50], 0.040);
}

static void no_bulk_flow(struct pair *p, int i)
{
	switch (i) {
	case 0: /* delayed ACKs of small flows look like a queue */
		p->now.info.unacked = 9;
		break;
	case 1:
		p->before.info.unacked = 9;
		break;
	case 2: /* waits for its application */
		p->now.info.flags = 1;
		break;
	case 3: /* nothing to compare with */
		p->now.info.min_rtt = UINT32_MAX;
		break;
	case 4:
		p->now.info.rtt = MIN_RTT - 1;
		break;
	}
}

static void small_and_waiting_flows_have_no_queue(void **state)
{
	for (int i = 0; i < 5; i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		struct pair p = bulk_flow(1, 50000, 50000);
		const struct value *v;

		host_gigabit(&h);
		no_bulk_flow(&p, i);
		host_pair(&h, &p);
		v = path_of(&h)->values;
		if (v[PATH_QUEUE_FLOWS].num != 0)
			fail_msg("case %d", i);
		assert_missing(v[PATH_QUEUE_P50], VALUE_ABSENT, "ten segments");
	}
}

/* What is compared, and with what */

static void without_a_window_there_are_no_rates(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = full_sender(1);
	const struct value *v;

	host_gigabit(&h);
	h.window = 0;
	host_pair(&h, &p);
	v = path_of(&h)->values;
	assert_missing(v[PATH_SEND_LIMITED], VALUE_NO_WINDOW, NULL);
	assert_missing(v[PATH_RATE_OUT], VALUE_NO_WINDOW, NULL);
	assert_number(v[PATH_BDP], 10e6);
}

static void rates_are_growth_over_the_window(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = quiet_pair(1);
	const struct value *v;

	host_gigabit(&h);
	h.window = 4;
	p.before.info.bytes_acked = 1000;
	p.now.info.bytes_acked = 9000;
	p.before.info.bytes_received = 5000;
	p.now.info.bytes_received = 4000; /* no such thing, and no negative rate either */
	p.before.info.bytes_sent = 10000;
	p.now.info.bytes_sent = 20000;
	p.before.info.bytes_retrans = 100;
	p.now.info.bytes_retrans = 350;
	p.before.info.busy_time = 1000;
	p.now.info.busy_time = 3000;
	p.now.info.rwnd_limited = 500;
	p.now.info.sndbuf_limited = 100;
	host_pair(&h, &p);
	v = path_of(&h)->values;
	assert_number(v[PATH_RATE_OUT], 2000);
	assert_number(v[PATH_RATE_IN], 0);
	assert_number(v[PATH_RETRANSMIT_SHARE], 0.025);
	assert_number(v[PATH_RWND_SHARE], 0.25);
	assert_number(v[PATH_SNDBUF_SHARE], 0.05);
}

static void retransmissions_without_new_data_are_those_since_the_opening(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = quiet_pair(1);
	const struct value *v;

	host_gigabit(&h);
	p.before.info.bytes_sent = p.now.info.bytes_sent = 10000;
	p.before.info.bytes_retrans = p.now.info.bytes_retrans = 200;
	host_pair(&h, &p);
	v = path_of(&h)->values;
	assert_number(v[PATH_RETRANSMIT_SHARE], 0.02);
	assert_non_null(strstr(v[PATH_RETRANSMIT_SHARE].source, "since"));
}

/* "connections of it that were compared between the samples": one of these closed in between. */
static void a_flow_that_is_gone_was_not_compared(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = quiet_pair(1), gone = quiet_pair(2);

	host_gigabit(&h);
	host_pair(&h, &p);
	put_row(&h.sockets[0], &gone.before);
	assert_number(path_of(&h)->values[PATH_SAMPLED], 1);
}

/* What it did in hours before must not stand as what happened in this second. */
static void the_life_of_a_flow_that_is_gone_is_no_growth(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = quiet_pair(1), gone = quiet_pair(2);
	const struct value *v;

	host_gigabit(&h);
	p.now.info.busy_time = 1000000;
	p.now.info.bytes_sent = 1000000;
	host_pair(&h, &p);
	gone.before.info.busy_time = gone.before.info.rwnd_limited = 1000000000;
	gone.before.info.bytes_sent = gone.before.info.bytes_retrans = 1000000000;
	put_row(&h.sockets[0], &gone.before);
	v = path_of(&h)->values;
	assert_number(v[PATH_RWND_SHARE], 0);
	assert_number(v[PATH_RETRANSMIT_SHARE], 0);
}

static void the_congestion_control_is_asked_of_busy_flows(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	static const char *const names[] = {"cubic", "bbr", "cubic"};

	host_gigabit(&h);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct pair p = bulk_flow(i + 1, 0, 0);
		struct row answer = p.now;

		host_pair(&h, &p);
		answer.congestion = names[i];
		put_row(&h.congestion, &answer);
	}
	assert_text(path_of(&h)->values[PATH_CONGESTION], "cubic bbr");
}

/* A socket that closed meanwhile answers ENOENT; a record keeps that among the answers. */
static void a_socket_that_is_gone_does_not_hide_the_others(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = bulk_flow(1, 0, 0);
	struct row answer = p.now;

	host_gigabit(&h);
	host_pair(&h, &p);
	put_error(&h.congestion, ENOENT);
	answer.congestion = "bbr";
	put_row(&h.congestion, &answer);
	assert_text(path_of(&h)->values[PATH_CONGESTION], "bbr");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(a_gigabit_and_ten_milliseconds_are_1250000_bytes),
		in_tree(a_queue_does_not_raise_the_bdp),
		in_tree(the_median_flow_makes_the_round_trip),
		in_tree(peers_of_a_network_share_a_path),
		in_tree(loopback_has_no_bdp),
		in_tree(a_flow_that_measured_no_round_trip_has_no_bdp),
		in_tree(a_declared_speed_is_believed),
		in_tree(a_constant_of_the_driver_is_not_used),
		in_tree(the_best_rate_seen_says_that_it_is_that),
		in_tree(a_bond_is_as_fast_as_its_slowest_member),
		in_tree(a_bond_whose_members_say_nothing_has_no_speed),
		in_tree(a_target_for_one_flow_bounds_the_speed),
		in_tree(a_peer_without_route_is_told_of),
		in_tree(one_refused_route_does_not_hide_the_others),
		in_tree(a_socket_bound_to_an_interface_leaves_by_it),
		in_tree(a_queue_is_the_mean_of_both_samples),
		in_tree(what_stands_still_keeps_no_queue),
		in_tree(the_median_of_the_bulk_flows_makes_the_queue),
		in_tree(small_and_waiting_flows_have_no_queue),
		in_tree(without_a_window_there_are_no_rates),
		in_tree(rates_are_growth_over_the_window),
		in_tree(retransmissions_without_new_data_are_those_since_the_opening),
		in_tree(a_flow_that_is_gone_was_not_compared),
		in_tree(the_life_of_a_flow_that_is_gone_is_no_growth),
		in_tree(the_congestion_control_is_asked_of_busy_flows),
		in_tree(a_socket_that_is_gone_does_not_hide_the_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
