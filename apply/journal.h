/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The applier's directory: `transaction` is the one that is open, `history.TIME.ID` those that are closed. A file is there
 * as a whole or not at all: it is written under another name, synced, renamed, and the directory synced. Nothing in it is
 * believed that this user did not write.
 */
#pragma once

#include "apply/paper.h"

struct journal {
	int dir, lock;
};

/* -EPERM: it is not ours alone; -EWOULDBLOCK: another applier is at work. */
int journal_open(const char *path, struct journal *ret) _must_check_;
void journal_clear(struct journal *j);

/* Once it returns 0 the paper survives a loss of power. */
int journal_write(const struct journal *j, const struct paper *p) _must_check_;
/*
 * The transaction that is open. -ENOENT: none; -EBADMSG: torn or damaged; -EPROTO: another version's; -EPERM: it is not a
 * plain file of ours.
 */
int journal_read(const struct journal *j, struct paper *ret) _must_check_;
/* Write it with its last state, then move it to the history. Only what fails before it is on disk is an error. */
int journal_close(const struct journal *j, const struct paper *p) _must_check_;
/*
 * Every key is restored, and the journal cannot be closed: a name says so, for which no room is needed. Whoever starts next
 * has nothing to undo then.
 */
void journal_mark_restored(const struct journal *j);
int journal_read_restored(const struct journal *j, struct paper *ret) _must_check_;
void journal_unmark_restored(const struct journal *j);
/* Where more are there than can be listed, forget the oldest that need not be kept. */
void journal_prune(const struct journal *j, bool (*keep)(const struct paper *p));
/* Forget one by which nothing was changed. */
void journal_discard(const struct journal *j);
/* Move what cannot be read out of the way, and keep it. */
int journal_quarantine(const struct journal *j) _must_check_;
/* A closed one; -ENOENT. */
int journal_find(const struct journal *j, const char *id, struct paper *ret) _must_check_;
/* Ids of closed ones into ret->listed, the newest first, as many as fit. */
int journal_list(const struct journal *j, struct paper *ret) _must_check_;
