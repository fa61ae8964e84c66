/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Destinations: ports, TIME_WAIT, churn, set-up and pools, from what two samples saw. */
#include "unit-host.h"

#define PEER	    "198.51.100.2"
#define DESTINATION "192.0.2.1 → " PEER ":443"
#define OUT(s, p, ...)                                                                                             \
	(struct row)                                                                                               \
	{                                                                                                          \
		.state = (s), .src = "192.0.2.1", .dst = PEER, .sport = (p), .dport = 443, .cookie = (p), __VA_ARGS__ \
	}
#define OPEN(p, ...) OUT(STATE_ESTABLISHED, p, .info_len = sizeof(struct tcpinfo), __VA_ARGS__)
#define REST(p, age) OUT(STATE_TIME_WAIT, p, .expires = 60000 - (age))

static const char catalogue[] =
	"format = 1\nknown-through = 7.1\n"
	"[net.ipv4.ip_local_port_range]\n" HOST_KEY_TEXTS "elements = 2\nunit = ports\nmin = 1\n"
	"[net.ipv4.ip_local_reserved_ports]\n" HOST_KEY_TEXTS "type = ranges\n"
	"[net.ipv4.tcp_timestamps]\n" HOST_KEY_TEXTS "min = 0\n"
	"[net.ipv4.tcp_tw_reuse]\n" HOST_KEY_TEXTS "min = 0\n"
	"[net.ipv4.tcp_tw_reuse_delay]\n" HOST_KEY_TEXTS "unit = milliseconds\nmin = 1\n";

static struct host a_host(void **state, double window)
{
	struct host h = {.tree = *state, .window = window, .catalogue = catalogue};

	host_file(&h, "proc/sys/net/ipv4/ip_local_port_range", "40000\t40999\n");
	host_file(&h, "proc/sys/net/ipv4/tcp_timestamps", "1\n");
	host_file(&h, "proc/sys/net/ipv4/tcp_tw_reuse", "2\n");
	host_file(&h, "proc/net/sockstat", "TCP: inuse 1 orphan 0 tw 1000 alloc 1 mem 1\n");
	host_file(&h, "sample-2/proc/net/sockstat", "TCP: inuse 1 orphan 0 tw 1000 alloc 1 mem 1\n");
	return h;
}

static void opens(const struct host *h, unsigned before, unsigned now, unsigned failed)
{
	char text[256];

	host_file(h, "proc/net/snmp",
		  (snprintf(text, sizeof(text), "Tcp: ActiveOpens AttemptFails\nTcp: %u 7\n", before), text));
	host_file(h, "sample-2/proc/net/snmp",
		  (snprintf(text, sizeof(text), "Tcp: ActiveOpens AttemptFails\nTcp: %u %u\n", now, 7 + failed), text));
}

static const struct value *values_of(struct host *h, const char *name)
{
	return find_subject(h->facts ? h->facts : host_collect(h), SUBJECT_DESTINATION, name)->values;
}

static const struct value *values(struct host *h)
{
	return values_of(h, DESTINATION);
}

static const struct value *host_values(const struct host *h)
{
	return h->facts->host->values;
}

/* Ports */

static const struct {
	const char *reuse, *timestamps, *delay;
	double used, hold;
} reuses[] = {
	{"0\n", "1\n", NULL, 40, 60},	{"2\n", "1\n", NULL, 40, 60}, /* not on loopback */
	{"1\n", "1\n", NULL, 20, 1},	{"1\n", "0\n", NULL, 40, 60}, /* nothing to tell old segments by */
	{"1\n", "1\n", "3000\n", 30, 3},
};

