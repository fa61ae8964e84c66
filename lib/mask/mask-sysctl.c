/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and values of sysctls: those that every kernel has stay, with the numbers that they hold. */
#include <ctype.h>
#include <fnmatch.h>
#include <string.h>
#include "mask/mask-private.h"

enum { WORD_MAX = 15, NUMBER_MAX = 20, LOOKS_MAX = 256, TYPO_MIN = 8 };

static const char *const per_interface[] = {"net.ipv4.conf.", "net.ipv6.conf.", "net.ipv4.neigh.", "net.ipv6.neigh.", "net.mpls.conf."};

void mask_swap_separators(char *key)
{
	for (; *key; key++)
		*key = *key == '.' ? '/' : *key == '/' ? '.' : *key;
}

/* "net.ipv4.conf.", where the key is one of an interface. */
static const char *interface_prefix(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(per_interface); i++) {
		size_t n = strlen(per_interface[i]);

		if (!strncmp(key, per_interface[i], n) && strchr(key + n, '.'))
			return per_interface[i];
	}
	return NULL;
}

static bool matches_known(const struct catalogue *c, const char *pattern)
{
	if (!strpbrk(pattern, "*?["))
		return false;
	for (size_t i = 0; i < c->count; i++)
		if (!fnmatch(pattern, c->defs[i].key, 0))
			return true;
	for (size_t i = 0; i < c->name_count; i++)
		if (!fnmatch(pattern, c->names[i].name, 0))
			return true;
	return false;
}

/* Everybody's too is what was mistyped, of names so long that the likeness is no chance. */
static bool is_public(struct mask *m, const char *key)
{
	_cleanup_(arena_clear) struct arena arena = ARENA_NULL;
	const char *last = strrchr(key, '.');

	if (strlen(key) >= SYSCTL_KEY_MAX)
		return false;
	if (catalogue_knows(m->catalogue, key, NULL) || matches_known(m->catalogue, key))
		return true;
	return !strpbrk(key, "*?[") && last && strlen(last + 1) >= TYPO_MIN && m->looks++ < LOOKS_MAX && catalogue_nearest(m->catalogue, key, &arena);
}

/* Each component by itself; what kernels call their trees stays. */
static void mask_components(struct mask *m, const char *key, struct text *ret)
{
	static const char common[] = " net kernel vm fs dev abi user debug ipv4 ipv6 core netfilter conf neigh route unix bridge all "
				     "default ";

	for (size_t n; *key; key += n) {
		char word[32];

		n = strcspn(key, ".");
		snprintf(word, sizeof(word), " %.*s ", (int)n, key);
		if (n && n < sizeof(word) - 3 && strstr(common, word))
			text_addn(ret, key, n);
		else if (n)
			mask_name(m, "k", key, n, ret);
		/* A pattern stays one. */
		if (n && strcspn(key, "*?[") < n)
			text_add(ret, "*");
		if (key[n] == '.') {
			text_add(ret, ".");
			n++;
		}
	}
}

static void mask_interface_key(struct mask *m, const char *prefix, const char *key, struct text *ret)
{
	size_t start = strlen(prefix);
	const char *leaf = strrchr(key, '.') + 1;
	char name[SYSCTL_KEY_MAX], everywhere[SYSCTL_KEY_MAX];
	_cleanup_text_ struct text masked = TEXT_NULL;

	snprintf(name, sizeof(name), "%.*s", (int)(leaf - 1 - key - (ptrdiff_t)start), key + start);
	mask_swap_separators(name);
	mask_interface(m, name, strlen(name), &masked);
	if (masked.len)
		mask_swap_separators(masked.s);
	text_addf(ret, "%s%s.", prefix, text_get(&masked));
	snprintf(everywhere, sizeof(everywhere), "%sdefault.%s", prefix, leaf);
	if (is_public(m, everywhere))
		text_add(ret, leaf);
	else
		mask_components(m, leaf, ret);
}

void mask_key(struct mask *m, const char *key, struct text *ret)
{
	const char *prefix = strlen(key) < SYSCTL_KEY_MAX ? interface_prefix(key) : NULL;

	if (prefix)
		mask_interface_key(m, prefix, key, ret);
	else if (is_public(m, key))
		text_add(ret, key);
	else
		mask_components(m, key, ret);
}

/* "4096", "-1", "0x1f", "8000-9000", tuned's ">4096". */
static bool is_number(const char *s, size_t n)
{
	size_t signs = n && strchr("-<>+", *s) ? 1 : 0, i = signs;
	bool hex = n > i + 2 && s[i] == '0' && (s[i + 1] | 32) == 'x';

	if (n - signs > 2 * NUMBER_MAX || n == signs)
		return false;
	for (i += hex ? 2 : 0; i < n; i++)
		if (!(hex ? isxdigit((unsigned char)s[i]) : isdigit((unsigned char)s[i])) && s[i] != '-')
			return false;
	return true;
}

/* The name of an algorithm, say. */
static bool is_word(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_' && s[i] != '-')
			return false;
	return n <= WORD_MAX;
}

