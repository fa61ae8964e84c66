/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for the journal over a non-blocking socket of our own: sd_journal_send() waits for a journald that hangs, and
 * waits forever for one that was stopped. What cannot be sent at once is dropped and counted.
 *
 * The native protocol: FIELD=value\n, or FIELD\n, 8 bytes little-endian length, value, \n where the value holds a
 * newline (systemd.io, Journal Native Protocol).
 */
#pragma once

#include "daemon/event.h"

struct journal {
	int fd;		  /* -1: none could be made */
	const char *path; /* of journald's socket */
	unsigned long sent, dropped;
};

#define JOURNAL_PATH "/run/systemd/journal/socket"

void journal_open(struct journal *j, const char *path);
void journal_close(struct journal *j);
/*
 * The datagram for an event, for tests too; at most JOURNAL_DATAGRAM_MAX bytes of valid UTF-8 (but for binary lengths).
 * Each field is bounded, and escaped as text_add_escaped() does, so that no name can forge another field or move a
 * terminal's cursor; newlines stay, except in MESSAGE, which is one line. A field that the event has not is not there.
 */
enum { JOURNAL_DATAGRAM_MAX = 16 * 1024 };
void journal_format(const struct event *e, struct text *ret);
/* 0, or -errno after it was counted as dropped. Never waits. */
int journal_send(struct journal *j, const struct event *e);
