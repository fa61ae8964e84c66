/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bump allocator: everything that one judgement or one rule set holds is freed at once. Allocation never
 * returns NULL: a tool that cannot get a few kilobytes cannot say anything useful, so it aborts.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include "base/macro.h"

struct arena {
	struct arena_block *last;
};

#define ARENA_NULL ((struct arena){NULL})

/* Zeroed memory, aligned for any type, owned by the arena. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) _printf_(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) _printf_(2, 0);
void arena_clear(struct arena *a);

#define arena_new(a, type)	((type *)arena_alloc(a, sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc(a, sizeof(type) * (n)))
