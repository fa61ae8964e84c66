/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/topk.h"

#include <stdlib.h>
#include <string.h>

void topk_init(struct topk *t, size_t entry_size, size_t key_size, unsigned sets)
{
	*t = (struct topk){.entry_size = entry_size, .key_size = key_size, .sets = sets};
	/* calloc of this size is untouched memory: only used entries cost. */
	t->entries = calloc((size_t)sets * TOPK_WAYS, entry_size);
	if (!t->entries)
		abort();
}

void topk_clear(struct topk *t)
{
	free(t->entries);
	*t = (struct topk){0};
}

static struct topk_head *entry_at(const struct topk *t, size_t i)
{
	return (struct topk_head *)(t->entries + i * t->entry_size);
}

static struct topk_head *set_of(const struct topk *t, uint64_t hash)
{
	return entry_at(t, (size_t)(hash >> 32 & (t->sets - 1)) * TOPK_WAYS);
}

static struct topk_head *next(const struct topk *t, struct topk_head *h)
{
	return (struct topk_head *)((unsigned char *)h + t->entry_size);
}

void *topk_find(const struct topk *t, const void *key, uint64_t hash)
{
	struct topk_head *h = set_of(t, hash);

	hash |= 1;
	for (unsigned i = 0; i < TOPK_WAYS; i++, h = next(t, h))
		if (h->hash == hash && !memcmp(h + 1, key, t->key_size))
			return h;
	return NULL;
}

void *topk_touch(struct topk *t, const void *key, uint64_t hash, uint64_t weight)
{
	struct topk_head *h = topk_find(t, key, hash), *lightest;

	if (h) {
		h->weight += weight;
		return h;
	}
	lightest = h = set_of(t, hash);
	for (unsigned i = 0; i < TOPK_WAYS && lightest->hash; i++, h = next(t, h))
		if (!h->hash || h->weight < lightest->weight)
			lightest = h;
	h = lightest;
	t->evicted += h->hash != 0;
	memset((unsigned char *)(h + 1), 0, t->entry_size - sizeof(*h));
	memcpy(h + 1, key, t->key_size);
	h->hash = hash | 1;
	h->error = h->weight;
	h->weight += weight;
	return h;
}

static int heavier_first(const void *a, const void *b)
{
	const struct topk_head *x = *(void *const *)a, *y = *(void *const *)b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

size_t topk_ranked(const struct topk *t, void **ret, size_t max)
{
	size_t all = (size_t)t->sets * TOPK_WAYS, n = 0;
	void **found = calloc(all, sizeof(*found));

	if (!found)
		abort();
	for (size_t i = 0; i < all; i++)
		if (entry_at(t, i)->hash)
			found[n++] = entry_at(t, i);
	qsort(found, n, sizeof(*found), heavier_first);
	n = n < max ? n : max;
	memcpy(ret, found, n * sizeof(*found));
	free(found);
	return n;
}
