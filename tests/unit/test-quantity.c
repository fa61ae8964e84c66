/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quantities: units in, dimensions through, numbers for people out. */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "base/dim.h"

static void assert_quantity(const char *s, enum dim dim, double want)
{
	const char *rest;
	enum dim got_dim;
	double got;

	if (quantity_scan(s, &rest, &got, &got_dim) < 0)
		fail_msg("'%s' is refused", s);
	if (*rest || got_dim != dim || got != want)
		fail_msg("'%s' is %.17g %s, rest '%s'", s, got, dim_name(got_dim), rest);
}

static void every_unit_is_held_in_base_units(void **state)
{
	static const struct {
		const char *s;
		enum dim dim;
		double want;
	} rows[] = {
		{"3", DIM_PURE, 3},
		{"0.5", DIM_PURE, 0.5},
		{"7 B", DIM_BYTES, 7},
		{"2 kB", DIM_BYTES, 2000},
		{"2 MB", DIM_BYTES, 2e6},
		{"2 GB", DIM_BYTES, 2e9},
		{"64 KiB", DIM_BYTES, 65536},
		{"6 MiB", DIM_BYTES, 6291456},
		{"1.5 GiB", DIM_BYTES, 1610612736},
		{"64KiB", DIM_BYTES, 65536},
		{"5 ns", DIM_SECONDS, 5e-9},
		{"250 us", DIM_SECONDS, 250e-6},
		{"250 µs", DIM_SECONDS, 250e-6},
		{"40 ms", DIM_SECONDS, 0.04},
		{"2 s", DIM_SECONDS, 2},
		{"2 min", DIM_SECONDS, 120},
		{"2 h", DIM_SECONDS, 7200},
		{"14 d", DIM_SECONDS, 14 * 86400.0},
		{"8 bit/s", DIM_RATE, 1},
		{"64 kbit/s", DIM_RATE, 8000},
		{"100 Mbit/s", DIM_RATE, 12.5e6},
		{"10 Gbit/s", DIM_RATE, 1.25e9},
		{"9 B/s", DIM_RATE, 9},
		{"2 kB/s", DIM_RATE, 2000},
		{"2 MB/s", DIM_RATE, 2e6},
		{"2 GB/s", DIM_RATE, 2e9},
		{"5 /s", DIM_PER_SECOND, 5},
		{"5/s", DIM_PER_SECOND, 5},
		{"15 %", DIM_RATIO, 0.15},
		{"100%", DIM_RATIO, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_quantity(rows[i].s, rows[i].dim, rows[i].want);
}

/* `= 700 ms` in a profile must be satisfied by what somebody wrote as 0.7 s. */
static void the_same_quantity_in_two_units_is_equal(void **state)
{
	char small[32], large[32];

	(void)state;
	for (int i = 1; i < 1000; i++) {
		double seconds;

		snprintf(large, sizeof(large), "0.%03d s", i);
		snprintf(small, sizeof(small), "%d ms", i);
		assert_int_equal(quantity_parse(large, DIM_SECONDS, &seconds), 0);
		assert_quantity(small, DIM_SECONDS, seconds);
	}
	for (int i = 1; i < 100; i++) {
		double ratio;

		snprintf(large, sizeof(large), "0.%02d", i);
		snprintf(small, sizeof(small), "%d %%", i);
		assert_int_equal(quantity_parse(large, DIM_RATIO, &ratio), 0);
		assert_quantity(small, DIM_RATIO, ratio);
	}
}

static void what_is_no_quantity_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" 5 ms",
		"-5 ms",
		"+5",
		".5 s",
		"1e3",
		"0x10",
		"inf",
		"nan",
		"1.2.3 s",
		"5 bytes",
		"5 Mb",
		"5 MBit",
		"5 kB/x",
		"10 Gbps",
		"10Gbit",
		"5 m",
		"5 msx",
		"5 MS",
		"5 ms ",
		"5 5",
		"5,5",
		"bit/s",
		"5 b",
		"5 KB",
		"10 Mbit/",
		"10 Mbit/sec",
		"5 B / s",
		"5 ms 5 ms",
		"0000000000000000000000000000000000000000000000000000000000000001 s",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		for (enum dim d = 0; d < DIM_COUNT_; d++) {
			double v = 42;

			if (quantity_parse(bad[i], d, &v) != -EINVAL || v != 42)
				fail_msg("'%s' is taken as %s", bad[i], dim_name(d));
		}
}

/* Bits exist only in rates: nobody can name an amount of them, and a rate is no amount. */
static void bits_are_no_bytes(void **state)
{
	double v;

	(void)state;
	assert_int_equal(quantity_parse("1 Gbit", DIM_BYTES, &v), -EINVAL);
	assert_int_equal(quantity_parse("1 bit", DIM_BYTES, &v), -EINVAL);
	assert_int_equal(quantity_parse("1 Gbit/s", DIM_BYTES, &v), -EINVAL);
	assert_int_equal(quantity_parse("1 GB", DIM_RATE, &v), -EINVAL);
	assert_int_equal(quantity_parse("8 bit/s", DIM_RATE, &v), 0);
	assert_true(v == 1);
}

static void a_bare_number_fits_counts_and_ratios_only(void **state)
{
	double v;

	(void)state;
	assert_int_equal(quantity_parse("3", DIM_COUNT, &v), 0);
	assert_int_equal(quantity_parse("3", DIM_RATIO, &v), 0);
	assert_int_equal(quantity_parse("3", DIM_BYTES, &v), -EINVAL);
	assert_int_equal(quantity_parse("3", DIM_SECONDS, &v), -EINVAL);
	assert_int_equal(quantity_parse("3", DIM_RATE, &v), -EINVAL);
	assert_int_equal(quantity_parse("3", DIM_PER_SECOND, &v), -EINVAL);
	assert_int_equal(quantity_parse("3", DIM_TEXT, &v), -EINVAL);
	assert_int_equal(quantity_parse("3", DIM_BOOL, &v), -EINVAL);
	assert_int_equal(quantity_parse("15 %", DIM_COUNT, &v), -EINVAL);
}

/* The meaning of every product and quotient, as physics has it. */
static void products_have_the_dimension_of_physics(void **state)
{
	static const struct {
		enum dim a, b, product, quotient;
	} rows[] = {
		{DIM_RATE, DIM_SECONDS, DIM_BYTES, DIM_COUNT_},
		{DIM_BYTES, DIM_SECONDS, DIM_COUNT_, DIM_RATE},
		{DIM_BYTES, DIM_RATE, DIM_COUNT_, DIM_SECONDS},
		{DIM_BYTES, DIM_BYTES, DIM_COUNT_, DIM_RATIO},
		{DIM_RATE, DIM_RATE, DIM_COUNT_, DIM_RATIO},
		{DIM_PER_SECOND, DIM_SECONDS, DIM_COUNT, DIM_COUNT_},
		{DIM_BYTES, DIM_PER_SECOND, DIM_RATE, DIM_COUNT_},
		{DIM_RATE, DIM_PER_SECOND, DIM_COUNT_, DIM_BYTES},
		{DIM_COUNT, DIM_SECONDS, DIM_SECONDS, DIM_PER_SECOND},
		{DIM_PURE, DIM_SECONDS, DIM_SECONDS, DIM_PER_SECOND},
		{DIM_SECONDS, DIM_PER_SECOND, DIM_COUNT, DIM_COUNT_},
		{DIM_BYTES, DIM_RATIO, DIM_BYTES, DIM_BYTES},
		{DIM_BYTES, DIM_COUNT, DIM_BYTES, DIM_BYTES},
		{DIM_COUNT, DIM_RATIO, DIM_COUNT, DIM_COUNT},
		{DIM_COUNT, DIM_COUNT, DIM_COUNT, DIM_RATIO},
		{DIM_RATIO, DIM_RATIO, DIM_RATIO, DIM_RATIO},
		{DIM_PURE, DIM_RATIO, DIM_RATIO, DIM_RATIO},
		{DIM_COUNT, DIM_PURE, DIM_COUNT, DIM_COUNT},
		{DIM_PURE, DIM_PURE, DIM_PURE, DIM_PURE},
		{DIM_TEXT, DIM_PURE, DIM_COUNT_, DIM_COUNT_},
		{DIM_PURE, DIM_BOOL, DIM_COUNT_, DIM_COUNT_},
		{DIM_LIST, DIM_LIST, DIM_COUNT_, DIM_COUNT_},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum dim product = DIM_COUNT_, swapped = DIM_COUNT_, quotient = DIM_COUNT_;

		dim_multiply(rows[i].a, rows[i].b, &product);
		dim_multiply(rows[i].b, rows[i].a, &swapped);
		dim_divide(rows[i].a, rows[i].b, &quotient);
		if (product != rows[i].product || swapped != product ||
		    quotient != rows[i].quotient)
			fail_msg("%s and %s", dim_name(rows[i].a), dim_name(rows[i].b));
	}
}

static void only_equals_are_added(void **state)
{
	enum dim sum;

	(void)state;
	for (enum dim a = 0; a < DIM_COUNT_; a++)
		for (enum dim b = 0; b < DIM_COUNT_; b++) {
			bool bare = (a == DIM_PURE && (b == DIM_COUNT || b == DIM_RATIO)) ||
				    (b == DIM_PURE && (a == DIM_COUNT || a == DIM_RATIO));

			assert_int_equal(dim_unify(a, b, &sum), a == b || bare);
			if (a == b)
				assert_int_equal(sum, a);
			else if (bare)
				assert_int_equal(sum, a == DIM_PURE ? b : a);
		}
}

static void dimension_names_read_back(void **state)
{
	enum dim back;

	(void)state;
	for (enum dim d = 0; d < DIM_COUNT_; d++) {
		assert_true(dim_from_name(dim_name(d), &back));
		assert_int_equal(back, d);
	}
	assert_false(dim_from_name("bits", &back));
}

static void numbers_read_well(void **state)
{
	static const struct {
		enum dim dim;
		double v;
		const char *want;
	} rows[] = {
		{DIM_BYTES, 0, "0 B"},
		{DIM_BYTES, 512, "512 B"},
		{DIM_BYTES, 1.25e6, "1.25 MB"},
		{DIM_BYTES, 4 << 20, "4 MiB"},
		{DIM_BYTES, 65536, "64 KiB"},
		{DIM_BYTES, 6291456, "6 MiB"},
		{DIM_BYTES, 33554432, "32 MiB"},
		{DIM_BYTES, 1023 * 1024, "1023 KiB"},
		{DIM_BYTES, 1048576, "1 MiB"},
		{DIM_BYTES, 999, "999 B"},
		{DIM_BYTES, 1000, "1 kB"},
		{DIM_BYTES, 125e5, "12.5 MB"},
		{DIM_BYTES, 1e15 + 1, "1000 TB"},
		{DIM_BYTES, -1500, "-1.50 kB"},
		{DIM_RATE, 1.25e8, "1 Gbit/s"},
		{DIM_RATE, 117.625e6, "941 Mbit/s"},
		{DIM_RATE, 1.25e9, "10 Gbit/s"},
		{DIM_RATE, 0, "0 bit/s"},
		{DIM_RATE, 1, "8 bit/s"},
		{DIM_RATE, 312500, "2.50 Mbit/s"},
		{DIM_SECONDS, 0, "0 s"},
		{DIM_SECONDS, 0.0801, "80.1 ms"},
		{DIM_SECONDS, 0.04, "40 ms"},
		{DIM_SECONDS, 0.2, "200 ms"},
		{DIM_SECONDS, 0.00025, "250 µs"},
		{DIM_SECONDS, 3e-9, "3 ns"},
		{DIM_SECONDS, 1, "1 s"},
		{DIM_SECONDS, 60, "60 s"},
		{DIM_SECONDS, 120, "2 min"},
		{DIM_SECONDS, 924.6, "15.41 min"},
		{DIM_SECONDS, 7200, "2 h"},
		{DIM_SECONDS, 2 * 86400, "2 d"},
		{DIM_SECONDS, -0.04, "-40 ms"},
		{DIM_RATIO, 0.93, "93 %"},
		{DIM_RATIO, 0, "0 %"},
		{DIM_RATIO, 1, "100 %"},
		{DIM_RATIO, 0.0123, "1.23 %"},
		{DIM_RATIO, 0.15, "15 %"},
		{DIM_COUNT, 4096, "4096"},
		{DIM_COUNT, 2.5, "2.50"},
		{DIM_PURE, -3, "-3"},
		{DIM_PER_SECOND, 0.5, "0.50/s"},
		{DIM_PER_SECOND, 1234.4, "1234/s"},
		{DIM_BOOL, 1, "yes"},
		{DIM_BOOL, 0, "no"},
	};
	char buf[QUANTITY_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(quantity_format(buf, sizeof(buf), rows[i].dim, rows[i].v),
				    rows[i].want);
}

/* Wherever a value lies, it is shown in a unit in which it is below the next one. */
static void rounding_never_shows_a_full_unit(void **state)
{
	static const struct {
		const char *unit;
		double below;
	} ceilings[] = {
		{"B", 1000},	  {"kB", 1000},	    {"MB", 1000},     {"GB", 1000},
		{"KiB", 1024},	  {"MiB", 1024},    {"GiB", 1024},    {"bit/s", 1000},
		{"kbit/s", 1000}, {"Mbit/s", 1000}, {"Gbit/s", 1000}, {"ns", 1000},
		{"µs", 1000},	  {"ms", 1000},
	};
	static const enum dim dims[] = {DIM_BYTES, DIM_RATE, DIM_SECONDS};
	char buf[QUANTITY_MAX], unit[QUANTITY_MAX];

	(void)state;
	for (size_t d = 0; d < ARRAY_SIZE(dims); d++)
		for (int exponent = -9; exponent <= 14; exponent++)
			for (int step = 0; step < 4000; step++) {
				double v = pow(10, exponent) * (0.998 + step * 1e-6), shown;

				assert_int_equal(
					sscanf(quantity_format(buf, sizeof(buf), dims[d], v),
					       "%lf %s", &shown, unit),
					2);
				for (size_t i = 0; i < ARRAY_SIZE(ceilings); i++)
					if (!strcmp(unit, ceilings[i].unit) &&
					    shown >= ceilings[i].below)
						fail_msg("%.17g shows as %s", v, buf);
			}
	for (double v = 1024; v < 1e15; v *= 1024)
		for (double k = 1; k <= 1025; k++) {
			double shown;

			sscanf(quantity_format(buf, sizeof(buf), DIM_BYTES, v * k), "%lf %s",
			       &shown, unit);
			for (size_t i = 0; i < ARRAY_SIZE(ceilings); i++)
				if (!strcmp(unit, ceilings[i].unit) && shown >= ceilings[i].below)
					fail_msg("%.17g shows as %s", v * k, buf);
		}
}

/* The buffer holds whatever a hostile record makes of a number. */
static void extremes_are_formatted_within_the_buffer(void **state)
{
	static const double extremes[] = {
		INFINITY, -INFINITY, NAN, 1.7e308, -1.7e308, 5e-324, 1.8446744073709552e19};
	char buf[QUANTITY_MAX];

	(void)state;
	for (enum dim d = 0; d < DIM_COUNT_; d++)
		for (size_t i = 0; i < ARRAY_SIZE(extremes); i++) {
			quantity_format(buf, sizeof(buf), d, extremes[i]);
			assert_true(strlen(buf) > 0 && strlen(buf) < sizeof(buf));
		}
}

/* Within a unit, a larger value never shows as a smaller one, and three digits are true. */
static void what_is_shown_is_within_half_a_percent(void **state)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = {{"ns", 1e-9}, {"µs", 1e-6}, {"ms", 1e-3}, {"s", 1},
		     {"min", 60},  {"h", 3600},	 {"d", 86400}};
	char buf[QUANTITY_MAX], unit[QUANTITY_MAX];

	(void)state;
	for (double v = 1e-8; v < 1e7; v *= 1.003) {
		double shown;
		size_t i;

		sscanf(quantity_format(buf, sizeof(buf), DIM_SECONDS, v), "%lf %s", &shown, unit);
		for (i = 0; i < ARRAY_SIZE(units) && strcmp(units[i].unit, unit);)
			i++;
		assert_true(i < ARRAY_SIZE(units));
		if (fabs(shown * units[i].factor / v - 1) > 0.0051)
			fail_msg("%.17g shows as %s", v, buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_unit_is_held_in_base_units),
		cmocka_unit_test(the_same_quantity_in_two_units_is_equal),
		cmocka_unit_test(what_is_no_quantity_is_refused),
		cmocka_unit_test(bits_are_no_bytes),
		cmocka_unit_test(a_bare_number_fits_counts_and_ratios_only),
		cmocka_unit_test(products_have_the_dimension_of_physics),
		cmocka_unit_test(only_equals_are_added),
		cmocka_unit_test(dimension_names_read_back),
		cmocka_unit_test(numbers_read_well),
		cmocka_unit_test(rounding_never_shows_a_full_unit),
		cmocka_unit_test(extremes_are_formatted_within_the_buffer),
		cmocka_unit_test(what_is_shown_is_within_half_a_percent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
