/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The persister's own file of sysctl.d, as text: what was confirmed and is to be kept, one line for each key and a comment
 * above it that says whose it is:
 *
 *     # 4d0c… 2026-11-20T22:13:05Z (was 4096 16384 4194304) window.send-below-bdp/wan0 10.77.0.0/24
 *     net.ipv4.tcp_wmem = 4096 16384 20054016
 *
 * Where a later transaction set the same key the line stays as "# superseded: net.ipv4.tcp_wmem = …", and is in force
 * again once that transaction is withdrawn. Nothing else may stand in the file: it is refused, not dropped.
 */
#pragma once

#include "apply/paper.h"
#include "base/text.h"

enum {
	DROPIN_ENTRIES = 256,
	DROPIN_BYTES = 512 * 1024,
	DROPIN_DATE = sizeof("2026-11-20T22:13:05Z"),
};

struct dropin_entry {
	char id[PAPER_ID];
	char date[DROPIN_DATE]; /* when it was confirmed, UTC: in this form dates sort as text */
	char key[PAPER_KEY], old[PAPER_VALUE], value[PAPER_VALUE], why[PAPER_TEXT];
	bool superseded; /* by a later entry of the same key */
	bool restored;	 /* it was superseded in the file, and is in force now */
	unsigned line;	 /* of the file that it was read from; 0: of none */
};

struct dropin {
	struct dropin_entry entries[DROPIN_ENTRIES]; /* by date */
	unsigned count;
};

/* 0, or -EBADMSG with *line set to the first that is none of ours; -E2BIG. *ret stays untouched then. */
int dropin_parse(const char *bytes, size_t n, struct dropin *ret, unsigned *line) _must_check_;
/* The whole file; nothing where there is no entry. */
void dropin_format(const struct dropin *d, struct text *ret);

/* One more entry, in force unless there is a later one of its key; what the same transaction said of the key goes. */
int dropin_add(struct dropin *d, const struct dropin_entry *e) _must_check_;
/* Take a transaction's entries out: how many there were. Those that they superseded are in force again. */
unsigned dropin_withdraw(struct dropin *d, const char *id);
/* Take one entry out; what it superseded is in force again. */
void dropin_remove(struct dropin *d, unsigned index);
