/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dimensions. Every fact, literal and threshold has one, and the rule loader refuses expressions that mix
 * them: bits taken for bytes, or seconds added to bytes, must be impossible to write. All numbers are held in
 * base units (bytes, seconds, bytes per second); bits exist only in literals and in what people read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "base/macro.h"

enum dim {
	DIM_PURE, /* a literal without unit: fits count and ratio */
	DIM_COUNT,
	DIM_RATIO,
	DIM_BYTES,
	DIM_SECONDS,
	DIM_RATE,	/* bytes per second */
	DIM_PER_SECOND, /* events per second */
	DIM_BOOL,
	DIM_TEXT,
	DIM_LIST, /* words separated by spaces */
	DIM_COUNT_,
};

enum { DIM_NAME_MAX = 48 };

/* Name in messages and in JSON's "unit": "bytes", "bytes/second", … */
const char *dim_name(enum dim d);
bool dim_from_name(const char *name, enum dim *ret);
bool dim_is_number(enum dim d);

/* May a and b be added or compared? On success *ret is the dimension of the sum. */
bool dim_unify(enum dim a, enum dim b, enum dim *ret);
/* Dimension of a product or quotient; false where it has no meaning here (bytes × bytes). */
bool dim_multiply(enum dim a, enum dim b, enum dim *ret);
bool dim_divide(enum dim a, enum dim b, enum dim *ret);

/* A plain decimal number at s, as the kernel prints them: no exponent, hexadecimal, nan or inf. Returns 0 or -EINVAL. */
int decimal_scan(const char *s, const char **rest, double *ret) _must_check_;

/*
 * Parse "40 ms", "6 MiB", "10 Gbit/s", "15 %" or "3" at s. Stores base units and the dimension, and in *rest
 * where it stopped. Returns 0, -EINVAL (no number, or an unknown unit) or -ERANGE.
 */
int quantity_scan(const char *s, const char **rest, double *ret, enum dim *ret_dim) _must_check_;
/* The whole string is one quantity of dimension d (DIM_PURE literals fit count and ratio). */
int quantity_parse(const char *s, enum dim d, double *ret) _must_check_;

/* A number for people: "1.25 MB", "4 MiB", "80.1 ms", "941 Mbit/s", "93 %". Returns buf. */
char *quantity_format(char *buf, size_t size, enum dim d, double v);
enum { QUANTITY_MAX = 48 };
