/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One set of changes from its check to its end. The order is what makes it safe against a kill at any point:
 *
 *   1. the journal holds the originals, and is on disk
 *   2. for each key: the journal says that its write begins; it is looked at once more, written, and read back
 *   3. the journal says that all are written
 *   4. confirmed: the journal says so, and that is the end. Else each key that was begun gets its old value, in reverse
 *      order, and only then does the journal say that it is undone
 *
 * Before a key is restored it is compared: one that somebody else has changed is theirs. Only a key whose write was in
 * flight is restored whatever it holds, for the kernel may have made something of it that nobody asked for.
 */
#pragma once

#include "apply/journal.h"
#include "apply/vetted.h"

struct transaction {
	struct paper paper;
	int fds[PAPER_CHANGES]; /* open before anything is written: an undo needs no descriptor that may be missing */
	bool open;		/* fds are */
	bool tried[PAPER_CHANGES]; /* to restore it, in vain: what it holds now may be of that */
	bool restored;		/* every key is: only the journal is not closed yet */
};

/* The kernel's id of this boot; "" where it cannot be read. */
void transaction_boot(char ret[40]);
/* Inode of the network namespace that this process is in, or 0. */
uint64_t transaction_netns(void);

/*
 * Take the changes of a request: each must be vetted, hold the old value, and be writable here. Nothing is written. On an
 * error t is empty and `said` has the sentence.
 */
enum paper_error transaction_take(struct transaction *t, const struct paper *request, char said[2 * PAPER_TEXT]);
/*
 * Steps 1 to 3. On an error everything is undone again, unless it is ERROR_STUCK. Where the state is still STATE_OPEN then,
 * the undo is to be tried again.
 */
enum paper_error transaction_write(struct transaction *t, const struct journal *j, char said[2 * PAPER_TEXT]);
/* Look whether somebody else has changed a key since; how many newly. */
unsigned transaction_look(struct transaction *t);
/* Keep it. -errno: it could not be journaled, and is as open as before. */
int transaction_confirm(struct transaction *t, const struct journal *j) _must_check_;
/*
 * Restore what is ours and close it. -errno: a key could not be restored, or the journal not be written; then it can be
 * tried again, and nothing is lost.
 */
int transaction_undo(struct transaction *t, const struct journal *j, const char *reason) _must_check_;
/* Is it in force still, as far as this boot knows? */
bool transaction_is_kept(const struct paper *p);
/* A key that both change, or NULL. */
const char *transaction_shares(const struct paper *p, const struct paper *other);
/* Take one from the journal, open or confirmed, to be undone. */
void transaction_load(struct transaction *t, const struct paper *p);
/*
 * What a crash, a kill or a loss of power left: undone, or closed where a reboot has undone it. 0, also where there is
 * nothing; -EXDEV: it is of another network namespace, unless `settled`: the applier is bound to one (a unit is), so that
 * another one before it is gone, and its sysctls with it; -EPROTO: of another version; else the -errno of an undo that can be
 * tried again. `said` tells what was done, or "".
 */
int transaction_recover(struct transaction *t, const struct journal *j, bool settled, char said[2 * PAPER_TEXT]) _must_check_;
void transaction_clear(struct transaction *t);
