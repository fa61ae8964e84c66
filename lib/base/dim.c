/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/dim.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

/* Exponents of byte and second; text and truth have none. */
static const struct {
	const char *name;
	signed char bytes, seconds;
	bool number;
} dims[DIM_COUNT_] = {
	[DIM_PURE] = {"number", 0, 0, true},
	[DIM_COUNT] = {"count", 0, 0, true},
	[DIM_RATIO] = {"ratio", 0, 0, true},
	[DIM_BYTES] = {"bytes", 1, 0, true},
	[DIM_SECONDS] = {"seconds", 0, 1, true},
	[DIM_RATE] = {"bytes/second", 1, -1, true},
	[DIM_PER_SECOND] = {"1/second", 0, -1, true},
	[DIM_BOOL] = {"truth", 0, 0, false},
	[DIM_TEXT] = {"text", 0, 0, false},
	[DIM_LIST] = {"list", 0, 0, false},
};

/* Divided where the unit is the smaller one, so that "9 ms" and "0.009 s" are the same number to the last bit. */
static const struct {
	const char *name;
	enum dim dim;
	double factor, divisor;
} units[] = {
	{"B", DIM_BYTES, 1, 1},
	{"kB", DIM_BYTES, 1e3, 1},
	{"MB", DIM_BYTES, 1e6, 1},
	{"GB", DIM_BYTES, 1e9, 1},
	{"KiB", DIM_BYTES, 1024.0, 1},
	{"MiB", DIM_BYTES, 1024.0 * 1024, 1},
	{"GiB", DIM_BYTES, 1024.0 * 1024 * 1024, 1},
	{"TiB", DIM_BYTES, 1024.0 * 1024 * 1024 * 1024, 1},
	{"ns", DIM_SECONDS, 1, 1e9},
	{"us", DIM_SECONDS, 1, 1e6},
	{"µs", DIM_SECONDS, 1, 1e6},
	{"ms", DIM_SECONDS, 1, 1e3},
	{"s", DIM_SECONDS, 1, 1},
	{"min", DIM_SECONDS, 60, 1},
	{"h", DIM_SECONDS, 3600, 1},
	{"d", DIM_SECONDS, 86400, 1},
	{"bit/s", DIM_RATE, 1, 8},
	{"kbit/s", DIM_RATE, 1e3, 8},
	{"Mbit/s", DIM_RATE, 1e6, 8},
	{"Gbit/s", DIM_RATE, 1e9, 8},
	{"Tbit/s", DIM_RATE, 1e12, 8},
	{"B/s", DIM_RATE, 1, 1},
	{"kB/s", DIM_RATE, 1e3, 1},
	{"MB/s", DIM_RATE, 1e6, 1},
	{"GB/s", DIM_RATE, 1e9, 1},
	{"/s", DIM_PER_SECOND, 1, 1},
	{"%", DIM_RATIO, 1, 100},
};

const char *dim_name(enum dim d)
{
	return dims[d].name;
}

bool dim_from_name(const char *name, enum dim *ret)
{
	for (enum dim d = 0; d < DIM_COUNT_; d++)
		if (!strcmp(dims[d].name, name)) {
			*ret = d;
			return true;
		}
	return false;
}

bool dim_is_number(enum dim d)
{
	return dims[d].number;
}

bool dim_unify(enum dim a, enum dim b, enum dim *ret)
{
	enum dim sum = a;

	if (a != b) {
		if (a == DIM_PURE && (b == DIM_COUNT || b == DIM_RATIO))
			sum = b;
		else if (!(b == DIM_PURE && (a == DIM_COUNT || a == DIM_RATIO)))
			return false;
	}
	*ret = sum;
	return true;
}

static bool from_exponents(int bytes, int seconds, enum dim *ret)
{
	for (enum dim d = DIM_BYTES; d <= DIM_PER_SECOND; d++)
		if (dims[d].bytes == bytes && dims[d].seconds == seconds) {
			*ret = d;
			return true;
		}
	return false;
}

bool dim_multiply(enum dim a, enum dim b, enum dim *ret)
{
	int bytes = dims[a].bytes + dims[b].bytes, seconds = dims[a].seconds + dims[b].seconds;

	if (!dims[a].number || !dims[b].number)
		return false;
	if (bytes || seconds)
		return from_exponents(bytes, seconds, ret);
	if (a == DIM_PURE || b == DIM_PURE)
		*ret = a == DIM_PURE ? b : a;
	else
		*ret = a == DIM_RATIO && b == DIM_RATIO ? DIM_RATIO : DIM_COUNT;
	return true;
}

bool dim_divide(enum dim a, enum dim b, enum dim *ret)
{
	int bytes = dims[a].bytes - dims[b].bytes, seconds = dims[a].seconds - dims[b].seconds;

	if (!dims[a].number || !dims[b].number)
		return false;
	if (bytes || seconds)
		return from_exponents(bytes, seconds, ret);
	if (b == DIM_PURE)
		*ret = a;
	else
		*ret = a == DIM_COUNT && b == DIM_RATIO ? DIM_COUNT : DIM_RATIO;
	return true;
}

