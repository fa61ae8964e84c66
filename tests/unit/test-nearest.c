/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nearest name: distances by hand, and that the bound never changes what is told below it. */
#include "unit.h"

#include <string.h>

#include "base/nearest.h"

static void distances_are_those_counted_by_hand(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} rows[] = {
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "abc", 0},
		{"abc", "acb", 1},
		{"abc", "ab", 1},
		{"abc", "abcd", 1},
		{"abc", "axc", 1},
		{"kitten", "sitting", 3},
		{"ca", "abc", 3}, /* 2 if a swapped pair could be edited again */
		{"net.ipv4.tcp_keepalive_tmie", "net.ipv4.tcp_keepalive_time", 1},
		{"net.ipv4.tcp_rmen", "net.ipv4.tcp_rmem", 1},
		{"net.core.rmem_max", "net.core.wmem_max", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(edit_distance(rows[i].a, rows[i].b, 100), rows[i].distance);
		assert_int_equal(edit_distance(rows[i].b, rows[i].a, 100), rows[i].distance);
	}
}

/* Every pair of words of up to four letters from two, against each bound: bounded is the true one, or bound + 1. */
static void a_bound_changes_nothing_below_it(void **state)
{
	char words[31][5];
	size_t n = 0;

	(void)state;
	for (unsigned len = 0; len <= 4; len++)
		for (unsigned bits = 0; bits < 1u << len; bits++, n++) {
			for (unsigned i = 0; i < len; i++)
				words[n][i] = bits >> i & 1 ? 'b' : 'a';
			words[n][len] = 0;
		}
	for (size_t a = 0; a < n; a++)
		for (size_t b = 0; b < n; b++)
			for (size_t most = 0; most < 5; most++) {
				size_t whole = edit_distance(words[a], words[b], 100);

				assert_int_equal(edit_distance(words[a], words[b], most),
						 whole > most ? most + 1 : whole);
			}
}

static void names_beyond_the_limit_are_far(void **state)
{
	char longest[EDIT_NAME_MAX + 1], beyond[EDIT_NAME_MAX + 2];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	memset(beyond, 'x', sizeof(beyond));
	longest[EDIT_NAME_MAX] = beyond[EDIT_NAME_MAX + 1] = 0;
	assert_int_equal(edit_distance(longest, longest, 3), 0);
	assert_int_equal(edit_distance(beyond, beyond, 3), 4);
	assert_int_equal(edit_distance(longest, beyond, 3), 4);
}

static const char *nearest_of(const char *asked, const char *const *names, size_t n)
{
	struct nearest best = NEAREST_NULL;

	for (size_t i = 0; i < n; i++)
		nearest_offer(&best, asked, names[i]);
	return best.name;
}

static void the_nearest_is_found_and_the_far_is_not(void **state)
{
	static const char *const keys[] = {"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_mem",
					   "net.ipv4.tcp_fin_timeout"};

	(void)state;
	assert_string_equal(nearest_of("net.ipv4.tcp_fin_timeuot", keys, ARRAY_SIZE(keys)), "net.ipv4.tcp_fin_timeout");
	assert_string_equal(nearest_of("net.ipv4.tcp_emem", keys, ARRAY_SIZE(keys)), "net.ipv4.tcp_rmem");
	assert_string_equal(nearest_of("net.ipv4.tcp_mem", keys, ARRAY_SIZE(keys)), "net.ipv4.tcp_mem");
	assert_null(nearest_of("net.ipv4.conf.all.forwarding", keys, ARRAY_SIZE(keys)));
	assert_null(nearest_of("x", keys, ARRAY_SIZE(keys)));
	assert_null(nearest_of("", keys, ARRAY_SIZE(keys)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_are_those_counted_by_hand),
		cmocka_unit_test(a_bound_changes_nothing_below_it),
		cmocka_unit_test(names_beyond_the_limit_are_far),
		cmocka_unit_test(the_nearest_is_found_and_the_far_is_not),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
