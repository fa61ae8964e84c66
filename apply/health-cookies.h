/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that were there before a change, by their cookies. Cookies are made when somebody first asks for one, so they
 * tell nothing of a socket's age: new is what was never seen. Of each cookie 32 bits of its hash are kept: a new socket may
 * then be taken for one that was seen, one in ten thousand at most, and goes unjudged; never the other way round.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COOKIES_SLOTS_MAX = 1 << 19, COOKIES_MAX = COOKIES_SLOTS_MAX / 4 * 3 };

struct cookies {
	uint32_t *slots; /* open addressing; 0: free */
	size_t size, count;
	bool full; /* there were more: nobody can tell any more what is new */
};

void cookies_add(struct cookies *c, uint64_t cookie);
bool cookies_has(const struct cookies *c, uint64_t cookie);
void cookies_clear(struct cookies *c);
