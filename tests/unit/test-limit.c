/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rate limits: what a burst lets through, what a second gives back, and that no table overflows into freedom. */
#include "unit.h"

#include "daemon/limit.h"
#include "daemon/unsaid.h"

/* 10 lines at once and one in 2 s for each rule; 40 at once and one a second in all. */
#define LIMIT ((struct limit){.rule_burst = 10, .rule_rate = 0.5, .burst = 40, .rate = 1})

/* How many of n lines are let through at one moment. */
static unsigned let_through(struct limit *l, const char *rule, double now, unsigned n)
{
	unsigned taken = 0;

	while (n--)
		taken += limit_take(l, rule, now);
	return taken;
}

static void a_rule_has_its_burst_and_its_rate(void **state)
{
	struct limit l = LIMIT;

	(void)state;
	assert_int_equal(let_through(&l, "a.b", 1000, 100), 10);
	assert_int_equal(l.held, 90);
	assert_int_equal(l.rules[0].held, 90);
	assert_int_equal(let_through(&l, "a.b", 1001.9, 100), 0);
	assert_int_equal(let_through(&l, "a.b", 1002, 100), 1);
	assert_int_equal(let_through(&l, "a.b", 1010, 100), 4);
	/* However long it was silent, no more than a burst. */
	assert_int_equal(let_through(&l, "a.b", 100000, 100), 10);
}

static void rules_do_not_take_from_each_other(void **state)
{
	struct limit l = LIMIT;

	(void)state;
	assert_int_equal(let_through(&l, "a.b", 5, 1000), 10);
	assert_int_equal(let_through(&l, "a.c", 5, 3), 3);
	assert_int_equal(l.rules[0].held, 990);
	assert_int_equal(l.rules[1].held, 0);
}

static void all_together_are_limited(void **state)
{
	struct limit l = LIMIT;
	unsigned taken = 0;
	char rule[16];

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		snprintf(rule, sizeof(rule), "r.%u", i);
		taken += let_through(&l, rule, 7, 5);
	}
	assert_int_equal(taken, 40);
	assert_int_equal(l.held, 60);
	assert_int_equal(let_through(&l, "r.0", 17, 100), 10);
}

/* A line that the limit for all holds back costs its rule nothing, and the other way round. */
static void a_refusal_costs_nothing(void **state)
{
	struct limit l = LIMIT;

	(void)state;
	assert_int_equal(let_through(&l, NULL, 3, 40), 40);
	assert_int_equal(let_through(&l, "a.b", 3, 1000), 0);
	assert_int_equal(let_through(&l, "a.b", 13, 1000), 10);
	l = LIMIT;
	assert_int_equal(let_through(&l, "a.b", 3, 1000), 10);
	assert_int_equal(let_through(&l, NULL, 3, 1000), 30);
}

static void lines_about_no_rule_know_the_limit_for_all_only(void **state)
{
	struct limit l = LIMIT;

	(void)state;
	assert_int_equal(let_through(&l, NULL, 3, 1000), 40);
	assert_int_equal(l.count, 0);
	assert_int_equal(l.held, 960);
}

/* With a limit for all that does not matter: 10,000 names get what the table and one shared entry give. */
static void a_full_table_is_no_hole(void **state)
{
	struct limit l = {.rule_burst = 2, .rule_rate = 0.5, .burst = 1e9, .rate = 1};
	unsigned taken = 0;
	char rule[16];

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(rule, sizeof(rule), "r.%u", i);
		taken += let_through(&l, rule, 9, 3);
	}
	assert_int_equal(taken, 2 * (LIMIT_RULES + 1));
	assert_int_equal(l.count, LIMIT_RULES);
	assert_int_equal(l.held, 30000 - taken);
	/* Those that were there first keep their own. */
	assert_int_equal(let_through(&l, "r.1", 13, 10), 2);
	assert_int_equal(let_through(&l, "r.9999", 13, 10), 2);
	assert_int_equal(let_through(&l, "r.9998", 13, 10), 0);
}

static void long_names_are_cut_not_confused(void **state)
{
	struct limit l = LIMIT;
	char *a = repeat('a', 500), *b = repeat('a', 62);

	(void)state;
	assert_int_equal(let_through(&l, a, 1, 100), 10);
	assert_int_equal(let_through(&l, a, 1, 100), 0);
	assert_int_equal(let_through(&l, b, 1, 100), 10);
	assert_int_equal(l.count, 2);
	free(a);
	free(b);
}

