/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/dropin.h"

#include <errno.h>
#include <string.h>

#define SUPERSEDED "# superseded: "

/* Every line that was ever written above the entries: one that is changed is added here. */
static const char *const header[] = {
	"# Kept by tcpadvisor-persist(8): changes that were tried and confirmed. It refuses lines that it did not write:",
	"# settings of your own go into a file with a later name. To take a transaction out: tcpadvisor-persist --withdraw ID",
};

enum { HEADER_NOW = 2 };

static bool is_header(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(header); i++)
		if (!strcmp(line, header[i]))
			return true;
	return !*line;
}

/* What stands before `end` in *s, into `to`; *s then is behind it. */
static bool take(const char **s, const char *end, char *to, size_t size)
{
	const char *stop = strstr(*s, end);
	size_t n = stop ? (size_t)(stop - *s) : 0;

	if (!stop || n >= size)
		return false;
	memcpy(to, *s, n);
	to[n] = 0;
	*s = stop + strlen(end);
	return true;
}

static bool copy(char *to, size_t size, const char *s)
{
	return (size_t)snprintf(to, size, "%s", s) < size;
}

static bool is_date(const char *s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";

	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
			return false;
	return !s[sizeof(form) - 1];
}

/* "# ID DATE (was OLD) WHY" */
static bool parse_comment(const char *s, struct dropin_entry *e)
{
	return !strncmp(s, "# ", 2) && (s += 2) && take(&s, " ", e->id, sizeof(e->id)) && paper_is_id(e->id) &&
	       take(&s, " (was ", e->date, sizeof(e->date)) && is_date(e->date) && take(&s, ") ", e->old, sizeof(e->old)) &&
	       copy(e->why, sizeof(e->why), s);
}

/* "KEY = VALUE", with a mark in front where a later one is in force. */
static bool parse_setting(const char *s, struct dropin_entry *e)
{
	e->superseded = !strncmp(s, SUPERSEDED, strlen(SUPERSEDED));
	if (e->superseded)
		s += strlen(SUPERSEDED);
	return take(&s, " = ", e->key, sizeof(e->key)) && *e->key && strpbrk(e->key, "#;- ") == NULL && *s &&
	       copy(e->value, sizeof(e->value), s);
}

static bool is_plain(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return true;
}

/* The last entry of a key is the one in force, all before it are superseded. */
static bool is_consistent(const struct dropin *d)
{
	for (unsigned i = 0; i < d->count; i++) {
		bool later = false;

		for (unsigned k = i + 1; k < d->count; k++)
			later |= !strcmp(d->entries[i].key, d->entries[k].key);
		if (later != d->entries[i].superseded)
			return false;
	}
	return true;
}

static void settle(struct dropin *d)
{
	for (unsigned i = 0; i < d->count; i++) {
		struct dropin_entry *e = &d->entries[i];
		bool before = e->superseded;

		e->superseded = false;
		for (unsigned k = i + 1; k < d->count && !e->superseded; k++)
			e->superseded = !strcmp(d->entries[k].key, e->key);
		e->restored = !e->superseded && (before || e->restored);
	}
}

/* A line without its end. *open: it goes with the comment before it, which began an entry. */
static int parse_line(struct dropin *d, const char *line, unsigned number, bool *open)
{
	struct dropin_entry *e = &d->entries[d->count];

	if (*open) {
		*open = false;
		e->line = number;
		d->count++;
		return parse_setting(line, e) ? 0 : -EBADMSG;
	}
	if (is_header(line))
		return d->count && *line ? -EBADMSG : 0;
	if (d->count == DROPIN_ENTRIES)
		return -E2BIG;
	*open = parse_comment(line, e);
	return *open ? 0 : -EBADMSG;
}

static int parse_lines(const char *bytes, size_t n, struct dropin *d, unsigned *line)
{
	char buf[PAPER_ID + DROPIN_DATE + PAPER_VALUE + PAPER_TEXT + 32];
	const char *end = bytes + n, *stop;
	bool open = false;
	int r = 0;

	for (const char *s = bytes; !r && s < end; s = stop + 1) {
		(*line)++;
		stop = memchr(s, '\n', (size_t)(end - s));
		if (!stop || (size_t)(stop - s) >= sizeof(buf) || !is_plain(s, (size_t)(stop - s)))
			return -EBADMSG;
		memcpy(buf, s, (size_t)(stop - s));
		buf[stop - s] = 0;
		r = parse_line(d, buf, *line, &open);
	}
	return r ? r : open || !is_consistent(d) ? -EBADMSG : 0;
}

int dropin_parse(const char *bytes, size_t n, struct dropin *ret, unsigned *line)
{
	_cleanup_free_ struct dropin *d = calloc(1, sizeof(*d));
	unsigned number = 0;
	int r = !d ? -ENOMEM : n > DROPIN_BYTES ? -E2BIG : parse_lines(bytes, n, d, &number);

	if (r < 0) {
		*line = number;
		return r;
	}
	*ret = *d;
	return 0;
}

void dropin_format(const struct dropin *d, struct text *ret)
{
	for (size_t i = 0; d->count && i < HEADER_NOW; i++)
		text_addf(ret, "%s\n", header[i]);
	if (d->count)
		text_add(ret, "\n");
	for (unsigned i = 0; i < d->count; i++) {
		const struct dropin_entry *e = &d->entries[i];

		text_addf(ret, "# %s %s (was %s) %s\n", e->id, e->date, e->old, e->why);
		text_addf(ret, "%s%s = %s\n", e->superseded ? SUPERSEDED : "", e->key, e->value);
	}
}

void dropin_remove(struct dropin *d, unsigned index)
{
	memmove(&d->entries[index], &d->entries[index + 1], (d->count - index - 1) * sizeof(d->entries[0]));
	d->count--;
	settle(d);
}

unsigned dropin_withdraw(struct dropin *d, const char *id)
{
	unsigned before = d->count;

	for (unsigned i = d->count; i; i--)
		if (!strcmp(d->entries[i - 1].id, id))
			dropin_remove(d, i - 1);
	return before - d->count;
}

int dropin_add(struct dropin *d, const struct dropin_entry *e)
{
	unsigned at;

	for (unsigned i = d->count; i; i--)
		if (!strcmp(d->entries[i - 1].id, e->id) && !strcmp(d->entries[i - 1].key, e->key))
			dropin_remove(d, i - 1);
	if (d->count == DROPIN_ENTRIES)
		return -E2BIG;
	for (at = d->count; at && strcmp(d->entries[at - 1].date, e->date) > 0;)
		at--;
	memmove(&d->entries[at + 1], &d->entries[at], (d->count - at) * sizeof(*e));
	d->entries[at] = *e;
	d->count++;
	settle(d);
	return 0;
}
