/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

static void text_reserve(struct text *t, size_t more)
{
	size_t size = t->size ? t->size : 128;

	while (size < t->len + more + 1)
		size *= 2;
	if (size == t->size)
		return;
	t->s = realloc(t->s, size);
	if (!t->s)
		abort();
	t->size = size;
}

void text_addn(struct text *t, const char *s, size_t n)
{
	text_reserve(t, n);
	memcpy(t->s + t->len, s, n);
	t->len += n;
	t->s[t->len] = 0;
}

void text_add(struct text *t, const char *s)
{
	text_addn(t, s, strlen(s));
}

void text_addf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	text_reserve(t, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(t->s + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

void text_clear(struct text *t)
{
	free(t->s);
	*t = TEXT_NULL;
}

const char *text_get(const struct text *t)
{
	return t->s ? t->s : "";
}

size_t utf8_length(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t len;
	uint32_t cp;

	if (!n)
		return 0;
	if (u[0] < 0x80)
		return 1;
	len = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : u[0] >= 0xc2 ? 2 : 0;
	if (!len || len > n || u[0] > 0xf4)
		return 0;
	cp = u[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (u[i] & 0x3f);
	}
	if ((len == 3 && cp < 0x800) || (len == 4 && (cp < 0x10000 || cp > 0x10ffff)) ||
	    (cp >= 0xd800 && cp < 0xe000))
		return 0;
	return len;
}

/* Code points that move, hide or reverse the text around them in a terminal or a browser. */
static bool is_deceptive(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;

	if (len == 1)
		return u[0] < 0x20 || u[0] == 0x7f;
	if (len == 2)
		return (u[0] == 0xc2 && u[1] < 0xa0) || (u[0] == 0xd8 && u[1] == 0x9c);
	if (len == 3 && u[0] == 0xe2)
		return (u[1] == 0x80 && (u[2] >= 0x8b && u[2] <= 0x8f)) ||
		       (u[1] == 0x80 && u[2] >= 0xa8 && u[2] <= 0xae) ||
		       (u[1] == 0x81 && u[2] >= 0xa0 && u[2] <= 0xaf);
	return len == 3 && u[0] == 0xef && u[1] == 0xbb && u[2] == 0xbf;
}

/* Are these eight bytes all printable ASCII? Of each byte the high bit of (b - 0x20) and of (b + 1) tells. */
static bool eight_are_printable(const char *s)
{
	const uint64_t high = 0x8080808080808080, ones = 0x0101010101010101;
	uint64_t w;

	memcpy(&w, s, sizeof(w));
	return !((w | (w - 0x20 * ones) | (w + ones)) & high);
}

bool text_is_plain(const char *s, size_t n)
{
	while (n) {
		size_t len;

		/* Nearly all of it, in rule files, and a good part of what an audit of few sockets takes. */
		if (n >= 8 && eight_are_printable(s)) {
			s += 8;
			n -= 8;
			continue;
		}
		if (*s >= ' ' && *s < 0x7f) {
			s++;
			n--;
			continue;
		}
		len = utf8_length(s, n);
		if (!len || (*s != '\t' && is_deceptive(s, len)))
			return false;
		s += len;
		n -= len;
	}
	return true;
}

static void add_piece(struct text *t, const char *s, size_t len, size_t step)
{
	if (!len || is_deceptive(s, len)) {
		for (size_t i = 0; i < step; i++)
			text_addf(t, "\\x%02x", (unsigned char)s[i]);
	} else if (*s == '\\') {
		text_add(t, "\\\\");
	} else {
		text_addn(t, s, len);
	}
}

void text_add_escaped(struct text *t, const char *s, size_t max)
{
	size_t n = strlen(s), start = t->len;

	while (n) {
		size_t len = utf8_length(s, n), step = len ? len : 1, whole = t->len;

		add_piece(t, s, len, step);
		if (t->len - start > max) {
			t->len = whole;
			text_add(t, "…");
			return;
		}
		s += step;
		n -= step;
	}
}

void text_squeeze(char *s)
{
	char *to = s;

	for (const char *p = s; *p; p++) {
		if (!isspace((unsigned char)*p))
			*to++ = *p;
		else if (to != s && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to != s && to[-1] == ' ')
		to--;
	*to = 0;
}

bool text_has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; n && (at = strstr(at, word)); at += n)
		if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}
