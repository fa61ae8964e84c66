/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for the journal: whatever names an event has, what journald reads are the fields that it has, each with the value
 * that went in. First byte: kind, second: severity, third: which strings are there; then the strings, each up to a NUL.
 */
#include "fuzz.h"

#include "daemon/journal.h"
#include "../unit/unit-journal.h"

static const struct {
	const char *name;
	size_t offset;
	bool is_value;
} strings[] = {
	{"SUBJECT", offsetof(struct event, subject), false},
	{"UNIT_OF_SUBJECT", offsetof(struct event, unit), false},
	{"NETNS", offsetof(struct event, netns), false},
	{"ACTUAL", offsetof(struct event, actual), true},
	{"PREVIOUS", offsetof(struct event, previous), true},
	{"EXPECTED", offsetof(struct event, expected), true},
	{"BOOT", offsetof(struct event, boot), true},
	{"BOOT_FILE", offsetof(struct event, boot_file), false},
};

static const char **member(struct event *e, size_t i)
{
	return (const char **)(void *)((char *)e + strings[i].offset);
}

/* Only what may be shown, and the front of what went in; all of it unless it was cut. */
static void check_field(const struct native_field *f, const char *in, bool lines)
{
	_cleanup_free_ char *out = malloc(f->n + 1);
	bool cut;
	size_t n;

	for (size_t at = 0; at < f->n;) {
		size_t step = utf8_length(f->value + at, f->n - at);

		check(step > 0);
		check(text_is_plain(f->value + at, step) || (lines && f->value[at] == '\n'));
		check(f->value[at] != '\t');
		at += step;
	}
	n = native_unescape(f->value, f->n, &cut, out);
	/* A name may end with that mark by itself. */
	if (cut && strlen(in) == n + 3 && !strcmp(in + n, "…"))
		cut = false;
	else if (!cut)
		check(strlen(in) == n);
	check(strlen(in) >= n && !memcmp(in, out, n));
}

static void check_fields(const struct event *e, const struct native *x)
{
	size_t expected = 6;

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		const char *in = *member((struct event *)e, i);
		const struct native_field *f = native_find(x, strings[i].name);
		bool there = in && (*in || strings[i].is_value);

		check(there == (f != NULL));
		expected += there;
		if (f)
			check_field(f, in, true);
	}
	expected += e->boot_file && e->boot_line;
	if (e->writer) {
		expected += 1u + (e->writer->pid > 0) + (*e->writer->command != 0) + (*e->writer->unit != 0);
		if (*e->writer->command)
			check_field(native_find(x, "WRITER_COMMAND"), e->writer->command, true);
		if (*e->writer->unit)
			check_field(native_find(x, "WRITER_UNIT"), e->writer->unit, true);
	}
	check(native_find(x, "MESSAGE") != NULL);
	if (*e->message)
		check_field(native_find(x, "MESSAGE"), e->message, false);
	check(x->count == expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = size > 3 ? malloc(size - 2) : NULL;
	_cleanup_text_ struct text t = TEXT_NULL;
	struct event e = {.boot_line = size & 3};
	struct writer w = {0};
	struct native x;
	char *at = text, *end;

	if (!text)
		return 0;
	end = text + (size - 3);
	memcpy(text, data + 3, size - 3);
	*end = 0;
	e.kind = (enum event_kind)(data[0] % EVENT_KINDS);
	e.severity = (enum severity)(data[1] % SEVERITIES);
	e.message = at;
	at += strlen(at);
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		if (data[2] & 1u << i) {
			at += at < end;
			*member(&e, i) = at;
			at += strlen(at);
		}
	if (data[0] & 0x80) {
		w.pid = (int)data[1] - 8;
		at += at < end;
		snprintf(w.command, sizeof(w.command), "%s", at);
		snprintf(w.unit, sizeof(w.unit), "%s", at);
		e.writer = &w;
	}
	journal_format(&e, &t);
	check(t.len <= JOURNAL_DATAGRAM_MAX);
	check(native_parse(t.s, t.len, &x));
	check_fields(&e, &x);
	return 0;
}
