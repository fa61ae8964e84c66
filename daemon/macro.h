/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocation that does not fail: where memory ran out there is nothing to watch with; systemd starts us again. */
#pragma once

#include <stdlib.h>
#include <string.h>
#include "base/macro.h"

static inline char *must_strndup(const char *s, size_t n)
{
	char *copy = strndup(s, n);

	if (!copy)
		abort();
	return copy;
}

static inline char *must_strdup(const char *s)
{
	return must_strndup(s, strlen(s));
}

static inline void *must_realloc(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n ? n : 1, size);
	if (!p)
		abort();
	return p;
}

static inline void *must_calloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		abort();
	return p;
}
