/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/line-value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include "base/text.h"

enum { WORD_SHOWN = 40 };

struct reading {
	struct arena *arena;
	const struct sysctl_def *def;
	struct line_value *v;
	bool kernel_bounds;
};

/* kernel/sysctl.c proc_wspace_sep, and what isspace() skips before a number. */
static const char blanks[] = " \t\n\v\f\r";

static size_t word_length(const char *s)
{
	return strcspn(s, blanks);
}

/* A word for a sentence: short, and with nothing in it that a terminal would act upon. */
static const char *shown(struct arena *a, const char *s, size_t n)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	const char *copy = arena_strndup(a, s, n);

	text_add_escaped(&t, copy, WORD_SHOWN);
	return arena_strdup(a, text_get(&t));
}

static void refuse(struct reading *r, const char *why)
{
	r->v->malformed = why;
	r->v->refused = true;
}

/* Why this is no number to the kernel, in the words of what people meant by it. */
static const char *not_a_number(struct reading *r, const char *s, size_t n)
{
	const char *word = shown(r->arena, s, n);
	size_t digits = strspn(s, "0123456789");

	if (memchr(s, '"', n) || memchr(s, '\'', n))
		return arena_printf(r->arena, "quotes are part of the value here, and %s is no number", word);
	if (digits && digits < n && strchr("kKmMgGtT", s[digits]))
		return arena_printf(r->arena, "the kernel knows no units, and %s is no number to it", word);
	if (digits && digits < n && s[digits] == ',')
		return arena_printf(r->arena, "blanks separate the numbers, not commas: %s is no number", word);
	if (digits && digits < n && s[digits] == '.')
		return arena_printf(r->arena, "the kernel takes whole numbers, and %s is none", word);
	if (*s == '0' && digits == n)
		return arena_printf(r->arena, "a leading 0 makes a number octal, and %s is none", word);
	return arena_printf(r->arena, "%s is no number", word);
}

/* 0, or -EINVAL as the kernel would say. "010" is eight, which nobody means. */
static int read_number(struct reading *r, const char *s, size_t n, double *ret)
{
	bool negative = *s == '-' && n > 1;
	const char *digits = s + negative;
	char *end;
	unsigned long long v;

	if (!isdigit((unsigned char)*digits)) {
		refuse(r, not_a_number(r, s, n));
		return -EINVAL;
	}
	errno = 0;
	v = strtoull(digits, &end, 0);
	if (end != s + n || errno) {
		refuse(r, not_a_number(r, s, n));
		return -EINVAL;
	}
	if (*digits == '0' && isdigit((unsigned char)digits[1]) && v != strtoull(digits, NULL, 10))
		r->v->malformed = arena_printf(r->arena, "a leading 0 makes a number octal: %s is %llu",
					       shown(r->arena, s, n), v);
	*ret = negative ? -(double)v : (double)v;
	return 0;
}

/* What follows the last number that the key has. */
static void read_rest(struct reading *r, const char *s)
{
	const char *rest = s;
	char *end;

	if (*s == '#' || *s == ';') {
		r->v->malformed = arena_printf(r->arena, "no comment may stand behind a value: the kernel drops \"%s\" here, and refuses it for other keys",
					       shown(r->arena, s, strlen(s)));
		return;
	}
	while (*s) {
		size_t n = word_length(s);

		strtoull(s + (*s == '-'), &end, 0);
		if (end != s + n) {
			r->v->malformed = arena_printf(r->arena, "the kernel drops \"%s\" behind the number",
						       shown(r->arena, rest, strlen(rest)));
			return;
		}
		r->v->words++;
		s += n;
		s += strspn(s, blanks);
	}
}

/* The largest that the kernel's handler for this type takes; beyond it the write fails. */
static double largest(const struct sysctl_def *def)
{
	return def->type == SYSCTL_UNSIGNED64 ? 18446744073709551615.0 : def->type == SYSCTL_UNSIGNED ? 4294967295.0 : 2147483647.0;
}

static bool is_listed(const struct sysctl_def *def, double v)
{
	for (unsigned i = 0; i < def->value_count; i++)
		if ((double)def->values[i] == v)
			return true;
	return false;
}

static const char *listed(struct arena *a, const struct sysctl_def *def)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	for (unsigned i = 0; i < def->value_count; i++)
		text_addf(&t, "%s%ld", i ? ", " : "", def->values[i]);
	return arena_strdup(a, text_get(&t));
}

static void check_range(struct reading *r, unsigned i)
{
	const struct sysctl_def *def = r->def;
	struct line_value *v = r->v;
	double n = v->numbers[i];

	if (n > largest(def) || (n < 0 && def->type != SYSCTL_INTEGER && def->type != SYSCTL_BOOL)) {
		v->refused = v->nonsense = true;
		v->out_of_range = arena_printf(r->arena, n < 0 ? "the kernel takes no negative number here, and refuses %.0f"
							       : "%.0f is more than the kernel takes", n);
	} else if (r->kernel_bounds && (n < def->kernel_min[i] || n > def->kernel_max[i])) {
		v->refused = v->nonsense = true;
		v->out_of_range = def->kernel_count[0] && def->kernel_count[1]
					  ? arena_printf(r->arena, "the kernel takes %.0f to %.0f here, and refuses %.0f",
							 def->kernel_min[i], def->kernel_max[i], n)
				  : n < def->kernel_min[i]
					  ? arena_printf(r->arena, "the kernel takes nothing below %.0f here, and refuses %.0f",
							 def->kernel_min[i], n)
					  : arena_printf(r->arena, "the kernel takes nothing above %.0f here, and refuses %.0f",
							 def->kernel_max[i], n);
	} else if (v->out_of_range) {
		return;
	} else if (def->value_count && !is_listed(def, n)) {
		v->nonsense = true;
		v->out_of_range = arena_printf(r->arena, "%.0f is none of %s", n, listed(r->arena, def));
	} else if (def->bounded && (n < def->min[i] || n > def->max[i])) {
		v->nonsense = (n < 0 && def->min[i] >= 0) || n > 16 * def->max[i];
		v->out_of_range = arena_printf(r->arena, "%.0f is outside %.0f to %.0f", n, def->min[i], def->max[i]);
	}
}

