/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counter files of /proc/net, each input in the hands of every parser. */
#include "fuzz.h"

#include <math.h>

#include "collect/procnet.h"

static void on_pair(void *user, const char *prefix, const char *name, double v)
{
	unsigned *pairs = user;

	check(*prefix && *name && !strpbrk(prefix, " \n") && !strpbrk(name, " \n"));
	check(isfinite(v));
	++*pairs;
}

static char *copy_of(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);

	check(copy != NULL);
	memcpy(copy, data, size);
	copy[size] = 0;
	return copy;
}

static size_t count_lines(const char *s)
{
	size_t n = *s != 0;

	for (; *s; s++)
		n += *s == '\n' && s[1];
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pairs = copy_of(data, size), *words = copy_of(data, size), *columns = copy_of(data, size);
	double processed = -1, dropped = -1, squeezed = -1;
	unsigned told = 0;
	int r = procnet_pairs(pairs, on_pair, &told);

	/* What is no number is counted and not told. */
	check(r < 0 || told <= (unsigned)r);
	told = 0;
	r = procnet_sockstat(words, on_pair, &told);
	check(r < 0 || told == (unsigned)r);
	r = procnet_softnet(columns, &processed, &dropped, &squeezed);
	if (r >= 0)
		check((size_t)r == count_lines(columns) && processed >= 0 && dropped >= 0 && squeezed >= 0 &&
		      dropped <= 4294967295.0 * r && squeezed <= 4294967295.0 * r);
	free(pairs);
	free(words);
	free(columns);
	return 0;
}
