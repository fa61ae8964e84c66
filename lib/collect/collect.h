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

/*
 * How much is looked at. COUNTERS: sysctls, links, counters and listeners, which cost the same at any number of sockets;
 * what only the sockets tell stays unread, so that no rule takes it for nothing.
 */
enum collect_tier { COLLECT_ALL, COLLECT_COUNTERS };

struct collect_options {
	enum collect_tier tier;
	const struct ruleset *rules; /* its catalogue, and the thresholds that bound a census */
	const struct config *config; /* declared speeds */
	double window;		     /* seconds between the samples of a live root; 0: one sample */
	bool everything;	     /* read the keys of interfaces that no rule uses, too */
	bool owners;		     /* find the processes behind offending sockets */
	bool borrow;		     /* borrow descriptors of suspicious sockets; needs owners */
	/* Called while waiting for the second sample, with the seconds left; may be NULL. */
	void (*progress)(void *user, double left);
	void *user;
};

struct collecting;

/*
 * The two halves, so that many network namespaces can share one window: begin takes the first sample, end the second
 * (the root must be in the same namespace again) and gives the facts, to be freed. end releases c, and so does abandon.
 */
int collect_begin(struct root *root, const struct collect_options *o, struct collecting **ret) _must_check_;
/* Wait until the window that began with c is over. Recorded roots and single samples do not wait. */
void collect_wait(const struct collecting *c);
void collect_end(struct collecting *c, struct facts **ret);
void collect_abandon(struct collecting *c);

/* All of it for one namespace. 0, or -ENOMEM. */
int collect(struct root *root, const struct collect_options *o, struct facts **ret) _must_check_;
