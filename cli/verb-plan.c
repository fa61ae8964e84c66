/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan: the changes that the advice amounts to. Writes nothing. */
#include "cli/plan.h"

int verb_plan(const struct options *o)
{
	_cleanup_session_ struct session s = {0};
	_cleanup_(plan_clear) struct plan p = {0};
	_cleanup_text_ struct text t = TEXT_NULL;
	int r = session_plan(&s, o, &p);

	if (r)
		return r;
	plan_show(&s, o, &p, &t);
	r = output_write(&t);
	return r ? r : p.change_count ? EXIT_FINDINGS : EXIT_OK;
}