static void read_numbers(struct reading *r, const char *s)
{
	struct line_value *v = r->v;

	s += strspn(s, blanks);
	if (!*s)
		refuse(r, "there is no value, and the kernel refuses an empty one");
	while (*s && v->taken < r->def->elements) {
		size_t n = word_length(s);

		/* "4096 131072 # 32 MiB": the kernel takes two numbers, then fails. */
		if (read_number(r, s, n, &v->numbers[v->taken]) < 0)
			return;
		check_range(r, v->taken);
		v->unordered |= r->def->ascending && v->taken && v->numbers[v->taken] < v->numbers[v->taken - 1];
		v->taken++;
		v->words++;
		s += n;
		s += strspn(s, blanks);
	}
	if (*s)
		read_rest(r, s);
	if (v->unordered && r->def->ascending_enforced && !v->refused && !v->malformed) {
		v->unordered = false;
		v->refused = v->nonsense = true;
		v->out_of_range = "the first number is above the second, and the kernel refuses that";
	}
}

/* proc_do_large_bitmap(): numbers, '-' and ','; a blank ends it with an error. */
static void read_ranges(struct reading *r, const char *s)
{
	for (const char *p = s; *p;) {
		char *end;
		unsigned long port;

		if (!isdigit((unsigned char)*p)) {
			refuse(r, isspace((unsigned char)*p) ? "the kernel takes no blanks between ports, and refuses the whole list"
							     : arena_printf(r->arena, "\"%s\" is no list of ports such as 8080,9000-9100",
									    shown(r->arena, s, strlen(s))));
			return;
		}
		port = strtoul(p, &end, 0);
		if (port > 65535) {
			r->v->refused = r->v->nonsense = true;
			r->v->out_of_range = arena_printf(r->arena, "%lu is no port", port);
			return;
		}
		p = end + (*end == ',' || *end == '-');
		if (p == end && *p && !isspace((unsigned char)*p)) {
			refuse(r, arena_printf(r->arena, "\"%s\" is no list of ports such as 8080,9000-9100", shown(r->arena, s, strlen(s))));
			return;
		}
	}
}

static bool is_word_of(const char *words, const char *s, size_t n)
{
	for (const char *p = words; *p; p += word_length(p), p += strspn(p, blanks))
		if (word_length(p) == n && !strncmp(p, s, n))
			return true;
	return false;
}

/* The name of a congestion control or queueing discipline: the kernel looks for all that stands there. */
static void read_words(struct reading *r, const char *s)
{
	const char *odd = strpbrk(s, "\"'#;,=");

	if (!*s)
		refuse(r, "there is no value, and the kernel refuses an empty one");
	else if (odd && (*odd == '#' || *odd == ';'))
		refuse(r, arena_printf(r->arena, "no comment may stand behind a value: \"%s\" is part of it", shown(r->arena, odd, strlen(odd))));
	else if (odd)
		refuse(r, arena_printf(r->arena, "\"%s\" is looked for as it stands, with every character", shown(r->arena, s, strlen(s))));
	else if (r->def->type == SYSCTL_WORD && s[word_length(s)])
		refuse(r, arena_printf(r->arena, "one name is taken here, and \"%s\" has blanks in it", shown(r->arena, s, strlen(s))));
	for (const char *p = s; *p && !r->v->refused && r->def->words; p += word_length(p), p += strspn(p, blanks)) {
		size_t n = word_length(p);

		if (is_word_of(r->def->words, p, n))
			continue;
		r->v->nonsense = true;
		r->v->out_of_range = arena_printf(r->arena, "no Linux that the catalogue knows has %s", shown(r->arena, p, n));
		return;
	}
}

void line_value_read(struct arena *a, const struct sysctl_def *def, const char *raw, bool kernel_bounds, struct line_value *ret)
{
	struct line_value v = {.words = 0};
	struct reading r = {a, def, &v, kernel_bounds};

	if (def->type == SYSCTL_RANGES)
		read_ranges(&r, raw);
	else if (def->type == SYSCTL_WORD || def->type == SYSCTL_WORDS)
		read_words(&r, raw);
	else
		read_numbers(&r, raw);
	*ret = v;
}

const char *line_value_suspect(struct arena *a, const char *raw)
{
	size_t digits = strspn(raw, "0123456789"), n = word_length(raw);
	const char *rest = raw + n + strspn(raw + n, blanks);

	if (!*raw)
		return NULL;
	if (strspn(raw, "\"'") == 1 && strspn(raw + 1, "0123456789") && raw[1 + strspn(raw + 1, "0123456789 ")] == *raw)
		return arena_printf(a, "quotes are part of the value here, and %s is no number", shown(a, raw, strlen(raw)));
	if (!digits)
		return NULL;
	if (digits == n && *rest == '#')
		return arena_printf(a, "no comment may stand behind a value: \"%s\" is part of it", shown(a, rest, strlen(rest)));
	if (n > digits && n == digits + 1 + (raw[digits + 1] == 'B') && strchr("kKmMgG", raw[digits]) && !*rest)
		return arena_printf(a, "the kernel knows no units, and %s is no number to it", shown(a, raw, n));
	return NULL;
}
