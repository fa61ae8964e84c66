/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a flow says against its owner: for each fault a flow that has it, and the steps by which it just has not. */
#include "unit-path.h"

#include "collect/flow-fault.h"

static struct flow_limits limits(void)
{
	return (struct flow_limits){.window = 1, .rmem_max = RMEM_MAX, .wmem_max = WMEM_MAX, .window_ratio = 0.5,
				    .autotuning = true, .wscale = 7, .nagle_delay = 0.01, .near = 0.01,
				    .reader_wait = 1, .stalled_for = 1, .retries = 15, .rto_max = 120};
}

/* Half of what it could be and nothing wrong: 80 ms, scale 7, buffers that grew since the first sample. */
static struct flow quiet(void)
{
	struct flow f = {.seen_again = true, .inode = 1, .active = true};

	f.now = (struct flow_sample){.info_len = INFO_62, .min_rtt = MIN_RTT, .rtt = MIN_RTT, .snd_mss = MSS,
				     .rcv_mss = MSS, .snd_cwnd = 100, .snd_wnd = 1 << 20, .rcv_wnd = 1 << 19,
				     .rcvbuf = 1 << 20, .sndbuf = 1 << 20, .options = 7, .wscale = 0x77,
				     .rto = 280000};
	f.before = f.now;
	f.before.rcvbuf = f.before.sndbuf = 1 << 19;
	return f;
}

static struct flow held(void)
{
	struct flow f = quiet();

	f.now.min_rtt = 1000;
	f.now.rtt = 14000;
	f.now.unacked = 1;
	f.now.notsent = 10;
	f.now.wqueue = 14;
	f.before = f.now;
	return f;
}

/* A window of half a MiB, 60 % of it in each 80 ms: 3932160 bytes per second. */
static struct flow receiving(void)
{
	struct flow f = quiet();

	f.before.rcvbuf = f.now.rcvbuf;
	f.now.bytes_received = 3932161;
	return f;
}

/* 40 % of a MiB in each 80 ms: 5242880 bytes per second. */
static struct flow sending(void)
{
	struct flow f = quiet();

	f.before.sndbuf = f.now.sndbuf;
	f.now.bytes_acked = 5242881;
	f.now.unacked = 500;
	return f;
}

/* 8388480 bytes are all that a scale of 7 can say; 95 % of that, 60 % in each round trip. */
static struct flow frozen(void)
{
	struct flow f = quiet();

	f.now.rcvbuf = 20 << 20;
	f.now.rcv_wnd = 10 << 20;
	f.now.bytes_received = 62913601;
	return f;
}

static struct flow unread(void)
{
	struct flow f = quiet();

	f.now.rqueue = f.before.rqueue = 600000;
	f.now.rmem = f.before.rmem = 800000;
	f.before.rcvbuf = f.now.rcvbuf;
	f.now.rcv_wnd = f.before.rcv_wnd = 0;
	return f;
}

static struct flow unanswered(void)
{
	struct flow f = quiet();

	f.now.wqueue = f.before.wqueue = 5000;
	f.now.unacked = 5;
	f.now.timer = TIMER_RETRANSMIT;
	f.now.retransmits = f.now.backoff = 3;
	return f;
}

static struct flow refused(void)
{
	struct flow f = quiet();

	f.now.wqueue = f.before.wqueue = 5000;
	f.now.timer = f.before.timer = TIMER_PROBE;
	f.now.last_data_sent = 1000;
	return f;
}

#define NOW(f)	  offsetof(struct flow, now.f), sizeof(((struct flow *)0)->now.f)
#define BEFORE(f) offsetof(struct flow, before.f), sizeof(((struct flow *)0)->before.f)
#define FLOW(f)	  offsetof(struct flow, f), sizeof(((struct flow *)0)->f)

struct step {
	const char *what;
	size_t at, size;
	uint64_t v;
};

static void assert_fault(struct flow (*make)(void), unsigned faults, const struct step *steps, size_t n)
{
	struct flow_limits l = limits();
	struct flow f = make();

	if (flow_faults(&f, &l) != faults)
		fail_msg("faults %x, not %x", flow_faults(&f, &l), faults);
	for (size_t i = 0; i < n; i++) {
		f = make();
		memcpy((char *)&f + steps[i].at, &steps[i].v, steps[i].size);
		if (flow_faults(&f, &l))
			fail_msg("%s: faults %x", steps[i].what, flow_faults(&f, &l));
	}
}

