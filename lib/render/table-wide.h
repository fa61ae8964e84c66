/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of sentences: tables with more than one column that wraps. */
#pragma once

#include "render/render.h"

/* Does the table have several wide columns? Then this, and not table.c, lays out its rows. */
bool table_is_wide(const struct table *t);
/*
 * Side by side where the width gives each wide column enough, else one below the other under the first column. `heads`
 * and rows end with a line feed; the title is the caller's.
 */
void table_wide_rows(const struct table *t, const struct render_options *o, struct text *ret);
