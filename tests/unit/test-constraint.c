/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a constraint to a value: rounding, bounds, memory, the kernel's own default, and what is not known. */
#include "unit-judge.h"

/* A court without rules of interest, to weigh constraints in. */
static void court_empty(struct court *c, const struct tree *t)
{
	court_open(c, t, "format = 1\n[a.b]\nwhen = host.memory > 0 B\n" RULE_TEXTS);
}

static int weigh(struct court *c, const char *line, struct recommendation *ret)
{
	struct expr_scope scope = {.arena = &c->rules.arena,
				   .catalogue = &c->rules.catalogue,
				   .subjects = {[SUBJECT_HOST] = true},
				   .file = "t",
				   .line = 1};
	struct expr_env env = {.facts = c->facts};
	struct constraint *k = arena_new(&c->rules.arena, struct constraint);
	struct diag d = {0};

	if (constraint_parse_line(&scope, line, k, &d) < 0)
		fail_msg("%s: %s", line, d.message);
	return constraint_weigh(k, &env, &c->judgement.arena, ret);
}

struct weighed {
	const char *live, *constraint, *wanted; /* wanted NULL: none */
	int result;
};

static void assert_weighed(struct court *c, const char *key, const struct weighed *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct recommendation r;
		int result;

		set_live(c, key, w[i].live);
		result = weigh(c, w[i].constraint, &r);
		if (result != w[i].result || !r.wanted != !w[i].wanted ||
		    (r.wanted && strcmp(r.wanted, w[i].wanted)))
			fail_msg("%s with %s: %d, wanted %s (%s)", w[i].constraint, w[i].live, result,
				 r.wanted ? r.wanted : "nothing", r.note ? r.note : "");
	}
}

/* Rounding: to whole numbers of the kernel's unit, never past the constraint. */

#define RTO "net.ipv4.tcp_rto_max_ms "

static void values_are_rounded_towards_fulfilment(void **state)
{
	static const struct weighed rows[] = {
		{"1000", RTO ">= 2000.2 ms", "2001", 0},
		{"9000", RTO "<= 2000.8 ms", "2000", 0},
		{"9000", RTO "= 2000.4 ms", "2000", 0},
		{"9000", RTO "= 2000.6 ms", "2001", 0},
		{"1000", RTO ">= 2 s", "2000", 0},
		{"2001", RTO ">= 2000.2 ms", NULL, 1},
		{"2000", RTO ">= 2000.2 ms", "2001", 0},
		{"2000", RTO "<= 2000.8 ms", NULL, 1},
		{"2000", RTO "= 2000.4 ms", NULL, 1},
		/* Decimal fractions are not exact in the machine; a whole result must not become the next. */
		{"1000", RTO ">= 3 * 1.1 s", "3300", 0},
		{"9000", RTO "<= 3 * 1.1 s", "3300", 0},
		{"1000", RTO ">= 1.1 s + 2.2 s", "3300", 0},
		{"1000", RTO ">= 0.1 min", "6000", 0},
	};
	_cleanup_court_ struct court c = {0};

	court_empty(&c, *state);
	assert_weighed(&c, "net.ipv4.tcp_rto_max_ms", rows, ARRAY_SIZE(rows));
}

static void what_is_fulfilled_asks_for_nothing(void **state)
{
	static const struct weighed rows[] = {
		{"4096", "net.core.somaxconn >= 4096", NULL, 1},   {"4097", "net.core.somaxconn >= 4096", NULL, 1},
		{"4095", "net.core.somaxconn >= 4096", "4096", 0}, {"4096", "net.core.somaxconn <= 4096", NULL, 1},
		{"4097", "net.core.somaxconn <= 4096", "4096", 0}, {"4095", "net.core.somaxconn <= 4096", NULL, 1},
		{"4096", "net.core.somaxconn = 4096", NULL, 1},	   {"4097", "net.core.somaxconn = 4096", "4096", 0},
	};
	_cleanup_court_ struct court c = {0};

	court_empty(&c, *state);
	assert_weighed(&c, "net.core.somaxconn", rows, ARRAY_SIZE(rows));
}

/* Bounds are ours: the kernel takes nearly anything. */

