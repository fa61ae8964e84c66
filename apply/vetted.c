/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/vetted.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const struct vetted vetted_table[] = {
#include "apply/vetted.inc"
};

const size_t vetted_count = ARRAY_SIZE(vetted_table);

const struct vetted *vetted_find(const char *key)
{
	for (size_t i = 0; i < vetted_count; i++)
		if (!strcmp(vetted_table[i].key, key))
			return &vetted_table[i];
	return NULL;
}

/* Canonical: decimal numbers with one blank between them, as many as the key has elements. */
static bool parse_numbers(const struct vetted *v, const char *s, double ret[VETTED_ELEMENTS])
{
	for (unsigned i = 0; i < v->elements; i++) {
		size_t sign = *s == '-', n = sign + strspn(s + sign, "0123456789");
		char *end;

		if (n == sign || n > 19 || s[n] != (i + 1 < v->elements ? ' ' : 0))
			return false;
		ret[i] = strtod(s, &end);
		s += n + 1;
	}
	return true;
}

static bool is_known(const struct vetted *v, double number)
{
	for (unsigned i = 0; i < v->value_count; i++)
		if ((double)v->values[i] == number)
			return true;
	return !v->value_count;
}

static const char *refuse_numbers(const struct vetted *v, const char *old, const char *new)
{
	double before[VETTED_ELEMENTS], after[VETTED_ELEMENTS];

	if (!parse_numbers(v, new, after) || !parse_numbers(v, old, before))
		return "it is no value of this key";
	for (unsigned i = 0; i < v->elements; i++) {
		/* An element that stays is the kernel's own, or a person's. */
		if (after[i] == before[i])
			continue;
		if (v->bounded && (after[i] < v->min[i] || after[i] > v->max[i]))
			return "it is outside the catalogue's bounds";
		if (!is_known(v, after[i]))
			return "the catalogue knows no such value";
		if (v->class == VETTED_RAISE && after[i] < before[i])
			return "this key is vetted for raises only";
	}
	for (unsigned i = 1; i < v->elements && v->ascending; i++)
		if (after[i] < after[i - 1])
			return "its elements would not ascend";
	return NULL;
}

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = words; (s = strstr(s, word)); s += n)
		if ((s == words || s[-1] == ' ') && (s[n] == ' ' || !s[n]))
			return true;
	return false;
}

static const char *refuse_word(const struct vetted *v, const char *new)
{
	if (!*new || strspn(new, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(new))
		return "it is no word";
	return v->words && !has_word(v->words, new) ? "the catalogue knows no such word" : NULL;
}

/* "8080,9000-9100", with numbers that are ports: the kernel checks the rest. */
static const char *refuse_ranges(const char *new)
{
	for (const char *s = new; *s; s++) {
		char *end;

		if (!isdigit((unsigned char)*s) || strtoul(s, &end, 10) > 65535 || strtoul(s, NULL, 10) == 0)
			return "it is no list of ports";
		s = end;
		if (!*s)
			return NULL;
		if (*s != ',' && *s != '-')
			return "it is no list of ports";
	}
	return *new ? "it is no list of ports" : NULL;
}

const char *vetted_refusal(const struct vetted *v, const char *old, const char *new)
{
	switch (v->type) {
	case VETTED_NUMBER:
		return refuse_numbers(v, old, new);
	case VETTED_WORD:
		return refuse_word(v, new);
	case VETTED_RANGES:
		return refuse_ranges(new);
	}
	return "its type is not known";
}
