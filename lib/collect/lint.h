/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration as a host: its sysctls are what its files would set, and the kernel's defaults where no file sets any.
 * What no file sets is no subject; nothing but sysctls and lines can be judged.
 */
#pragma once

#include "collect/collect.h"
#include "collect/sysctld.h"

struct lint_options {
	const struct ruleset *rules;
	const struct config *config;
	const struct sysctld_file *files; /* as one configuration; none: those of the root */
	size_t file_count;
	bool this_host;	      /* the root is the running host: keys that it has are known */
	double memory;	      /* bytes; 0: the root's, or what is taken where it has none */
	double *ret_memory;   /* what was taken */
};

extern const double lint_default_memory; /* bytes */

/*
 * The root's kernel must be set. 0, -E2BIG beyond what a configuration may hold, or -EINVAL with *d filled for a file
 * that is refused.
 */
int collect_lint(struct root *root, const struct lint_options *o, struct facts **ret, struct diag *d) _must_check_;