static void nothing_beyond_the_catalogues_bounds_is_recommended(void **state)
{
	static const struct weighed rows[] = {
		{"4096", "net.core.somaxconn >= 100000", "65535", 0},
		{"4096", "net.core.somaxconn = 100000", "65535", 0},
		{"65535", "net.core.somaxconn >= 100000", NULL, 0},
	};
	_cleanup_court_ struct court c = {0};
	struct recommendation r;

	court_empty(&c, *state);
	assert_weighed(&c, "net.core.somaxconn", rows, ARRAY_SIZE(rows));
	set_live(&c, "net.core.somaxconn", "65535");
	assert_int_equal(weigh(&c, rows[0].constraint, &r), 0);
	assert_non_null(strstr(r.note, "maximum"));
}

static void nothing_below_the_catalogues_bounds_is_recommended(void **state)
{
	static const char *const lines[] = {"net.core.somaxconn <= 5", "net.core.somaxconn = 5",
					    "net.core.somaxconn = 0"};
	_cleanup_court_ struct court c = {0};

	court_empty(&c, *state);
	set_live(&c, "net.core.somaxconn", "4096");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct recommendation r;

		weigh(&c, lines[i], &r);
		if (r.wanted && atoi(r.wanted) < 128)
			fail_msg("%s: %s is recommended, and the catalogue's least is 128", lines[i], r.wanted);
	}
}

static void only_the_catalogues_values_are_recommended(void **state)
{
	_cleanup_court_ struct court c = {0};
	struct recommendation r;

	court_empty(&c, *state);
	set_live(&c, "net.ipv4.tcp_mtu_probing", "0");
	assert_int_equal(weigh(&c, "net.ipv4.tcp_mtu_probing = 1", &r), 0);
	assert_string_equal(r.wanted, "1");
	weigh(&c, "net.ipv4.tcp_mtu_probing >= 7", &r);
	if (r.wanted)
		fail_msg("%s is recommended, and the catalogue knows 0, 1 and 2", r.wanted);
}

static void a_key_without_bounds_has_none(void **state)
{
	static const struct weighed rows[] = {{"1", "net.core.free >= 5000000000", "5000000000", 0},
					      {"1", "net.core.free = 0", "0", 0}};
	_cleanup_court_ struct court c = {0};

	court_empty(&c, *state);
	assert_weighed(&c, "net.core.free", rows, ARRAY_SIZE(rows));
}

/* Triples */

#define RMEM "net.ipv4.tcp_rmem"

static void one_element_changes_and_the_others_stay(void **state)
{
	static const struct weighed rows[] = {
		{"4096 131072 6291456", RMEM "[2] >= 8 MiB", "4096 131072 8388608", 0},
		{"4096 131072 6291456", RMEM "[1] >= 200000 B", "4096 200000 6291456", 0},
		{"4096 131072 6291456", RMEM "[0] >= 8192 B", "8192 131072 6291456", 0},
		{"4096 131072 6291456", RMEM "[2] >= 6 MiB", NULL, 1},
	};
	_cleanup_court_ struct court c = {0};

	court_empty(&c, *state);
	assert_weighed(&c, RMEM, rows, ARRAY_SIZE(rows));
}

/* The kernel takes an unordered triple without a word; the catalogue says "order = ascending". */
static void a_triple_stays_in_order(void **state)
{
	static const char *const lines[] = {RMEM "[1] >= 8 MiB", RMEM "[0] = 200000 B", RMEM "[2] <= 100000 B"};
	_cleanup_court_ struct court c = {0};

	court_empty(&c, *state);
	set_live(&c, RMEM, "4096 131072 6291456");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct recommendation r;
		long v[3];

		weigh(&c, lines[i], &r);
		if (r.wanted &&
		    (sscanf(r.wanted, "%ld %ld %ld", &v[0], &v[1], &v[2]) != 3 || v[0] > v[1] || v[1] > v[2]))
			fail_msg("%s: '%s' is recommended", lines[i], r.wanted);
	}
}

/* What was not understood of the others cannot be written back: 0 would be a change nobody asked for. */
static void an_element_that_was_not_understood_is_not_written(void **state)
{
	_cleanup_court_ struct court c = {0};
	struct recommendation r;

	court_empty(&c, *state);
	set_live(&c, RMEM, "4096 131072");
	assert_int_equal(weigh(&c, RMEM "[2] >= 8 MiB", &r), -1);
	assert_null(r.wanted);
	weigh(&c, RMEM "[1] >= 200000 B", &r);
	if (r.wanted)
		fail_msg("'%s' is recommended over '4096 131072'", r.wanted);
}

/* Memory: half of TCP's, for both directions of the flows at their limit. */

