/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nearest of many names to one that nobody knows: "did you mean …?" */
#pragma once

#include <stddef.h>

enum { EDIT_NAME_MAX = 256 };

/*
 * Edits (insert, delete, replace, swap two neighbours) that make a into b: the optimal string alignment distance. More
 * than `most` is told as most + 1, as is every name longer than EDIT_NAME_MAX bytes.
 */
size_t edit_distance(const char *a, const char *b, size_t most);

/* Offer candidates one by one; the first of the nearest stays. Begin with NEAREST_NULL. */
struct nearest {
	const char *name; /* NULL: none is near enough to be meant */
	size_t distance;
};
#define NEAREST_NULL ((struct nearest){NULL, 0})

/* Near enough is one edit for each four characters of what was asked for, and at most four. The name is borrowed. */
void nearest_offer(struct nearest *n, const char *asked, const char *candidate);