/* The longest unit at s, so that "ms" is not read as metres, nor "B/s" as bytes. */
static ssize_t find_unit(const char *s)
{
	ssize_t best = -1;
	size_t best_len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t n = strlen(units[i].name);

		if (n > best_len && !strncmp(s, units[i].name, n) && !isalnum((unsigned char)s[n])) {
			best = (ssize_t)i;
			best_len = n;
		}
	}
	return best;
}

int decimal_scan(const char *s, const char **rest, double *ret)
{
	size_t sign = *s == '-', n = strspn(s + sign, "0123456789.");
	char digits[64];
	char *end;

	if (!n || sign + n >= sizeof(digits) || !isdigit((unsigned char)s[sign]))
		return -EINVAL;
	/* A copy, so that strtod sees no exponent, hexadecimal or "inf". */
	memcpy(digits, s, sign + n);
	digits[sign + n] = 0;
	*ret = strtod(digits, &end);
	*rest = s + sign + n;
	return *end ? -EINVAL : 0;
}

int quantity_scan(const char *s, const char **rest, double *ret, enum dim *ret_dim)
{
	const char *unit, *after;
	double v;
	ssize_t u;

	if (*s == '-' || decimal_scan(s, &after, &v) < 0)
		return -EINVAL;
	unit = after + strspn(after, " \t");
	u = find_unit(unit);
	if (u < 0) {
		if (isalpha((unsigned char)*after))
			return -EINVAL;
		*rest = after;
		*ret = v;
		*ret_dim = DIM_PURE;
		return 0;
	}
	*rest = unit + strlen(units[u].name);
	*ret = v * units[u].factor / units[u].divisor;
	*ret_dim = units[u].dim;
	return isfinite(*ret) ? 0 : -ERANGE;
}

int quantity_parse(const char *s, enum dim d, double *ret)
{
	const char *rest;
	enum dim have;
	double v;
	int r = quantity_scan(s, &rest, &v, &have);

	if (r < 0)
		return r;
	if (*rest || (have != d && !(have == DIM_PURE && (d == DIM_COUNT || d == DIM_RATIO))))
		return -EINVAL;
	*ret = v;
	return 0;
}

static char *format_scaled(char *buf, size_t size, double v, const char *const *names, double base)
{
	size_t i = 0;

	while (names[i + 1] && fabs(v) >= base * 0.9995) {
		v /= base;
		i++;
	}
	if (v == floor(v) && fabs(v) < 10000)
		snprintf(buf, size, "%.0f %s", v, names[i]);
	else
		snprintf(buf, size, "%.*f %s", fabs(v) < 10 ? 2 : fabs(v) < 100 ? 1 : 0, v, names[i]);
	return buf;
}

static char *format_seconds(char *buf, size_t size, double v)
{
	static const char *const fine[] = {"ns", "µs", "ms", "s", NULL};
	double a = fabs(v);

	if (v == 0)
		snprintf(buf, size, "0 s");
	else if (a < 120)
		return format_scaled(buf, size, v * 1e9, fine, 1000);
	else if (a < 7200)
		snprintf(buf, size, "%.4g min", v / 60);
	else if (a < 2 * 86400)
		snprintf(buf, size, "%.3g h", v / 3600);
	else
		snprintf(buf, size, "%.4g d", v / 86400);
	return buf;
}

char *quantity_format(char *buf, size_t size, enum dim d, double v)
{
	static const char *const binary[] = {"B", "KiB", "MiB", "GiB", "TiB", NULL};
	static const char *const decimal[] = {"B", "kB", "MB", "GB", "TB", NULL};
	static const char *const bits[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s", NULL};

	if (d == DIM_BYTES)
		return format_scaled(buf, size, v, v >= 1024 && fmod(v, 1024) == 0 ? binary : decimal,
				     v >= 1024 && fmod(v, 1024) == 0 ? 1024 : 1000);
	if (d == DIM_RATE)
		return format_scaled(buf, size, v * 8, bits, 1000);
	if (d == DIM_SECONDS)
		return format_seconds(buf, size, v);
	if (d == DIM_RATIO)
		snprintf(buf, size, "%.*f %%", fabs(v) < 0.1 && v != 0 ? 2 : 0, v * 100);
	else if (d == DIM_BOOL)
		snprintf(buf, size, "%s", v != 0 ? "yes" : "no");
	else if (d == DIM_PER_SECOND)
		snprintf(buf, size, "%.*f/s", fabs(v) < 10 ? 2 : 0, v);
	else if (v == floor(v))
		snprintf(buf, size, "%.0f", v);
	else
		snprintf(buf, size, "%.2f", v);
	return buf;
}
