/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles move thresholds, severities and wanted values of a sealed rule set; waivers excuse findings. */
#pragma once

#include "base/text.h"
#include "rules/rule.h"

enum { PROFILES_MAX = 32, PROFILE_SETTINGS_MAX = 512 };

/* One line of a profile, and which profile set it. */
struct profile_setting {
	enum profile_kind { SETTING_THRESHOLD, SETTING_RULE, SETTING_WANT } kind;
	const char *name;    /* threshold, rule, or "KEY[i]", by which settings are compared */
	const char *key;     /* as written */
	const char *value;   /* as written, without the reason */
	const char *because; /* of a wanted value: behind " # " */
	const char *file;
	unsigned line;
	unsigned profile;
};

/* Gathers profiles until they are applied as a whole. */
struct profile_stack {
	struct ruleset *set;
	struct profile_setting settings[PROFILE_SETTINGS_MAX];
	size_t count;
	const char *names[PROFILES_MAX], *summaries[PROFILES_MAX];
	bool includes[PROFILES_MAX][PROFILES_MAX]; /* [a][b]: a includes b, directly or not */
	size_t profiles;
	unsigned order[PROFILES_MAX]; /* in which they were done: includes first */
	size_t done;
	unsigned depth;
	/* Give the bytes of the named profile, or a diagnosis: the caller knows the search order. */
	int (*open)(void *user, const char *name, bool included, struct text *ret, const char **ret_file,
		    struct diag *d);
	void *user;
};

/* Load one profile and what it includes; once for each name. */
int profile_load(struct profile_stack *p, const char *name, struct diag *d) _must_check_;
/*
 * Resolve overrides, names and dimensions, and let the settings take effect in the rule set. What an includer sets
 * holds over what it includes, in whatever order they stand; where profiles that do not include each other differ,
 * that is a conflict, and names both lines.
 */
int profile_apply(struct profile_stack *p, struct diag *d) _must_check_;

/* Add the waivers of one file. */
int waivers_load(struct ruleset *set, const char *file, const char *bytes, size_t n, struct diag *d)
	_must_check_;
/* The waiver that covers this subject of the rule at that time, or NULL. */
const struct waiver *waiver_find(const struct ruleset *set, const struct rule *rule, const char *subject,
				 double clock);