static void a_clock_that_goes_back_gives_nothing(void **state)
{
	struct limit l = LIMIT;

	(void)state;
	assert_int_equal(let_through(&l, "a.b", 1000, 100), 10);
	assert_int_equal(let_through(&l, "a.b", 0, 100), 0);
	assert_int_equal(let_through(&l, "a.b", -5, 100), 0);
	assert_int_equal(let_through(&l, "a.b", 2, 100), 1);
	/* The first moment of a boot is a moment as any other. */
	l = LIMIT;
	assert_int_equal(let_through(&l, "a.b", 0, 100), 10);
	assert_int_equal(let_through(&l, "a.b", 0, 100), 0);
}

static void a_rate_of_nothing_stays_nothing(void **state)
{
	struct limit l = {.rule_burst = 3, .burst = 1000};

	(void)state;
	assert_int_equal(let_through(&l, "a.b", 1, 10), 3);
	assert_int_equal(let_through(&l, "a.b", 1e9, 10), 0);
}

static void what_was_held_back_most_is_named_once(void **state)
{
	struct limit l = LIMIT;
	unsigned long held = 7;

	(void)state;
	assert_null(limit_most_held(&l, &held));
	assert_int_equal(held, 0);
	let_through(&l, "a.b", 1, 12);
	let_through(&l, "a.c", 1, 15);
	let_through(&l, "a.d", 1, 10);
	assert_string_equal(limit_most_held(&l, &held), "a.c");
	assert_int_equal(held, 5);
	assert_null(limit_most_held(&l, &held));
	let_through(&l, "a.b", 1, 1);
	assert_string_equal(limit_most_held(&l, &held), "a.b");
	assert_int_equal(held, 1);
}

static void note(void *user, const struct event *ev)
{
	struct text *t = user;

	text_addf(t, "%s=%s ", ev->key, ev->actual);
}

static struct event change(const char *key, const char *actual)
{
	return (struct event){.kind = EVENT_DRIFT, .key = key, .actual = actual, .message = "m"};
}

/* Who rewrites a key without end and leaves it: where he left it is told, and nothing of the way there. */
static void the_last_of_what_was_held_back_is_told(void **state)
{
	struct limit l = {.burst = 10, .rate = 1, .rule_burst = 1, .rule_rate = 0.1};
	struct unsaid u = {0};
	_cleanup_text_ struct text told = TEXT_NULL;
	char actual[8];

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct event ev = change(i % 2 ? "a" : "b", actual);

		snprintf(actual, sizeof(actual), "%d", i);
		if (!limit_take(&l, ev.key, 1000))
			unsaid_keep(&u, &ev);
	}
	assert_int_equal(u.count, 2);
	unsaid_tell(&u, &l, 1001, note, &told);
	assert_string_equal(text_get(&told), "");
	assert_int_equal(l.held, 98); /* to ask is not to be held back */
	unsaid_tell(&u, &l, 1011, note, &told);
	assert_true(!strcmp(text_get(&told), "b=98 a=99 ") || !strcmp(text_get(&told), "a=99 b=98 "));
	assert_int_equal(u.count, 0);
	unsaid_clear(&u);
}

static void what_was_told_is_not_told_again(void **state)
{
	struct limit l = {.burst = 10, .rate = 1, .rule_burst = 1, .rule_rate = 0.1};
	struct unsaid u = {0};
	_cleanup_text_ struct text told = TEXT_NULL;
	struct event a = change("a", "1"), none = {.message = "m"};

	(void)state;
	unsaid_keep(&u, &none);
	assert_int_equal(u.count, 0);
	unsaid_keep(&u, &a);
	unsaid_forget(&u, "b");
	unsaid_forget(&u, "a");
	unsaid_tell(&u, &l, 1000, note, &told);
	assert_string_equal(text_get(&told), "");
	for (int i = 0; i < 2 * UNSAID_MAX; i++) {
		char key[8];
		struct event ev = change(key, "1");

		snprintf(key, sizeof(key), "%d", i);
		unsaid_keep(&u, &ev);
	}
	assert_int_equal(u.count, UNSAID_MAX);
	unsaid_clear(&u);
	assert_int_equal(u.count, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_of_what_was_held_back_is_told),
		cmocka_unit_test(what_was_told_is_not_told_again),
		cmocka_unit_test(a_rule_has_its_burst_and_its_rate),
		cmocka_unit_test(rules_do_not_take_from_each_other),
		cmocka_unit_test(all_together_are_limited),
		cmocka_unit_test(a_refusal_costs_nothing),
		cmocka_unit_test(lines_about_no_rule_know_the_limit_for_all_only),
		cmocka_unit_test(a_full_table_is_no_hole),
		cmocka_unit_test(long_names_are_cut_not_confused),
		cmocka_unit_test(a_clock_that_goes_back_gives_nothing),
		cmocka_unit_test(a_rate_of_nothing_stays_nothing),
		cmocka_unit_test(what_was_held_back_most_is_named_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
