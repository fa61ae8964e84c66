/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named thresholds: the numbers that profiles may move, each with a dimension and a meaning. */
#pragma once

#include "base/arena.h"
#include "base/dim.h"

struct threshold {
	const char *name, *about;
	enum dim dim;
	double value; /* where no profile says otherwise */
};

struct thresholds {
	struct threshold *rows;
	size_t count;
};

/* Row of that name, or -1. */
int threshold_find(const struct thresholds *t, const char *name);
