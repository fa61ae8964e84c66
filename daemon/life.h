/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of findings: judgements come one after another, and what people hear of is what opened, changed and closed
 * between them. Pure: time comes in, events go out.
 *
 * A finding opens when it is first seen. It closes once it was judged again and found well (or its subject is gone) for
 * `hold` seconds without being seen meanwhile; findings about sysctls close at once, since nothing about a setting is
 * left to chance. What could not be judged stays as it was. A graver severity is told at once, a lesser one
 * after `hold` seconds.
 */
#pragma once

#include "daemon/event.h"

enum { LIFE_MAX = 4096 /* findings kept; more are counted */, LIFE_SUBJECT_MAX = 256 };

struct life_finding {
	char *netns, *rule, *subject; /* subject NULL: the rule as a whole; untrusted */
	enum subject_type subject_type;
	char *unit, *message, *advise; /* as last seen; or NULL */
	enum severity severity;	       /* as told */
	double opened, seen;	       /* seconds since the epoch */
	double graver_seen;	       /* last time that it was as grave as told */
	double well_since;	       /* first time that it was found well after `seen`; 0: it was not */
};

struct life {
	struct life_finding *findings; /* open; in the order of their opening */
	size_t count;
	unsigned long opened, closed, left_out; /* ever */
	double hold;			       /* seconds */
};

/*
 * Take a judgement of one namespace in. Rules for which `may` says no are left as they are (NULL: all may be judged).
 */
void life_update(struct life *l, const char *netns, const struct judgement *j, double now,
		 bool (*may)(void *user, const struct rule *r, const struct subject *s), event_fn tell, void *user);
/* A namespace went away: its findings close. */
void life_forget(struct life *l, const char *netns, double now, event_fn tell, void *user);
/* After a reload: findings of rules that are no more (or off) close. */
void life_prune(struct life *l, const struct ruleset *rules, double now, event_fn tell, void *user);
void life_clear(struct life *l);
