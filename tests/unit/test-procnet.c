/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counter files of /proc/net: what is read of them, what is refused, and what grew between two samples. */
#include "unit-host.h"

#include "collect/procnet.h"

/* Pairs come out as one line each: "Tcp: MaxConn -1". */
static void on_pair(void *user, const char *prefix, const char *name, double v)
{
	text_addf(user, "%s %s %g\n", prefix, name, v);
}

typedef int (*parser)(char *bytes, procnet_pair_fn fn, void *user);

static void assert_pairs(parser parse, const char *input, int n, const char *expected)
{
	_cleanup_text_ struct text got = TEXT_NULL;
	_cleanup_free_ char *copy = strdup(input);
	int r = parse(copy, on_pair, &got);

	if (r != n || (expected && strcmp(text_get(&got), expected)))
		fail_msg("'%s' gave %d:\n%s", input, r, text_get(&got));
}

/* snmp and netstat */

static void names_and_numbers_are_paired(void **state)
{
	(void)state;
	assert_pairs(procnet_pairs, "Tcp: MaxConn ActiveOpens\nTcp: -1 5\n", 2,
		     "Tcp: MaxConn -1\nTcp: ActiveOpens 5\n");
	assert_pairs(procnet_pairs, "Ip: A\nIp: 1\nTcpExt: B C\nTcpExt: 2 3\n", 3,
		     "Ip: A 1\nTcpExt: B 2\nTcpExt: C 3\n");
	assert_pairs(procnet_pairs, "Tcp: A\nTcp: 18446744073709551615", 1, "Tcp: A 1.84467e+19\n");
	assert_pairs(procnet_pairs, "", 0, "");
	assert_pairs(procnet_pairs, "Udp:\nUdp:\n", 0, "");
}

/* A newer kernel has more columns; a race with one that adds some must not shift the others. */
static void columns_without_partner_are_left(void **state)
{
	(void)state;
	assert_pairs(procnet_pairs, "Tcp: A B C\nTcp: 1 2\n", 2, "Tcp: A 1\nTcp: B 2\n");
	assert_pairs(procnet_pairs, "Tcp: A\nTcp: 1 2 3\n", 1, "Tcp: A 1\n");
}

static void what_is_no_number_is_no_counter(void **state)
{
	(void)state;
	assert_pairs(procnet_pairs, "Tcp: A B\nTcp: x 2\n", 2, "Tcp: B 2\n");
	assert_pairs(procnet_pairs, "Tcp: A B\nTcp: 1x 2\n", 2, "Tcp: B 2\n");
}

