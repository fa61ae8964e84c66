/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rate limits for journal lines: token buckets, one for each rule and one for all. Pure: time comes in. */
#pragma once

#include <stddef.h>
#include "judge/judge.h"

enum { LIMIT_RULES = 512 };

struct bucket {
	double tokens, filled; /* filled: when it was last topped up, monotonic seconds; 0: never used, full */
};

struct limit {
	double rule_burst, rule_rate; /* lines, and lines per second */
	double burst, rate;	      /* of all */
	struct bucket all;
	struct limit_rule {
		char name[64];
		struct bucket bucket;
		unsigned long held; /* since limit_most_held() */
	} rules[LIMIT_RULES], others; /* others: rules for which there is no room share it */
	size_t count;
	unsigned long held, reported; /* ever held back, and of those already told */
};

/*
 * May a line about this rule (NULL: about none, only the limit for all counts) be written now? Counts it as held back
 * where not. now: monotonic seconds; where it goes back nothing is gained, and nothing lost.
 */
bool limit_take(struct limit *l, const char *rule, double now);
/* Would it be let through now? Counts nothing. */
bool limit_has_room(struct limit *l, const char *rule, double now);
/* The rule of which most was held back since the last call, or NULL; *held: how many of its lines. */
const char *limit_most_held(struct limit *l, unsigned long *held);
