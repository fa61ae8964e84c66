/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of flows beside their windows: fixed buffers, pauses, backlogs, losses, and segments too large. */
#include "unit-path.h"

enum { INFO_67 = 248 };

static struct pair flow(uint64_t cookie)
{
	struct pair p = quiet_pair(cookie);

	p.before.info_len = p.now.info_len = INFO_67;
	return p;
}

static const struct value *judged(struct host *h, const struct pair *p)
{
	host_gigabit(h);
	host_pair(h, p);
	return path_of(h)->values;
}

/* Half a megabyte under way at every look, the application waits for room, and the kernel leaves the buffer alone. */
static struct pair fixed_sender(uint64_t cookie)
{
	struct pair p = full_sender(cookie);

	p.before.mem[MEM_SNDBUF] = p.now.mem[MEM_SNDBUF] = 500000;
	p.now.info.sndbuf_limited = 300000;
	return p;
}

static void a_buffer_that_does_not_grow_was_fixed(void **state)
{
	for (int i = 0; i < 4; i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		struct pair p = fixed_sender(1);
		const struct value *v;

		if (i == 1)
			p.before.mem[MEM_SNDBUF] = 400000; /* it grows */
		if (i == 2)
			p.now.info.sndbuf_limited = 49999; /* nobody waits for it */
		if (i == 3)
			p.now.info.notsent_bytes = 50001; /* it has room for more than is under way */
		v = judged(&h, &p);
		assert_number(v[PATH_SEND_PINNED], i == 0);
		assert_number(v[PATH_SEND_LIMITED], 0);
		if (i == 0)
			assert_number(v[PATH_SEND_PINNED_BUFFER], 500000);
	}
}

static void without_scaling_a_window_ends_at_64_kib(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = full_peer(1), r = full_receiver(2);
	const struct value *v;

	p.before.info.options = p.now.info.options = r.before.info.options = r.now.info.options = 0;
	p.before.info.unacked = p.now.info.unacked = 62;
	p.before.info.snd_wnd = p.now.info.snd_wnd = 65535;
	p.now.info.bytes_acked = 800000;
	r.now.mem[MEM_RCVBUF] = 200000; /* whatever the buffer is */
	r.now.info.bytes_received = 800000;
	host_gigabit(&h);
	host_pair(&h, &p);
	host_pair(&h, &r);
	v = path_of(&h)->values;
	assert_number(v[PATH_UNSCALED_LIMITED], 2);
	assert_number(v[PATH_RWND_LIMITED], 0);
	assert_number(v[PATH_RECEIVE_LIMITED], 0);
}

static void a_window_that_shuts_is_a_slow_reader(void **state)
{
	for (int i = 0; i < 3; i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		struct pair p = full_peer(1);
		const struct value *v;

		p.now.info.snd_wnd = i == 1 ? 250001 : 0; /* a quarter of what it was is still no sign */
		p.now.info.unacked = 0;
		p.now.info.notsent_bytes = i == 2 ? 0 : 400000;
		v = judged(&h, &p);
		assert_number(v[PATH_RWND_SLOW], i == 0);
		assert_number(v[PATH_RWND_LIMITED], 0);
	}
}

/* A second of silence with an RTO of 300 ms, then half a megabyte in 800 ms, with a window of 400 segments before. */
static struct pair burst(uint64_t cookie)
{
	struct pair p = flow(cookie);

	p.before.info.rto = 300000;
	p.before.info.last_data_sent = 1000;
	p.before.info.snd_cwnd = 400;
	p.now.info.snd_cwnd = 300;
	p.now.info.bytes_sent = p.now.info.bytes_acked = 500000;
	p.now.info.busy_time = 800000;
	return p;
}

static void a_burst_after_a_pause_pays_for_slow_start(void **state)
{
	for (int i = 0; i < 6; i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		struct pair p = burst(1);
		const struct value *v;

		if (i == 1)
			p.before.info.last_data_sent = 299; /* no pause */
		if (i == 2)
			p.now.info.bytes_sent = 10000; /* the initial window is enough */
		if (i == 3)
			p.now.info.busy_time = 100000; /* it was quick all the same */
		if (i == 4)
			p.before.info.snd_cwnd = 10; /* nothing to lose */
		if (i == 5)
			p.before.info.unacked = 1;
		v = judged(&h, &p);
		if (v[PATH_RESTART].num != (i == 0))
			fail_msg("case %d", i);
		if (i)
			continue;
		/* log2(51) is 5.7, log2(2.25) is 1.2: six rounds instead of two. */
		assert_number(v[PATH_RESTART_ROUNDS], 4);
		assert_number(v[PATH_RESTART_COST], 4 * 0.080);
		assert_number(v[PATH_RESTART_WINDOW], 400000);
		assert_number(v[PATH_RESTART_BURST], 500000);
	}
}

static void a_backlog_counts_where_the_peer_goes_on_talking(void **state)
{
	for (int i = 0; i < 3; i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		struct pair p = flow(1);
		const struct value *v;

		p.before.info.notsent_bytes = i == 1 ? 0 : 1000000;
		p.now.info.notsent_bytes = 1000000;
		p.now.info.bytes_acked = 2000000;
		p.now.info.bytes_received = i == 2 ? 0 : 100;
		v = judged(&h, &p);
		assert_number(v[PATH_UNSENT], i == 0);
		if (i == 0)
			assert_number(v[PATH_UNSENT_DELAY], 0.5);
	}
}