static void lines_that_do_not_belong_together_are_refused(void **state)
{
	static const char *const bad[] = {
		"Tcp: A\n", "Tcp: A\nUdp: 1\n", "Tcp: A\n   \n", "   \nTcp: 1\n", "Tcp: A\nTcp: 1\nIp: B\n", "x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_pairs(procnet_pairs, bad[i], -EBADMSG, NULL);
}

/* sockstat */

static void sockstat_is_words_and_numbers_in_turn(void **state)
{
	(void)state;
	assert_pairs(procnet_sockstat,
		     "sockets: used 7\nTCP: inuse 5 orphan 0 tw 2 alloc 7 mem 3\nFRAG: inuse 0 memory 0\n", 8,
		     NULL);
	assert_pairs(procnet_sockstat, "TCP: inuse 5 tw 2\n", 2, "TCP: inuse 5\nTCP: tw 2\n");
	assert_pairs(procnet_sockstat, "TCP6: inuse 1\n\n", 1, "TCP6: inuse 1\n");
	assert_pairs(procnet_sockstat, "", 0, "");
	assert_pairs(procnet_sockstat, "TCP: inuse many\n", -EBADMSG, NULL);
	assert_pairs(procnet_sockstat, "TCP: inuse 5x\n", -EBADMSG, NULL);
	assert_pairs(procnet_sockstat, "TCP: inuse 5 tw\n", 1, "TCP: inuse 5\n");
}

/* softnet_stat */

static void assert_softnet(const char *input, int lines, double dropped, double squeezed)
{
	double p = -1, d = -1, s = -1;
	int r = procnet_softnet(input, &p, &d, &s);

	if (r != lines || (r >= 0 && (d != dropped || s != squeezed)))
		fail_msg("'%s' gave %d: %g dropped, %g squeezed", input, r, d, s);
}

static void softnet_sums_the_processors_up(void **state)
{
	(void)state;
	assert_softnet("0000002a 00000001 00000010 00000000\n", 1, 1, 16);
	assert_softnet("0 1 2 3 4 5 6 7 8 9 a b c d e\n0 a ff 0\n0 0 0\n", 3, 11, 257);
	assert_softnet("ffffffff ffffffff ffffffff\nffffffff ffffffff ffffffff", 2, 8589934590.0, 8589934590.0);
}

/* Three columns are of one line: what a line lacks must not be taken from the next one. */
static void softnet_that_is_not_understood_is_refused(void **state)
{
	static const char *const bad[] = {"x\n", "1 2\n", "1 2 y\n", "1 2 3\nz 2 3\n", "1 2\n3 4 5\n", "1\n2\n3\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_softnet(bad[i], -EBADMSG, 0, 0);
}

/* As facts */

static void counters_are_facts(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_file(&h, "proc/net/snmp",
		  "Ip: InReceives\nIp: 9\nTcp: MaxConn ActiveOpens RetransSegs\nTcp: -1 12 7\n");
	host_file(&h, "proc/net/netstat",
		  "TcpExt: SyncookiesSent ListenOverflows Unheard\nTcpExt: 3 4 5\nIpExt: InCE\nIpExt: 6\n");
	host_file(&h, "proc/net/sockstat", "sockets: used 9\nTCP: inuse 5 orphan 2 tw 1234 alloc 7 mem 3\n");
	host_file(&h, "proc/net/softnet_stat", "00000001 00000002 00000003\n00000001 00000002 00000003\n");
	v = host_collect(&h)->host->values;
	assert_number(v[TCP_ACTIVE_OPENS], 12);
	assert_number(v[TCP_RETRANS_SEGS], 7);
	assert_number(v[TCPEXT_LISTEN_OVERFLOWS], 4);
	assert_number(v[TCPEXT_SYNCOOKIES_SENT], 3);
	assert_number(v[SOCKETS_TIME_WAIT], 1234);
	assert_number(v[SOCKETS_ORPHAN], 2);
	assert_number(v[SOCKETS_MEMORY], 3 * 4096);
	assert_number(v[SOFTNET_DROPPED], 4);
	assert_number(v[SOFTNET_SQUEEZED], 6);
	assert_false(v[TCP_ACTIVE_OPENS].has_delta);
	/* A counter that this kernel does not have. */
	assert_int_equal(v[TCPEXT_REQQ_FULL_DROP].state, VALUE_ABSENT);
}

static void counters_grow_over_the_window(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .window = 2};
	const struct value *v;

	host_file(&h, "proc/net/snmp", "Tcp: ActiveOpens RetransSegs\nTcp: 100 7\n");
	host_file(&h, "sample-2/proc/net/snmp", "Tcp: ActiveOpens RetransSegs OutRsts\nTcp: 130 5 9\n");
	host_file(&h, "proc/net/softnet_stat", "0 1 2\n");
	host_file(&h, "sample-2/proc/net/softnet_stat", "0 1 5\n");
	v = host_collect(&h)->host->values;
	assert_number(v[TCP_ACTIVE_OPENS], 130);
	assert_true(v[TCP_ACTIVE_OPENS].has_delta && v[TCP_ACTIVE_OPENS].delta == 30);
	/* It was reset: no growth to speak of. */
	assert_number(v[TCP_RETRANS_SEGS], 5);
	assert_true(v[TCP_RETRANS_SEGS].has_delta && v[TCP_RETRANS_SEGS].delta == 0);
	/* It was not there before. */
	assert_number(v[TCP_OUT_RSTS], 9);
	assert_false(v[TCP_OUT_RSTS].has_delta);
	assert_true(v[SOFTNET_SQUEEZED].has_delta && v[SOFTNET_SQUEEZED].delta == 3);
}

static void a_missing_file_leaves_its_facts_unknown(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_file(&h, "proc/net/snmp", "Tcp: ActiveOpens\nTcp: 100\n");
	v = host_collect(&h)->host->values;
	assert_number(v[TCP_ACTIVE_OPENS], 100);
	assert_missing(v[TCPEXT_LISTEN_OVERFLOWS], VALUE_UNREAD, "/proc/net/netstat: No such file");
	assert_missing(v[SOCKETS_TIME_WAIT], VALUE_UNREAD, "/proc/net/sockstat: No such file");
	assert_missing(v[SOFTNET_DROPPED], VALUE_UNREAD, "/proc/net/softnet_stat: No such file");
}

static void a_garbled_file_leaves_its_facts_unknown(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_file(&h, "proc/net/netstat", "TcpExt: ListenOverflows\nUdp: 5\n");
	host_file(&h, "proc/net/softnet_stat", "what\n");
	v = host_collect(&h)->host->values;
	assert_missing(v[TCPEXT_LISTEN_OVERFLOWS], VALUE_GARBLED, "/proc/net/netstat: not understood");
	assert_missing(v[SOFTNET_DROPPED], VALUE_GARBLED, "/proc/net/softnet_stat: not understood");
}

/* What is no finite number cannot be counted with, and no kernel writes it. */
static void counters_are_finite(void **state)
{
	static const char *const numbers[] = {"inf", "nan", "1e999", "-inf"};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		char line[128];

		snprintf(line, sizeof(line), "Tcp: ActiveOpens\nTcp: %s\n", numbers[i]);
		host_file(&h, "proc/net/snmp", line);
		host_collect(&h);
		if (h.facts->host->values[TCP_ACTIVE_OPENS].state == VALUE_KNOWN)
			fail_msg("%s is taken for a number", numbers[i]);
	}
}

