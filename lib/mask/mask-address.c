/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses: each bit is turned over, or not, by a keyed hash of the bits before it (Xu, Fan, Ammar and Moon 2002), so
 * that networks stay networks. Bits that decide of which kind an address is are never turned.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "mask/mask-private.h"

struct network {
	uint8_t bytes[16];
	unsigned length;
};

static const struct network kinds_v4[] = {
	{{0}, 8},		{{10}, 8},	    {{100, 64}, 10},	{{127}, 8},	    {{169, 254}, 16},
	{{172, 16}, 12},	{{192, 168}, 16},   {{198, 18}, 15},	{{224}, 4},	    {{240}, 4},
	{{255, 255, 255, 255}, 32},
};

/* Unspecified, loopback, IPv4 in IPv6, NAT64, unique local, link-local, multicast of a scope. */
static const struct network kinds_v6[] = {
	{{0}, 128},
	{{[15] = 1}, 128},
	{{[10] = 0xff, 0xff}, 96},
	{{0, 0x64, 0xff, 0x9b}, 96},
	{{0xfc}, 8},
	{{0xfd}, 8},
	{{0xfe, 0x80}, 64},
	{{0xff, 0x01}, 16},
	{{0xff, 0x02}, 16},
	{{0xff, 0x05}, 16},
	{{0xff, 0x0e}, 16},
};

/* Do the first n bits agree? */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned n)
{
	return !memcmp(a, b, n / 8) && (n % 8 == 0 || (a[n / 8] ^ b[n / 8]) >> (8 - n % 8) == 0);
}

static bool decides_kind(const struct network *kinds, size_t count, const uint8_t *address, unsigned bit)
{
	for (size_t i = 0; i < count; i++)
		if (kinds[i].length > bit && same_bits(kinds[i].bytes, address, bit))
			return true;
	return false;
}

static bool within(const struct network *kinds, size_t i, const uint8_t *address)
{
	return same_bits(kinds[i].bytes, address, kinds[i].length);
}

static void turn(struct mask *m, enum mask_kind kind, const struct network *kinds, size_t count, uint8_t *address,
		 unsigned bits)
{
	uint8_t before[17] = {0}, result[16];

	memcpy(result, address, bits / 8);
	for (unsigned bit = 0; bit < bits; bit++) {
		uint8_t one = (uint8_t)(0x80 >> bit % 8);

		before[16] = (uint8_t)bit;
		if (!decides_kind(kinds, count, address, bit) && mask_hash(m, kind, before, sizeof(before)) & 1)
			result[bit / 8] ^= one;
		before[bit / 8] |= address[bit / 8] & one;
	}
	memcpy(address, result, bits / 8);
}

void mask_ipv4(struct mask *m, uint8_t address[4])
{
	/* Everybody's own: "any" and loopback. */
	if (address[0] == 0 || address[0] == 127)
		return;
	turn(m, MASK_IPV4, kinds_v4, ARRAY_SIZE(kinds_v4), address, 32);
}

void mask_ipv6(struct mask *m, uint8_t address[16])
{
	if (within(kinds_v6, 2, address) || within(kinds_v6, 3, address))
		mask_ipv4(m, address + 12);
	else
		turn(m, MASK_IPV6, kinds_v6, ARRAY_SIZE(kinds_v6), address, 128);
}

/* Length of the address at the beginning of the word, in its text; 0: there is none. */
static size_t address_length(const char *word, size_t n)
{
	size_t length = strspn(word, "0123456789abcdefABCDEF:.");

	length = min_of(length, n);
	/* "10.0.0.1:80": more than one colon is IPv6. */
	if (memchr(word, '.', length)) {
		const char *colon = memchr(word, ':', length);

		if (colon && !memchr(colon + 1, ':', length - (size_t)(colon + 1 - word)))
			length = (size_t)(colon - word);
	}
	return length;
}

bool mask_address_word(struct mask *m, const char *word, size_t n, struct text *ret)
{
	size_t open = n && *word == '[', length = address_length(word + open, n - open);
	char text[INET6_ADDRSTRLEN + 1];
	uint8_t bytes[16];
	int family;

	if (!length || length >= sizeof(text))
		return false;
	memcpy(text, word + open, length);
	text[length] = 0;
	family = inet_pton(AF_INET, text, bytes) == 1 ? AF_INET : inet_pton(AF_INET6, text, bytes) == 1 ? AF_INET6 : 0;
	/* Behind it only a port, the length of a prefix, or both a bracket and a port. */
	if (!family || strspn(word + open + length, "]:/0123456789*") < n - open - length)
		return false;
	if (family == AF_INET)
		mask_ipv4(m, bytes);
	else
		mask_ipv6(m, bytes);
	inet_ntop(family, bytes, text, sizeof(text));
	text_addf(ret, "%s%s", open ? "[" : "", text);
	text_addn(ret, word + open + length, n - open - length);
	return true;
}
