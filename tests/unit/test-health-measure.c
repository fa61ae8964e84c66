/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is measured of dump after dump: which flows are new, which count, and what is said of their path. */
#include "unit-census.h"

#include <math.h>

#include "apply/health-measure.h"
#include "apply/health-scope.h"

static void measure_done(struct measure *m)
{
	measure_clear(m);
}

#define _cleanup_measure_ _cleanup_(measure_done)

enum { MBIT = 1000000 / 8 };

/* A flow that sends at a rate since a time, behind a path of 80 ms; seen at a time. */
static struct tcp_socket sender(uint64_t cookie, double since, double now, double mbit)
{
	struct tcp_socket s = busy_flow(cookie);
	double t = now - since;

	s.info.flags = 0;
	s.info.rtt = 90000;
	s.info.min_rtt = 80000;
	s.info.snd_mss = 1448;
	s.info.notsent_bytes = 100000;
	s.info.bytes_acked = (uint64_t)(t * mbit * MBIT);
	s.info.bytes_sent = s.info.bytes_acked;
	s.info.bytes_retrans = s.info.bytes_sent / 100;
	s.info.busy_time = (uint64_t)(t * 1e6);
	return s;
}

static struct tcp_socket receiver(uint64_t cookie, double since, double now, double mbit)
{
	struct tcp_socket s = idle_flow(cookie);

	s.info.last_data_recv = 1;
	s.info.bytes_received = (uint64_t)((now - since) * mbit * MBIT);
	s.info.rcv_rtt = 85000;
	s.info.min_rtt = 80000;
	s.info.rcv_mss = 1448;
	s.info.rcv_wnd = 170000;
	s.mem[MEM_RCVBUF] = 262144;
	return s;
}

static void dump(struct measure *m, double now, const struct tcp_socket *s, size_t n)
{
	measure_dump_begin(m, now);
	for (size_t i = 0; i < n; i++)
		flows_offer(&m->flows, &s[i]);
	measure_dump_end(m);
}

static bool want_198(void *user, const char *path, bool out)
{
	(void)user;
	return !strcmp(path, "198.51.100.0/24") && out;
}

/* Three dumps of one flow that was there before, then the change; the clock says 6. */
static void baseline(struct measure *m, double mbit)
{
	assert_int_equal(measure_begin(m), 0);
	for (double now = 0; now <= 4; now += 2)
		dump(m, now, (struct tcp_socket[]){sender(1, -60, now, mbit)}, 1);
	assert_int_equal(measure_baseline_done(m, want_198, NULL), 0);
	dump(m, 5, (struct tcp_socket[]){sender(1, -60, 5, mbit), idle_flow(7)}, 2);
	measure_watch(m);
}

static const struct health_path *find(const struct health_path *paths, unsigned n, const char *name, bool out)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(paths[i].name, name) && paths[i].out == out)
			return &paths[i];
	return NULL;
}

#define assert_near(a, b) assert_true(fabs((a) - (b)) <= 0.02 * fabs(b))

static void old_and_new_flows_are_told_apart(void **state)
{
	_cleanup_measure_ struct measure m = {0};
	struct health_path paths[HEALTH_PATHS];
	const struct health_path *p;
	unsigned n;

	(void)state;
	baseline(&m, 17);
	for (double now = 7; now <= 15; now += 2)
		dump(&m, now, (struct tcp_socket[]){sender(1, -60, now, 17), sender(2, 6, now, 900)}, 2);
	n = measure_numbers(&m, paths);
	assert_int_equal(n, 3); /* the path, and all in both directions */
	p = find(paths, n, "198.51.100.0/24", true);
	assert_non_null(p);
	assert_true(p->wanted);
	assert_int_equal(p->before.windows, 2);
	assert_near(p->before.goodput, 17.0 * MBIT);
	assert_near(p->before.total, 17.0 * MBIT);
	assert_near(p->before.retrans, 0.01);
	assert_near(p->before.srtt, 0.09);
	/* Seen at 7: its age is known from then on, and its first window is not counted. */
	assert_int_equal(p->recent.windows, 3);
	assert_int_equal(p->recent.bulk, 3);
	assert_near(p->recent.goodput, 900.0 * MBIT);
	assert_near(p->recent.total, 917.0 * MBIT);
	assert_near(p->recent.concurrent, 2.0);
	assert_int_equal(p->last.bulk, 1);
	assert_near(find(paths, n, "all", true)->recent.goodput, 900.0 * MBIT);
}

