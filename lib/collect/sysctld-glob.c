/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wildcards in the keys of sysctl.d: linear where fnmatch() is exponential, and deaf to the locale. */
#include "collect/sysctld-glob.h"

#include <string.h>
#include <wctype.h>
#include "base/text.h"

/* Is c in the class at p ("[:digit:]")? Returns the length of the class, or 0 where it is none. */
static size_t match_class(const char *p, unsigned char c, bool *found)
{
	size_t n = p[1] == ':' ? strspn(p + 2, "abcdefghijklmnopqrstuvwxyz") : 0;
	char name[8] = "";

	if (*p != '[' || !n || n >= sizeof(name) || strncmp(p + 2 + n, ":]", 2))
		return 0;
	memcpy(name, p + 2, n);
	*found |= c < 0x80 && iswctype(c, wctype(name));
	return n + 4;
}

static unsigned char range_bound(const char **p, const char *end)
{
	if (**p == '\\' && *p + 1 < end)
		(*p)++;
	return (unsigned char)*(*p)++;
}

/*
 * Returns where the bracket expression at p ends, or NULL where its ']' is missing. A range is one
 * of path bytes, where a key's '/' is a '.': both are neighbours and never meet, so none differs.
 */
static const char *match_bracket(const char *p, const char *end, char text, bool *ret)
{
	unsigned char c = (unsigned char)text, low, high;
	bool negated, found = false;
	const char *first;
	size_t n;

	p++;
	negated = p < end && (*p == '!' || *p == '^');
	first = p += negated;
	while (p < end) {
		if (*p == ']' && p != first) {
			*ret = found != negated;
			return p + 1;
		}
		n = match_class(p, c, &found);
		if (n) {
			p += n;
			continue;
		}
		low = high = range_bound(&p, end);
		if (end - p > 1 && *p == '-' && p[1] != ']') {
			p++;
			high = range_bound(&p, end);
		}
		found |= low <= c && c <= high;
	}
	return NULL;
}

/* Match one byte of text; returns what follows in the pattern, or NULL. */
static const char *match_byte(const char *p, const char *end, char text)
{
	const char *after;
	bool matches;

	if (*p == '?')
		return p + 1;
	if (*p == '[') {
		after = match_bracket(p, end, text, &matches);
		if (after)
			return matches ? after : NULL;
	}
	if (*p == '\\' && p + 1 < end)
		p++;
	return *p == text ? p + 1 : NULL;
}

/* Not fnmatch(): it takes exponential time for many stars, and a locale's order for ranges. */
static bool match_component(const char *p, const char *pend, const char *t, const char *tend)
{
	const char *star = NULL, *resume = NULL, *after;

	/* A leading dot of a file name is matched by a dot only. */
	if (t < tend && *t == '/' && p < pend && *p != '/' &&
	    !(*p == '\\' && p + 1 < pend && p[1] == '/'))
		return false;
	while (t < tend || p < pend) {
		if (p < pend && *p == '*') {
			star = ++p;
			resume = t;
			continue;
		}
		after = t < tend && p < pend ? match_byte(p, pend, *t) : NULL;
		if (after) {
			p = after;
			t++;
			continue;
		}
		if (!star || resume == tend)
			return false;
		p = star;
		t = ++resume;
	}
	return true;
}

bool sysctld_match_glob(const char *pattern, const char *key)
{
	for (;;) {
		const char *pend = pattern + strcspn(pattern, "."), *kend = key + strcspn(key, ".");

		if (!match_component(pattern, pend, key, kend))
			return false;
		if (!*pend || !*kend)
			return *pend == *kend;
		pattern = pend + 1;
		key = kend + 1;
	}
}

bool glob_match(const char *pattern, const char *text)
{
	return match_component(pattern, pattern + strlen(pattern), text, text + strlen(text));
}

static const char *find_brace(const char *p)
{
	for (; *p && *p != '{'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p : NULL;
}

/* The comma or brace that ends the alternative at p, or NULL. */
static const char *find_alternative_end(const char *p)
{
	size_t depth = 0;

	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '{')
			depth++;
		else if (!depth && (*p == ',' || *p == '}'))
			return p;
		else if (*p == '}')
			depth--;
	}
	return NULL;
}

bool sysctld_match_braces(const char *pattern, const char *key, unsigned *budget)
{
	const char *open = find_brace(pattern), *close = open, *p, *end;

	while (close && (close == open || *close == ','))
		close = find_alternative_end(close + 1);
	if (!close)
		return sysctld_match_glob(pattern, key);
	for (p = open + 1;; p = end + 1) {
		_cleanup_text_ struct text t = TEXT_NULL;

		if (!*budget)
			return false;
		--*budget;
		end = find_alternative_end(p);
		text_addn(&t, pattern, (size_t)(open - pattern));
		text_addn(&t, p, (size_t)(end - p));
		text_add(&t, close + 1);
		if (sysctld_match_braces(t.s, key, budget))
			return true;
		if (end == close)
			return false;
	}
}
