/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A strict reader of metrics documents, for tests and the fuzzer: what OpenMetrics 1.0 or the older text format of
 * Prometheus asks of the subset that is written here. Anything else is wrong, if only to these tests.
 */
#pragma once

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/metrics.h"

struct metrics_read {
	enum metrics_dialect dialect;
	size_t samples, families;
	char wrong[400]; /* the first thing; "" if none */

	/* on the way */
	char name[128], type[16]; /* of the family */
	bool helped, sampled;
	char **seen; /* families and series */
	size_t seen_count;
};

#define METRICS_WRONG(r, ...)                                                                \
	do {                                                                                  \
		if (!*(r)->wrong)                                                             \
			snprintf((r)->wrong, sizeof((r)->wrong), __VA_ARGS__);                \
		return;                                                                       \
	} while (0)

static inline bool metrics_is_new(struct metrics_read *r, const char *s, size_t n)
{
	for (size_t i = 0; i < r->seen_count; i++)
		if (strlen(r->seen[i]) == n && !memcmp(r->seen[i], s, n))
			return false;
	r->seen = reallocarray(r->seen, r->seen_count + 1, sizeof(*r->seen));
	r->seen[r->seen_count++] = strndup(s, n);
	return true;
}

static inline bool metrics_is_name(const char *s, size_t n)
{
	bool good = n && !isdigit((unsigned char)*s);

	for (size_t i = 0; i < n; i++)
		good &= islower((unsigned char)s[i]) || isdigit((unsigned char)s[i]) || s[i] == '_';
	return good;
}

static inline bool metrics_ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

/* "TYPE name gauge": word and name are split off, the rest is returned; NULL: malformed. */
static inline char *metrics_split(char *line, char **name)
{
	char *rest;

	*name = strchr(line, ' ');
	if (!*name)
		return NULL;
	*(*name)++ = 0;
	rest = strchr(*name, ' ');
	if (!rest || !rest[1])
		return NULL;
	*rest++ = 0;
	return rest;
}

static inline void metrics_read_type(struct metrics_read *r, const char *name, const char *type)
{
	char mark[160];

	/* A family and its sample may have one name. */
	snprintf(mark, sizeof(mark), "# %s", name);
	if (*r->name && !r->sampled)
		METRICS_WRONG(r, "%s has no sample", r->name);
	if (!metrics_is_name(name, strlen(name)) || strncmp(name, "tcpadvisor_", 11))
		METRICS_WRONG(r, "bad name '%s'", name);
	if (strcmp(type, "gauge") && strcmp(type, "counter"))
		METRICS_WRONG(r, "%s: type '%s'", name, type);
	if (!metrics_is_new(r, mark, strlen(mark)))
		METRICS_WRONG(r, "family %s comes twice", name);
	if (metrics_ends_with(name, "_total") != (!strcmp(type, "counter") && r->dialect == METRICS_PROMETHEUS))
		METRICS_WRONG(r, "a %s named %s", type, name);
	if (metrics_ends_with(name, "_count") || metrics_ends_with(name, "_sum") || metrics_ends_with(name, "_bucket") ||
	    metrics_ends_with(name, "_created"))
		METRICS_WRONG(r, "%s is the name of another type's sample", name);
	snprintf(r->name, sizeof(r->name), "%s", name);
	snprintf(r->type, sizeof(r->type), "%s", type);
	r->helped = r->sampled = false;
	r->families++;
}

static inline void metrics_read_unit(struct metrics_read *r, const char *unit)
{
	char end[64];

	snprintf(end, sizeof(end), "_%s%s", unit, metrics_ends_with(r->name, "_total") ? "_total" : "");
	if (!metrics_ends_with(r->name, end) || r->helped)
		METRICS_WRONG(r, "%s: unit '%s'", r->name, unit);
}