/* A connection that was idle all the time, or was being opened at the change, is not new when it begins to send. */
static void idle_ones_from_before_are_not_new(void **state)
{
	_cleanup_measure_ struct measure m = {0};
	struct health_path paths[HEALTH_PATHS];
	unsigned n;

	(void)state;
	baseline(&m, 17);
	for (double now = 7; now <= 15; now += 2)
		dump(&m, now, (struct tcp_socket[]){sender(7, 6, now, 900)}, 1);
	n = measure_numbers(&m, paths);
	assert_int_equal(find(paths, n, "198.51.100.0/24", true)->recent.windows, 0);
}

static void a_window_without_new_flows_is_none(void **state)
{
	_cleanup_measure_ struct measure m = {0};
	struct health_path paths[HEALTH_PATHS];
	unsigned n;

	(void)state;
	baseline(&m, 17);
	for (double now = 7; now <= 11; now += 2)
		dump(&m, now, (struct tcp_socket[]){sender(2, 6, now, 900)}, 1);
	n = measure_numbers(&m, paths);
	assert_int_equal(find(paths, n, "198.51.100.0/24", true)->last.windows, 1);
	dump(&m, 13, NULL, 0);
	n = measure_numbers(&m, paths);
	assert_int_equal(find(paths, n, "198.51.100.0/24", true)->last.windows, 0);
	assert_int_equal(find(paths, n, "198.51.100.0/24", true)->recent.windows, 1);
}

/* What other paths of the same direction carry in the windows of a path, those too that were silent before. */
static void other_paths_are_counted(void **state)
{
	_cleanup_measure_ struct measure m = {0};
	struct health_path paths[HEALTH_PATHS];
	const struct health_path *p;
	unsigned n;

	(void)state;
	baseline(&m, 900);
	for (double now = 7; now <= 15; now += 2) {
		struct tcp_socket backup[] = {sender(3, 6, now, 300), sender(4, 6, now, 300)}, in = receiver(5, 6, now, 100);

		backup[0].dst = backup[1].dst = in.dst = v4(0xcb007101);
		dump(&m, now, (struct tcp_socket[]){sender(2, 6, now, 300), backup[0], backup[1], in}, 4);
	}
	n = measure_numbers(&m, paths);
	p = find(paths, n, "198.51.100.0/24", true);
	assert_non_null(p);
	assert_true(p->before.others == 0);
	assert_near(p->recent.total, 300.0 * MBIT);
	assert_near(p->recent.others, 600.0 * MBIT);
	assert_near(p->recent.others_concurrent, 2.0);
	assert_near(p->last.others, 600.0 * MBIT);
	assert_true(find(paths, n, "all", true)->recent.others == 0);
}

