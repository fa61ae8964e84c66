/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/ini.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <string.h>
#include "base/text.h"

/* One entry is held back until the next begins, since its value may go on in a continuation line. */
struct reading {
	const char *file, *at, *end;
	unsigned line, header_line;
	bool continues; /* this line goes on with the value above it */
	bool has_key;	/* below the last header there is a value to go on with */
	bool format_seen, pending;
	char section[INI_SECTION_MAX + 1], key[INI_LINE_MAX_LENGTH + 1], value[INI_VALUE_MAX];
	unsigned key_line, section_line; /* of the entry held back */
	ini_entry_fn fn;
	void *user;
	struct diag *diag;
	int result;
};

static int fail_at(struct reading *r, unsigned line, const char *message)
{
	r->result = diag_set(r->diag, r->file, line, "%s", message);
	r->pending = false;
	return r->result;
}

static int fail(struct reading *r, const char *message)
{
	return fail_at(r, r->line, message);
}

/* inih takes a semicolon behind a blank for the begin of a comment, wherever it stands. */
static size_t comment_start(const char *line, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (line[i] == ';' && isspace((unsigned char)line[i - 1]))
			return i;
	return n;
}

static int check_header(struct reading *r, const char *line, size_t n)
{
	const char *close = memchr(line, ']', n);

	if (r->header_line && !r->has_key)
		return fail_at(r, r->header_line, "section without keys");
	if (close == line + 1)
		return fail(r, "section without a name");
	if (!close)
		return fail(r, "section header without ']'");
	if (close - line - 1 > INI_SECTION_MAX)
		return fail(r, "section name longer than 49 characters");
	for (const char *p = close + 1; p < line + n; p++)
		if (!isspace((unsigned char)*p))
			return fail(r, "text after the section header");
	r->header_line = r->line;
	r->has_key = false;
	return 0;
}

static int check_line(struct reading *r, const char *line, size_t n)
{
	size_t blank = 0;

	/* inih drops a byte order mark; so must we. */
	if (r->line == 1 && n >= 3 && !memcmp(line, "\xef\xbb\xbf", 3)) {
		line += 3;
		n -= 3;
	}
	if (n > INI_LINE_MAX_LENGTH)
		return fail(r, "line longer than 190 characters: continue the value in an indented line");
	if (memchr(line, 0, n))
		return fail(r, "NUL byte in the line");
	/* A file's words reach terminals and JSON as they are; a recorded host's file is untrusted. */
	if (!text_is_plain(line, n - (n && line[n - 1] == '\r')))
		return fail(r, "not UTF-8, or a control character in the line");
	while (blank < n && isspace((unsigned char)line[blank]))
		blank++;
	r->continues = false;
	if (blank == n || line[blank] == '#' || line[blank] == ';')
		return 0;
	if (comment_start(line, n) < n)
		return fail(r, "a semicolon behind a blank would begin a comment: comments stand on lines of their own");
	r->continues = blank > 0 && r->has_key;
	if (r->continues)
		return 0;
	if (line[blank] == '[')
		return check_header(r, line + blank, n - blank);
	if (!memchr(line, '=', n) && !memchr(line, ':', n))
		return fail(r, "neither a section nor 'key = value'");
	r->has_key = true;
	return 0;
}

/* inih's reader: one physical line at a time, as fgets would give it. */
static char *read_line(char *to, int size, void *stream)
{
	struct reading *r = stream;
	const char *newline;
	size_t n;

	if (r->result < 0 || r->at >= r->end)
		return NULL;
	r->line++;
	newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
	n = (size_t)((newline ? newline : r->end) - r->at);
	if (check_line(r, r->at, n) < 0 || n + 2 > (size_t)size)
		return NULL;
	memcpy(to, r->at, n);
	to[n] = '\n';
	to[n + 1] = 0;
	r->at += n + (newline != NULL);
	return to;
}

static int flush(struct reading *r)
{
	struct ini_entry e = {
		.file = r->file,
		.line = r->key_line,
		.section = r->section,
		.section_line = r->section_line,
		.key = r->key,
		.value = r->value,
	};

	if (!r->pending || r->result < 0)
		return r->result;
	r->pending = false;
	if (!r->format_seen) {
		if (*r->section || strcmp(r->key, "format") || strcmp(r->value, "1"))
			return fail_at(r, r->key_line, "the file must begin with 'format = 1'");
		r->format_seen = true;
		return 0;
	}
	r->result = r->fn(r->user, &e, r->diag);
	return r->result;
}

/* A line bounds each of them, so nothing is ever cut here. */
static void copy(char *to, size_t size, const char *s)
{
	size_t n = strnlen(s, size - 1);

	memcpy(to, s, n);
	to[n] = 0;
}

static int on_entry(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;

	/* inih reports a continuation line as the same key once more. */
	if (r->pending && r->continues) {
		size_t have = strlen(r->value);

		if (have + strlen(value) + 2 > sizeof(r->value))
			return fail(r, "value longer than 4095 characters"), 0;
		snprintf(r->value + have, sizeof(r->value) - have, " %s", value);
		return 1;
	}
	if (flush(r) < 0)
		return 0;
	if (!*key)
		return fail(r, "a value without a key"), 0;
	r->section_line = r->header_line;
	copy(r->section, sizeof(r->section), section);
	copy(r->key, sizeof(r->key), key);
	copy(r->value, sizeof(r->value), value);
	r->key_line = r->line;
	r->pending = true;
	return 1;
}

int ini_read(const char *file, const char *bytes, size_t n, ini_entry_fn fn, void *user,
	     struct diag *d)
{
	struct reading r = {.file = file, .at = bytes, .end = bytes + n, .fn = fn, .user = user, .diag = d};
	int bad;

	if (n > INI_FILE_MAX)
		return diag_set(d, file, 0, "larger than 1 MiB"), -EFBIG;
	bad = ini_parse_stream(read_line, &r, on_entry, &r);
	if (r.result == 0 && bad == 0)
		flush(&r);
	if (r.result < 0)
		return r.result;
	if (bad)
		return diag_set(d, file, bad > 0 ? (unsigned)bad : 0, "neither a section nor 'key = value'");
	if (!r.format_seen)
		return diag_set(d, file, 0, "the file must begin with 'format = 1'");
	if (r.header_line && !r.has_key)
		return diag_set(d, file, r.header_line, "section without keys");
	return 0;
}
