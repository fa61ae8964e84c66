/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers by numbers: a keyed hash, and permutations made of it. */
#include <endian.h>
#include <string.h>
#include "mask/mask-private.h"

struct sip {
	uint64_t v[4];
};

static uint64_t rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(struct sip *s)
{
	uint64_t *v = s->v;

	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v[3] ^= word;
	sip_round(s);
	sip_round(s);
	s->v[0] ^= word;
}

static uint64_t load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* Aumasson and Bernstein 2012. The kind is a word before the bytes. */
uint64_t mask_hash(struct mask *m, enum mask_kind kind, const void *bytes, size_t n)
{
	uint64_t k0 = load(m->key), k1 = load(m->key + 8);
	struct sip s = {{k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL, k0 ^ 0x6c7967656e657261ULL,
			 k1 ^ 0x7465646279746573ULL}};
	uint8_t last[8] = {0};
	const uint8_t *p = bytes;
	size_t left = n;

	sip_word(&s, kind);
	for (; left >= 8; left -= 8, p += 8)
		sip_word(&s, load(p));
	if (left)
		memcpy(last, p, left);
	last[7] = (uint8_t)(n + 8);
	sip_word(&s, load(last));
	s.v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

/* A Feistel network: one to one over numbers of so many bits, an even number. */
static uint64_t permute(struct mask *m, enum mask_kind kind, unsigned bits, uint64_t x)
{
	unsigned half = bits / 2;
	uint64_t low = (1ULL << half) - 1, left = x >> half & low, right = x & low, next;

	for (uint64_t round = 0; round < 8; round++) {
		uint64_t words[2] = {htole64(round), htole64(right)};

		next = left ^ (mask_hash(m, kind, words, sizeof(words)) & low);
		left = right;
		right = next;
	}
	return left << half | right;
}

/* Bits, and what stays: below `least`, and `most` itself and more. */
static const struct {
	unsigned bits;
	uint64_t least, most;
} ranges[] = {
	[MASK_PID] = {22, 2, 1 << 22},
	[MASK_UID] = {32, 1, 0xfffffffe},
	[MASK_INODE] = {32, 1, 1ULL << 32},
	[MASK_CGROUP] = {40, 2, 1ULL << 40},
	[MASK_VLAN] = {12, 1, 4095},
};

uint64_t mask_number(struct mask *m, enum mask_kind kind, uint64_t v)
{
	unsigned bits = ranges[kind].bits;
	uint64_t least = ranges[kind].least, most = ranges[kind].most;

	/* Larger ones name nothing on a running kernel but handles of old file systems. */
	if (v >= most && kind == MASK_CGROUP) {
		bits = 64;
		least = most;
		most = UINT64_MAX;
	}
	if (v < least || v >= most)
		return v;
	/* Within the bits some lie outside the range: from there it goes on until it is back. */
	do
		v = permute(m, kind, bits, v);
	while (v < least || v >= most);
	return v;
}
