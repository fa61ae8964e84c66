/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every verb that looks at a host does first: open the root, load rules, collect and judge. */
#pragma once

#include "cli/verb.h"

struct session {
	struct root *root;
	struct config config;
	struct ruleset rules;
	struct report report;
	const char *datadir;
	bool everything; /* read the keys of interfaces that no rule uses, too */
	bool moved; /* into another network namespace */
};

/* Each returns 0, or an exit status after a line on stderr. */
int session_open(struct session *s, const struct options *o);
/* As session_open(), where --root may be any tree of files. */
int session_open_tree(struct session *s, const struct options *o);
/* Collect facts, and judge them, in every network namespace asked for. */
int session_judge(struct session *s, const struct options *o);
/*
 * The whole way of a verb that shows facts: open, judge, let show() render into t, write that. show() returns the exit
 * status for when all went well.
 */
int session_show(const struct options *o,
		 int (*show)(struct session *s, const struct options *o, const struct render_options *ro, struct text *t));
/*
 * Tables of every namespace that was judged, n for each, rendered as one document. fill() makes the n tables of a part.
 */
void session_tables(const struct session *s, const struct options *o, const struct render_options *ro, size_t n,
		    void (*fill)(struct table *tables, const struct report_part *part, const struct options *o),
		    struct text *t);
void session_close(struct session *s);
#define _cleanup_session_ _cleanup_(session_close)
