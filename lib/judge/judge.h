/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judging: facts, rules and a profile become findings. Pure: the same input gives byte-identical findings. */
#pragma once

#include "base/text.h"
#include "rules/rule.h"

enum finding_status {
	STATUS_OK,
	STATUS_NOT_APPLICABLE, /* the rule has no subject here */
	STATUS_WAIVED,
	STATUS_UNKNOWN, /* it could not be judged, and says why */
	STATUS_ADVISE,
	STATUSES,
};

struct evidence {
	const char *fact;
	enum dim dim;
	struct value value;
	const char *source;
};

/* A change to one sysctl, or why none can be recommended. */
struct recommendation {
	const struct constraint *constraint;
	const char *key; /* that is written: of an interface, where the constraint is of what is in force there */
	const char *current, *wanted; /* whole values, in the kernel's form; wanted NULL: withheld */
	const char *note;	      /* why it is withheld, or what bounds it */
};

enum { RECOMMENDATIONS_MAX = 2 * RULE_RECOMMEND_MAX, WRITES_MAX = 3 };

struct finding {
	const struct rule *rule;
	const struct subject *subject; /* NULL: the rule as a whole */
	enum finding_status status;
	enum severity severity;
	const char *message; /* the rule's, with its numbers */
	const char *advise;  /* what to do besides sysctls, or NULL */
	const char *reason;  /* of NOT_APPLICABLE, UNKNOWN and WAIVED */
	const char *cause;   /* the reason without the fact that it is about: what several rules may share */
	struct evidence evidence[RULE_EVIDENCE_MAX];
	unsigned evidence_count;
	struct recommendation recommend[RECOMMENDATIONS_MAX];
	unsigned recommend_count;
	bool partial; /* its sentences or its severity miss what was left out this time (VALUE_LEFT_OUT) */
	size_t order; /* in which it was found: that of the subjects */
};

struct judgement {
	struct arena arena;
	const struct facts *facts;
	const struct ruleset *rules;
	double clock; /* that it was made at */
	struct finding *findings; /* advice, most severe first, then by rule and in the order of subjects */
	size_t count;
	struct finding *unjudged; /* UNKNOWN, NOT_APPLICABLE and WAIVED, one for each rule and reason */
	size_t unjudged_count;
	unsigned by_severity[SEVERITIES]; /* of the advice */
	unsigned by_status[STATUSES];	  /* of rules, by the gravest status among its subjects */
};

/* clock: seconds since the epoch, for waivers. facts gains what the profile wants of each sysctl. */
void judge(const struct ruleset *rules, struct facts *facts, double clock, struct judgement *ret);
void judgement_clear(struct judgement *j);
DEFINE_CLEANUP(struct judgement *, judgement_clear)
/* How one rule ends for one subject of j->facts, without a finding: what is not among the findings may be well, or unknown. */
enum finding_status judge_status(const struct judgement *j, const struct rule *r, const struct subject *s);

/* What a constraint asks for here. 1: fulfilled, 0: not, with *ret filled; negative: cannot be told (*ret.note). */
int constraint_weigh(const struct constraint *c, const struct expr_env *env, struct arena *a,
		     struct recommendation *ret);
/* Is the constraint about what is in force on the interface that is judged? */
bool constraint_is_of_interface(const struct constraint *c);
/*
 * The fewest lines to write among conf.all, the interface's own and conf.default that put the constraint in force on
 * the interface and on later ones, in ret[WRITES_MAX]. How many; 0: it is in force. One without `wanted` says why not.
 */
unsigned constraint_weigh_interface(const struct constraint *c, const struct expr_env *env, struct arena *a,
				    struct recommendation *ret);
/* Fill a message's expressions in. */
const char *message_fill(const struct message *m, const struct expr_env *env, struct arena *a);
const char *status_name(enum finding_status s);
