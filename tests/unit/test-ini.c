/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INI files: what inih lets pass must not pass here. */
#include "unit.h"

#include <errno.h>

#include "base/ini.h"
#include "base/text.h"

struct seen {
	unsigned count;
	int answer;
	char all[16384];
};

static int record_entry(void *user, const struct ini_entry *e, struct diag *d)
{
	struct seen *s = user;
	size_t n = strlen(s->all);

	snprintf(s->all + n, sizeof(s->all) - n, "%u:[%s@%u]%s=%s\n", e->line, e->section,
		 e->section_line, e->key, e->value);
	s->count++;
	return s->answer < 0 ? diag_set(d, e->file, e->line, "callback"), s->answer : 0;
}

static int read_ini(const char *s, struct seen *seen, struct diag *d)
{
	*seen = (struct seen){0};
	return ini_read("t.ini", s, strlen(s), record_entry, seen, d);
}

static void assert_entries(const char *s, const char *want)
{
	struct diag d = {0};
	struct seen seen;

	if (read_ini(s, &seen, &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
	assert_string_equal(seen.all, want);
}

static void entries_come_with_their_lines(void **state)
{
	(void)state;
	assert_entries(
		"# first\n\nformat = 1\ntop = 1\n[a]\n\nk = v\n; note\nl=w\n[b]\nk : v : v\n",
		"4:[@0]top=1\n7:[a@5]k=v\n9:[a@5]l=w\n11:[b@10]k=v : v\n");
	assert_entries("format = 1", "");
	assert_entries("\xef\xbb\xbf"
		       "format = 1\r\n[a]\r\nk = v\r\n",
		       "3:[a@2]k=v\n");
	assert_entries("\xef\xbb\xbf# note\nformat = 1\n[a]\nk = v\n", "4:[a@3]k=v\n");
	assert_entries("format = 1\n[a]\nempty =\n", "3:[a@2]empty=\n");
	assert_entries("format = 1\n[a]\nrefs = RFC 7323; tcp(7)\n", "3:[a@2]refs=RFC 7323; tcp(7)\n");
}

static void indented_lines_continue_a_value(void **state)
{
	(void)state;
	assert_entries("format = 1\n[a]\nwhen = x\n  and y\n\tand z = 3\nk = v\n",
		       "3:[a@2]when=x and y and z = 3\n6:[a@2]k=v\n");
	assert_entries("format = 1\n[a]\nwhen = x\n\n  # note\n  and [y]\n",
		       "3:[a@2]when=x and [y]\n");
	assert_entries("format = 1\n[a]\nwhen =\n  x\n", "3:[a@2]when= x\n");
}

/* A repeated key is no continuation, whatever inih makes of it. */
static void repeated_keys_and_sections_are_told_apart(void **state)
{
	(void)state;
	assert_entries("format = 1\n[a]\nk = 1\nk = 2\n[a]\nk = 3\n",
		       "3:[a@2]k=1\n4:[a@2]k=2\n6:[a@5]k=3\n");
}

/* Under a new header an indented line has nothing to continue: not the section above. */
static void an_indented_first_key_is_not_lost(void **state)
{
	static const char text[] = "format = 1\n[a]\nk = v\n[b]\n  x = y\nz = w\n";
	struct diag d = {0};
	struct seen seen;

	(void)state;
	if (read_ini(text, &seen, &d) < 0)
		assert_diag(&d, "t.ini", 5, "");
	else
		assert_string_equal(seen.all, "3:[a@2]k=v\n5:[b@4]x=y\n6:[b@4]z=w\n");
}

/* An indented header that continues nothing: inih takes it as a header, and cuts long names. */
static void an_indented_header_is_checked_like_any(void **state)
{
	_cleanup_free_ char *name = repeat('n', 60);
	char text[128];
	struct diag d = {0};
	struct seen seen;

	(void)state;
	snprintf(text, sizeof(text), "  [%s]\nformat = 1\n", name);
	assert_int_equal(read_ini(text, &seen, &d), -EINVAL);
	assert_diag(&d, "t.ini", 1, "longer than 49");
}

static void long_lines_and_names_up_to_the_limit_pass(void **state)
{
	_cleanup_free_ char *value = repeat('v', 190 - 4), *name = repeat('n', 49);
	_cleanup_text_ struct text t = TEXT_NULL, want = TEXT_NULL;

	(void)state;
	text_addf(&t, "format = 1\n[%s]\nk = %s\n", name, value);
	text_addf(&want, "3:[%s@2]k=%s\n", name, value);
	assert_entries(text_get(&t), text_get(&want));
}

/* A value of exactly that length, made of continuation lines. */
static void add_long_value(struct text *t, size_t length)
{
	_cleanup_free_ char *piece = repeat('x', 99);

	text_add(t, "format = 1\n[a]\nk = x\n");
	for (size_t have = 1; have < length;) {
		size_t more = length - have > 100 ? 100 : length - have;

		text_addf(t, "\t%.*s\n", (int)more - 1, piece);
		have += more;
		if (length - have == 1)
			break;
	}
}

static void a_value_of_4095_characters_passes(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct diag d = {0};
	struct seen seen;

	(void)state;
	add_long_value(&t, INI_VALUE_MAX - 1);
	assert_int_equal(read_ini(text_get(&t), &seen, &d), 0);
	assert_int_equal(strlen(seen.all), strlen("3:[a@2]k=\n") + INI_VALUE_MAX - 1);
}

static void a_longer_value_is_refused(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct diag d = {0};
	struct seen seen;

	(void)state;
	add_long_value(&t, INI_VALUE_MAX);
	assert_int_equal(read_ini(text_get(&t), &seen, &d), -EINVAL);
	assert_diag(&d, "t.ini", 44, "longer than 4095");
	assert_int_equal(seen.count, 0);
}

static void malformed_files_are_refused(void **state)
{
	static const struct refusal rows[] = {
		{"format = 1\n[a\nk = v\n", 2, "section header without ']'"},
		{"format = 1\n[12345678901234567890123456789012345678901234567890]\n", 2,
		 "longer than 49"},
		{"format = 1\n[a] k = v\n", 2, "text after the section header"},
		{"format = 1\n[a] ; note\n", 2, "a semicolon behind a blank"},
		{"format = 1\n[a]\nk = v ; note\n", 3, "a semicolon behind a blank"},
		{"format = 1\n[a]\nk = v\n  w ; note\n", 4, "a semicolon behind a blank"},
		{"format = 1\n[a]\n[b]\nk = v\n", 2, "section without keys"},
		{"format = 1\n[a]\nk = v\n[b]\n# nothing\n", 4, "section without keys"},
		{"format = 1\n[a ; b]\n", 2, "a semicolon behind a blank"},
		{"format = 1\n[a]\n= v\n", 3, "a value without a key"},
		{"format = 1\n[a]\nneither\nk = v\n", 3, "neither a section nor"},
		{"format = 1\n[a]\nk ; = v\n", 3, "a semicolon behind a blank"},
		{"", 0, "must begin with 'format = 1'"},
		{"# only a comment\n", 0, "must begin with 'format = 1'"},
		{"[a]\n", 0, "must begin with 'format = 1'"},
		{"format = 2\n", 1, "must begin with 'format = 1'"},
		{"\nformat = 01\n", 2, "must begin with 'format = 1'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct diag d = {0};
		struct seen seen;

		assert_int_equal(read_ini(rows[i].input, &seen, &d), -EINVAL);
		assert_diag(&d, "t.ini", rows[i].line, rows[i].says);
	}
}

/* The line to mend is that of the wrong key, not the next one. */
static void a_missing_format_names_the_first_key(void **state)
{
	struct diag d = {0};
	struct seen seen;

	(void)state;
	assert_int_equal(read_ini("# note\nk = v\n\n\nl = w\n", &seen, &d), -EINVAL);
	assert_diag(&d, "t.ini", 2, "must begin with 'format = 1'");
	assert_int_equal(read_ini("[a]\nformat = 1\nk = v\n", &seen, &d), -EINVAL);
	assert_diag(&d, "t.ini", 2, "must begin with 'format = 1'");
	assert_int_equal(seen.count, 0);
}

static void lines_over_the_limit_are_refused(void **state)
{
	_cleanup_free_ char *value = repeat('v', 191 - 4);
	_cleanup_text_ struct text t = TEXT_NULL;
	struct diag d = {0};
	struct seen seen;

	(void)state;
	text_addf(&t, "format = 1\n[a]\nk = %s\nl = w\n", value);
	assert_int_equal(read_ini(text_get(&t), &seen, &d), -EINVAL);
	assert_diag(&d, "t.ini", 3, "line longer than 190 characters");
	text_clear(&t);
	text_addf(&t, "format = 1\n# %s%s\n", value, value);
	assert_int_equal(read_ini(text_get(&t), &seen, &d), -EINVAL);
	assert_diag(&d, "t.ini", 2, "line longer than 190 characters");
}

static void nul_bytes_are_refused(void **state)
{
	static const char text[] = "format = 1\n[a]\nk = v\0w\nl = w\n";
	struct seen seen = {0};
	struct diag d = {0};

	(void)state;
	assert_int_equal(ini_read("t.ini", text, sizeof(text) - 1, record_entry, &seen, &d),
			 -EINVAL);
	assert_diag(&d, "t.ini", 3, "NUL byte");
	assert_int_equal(seen.count, 0);
}

/* What a file says is shown to people: it must not drive their terminal, nor read other than it is. */
static void only_plain_text_is_read(void **state)
{
	static const char *const bad[] = {"\033]0;x\a", "a\rb", "a\vb", "\302\233m", "\xff",
					  "\355\240\200",  "\342\200\256x", "\330\234", "\177"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		struct diag d = {0};
		struct seen seen;

		text_addf(&t, "format = 1\n[a]\nk = %s\n", bad[i]);
		assert_int_equal(read_ini(text_get(&t), &seen, &d), -EINVAL);
		assert_diag(&d, "t.ini", 3, "not UTF-8, or a control character");
		assert_int_equal(seen.count, 0);
	}
	assert_entries("format = 1\n[a]\n\tk\t=\tgröße 中 \360\237\220\247 \r\n",
		       "3:[a@2]k=größe 中 \360\237\220\247\n");
}

static void large_files_are_refused_unread(void **state)
{
	_cleanup_free_ char *big = repeat('\n', INI_FILE_MAX + 1);
	struct seen seen = {0};
	struct diag d = {0};

	(void)state;
	memcpy(big, "format = 1\n[a]\nk = v\n", 21);
	assert_int_equal(ini_read("t.ini", big, INI_FILE_MAX, record_entry, &seen, &d), 0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(ini_read("t.ini", big, INI_FILE_MAX + 1, record_entry, &seen, &d), -EFBIG);
	assert_diag(&d, "t.ini", 0, "larger than 1 MiB");
	assert_int_equal(seen.count, 1);
}

static void the_callback_ends_the_reading(void **state)
{
	static const char text[] = "format = 1\n[a]\nk = v\nl = w\nneither\n";
	struct seen seen = {.answer = -E2BIG};
	struct diag d = {0};

	(void)state;
	assert_int_equal(ini_read("t.ini", text, strlen(text), record_entry, &seen, &d), -E2BIG);
	assert_diag(&d, "t.ini", 3, "callback");
	assert_int_equal(seen.count, 1);
}

/* People mend a file from the top: the first fault is the one to tell. */
static void the_first_fault_is_the_one_told(void **state)
{
	static const char text[] = "format = 1\n[a]\nneither\n[b\nk = v\n";
	struct diag d = {0};
	struct seen seen;

	(void)state;
	assert_int_equal(read_ini(text, &seen, &d), -EINVAL);
	assert_diag(&d, "t.ini", 3, "neither a section nor");
}

/* inih reads on after a line that it does not understand, not knowing in which section it is. */
static void nothing_is_passed_on_below_a_fault(void **state)
{
	static const struct refusal rows[] = {
		{"format = 1\n[b ;]\nk = v\nl = w\n", 2, ""},
		{"format = 1\n[a]\nk ; = v\nl = w\nm = x\n", 3, "a semicolon behind a blank"},
		{"format = 1\n[a]\nk ; = v\n  [b]\nm = x\nn = y\n", 3, "a semicolon behind a blank"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct diag d = {0};
		struct seen seen;

		assert_int_equal(read_ini(rows[i].input, &seen, &d), -EINVAL);
		assert_diag(&d, "t.ini", rows[i].line, rows[i].says);
		assert_string_equal(seen.all, "");
	}
}

/* "[]" would be what stands before the first header, and so could hold the format. */
static void a_section_has_a_name(void **state)
{
	struct diag d = {0};
	struct seen seen;

	(void)state;
	assert_int_equal(read_ini("[]\nformat = 1\nk = v\n", &seen, &d), -EINVAL);
	assert_int_equal(d.line, 1);
	assert_int_equal(read_ini("format = 1\n[a]\nk = v\n[]\nl = w\n", &seen, &d), -EINVAL);
	assert_int_equal(d.line, 4);
}

static void a_diagnosis_is_optional_and_bounded(void **state)
{
	_cleanup_free_ char *longest = repeat('x', 2000);
	struct seen seen = {0};
	struct diag d;

	(void)state;
	assert_int_equal(ini_read("t.ini", "[a", 2, record_entry, &seen, NULL), -EINVAL);
	assert_int_equal(diag_set(&d, longest, 7, "%s", longest), -EINVAL);
	assert_int_equal(strlen(d.file), sizeof(d.file) - 1);
	assert_int_equal(strlen(d.message), sizeof(d.message) - 1);
	assert_int_equal(d.line, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_come_with_their_lines),
		cmocka_unit_test(indented_lines_continue_a_value),
		cmocka_unit_test(repeated_keys_and_sections_are_told_apart),
		cmocka_unit_test(an_indented_first_key_is_not_lost),
		cmocka_unit_test(an_indented_header_is_checked_like_any),
		cmocka_unit_test(long_lines_and_names_up_to_the_limit_pass),
		cmocka_unit_test(a_value_of_4095_characters_passes),
		cmocka_unit_test(a_longer_value_is_refused),
		cmocka_unit_test(malformed_files_are_refused),
		cmocka_unit_test(a_missing_format_names_the_first_key),
		cmocka_unit_test(lines_over_the_limit_are_refused),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(only_plain_text_is_read),
		cmocka_unit_test(large_files_are_refused_unread),
		cmocka_unit_test(the_callback_ends_the_reading),
		cmocka_unit_test(the_first_fault_is_the_one_told),
		cmocka_unit_test(nothing_is_passed_on_below_a_fault),
		cmocka_unit_test(a_section_has_a_name),
		cmocka_unit_test(a_diagnosis_is_optional_and_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