/* What keeps a flow slow that is no matter of settings takes it out of the bulk flows. */
static void others_faults_do_not_count(void **state)
{
	_cleanup_measure_ struct measure m = {0};
	struct health_path paths[HEALTH_PATHS];
	unsigned n;

	(void)state;
	baseline(&m, 17);
	for (double now = 7; now <= 11; now += 2) {
		struct tcp_socket trickle = sender(2, 6, now, 0.1), paced = sender(3, 6, now, 5), resting = sender(4, 6, now, 5),
				  deaf = sender(5, 6, now, 5), slow = receiver(6, 6, now, 5);

		paced.info.notsent_bytes = 0; /* the application sends no faster */
		paced.info.flags = 1;
		resting.info.busy_time /= 4; /* it pauses */
		deaf.info.rwnd_limited = deaf.info.busy_time / 2; /* its peer does not read */
		slow.rqueue = 200000; /* nobody reads here */
		dump(&m, now, (struct tcp_socket[]){trickle, paced, resting, deaf, slow}, 5);
	}
	n = measure_numbers(&m, paths);
	assert_int_equal(find(paths, n, "198.51.100.0/24", true)->recent.bulk, 0);
	assert_int_equal(find(paths, n, "all", false)->recent.bulk, 0);
	/* Their round trips are those of the path nevertheless. */
	assert_int_equal(find(paths, n, "198.51.100.0/24", true)->recent.timed, 4);
}

/* A full send buffer looks to the kernel as if the application had no more to send. */
static void small_buffers_hold_a_flow(void **state)
{
	_cleanup_measure_ struct measure m = {0};
	struct health_path paths[HEALTH_PATHS];
	const struct health_path *p;
	unsigned n;

	(void)state;
	baseline(&m, 17);
	for (double now = 7; now <= 11; now += 2) {
		struct tcp_socket full = sender(2, 6, now, 25), waiting = sender(3, 6, now, 25);

		full.info.notsent_bytes = waiting.info.notsent_bytes = 0;
		full.info.flags = waiting.info.flags = 1;
		full.mem[MEM_SNDBUF] = 262144;
		full.mem[MEM_QUEUED] = 250000;
		waiting.info.sndbuf_limited = waiting.info.busy_time / 8;
		full.info.rtt = waiting.info.rtt = 81000;
		dump(&m, now, (struct tcp_socket[]){full, waiting}, 2);
	}
	n = measure_numbers(&m, paths);
	p = find(paths, n, "198.51.100.0/24", true);
	assert_int_equal(p->recent.bulk, 2);
	assert_near(p->recent.held, 1.0);
	assert_near(p->recent.held_free, 1.0);
	assert_near(p->recent.sndbuf, 1.0 / 16);
}

/* Each round trip brings what we offer. */
static void receivers_are_held_by_their_window(void **state)
{
	_cleanup_measure_ struct measure m = {0};
	struct health_path paths[HEALTH_PATHS];
	const struct health_path *p;
	unsigned n;

	(void)state;
	assert_int_equal(measure_begin(&m), 0);
	for (double now = 0; now <= 4; now += 2)
		dump(&m, now, (struct tcp_socket[]){receiver(1, -60, now, 17), receiver(2, -60, now, 2)}, 2);
	assert_int_equal(measure_baseline_done(&m, want_198, NULL), 0);
	n = measure_numbers(&m, paths);
	p = find(paths, n, "198.51.100.0/24", false);
	assert_non_null(p);
	assert_false(p->wanted); /* of the other direction */
	assert_int_equal(p->before.bulk, 4);
	assert_near(p->before.held, 0.5);
	assert_near(p->before.srtt, 0.085);
}

static void local_traffic_is_no_path(void **state)
{
	_cleanup_measure_ struct measure m = {0};
	struct health_path paths[HEALTH_PATHS];

	(void)state;
	assert_int_equal(measure_begin(&m), 0);
	for (double now = 0; now <= 4; now += 2) {
		struct tcp_socket a = sender(1, -60, now, 900), b = sender(2, -60, now, 900);

		a.dst = v4(0x7f000001);
		b.dst = b.src;
		dump(&m, now, (struct tcp_socket[]){a, b}, 2);
	}
	assert_int_equal(measure_baseline_done(&m, want_198, NULL), 0);
	assert_int_equal(measure_numbers(&m, paths), 2);
	assert_int_equal(paths[0].before.windows + paths[1].before.windows, 0);
}

