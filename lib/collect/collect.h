/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Collecting: from a root to facts. One row of `collectors` for each source; a source that is missing or denied
 * leaves its facts unknown with the reason, and the rest goes on.
 */
#pragma once

#include "config/config.h"
#include "facts/fact.h"
#include "root/root.h"
#include "rules/rule.h"

struct collect_options {
	const struct ruleset *rules; /* its catalogue, and the thresholds that bound a census */
	const struct config *config; /* declared speeds */
	double window;		     /* seconds between the samples of a live root; 0: one sample */
	bool owners;		     /* find the processes behind offending sockets */
	/* Called while waiting for the second sample, with the seconds left; may be NULL. */
	void (*progress)(void *user, double left);
	void *user;
};

/* 0 and facts to be freed, or -errno where not even a census of nothing could be made. */
int collect(struct root *root, const struct collect_options *o, struct facts **ret) _must_check_;
