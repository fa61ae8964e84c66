/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cohort: how many flows it keeps, which, and how the second sample finds them again. */
#include "unit-census.h"

static void cohort_done(struct cohort *c)
{
	cohort_clear(c);
}

#define _cleanup_cohort_ _cleanup_(cohort_done)

static void offer(struct cohort *c, struct tcp_socket s)
{
	cohort_offer(c, &s);
}

static size_t count_active(const struct cohort *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += c->flows[i].active;
	return n;
}

static void few_flows_are_all_kept(void **state)
{
	_cleanup_cohort_ struct cohort c = {0};

	(void)state;
	for (uint64_t i = 1; i <= COHORT_MAX; i++)
		offer(&c, i % 3 ? idle_flow(i) : busy_flow(i));
	assert_int_equal(c.count, COHORT_MAX);
	assert_int_equal(count_active(&c), COHORT_MAX / 3);
	for (uint64_t i = 1; i <= COHORT_MAX; i++)
		assert_int_equal(c.flows[i - 1].cookie, i);
}

static void many_flows_are_thinned_out(void **state)
{
	_cleanup_cohort_ struct cohort c = {0};

	(void)state;
	for (uint64_t i = 1; i <= 200000; i++) {
		offer(&c, i % 2 ? idle_flow(i) : busy_flow(i));
		assert_true(c.count <= COHORT_MAX);
	}
	assert_true(c.count > COHORT_MAX / 4);
	assert_int_equal(c.offered_idle, 100000);
	assert_int_equal(c.offered_active, 100000);
	for (size_t i = 0; i < c.count; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(c.flows[i].cookie != c.flows[k].cookie);
}

/* Idle flows have no limit to tell of. */
static void busy_flows_stay_when_idle_ones_go(void **state)
{
	_cleanup_cohort_ struct cohort c = {0};

	(void)state;
	for (uint64_t i = 1; i <= 101000; i++)
		offer(&c, i % 101 ? idle_flow(i) : busy_flow(i));
	assert_int_equal(c.offered_active, 1000);
	assert_int_equal(count_active(&c), 1000);
	assert_int_equal(c.active_shift, 0);
	assert_true(c.idle_shift > 0);
}

static const struct {
	const char *what;
	uint32_t unacked, notsent, rqueue, sent, received;
	bool active;
} activities[] = {
	{"at rest", 0, 0, 0, 1000, 1000, false},	  {"data under way", 1, 0, 0, 9999, 9999, true},
	{"data that waits", 0, 1, 0, 9999, 9999, true},	  {"data unread", 0, 0, 1, 9999, 9999, true},
	{"data sent just now", 0, 0, 0, 999, 9999, true}, {"data received just now", 0, 0, 0, 9999, 999, true},
};

static void a_flow_is_busy_with_data_under_way_or_just_now(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(activities); i++) {
		_cleanup_cohort_ struct cohort c = {0};
		struct tcp_socket s = idle_flow(1);

		s.info.unacked = activities[i].unacked;
		s.info.notsent_bytes = activities[i].notsent;
		s.rqueue = activities[i].rqueue;
		s.info.last_data_sent = activities[i].sent;
		s.info.last_data_recv = activities[i].received;
		offer(&c, s);
		if (c.flows[0].active != activities[i].active)
			fail_msg("%s", activities[i].what);
	}
}

static void the_same_flows_give_the_same_cohort(void **state)
{
	_cleanup_cohort_ struct cohort a = {0}, b = {0};

	(void)state;
	for (uint64_t i = 1; i <= 50000; i++) {
		offer(&a, i % 7 ? idle_flow(i * 977) : busy_flow(i * 977));
		offer(&b, i % 7 ? idle_flow(i * 977) : busy_flow(i * 977));
	}
	assert_int_equal(a.count, b.count);
	assert_memory_equal(a.flows, b.flows, a.count * sizeof(*a.flows));
}

/* The choice says nothing of the sockets: neither their order nor when they were opened decides it. */
static void the_order_does_not_choose(void **state)
{
	_cleanup_cohort_ struct cohort up = {0}, down = {0};

	(void)state;
	for (uint64_t i = 1; i <= 30000; i++)
		offer(&up, busy_flow(i));
	for (uint64_t i = 30000; i >= 1; i--)
		offer(&down, busy_flow(i));
	assert_int_equal(up.count, down.count);
	cohort_index(&down);
	for (size_t i = 0; i < up.count; i++)
		assert_non_null(cohort_find(&down, up.flows[i].cookie));
}

static void old_and_new_flows_are_as_likely(void **state)
{
	_cleanup_cohort_ struct cohort c = {0};
	size_t old = 0;

	(void)state;
	for (uint64_t i = 1; i <= 64000; i++)
		offer(&c, busy_flow(i));
	for (size_t i = 0; i < c.count; i++)
		old += c.flows[i].cookie <= 32000;
	/* Half of them, within four standard deviations. */
	assert_true(fabs((double)old - (double)c.count / 2) < 4 * sqrt((double)c.count) / 2);
}

/* Cookies that the hash cannot tell apart; a record may say that of every socket. */
static int offer_twins(struct root *r)
{
	_cleanup_cohort_ struct cohort c = {0};

	(void)r;
	for (uint64_t i = 1; i <= 3 * COHORT_MAX; i++)
		offer(&c, idle_flow(0));
	for (uint64_t i = 1; i <= 3 * COHORT_MAX; i++)
		offer(&c, busy_flow(0));
	return c.count > COHORT_MAX;
}

