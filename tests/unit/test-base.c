/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory, text, and the escaping that every untrusted name passes. */
#include "unit.h"

#include "base/arena.h"
#include "base/text.h"

/* Memory */

static void arena_memory_is_zeroed_and_aligned(void **state)
{
	struct arena a = ARENA_NULL;

	(void)state;
	for (size_t n = 1; n < 5000; n = n * 3 + 1) {
		unsigned char *p = arena_alloc(&a, n);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
	}
	arena_clear(&a);
	assert_null(a.last);
}

static void arena_holds_more_than_a_block(void **state)
{
	struct arena a = ARENA_NULL;
	char *first = arena_strdup(&a, "first"), *big = arena_alloc(&a, 100000);

	(void)state;
	memset(big, 'x', 100000);
	assert_string_equal(arena_printf(&a, "%s-%d", "after", 7), "after-7");
	assert_string_equal(first, "first");
	arena_clear(&a);
}

static void arena_copies_at_most_n_characters(void **state)
{
	static const char unterminated[3] = {'a', 'b', 'c'};
	struct arena a = ARENA_NULL;

	(void)state;
	assert_string_equal(arena_strndup(&a, "abcdef", 2), "ab");
	assert_string_equal(arena_strndup(&a, "ab", 100), "ab");
	assert_string_equal(arena_strndup(&a, unterminated, 3), "abc");
	assert_string_equal(arena_strndup(&a, "", 0), "");
	arena_clear(&a);
}

/* Text */

static void text_grows(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	(void)state;
	assert_string_equal(text_get(&t), "");
	for (int i = 0; i < 1000; i++)
		text_addf(&t, "%03d,", i);
	text_add(&t, "end");
	assert_int_equal(t.len, 4003);
	assert_memory_equal(t.s, "000,001,", 8);
	assert_string_equal(t.s + 3996, "999,end");
}

static void assert_escaped(const char *in, size_t max, const char *out)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	text_add_escaped(&t, in, max);
	assert_string_equal(text_get(&t), out);
}

static void names_cannot_drive_a_terminal(void **state)
{
	(void)state;
	assert_escaped("\033]0;owned\a", 100, "\\x1b]0;owned\\x07");
	assert_escaped("a\nb\rc\td\177", 100, "a\\x0ab\\x0dc\\x09d\\x7f");
	assert_escaped("C1 \302\233m", 100, "C1 \\xc2\\x9bm");
	assert_escaped("back\\x1bslash", 100, "back\\\\x1bslash");
	assert_escaped("\342\200\250line\342\200\251", 100, "\\xe2\\x80\\xa8line\\xe2\\x80\\xa9");
	assert_escaped("\342\200\213zero\357\273\277width", 100,
		       "\\xe2\\x80\\x8bzero\\xef\\xbb\\xbfwidth");
}

/* All of Unicode's Bidi_Control: text that shows in another order than it is stored. */
static void names_cannot_reverse_a_line(void **state)
{
	static const char *const controls[] = {
		"\330\234",	"\342\200\216", "\342\200\217", "\342\200\252",
		"\342\200\253", "\342\200\254", "\342\200\255", "\342\200\256",
		"\342\201\246", "\342\201\247", "\342\201\250", "\342\201\251",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(controls); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		text_add_escaped(&t, controls[i], 100);
		if (text_get(&t)[0] != '\\')
			fail_msg("control %zu passes", i);
	}
}

static void names_in_other_scripts_pass(void **state)
{
	(void)state;
	assert_escaped("größe-中文-\360\237\220\247", 100, "größe-中文-\360\237\220\247");
	assert_escaped("µs \302\240", 100, "µs \302\240");
}

static void bytes_that_are_no_utf8_are_shown(void **state)
{
	(void)state;
	assert_escaped("\xff\xfe", 100, "\\xff\\xfe");
	assert_escaped("cut \342\200", 100, "cut \\xe2\\x80");
	assert_escaped("overlong \300\257", 100, "overlong \\xc0\\xaf");
	assert_escaped("overlong \340\200\257", 100, "overlong \\xe0\\x80\\xaf");
	assert_escaped("overlong \340\237\277", 100, "overlong \\xe0\\x9f\\xbf");
	assert_escaped("overlong \360\200\200\257", 100, "overlong \\xf0\\x80\\x80\\xaf");
	assert_escaped("surrogate \355\240\200", 100, "surrogate \\xed\\xa0\\x80");
	assert_escaped("beyond \364\220\200\200", 100, "beyond \\xf4\\x90\\x80\\x80");
	assert_escaped("five \370\220\200\200", 100, "five \\xf8\\x90\\x80\\x80");
	assert_escaped("alone \200", 100, "alone \\x80");
}

static void only_names_longer_than_the_limit_are_cut(void **state)
{
	(void)state;
	assert_escaped("eth0", 4, "eth0");
	assert_escaped("wlp0s20f3abcdef", 15, "wlp0s20f3abcdef");
	assert_escaped("中文", 6, "中文");
	assert_escaped("eth0.100", 4, "eth0…");
	assert_escaped("", 0, "");
	assert_escaped("x", 0, "…");
}

/* A cut never splits a character or an escape, and the limit holds whatever the name. */
static void a_cut_leaves_whole_characters(void **state)
{
	static const char name[] = "aé中\360\237\220\247\033\\";

	(void)state;
	for (size_t max = 0; max < 30; max++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		text_add_escaped(&t, name, max);
		assert_true(t.len <= max + strlen("…"));
		for (const char *p = text_get(&t); *p;) {
			size_t n = utf8_length(p, strlen(p));

			assert_true(n > 0);
			p += n;
		}
	}
}

static void utf8_length_reads_no_further_than_told(void **state)
{
	(void)state;
	assert_int_equal(utf8_length("中", 3), 3);
	assert_int_equal(utf8_length("中", 2), 0);
	assert_int_equal(utf8_length("a", 0), 0);
	assert_int_equal(utf8_length("\0", 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_memory_is_zeroed_and_aligned),
		cmocka_unit_test(arena_holds_more_than_a_block),
		cmocka_unit_test(arena_copies_at_most_n_characters),
		cmocka_unit_test(text_grows),
		cmocka_unit_test(names_cannot_drive_a_terminal),
		cmocka_unit_test(names_cannot_reverse_a_line),
		cmocka_unit_test(names_in_other_scripts_pass),
		cmocka_unit_test(bytes_that_are_no_utf8_are_shown),
		cmocka_unit_test(only_names_longer_than_the_limit_are_cut),
		cmocka_unit_test(a_cut_leaves_whole_characters),
		cmocka_unit_test(utf8_length_reads_no_further_than_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
