/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mixing for the tables keyed by socket cookies, addresses and cgroup ids (the finaliser of MurmurHash3). */
#pragma once

#include <stdint.h>

static inline uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

static inline uint64_t hash_two(uint64_t a, uint64_t b)
{
	return hash_u64(a ^ hash_u64(b + 0x9e3779b97f4a7c15ULL));
}
