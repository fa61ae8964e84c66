/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strict INI reading on top of inih. As packaged, inih splits a 200-character line and parses the tail as
 * another key, cuts section names at 49 characters, and keeps no line numbers; here such a file is an error.
 */
#pragma once

#include <stddef.h>
#include "base/diag.h"

enum {
	INI_FILE_MAX = 1024 * 1024, /* larger files are refused unread */
	INI_LINE_MAX_LENGTH = 190,
	INI_SECTION_MAX = 49,
	INI_VALUE_MAX = 4096, /* of a value with its continuation lines */
};

struct ini_entry {
	const char *file;
	unsigned line;
	const char *section; /* "" before the first header */
	unsigned section_line;
	const char *key;
	const char *value; /* continuation lines joined by one space */
};

/* Called once for each key, in file order. A negative return ends the reading and becomes its result. */
typedef int (*ini_entry_fn)(void *user, const struct ini_entry *e, struct diag *d);

/*
 * Parse n bytes of a file. `format = 1` must be the first key; it is checked here and not passed on.
 * Returns 0, or -errno with *d filled. The callback may already have run for entries before the error, so a
 * caller discards what it gathered.
 */
int ini_read(const char *file, const char *bytes, size_t n, ini_entry_fn fn, void *user,
	     struct diag *d) _must_check_;
