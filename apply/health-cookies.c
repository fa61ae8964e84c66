/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/health-cookies.h"

#include <stdlib.h>
#include "base/hash.h"

enum { SLOTS_FIRST = 1 << 12 };

static uint32_t print_of(uint64_t cookie)
{
	uint32_t print = (uint32_t)hash_u64(cookie);

	return print ? print : 1;
}

/* Where it stands, or the free slot where it would. */
static size_t slot_of(const uint32_t *slots, size_t size, uint32_t print)
{
	size_t at = print & (size - 1);

	while (slots[at] && slots[at] != print)
		at = (at + 1) & (size - 1);
	return at;
}

static bool grow(struct cookies *c)
{
	size_t size = c->size ? 2 * c->size : SLOTS_FIRST;
	uint32_t *slots = size <= COOKIES_SLOTS_MAX ? calloc(size, sizeof(*slots)) : NULL;

	if (!slots)
		return false;
	for (size_t i = 0; i < c->size; i++)
		if (c->slots[i])
			slots[slot_of(slots, size, c->slots[i])] = c->slots[i];
	free(c->slots);
	c->slots = slots;
	c->size = size;
	return true;
}

void cookies_add(struct cookies *c, uint64_t cookie)
{
	uint32_t print = print_of(cookie);
	size_t at;

	if (cookies_has(c, cookie))
		return;
	if (c->count >= c->size / 4 * 3 && !grow(c)) {
		c->full = true;
		return;
	}
	at = slot_of(c->slots, c->size, print);
	c->slots[at] = print;
	c->count++;
}

bool cookies_has(const struct cookies *c, uint64_t cookie)
{
	return c->size && c->slots[slot_of(c->slots, c->size, print_of(cookie))];
}

void cookies_clear(struct cookies *c)
{
	free(c->slots);
	*c = (struct cookies){0};
}
