/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/evidence.h"

#include <math.h>
#include <string.h>

enum { EVIDENCE_MAX = PAPER_MEASURES * 24 };

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

bool measure_next(const char **at, struct measure_item *ret)
{
	const char *s = *at + strspn(*at, " "), *equals;
	size_t n = strcspn(s, " ");
	char *end;

	if (!n)
		return false;
	*at = s + n;
	equals = memchr(s, '=', n);
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)(equals ? equals - s : (ptrdiff_t)n), s);
	snprintf(ret->value, sizeof(ret->value), "%.*s", equals ? (int)(s + n - equals - 1) : 0, equals ? equals + 1 : "");
	ret->number = strtod(ret->value, &end);
	ret->is_number = end != ret->value && !*end;
	return true;
}

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

void evidence_add_text(const struct paper *p, const struct render_options *ro, struct text *t)
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
