/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way from a judgement to a change that waits to be confirmed, step by step: of apply, and of apply --converge. */
#pragma once

#include "cli/outcome.h"
#include "cli/plan.h"

struct applying {
	const struct options *o;
	struct session session;
	struct plan plan;
	struct preflight preflight;
};

/*
 * Judge, plan, and look what stands against the plan. only_measured leaves out what a profile alone asks for. 0, or an exit
 * status after a line on stderr; to be cleared either way.
 */
int applying_prepare(struct applying *a, const struct options *o, bool only_measured);
/* Ask the applier to make the changes. 0 with *ret, whose error says whether they are made; or an exit status. */
int applying_submit(struct applying *a, int signals, struct paper *ret);
void applying_clear(struct applying *a);

/* A descriptor that becomes readable with SIGINT or SIGTERM, which do nothing else from then on; -1 after a line on stderr. */
int interruptions(void);
/*
 * Look at *p each second until it is closed, or news() wants no more: called with each new verdict, it returns false then.
 * 0, with *p as it was last seen; -EINTR: a signal came; or an exit status after a line on stderr.
 */
int follow(const struct options *o, struct paper *p, int signals, bool (*news)(void *user, const struct paper *p), void *user);

/* apply --converge: see tcpadvisor(1). */
int converge(const struct options *o);
