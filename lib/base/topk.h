/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The heaviest keys of a stream in fixed memory: Space-Saving (Metwally 2005) in sets of eight, so that an update
 * looks at eight entries at most. A newcomer to a full set takes the place of its lightest and inherits the weight
 * as its error; a key that holds more than an eighth of its set's weight is never lost.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Entries begin with this head, then the key, then what the caller gathers. */
struct topk_head {
	uint64_t hash;	 /* 0: free */
	uint64_t weight; /* inherited error included */
	uint64_t error;
};

struct topk {
	unsigned char *entries;
	size_t entry_size, key_size;
	unsigned sets; /* a power of two */
	uint64_t evicted;
};

enum { TOPK_WAYS = 8 };

void topk_init(struct topk *t, size_t entry_size, size_t key_size, unsigned sets);
void topk_clear(struct topk *t);
/* The entry for a key, made anew (zeroed behind the key) where there was none; weight is added. */
void *topk_touch(struct topk *t, const void *key, uint64_t hash, uint64_t weight);
/* The entry for a key, or NULL; nothing changes. */
void *topk_find(const struct topk *t, const void *key, uint64_t hash);
/* Pointers to the used entries, heaviest first, at most max. Returns how many. */
size_t topk_ranked(const struct topk *t, void **ret, size_t max);
