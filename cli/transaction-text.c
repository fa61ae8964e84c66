/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>
#include <time.h>
#include "cli/service.h"
#include "cli/transaction.h"
#include "render/status-text.h"

enum { ESCAPED_MAX = 4 * PAPER_TEXT, EVIDENCE_MAX = PAPER_MEASURES * 24 };

/* What the health watcher measures, in the order in which it is shown; what is not here follows as it is named. */
static const struct measure_def {
	const char *name, *label;
	enum dim dim;
} measure_defs[] = {
	{"flows", "flows", DIM_COUNT},
	{"windows", "samples", DIM_COUNT},
	{"goodput", "throughput of a flow", DIM_RATE},
	{"total", "throughput in all", DIM_RATE},
	{"srtt", "round trip", DIM_SECONDS},
	{"min_rtt", "least round trip", DIM_SECONDS},
	{"retrans", "sent again", DIM_RATIO},
	{"rwnd", "limited by window", DIM_RATIO},
	{"sndbuf", "limited by send buffer", DIM_RATIO},
	{"seconds", "measured for", DIM_SECONDS},
	{"opens", "connections opened", DIM_PER_SECOND},
	{"accepts", "connections accepted", DIM_PER_SECOND},
	{"fails", "attempts that failed", DIM_PER_SECOND},
	{"syn-retrans", "SYNs sent again", DIM_PER_SECOND},
	{"timed-out", "connections timed out", DIM_PER_SECOND},
	{"resets", "connections reset", DIM_PER_SECOND},
	{"listen-drops", "dropped by listeners", DIM_PER_SECOND},
	{"overflows", "accept queues full", DIM_PER_SECOND},
	{"timeouts", "retransmission time-outs", DIM_PER_SECOND},
	{"pressures", "memory pressure", DIM_PER_SECOND},
	{"pruned", "receive queues pruned", DIM_PER_SECOND},
	{"memory-aborts", "killed for memory", DIM_PER_SECOND},
	{"receive-drops", "dropped for memory", DIM_PER_SECOND},
};

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
	if (p->state == STATE_OPEN || p->state == STATE_CONFIRMED)
		text_add(t, p->persist ? "yes, once it is confirmed" : "no: a reboot brings the old values back");
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

/* Evidence */

/* One thing that was measured of one path, before and after. */
struct evidence_row {
	char of[2 * PAPER_KEY], name[32];
	size_t order; /* of its path */
	struct measure_item values[2];
	bool known[2];
};

static size_t rank(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(measure_defs); i++)
		if (!strcmp(measure_defs[i].name, name))
			break;
	return i;
}

/* "path=10.77.0.0/24 way=out" are what it is of; so is a word by itself. */
static bool is_of(const struct measure_item *item)
{
	return !*item->value || !strcmp(item->name, "path") || !strcmp(item->name, "way");
}

static struct evidence_row *find_row(struct evidence_row *rows_, size_t *count, const char *of, const char *name)
{
	struct evidence_row *r;

	for (size_t i = 0; i < *count; i++)
		if (!strcmp(rows_[i].of, of) && !strcmp(rows_[i].name, name))
			return &rows_[i];
	if (*count == EVIDENCE_MAX)
		return NULL;
	r = &rows_[(*count)++];
	snprintf(r->of, sizeof(r->of), "%s", of);
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->order = *count;
	for (size_t i = 0; i + 1 < *count; i++)
		if (!strcmp(rows_[i].of, of))
			r->order = min_of(r->order, rows_[i].order);
	return r;
}

static void take_measure(const struct paper_measure *m, struct evidence_row *list, size_t *count)
{
	struct measure_item item;
	char of[2 * PAPER_KEY] = "";
	size_t n = 0;

	for (const char *at = m->text; measure_next(&at, &item);) {
		struct evidence_row *r;

		if (is_of(&item)) {
			n += (size_t)snprintf(of + n, sizeof(of) - n, "%s%s", n ? " " : "", *item.value ? item.value : item.name);
			n = min_of(n, sizeof(of) - 1);
		} else if ((r = find_row(list, count, of, item.name))) {
			r->values[m->when] = item;
			r->known[m->when] = true;
		}
	}
}

static int compare_rows(const void *a, const void *b)
{
	const struct evidence_row *x = a, *y = b;
	size_t rx = rank(x->name), ry = rank(y->name);

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (rx != ry)
		return rx < ry ? -1 : 1;
	return strcmp(x->name, y->name);
}

static const char *measure_text(struct arena *a, const struct evidence_row *r, enum paper_when when)
{
	const struct measure_item *item = &r->values[when];
	size_t i = rank(r->name);
	char buf[QUANTITY_MAX];

	if (!r->known[when])
		return "-";
	if (!item->is_number)
		return arena_strdup(a, item->value);
	return arena_strdup(a, quantity_format(buf, sizeof(buf), i < ARRAY_SIZE(measure_defs) ? measure_defs[i].dim : DIM_COUNT,
					       item->number));
}

static const char *ratio_text(struct arena *a, const struct evidence_row *r)
{
	double before = r->values[MEASURED_BEFORE].number, after = r->values[MEASURED_AFTER].number;

	if (!r->known[0] || !r->known[1] || !r->values[0].is_number || !r->values[1].is_number || !(before > 0) ||
	    !isfinite(after / before))
		return "-";
	return arena_printf(a, "%.*f", after / before < 10 ? 2 : 0, after / before);
}

/* What did not happen, neither before nor after. */
static bool is_idle(const struct evidence_row *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(r->values); i++)
		if (r->known[i] && (!r->values[i].is_number || r->values[i].number != 0))
			return false;
	return true;
}

static void fill_evidence(struct table *table, struct arena *a, const struct evidence_row *list, size_t count)
{
	const char *of = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t known = rank(list[i].name);
		struct value *row;

		if (is_idle(&list[i]))
			continue;
		row = table_row(table);
		row[0] = value_text(of && !strcmp(of, list[i].of) ? "" : list[i].of);
		of = list[i].of;
		row[1] = value_text(known < ARRAY_SIZE(measure_defs) ? measure_defs[known].label : list[i].name);
		row[2] = value_text(measure_text(a, &list[i], MEASURED_BEFORE));
		row[3] = value_text(measure_text(a, &list[i], MEASURED_AFTER));
		row[4] = value_text(ratio_text(a, &list[i]));
	}
}

void transaction_add_evidence(const struct paper *p, const struct render_options *ro, struct text *t)
{
	static const struct column columns[] = {
		{"of", "path", DIM_TEXT, .whole = true}, {"measure", NULL, DIM_TEXT, .whole = true},
		{"before", NULL, DIM_TEXT, false},	 {"after", NULL, DIM_TEXT, false},
		{"ratio", NULL, DIM_TEXT, false},
	};
	_cleanup_free_ struct evidence_row *list = calloc(EVIDENCE_MAX, sizeof(*list));
	_cleanup_(arena_clear) struct arena a = ARENA_NULL;
	struct table table;
	size_t count = 0;

	if (!list)
		abort();
	for (unsigned i = 0; i < p->measure_count; i++)
		take_measure(&p->measures[i], list, &count);
	qsort(list, count, sizeof(*list), compare_rows);
	table_init(&table, "evidence", "Evidence", columns, ARRAY_SIZE(columns));
	table.empty = "nothing was measured";
	fill_evidence(&table, &a, list, count);
	render_tables(&table, 1, "text", ro, t);
	table_clear(&table);
}
