/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands for many numbers in little memory: the histogram and the table of the heaviest. */
#include "unit.h"

#include <math.h>

#include "base/hash.h"
#include "base/histogram.h"
#include "base/topk.h"

/* Histogram */

static void an_empty_histogram_has_no_quantile(void **state)
{
	struct histogram h = {0};

	(void)state;
	assert_true(histogram_quantile(&h, 0) == 0);
	assert_true(histogram_quantile(&h, 0.5) == 0);
	assert_true(histogram_quantile(&h, 1) == 0);
}

static void one_value_is_told_exactly(void **state)
{
	static const uint32_t values[] = {
		0, 1, 7, 8, 9, 15, 16, 10000, 80123, 1u << 30, (1u << 31) - 1, 1u << 31, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct histogram h = {0};

		histogram_add(&h, values[i]);
		histogram_add(&h, values[i]);
		for (double q = 0; q <= 1; q += 0.25)
			assert_true(histogram_quantile(&h, q) == values[i]);
	}
}

static void the_ends_are_the_least_and_the_greatest(void **state)
{
	struct histogram h = {0};

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		histogram_add(&h, 1000 + i * 7);
	assert_true(histogram_quantile(&h, 0) == 1000);
	assert_true(histogram_quantile(&h, 1) == 1000 + 999 * 7);
	assert_int_equal(h.total, 1000);
}

/* What a sorted list of the same values says: the value at rank q × n, rounded up. */
static double exact(const uint32_t *sorted, size_t n, double q)
{
	size_t rank = (size_t)ceil(q * (double)n);

	return sorted[rank ? rank - 1 : 0];
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

enum { SAMPLES = 2000 };

static void assert_quantiles(uint32_t *values, size_t n, const char *what)
{
	static const double quantiles[] = {0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99};
	struct histogram h = {0};

	for (size_t i = 0; i < n; i++)
		histogram_add(&h, values[i]);
	qsort(values, n, sizeof(*values), by_size);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++) {
		double got = histogram_quantile(&h, quantiles[i]), right = exact(values, n, quantiles[i]);

		/* Microseconds: one more or less is nothing. */
		if (fabs(got - right) > fmax(0.07 * right, 1))
			fail_msg("%s: the %g quantile is %g, not %g", what, quantiles[i], got, right);
	}
}

static void quantiles_of_any_mixture_are_right_within_seven_percent(void **state)
{
	uint32_t values[SAMPLES];

	(void)state;
	for (unsigned octave = 4; octave < 30; octave++) {
		for (size_t i = 0; i < SAMPLES; i++)
			values[i] = (1u << octave) + (uint32_t)(hash_u64(i) % (3ull << octave));
		assert_quantiles(values, SAMPLES, "even");
		for (size_t i = 0; i < SAMPLES; i++)
			values[i] = (uint32_t)(hash_u64(i) >> (33 + hash_u64(~i) % (31 - octave)));
		assert_quantiles(values, SAMPLES, "over many orders of magnitude");
	}
}

/* Round trips on a quiet path are all but equal, and one flow far away keeps them from being the greatest. */
static void quantiles_of_equal_values_are_right_within_seven_percent(void **state)
{
	uint32_t values[100];

	(void)state;
	for (uint32_t v = 16; v < 1000000; v += v / 16) {
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			values[i] = i ? v : 10 * v;
		assert_quantiles(values, ARRAY_SIZE(values), "equal");
	}
}

static void a_higher_quantile_is_never_lower(void **state)
{
	struct histogram h = {0};
	double before = 0;

	(void)state;
	for (uint64_t i = 0; i < SAMPLES; i++)
		histogram_add(&h, (uint32_t)(hash_u64(i) >> (32 + i % 32)));
	for (double q = 0; q <= 1; q += 0.001) {
		double v = histogram_quantile(&h, q);

		assert_true(v >= before && v >= h.min && v <= h.max);
		before = v;
	}
}

/* Table of the heaviest */

struct counted {
	struct topk_head head;
	uint64_t key;
	uint64_t seen;
};

static void topk_done(struct topk *t)
{
	topk_clear(t);
}

#define _cleanup_topk_ _cleanup_(topk_done)

static struct counted *touch(struct topk *t, uint64_t key, uint64_t weight)
{
	struct counted *c = topk_touch(t, &key, hash_u64(key), weight);

	c->seen++;
	return c;
}

static struct topk table(unsigned sets)
{
	struct topk t;

	topk_init(&t, sizeof(struct counted), sizeof(uint64_t), sets);
	return t;
}

static void a_key_has_one_entry(void **state)
{
	_cleanup_topk_ struct topk t = table(4);
	struct counted *c;
	void *ranked[4];
	uint64_t key = 7;

	(void)state;
	touch(&t, key, 3);
	c = touch(&t, key, 2);
	assert_int_equal(c->head.weight, 5);
	assert_int_equal(c->head.error, 0);
	assert_int_equal(c->seen, 2);
	assert_int_equal(c->key, key);
	assert_ptr_equal(topk_find(&t, &key, hash_u64(key)), c);
	assert_int_equal(topk_ranked(&t, ranked, 4), 1);
	assert_int_equal(t.evicted, 0);
	key = 8;
	assert_null(topk_find(&t, &key, hash_u64(key)));
	assert_int_equal(topk_ranked(&t, ranked, 4), 1);
}

