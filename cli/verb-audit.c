/* SPDX-License-Identifier: GPL-2.0-or-later */
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

int verb_audit(const struct options *o)
{
	_cleanup_session_ struct session s;
	_cleanup_text_ struct text t = TEXT_NULL;
	struct render_options ro = output_options(o);
	int r = session_open(&s, o);

	if (r || (r = session_judge(&s, o)))
		return r;
	report_format_find(o->format)->render(&s.report, &ro, &t);
	r = output_write(&t);
	return r ? r : verdict(&s.report, o);
}
