/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions as the applier tells of them: finding one by what a person typed, and showing it. */
#pragma once

#include <jansson.h>
#include "cli/applier.h"
#include "cli/evidence.h"

enum { SHORT_ID = 8 }; /* digits that are shown, and the fewest that are taken */

/*
 * The whole id that `given` is the beginning of, in at least eight digits. 0, or an exit status after a line on stderr:
 * none or several begin so.
 */
int transaction_find(const struct options *o, const char *given, char ret[PAPER_ID]);
/* id NULL: the open one. As applier_call(); that there is no such transaction is *ret's error. */
int transaction_show(const struct options *o, const char *id, struct paper *ret);
/* All of them, the newest first; the caller frees *ret. */
int transaction_list(const struct options *o, char (**ret)[PAPER_ID], size_t *ret_count);
bool transaction_is_open(const struct paper *p);

/* Seconds until it is undone unless it is confirmed; 0 or less: that is over. */
double transaction_left(const struct paper *p);
/* What became of it, in a few words, escaped: "open", "undone: no confirmation came in time". */
void transaction_add_state(const struct paper *p, struct text *t);

/* Head, times, verdict and reason; then the changes. */
void transaction_add_summary(const struct paper *p, const struct render_options *ro, struct text *t);
/* "ok – gain: goodput per flow 17 -> 923 Mbit/s", escaped. */
void transaction_add_verdict(const struct paper *p, struct text *t);
/* As tcpadvisor.apply/1 and tcpadvisor.history/1 have it. */
json_t *transaction_json(const struct paper *p);