/* Memory, files and ports of the host come from files of their own. */

static void memory_and_files_are_read(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_file(&h, "proc/meminfo", "MemTotal:       16384 kB\nMemFree:  1 kB\nMemAvailable:   8192 kB\n");
	host_file(&h, "proc/sys/fs/file-nr", "1024\t24\t9223372036854775807\n");
	v = host_collect(&h)->host->values;
	assert_number(v[HOST_MEMORY], 16384.0 * 1024);
	assert_number(v[HOST_MEMORY_AVAILABLE], 8192.0 * 1024);
	assert_number(v[HOST_TCP_PAGES], 4096);
	assert_number(v[HOST_FD_USED], 1000);
	assert_true(v[HOST_FD_MAX].num > 9e18);
	/* tcp_mem is not there in a child namespace. */
	assert_number(v[HOST_TCP_MEMORY], 16384.0 * 1024 / 16);
}

static const struct {
	const char *range, *reserved;
	double ports; /* negative: not understood */
} ranges[] = {
	{"32768\t60999\n", "\n", 28232},
	{"32768 60999", "8080,40000-40009,60999\n", 28221},
	{"1 65535", "1-65535\n", 0},
	{"1 65535", "5-3,70000-80000", 65535},
	{"40000 40000", "", 1},
	{"40000 39999", "", 0},
	{"0 65536", "", -1},
	{"-1 65535", "", -1},
	{"1", "", -1},
	{"4294967296 65535", "", -1},
	{"nan 5", "", -1},
};

static void ports_of_the_range_are_counted(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		const struct value *v;

		host_file(&h, "proc/sys/net/ipv4/ip_local_port_range", ranges[i].range);
		host_file(&h, "proc/sys/net/ipv4/ip_local_reserved_ports", ranges[i].reserved);
		v = &host_collect(&h)->host->values[HOST_PORTS];
		if (ranges[i].ports < 0 ? v->state == VALUE_KNOWN
					: v->state != VALUE_KNOWN || v->num != ranges[i].ports)
			fail_msg("range %s without %s: %g ports", ranges[i].range, ranges[i].reserved, v->num);
	}
}

static struct host *hostile;

static int collect_hostile(struct root *r)
{
	(void)r;
	return host_collect(hostile)->host->values[HOST_PORTS].state == VALUE_KNOWN;
}

/* Bounds that a record may name must not hold us. */
static void a_range_that_ends_below_zero_does_not_hold_us(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	hostile = &h;
	host_file(&h, "proc/sys/net/ipv4/ip_local_port_range", "0 -1\n");
	assert_child(collect_hostile, NULL);
}

/* What follows from sysctls. */

static const char more_keys[] = "format = 1\n"
				"[net.ipv4.tcp_adv_win_scale]\n" HOST_KEY_TEXTS "min = -31\n"
				"[net.ipv4.tcp_mem]\n" HOST_KEY_TEXTS "elements = 3\nunit = pages\nmin = 1\n"
				"[net.ipv4.tcp_retries2]\n" HOST_KEY_TEXTS "min = 0\n"
				"[net.ipv4.tcp_rto_max_ms]\n" HOST_KEY_TEXTS "unit = milliseconds\nmin = 1\n"
				"[net.ipv4.tcp_ehash_entries]\n" HOST_KEY_TEXTS "apply = never\n";

