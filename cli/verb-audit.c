/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "cli/session.h"

static int verdict(const struct report *r, const struct options *o)
{
	struct report_totals t = report_totals(r);
	unsigned judged = t.by_status[STATUS_OK] + t.by_status[STATUS_ADVISE] + t.by_status[STATUS_WAIVED];

	for (enum severity s = o->fail_on; s < SEVERITIES; s++)
		if (t.by_severity[s])
			return EXIT_FINDINGS;
	if (!judged)
		return EXIT_NOTHING_JUDGED;
	return o->fail_on_unknown && t.by_status[STATUS_UNKNOWN] ? EXIT_FINDINGS : EXIT_OK;
}

static int show(struct session *s, const struct options *o, const struct render_options *ro, struct text *t)
{
	report_format_find(o->format)->render(&s->report, ro, t);
	return verdict(&s->report, o);
}

/*
 * Who collects facts of a fleet takes a failing script for a failing host, and shows its output to nobody: what went wrong
 * is a fact too.
 */
static int tell_facts(int status)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	if (status == EXIT_COULD_NOT_CHECK) {
		render_no_facts(PACKAGE_VERSION, "the host could not be judged: see what the audit prints on standard error", &t);
		output_write(&t);
	}
	return EXIT_OK;
}

int verb_audit(const struct options *o)
{
	int r = session_show(o, show);

	return !strcmp(o->format, "ansible") && r != EXIT_USAGE ? tell_facts(r) : r;
}
