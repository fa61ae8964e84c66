/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs that make a plan share. */
#pragma once

#include "cli/session.h"
#include "plan/plan.h"

/*
 * Open, judge, and plan for the namespace that was asked for, the caller's own where none was. 0, or an exit status
 * after a line on stderr. The session must outlive the plan.
 */
int session_plan(struct session *s, const struct options *o, struct plan *ret);
/* In the form that was asked for: --format or --diff. */
void plan_show(const struct session *s, const struct options *o, const struct plan *p, struct text *t);
