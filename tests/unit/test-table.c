/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables as aligned text and as JSON, and the wrapping that all text goes through. */
#include "unit-render.h"

#include "render/json.h"

static void tables_done(struct table *t)
{
	table_clear(t);
}

#define _cleanup_table_ _cleanup_(tables_done)

static void as_text(const struct table *t, unsigned width, struct text *ret)
{
	ret->len = 0;
	render_tables(t, 1, "text", &(struct render_options){.width = width}, ret);
}

static const struct column columns[] = {
	{"name", NULL, DIM_TEXT, false},
	{"rate", "at", DIM_RATE, false},
	{"queue_bytes", "queue", DIM_BYTES, .extra = true},
	{"flows", NULL, DIM_COUNT, .extra = true},
	{"note", NULL, DIM_TEXT, true},
};

static void fill(struct table *t, const char *name, double rate, const char *note)
{
	struct value *row = table_row(t);

	row[0] = value_text(name);
	row[1] = value_number(rate);
	row[2] = value_missing(VALUE_FEW, NULL);
	row[3] = value_number(7);
	row[4] = value_text(note);
}

static void columns_are_aligned(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_table_ struct table table;

	(void)state;
	table_init(&table, "t", "Title", columns, ARRAY_SIZE(columns));
	fill(&table, "short", 125e6, "x");
	fill(&table, "a longer one", 12.5e6, "y");
	as_text(&table, 100, &t);
	assert_string_equal(t.s, "Title\n"
				 "  name                  at  queue  flows  note\n"
				 "  short           1 Gbit/s      -      7  x\n"
				 "  a longer one  100 Mbit/s      -      7  y\n"
				 "\n");
}

/* The last of those that may be left out goes first. */
static void columns_are_left_out_where_the_width_does_not_suffice(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_table_ struct table table;

	(void)state;
	table_init(&table, "t", "Title", columns, ARRAY_SIZE(columns) - 1);
	fill(&table, "short", 125e6, "x");
	as_text(&table, 100, &t);
	assert_non_null(strstr(t.s, "  name         at  queue  flows\n"));
	as_text(&table, 27, &t);
	assert_non_null(strstr(t.s, "  name         at  queue"));
	assert_null(strstr(t.s, "flows"));
	as_text(&table, 20, &t);
	assert_null(strstr(t.s, "queue"));
	assert_non_null(strstr(t.s, "1 Gbit/s"));
}

static void a_wide_column_wraps_beside_the_others(void **state)
{
	static const unsigned widths[] = {40, 60, 80, 140};
	_cleanup_table_ struct table table;

	(void)state;
	table_init(&table, "t", "Title", columns, ARRAY_SIZE(columns));
	fill(&table, "short", 125e6,
	     "words of a note that is longer than what is left of the line, wherever that ends, by far");
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		as_text(&table, widths[i], &t);
		for (const char *p = t.s; *p; p += strcspn(p, "\n"), p += *p == '\n')
			if (strcspn(p, "\n") > widths[i])
				fail_msg("wider than %u: %.*s", widths[i], (int)strcspn(p, "\n"), p);
	}
}

static void a_table_without_rows_says_so(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_table_ struct table table;

	(void)state;
	table_init(&table, "t", "Title", columns, ARRAY_SIZE(columns));
	table.empty = "nothing listens";
	as_text(&table, 80, &t);
	assert_string_equal(t.s, "Title\n  nothing listens\n\n");
}

static void names_in_cells_are_harmless(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL, j = TEXT_NULL;
	_cleanup_json_ json_t *parsed = NULL;
	_cleanup_table_ struct table table;

	(void)state;
	table_init(&table, "t", "Title", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < ARRAY_SIZE(hostile_names); i++)
		fill(&table, hostile_names[i], 1, hostile_names[i]);
	as_text(&table, 80, &t);
	assert_harmless(t.s, "table");
	render_tables(&table, 1, "json", &(struct render_options){.width = 80}, &j);
	parsed = parse_json(&j);
	assert_json_harmless(parsed);
}

/* Columns are counted in characters, not in bytes. */
static void names_in_other_scripts_are_aligned(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_table_ struct table table;

	(void)state;
	table_init(&table, "t", "T", columns, 2);
	fill(&table, "größe", 125e6, "");
	fill(&table, "xxxxx", 125e6, "");
	as_text(&table, 80, &t);
	assert_non_null(strstr(t.s, "\n  größe  1 Gbit/s\n"));
	assert_non_null(strstr(t.s, "\n  xxxxx  1 Gbit/s\n"));
}

/* JSON */

