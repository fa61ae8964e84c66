/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of findings: judgements come one after another, and what people hear of is what opened, changed and closed
 * between them. Pure: time comes in, events go out.
 *
 * A finding opens when it is first seen. It closes once it was judged again and found well (or its subject is gone) for
 * `hold` seconds without being seen meanwhile. Where nothing is left to chance it closes at once: its rule looks at
 * settings only (rule_measures()), or it is waived. What could not be judged stays as it was. A graver severity is told
 * at once, a lesser one after `hold` seconds, at once where only settings count. While a sysctl drifts, another value
 * that is not the one that was meant either is told as drift again, with the one before.
 *
 * A finding is known by namespace, rule, type and name of its subject. All strings are copied, so that facts and rules
 * may come and go.
 */
#pragma once

#include "daemon/event.h"

/*
 * Findings kept: so many in all, and so many about what anybody can make thousands of (listeners, paths, other network
 * namespaces), so that nobody hides a drift of the host behind a crowd.
 */
enum { LIFE_MAX = 4096, LIFE_CROWD_MAX = 3072 };
enum { LIFE_SUBJECT_MAX = 256, LIFE_TEXT_MAX = 768 /* bytes kept of texts */ };

/* The rule of rules/sysctl.rule whose findings are told as drift and restored, not as opened and closed. */
#define DRIFT_RULE "sysctl.drift"

struct life_finding {
	char *netns, *rule, *title, *subject; /* netns "": the service's own; subject NULL: the rule as a whole; untrusted */
	enum subject_type subject_type;
	uint64_t id, subject_id;       /* hashes: of all that it is known by, and of its subject's whole name */
	char *unit, *message, *advise; /* as last seen; or NULL; untrusted */
	char *actual;		       /* of drift: the value that was told */
	enum severity severity;	       /* as told */
	double opened, seen;	       /* seconds since the epoch */
	double graver_seen;	       /* last time that it was as grave as told; of life.steady */
	double well_since;	       /* first time that it was found well after `seen`, of life.steady; 0: it was not */
};

struct life {
	struct life_finding *findings; /* open; in the order of their opening */
	size_t count, size;
	unsigned long opened, closed; /* ever */
	unsigned long left_out;	      /* ever, for want of room: each judgement counts anew */
	double hold;		      /* seconds */
	/*
	 * What `hold` is measured with: the sum of the steps of `now`, but of none that went back, and of each at most half
	 * of `hold`. So a clock that is set closes nothing before it was found well three times.
	 */
	double steady, last;
};

/*
 * Take a judgement of one namespace in. now: seconds since the epoch, may jump. Rules for which `may` says no are left as
 * they are (NULL: all may be judged); it is asked with s NULL about findings whose subject is not there any more. `tell`
 * must not change l.
 */
void life_update(struct life *l, const char *netns, const struct judgement *j, double now,
		 bool (*may)(void *user, const struct rule *r, const struct subject *s), event_fn tell, void *user);
/* A namespace went away: its findings close. */
void life_forget(struct life *l, const char *netns, double now, event_fn tell, void *user);
/* After a reload: findings of rules that are no more (or off, or for other things now) close. */
void life_prune(struct life *l, const struct ruleset *rules, double now, event_fn tell, void *user);
void life_clear(struct life *l);
/* Of a name, to know it again. */
uint64_t life_hash(const char *s);