static void ports_that_connect_may_take_over_are_not_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reuses); i++) {
		struct tree *t = NULL;
		void *tree = NULL;

		assert_int_equal(tree_setup(&tree), 0);
		t = tree;
		{
			_cleanup_host_ struct host h = a_host(&tree, 0);

			host_file(&h, "proc/sys/net/ipv4/tcp_tw_reuse", reuses[i].reuse);
			host_file(&h, "proc/sys/net/ipv4/tcp_timestamps", reuses[i].timestamps);
			if (reuses[i].delay)
				host_file(&h, "proc/sys/net/ipv4/tcp_tw_reuse_delay", reuses[i].delay);
			for (uint16_t n = 0; n < 10; n++) {
				put_row(&h.sockets[0], &OPEN((uint16_t)(40000 + 2 * n)));
				put_row(&h.sockets[0], &REST((uint16_t)(40100 + 2 * n), 999));
				put_row(&h.sockets[0], &REST((uint16_t)(40200 + 2 * n), 1000));
				put_row(&h.sockets[0], &REST((uint16_t)(40300 + 2 * n), 30000));
			}
			assert_number(values(&h)[DESTINATION_USED], reuses[i].used);
			assert_number(values(&h)[DESTINATION_PORT_HOLD], reuses[i].hold);
			assert_number(values(&h)[DESTINATION_TIME_WAIT], 30);
		}
		(void)t;
		tree_teardown(&tree);
	}
}

static void loopback_takes_over_by_default(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 0);

	for (uint16_t n = 0; n < 10; n++) {
		struct row r = REST((uint16_t)(40000 + n), 20000);

		r.src = r.dst = "127.0.0.1";
		put_row(&h.sockets[0], &r);
	}
	assert_number(values_of(&h, "127.0.0.1 → 127.0.0.1:443")[DESTINATION_USED], 0);
	assert_number(values_of(&h, "127.0.0.1 → 127.0.0.1:443")[DESTINATION_LOOPBACK], 1);
	assert_missing(values_of(&h, "127.0.0.1 → 127.0.0.1:443")[DESTINATION_EXHAUSTED_IN], VALUE_ABSENT, "taken over");
}

/* 200 of 500 ports of the odd parity: nobody but bind() takes those while the even ones are free. */
static void ports_that_bind_took_are_not_for_others(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 0);
	const struct value *v;

	for (uint16_t n = 0; n < 200; n++) {
		struct row r = OPEN((uint16_t)(40001 + 2 * n));

		r.dst = "198.51.100.9";
		r.cookie = 10000u + n;
		put_row(&h.sockets[0], &r);
	}
	for (uint16_t n = 0; n < 100; n++)
		put_row(&h.sockets[0], &OPEN((uint16_t)(40000 + 2 * n), .ifindex = 0));
	v = values(&h);
	assert_number(v[DESTINATION_PORTS], 800);
	assert_number(v[DESTINATION_USED_SHARE], 100 / 800.0);
	assert_number(host_values(&h)[HOST_PORTS_BOUND], 200);
	v = values_of(&h, "192.0.2.1 → 198.51.100.9:443");
	assert_number(v[DESTINATION_BINDS_FIRST], 1);
	assert_number(v[DESTINATION_USED], 300); /* of the source, towards all */
	assert_number(v[DESTINATION_PORTS], 1000);
}

/* Once the even ones are taken, connect() goes on to the odd. */
static void a_full_half_spills_into_the_other(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 0);

	for (uint16_t n = 0; n < 500; n++)
		put_row(&h.sockets[0], &OPEN((uint16_t)(40000 + 2 * n)));
	for (uint16_t n = 0; n < 150; n++)
		put_row(&h.sockets[0], &OPEN((uint16_t)(40001 + 2 * n)));
	assert_number(values(&h)[DESTINATION_BINDS_FIRST], 0);
	assert_number(values(&h)[DESTINATION_USED_SHARE], 0.65);
	assert_number(host_values(&h)[HOST_PORTS_BOUND], 0);
}