static void rows_are_objects_with_every_column(void **state)
{
	_cleanup_json_ json_t *j = NULL;
	_cleanup_text_ struct text t = TEXT_NULL;
	struct table tables[2];
	const json_t *table, *row;

	(void)state;
	table_init(&tables[0], "first", "First", columns, ARRAY_SIZE(columns));
	table_init(&tables[1], "second", "Second", columns, 1);
	fill(&tables[0], "a", 125e6, "x");
	render_tables(tables, 2, "json", &(struct render_options){.width = 80}, &t);
	j = parse_json(&t);
	assert_string_equal(json_string_value(json_object_get(j, "schema")), "tcpadvisor.tables/1");
	assert_int_equal(json_array_size(json_object_get(j, "tables")), 2);
	table = json_array_get(json_object_get(j, "tables"), 0);
	assert_string_equal(json_string_value(json_object_get(table, "name")), "first");
	assert_int_equal(json_array_size(json_object_get(table, "columns")), ARRAY_SIZE(columns));
	assert_int_equal(json_array_size(json_object_get(table, "rows")), 1);
	row = json_array_get(json_object_get(table, "rows"), 0);
	assert_int_equal(json_object_size(row), ARRAY_SIZE(columns));
	assert_int_equal(json_integer_value(json_object_get(row, "rate")), 125000000);
	assert_true(json_is_null(json_object_get(row, "queue_bytes")));
	table = json_array_get(json_object_get(j, "tables"), 1);
	assert_true(json_is_array(json_object_get(table, "rows")));
	assert_int_equal(json_array_size(json_object_get(table, "rows")), 0);
	table_clear(&tables[0]);
	table_clear(&tables[1]);
}

static void a_cell_that_is_no_number_is_null(void **state)
{
	static const double numbers[] = {INFINITY, -INFINITY, NAN};
	_cleanup_json_ json_t *j = NULL;
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_table_ struct table table;
	const json_t *rows;

	(void)state;
	table_init(&table, "t", "T", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		fill(&table, "a", numbers[i], "x");
	render_tables(&table, 1, "json", &(struct render_options){.width = 80}, &t);
	j = parse_json(&t);
	rows = json_object_get(json_array_get(json_object_get(j, "tables"), 0), "rows");
	assert_int_equal(json_array_size(rows), ARRAY_SIZE(numbers));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_true(json_is_null(json_object_get(json_array_get(rows, i), "rate")));
}

/* Wrapping */

static const struct {
	const char *s;
	size_t at, indent, width;
	const char *expected;
} wraps[] = {
	{"", 0, 0, 10, ""},
	{"one two", 0, 0, 10, "one two"},
	{"one two three", 0, 0, 8, "one two\nthree"},
	{"one two three", 0, 2, 7, "one two\n  three"},
	{"one two three", 0, 2, 6, "one\n  two\n  three"},
	{"a b c", 0, 4, 80, "a b c"},
	{"one  two\nthree", 4, 4, 80, "one two three"},
	{"abcdefghijkl m", 0, 0, 5, "abcdefghijkl\nm"},
	{"größe größe", 0, 0, 11, "größe größe"},
	{"größe größe", 0, 0, 10, "größe\ngröße"},
	{"a", 90, 90, 80, "a"}, /* no room at all */
};

static void words_are_wrapped_at_blanks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wraps); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		layout_wrap(&t, wraps[i].s, wraps[i].at, wraps[i].indent, wraps[i].width);
		if (strcmp(text_get(&t), wraps[i].expected))
			fail_msg("'%s' at %zu of %zu became '%s'", wraps[i].s, wraps[i].at, wraps[i].width,
				 text_get(&t));
	}
}

static const struct column sentences[] = {
	{"concern", NULL, DIM_TEXT, false},
	{"throughput", "for throughput", DIM_TEXT, true},
	{"latency", "for latency", DIM_TEXT, true},
};

static void fill_sentences(struct table *t)
{
	struct value *row;

	table_init(t, "t", "Title", sentences, ARRAY_SIZE(sentences));
	row = table_row(t);
	row[0] = value_text("Buffers");
	row[1] = value_text("one two three four five six seven eight nine");
	row[2] = value_text("short");
	row = table_row(t);
	row[0] = value_text("Nagle");
	row[1] = value_text("a \x1b[31m name");
}

/* Where there is no room for columns, one stands below the other. */
static void sentences_are_stacked_where_it_is_narrow(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_table_ struct table table;

	(void)state;
	fill_sentences(&table);
	as_text(&table, 50, &t);
	assert_string_equal(t.s, "Title\n"
				 "  Buffers\n"
				 "    for throughput  one two three four five six\n"
				 "                    seven eight nine\n"
				 "    for latency     short\n"
				 "\n"
				 "  Nagle\n"
				 "    for throughput  a \\x1b[31m name\n"
				 "    for latency     -\n"
				 "\n");
}

static void sentences_stand_side_by_side_where_it_is_wide(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_table_ struct table table;

	(void)state;
	fill_sentences(&table);
	as_text(&table, 78, &t);
	assert_string_equal(t.s, "Title\n"
				 "  concern             for throughput               for latency\n"
				 "\n"
				 "  Buffers             one two three four five six  short\n"
				 "                      seven eight nine\n"
				 "\n"
				 "  Nagle               a \\x1b[31m name              -\n"
				 "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentences_are_stacked_where_it_is_narrow),
		cmocka_unit_test(sentences_stand_side_by_side_where_it_is_wide),
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(columns_are_left_out_where_the_width_does_not_suffice),
		cmocka_unit_test(a_wide_column_wraps_beside_the_others),
		cmocka_unit_test(a_table_without_rows_says_so),
		cmocka_unit_test(names_in_cells_are_harmless),
		cmocka_unit_test(names_in_other_scripts_are_aligned),
		cmocka_unit_test(rows_are_objects_with_every_column),
		cmocka_unit_test(a_cell_that_is_no_number_is_null),
		cmocka_unit_test(words_are_wrapped_at_blanks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
