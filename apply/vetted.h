/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may be applied: compiled in from rules/sysctl/ (vetted.awk), never read from the running host. A key that is not
 * here is advised on at most: those of interfaces, those that need uid 0 (fs, vm, kernel), lists of words, and all that the
 * catalogue says `never` of.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "base/macro.h"

enum vetted_class { VETTED_GATED, VETTED_RAISE, VETTED_FREE };
enum vetted_type { VETTED_NUMBER, VETTED_WORD, VETTED_RANGES };

enum { VETTED_ELEMENTS = 3, VETTED_VALUES = 12 };

struct vetted {
	const char *key;  /* "net.ipv4.tcp_rmem" */
	const char *path; /* "/proc/sys/net/ipv4/tcp_rmem" */
	enum vetted_class class; /* GATED: for a measured symptom only; RAISE: only upwards */
	enum vetted_type type;
	unsigned elements;
	bool ascending;
	bool bounded;
	double min[VETTED_ELEMENTS], max[VETTED_ELEMENTS]; /* in the kernel's unit */
	unsigned value_count; /* instead of bounds */
	long values[VETTED_VALUES];
	const char *words; /* separated by blanks; NULL: any */
};

extern const struct vetted vetted_table[];
extern const size_t vetted_count;

/* NULL: never applied. */
const struct vetted *vetted_find(const char *key);
/* NULL where `new` may be written over `old` (both canonical); else a clause that says what is wrong. */
const char *vetted_refusal(const struct vetted *v, const char *old, const char *new);
