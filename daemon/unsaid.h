/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was held back for its rate and still holds: of each sysctl the last line, so that one who rewrites a key without
 * end, and then leaves it, cannot keep where he left it out of the journal.
 */
#pragma once

#include "daemon/event.h"
#include "daemon/limit.h"

enum { UNSAID_MAX = 64 /* keys; those beyond are only counted */ };

struct unsaid {
	struct event *last[UNSAID_MAX]; /* deep copies */
	size_t count;
};

/* Instead of an earlier one about the same key. Events about no key are not kept. */
void unsaid_keep(struct unsaid *u, const struct event *ev);
/* A line about this key was written: what was held back before it is history. */
void unsaid_forget(struct unsaid *u, const char *key);
/* Tell those for which there is room by now. */
void unsaid_tell(struct unsaid *u, struct limit *l, double now, event_fn tell, void *user);
void unsaid_clear(struct unsaid *u);
