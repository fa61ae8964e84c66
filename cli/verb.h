/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of verbs, and the options that they share. Dispatch, help, manual check and completion read it. */
#pragma once

#include "config/config.h"
#include "render/render.h"

enum exit_status {
	EXIT_OK = 0,
	EXIT_COULD_NOT_CHECK = 1,
	EXIT_FINDINGS = 2,
	EXIT_NOTHING_JUDGED = 3,
	EXIT_USAGE = 64,
};

enum { ONLY_MAX = 64 };

struct options {
	const char *format, *profile, *root, *netns, *control;
	const char *speeds[DECLARED_SPEEDS_MAX];
	size_t speed_count;
	double window; /* negative: not given */
	double rate, rtt, flows;
	const char *kernel;
	double memory; /* 0: not given */
	enum severity fail_on;
	bool fail_on_unknown, no_color, no_borrow, verbose, help;
	const char *only[ONLY_MAX]; /* keys, as given */
	size_t only_count;
	bool diff;
	const char *applier, *state; /* its socket, and where it keeps its journal */
	bool mask;
	bool check, persist, wait, converge, despite_manager;
	double within; /* s to confirm; negative: not given */
	char **args; /* after the verb */
	int arg_count;
};

/* Which options a verb takes. */
enum option_group {
	TAKES_OUTPUT = 1 << 0,	 /* --format --no-color */
	TAKES_HOST = 1 << 1,	 /* --root --netns --window --speed */
	TAKES_PROFILE = 1 << 2,	 /* --profile */
	TAKES_VERDICT = 1 << 3,	 /* --fail-on --verbose */
	TAKES_WHAT_IF = 1 << 4,	 /* --rate --rtt --flows */
	TAKES_FILES = 1 << 5,	 /* --root, of any tree of files; --no-color */
	TAKES_LINT = 1 << 6,	 /* --kernel --memory, and --format with more formats */
	TAKES_REPORT = 1 << 7,	 /* --format with those of an audit, --no-color */
	TAKES_SERVICE = 1 << 8,	 /* --control */
	TAKES_OPEN = 1 << 9,	 /* --fail-on, of findings that are open */
	TAKES_PLAN = 1 << 10,	 /* --only --diff */
	TAKES_CHANGES = 1 << 11, /* --format with those of a plan, --no-color */
	TAKES_APPLIER = 1 << 12, /* --applier --state */
	TAKES_RECORD = 1 << 14,	 /* --mask */
	TAKES_APPLY = 1 << 13,	 /* --check --confirm-within --persist --wait --converge --despite-manager */
};

struct option_def {
	const char *name, *argument; /* argument NULL: a flag */
	unsigned group; /* option_group: any of them */
	int (*set)(struct options *o, const char *value); /* -EINVAL: not understood */
	const char *help;
};

struct verb {
	const char *name, *arguments, *summary;
	unsigned takes; /* option_group */
	int min_args, max_args;
	int (*run)(const struct options *o);
};

extern const struct verb verbs[]; /* ends with a NULL name */
extern const struct option_def option_defs[];

int verb_audit(const struct options *o);
int verb_explain(const struct options *o);
int verb_paths(const struct options *o);
int verb_sockets(const struct options *o);
int verb_bdp(const struct options *o);
int verb_facts(const struct options *o);
int verb_rules(const struct options *o);
int verb_profiles(const struct options *o);
int verb_lint(const struct options *o);
int verb_which(const struct options *o);
int verb_plan(const struct options *o);
int verb_record(const struct options *o);
int verb_metrics(const struct options *o);
int verb_status(const struct options *o);
int verb_watch(const struct options *o);
int verb_apply(const struct options *o);
int verb_confirm(const struct options *o);
int verb_rollback(const struct options *o);
int verb_history(const struct options *o);

/* Parse what follows the verb. 0, or an exit status after a line on stderr. */
int options_parse(const struct verb *v, int argc, char **argv, struct options *ret);
/* One line on stderr; control characters in arguments and errors are escaped. */
void complain(const char *fmt, ...) _printf_(1, 2);
void complain_diag(const struct diag *d);
/* How the terminal wants text. */
struct render_options output_options(const struct options *o);
/* Write to stdout; EXIT_OK, or EXIT_COULD_NOT_CHECK when it could not be written. */
int output_write(const struct text *t);