/* Of a thousand networks the 32 heaviest are followed, and all of them together. */
static void networks_are_ranked(void **state)
{
	_cleanup_measure_ struct measure m = {0};
	struct health_path paths[HEALTH_PATHS];
	unsigned n;

	(void)state;
	assert_int_equal(measure_begin(&m), 0);
	for (double now = 0; now <= 4; now += 2) {
		measure_dump_begin(&m, now);
		for (uint32_t i = 1; i <= 1000; i++) {
			struct tcp_socket s = sender(i, -60, now, i == 500 ? 800 : 1);

			s.dst = v4(0xc6000000 | i << 8 | 1);
			flows_offer(&m.flows, &s);
		}
		measure_dump_end(&m);
	}
	assert_int_equal(measure_baseline_done(&m, want_198, NULL), 0);
	n = measure_numbers(&m, paths);
	assert_int_equal(n, HEALTH_PATHS);
	assert_string_equal(paths[0].name, "198.1.244.0/24");
	assert_near(find(paths, n, "all", true)->before.total, 1799.0 * MBIT);
	assert_int_equal(find(paths, n, "all", true)->before.flows, 1000);
}

/* More flows than are followed: a sample stands for all of them. */
static void crowds_are_thinned_out(void **state)
{
	_cleanup_measure_ struct measure m = {0};
	struct health_path paths[HEALTH_PATHS];
	size_t used = memory_in_use();
	unsigned n;

	(void)state;
	assert_int_equal(measure_begin(&m), 0);
	for (double now = 0; now <= 4; now += 2) {
		measure_dump_begin(&m, now);
		for (uint64_t i = 1; i <= 200000; i++) {
			struct tcp_socket s = sender(i, -60, now, 1);

			flows_offer(&m.flows, &s);
		}
		measure_dump_end(&m);
		assert_true(m.flows.count <= FLOWS_MAX && m.flows.count > FLOWS_MAX / 4);
	}
	assert_int_equal(measure_baseline_done(&m, want_198, NULL), 0);
	n = measure_numbers(&m, paths);
	assert_true(fabs(find(paths, n, "198.51.100.0/24", true)->before.total / (200000.0 * MBIT) - 1) < 0.1);
	assert_false(m.flows.known.full);
	assert_true(memory_in_use() - used < 6 << 20);
}

/* Every cookie that was seen is known again, and hardly another. */
static void cookies_are_known_again(void **state)
{
	struct cookies c = {0};
	unsigned wrong = 0;

	(void)state;
	assert_false(cookies_has(&c, 1));
	for (uint64_t i = 1; i <= COOKIES_MAX; i++)
		cookies_add(&c, i);
	assert_false(c.full);
	for (uint64_t i = 1; i <= COOKIES_MAX; i++)
		assert_true(cookies_has(&c, i));
	for (uint64_t i = 1; i <= 1000000; i++)
		wrong += cookies_has(&c, i << 40);
	assert_true(wrong < 300);
	/* Two of the first may have one hash: it takes some more to fill it. */
	for (uint64_t i = 1; i <= 1000; i++)
		cookies_add(&c, COOKIES_MAX + i);
	assert_true(c.full);
	cookies_clear(&c);
	assert_false(cookies_has(&c, 1));
}