static const struct {
	double memory, flows;		  /* negative: not known */
	const char *live, *wanted, *note; /* NULL: any, and none */
} caps[] = {
	{1 << 30, 1, "4096 131072 6291456", "4096 131072 67108864", NULL}, /* 256 MiB for it */
	{1 << 30, 4, "4096 131072 6291456", "4096 131072 67108864", NULL}, /* 64 MiB, just enough */
	{1 << 30, 8, "4096 131072 6291456", "4096 131072 33554432", "bounded by memory"},
	{1 << 30, 0, "4096 131072 6291456", "4096 131072 67108864", NULL},
	{1 << 30, -1, "4096 131072 6291456", "4096 131072 67108864", NULL},
	{1 << 30, 100, "4096 131072 6291456", NULL, "default is 6 MiB"}, /* 2.68 MB: less than it has */
	{-1, 1, "4096 131072 6291456", "4096 131072 67108864", NULL},
};

static void memory_bounds_what_busy_flows_may_hold(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		_cleanup_court_ struct court c = {0};
		struct recommendation r;

		court_empty(&c, *state);
		set_live(&c, RMEM, caps[i].live);
		set_default(&c, RMEM, 2, 6291456);
		if (caps[i].memory >= 0)
			c.facts->host->values[HOST_TCP_MEMORY] = value_number(caps[i].memory);
		if (caps[i].flows >= 0)
			c.facts->host->values[HOST_LIMITED_FLOWS] = value_number(caps[i].flows);
		assert_int_equal(weigh(&c, RMEM "[2] >= 64 MiB within memory", &r), 0);
		if (!r.wanted != !caps[i].wanted || (r.wanted && strcmp(r.wanted, caps[i].wanted)) ||
		    !r.note != !caps[i].note || (r.note && !strstr(r.note, caps[i].note)))
			fail_msg("row %zu: %s (%s)", i, r.wanted ? r.wanted : "nothing", r.note ? r.note : "");
	}
}

static void memory_bounds_only_where_it_is_asked_to(void **state)
{
	_cleanup_court_ struct court c = {0};
	struct recommendation r;

	court_empty(&c, *state);
	set_live(&c, RMEM, "4096 131072 6291456");
	c.facts->host->values[HOST_TCP_MEMORY] = value_number(4096);
	assert_int_equal(weigh(&c, RMEM "[2] >= 64 MiB", &r), 0);
	assert_string_equal(r.wanted, "4096 131072 67108864");
}

/* The kernel's own default: never below it, and no floor for raises. */

static void nothing_is_lowered_below_the_default(void **state)
{
	static const char *const lines[] = {RMEM "[2] <= 4 MiB", RMEM "[2] = 4 MiB"};
	_cleanup_court_ struct court c = {0};

	court_empty(&c, *state);
	set_live(&c, RMEM, "4096 131072 33554432");
	set_default(&c, RMEM, 2, 6291456);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct recommendation r;

		assert_int_equal(weigh(&c, lines[i], &r), 0);
		assert_null(r.wanted);
		assert_non_null(strstr(r.note, "withheld: this kernel's own default is 6 MiB"));
	}
}

static const struct weighed around_default[] = {
	{"4096 131072 33554432", RMEM "[2] <= 8 MiB", "4096 131072 8388608", 0},
	{"4096 131072 33554432", RMEM "[2] <= 6 MiB", "4096 131072 6291456", 0},
	/* Somebody holds it below: it goes up to what is needed, and no further. */
	{"4096 131072 1048576", RMEM "[2] >= 4 MiB", "4096 131072 4194304", 0},
};

static void a_raise_below_the_default_is_no_cut(void **state)
{
	_cleanup_court_ struct court c = {0};

	court_empty(&c, *state);
	set_default(&c, RMEM, 2, 6291456);
	assert_weighed(&c, RMEM, around_default, ARRAY_SIZE(around_default));
}

/* Without the catalogue's word a key may go down. */
static void a_default_that_does_not_bind_withholds_nothing(void **state)
{
	static const struct weighed rows[] = {{"8192", "net.core.somaxconn <= 1024", "1024", 0}};
	_cleanup_court_ struct court c = {0};

	court_empty(&c, *state);
	set_default(&c, "net.core.somaxconn", 0, 4096);
	assert_weighed(&c, "net.core.somaxconn", rows, ARRAY_SIZE(rows));
}