static void what_peers_had_twice_was_not_lost(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct pair p = flow(1);
	const struct value *v;

	p.now.info.data_segs_out = 1000;
	p.now.info.total_retrans = 50;
	p.now.info.dsack_dups = 20;
	p.now.info.bytes_acked = 1000000;
	p.now.info.total_rto = 3;
	p.now.info.total_rto_time = 900;
	p.now.info.rto = 240000;
	v = judged(&h, &p);
	assert_number(v[PATH_RESENT], 50);
	assert_number(v[PATH_LOST], 30);
	assert_number(v[PATH_LOSS], 0.03);
	assert_number(v[PATH_TIMEOUTS], 3);
	assert_number(v[PATH_TIMEOUT_TIME], 0.9);
	assert_number(v[PATH_TIMEOUT_RTO], 0.24);
}

/* A queue that a flow fills itself drops; that says how long the queue is, and nothing of the path. */
static void drops_of_a_full_queue_are_no_losses(void **state)
{
	for (int i = 0; i < 2; i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		struct pair p = flow(1);
		const struct value *v;

		p.before.info.unacked = p.now.info.unacked = 100;
		p.now.info.rtt = i ? 92001 : 91999;
		p.now.info.data_segs_out = 1000;
		p.now.info.total_retrans = 50;
		v = judged(&h, &p);
		assert_number(v[PATH_LOST], i ? 0 : 50);
	}
}

/* One in a thousand is lost, and 1.22 × 1000 B / (80 ms × √0.001) are 482 kB/s. */
static void losses_that_explain_the_rate_hold_the_flow(void **state)
{
	for (int i = 0; i < 5; i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		struct pair p = flow(1);
		struct row answer;
		const struct value *v;

		p.before.info.unacked = p.before.info.snd_cwnd = p.now.info.unacked = p.now.info.snd_cwnd = 40;
		p.before.info.notsent_bytes = p.now.info.notsent_bytes = 100000;
		p.before.info.bytes_sent = 10000000;
		p.before.info.bytes_retrans = 10000;
		p.now.info.bytes_sent = 10500000;
		p.now.info.bytes_retrans = 10500;
		p.now.info.busy_time = 1000000;
		p.now.info.bytes_acked = i == 1 ? 2000000 : 500000; /* four times the bound: they do not explain it */
		p.now.info.rwnd_limited = i == 2 ? 300000 : 0;
		if (i == 3)
			p.now.info.notsent_bytes = 0;
		answer = p.now;
		answer.congestion = i == 4 ? "bbr" : "cubic";
		put_row(&h.congestion, &answer);
		v = judged(&h, &p);
		if (v[PATH_CONTROL].num != (i == 0))
			fail_msg("case %d", i);
	}
}

static void small_messages_both_ways_are_a_stream(void **state)
{
	for (int i = 0; i < 3; i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		struct pair p = flow(1);
		const struct value *v;

		p.now.info.data_segs_out = 100;
		p.now.info.total_retrans = 2;
		p.now.info.bytes_sent = i == 1 ? 80001 : 20000;
		p.now.info.bytes_received = i == 2 ? 0 : 20000;
		v = judged(&h, &p);
		assert_number(v[PATH_STREAMS], i == 0);
		/* Two losses, each with what follows within 100 ms: ten segments of a hundred. */
		if (i == 0)
			assert_number(v[PATH_STREAM_WAITING], 0.2);
	}
}

/* A handshake passed, then four time-outs; a chat with the same peer goes on. */
static void full_segments_that_vanish_beside_small_ones(void **state)
{
	for (int i = 0; i < 6; i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		struct pair p = flow(1), chat = flow(2);
		const struct value *v;

		p.now.info.backoff = i == 1 ? 2 : 3;
		p.now.info.unacked = p.now.info.lost = 10;
		p.now.wqueue = i == 5 ? 5000 : 10000;
		p.now.info.delivered = 2;
		p.now.info.bytes_acked = p.before.info.bytes_acked = i == 2 ? 2000 : 40; /* one did arrive once */
		if (i != 3) {
			chat.now.info.bytes_acked = i == 4 ? 50000 : 500;
			chat.now.info.data_segs_out = i == 4 ? 50 : 10;
		}
		host_gigabit(&h);
		host_pair(&h, &p);
		host_pair(&h, &chat);
		v = path_of(&h)->values;
		/* 3: nobody hears from the peer, it may be dead. 4: segments so large arrive there. 5: none is full. */
		if (v[PATH_BLACKHOLE].num != (i == 0))
			fail_msg("case %d", i);
		if (i == 0)
			assert_number(v[PATH_BLACKHOLE_MSS], MSS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(a_buffer_that_does_not_grow_was_fixed),
		in_tree(without_scaling_a_window_ends_at_64_kib),
		in_tree(a_window_that_shuts_is_a_slow_reader),
		in_tree(a_burst_after_a_pause_pays_for_slow_start),
		in_tree(a_backlog_counts_where_the_peer_goes_on_talking),
		in_tree(what_peers_had_twice_was_not_lost),
		in_tree(drops_of_a_full_queue_are_no_losses),
		in_tree(losses_that_explain_the_rate_hold_the_flow),
		in_tree(small_messages_both_ways_are_a_stream),
		in_tree(full_segments_that_vanish_beside_small_ones),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