static const struct {
	const char *kernel, *scale; /* NULL: no such key */
	double ratio;
} ratios[] = {
	{"6.5.13", "1\n", 0.5},
	{"6.5.13", "2\n", 0.75},
	{"6.5.13", "0\n", 1},
	{"6.5.13", "-2\n", 0.25},
	{"6.5.13", "31\n", 1 - 1 / 2147483648.0},
	{"6.5.13", NULL, 0.5},
	{"6.6.0", "2\n", 0.5},
	{"odd", "2\n", 0.5},
};

/* tcp_win_from_space(): the key is inert since 6.6. */
static void the_share_of_a_buffer_that_is_window(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ratios); i++) {
		struct tree *t = NULL;
		_cleanup_host_ struct host h = {.catalogue = more_keys, .kernel = ratios[i].kernel};

		(void)state;
		assert_int_equal(tree_setup((void **)&t), 0);
		h.tree = t;
		if (ratios[i].scale)
			host_file(&h, "proc/sys/net/ipv4/tcp_adv_win_scale", ratios[i].scale);
		if (host_collect(&h)->host->values[HOST_WINDOW_RATIO].num != ratios[i].ratio)
			fail_msg("row %zu: %g", i, h.facts->host->values[HOST_WINDOW_RATIO].num);
		assert_int_equal(tree_teardown((void **)&t), 0);
	}
}

/* tcp_model_timeout() of Linux 4.18 to 7.1, worked out by hand: 2 << min(N, ilog2(max / 200 ms)) and so on. */
static const struct {
	const char *retries, *longest; /* ms; NULL: no such key */
	double seconds;
} timeouts[] = {
	{"0\n", NULL, 0.2},	      {"1\n", NULL, 0.6},	  {"8\n", NULL, 102.2},
	{"9\n", NULL, 204.6},	      {"10\n", NULL, 324.6},	  {"15\n", NULL, 924.6},
	{"15\n", "120000\n", 924.6}, {"15\n", "1000\n", 14.4}, {"3\n", "10000\n", 3.0},
	{"8\n", "10000\n", 42.6},
};

static void the_time_that_retries_take(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
		struct tree *t = NULL;
		_cleanup_host_ struct host h = {.catalogue = more_keys};
		double got;

		(void)state;
		assert_int_equal(tree_setup((void **)&t), 0);
		h.tree = t;
		host_file(&h, "proc/sys/net/ipv4/tcp_retries2", timeouts[i].retries);
		if (timeouts[i].longest)
			host_file(&h, "proc/sys/net/ipv4/tcp_rto_max_ms", timeouts[i].longest);
		got = host_collect(&h)->host->values[HOST_RETRIES2_TIMEOUT].num;
		if (fabs(got - timeouts[i].seconds) > 1e-6)
			fail_msg("row %zu: %g", i, got);
		assert_int_equal(tree_teardown((void **)&t), 0);
	}
}

static void tcps_memory_is_counted_in_pages(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = more_keys};

	host_file(&h, "proc/sys/net/ipv4/tcp_mem", "100\t200\t300\n");
	assert_number(host_collect(&h)->host->values[HOST_TCP_MEMORY], 200 * 4096);
}

/* A child namespace reports the shared table as a negative number. */
static void the_table_of_connections_has_a_size(void **state)
{
	static const char *const sizes[] = {"131072\n", "-131072\n"};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_host_ struct host h = {.tree = *state, .catalogue = more_keys};

		host_file(&h, "proc/sys/net/ipv4/tcp_ehash_entries", sizes[i]);
		assert_number(host_collect(&h)->host->values[HOST_TCP_EHASH], 131072);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers_are_paired),
		cmocka_unit_test(columns_without_partner_are_left),
		cmocka_unit_test(what_is_no_number_is_no_counter),
		cmocka_unit_test(lines_that_do_not_belong_together_are_refused),
		cmocka_unit_test(sockstat_is_words_and_numbers_in_turn),
		cmocka_unit_test(softnet_sums_the_processors_up),
		cmocka_unit_test(softnet_that_is_not_understood_is_refused),
		in_tree(counters_are_facts),
		in_tree(counters_grow_over_the_window),
		in_tree(a_missing_file_leaves_its_facts_unknown),
		in_tree(a_garbled_file_leaves_its_facts_unknown),
		in_tree(counters_are_finite),
		in_tree(memory_and_files_are_read),
		in_tree(ports_of_the_range_are_counted),
		in_tree(a_range_that_ends_below_zero_does_not_hold_us),
		cmocka_unit_test(the_share_of_a_buffer_that_is_window),
		cmocka_unit_test(the_time_that_retries_take),
		in_tree(tcps_memory_is_counted_in_pages),
		in_tree(the_table_of_connections_has_a_size),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