/* 30 a second and 1000 ports: 300 after ten seconds, and the last in 24 more. */
static void the_rate_of_ten_seconds_tells_when_ports_end(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 0);

	for (uint16_t n = 0; n < 300; n++)
		put_row(&h.sockets[0], &REST((uint16_t)(40000 + n), n * 33u));
	assert_number(values(&h)[DESTINATION_ENDS], 30);
	assert_number(values(&h)[DESTINATION_OPENS], 30);
	assert_number(values(&h)[DESTINATION_EXHAUSTED_IN], 24);
}

/* The same rate for a minute: as many leave as come. */
static void a_steady_rate_below_the_range_never_ends_it(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 0);

	for (uint16_t n = 0; n < 900; n++)
		put_row(&h.sockets[0], &REST((uint16_t)(40000 + n), n * 66u));
	assert_missing(values(&h)[DESTINATION_EXHAUSTED_IN], VALUE_ABSENT, "last");
	assert_number(host_values(&h)[HOST_PORTS_NEEDED], 900);
}

/* 300 that ended within a second, and none is opened any more. */
static void a_burst_that_is_over_needs_nothing(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 2);

	opens(&h, 500, 502, 0);
	for (uint16_t n = 0; n < 300; n++)
		for (unsigned sample = 0; sample < 2; sample++)
			put_row(&h.sockets[sample], &REST((uint16_t)(40000 + n), 5000u + 2000 * sample));
	assert_number(values(&h)[DESTINATION_ENDS], 30);
	assert_number(values(&h)[DESTINATION_OPENS], 1);
	assert_number(host_values(&h)[HOST_PORTS_NEEDED], 60);
}

static void listeners_below_the_default_range_are_exposed(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 0);
	static const uint16_t ports[] = {80, 3306, 8080, 9090, 33000};

	host_file(&h, "proc/sys/net/ipv4/ip_local_port_range", "2000\t60999\n");
	host_file(&h, "proc/sys/net/ipv4/ip_local_reserved_ports", "8000-8090\n");
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		put_row(&h.listen[0], &(struct row){.state = STATE_LISTEN, .src = "0.0.0.0", .dst = "0.0.0.0",
						    .sport = ports[i], .cookie = i + 1, .wqueue = 8});
	host_collect(&h);
	assert_number(host_values(&h)[HOST_PORTS_EXPOSED], 2);
	assert_text(host_values(&h)[HOST_PORTS_EXPOSED_LIST], "3306 9090");
}

/* Churn */

static struct row moved(uint16_t port, uint64_t cookie, uint64_t bytes)
{
	struct row r = OPEN(port, .info = {.bytes_received = bytes, .min_rtt = 20000, .snd_mss = 1000});

	r.cookie = cookie;
	return r;
}

/* The far side closes: only the counter and who was there tell of it. */
static void opens_without_time_wait_are_those_who_come_and_go(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 2);
	const struct value *v;
	struct row r;

	opens(&h, 1000, 1220, 20);
	for (uint16_t n = 0; n < 8; n++) {
		put_row(&h.sockets[0], (r = moved((uint16_t)(40000 + 2 * n), 100u + n, 30000), &r));
		put_row(&h.sockets[1], (r = moved((uint16_t)(40100 + 2 * n), 200u + n, 70000), &r));
	}
	for (unsigned sample = 0; sample < 2; sample++)
		put_row(&h.sockets[sample], (r = moved(40200, 300, 900), &r)); /* stays */
	v = values(&h);
	assert_number(v[DESTINATION_OPENS], 100);
	assert_number(v[DESTINATION_ENDS], 0);
	assert_number(v[DESTINATION_BRIEF], 8);
	assert_number(v[DESTINATION_LIFETIME], 0.08);
	assert_number(v[DESTINATION_FRESH], 8);
	assert_text(v[DESTINATION_CLOSES_FIRST], "the far side");
	assert_number(v[DESTINATION_BYTES_EACH], 50000);
	assert_number(v[DESTINATION_ROUNDS], 3); /* 10, 20 and 20 of 40 segments */
	assert_number(v[DESTINATION_MIN_RTT], 0.02);
}