static void a_held_small_write(void **state)
{
	static const struct step steps[] = {
		{"on a path that is far", NOW(min_rtt), 10000},
		{"acknowledged at once", NOW(rtt), 9999},
		{"no round trip known", NOW(min_rtt), 0},
	};
	struct flow_limits l = limits();
	struct flow f = held();

	(void)state;
	assert_fault(held, 1u << FAULT_NAGLE, steps, ARRAY_SIZE(steps));
	assert_true(flow_holds_small_write(&f.now));
	/* Either sample will do. */
	f.now.notsent = 0;
	assert_int_equal(flow_faults(&f, &l), 1u << FAULT_NAGLE);
	f.before.notsent = 0;
	assert_int_equal(flow_faults(&f, &l), 0);
}

static void what_else_holds_a_write(void **state)
{
	static const struct step steps[] = {
		{"nothing waits", NOW(notsent), 0},	 {"a whole segment waits", NOW(notsent), MSS},
		{"nothing in flight", NOW(unacked), 0},	 {"two in flight", NOW(unacked), 2},
		{"a whole segment in flight", NOW(wqueue), 10 + MSS}, {"all is unsent", NOW(wqueue), 10},
		{"lost", NOW(lost), 1},			 {"sent again", NOW(retransmits), 1},
		{"no congestion window", NOW(snd_cwnd), 1}, {"no window", NOW(snd_wnd), 14},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct flow f = held();

		memcpy((char *)&f + steps[i].at, &steps[i].v, steps[i].size);
		if (flow_holds_small_write(&f.now))
			fail_msg("%s", steps[i].what);
	}
}

static void a_receive_buffer_that_stands_still(void **state)
{
	static const struct step steps[] = {
		{"it grew", BEFORE(rcvbuf), 1 << 19},
		{"the window is not turned", NOW(bytes_received), 3932159},
		{"the application lags", NOW(rqueue), 104858},
		{"a queue stands on the way here", NOW(rcv_rtt), 184001},
		{"no round trip", NOW(min_rtt), 0},
		{"not accepted yet", FLOW(inode), 0},
		{"gone before the second sample", FLOW(seen_again), 0},
	};
	struct flow_limits l = limits();
	struct flow f = receiving();

	(void)state;
	assert_fault(receiving, 1u << FAULT_PINNED_RECEIVE, steps, ARRAY_SIZE(steps));
	l.autotuning = false;
	assert_int_equal(flow_faults(&f, &l), 0);
	l = limits();
	l.rmem_max = 1 << 20;
	assert_int_equal(flow_faults(&f, &l), 0);
	l = limits();
	l.window = 0;
	assert_int_equal(flow_faults(&f, &l), 0);
}

static void a_send_buffer_that_stands_still(void **state)
{
	static const struct step steps[] = {
		{"it grew", BEFORE(sndbuf), 1 << 19},
		{"it is not turned", NOW(bytes_acked), 5242879},
		{"the path is full", NOW(rtt), 92001},
		{"nothing in flight", NOW(unacked), 0},
		{"the peer's window is full", NOW(snd_wnd), 589000},
	};

	(void)state;
	assert_fault(sending, 1u << FAULT_PINNED_SEND, steps, ARRAY_SIZE(steps));
}

static void a_scale_that_was_too_small(void **state)
{
	static const struct step steps[] = {
		{"no scaling at all", NOW(options), 3},
		{"the scale that new ones get", NOW(wscale), 0xb7},
		{"a buffer that offers less", NOW(rcvbuf), 15 << 20},
		{"a window that offers less", NOW(rcv_wnd), 7969055},
		{"the window is not turned", NOW(bytes_received), 62913599},
	};
	struct flow_limits l = limits();
	struct flow f;

	(void)state;
	for (size_t i = 0; i <= ARRAY_SIZE(steps); i++) {
		l.wscale = 11;
		f = frozen();
		if (i < ARRAY_SIZE(steps))
			memcpy((char *)&f + steps[i].at, &steps[i].v, steps[i].size);
		if ((flow_faults(&f, &l) & 1u << FAULT_FROZEN) != (i == ARRAY_SIZE(steps) ? 1u << FAULT_FROZEN : 0))
			fail_msg("%s", i < ARRAY_SIZE(steps) ? steps[i].what : "frozen");
	}
	f = frozen();
	for (l.wscale = -1; l.wscale <= 7; l.wscale++)
		assert_int_equal(flow_faults(&f, &l) & 1u << FAULT_FROZEN, 0);
	/* What the kernel would like to offer is not what its header can say. */
	assert_true(flow_window(&f.now, &l) == 8388480);
}

