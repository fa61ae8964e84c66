/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Papers, given their checksum here: what is understood is written as something that means the same. And what the vetted
 * table lets be written: an input with a NUL in it is a number of a key, an old value, a NUL and a new value.
 */
#include "fuzz.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>

#include "apply/paper.h"
#include "apply/vetted.h"

static uint32_t crc32(const uint8_t *bytes, size_t n)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void check_paper(const uint8_t *data, size_t size)
{
	static struct paper p, again;
	static char text[PAPER_MAX], same[PAPER_MAX];
	_cleanup_free_ char *whole = malloc(size + 16);
	int n;

	check(whole != NULL);
	memcpy(whole, data, size);
	snprintf(whole + size, 16, "end %08" PRIx32 "\n", crc32(data, size));
	if (paper_parse(whole, size + 12, &p) < 0)
		return;
	n = paper_format(&p, text, sizeof(text));
	check(n > 0 && !memchr(text, 0, (size_t)n));
	check(paper_parse(text, (size_t)n, &again) == 0);
	check(again.change_count == p.change_count && again.measure_count == p.measure_count && again.begun == p.begun);
	check(paper_format(&again, same, sizeof(same)) == n && !memcmp(text, same, (size_t)n));
	/* Not one bit of it may be another one. */
	text[size % (size_t)n] ^= (char)(1 << size % 8);
	check(paper_parse(text, (size_t)n, &again) < 0);
}

/* Bounds are asked for by hand: an element stays, or it is inside. */
static void check_numbers(const struct vetted *v, const char *old, const char *new)
{
	char *end_old, *end_new;

	for (unsigned i = 0; i < v->elements; i++) {
		double before = strtod(old, &end_old), after = strtod(new, &end_new);

		check(end_new != new && (*end_new == ' ' || !*end_new));
		if (after != before && v->bounded)
			check(after >= v->min[i] && after <= v->max[i]);
		if (v->class == VETTED_RAISE)
			check(after >= before);
		old = end_old;
		new = end_new;
	}
	check(!*new);
}

static void check_vetted(const uint8_t *data, size_t size)
{
	const struct vetted *v = &vetted_table[data[0] % vetted_count];
	_cleanup_free_ char *text = malloc(size + 1);
	const char *old = text, *new;

	check(text != NULL && vetted_find(v->key) == v && !strncmp(v->path, "/proc/sys/net/", 14));
	memcpy(text, data + 1, size - 1);
	text[size - 1] = text[size] = 0;
	new = old + strlen(old) + 1;
	if (vetted_refusal(v, old, new))
		return;
	check(*new || v->type == VETTED_RANGES);
	for (const char *s = new; *s; s++)
		check(isalnum((unsigned char)*s) || strchr(" _-,", *s));
	if (v->type == VETTED_NUMBER)
		check_numbers(v, old, new);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && memchr(data, 0, size))
		check_vetted(data, size);
	else
		check_paper(data, size);
	return 0;
}
