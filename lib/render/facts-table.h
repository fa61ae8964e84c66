/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was measured, fact by fact. */
#pragma once

#include "render/render.h"

/* One fact of one subject. Strings hold until the function that is given it returns. */
struct fact_row {
	const char *fact;
	const char *subject; /* "": the host; untrusted */
	const struct value *value;
	const char *text;  /* the value for people, or NULL; untrusted */
	const char *delta; /* growth over the window, or NULL */
	const char *unit;
	const char *about; /* with the source, or why it is not known; untrusted */
};

typedef void (*fact_row_fn)(void *user, const struct fact_row *row);

/* Every fact whose name matches the glob (NULL: all): the sysctls, then those of each subject. */
void facts_each(const struct facts *f, const char *pattern, fact_row_fn fn, void *user);
/* The same as a table, whose cells are from the arena. */
void facts_table(struct table *t, const struct facts *f, const char *pattern, struct arena *a);