static void a_queue_that_nobody_reads(void **state)
{
	static const struct step steps[] = {
		{"it was empty before", BEFORE(rqueue), 0},
		{"it is empty now", NOW(rqueue), 0},
		{"there is room", NOW(rmem), 786431},
		{"the window is open", NOW(rcv_wnd), 262145},
		{"it is read in less than a second", NOW(bytes_received), 600001},
		{"not accepted yet", FLOW(inode), 0},
	};

	(void)state;
	assert_fault(unread, 1u << FAULT_SLOW_READER, steps, ARRAY_SIZE(steps));
}

static void a_peer_that_does_not_answer(void **state)
{
	static const struct step steps[] = {
		{"something was acknowledged", NOW(bytes_acked), 1},
		{"nothing was queued before", BEFORE(wqueue), 0},
		{"all is acknowledged", NOW(wqueue), 0},
		{"sent again twice only", NOW(retransmits), 2},
		{"no timer", NOW(timer), TIMER_NONE},
		{"nobody holds it", FLOW(inode), 0},
	};

	(void)state;
	assert_fault(unanswered, 1u << FAULT_STALLED, steps, ARRAY_SIZE(steps));
}

static void a_peer_with_a_closed_window(void **state)
{
	static const struct step steps[] = {
		{"something was acknowledged", NOW(bytes_acked), 1},
		{"just now", NOW(last_data_sent), 999},
		{"open before", BEFORE(timer), TIMER_RETRANSMIT},
	};
	struct flow_limits l = limits();
	struct flow f = refused();

	(void)state;
	assert_fault(refused, 1u << FAULT_WINDOW_CLOSED, steps, ARRAY_SIZE(steps));
	/* Three probes without an answer: it is gone. */
	f.now.probes = 3;
	assert_int_equal(flow_faults(&f, &l), 1u << FAULT_STALLED);
}

static void scales_follow_the_kernel(void **state)
{
	(void)state;
	assert_int_equal(scale_of_window(0), 0);
	assert_int_equal(scale_of_window(65535), 0);
	assert_int_equal(scale_of_window(65536), 1);
	assert_int_equal(scale_of_window(6291456), 7);
	assert_int_equal(scale_of_window(33554432), 10);
	assert_int_equal(scale_of_window(67108864), 11);
	assert_int_equal(scale_of_window(134217728), 12);
	assert_int_equal(scale_of_window(1e12), 14);
	assert_true(window_of_scale(0) == 65535 && window_of_scale(7) == 8388480 && window_of_scale(99) == 65535.0 * 16384);
}