/* Forty came and went within the window, and most stayed: a life longer than the window, by all that are open. */
static void a_life_longer_than_the_window_is_not_short(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 0.2);
	struct row r;

	opens(&h, 0, 40, 0);
	for (uint16_t n = 0; n < 40; n++) {
		put_row(&h.sockets[0], (r = moved((uint16_t)(40000 + 2 * n), 100u + n, 1), &r));
		put_row(&h.sockets[1], (r = moved((uint16_t)(40100 + 2 * n), 200u + n, 1), &r));
	}
	for (uint16_t n = 0; n < 360; n++)
		for (unsigned sample = 0; sample < 2; sample++)
			put_row(&h.sockets[sample], (r = moved((uint16_t)(40200 + 2 * n), 500u + n, 1), &r));
	assert_number(values(&h)[DESTINATION_OPENS], 200);
	assert_number(values(&h)[DESTINATION_LIFETIME], 2);
}

static void opens_are_shared_by_who_comes_and_goes(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 2);
	struct row r;

	opens(&h, 0, 200, 0);
	for (uint16_t n = 0; n < 8; n++) {
		r = moved((uint16_t)(40000 + 2 * n), 100u + n, 1);
		if (n >= 6)
			r.dst = "198.51.100.9";
		put_row(&h.sockets[1], &r);
	}
	assert_number(values(&h)[DESTINATION_OPENS], 75);
	assert_number(values_of(&h, "192.0.2.1 → 198.51.100.9:443")[DESTINATION_OPENS], 25);
}

/* What rests here explains the counter: who else comes and goes has no part in it. */
static void time_wait_explains_opens_first(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 2);
	struct row r;

	opens(&h, 0, 62, 0);
	for (uint16_t n = 0; n < 300; n++)
		put_row(&h.sockets[1], &REST((uint16_t)(40000 + n), n * 33u));
	for (uint16_t n = 0; n < 4; n++) {
		r = moved((uint16_t)(40500 + 2 * n), 100u + n, 1);
		r.dst = "198.51.100.9";
		put_row(&h.sockets[1], &r);
	}
	assert_number(values(&h)[DESTINATION_OPENS], 30);
	assert_text(values(&h)[DESTINATION_CLOSES_FIRST], "this side");
	assert_number(values_of(&h, "192.0.2.1 → 198.51.100.9:443")[DESTINATION_OPENS], 0);
}

/* Set-up */

static struct row set_up(uint16_t port, uint32_t retrans, uint64_t bytes)
{
	return OPEN(port, .info = {.total_retrans = retrans, .bytes_retrans = bytes, .min_rtt = 5000});
}

static void a_syn_sent_again_is_told_from_data_sent_again(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 2);
	struct row before = set_up(40000, 1, 0), slow = set_up(40002, 1, 0), clean = set_up(40004, 0, 0),
		   data = set_up(40006, 2, 2896), asks = OUT(STATE_SYN_SENT, 40008, .retransmits = 1),
		   first = OUT(STATE_SYN_SENT, 40010), inbound = set_up(443, 3, 0), in_time = set_up(443, 0, 0);

	put_row(&h.sockets[0], &before);
	put_row(&h.sockets[1], &before);
	put_row(&h.sockets[1], &slow);
	put_row(&h.sockets[1], &clean);
	put_row(&h.sockets[1], &data);
	put_row(&h.sockets[1], &asks);
	put_row(&h.sockets[1], &first);
	inbound.dport = 50000;
	in_time.dport = 50001;
	in_time.cookie = 444;
	put_row(&h.sockets[1], &inbound);
	put_row(&h.sockets[1], &in_time);
	for (unsigned sample = 0; sample < 2; sample++)
		put_row(&h.listen[sample], &(struct row){.state = STATE_LISTEN, .src = "0.0.0.0", .dst = "0.0.0.0",
							 .sport = 443, .cookie = 1, .wqueue = 8});
	assert_number(values(&h)[DESTINATION_FRESH], 3);
	assert_number(values(&h)[DESTINATION_SETUPS], 5);
	assert_number(values(&h)[DESTINATION_SETUPS_SLOW], 2);
	assert_number(find_subject(h.facts, SUBJECT_LISTENER, "0.0.0.0:443")->values[LISTENER_FRESH], 2);
	assert_number(find_subject(h.facts, SUBJECT_LISTENER, "0.0.0.0:443")->values[LISTENER_FRESH_SLOW], 1);
}