static void sockets_with_one_cookie_do_not_hold_us(void **state)
{
	(void)state;
	assert_child(offer_twins, NULL);
}

/* The second sample */

static struct tcp_socket moved(struct tcp_socket s)
{
	s.info.bytes_acked += 5000;
	s.info.busy_time += 700;
	s.mem[MEM_SNDBUF] = 8192;
	return s;
}

static void a_flow_is_found_again_by_its_cookie(void **state)
{
	_cleanup_cohort_ struct cohort c = {0};
	struct tcp_socket one = busy_flow(11), two = busy_flow(12);
	struct flow *f;

	(void)state;
	one.info.bytes_acked = 100;
	offer(&c, one);
	offer(&c, two);
	cohort_index(&c);
	one = moved(one);
	cohort_match(&c, &one);
	f = cohort_find(&c, 11);
	assert_true(f->seen_again);
	assert_true(f->before.bytes_acked == 100 && f->now.bytes_acked == 5100);
	assert_true(f->now.busy_time == 700 && f->before.busy_time == 0);
	assert_int_equal(f->now.sndbuf, 8192);
	f = cohort_find(&c, 12);
	assert_false(f->seen_again);
}

/* The same addresses and ports with another cookie: another connection. */
static void a_port_used_again_is_another_flow(void **state)
{
	_cleanup_cohort_ struct cohort c = {0};
	struct tcp_socket s = busy_flow(11);

	(void)state;
	offer(&c, s);
	cohort_index(&c);
	s.cookie = 12;
	cohort_match(&c, &s);
	assert_false(cohort_find(&c, 11)->seen_again);
	assert_null(cohort_find(&c, 12));
	assert_int_equal(c.count, 1);
}

static void a_socket_told_twice_counts_once(void **state)
{
	_cleanup_cohort_ struct cohort c = {0};
	struct tcp_socket s = busy_flow(11);

	(void)state;
	offer(&c, s);
	cohort_index(&c);
	s = moved(s);
	cohort_match(&c, &s);
	s = moved(s);
	cohort_match(&c, &s);
	assert_true(cohort_find(&c, 11)->now.bytes_acked == 5000);
	assert_true(cohort_find(&c, 11)->before.bytes_acked == 0);
}

static void every_flow_of_a_full_cohort_is_found(void **state)
{
	_cleanup_cohort_ struct cohort c = {0};

	(void)state;
	assert_null(cohort_find(&c, 1));
	for (uint64_t i = 1; i <= 9999; i++)
		offer(&c, busy_flow(i));
	assert_null(cohort_find(&c, c.flows[0].cookie));
	cohort_index(&c);
	for (size_t i = 0; i < c.count; i++)
		assert_ptr_equal(cohort_find(&c, c.flows[i].cookie), &c.flows[i]);
	for (uint64_t i = 10000; i < 20000; i++)
		assert_null(cohort_find(&c, i));
}

static void a_min_rtt_never_measured_is_none(void **state)
{
	_cleanup_cohort_ struct cohort c = {0};
	struct tcp_socket s = busy_flow(1);

	(void)state;
	s.info.min_rtt = UINT32_MAX; /* as the kernel says it */
	offer(&c, s);
	assert_int_equal(c.flows[0].now.min_rtt, 0);
}

/* A lost SYN makes the handshake a second longer, and what only receives measures no other round trip. */
static void a_handshake_that_lost_a_segment_tells_no_round_trip(void **state)
{
	static const struct {
		uint32_t min_rtt, rcv_rtt, taken;
	} rows[] = {
		{1080000, 81000, 81000},
		{80000, 81000, 80000},
		{80000, 79000, 80000}, /* an estimate of milliseconds is no better */
		{80000, 0, 80000},
		{UINT32_MAX, 81000, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_cohort_ struct cohort c = {0};
		struct tcp_socket s = busy_flow(1);

		s.info.min_rtt = rows[i].min_rtt;
		s.info.rcv_rtt = rows[i].rcv_rtt;
		offer(&c, s);
		assert_int_equal(c.flows[0].now.min_rtt, rows[i].taken);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_flows_are_all_kept),
		cmocka_unit_test(many_flows_are_thinned_out),
		cmocka_unit_test(busy_flows_stay_when_idle_ones_go),
		cmocka_unit_test(a_flow_is_busy_with_data_under_way_or_just_now),
		cmocka_unit_test(the_same_flows_give_the_same_cohort),
		cmocka_unit_test(the_order_does_not_choose),
		cmocka_unit_test(old_and_new_flows_are_as_likely),
		cmocka_unit_test(sockets_with_one_cookie_do_not_hold_us),
		cmocka_unit_test(a_flow_is_found_again_by_its_cookie),
		cmocka_unit_test(a_port_used_again_is_another_flow),
		cmocka_unit_test(a_socket_told_twice_counts_once),
		cmocka_unit_test(every_flow_of_a_full_cohort_is_found),
		cmocka_unit_test(a_min_rtt_never_measured_is_none),
		cmocka_unit_test(a_handshake_that_lost_a_segment_tells_no_round_trip),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
