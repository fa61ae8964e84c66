/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as they are after loading: every name resolved, every dimension checked. */
#pragma once

#include "catalogue/catalogue.h"
#include "expr/expr.h"
#include "rules/threshold.h"

enum severity { SEVERITY_INFO, SEVERITY_NOTICE, SEVERITY_WARNING, SEVERITY_ERROR, SEVERITIES };

const char *severity_name(enum severity s);
bool severity_from_name(const char *name, enum severity *ret);

/* A sentence with {expressions} in it, each shown with its unit. */
struct message {
	struct message_part {
		const char *literal;	 /* or */
		const struct expr *expr;
		const char *source; /* of the expression, as written */
	} *parts;
	unsigned count;
};

enum constraint_op { CONSTRAINT_AT_LEAST, CONSTRAINT_AT_MOST, CONSTRAINT_EQUAL, CONSTRAINT_ONE_OF };

/* What a rule recommends or a profile wants of one element of a sysctl. */
struct constraint {
	const struct sysctl_def *def;
	const char *key; /* of a template: with its '*' for the interface judged, or with the name of one, all or default */
	int element;
	enum constraint_op op;
	const struct expr *value;   /* of the key's dimension; not for ONE_OF */
	const char *const *choices; /* of ONE_OF */
	unsigned choice_count;
	bool within_memory; /* bound by what the flows at their limit would really hold */
	const char *text; /* of a profile's, as written */
	const char *because;
	const char *file;
	unsigned line;
};

struct evidence_ref {
	const char *name;
	const struct expr *expr;
};

enum { RULE_EVIDENCE_MAX = 16, RULE_RECOMMEND_MAX = 6 };

struct rule {
	const char *id, *title;
	enum subject_type subject;
	const struct sysctl_def *key; /* for = sysctl KEY: only that one */
	const char *keys;	      /* for = sysctl GLOB: those that match */
	const struct expr *applies;   /* NULL: to each subject of its type */
	const struct expr *when;
	enum severity severity;
	const struct expr *raised[SEVERITIES]; /* this severity when it holds */
	struct message message;
	struct message advise; /* what to do where no sysctl helps */
	struct message otherwise; /* why it does not apply */
	const char *because, *risk, *refs, *otherwise_text;
	const char *controls; /* ids of the hardening guides that ask for it: "CIS 3.3.7; STIG RHEL-09-253035" */
	struct template_set templates; /* keys of interfaces that it uses */
	struct evidence_ref evidence[RULE_EVIDENCE_MAX];
	unsigned evidence_count;
	struct constraint recommend[RULE_RECOMMEND_MAX];
	unsigned recommend_count;
	const char *recommend_text[RULE_RECOMMEND_MAX]; /* as written */
	const char *when_text, *applies_text, *raised_text[SEVERITIES];
	bool recommend_wanted; /* what the profile wants of the key that is judged */
	const char *file;
	unsigned line;
	/* `enabled = no`, or as the profile moves it */
	bool off;
	bool has_override;
	enum severity override;
};

struct ruleset {
	struct arena arena;
	struct catalogue catalogue;
	struct thresholds thresholds;
	double *threshold_values; /* in effect, by row */
	struct rule *rules;	  /* in the order of their ids */
	size_t count;
	struct constraint *wanted; /* what the profile wants of sysctls */
	size_t wanted_count;
	const char *profile; /* as asked for: "latency", or "a,b" */
	const char **profiles, **profile_summaries; /* loaded, includes first */
	size_t profile_count;
	struct waiver *waivers;
	size_t waiver_count;
	struct decision *decisions; /* in the order of the file */
	size_t decision_count;
};

/* One concern on which latency and throughput ask for different things, and how this host stands. */
struct decision {
	const char *concern, *throughput, *latency;
	struct message here; /* over facts of the host */
	const char *file;
	unsigned line;
};

struct waiver {
	const char *rule, *subject; /* subject: a glob */
	const char *reason;
	double expires; /* seconds since the epoch, end of that day (UTC) */
	const char *file;
	unsigned line;
};

/* Does a rule for sysctls judge this one? */
bool rule_judges_key(const struct rule *r, const struct sysctl_def *def);
/* May chance have a part in its verdict or severity? Else only settings have. */
bool rule_measures(const struct rule *r);
struct rule *ruleset_find(const struct ruleset *set, const char *id);
/* "sysctl.drift" or "sysctl.*". */
bool rule_matches(const char *id, const char *pattern);
bool rules_match_any(const struct ruleset *set, const char *pattern);
void ruleset_clear(struct ruleset *set);
DEFINE_CLEANUP(struct ruleset *, ruleset_clear)

/* Loaders of single files, for ruleset_load and the fuzzers. Passes: thresholds of every file before any rule. */
enum rule_pass { PASS_THRESHOLDS, PASS_RULES };
int ruleset_add_file(struct ruleset *set, enum rule_pass pass, const char *file, const char *bytes, size_t n,
		     struct diag *d) _must_check_;
/* Add the rows of a decision table (*.table). */
int decisions_load(struct ruleset *set, const char *file, const char *bytes, size_t n, struct diag *d) _must_check_;
/* Sort the rules and check what only the whole set shows. */
int ruleset_seal(struct ruleset *set, struct diag *d) _must_check_;

int message_parse(const struct expr_scope *scope, const char *s, struct message *ret, struct diag *d)
	_must_check_;
/* "net.ipv4.tcp_rmem[2] >= 2 * path.bdp within memory" */
int constraint_parse_line(const struct expr_scope *scope, const char *s, struct constraint *ret, struct diag *d)
	_must_check_;
/* ">= 2 * host.bdp_receive", for a key that is known already */
int constraint_parse(const struct expr_scope *scope, const char *key, const char *s, struct constraint *ret,
		     struct diag *d) _must_check_;
const char *constraint_op_text(enum constraint_op op);
