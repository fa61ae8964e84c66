/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables, as aligned text or as JSON. */
#include <string.h>
#include "render/json.h"
#include "render/layout.h"
#include "render/table-wide.h"

enum { WIDE_MIN = 28, WHOLE_MAX = 200 }; /* columns that a wrapped cell should have at least */

void table_init(struct table *t, const char *name, const char *title, const struct column *columns, size_t n)
{
	*t = (struct table){.name = name, .title = title, .empty = "none", .columns = columns, .column_count = n};
}

struct value *table_row(struct table *t)
{
	struct value *row;

	if (t->row_count == t->size) {
		t->size = t->size ? 2 * t->size : 16;
		t->cells = reallocarray(t->cells, t->size * t->column_count, sizeof(*t->cells));
		if (!t->cells)
			abort();
	}
	row = t->cells + t->row_count++ * t->column_count;
	memset(row, 0, t->column_count * sizeof(*row));
	return row;
}

void table_clear(struct table *t)
{
	free(t->cells);
	*t = (struct table){0};
}

/* A long name must not push the other columns off the screen; JSON has it whole. */
static void cell_text(struct text *ret, const struct column *c, const struct value *v, size_t width)
{
	ret->len = 0;
	text_addn(ret, "", 0);
	if (v->state == VALUE_KNOWN && v->text && !c->wide)
		text_add_escaped(ret, v->text, c->whole ? (size_t)WHOLE_MAX : width * 2 / 5);
	else if (v->state == VALUE_KNOWN)
		layout_value(ret, v, c->dim);
	else
		text_add(ret, "-");
}

/* Width of each column; 0 for those that are left out. */
static void measure(const struct table *t, size_t *widths, size_t available)
{
	size_t total = 2;

	_cleanup_text_ struct text cell = TEXT_NULL;

	for (size_t c = 0; c < t->column_count; c++) {
		const struct column *column = &t->columns[c];

		widths[c] = layout_columns(column->head ? column->head : column->name);
		for (size_t r = 0; r < t->row_count; r++) {
			cell_text(&cell, column, &t->cells[r * t->column_count + c], available);
			widths[c] = max_of(widths[c], layout_columns(text_get(&cell)));
		}
		total += (column->wide ? min_of(widths[c], (size_t)WIDE_MIN) : widths[c]) + 2;
	}
	for (size_t c = t->column_count; c-- > 0 && total > available + 2;)
		if (t->columns[c].extra) {
			total -= widths[c] + 2;
			widths[c] = 0;
		}
}

static bool is_right(const struct column *c)
{
	return dim_is_number(c->dim);
}

static void add_cell(struct text *ret, const struct table *t, size_t c, const char *s, const size_t *widths,
		     size_t *at, const struct render_options *o)
{
	size_t n = layout_columns(s), pad = widths[c] > n ? widths[c] - n : 0;
	bool last = c + 1 == t->column_count;

	if (!widths[c])
		return;
	if (t->columns[c].wide && last) {
		layout_wrap(ret, s, *at, *at, o->width);
		return;
	}
	if (is_right(&t->columns[c]))
		layout_pad(ret, pad);
	text_add(ret, s);
	if (!is_right(&t->columns[c]) && !last)
		layout_pad(ret, pad);
	if (!last)
		text_add(ret, "  ");
	*at += widths[c] + 2;
}

/* End a line without the blanks that a column left out at its end. */
static void end_line(struct text *ret)
{
	while (ret->len && ret->s[ret->len - 1] == ' ')
		ret->s[--ret->len] = 0;
	text_add(ret, "\n");
}

static void add_heads(struct text *ret, const struct table *t, const size_t *widths, const struct render_options *o)
{
	size_t at = 2, headed = 0;

	for (size_t c = 0; c < t->column_count; c++)
		headed += !t->columns[c].head || *t->columns[c].head;
	if (!headed)
		return;
	layout_colour(ret, o, "2");
	text_add(ret, "  ");
	for (size_t c = 0; c < t->column_count; c++)
		add_cell(ret, t, c, t->columns[c].head ? t->columns[c].head : t->columns[c].name, widths, &at, o);
	layout_colour(ret, o, "0");
	end_line(ret);
}

static void table_text(const struct table *t, const struct render_options *o, struct text *ret)
{
	_cleanup_text_ struct text cell = TEXT_NULL;
	size_t widths[TABLE_COLUMNS_MAX], at;

	layout_colour(ret, o, "1");
	layout_wrap(ret, t->title, 0, 0, o->width);
	layout_colour(ret, o, "0");
	if (t->netns) {
		text_add(ret, " in network namespace ");
		text_add_escaped(ret, t->netns, 100);
	}
	text_add(ret, "\n");
	if (!t->row_count) {
		text_addf(ret, "  %s\n\n", t->empty);
		return;
	}
	if (table_is_wide(t)) {
		table_wide_rows(t, o, ret);
		text_add(ret, "\n");
		return;
	}
	measure(t, widths, o->width);
	add_heads(ret, t, widths, o);
	for (size_t r = 0; r < t->row_count; r++) {
		text_add(ret, "  ");
		at = 2;
		for (size_t c = 0; c < t->column_count; c++) {
			cell_text(&cell, &t->columns[c], &t->cells[r * t->column_count + c], o->width);
			add_cell(ret, t, c, text_get(&cell), widths, &at, o);
		}
		end_line(ret);
	}
	text_add(ret, "\n");
}

static json_t *table_json(const struct table *t)
{
	json_t *columns = json_array(), *rows = json_array();

	for (size_t c = 0; c < t->column_count; c++)
		json_array_append_new(columns, json_pack("{s:s, s:s}", "name", t->columns[c].name, "unit",
							 dim_name(t->columns[c].dim)));
	for (size_t r = 0; r < t->row_count; r++) {
		json_t *row = json_object();

		for (size_t c = 0; c < t->column_count; c++)
			json_object_set_new(row, t->columns[c].name, json_value(&t->cells[r * t->column_count + c]));
		json_array_append_new(rows, row);
	}
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", t->name, "title", t->title, "netns", json_untrusted(t->netns),
			 "columns", columns, "rows", rows);
}

void render_tables(const struct table *tables, size_t n, const char *format, const struct render_options *o,
		   struct text *ret)
{
	json_t *a;

	if (strcmp(format, "json")) {
		for (size_t i = 0; i < n; i++)
			table_text(&tables[i], o, ret);
		return;
	}
	a = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, table_json(&tables[i]));
	json_finish(json_pack("{s:s, s:o}", "schema", "tcpadvisor.tables/1", "tables", a), ret);
}
