/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing metrics, in either of two dialects that differ in how they declare a counter: OpenMetrics 1.0 names the
 * family without "_total" and ends with "# EOF"; the older text format of Prometheus, which node_exporter's textfile
 * collector and promtool read, declares the name with it, and takes a counter of OpenMetrics for one of unknown type
 * without help. Gauges are the same in both. A metric is a row of somebody's table; its head is written before its
 * first sample, and all samples of a row must come one after another.
 */
#pragma once

#include "render/render.h"

enum metrics_dialect { METRICS_OPENMETRICS, METRICS_PROMETHEUS };

struct metric {
	const char *name; /* of a counter without "_total" */
	bool counter;	  /* else a gauge */
	const char *unit; /* "seconds", "bytes", "ratio"; the name ends with it; NULL: things are counted */
	const char *help; /* without quotes, backslashes and line feeds */
};

struct metrics {
	enum metrics_dialect dialect;
	struct text *t;
	const struct metric *last; /* whose head was written */
};

enum {
	METRICS_LABEL_MAX = 128, /* bytes of a label's value before quotes and backslashes are escaped */

	/* How many of each are shown: the heaviest, or the worst; over all namespaces together. */
	METRICS_PATHS_MAX = 32,
	METRICS_LISTENERS_MAX = 64,
	METRICS_DESTINATIONS_MAX = 32,
	METRICS_SYSCTLS_MAX = 64,
	METRICS_NAMESPACES_MAX = 16,
	METRICS_RULES_MAX = 256, /* pairs of rule and severity */
};

/* Add name="value" to a list of labels. The value is untrusted: escaped as for people, then for the format. */
void metrics_label(struct text *labels, const char *name, const char *value);
/* labels: as metrics_label() made them; NULL or empty: none. A value that is no finite number is left out. */
void metrics_sample(struct metrics *m, const struct metric *d, const char *labels, double value);
/* After the last sample of the document. */
void metrics_end(struct metrics *m);

/* All metrics of an audit, without the end, so that others may follow. */
void metrics_report(struct metrics *m, const struct report *r);
/* The most samples that metrics_report() writes, whatever the host holds. */
size_t metrics_report_most(void);
