/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A histogram of microseconds with eight steps to each doubling: a quantile is right within 7 %. */
#pragma once

#include <stdint.h>

enum { HISTOGRAM_STEPS = 8, HISTOGRAM_BUCKETS = 29 * HISTOGRAM_STEPS };

struct histogram {
	uint32_t count[HISTOGRAM_BUCKETS];
	uint32_t total, min, max;
};

void histogram_add(struct histogram *h, uint32_t v);
/* The value below which a share q (0..1) of the values lies, within the least and greatest seen; 0 if empty. */
double histogram_quantile(const struct histogram *h, double q);
