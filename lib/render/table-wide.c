/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/table-wide.h"

#include <string.h>
#include "render/layout.h"

enum { SIDE_BY_SIDE_MIN = 26, FIRST_MAX = 18, INDENT = 2, GAP = 2 };

bool table_is_wide(const struct table *t)
{
	size_t wide = 0;

	for (size_t c = 0; c < t->column_count; c++)
		wide += t->columns[c].wide;
	return wide > 1;
}

static const char *head_of(const struct column *c)
{
	return c->head ? c->head : c->name;
}

static void cell(const struct table *t, size_t row, size_t column, struct text *ret)
{
	const struct value *v = &t->cells[row * t->column_count + column];

	text_clear(ret);
	if (v->state == VALUE_KNOWN)
		layout_value(ret, v, t->columns[column].dim);
	else
		text_add(ret, "-");
}

/* Lines of a cell that is wrapped at its width. */
static void wrapped(const struct table *t, size_t row, size_t column, size_t width, struct text *ret)
{
	_cleanup_text_ struct text whole = TEXT_NULL;

	cell(t, row, column, &whole);
	text_clear(ret);
	layout_wrap(ret, text_get(&whole), 0, 0, width);
}

static void trim(struct text *t)
{
	while (t->len && t->s[t->len - 1] == ' ')
		t->s[--t->len] = 0;
	text_add(t, "\n");
}

/* One line of each cell after the other, until the longest cell is done. */
static void side_by_side(struct text *cells, size_t n, const size_t *widths, struct text *ret)
{
	const char *at[TABLE_COLUMNS_MAX];
	bool more = true;

	for (size_t c = 0; c < n; c++)
		at[c] = text_get(&cells[c]);
	while (more) {
		more = false;
		layout_pad(ret, INDENT);
		for (size_t c = 0; c < n; c++) {
			size_t bytes = strcspn(at[c], "\n");
			char line[1024];
			size_t columns;

			snprintf(line, sizeof(line), "%.*s", (int)min_of(bytes, sizeof(line) - 1), at[c]);
			columns = layout_columns(line);
			text_add(ret, line);
			layout_pad(ret, (widths[c] > columns ? widths[c] - columns : 0) + GAP);
			at[c] += bytes + (at[c][bytes] == '\n');
			more |= *at[c] != 0;
		}
		trim(ret);
	}
}

static void rows_side_by_side(const struct table *t, const size_t *widths, const struct render_options *o,
			      struct text *ret)
{
	struct text cells[TABLE_COLUMNS_MAX] = {TEXT_NULL};

	for (size_t c = 0; c < t->column_count; c++)
		text_add(&cells[c], head_of(&t->columns[c]));
	layout_colour(ret, o, "2");
	side_by_side(cells, t->column_count, widths, ret);
	layout_colour(ret, o, "0");
	for (size_t r = 0; r < t->row_count; r++) {
		for (size_t c = 0; c < t->column_count; c++)
			wrapped(t, r, c, widths[c], &cells[c]);
		text_add(ret, "\n");
		side_by_side(cells, t->column_count, widths, ret);
	}
	for (size_t c = 0; c < t->column_count; c++)
		text_clear(&cells[c]);
}

static void rows_stacked(const struct table *t, const struct render_options *o, struct text *ret)
{
	_cleanup_text_ struct text text = TEXT_NULL;
	size_t head = 0;

	for (size_t c = 1; c < t->column_count; c++)
		head = max_of(head, layout_columns(head_of(&t->columns[c])));
	for (size_t r = 0; r < t->row_count; r++) {
		cell(t, r, 0, &text);
		text_add(ret, r ? "\n" : "");
		layout_pad(ret, INDENT);
		layout_colour(ret, o, "1");
		text_add(ret, text_get(&text));
		layout_colour(ret, o, "0");
		text_add(ret, "\n");
		for (size_t c = 1; c < t->column_count; c++) {
			const char *name = head_of(&t->columns[c]);
			size_t indent = 2 * INDENT + head + GAP;

			cell(t, r, c, &text);
			layout_pad(ret, 2 * INDENT);
			text_add(ret, name);
			layout_pad(ret, head - layout_columns(name) + GAP);
			layout_wrap(ret, text_get(&text), indent, indent, o->width);
			text_add(ret, "\n");
		}
	}
}

void table_wide_rows(const struct table *t, const struct render_options *o, struct text *ret)
{
	size_t widths[TABLE_COLUMNS_MAX], wide = t->column_count - 1, each;

	each = (o->width - min_of((size_t)o->width, (size_t)INDENT + FIRST_MAX + GAP * wide)) / wide;
	if (each < SIDE_BY_SIDE_MIN) {
		rows_stacked(t, o, ret);
		return;
	}
	widths[0] = FIRST_MAX;
	for (size_t c = 1; c < t->column_count; c++)
		widths[c] = each;
	rows_side_by_side(t, widths, o, ret);
}
