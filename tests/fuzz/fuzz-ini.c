/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INI files: what is accepted says what stands in it, line by line, and nothing is lost. */
#include <ctype.h>

#include "fuzz.h"

#include "base/ini.h"

struct reading {
	const char *bytes, *end;
	unsigned entries, last_line;
};

/* From the first character that is no blank to the end of the file. */
static const char *line_at(const struct reading *r, unsigned line)
{
	const char *p = r->bytes;

	for (; line > 1; line--) {
		p = memchr(p, '\n', (size_t)(r->end - p));
		check(p != NULL);
		p++;
	}
	if (p == r->bytes && r->end - p >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		p += 3;
	while (p < r->end && *p != '\n' && isspace((unsigned char)*p))
		p++;
	return p;
}

static void check_begins(const struct reading *r, const char *p, const char *with)
{
	size_t n = strlen(with);

	check((size_t)(r->end - p) >= n && !memcmp(p, with, n));
}

static int on_entry(void *user, const struct ini_entry *e, struct diag *d)
{
	struct reading *r = user;

	(void)d;
	r->entries++;
	check(e->line > r->last_line && e->section_line < e->line);
	check(*e->key && strlen(e->value) < INI_VALUE_MAX && strlen(e->section) <= INI_SECTION_MAX);
	check_begins(r, line_at(r, e->line), e->key);
	if (e->section_line) {
		const char *header = line_at(r, e->section_line);

		check_begins(r, header, "[");
		check_begins(r, header + 1, e->section);
		check_begins(r, header + 1 + strlen(e->section), "]");
	} else {
		check(!*e->section);
	}
	r->last_line = e->line;
	return 0;
}

/* Lines that begin a key: an indented one goes on with the key above it in its section, if any. */
static unsigned count_keys(const struct reading *r)
{
	bool key_above = false;
	unsigned n = 0;

	for (const char *p = r->bytes; p < r->end; p++) {
		const char *start = p, *end = memchr(p, '\n', (size_t)(r->end - p));

		if (!end)
			end = r->end;
		if (p == r->bytes && end - p >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
			start = p += 3;
		while (p < end && isspace((unsigned char)*p))
			p++;
		if (p < end && *p != ';' && *p != '#' && !(key_above && p > start)) {
			key_above = *p != '[';
			n += key_above;
		}
		p = end;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading r = {.bytes = (const char *)data, .end = (const char *)data + size};
	struct diag d = {0};

	if (ini_read("f", r.bytes, size, on_entry, &r, &d) < 0)
		check_diag(&d);
	else
		check(r.entries + 1 == count_keys(&r)); /* format = 1 is not passed on */
	return 0;
}
