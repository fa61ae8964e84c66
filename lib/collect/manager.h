/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles of tuned, as far as they set sysctls. */
#pragma once

#include <stddef.h>
#include "base/arena.h"

enum { TUNED_KEYS_MAX = 256, TUNED_FILE_MAX = 256 * 1024 };

struct tuned_key {
	const char *key;   /* with dots; untrusted */
	const char *value; /* as it stands, ">" or "<" before it for "only raise" and "only lower" */
	const char *file;
	unsigned line;
};

struct tuned_profile {
	struct arena *arena; /* of the caller's */
	struct tuned_key keys[TUNED_KEYS_MAX]; /* a later line takes the place of an earlier one */
	size_t count;
};

/*
 * What the sections on sysctls of a tuned.conf set, added to p; cuts the bytes. What a file includes is for the caller
 * to read first: tuned_includes() finds it.
 */
void tuned_parse(struct tuned_profile *p, const char *file, char *bytes);
/* The names behind include= of [main], "" where there are none; up to size - 1 bytes. */
void tuned_includes(const char *bytes, char *ret, size_t size);
