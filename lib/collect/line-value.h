/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel makes of a value as it stands in a file: proc_get_long() and its callers in kernel/sysctl.c take
 * decimal, octal and hexadecimal numbers, stop at the last one that they need, and drop what follows without a word.
 */
#pragma once

#include "catalogue/catalogue.h"

struct line_value {
	double numbers[SYSCTL_ELEMENTS_MAX]; /* as the kernel reads them, in the raw unit */
	unsigned taken;			     /* how many of those */
	unsigned words;			     /* numbers in the line, those that nobody needs among them */
	const char *malformed;		     /* a clause: what is refused or taken for something else, or NULL */
	const char *out_of_range;	     /* a clause, or NULL */
	bool refused;			     /* the write fails, and the value stays as it was */
	bool nonsense;			     /* out_of_range is a value without meaning, or far beyond reason */
	bool unordered;			     /* numbers that should ascend do not */
};

/* raw: as in the file, without blanks around it; untrusted. Texts are from the arena. */
/* kernel_bounds: the kernel-min and kernel-max of the section hold here, so that what is outside is refused. */
void line_value_read(struct arena *a, const struct sysctl_def *def, const char *raw, bool kernel_bounds, struct line_value *ret);
/* The same for a key of which nothing is known but its value: only what no key can mean. */
const char *line_value_suspect(struct arena *a, const char *raw);
/* Do two texts mean the same to the kernel? Both canonical; def NULL: a key that the catalogue does not have. */
bool sysctl_same_value(const struct sysctl_def *def, const char *a, const char *b);