/* The hash says where to look, the key decides. */
static void keys_with_one_hash_are_kept_apart(void **state)
{
	_cleanup_topk_ struct topk t = table(1);

	(void)state;
	for (uint64_t key = 0; key < TOPK_WAYS; key++)
		((struct counted *)topk_touch(&t, &key, 0, key + 1))->seen = key;
	for (uint64_t key = 0; key < TOPK_WAYS; key++) {
		struct counted *c = topk_find(&t, &key, 1);

		assert_non_null(c);
		assert_int_equal(c->key, key);
		assert_int_equal(c->seen, key);
	}
	assert_int_equal(t.evicted, 0);
}

static void a_newcomer_takes_the_lightest_place_and_its_weight_as_error(void **state)
{
	_cleanup_topk_ struct topk t = table(1);
	uint64_t gone = 3;
	struct counted *c;

	(void)state;
	for (uint64_t key = 0; key < TOPK_WAYS; key++)
		touch(&t, key, key == gone ? 5 : 10 + key);
	c = touch(&t, 100, 2);
	assert_int_equal(c->head.weight, 7);
	assert_int_equal(c->head.error, 5);
	assert_int_equal(c->seen, 1); /* nothing of the one before it */
	assert_null(topk_find(&t, &gone, hash_u64(gone)));
	assert_int_equal(t.evicted, 1);
}

static void the_heaviest_come_first(void **state)
{
	_cleanup_topk_ struct topk t = table(16), again = table(16);
	void *ranked[200], *same[200];
	size_t n;

	(void)state;
	for (uint64_t key = 0; key < 60; key++)
		touch(&t, key, 1 + hash_u64(key) % 7);
	for (uint64_t key = 60; key-- > 0;)
		touch(&again, key, 1 + hash_u64(key) % 7);
	n = topk_ranked(&t, ranked, ARRAY_SIZE(ranked));
	assert_int_equal(n, 60);
	for (size_t i = 1; i < n; i++)
		assert_true(((struct counted *)ranked[i - 1])->head.weight >=
			    ((struct counted *)ranked[i])->head.weight);
	/* Equal weights have an order too, whatever came first. */
	assert_int_equal(topk_ranked(&again, same, ARRAY_SIZE(same)), n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(((struct counted *)ranked[i])->key, ((struct counted *)same[i])->key);
	assert_int_equal(topk_ranked(&t, same, 5), 5);
	assert_ptr_equal(same[4], ranked[4]);
}

enum { KEYS = 3000, TOUCHES = 100000, SETS = 32 };

/* A stream in which some keys are much heavier than others; key k is drawn about 1/k times as often as the first. */
static uint64_t draw(uint64_t i)
{
	uint64_t h = hash_u64(i);

	return h % (1 + hash_u64(h) % KEYS);
}

static void a_weight_is_right_within_its_error(void **state)
{
	_cleanup_topk_ struct topk t = table(SETS);
	static uint64_t right[KEYS];
	void *ranked[SETS * TOPK_WAYS];
	size_t n;

	(void)state;
	memset(right, 0, sizeof(right));
	for (uint64_t i = 0; i < TOUCHES; i++) {
		uint64_t key = draw(i), weight = 1 + hash_u64(~i) % 3;

		right[key] += weight;
		touch(&t, key, weight);
	}
	n = topk_ranked(&t, ranked, ARRAY_SIZE(ranked));
	assert_int_equal(n, SETS * TOPK_WAYS);
	for (size_t i = 0; i < n; i++) {
		const struct counted *c = ranked[i];

		assert_true(c->head.weight >= right[c->key]);
		assert_true(c->head.weight - c->head.error <= right[c->key]);
	}
	assert_true(t.evicted > 0);
}

/* More than an eighth of what its set saw, wherever in the stream. */
static void a_heavy_key_is_never_lost(void **state)
{
	(void)state;
	for (uint64_t at = 0; at < 8000; at += 799) {
		_cleanup_topk_ struct topk t = table(1);
		uint64_t heavy = 1;

		for (uint64_t i = 0; i < 8000; i++) {
			touch(&t, 1000 + i, 1);
			if (i == at)
				touch(&t, heavy, 1200);
		}
		assert_non_null(topk_find(&t, &heavy, hash_u64(heavy)));
		assert_true(t.evicted > 7900);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_histogram_has_no_quantile),
		cmocka_unit_test(one_value_is_told_exactly),
		cmocka_unit_test(the_ends_are_the_least_and_the_greatest),
		cmocka_unit_test(quantiles_of_any_mixture_are_right_within_seven_percent),
		cmocka_unit_test(quantiles_of_equal_values_are_right_within_seven_percent),
		cmocka_unit_test(a_higher_quantile_is_never_lower),
		cmocka_unit_test(a_key_has_one_entry),
		cmocka_unit_test(keys_with_one_hash_are_kept_apart),
		cmocka_unit_test(a_newcomer_takes_the_lightest_place_and_its_weight_as_error),
		cmocka_unit_test(the_heaviest_come_first),
		cmocka_unit_test(a_weight_is_right_within_its_error),
		cmocka_unit_test(a_heavy_key_is_never_lost),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
