/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the tests of rendering: names that are out to fool, and what rendered text may never hold. */
#pragma once

#include <jansson.h>

#include "unit-judge.h"

#include "base/text.h"
#include "render/layout.h"

/* Each holds "INJECTED" where a name that is not escaped would let it begin a line or stand alone. */
static const char *const hostile_names[] = {
	"\033[31mINJECTED\033[0m",
	"\033]0;INJECTED\007",
	"a\nINJECTED",
	"a\r\nINJECTED\r",
	"a\tINJECTED\v\f\b\b\b",
	"\177INJECTED",
	"\302\233 31mINJECTED", /* C1: CSI */
	("\233" "31mINJECTED"),	    /* the same in eight bits: no UTF-8 */
	"\342\200\256DETCEJNI\342\200\254", /* right-to-left override */
	"\342\201\246INJECTED\342\201\251", /* isolates */
	"\342\200\217INJECTED\330\234",	    /* marks */
	"\342\200\250INJECTED\342\200\251", /* line and paragraph separators */
	"\357\273\277INJECTED",		    /* byte order mark */
	"\377\376INJECTED",
	"\300\212INJECTED",	/* overlong line break */
	"\355\240\200INJECTED", /* surrogate */
	"\360\237INJECTED",	/* cut short */
	"\"},{\"INJECTED\":\"\\\"\\u0000",
	"</script><script>INJECTED",
	"%s%n INJECTED",
};

/* What must not come out of any renderer, save line breaks and where asked for an SGR sequence. */
static inline void assert_harmless(const char *s, const char *what)
{
	for (const char *p = s; *p;) {
		size_t n = utf8_length(p, strlen(p));
		const unsigned char *u = (const unsigned char *)p;

		if (!n)
			fail_msg("%s: no UTF-8 at '%.40s'", what, p);
		if ((*u < 0x20 && *u != '\n') || *u == 0x7f || (n == 2 && u[0] == 0xc2 && u[1] < 0xa0) ||
		    (n == 2 && u[0] == 0xd8 && u[1] == 0x9c) ||
		    (n == 3 && u[0] == 0xe2 && u[1] == 0x80 &&
		     ((u[2] >= 0x8b && u[2] <= 0x8f) || (u[2] >= 0xa8 && u[2] <= 0xae))) ||
		    (n == 3 && u[0] == 0xe2 && u[1] == 0x81 && u[2] >= 0xa0) ||
		    (n == 3 && u[0] == 0xef && u[1] == 0xbb))
			fail_msg("%s: %02x at '%.40s'", what, *u, p);
		p += n;
	}
	if (!strncmp(s, "INJECTED", 8) || strstr(s, "\nINJECTED"))
		fail_msg("%s: a name began a line", what);
}

/* A name of four kilobytes without a blank. */
static inline char *long_name(void)
{
	return repeat('n', 4096);
}

/* Parsed JSON, which must be all that there is. */
static inline json_t *parse_json(const struct text *t)
{
	json_error_t e;
	json_t *j = json_loadb(t->s, t->len, JSON_REJECT_DUPLICATES, &e);

	if (!j)
		fail_msg("JSON, line %d: %s in\n%.2000s", e.line, e.text, t->s);
	return j;
}

static inline void json_releasep(json_t **j)
{
	json_decref(*j);
}

#define _cleanup_json_ _cleanup_(json_releasep)

/* Every string in it, keys too. */
static inline void assert_json_harmless(const json_t *j)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(j))
		assert_harmless(json_string_value(j), "a string of JSON");
	json_array_foreach ((json_t *)j, i, value)
		assert_json_harmless(value);
	json_object_foreach ((json_t *)j, key, value) {
		assert_harmless(key, "a key of JSON");
		assert_json_harmless(value);
	}
}

/* Where a paragraph's text begins: the margin before it holds a label. */
enum { MARGIN = 10 };

/* Wider than asked, though there is a blank at which it could have been broken. */
static inline bool too_wide(const char *line, size_t n, unsigned width)
{
	char copy[8192];
	size_t at = 0;

	assert_true(n < sizeof(copy));
	memcpy(copy, line, n);
	copy[n] = 0;
	if (layout_columns(copy) <= width)
		return false;
	while (at < n && (at < MARGIN || copy[at] == ' '))
		at++;
	return strchr(copy + at, ' ') != NULL;
}

static inline void assert_width(const char *s, unsigned width)
{
	for (const char *end; *s; s = end + (*end == '\n')) {
		end = s + strcspn(s, "\n");
		if (too_wide(s, (size_t)(end - s), width))
			fail_msg("wider than %u: '%.*s'", width, (int)(end - s), s);
	}
}