static void one_sample_tells_nothing_of_what_is_new(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 0);

	put_row(&h.sockets[0], &OPEN(40000));
	assert_missing(values(&h)[DESTINATION_FRESH], VALUE_NO_WINDOW, NULL);
	assert_missing(values(&h)[DESTINATION_BYTES_EACH], VALUE_NO_WINDOW, NULL);
	assert_number(values(&h)[DESTINATION_OPENS], 0);
}

/* Pools */

static void idle_is_without_data_either_way(void **state)
{
	static const uint32_t ages[][2] = {{600000, 600000}, {599999, 700000}, {700000, 10}, {900000, 800000}};
	_cleanup_host_ struct host h = a_host(state, 0);

	for (uint16_t n = 0; n < ARRAY_SIZE(ages); n++)
		put_row(&h.sockets[0], &OPEN((uint16_t)(40000 + 2 * n),
					     .info = {.last_data_sent = ages[n][0], .last_data_recv = ages[n][1]}));
	assert_number(values(&h)[DESTINATION_IDLE], 2);
	assert_number(values(&h)[DESTINATION_ESTABLISHED], 4);
}

static void backends_differ_in_the_address_alone(void **state)
{
	_cleanup_host_ struct host h = a_host(state, 0);
	static const struct {
		const char *dst;
		uint16_t port, count;
		uint64_t cgroup;
	} to[] = {
		{PEER, 443, 5, 7},	     {"198.51.100.3", 443, 2, 7},  {"198.51.100.4", 443, 1, 7},
		{"198.51.101.3", 443, 9, 7}, {"198.51.100.3", 444, 9, 7}, {"198.51.100.5", 443, 9, 8},
	};
	uint16_t port = 40000;

	for (size_t i = 0; i < ARRAY_SIZE(to); i++)
		for (unsigned n = 0; n < to[i].count; n++) {
			struct row r = OPEN(port++);

			r.dst = to[i].dst;
			r.dport = to[i].port;
			r.cgroup = to[i].cgroup;
			put_row(&h.sockets[0], &r);
		}
	assert_number(values(&h)[DESTINATION_BACKENDS], 3);
	assert_number(values(&h)[DESTINATION_BACKENDS_OPEN], 8);
	assert_number(values(&h)[DESTINATION_BACKENDS_NEXT], 2);
	assert_number(values_of(&h, "192.0.2.1 → 198.51.100.4:443")[DESTINATION_BACKENDS_NEXT], 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_that_connect_may_take_over_are_not_used),
		in_tree(loopback_takes_over_by_default),
		in_tree(ports_that_bind_took_are_not_for_others),
		in_tree(a_full_half_spills_into_the_other),
		in_tree(the_rate_of_ten_seconds_tells_when_ports_end),
		in_tree(a_steady_rate_below_the_range_never_ends_it),
		in_tree(a_burst_that_is_over_needs_nothing),
		in_tree(listeners_below_the_default_range_are_exposed),
		in_tree(opens_without_time_wait_are_those_who_come_and_go),
		in_tree(a_life_longer_than_the_window_is_not_short),
		in_tree(opens_are_shared_by_who_comes_and_goes),
		in_tree(time_wait_explains_opens_first),
		in_tree(a_syn_sent_again_is_told_from_data_sent_again),
		in_tree(one_sample_tells_nothing_of_what_is_new),
		in_tree(idle_is_without_data_either_way),
		in_tree(backends_differ_in_the_address_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
