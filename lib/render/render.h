/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rendering: an audit, or a table, as text or JSON. A verb says once what it shows; only the files of this folder
 * know how a format looks. Every untrusted name is escaped here, in every format.
 */
#pragma once

#include "base/text.h"
#include "judge/judge.h"
#include "root/root.h"

/* One network namespace, judged. */
struct report_part {
	struct root_host host;
	struct facts *facts;
	struct judgement judgement;
};

struct report {
	const char *version;
	bool recorded; /* from --root */
	bool one_namespace; /* of several that the host may have: say what was not seen */
	const struct ruleset *rules;
	struct report_part *parts; /* at least one */
	size_t count;
	/* Of a lint: what the configuration was judged for. */
	double memory;
	bool kernel_taken, memory_taken; /* nobody said: the newest that is known, and a usual size */
};

struct render_options {
	unsigned width; /* columns */
	bool colour;
	bool verbose; /* also what did not apply */
	enum severity fail_on; /* findings from here on are failures to who asked */
	bool fail_on_unknown;
	bool refused; /* a plan that something stands against: not to be told how to make it */
};

struct report_format {
	const char *name;
	const char *about;
	void (*render)(const struct report *r, const struct render_options *o, struct text *ret);
};

/* Formats of an audit; ends with a NULL name. */
extern const struct report_format report_formats[];
const struct report_format *report_format_find(const char *name);

void render_report_text(const struct report *r, const struct render_options *o, struct text *ret);
void render_report_json(const struct report *r, const struct render_options *o, struct text *ret);
void render_report_metrics(const struct report *r, const struct render_options *o, struct text *ret);
void render_report_prometheus(const struct report *r, const struct render_options *o, struct text *ret);
/* Of an audit or a lint: what is below o->fail_on passes. */
void render_report_junit(const struct report *r, const struct render_options *o, struct text *ret);
void render_report_markdown(const struct report *r, const struct render_options *o, struct text *ret);
void render_report_ansible(const struct report *r, const struct render_options *o, struct text *ret);
/* The same where there is no report, and why. */
void render_no_facts(const char *version, const char *reason, struct text *ret);
/* One self-contained page. */
void render_report_html(const struct report *r, const struct render_options *o, struct text *ret);

/* Formats of a lint; ends with a NULL name. */
extern const struct report_format lint_formats[];
const struct report_format *lint_format_find(const char *name);

void render_lint_text(const struct report *r, const struct render_options *o, struct text *ret);
void render_lint_json(const struct report *r, const struct render_options *o, struct text *ret);
void render_lint_sarif(const struct report *r, const struct render_options *o, struct text *ret);

/* Forms of a plan; report is what it was made from, its first part that of the plan. */
struct plan;
void render_plan_text(const struct plan *p, const struct report *r, const struct render_options *o, struct text *ret);
void render_plan_json(const struct plan *p, const struct report *r, const struct render_options *o, struct text *ret);
/* A commented file for sysctl.d. */
void render_plan_sysctl(const struct plan *p, const struct report *r, const struct render_options *o, struct text *ret);
/* A unified diff from what is in force; empty where nothing changes. */
void render_plan_diff(const struct plan *p, const struct report *r, const struct render_options *o, struct text *ret);

/* Totals over the parts. */
struct report_totals {
	unsigned by_severity[SEVERITIES], by_status[STATUSES];
};
struct report_totals report_totals(const struct report *r);

struct column {
	const char *name; /* in JSON, and as head of the text column unless head is set */
	const char *head;
	enum dim dim;
	bool wide;  /* the last column: takes what is left and wraps */
	bool whole; /* never cut */
	bool extra; /* may be left out of text where the width does not suffice, the last of them first */
};

enum { TABLE_COLUMNS_MAX = 12 };

/* A named table; verbs that show lists give one or several. */
struct table {
	const char *name, *title, *empty; /* empty: what to say without rows */
	const char *netns;		  /* network namespace that it is of; NULL: the caller's own, or none; untrusted */
	const struct column *columns;
	size_t column_count;
	struct value *cells; /* row by row */
	size_t row_count, size;
};

void table_init(struct table *t, const char *name, const char *title, const struct column *columns, size_t n);
/* A new row of absent cells. */
struct value *table_row(struct table *t);
void table_clear(struct table *t);
void render_tables(const struct table *tables, size_t n, const char *format, const struct render_options *o,
		   struct text *ret);