/* A kernel that the catalogue does not know may have raised it. */
static void nothing_is_lowered_where_the_default_is_not_known(void **state)
{
	_cleanup_court_ struct court c = {0};
	struct recommendation r;

	court_empty(&c, *state);
	set_live(&c, RMEM, "4096 131072 33554432");
	assert_int_equal(weigh(&c, RMEM "[2] <= 4 MiB", &r), 0);
	assert_null(r.wanted);
	assert_non_null(strstr(r.note, "default is not known"));
	assert_int_equal(weigh(&c, RMEM "[2] >= 64 MiB", &r), 0);
	assert_string_equal(r.wanted, "4096 131072 67108864");
}

/* Words */

#define CC "net.ipv4.tcp_congestion_control "

static void words_are_equal_or_one_of_several(void **state)
{
	static const struct weighed rows[] = {
		{"cubic", CC "= \"bbr\"", "bbr", 0},	   {"bbr", CC "= \"bbr\"", "bbr", 1},
		{"cubic", CC "one of bbr cubic", NULL, 1}, {"reno", CC "one of bbr cubic", "bbr", 0},
		{"bb", CC "one of bbr cubic", "bbr", 0},
	};
	_cleanup_court_ struct court c = {0};

	court_empty(&c, *state);
	assert_weighed(&c, "net.ipv4.tcp_congestion_control", rows, ARRAY_SIZE(rows));
}

static void numbers_may_be_one_of_several(void **state)
{
	static const struct weighed rows[] = {{"2", "net.ipv4.tcp_mtu_probing one of 1 2", NULL, 1},
					      {"0", "net.ipv4.tcp_mtu_probing one of 1 2", "1", 0}};
	_cleanup_court_ struct court c = {0};

	court_empty(&c, *state);
	assert_weighed(&c, "net.ipv4.tcp_mtu_probing", rows, ARRAY_SIZE(rows));
}

/* What is not known */

static void what_cannot_be_told_says_why(void **state)
{
	_cleanup_court_ struct court c = {0};
	struct recommendation r;

	court_empty(&c, *state);
	assert_int_equal(weigh(&c, "net.core.somaxconn >= 4096", &r), -1);
	assert_string_equal(r.note, "this kernel has no such key");
	assert_null(r.current);
	set_live(&c, "net.core.somaxconn", "128");
	c.facts->host->values[HOST_FD_USED] = value_missing(VALUE_DENIED, NULL);
	assert_int_equal(weigh(&c, "net.core.somaxconn >= 2 * host.fd_used", &r), -1);
	assert_string_equal(r.note, "host.fd_used: reading it was denied");
	assert_string_equal(r.current, "128");
	assert_null(r.wanted);
	set_live(&c, "net.core.somaxconn", "what");
	assert_int_equal(weigh(&c, "net.core.somaxconn >= 4096", &r), -1);
	assert_string_equal(r.note, "what was read was not understood");
	c.facts->host->values[HOST_FD_USED] = value_number(0);
	c.facts->host->values[HOST_FD_MAX] = value_number(9);
	set_live(&c, "net.core.somaxconn", "128");
	assert_int_equal(weigh(&c, "net.core.somaxconn >= host.fd_max * (host.fd_max / host.fd_used)", &r), -1);
	assert_non_null(strstr(r.note, "divide by zero"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(values_are_rounded_towards_fulfilment),
		in_tree(what_is_fulfilled_asks_for_nothing),
		in_tree(nothing_beyond_the_catalogues_bounds_is_recommended),
		in_tree(nothing_below_the_catalogues_bounds_is_recommended),
		in_tree(only_the_catalogues_values_are_recommended),
		in_tree(a_key_without_bounds_has_none),
		in_tree(one_element_changes_and_the_others_stay),
		in_tree(a_triple_stays_in_order),
		in_tree(an_element_that_was_not_understood_is_not_written),
		in_tree(memory_bounds_what_busy_flows_may_hold),
		in_tree(memory_bounds_only_where_it_is_asked_to),
		in_tree(nothing_is_lowered_below_the_default),
		in_tree(a_raise_below_the_default_is_no_cut),
		in_tree(a_default_that_does_not_bind_withholds_nothing),
		in_tree(nothing_is_lowered_where_the_default_is_not_known),
		in_tree(words_are_equal_or_one_of_several),
		in_tree(numbers_may_be_one_of_several),
		in_tree(what_cannot_be_told_says_why),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
