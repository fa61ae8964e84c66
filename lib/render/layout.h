/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for terminals: width, wrapping, colour. Shared by the text renderers. */
#pragma once

#include "render/render.h"

/* Columns that UTF-8 text takes; every code point counts one. */
size_t layout_columns(const char *s);
/* Add s wrapped at width, every line but the first indented; the first begins at column `at`. */
void layout_wrap(struct text *t, const char *s, size_t at, size_t indent, size_t width);
void layout_pad(struct text *t, size_t columns);
/* An SGR sequence where colour is wanted. */
void layout_colour(struct text *t, const struct render_options *o, const char *sgr);
/* The severity's name in its colour, and blanks up to the width. */
void layout_severity(struct text *t, const struct render_options *o, enum severity s, size_t width);
/* The value for people: escaped text, a quantity, or "?" where it is missing. */
void layout_value(struct text *t, const struct value *v, enum dim dim);
/* The first line of what is said of a host: who says it, of which host and profile. */
void layout_header(const struct report *report, const struct report_part *p, const struct render_options *o, struct text *t);
