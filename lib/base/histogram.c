/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/histogram.h"

#include <math.h>

/* Values below 8 have a bucket each; above, the three bits after the leading one choose the step. */
static unsigned bucket_of(uint32_t v)
{
	unsigned octave;

	if (v < HISTOGRAM_STEPS)
		return v;
	octave = 31u - (unsigned)__builtin_clz(v);
	return (octave - 2) * HISTOGRAM_STEPS + (v >> (octave - 3) & 7);
}

static double lower_edge(unsigned bucket)
{
	unsigned octave = bucket / HISTOGRAM_STEPS + 2;

	if (bucket < HISTOGRAM_STEPS)
		return bucket;
	return ldexp(1.0 + (bucket % HISTOGRAM_STEPS) / 8.0, (int)octave);
}

void histogram_add(struct histogram *h, uint32_t v)
{
	unsigned b = bucket_of(v);

	h->count[b < HISTOGRAM_BUCKETS ? b : HISTOGRAM_BUCKETS - 1]++;
	if (!h->total || v < h->min)
		h->min = v;
	if (v > h->max)
		h->max = v;
	h->total++;
}

double histogram_quantile(const struct histogram *h, double q)
{
	double rank = q * h->total, seen = 0, v = h->max;

	if (q <= 0 || q >= 1)
		return q <= 0 ? h->min : h->max;
	for (unsigned b = 0; b < HISTOGRAM_BUCKETS && h->total; b++) {
		if (!h->count[b] || seen + h->count[b] < rank) {
			seen += h->count[b];
			continue;
		}
		/* The middle is at most 6.25 % from wherever in the bucket the values are. */
		v = b < HISTOGRAM_STEPS ? b : (lower_edge(b) + lower_edge(b + 1)) / 2;
		break;
	}
	return fmin(fmax(v, h->min), h->max);
}