static inline void metrics_read_head(struct metrics_read *r, char *line)
{
	char *name = NULL, *rest = metrics_split(line, &name);

	if (!rest)
		METRICS_WRONG(r, "'# %s'", line);
	if (!strcmp(line, "TYPE")) {
		metrics_read_type(r, name, rest);
		return;
	}
	if (strcmp(name, r->name) || r->sampled)
		METRICS_WRONG(r, "# %s of %s, after %s", line, name, r->name);
	if (!strcmp(line, "UNIT")) {
		metrics_read_unit(r, rest);
		return;
	}
	if (strcmp(line, "HELP") || strpbrk(rest, "\"\\") || rest[strlen(rest) - 1] != '.')
		METRICS_WRONG(r, "# %s of %s: '%s'", line, name, rest);
	r->helped = true;
}

/* At the quote that begins a value; where it ends, or NULL. Valid UTF-8 without control characters. */
static inline const char *metrics_read_value(const char *s)
{
	for (s++; *s && *s != '"';) {
		size_t n = *s == '\\' ? 2 : utf8_length(s, strlen(s));

		if (!n || (unsigned char)*s < 0x20 || *s == 0x7f || (*s == '\\' && s[1] != '\\' && s[1] != '"'))
			return NULL;
		s += n;
	}
	return *s ? s + 1 : NULL;
}

/* At '{'; where the labels end, or NULL. */
static inline const char *metrics_read_labels(const char *s)
{
	do {
		size_t n = strcspn(++s, "=");
		const char *value = s + n;

		if (!metrics_is_name(s, n) || value[0] != '=' || value[1] != '"')
			return NULL;
		value = metrics_read_value(value + 1);
		if (!value || value - s > 4 * METRICS_LABEL_MAX)
			return NULL;
		s = value;
	} while (*s == ',');
	return *s == '}' ? s + 1 : NULL;
}

static inline void metrics_read_sample(struct metrics_read *r, const char *line)
{
	size_t n = strcspn(line, "{ "), m = strlen(r->name);
	const char *suffix = !strcmp(r->type, "counter") && r->dialect == METRICS_OPENMETRICS ? "_total" : "";
	const char *s = line + n;
	char *end;

	if (!r->helped)
		METRICS_WRONG(r, "a sample before its help: %s", line);
	if (n != m + strlen(suffix) || strncmp(line, r->name, m) || strncmp(line + m, suffix, strlen(suffix)))
		METRICS_WRONG(r, "%.*s below %s", (int)n, line, r->name);
	if (*s == '{')
		s = metrics_read_labels(s);
	if (!s || *s != ' ')
		METRICS_WRONG(r, "labels of %s", line);
	if (!metrics_is_new(r, line, (size_t)(s - line)))
		METRICS_WRONG(r, "%.*s comes twice", (int)(s - line), line);
	if (!isfinite(strtod(s + 1, &end)) || *end || end == s + 1)
		METRICS_WRONG(r, "value of %s", line);
	r->sampled = true;
	r->samples++;
}

/* All of a document; r->wrong says what is wrong with it. */
static inline void metrics_read(struct metrics_read *r, const char *s, enum metrics_dialect dialect)
{
	bool ended = false;

	*r = (struct metrics_read){.dialect = dialect};
	while (*s && !*r->wrong) {
		size_t n = strcspn(s, "\n");
		char *line = strndup(s, n);

		if (s[n] != '\n' || ended)
			snprintf(r->wrong, sizeof(r->wrong), "%s: '%.100s'", ended ? "after the end" : "cut", line);
		else if (!strcmp(line, "# EOF"))
			ended = true;
		else if (line[0] == '#' && line[1] == ' ')
			metrics_read_head(r, line + 2);
		else
			metrics_read_sample(r, line);
		free(line);
		s += n + (s[n] == '\n');
	}
	if (!*r->wrong && ended != (dialect == METRICS_OPENMETRICS))
		snprintf(r->wrong, sizeof(r->wrong), "the end is %s", ended ? "told" : "missing");
	if (!*r->wrong && *r->name && !r->sampled)
		snprintf(r->wrong, sizeof(r->wrong), "%s has no sample", r->name);
	for (size_t i = 0; i < r->seen_count; i++)
		free(r->seen[i]);
	free(r->seen);
	r->seen = NULL;
}
