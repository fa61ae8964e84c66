/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel counts for each processor, and the tables beside TCP that are read from it. */
#include "unit-host.h"

#include "collect/percpu.h"

static void on_column(void *user, const char *name, double first, double sum)
{
	text_addf(user, "%s %g %g\n", name, first, sum);
}

static void assert_table(const char *input, int cpus, const char *expected)
{
	_cleanup_text_ struct text got = TEXT_NULL;
	_cleanup_free_ char *copy = strdup(input);
	int r = percpu_table(copy, on_column, &got);

	if (r != cpus || strcmp(text_get(&got), expected))
		fail_msg("'%s' gave %d:\n%s", input, r, text_get(&got));
}

static void columns_are_summed_by_name(void **state)
{
	(void)state;
	assert_table("entries  drop early_drop\n0000000a 00000001 00000002\n0000000a 0000000f 00000000\n", 2,
		     "entries 10 20\ndrop 1 16\nearly_drop 2 2\n");
	assert_table("a b\nffffffff 0\n", 1, "a 4.29497e+09 4.29497e+09\nb 0 0\n");
}

/* A name without a number on some line must not be told with what another line has. */
static void only_whole_columns_are_told(void **state)
{
	(void)state;
	assert_table("a b c\n1 2 3\n1 2\n", 2, "a 1 2\nb 2 4\n");
	assert_table("a\n1 2 3\n", 1, "a 1 1\n");
}

static void tables_that_are_not_understood_are_refused(void **state)
{
	static const char *const bad[] = {"", "\n", "a b\n", "a\nx\n", "a\n100000000\n", "a\n1\n-1\n", "a\n0x1\n", "a\n \n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_table(bad[i], -EBADMSG, "");
}

static int read_times(const char *input, struct cpu_stat *ret)
{
	static struct cpu_times each[PERCPU_CPUS_MAX];

	memset(each, 0, sizeof(each));
	*ret = (struct cpu_stat){.each = each};
	return percpu_times(input, ret);
}

static void times_are_read_by_processor(void **state)
{
	struct cpu_stat s;

	(void)state;
	/* user nice system idle iowait irq softirq steal guest guest_nice: guests are in user already */
	assert_int_equal(read_times("cpu  10 0 5 80 5 0 0 0 7 0\ncpu0 4 0 2 40 4 0 0 0 7 0\ncpu3 6 0 3 40 1 0 0 0\nintr 5\n", &s), 0);
	assert_int_equal(s.count, 2);
	assert_true(s.all.total == 100 && s.all.idle == 85);
	assert_true(s.each[0].total == 50 && s.each[0].idle == 44);
	assert_true(s.each[1].total == 0 && s.each[3].total == 50 && s.each[3].idle == 41);
	/* A number beyond what we keep is no error: the sum over all has it. */
	assert_int_equal(read_times("cpu  1 1 1 1\ncpu0 1 1 1 1\ncpu99999999 1 1 1 1\n", &s), 0);
	assert_int_equal(s.count, 1);
}

static void times_that_are_not_understood_are_refused(void **state)
{
	static const char *const bad[] = {"", "intr 1\n", "cpu\n", "cpu 1 2 3\ncpu0 1 2 3\n", "cpu 1 2 3 4\n",
					  "cpu0 1 2 3 4\n", "cpux 1 2 3 4\n", "cpu  1 2 3 4\ncpu0 1 x 3 4\n"};
	struct cpu_stat s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (read_times(bad[i], &s) != -EBADMSG)
			fail_msg("'%s' was taken", bad[i]);
}

/* As facts */

static void idleness_is_that_of_the_window(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .window = 2};
	const struct value *v;

	host_file(&h, "proc/stat", "cpu  100 0 0 900 0 0 0 0\ncpu0 100 0 0 400 0 0 0 0\ncpu1 0 0 0 500 0 0 0 0\n");
	host_file(&h, "sample-2/proc/stat",
		  "cpu  180 0 0 1220 0 0 0 0\ncpu0 180 0 0 520 0 0 0 0\ncpu1 0 0 0 700 0 0 0 0\n");
	v = host_collect(&h)->host->values;
	assert_number(v[HOST_CPUS], 2);
	assert_number(v[HOST_CPU_IDLE], 0.8);
	assert_number(v[HOST_CPU_IDLE_LEAST], 0.6);
}

static void without_a_window_there_is_no_idleness(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	host_file(&h, "proc/stat", "cpu  100 0 0 900\ncpu0 100 0 0 900\n");
	host_collect(&h);
	assert_missing(h.facts->host->values[HOST_CPU_IDLE], VALUE_NO_WINDOW, "two samples");
}

static void tables_become_facts(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .window = 2};
	const struct value *v;

	host_file(&h, "proc/net/stat/nf_conntrack", "entries early_drop insert_failed\n0000ffff 1 2\n0000ffff 1 0\n");
	host_file(&h, "sample-2/proc/net/stat/nf_conntrack",
		  "entries early_drop insert_failed\n0000ffff 4 2\n0000ffff 1 9\n");
	host_file(&h, "sample-2/proc/sys/net/netfilter/nf_conntrack_count", "65530\n");
	host_file(&h, "proc/net/stat/arp_cache", "entries table_fulls\n400 0\n");
	host_file(&h, "sample-2/proc/net/stat/arp_cache", "entries table_fulls\n3ff 7\n3ff 1\n");
	v = host_collect(&h)->host->values;
	assert_number(v[CONNTRACK_COUNT], 65530);
	assert_true(v[CONNTRACK_EARLY_DROP].has_delta && v[CONNTRACK_EARLY_DROP].delta == 3);
	assert_true(v[CONNTRACK_INSERT_FAILED].has_delta && v[CONNTRACK_INSERT_FAILED].delta == 9);
	assert_number(v[NEIGHBOUR_V4_ENTRIES], 1023);
	assert_true(v[NEIGHBOUR_V4_FULL].has_delta && v[NEIGHBOUR_V4_FULL].delta == 8);
	/* No module, no IPv6: nothing to judge. */
	assert_missing(v[CONNTRACK_DROP], VALUE_ABSENT, "");
	assert_missing(v[NEIGHBOUR_V6_ENTRIES], VALUE_ABSENT, "no IPv6");
}

static void a_garbled_table_is_not_absent(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	host_file(&h, "proc/net/stat/nf_conntrack", "entries drop\nwhat is this\n");
	host_file(&h, "proc/sys/net/netfilter/nf_conntrack_count", "many\n");
	host_collect(&h);
	assert_missing(h.facts->host->values[CONNTRACK_DROP], VALUE_GARBLED, "not understood");
	assert_missing(h.facts->host->values[CONNTRACK_COUNT], VALUE_GARBLED, "not understood");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_summed_by_name),
		cmocka_unit_test(only_whole_columns_are_told),
		cmocka_unit_test(tables_that_are_not_understood_are_refused),
		cmocka_unit_test(times_are_read_by_processor),
		cmocka_unit_test(times_that_are_not_understood_are_refused),
		in_tree(idleness_is_that_of_the_window),
		in_tree(without_a_window_there_is_no_idleness),
		in_tree(tables_become_facts),
		in_tree(a_garbled_table_is_not_absent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