/* As knowledge of tcp_retries2 has it: 8 → 102.2 s, 10 → 324.6 s, 15 → 924.6 s. */
static void retries_become_a_time(void **state)
{
	static const struct {
		unsigned n;
		double max, s;
	} cases[] = {{0, 120, 0.2},   {3, 120, 3},	{8, 120, 102.2}, {9, 120, 204.6},
		     {10, 120, 324.6}, {15, 120, 924.6}, {255, 120, 29724.6}, {15, 1, 1.4 + 13}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (fabs(retries_timeout(cases[i].n, cases[i].max) - cases[i].s) > 1e-6)
			fail_msg("%u: %f", cases[i].n, retries_timeout(cases[i].n, cases[i].max));
}

/*
 * A time-out of 0.2 s, doubled three times: first sent 0.2 + 0.4 + 0.8 s and what passed of 1.6 s ago. The first firing
 * past the limit ends it, counted from the first retransmission.
 */
static void a_stall_has_a_past_and_an_end(void **state)
{
	struct flow_sample s = {.timer = TIMER_RETRANSMIT, .rto = 1600000, .backoff = 3, .retransmits = 3, .expires = 600};
	struct flow_limits l = limits();
	struct stall stall;

	(void)state;
	l.retries = 3; /* 3 s: fires at 2.8, then at 6 s */
	stall = flow_stall(&s, &l, 0);
	assert_true(fabs(stall.since - 2.4) < 1e-6 && fabs(stall.fails_in - (6 - 2.2)) < 1e-6);
	stall = flow_stall(&s, &l, 2.5); /* TCP_USER_TIMEOUT: fires at 2.8 */
	assert_true(fabs(stall.fails_in - 0.6) < 1e-6);
	s = (struct flow_sample){.timer = TIMER_PROBE, .rto = 200000, .backoff = 2, .expires = 100, .last_data_sent = 9000};
	stall = flow_stall(&s, &l, 0);
	assert_true(stall.since == 9 && stall.fails_in < 0);
	/* Hostile numbers end, too. */
	memset(&s, 0xff, sizeof(s));
	s.app_limited = true;
	l.retries = 255;
	s.timer = TIMER_RETRANSMIT;
	assert_true(isfinite(flow_stall(&s, &l, 0).fails_in) && isfinite(flow_stall(&s, &l, 1e9).fails_in));
	s.timer = TIMER_PROBE;
	assert_true(isfinite(flow_stall(&s, &l, 0).fails_in));
}

/* Through the collectors: a host with one suspicious flow, and what a record says of its socket. */

static const struct subject *audit_held(struct host *h, const char *sockopts)
{
	struct pair p = quiet_pair(4711);

	h->window = 1;
	p.now.inode = 81;
	p.now.rqueue = 0;
	p.now.wqueue = 14;
	p.now.info.unacked = 1;
	p.now.info.notsent_bytes = 10;
	p.now.info.snd_cwnd = 10;
	p.now.info.snd_wnd = 65536;
	p.now.info.min_rtt = 1000;
	p.now.info.rtt = 14000;
	p.now.info.last_data_sent = 37;
	p.before = p.now;
	p.before.info.last_data_sent = 12;
	host_pair(h, &p);
	host_file(h, "names/holders", "81 812 asker\n");
	host_file(h, "names/processes", "812 /system.slice/asker.service\n");
	if (sockopts)
		host_file(h, "names/sockopts", sockopts);
	host_collect(h);
	return h->facts->first[SUBJECT_OWNER];
}

static void a_suspicion_is_confirmed(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct subject *s = audit_held(&h, "4711 0 nodelay=0 cork=0\n");

	assert_number(s->values[OWNER_NAGLE], 1);
	assert_number(s->values[OWNER_NAGLE_ASKED], 1);
	assert_number(s->values[OWNER_NAGLE_CONFIRMED], 1);
	assert_number(s->values[OWNER_NAGLE_WAIT], 0.037);
	assert_number(s->values[OWNER_NAGLE_MIN_RTT], 0.001);
	assert_text(s->values[OWNER_NAGLE_PEER], PEER ":443");
	assert_number(s->values[OWNER_PINNED], 0);
	assert_missing(s->values[OWNER_PINNED_LOCKED], VALUE_ABSENT, "no buffer");
	/* Nothing in the socket's cgroup says whose it is; its process does. */
	assert_string_equal(s->unit, "asker.service");
	assert_string_equal(s->process, "asker[812]");
}

static void a_suspicion_is_refuted(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct subject *s = audit_held(&h, "4711 0 nodelay=1 cork=0\n");

	assert_number(s->values[OWNER_NAGLE], 1);
	assert_number(s->values[OWNER_NAGLE_CONFIRMED], 0);
}

static void corked_is_meant(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	assert_number(audit_held(&h, "4711 0 nodelay=0 cork=1\n")->values[OWNER_NAGLE_CONFIRMED], 0);
}

static void a_refusal_leaves_the_suspicion(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct subject *s = audit_held(&h, "4711 1\n");

	assert_number(s->values[OWNER_NAGLE], 1);
	assert_number(s->values[OWNER_NAGLE_ASKED], 0);
	assert_missing(s->values[OWNER_NAGLE_CONFIRMED], VALUE_DENIED, "lends no descriptors");
}

static void a_record_without_options_says_so(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	assert_missing(audit_held(&h, NULL)->values[OWNER_NAGLE_CONFIRMED], VALUE_UNREAD, "the record holds no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_held_small_write),
		cmocka_unit_test(what_else_holds_a_write),
		cmocka_unit_test(a_receive_buffer_that_stands_still),
		cmocka_unit_test(a_send_buffer_that_stands_still),
		cmocka_unit_test(a_scale_that_was_too_small),
		cmocka_unit_test(a_queue_that_nobody_reads),
		cmocka_unit_test(a_peer_that_does_not_answer),
		cmocka_unit_test(a_peer_with_a_closed_window),
		cmocka_unit_test(scales_follow_the_kernel),
		cmocka_unit_test(retries_become_a_time),
		cmocka_unit_test(a_stall_has_a_past_and_an_end),
		in_tree(a_suspicion_is_confirmed),
		in_tree(a_suspicion_is_refuted),
		in_tree(corked_is_meant),
		in_tree(a_refusal_leaves_the_suspicion),
		in_tree(a_record_without_options_says_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