static void counters_are_read_as_growth(void **state)
{
	static const char netstat[] = "TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPTimeouts\nTcpExt: 0 %d %d 3\n";
	static const char snmp[] = "Tcp: RtoAlgorithm ActiveOpens PassiveOpens AttemptFails EstabResets\nTcp: 1 %d 20 5 1\n";
	const struct tree *t = *state;
	_cleanup_(root_freep) struct root *root = NULL;
	struct health_counts before, after, growth;
	char text[256];

	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), netstat, 10 + 50 * i, 10 + 60 * i);
		tree_write(t, "r/proc/net/netstat", text);
		snprintf(text, sizeof(text), snmp, 100 + 8 * i);
		tree_write(t, "r/proc/net/snmp", text);
		if (!root)
			root = open_record(t, PLAIN);
		assert_int_equal(counters_read(root, 10 + 4 * i, i ? &after : &before), 0);
	}
	growth = counters_between(&before, &after);
	assert_near(counter_rate(&growth, COUNT_LISTEN_OVERFLOWS), 12.5);
	assert_near(counter_rate(&growth, COUNT_LISTEN_DROPS), 15.0);
	assert_near(counter_rate(&growth, COUNT_ACTIVE_OPENS), 2.0);
	assert_false(growth.known[COUNT_SYN_RETRANS]);
	counters_format(&growth, text, sizeof(text));
	assert_string_equal(text, "host seconds=4 opens=2 accepts=0 fails=0 resets=0 listen-drops=15 overflows=12.5 timeouts=0");
	tree_write(t, "r/proc/net/netstat", "garbled\n");
	assert_true(counters_read(root, 20, &after) < 0);
}

static void changes_have_a_scope(void **state)
{
	struct paper p = {.change_count = 2};

	(void)state;
	paper_set(p.changes[0].key, "net.ipv4.tcp_wmem");
	paper_set(p.changes[0].why, "window.send-below-bdp/wan0 10.77.0.0/24");
	paper_set(p.changes[1].key, "net.core.somaxconn");
	paper_set(p.changes[1].why, "listen.accept-queue-full/0.0.0.0:80");
	assert_true(scope_wants(&p, "10.77.0.0/24", true));
	assert_false(scope_wants(&p, "10.77.0.0/24", false));
	assert_false(scope_wants(&p, "7.0.0/24", true));
	assert_false(scope_is_connections(&p));
	assert_true(scope_names_paths(&p));
	paper_set(p.changes[0].why, "window.unscaled/wan0 192.0.2.0/24, window.send-below-bdp/wan0 2001:db8::/48");
	assert_true(scope_wants(&p, "192.0.2.0/24", true));
	assert_true(scope_wants(&p, "2001:db8::/48", true));
	assert_false(scope_wants(&p, "2.0.2.0/24", true));
	assert_false(scope_wants(&p, "192.0.2.0/2", true));
	/* More paths than there is room for, cut within a name: the first count, and nothing is taken for another path. */
	for (unsigned cut = 0; cut < 30; cut++) {
		char why[1024] = "window.send-below-bdp/wan0 192.0.2.0/24";

		for (unsigned i = 0; i < 20; i++)
			snprintf(why + strlen(why), sizeof(why) - strlen(why), ", window.send-below-bdp/wan0 10.%u.0.0/24", i);
		why[sizeof(p.changes[0].why) - 1 - cut] = '\0';
		paper_set(p.changes[0].why, "%s", why);
		assert_true(scope_names_paths(&p));
		assert_true(scope_wants(&p, "192.0.2.0/24", true));
		assert_false(scope_wants(&p, "10.0.0.0/2", true));
		assert_false(scope_wants(&p, "10.19.0.0/24", true));
	}
	p.changes[0] = p.changes[1];
	assert_false(scope_names_paths(&p));
	assert_true(scope_is_connections(&p));
	p.change_count = 0;
	assert_false(scope_is_connections(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_and_new_flows_are_told_apart),
		cmocka_unit_test(idle_ones_from_before_are_not_new),
		cmocka_unit_test(a_window_without_new_flows_is_none),
		cmocka_unit_test(other_paths_are_counted),
		cmocka_unit_test(others_faults_do_not_count),
		cmocka_unit_test(small_buffers_hold_a_flow),
		cmocka_unit_test(receivers_are_held_by_their_window),
		cmocka_unit_test(local_traffic_is_no_path),
		cmocka_unit_test(networks_are_ranked),
		cmocka_unit_test(crowds_are_thinned_out),
		cmocka_unit_test(cookies_are_known_again),
		in_tree(counters_are_read_as_growth),
		cmocka_unit_test(changes_have_a_scope),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
