/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Measures of the health watcher, shown before and after: a line of the input is one. First byte: the width. */
#include "fuzz.h"

#include "base/text.h"
#include "cli/evidence.h"

/* Lines and valid UTF-8 without control characters, whatever was measured. */
static void check_shown(const char *s)
{
	while (*s) {
		size_t n = utf8_length(s, strlen(s));

		check(n > 0);
		check(n > 1 || *s == '\n' || ((unsigned char)*s >= 0x20 && *s != 0x7f));
		check(n != 2 || (unsigned char)s[0] != 0xc2 || (unsigned char)s[1] >= 0xa0);
		s += n;
	}
}

static void check_items(const char *text)
{
	struct measure_item item;
	const char *last = text;

	for (const char *at = text; measure_next(&at, &item); last = at) {
		check(at > last);
		check(strlen(item.name) < sizeof(item.name) && strlen(item.value) < sizeof(item.value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct render_options o = {.width = size ? 40 + data[0] % 101 : 80};
	struct paper *p = calloc(1, sizeof(*p));
	_cleanup_text_ struct text t = TEXT_NULL;
	char *copy = size ? strndup((const char *)data + 1, size - 1) : NULL, *rest = copy, *line;

	check(p);
	while (rest && (line = strsep(&rest, "\n")) && p->measure_count < PAPER_MEASURES) {
		struct paper_measure *m = &p->measures[p->measure_count++];

		m->when = *line == '>' ? MEASURED_AFTER : MEASURED_BEFORE;
		/* As it is, though papers hold nothing but printable characters. */
		snprintf(m->text, sizeof(m->text), "%s", line + (*line == '>'));
		check_items(m->text);
	}
	evidence_add_text(p, &o, &t);
	check_shown(text_get(&t));
	free(copy);
	free(p);
	return 0;
}
