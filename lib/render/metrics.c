/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/metrics.h"

#include <math.h>
#include <string.h>

static const char *total(const struct metric *d)
{
	return d->counter ? "_total" : "";
}

static void head(struct metrics *m, const struct metric *d)
{
	const char *suffix = m->dialect == METRICS_PROMETHEUS ? total(d) : "";

	text_addf(m->t, "# TYPE %s%s %s\n", d->name, suffix, d->counter ? "counter" : "gauge");
	/* A comment to the older format. */
	if (d->unit)
		text_addf(m->t, "# UNIT %s%s %s\n", d->name, suffix, d->unit);
	text_addf(m->t, "# HELP %s%s %s\n", d->name, suffix, d->help);
	m->last = d;
}

void metrics_label(struct text *labels, const char *name, const char *value)
{
	_cleanup_text_ struct text escaped = TEXT_NULL;

	/* No line feed is left after this. */
	text_add_escaped(&escaped, value, METRICS_LABEL_MAX);
	text_addf(labels, "%s%s=\"", labels->len ? "," : "", name);
	for (const char *s = text_get(&escaped); *s; s++) {
		if (*s == '"' || *s == '\\')
			text_add(labels, "\\");
		text_addn(labels, s, 1);
	}
	text_add(labels, "\"");
}

/* The shortest form that reads back as the same number. */
static void add_number(struct text *t, double v)
{
	char s[40];

	snprintf(s, sizeof(s), "%.15g", v);
	if (strtod(s, NULL) != v)
		snprintf(s, sizeof(s), "%.17g", v);
	text_add(t, s);
}

void metrics_sample(struct metrics *m, const struct metric *d, const char *labels, double value)
{
	if (!isfinite(value))
		return;
	if (m->last != d)
		head(m, d);
	text_addf(m->t, "%s%s", d->name, total(d));
	if (labels && *labels)
		text_addf(m->t, "{%s}", labels);
	text_add(m->t, " ");
	add_number(m->t, value);
	text_add(m->t, "\n");
}

void metrics_end(struct metrics *m)
{
	if (m->dialect == METRICS_OPENMETRICS)
		text_add(m->t, "# EOF\n");
}
