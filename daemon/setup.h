/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings and rules that belong together: loaded as one, swapped as one. */
#pragma once

#include "config/config.h"

struct setup {
	struct config config;
	struct ruleset rules;
};

/* 0, or negative with *d filled: then nothing is given. Rules come from datadir, as config_load_rules() finds them. */
int setup_load(struct root *root, const char *datadir, struct setup **ret, struct diag *d) _must_check_;
struct setup *setup_free(struct setup *s);
DEFINE_CLEANUP(struct setup *, setup_free)

/*
 * What is not the same in both, as one sentence for people: options with both values, and rules, thresholds, wishes of the
 * profile and waivers by name; of each the first few. False: nothing is.
 */
bool setup_compare(const struct setup *old, const struct setup *new, struct text *ret);
