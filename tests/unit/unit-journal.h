/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the journal's native protocol as journald does, strictly: for the unit test and the fuzzer. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

enum { NATIVE_FIELDS_MAX = 64 };

struct native {
	struct native_field {
		char name[65];
		const char *value; /* in the datagram */
		size_t n;
	} fields[NATIVE_FIELDS_MAX];
	size_t count;
};

static inline bool native_name_valid(const char *s, size_t n)
{
	if (!n || n > 64 || *s == '_' || (*s >= '0' && *s <= '9'))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!(s[i] >= 'A' && s[i] <= 'Z') && !(s[i] >= '0' && s[i] <= '9') && s[i] != '_')
			return false;
	return true;
}

/* False where any byte is not part of a field as it should be. */
static inline bool native_parse(const char *p, size_t left, struct native *ret)
{
	ret->count = 0;
	while (left) {
		const char *end = memchr(p, '\n', left);
		const char *is = end ? memchr(p, '=', (size_t)(end - p)) : NULL;
		struct native_field *f = &ret->fields[ret->count];
		size_t name = (size_t)((is ? is : end) - p), used;

		if (!end || ret->count == NATIVE_FIELDS_MAX || !native_name_valid(p, name))
			return false;
		memcpy(f->name, p, name);
		f->name[name] = 0;
		if (is) {
			f->value = is + 1;
			f->n = (size_t)(end - f->value);
			used = (size_t)(end - p) + 1;
		} else {
			uint64_t n = 0;

			if (left < name + 1 + 8 + 1)
				return false;
			for (unsigned i = 0; i < 8; i++)
				n |= (uint64_t)(unsigned char)end[1 + i] << (8 * i);
			f->value = end + 9;
			f->n = (size_t)n;
			if (n > left - name - 10 || f->value[n] != '\n')
				return false;
			used = name + 10 + (size_t)n;
		}
		ret->count++;
		p += used;
		left -= used;
	}
	return true;
}

/* The only field of a name; NULL: there is none, or several. */
static inline const struct native_field *native_find(const struct native *x, const char *name)
{
	const struct native_field *found = NULL;

	for (size_t i = 0; i < x->count; i++)
		if (!strcmp(x->fields[i].name, name)) {
			if (found)
				return NULL;
			found = &x->fields[i];
		}
	return found;
}

/*
 * What was escaped, back as it was, into buf of n bytes or more: "\\" and "\x1b". Returns the length; stops before
 * a final mark of what was cut (*cut).
 */
static inline size_t native_unescape(const char *s, size_t n, bool *cut, char *buf)
{
	size_t out = 0;

	*cut = n >= 3 && !memcmp(s + n - 3, "…", 3);
	n -= *cut ? 3 : 0;
	for (size_t i = 0; i < n; i++)
		if (s[i] != '\\') {
			buf[out++] = s[i];
		} else if (i + 1 < n && s[i + 1] == '\\') {
			buf[out++] = '\\';
			i++;
		} else {
			char hex[3] = {i + 2 < n ? s[i + 2] : 0, i + 3 < n ? s[i + 3] : 0, 0};

			buf[out++] = (char)strtoul(hex, NULL, 16);
			i += 3;
		}
	return out;
}
