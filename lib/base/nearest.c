/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/nearest.h"

#include <string.h>
#include "base/macro.h"

enum { EDITS_MAX = 4 };

size_t edit_distance(const char *a, const char *b, size_t most)
{
	size_t n = strnlen(a, EDIT_NAME_MAX + 1), m = strnlen(b, EDIT_NAME_MAX + 1);
	unsigned short rows[3][EDIT_NAME_MAX + 1];
	unsigned short *before = rows[0], *last = rows[1], *row = rows[2], *free_row;

	if (n > EDIT_NAME_MAX || m > EDIT_NAME_MAX || (n > m ? n - m : m - n) > most)
		return most + 1;
	for (size_t k = 0; k <= m; k++)
		last[k] = (unsigned short)k;
	for (size_t i = 1; i <= n; i++) {
		size_t least = row[0] = (unsigned short)i;

		for (size_t k = 1; k <= m; k++) {
			size_t d = last[k - 1] + (size_t)(a[i - 1] != b[k - 1]);

			d = min_of(d, (size_t)last[k] + 1);
			d = min_of(d, (size_t)row[k - 1] + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				d = min_of(d, (size_t)before[k - 2] + 1);
			row[k] = (unsigned short)d;
			least = min_of(least, d);
		}
		/* A swap reaches back two rows, so that one row alone may exceed the bound by one. */
		if (least > most + 1)
			return most + 1;
		free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return min_of((size_t)last[m], most + 1);
}

void nearest_offer(struct nearest *n, const char *asked, const char *candidate)
{
	size_t most = min_of(strlen(asked) / 4, (size_t)EDITS_MAX), d;

	if (n->name && n->distance == 0)
		return;
	most = n->name ? min_of(most, n->distance - 1) : most;
	d = edit_distance(asked, candidate, most);
	if (d <= most)
		*n = (struct nearest){candidate, d};
}