static void mask_word(struct mask *m, bool numbers, bool words, const char *s, size_t n, struct text *ret)
{
	if ((numbers && is_number(s, n)) || (words && is_word(s, n)) || (n == 1 && ispunct((unsigned char)*s))) {
		text_addn(ret, s, n);
	} else {
		/* A variable of tuned's stays one, and "5;" what no number ends with. */
		text_add(ret, *s == '$' ? "$" : "");
		mask_name(m, "m", s, n, ret);
	}
}

void mask_value(struct mask *m, const char *key, const char *value, size_t n, struct text *ret)
{
	const struct sysctl_def *def = catalogue_find(m->catalogue, key);
	bool words = def && (def->type == SYSCTL_WORD || def->type == SYSCTL_WORDS);
	bool numbers = catalogue_knows(m->catalogue, key, NULL) || matches_known(m->catalogue, key);

	for (size_t i = 0, length; i < n; i += length) {
		for (length = 0; i + length < n && !strchr(" \t\r\n\v\f,", value[i + length]); length++)
			;
		if (length)
			mask_word(m, numbers, words, value + i, length, ret);
		else
			text_addn(ret, value + i, length = 1);
	}
}

static size_t trimmed(const char *s, size_t n)
{
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	return n;
}

/* The key is asked for as systemd spells it: where a slash comes first, slashes part its components. */
static void mask_spelled_key(struct mask *m, const char *key, size_t n, char canonical[SYSCTL_KEY_MAX], struct text *ret)
{
	_cleanup_text_ struct text masked = TEXT_NULL;
	bool slashes;

	snprintf(canonical, SYSCTL_KEY_MAX, "%.*s", (int)min_of(n, (size_t)SYSCTL_KEY_MAX - 1), key);
	slashes = canonical[strcspn(canonical, "./")] == '/';
	if (slashes)
		mask_swap_separators(canonical);
	mask_key(m, canonical, &masked);
	if (slashes && masked.len)
		mask_swap_separators(masked.s);
	text_add(ret, text_get(&masked));
}

void mask_assignment(struct mask *m, const char *line, size_t n, struct text *ret)
{
	const char *equals = memchr(line, '=', n), *value;
	size_t key = trimmed(line, equals ? (size_t)(equals - line) : n);
	char canonical[SYSCTL_KEY_MAX];

	mask_spelled_key(m, line, key, canonical, ret);
	text_addn(ret, line + key, (equals ? (size_t)(equals - line) : n) - key);
	if (!equals)
		return;
	text_add(ret, "=");
	value = equals + 1;
	mask_value(m, canonical, value, n - (size_t)(value - line), ret);
}

static size_t count_in(const char *s, size_t n, const char *set)
{
	size_t i = 0;

	while (i < n && s[i] && strchr(set, s[i]))
		i++;
	return i;
}

/*
 * "# tcpadvisor: ignore RULE: reason" excuses the next line: all but the reason stays, and what is not understood is not
 * understood afterwards.
 */
static void mask_comment(const char *line, size_t n, struct text *ret)
{
	static const char mark[] = "tcpadvisor:", verb[] = "ignore ";
	size_t at, rules;

	text_addn(ret, line, 1);
	at = 1 + count_in(line + 1, n - 1, " \t\r\v\f");
	if (n - at < strlen(mark) || memcmp(line + at, mark, strlen(mark)))
		return;
	at += strlen(mark);
	at += count_in(line + at, n - at, " \t\r\v\f");
	line += at;
	n -= at;
	rules = n > strlen(verb) && !memcmp(line, verb, strlen(verb))
			? count_in(line + strlen(verb), n - strlen(verb), "abcdefghijklmnopqrstuvwxyz0123456789.*-, ") : 0;
	rules += strlen(verb);
	if (rules >= n || rules == strlen(verb) || line[rules] != ':') {
		text_addf(ret, " %s masked", mark);
		return;
	}
	text_addf(ret, " %s %.*s:", mark, (int)rules, line);
	text_add(ret, count_in(line + rules + 1, n - rules - 1, " \t\r") < n - rules - 1 ? " masked" : "");
}

static void mask_sysctl_line(struct mask *m, void *user, const char *line, size_t n, struct text *ret)
{
	size_t lead = 0;

	(void)user;
	/* A byte order mark is a fault that lint names. */
	while (lead < n && (isspace((unsigned char)line[lead]) || (lead + 3 <= n && !memcmp(line + lead, "\xef\xbb\xbf", 3))))
		lead += isspace((unsigned char)line[lead]) ? 1 : 3;
	text_addn(ret, line, lead);
	line += lead;
	n -= lead;
	if (!n)
		return;
	if (*line == '#' || *line == ';') {
		mask_comment(line, n, ret);
		return;
	}
	if (*line == '-')
		text_add(ret, "-");
	mask_assignment(m, line + (*line == '-'), n - (*line == '-'), ret);
}

void mask_sysctl_file(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	(void)path;
	/* What is no text tells nobody what it is. */
	if (memchr(bytes, 0, n))
		text_addn(ret, "\0\n", 2);
	else
		mask_lines(m, bytes, n, ret, mask_sysctl_line, NULL);
}
