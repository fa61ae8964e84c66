/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts, rules and findings come and go as arenas of large blocks: mapped one by one they leave no holes in the heap, which
 * would grow to the sum of what ever lived side by side. And what is mapped is zero already: a table of which little is used
 * costs little.
 */
#pragma once

#include <malloc.h>

/* To be called before anything is allocated, by whoever runs the engine: the service, and the benchmark of its memory. */
static inline void memory_keep_small(void)
{
	mallopt(M_MMAP_THRESHOLD, 32 * 1024);
	mallopt(M_TRIM_THRESHOLD, 64 * 1024);
}
