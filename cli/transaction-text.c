/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <time.h>
#include "cli/service.h"
#include "cli/transaction.h"
#include "render/status-text.h"

enum { ESCAPED_MAX = 4 * PAPER_TEXT };

static void add_escaped(struct text *t, const char *s)
{
	text_add_escaped(t, s, ESCAPED_MAX);
}

void transaction_add_state(const struct paper *p, struct text *t)
{
	text_add(t, paper_state_name(p->state));
	if (!*p->reason)
		return;
	text_add(t, ": ");
	add_escaped(t, p->reason);
}

static void add_time(struct text *t, double epoch)
{
	char when[SERVICE_TIME_MAX];

	service_time(epoch, when, sizeof(when));
	text_add(t, when);
}

static void add_end(const struct paper *p, struct text *t)
{
	double left = transaction_left(p);
	char age[AGE_MAX];

	if (p->state != STATE_OPEN) {
		if (*p->reason)
			transaction_add_state(p, t);
		return;
	}
	if (left <= 0) {
		text_add(t, "being undone");
		return;
	}
	text_addf(t, "undone in %s, at ", age_format(age, sizeof(age), left));
	add_time(t, (double)time(NULL) + left);
	text_addf(t, ", unless `tcpadvisor confirm %.*s`", SHORT_ID, p->id);
}

void transaction_add_verdict(const struct paper *p, struct text *t)
{
	static const char *const words[PAPER_VERDICTS] = {
		[VERDICT_NONE] = "none yet", [VERDICT_OK] = "ok", [VERDICT_WORSE] = "worse", [VERDICT_UNPROVEN] = "not proven",
	};

	const char *name = paper_verdict_name(p->verdict), *signal = p->signal;
	size_t n = strlen(name);

	text_add(t, p->verdict < PAPER_VERDICTS ? words[p->verdict] : "?");
	if (!*signal)
		return;
	/* "not proven – unproven: …" says it twice. */
	if (!strncmp(signal, name, n) && signal[n] == ':')
		signal += n + 1 + strspn(signal + n + 1, " ");
	text_add(t, " – ");
	add_escaped(t, signal);
}

static void add_asked(const struct paper *p, struct text *t)
{
	add_time(t, (double)p->asked / 1000);
}

static void add_closed(const struct paper *p, struct text *t)
{
	if (p->closed)
		add_time(t, (double)p->closed / 1000);
}

static void add_persist(const struct paper *p, struct text *t)
{
	if (p->state == STATE_OPEN)
		text_add(t, p->persist ? "yes, once it is confirmed" : "no: a reboot brings the old values back");
	else if (p->state == STATE_CONFIRMED)
		text_add(t, p->persist ? "yes" : "no: a reboot brings the old values back");
}

static void add_taken(const struct paper *p, struct text *t)
{
	for (unsigned i = 0; i < p->change_count; i++) {
		if (!*p->changes[i].taken)
			continue;
		text_add(t, t->len ? "; " : "");
		add_escaped(t, p->changes[i].key);
		text_add(t, " is ");
		add_escaped(t, p->changes[i].taken);
		text_add(t, " by somebody else's hand, and left alone");
	}
}

static const struct {
	const char *label;
	void (*add)(const struct paper *p, struct text *t);
} rows[] = {
	{"applied", add_asked}, {"closed", add_closed},	  {"state", add_end},
	{"verdict", transaction_add_verdict}, {"persist", add_persist}, {"taken", add_taken},
};

static enum severity gravity(const struct paper *p)
{
	if (p->state == STATE_UNDONE || p->verdict == VERDICT_WORSE)
		return SEVERITY_ERROR;
	return p->state == STATE_CONFIRMED ? SEVERITIES : SEVERITY_WARNING;
}

static void add_head(const struct paper *p, const struct render_options *ro, struct text *t)
{
	struct text texts[ARRAY_SIZE(rows)] = {TEXT_NULL}, head = TEXT_NULL;
	struct status_line lines[ARRAY_SIZE(rows)];
	struct status_view v = {.gravest = gravity(p), .lines = lines};

	text_addf(&head, "%s · %s", p->id, paper_state_name(p->state));
	if (*p->profile) {
		text_add(&head, " · profile ");
		add_escaped(&head, p->profile);
	}
	v.head = text_get(&head);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rows[i].add(p, &texts[i]);
		if (texts[i].len)
			lines[v.line_count++] = (struct status_line){rows[i].label, text_get(&texts[i])};
	}
	render_status_text(&v, ro, t);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		text_clear(&texts[i]);
	text_clear(&head);
}

static void add_changes(const struct paper *p, const struct render_options *ro, struct text *t)
{
	static const struct column columns[] = {
		{"key", NULL, DIM_TEXT, .whole = true},
		{"old", "from", DIM_TEXT, .whole = true},
		{"new", "to", DIM_TEXT, .wide = true},
	};
	struct table table;

	table_init(&table, "changes", "Changes", columns, ARRAY_SIZE(columns));
	for (unsigned i = 0; i < p->change_count; i++) {
		struct value *row = table_row(&table);

		row[0] = value_text(p->changes[i].key);
		row[1] = value_text(p->changes[i].old);
		row[2] = value_text(p->changes[i].new);
	}
	render_tables(&table, 1, "text", ro, t);
	table_clear(&table);
}

void transaction_add_summary(const struct paper *p, const struct render_options *ro, struct text *t)
{
	add_head(p, ro, t);
	text_add(t, "\n");
	add_changes(p, ro, t);
}
