/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "render/render.h"

const struct report_format report_formats[] = {
	{"text", "for a terminal", render_report_text},
	{"json", "for programs: schema tcpadvisor.audit/1", render_report_json},
	{"metrics", "OpenMetrics 1.0", render_report_metrics},
	{"prometheus", "for node_exporter's textfile collector: the older text format", render_report_prometheus},
	{"html", "a page to look at, to print and to pass on", render_report_html},
	{"junit", "for a CI server: a test case for each rule and subject", render_report_junit},
	{"markdown", "for a ticket", render_report_markdown},
	{"ansible", "facts for /etc/ansible/facts.d; the exit status is 0 whatever they are", render_report_ansible},
	{NULL, NULL, NULL},
};

const struct report_format lint_formats[] = {
	{"text", "for a terminal, file and line first", render_lint_text},
	{"json", "for programs: schema tcpadvisor.lint/1", render_lint_json},
	{"sarif", "for code review: SARIF 2.1.0", render_lint_sarif},
	{"junit", "for a CI server: a test case for each rule and line", render_report_junit},
	{NULL, NULL, NULL},
};

static const struct report_format *find(const struct report_format *f, const char *name)
{
	while (f->name && strcmp(f->name, name))
		f++;
	return f->name ? f : NULL;
}

const struct report_format *report_format_find(const char *name)
{
	return find(report_formats, name);
}

const struct report_format *lint_format_find(const char *name)
{
	return find(lint_formats, name);
}

struct report_totals report_totals(const struct report *r)
{
	struct report_totals t = {0};

	for (size_t i = 0; i < r->count; i++) {
		const struct judgement *j = &r->parts[i].judgement;

		for (size_t s = 0; s < SEVERITIES; s++)
			t.by_severity[s] += j->by_severity[s];
		for (size_t s = 0; s < STATUSES; s++)
			t.by_status[s] += j->by_status[s];
	}
	return t;
}
