/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paper: what the command, the applier, the health watcher and the persister tell each other, and what the applier
 * keeps on disk. One text format for all of it, so that there is one reader to get right:
 *
 *     tcpadvisor-apply 1
 *     verb apply
 *     profile throughput
 *     change net.ipv4.tcp_wmem
 *     old 4096 16384 262144
 *     new 4096 16384 20054016
 *     why window.send-below-bdp/wan0 10.77.0.0/24
 *     end 1c291ca3
 *
 * A line is a name, one blank and a value of printable ASCII; the last one holds the CRC-32 of all before it. Names that
 * are not known, lines that are too long, and whatever follows the end make the whole paper invalid. No allocation: a
 * paper has a fixed size, so that an undo needs no memory that may be missing.
 *
 * On a socket (AF_UNIX, SOCK_SEQPACKET) a paper is one packet.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/macro.h"

/* Where the applier listens for the command and for the health watcher, keeps its journal, and looks whether it may. */
#define APPLY_SOCKET  "/run/tcpadvisor/apply"
#define HEALTH_SOCKET "/run/tcpadvisor/health"
#define APPLY_STATE   "/var/lib/tcpadvisor-apply"
#define APPLY_FREEZE  "/etc/tcpadvisor/freeze"

enum {
	PAPER_MAX = 128 * 1024, /* bytes as text */
	PAPER_ID = 33,	       /* 128 random bits in hex, and a NUL */
	PAPER_KEY = 64,
	PAPER_VALUE = 256,
	PAPER_TEXT = 256,
	PAPER_CHANGES = 64,
	PAPER_MEASURES = 32,
	PAPER_LISTED = 64,
};

enum paper_verb {
	/* command → applier, each answered by one REPLY */
	VERB_APPLY,    /* profile, netns, within, persist, changes (key, old, new, why) */
	VERB_CONFIRM,  /* id */
	VERB_ROLLBACK, /* id: of the open transaction, or of a confirmed one */
	VERB_SHOW,     /* id; none: the open one. The reply is the transaction */
	VERB_LIST,     /* the reply lists ids, the newest first */
	VERB_REPLY,    /* error (none: done), said; and the transaction, where there is one */
	/* applier → health watcher */
	VERB_BASELINE, /* measure before the change: id, profile, changes */
	VERB_WATCH,    /* the change is made: judge sockets that are opened from now on */
	VERB_STOP,     /* it is over */
	/* health watcher → applier */
	VERB_MEASURED,	/* answers BASELINE: id, measures (before) */
	VERB_HEARTBEAT, /* every two seconds from BASELINE on: id, verdict, signal, measures (after) */
	/* on disk */
	VERB_JOURNAL,
	PAPER_VERBS,
};

enum paper_state {
	STATE_NONE,
	STATE_OPEN,	 /* being written, watched or undone: until it is closed it is undone by whoever finds it */
	STATE_CONFIRMED, /* stays */
	STATE_UNDONE,	 /* every key that was ours has its old value again; `reason` says why */
	STATE_REBOOTED,	 /* the host was started anew, which undid it */
	PAPER_STATES,
};

enum paper_verdict {
	VERDICT_NONE,	  /* too early */
	VERDICT_OK,	  /* proven: measured on enough sockets that were opened after the change */
	VERDICT_WORSE,	  /* `signal` names what; undone at once */
	VERDICT_UNPROVEN, /* `signal` says what is missing */
	PAPER_VERDICTS,
};

/* Why a request was refused, or failed. `said` has the sentence. */
enum paper_error {
	PAPER_DONE,
	ERROR_INVALID,	   /* not understood */
	ERROR_BUSY,	   /* another transaction is open */
	ERROR_FROZEN,	   /* /etc/tcpadvisor/freeze */
	ERROR_NOT_VETTED,  /* a key that is never applied */
	ERROR_BOUNDS,	   /* a value outside the catalogue's bounds, or a cut where only raises are vetted */
	ERROR_STALE,	   /* the key has another value than the plan was made for */
	ERROR_NAMESPACE,   /* the plan is of another network namespace */
	ERROR_UNAVAILABLE, /* the key is absent or cannot be written here, or the word it would hold is not available */
	ERROR_NO_HEALTH,   /* the health watcher does not answer */
	ERROR_JOURNAL,	   /* the journal cannot be written; nothing was changed, or all was undone */
	ERROR_WRITE,	   /* the kernel refused or changed a value: all was undone */
	ERROR_UNKNOWN_ID,
	ERROR_TOO_LATE, /* it is undone already */
	ERROR_STUCK,	/* a key could not be restored: the applier goes on trying */
	PAPER_ERRORS,
};

struct paper_change {
	char key[PAPER_KEY];	 /* "net.ipv4.tcp_rmem" */
	char old[PAPER_VALUE];	 /* canonical: elements joined by one blank */
	char new[PAPER_VALUE];
	char why[PAPER_TEXT];	 /* the finding that asks for it: its id */
	char taken[PAPER_VALUE]; /* what somebody else made of it meanwhile; "": nobody */
};

enum paper_when { MEASURED_BEFORE, MEASURED_AFTER };

/*
 * "path=10.77.0.0/24 flows=2 goodput=2.4e+06 …": blanks between name=value pairs; the applier keeps it and knows no name.
 * Numbers are in base units (seconds, bytes, bytes per second, shares of 1).
 */
struct paper_measure {
	enum paper_when when;
	char text[PAPER_TEXT];
};

struct paper {
	enum paper_verb verb;
	char id[PAPER_ID];
	char boot[40];	     /* boot id of the kernel that it was applied to */
	uint64_t netns;	     /* inode of the network namespace */
	char profile[PAPER_KEY];
	enum paper_state state;
	char reason[PAPER_TEXT];
	uint64_t asked, closed;	 /* ms since the epoch, to be shown */
	uint64_t deadline;	 /* ms of CLOCK_BOOTTIME: undone then unless confirmed */
	unsigned within;	 /* s that a person has to confirm */
	bool persist;		 /* to be kept over reboots once it is confirmed */
	unsigned begun;		 /* changes whose write was begun */
	unsigned written;	 /* changes that were read back: what lies between is in flight, and may be half done */
	enum paper_verdict verdict;
	char signal[PAPER_TEXT];
	struct paper_change changes[PAPER_CHANGES];
	unsigned change_count;
	struct paper_measure measures[PAPER_MEASURES];
	unsigned measure_count;
	enum paper_error error;
	char said[2 * PAPER_TEXT];
	char listed[PAPER_LISTED][PAPER_ID];
	unsigned listed_count;
};

/* Text of a paper into buf, and its length (no NUL counted); -EMSGSIZE, or -EINVAL for what the format cannot hold. */
int paper_format(const struct paper *p, char *buf, size_t size) _must_check_;
/* -EBADMSG: no paper, torn or changed; -EPROTO: of another version. *ret stays untouched. */
int paper_parse(const char *bytes, size_t n, struct paper *ret) _must_check_;
/* One packet. 0; -EPIPE: the other end is gone; -EAGAIN; as paper_parse(). */
int paper_send(int fd, const struct paper *p) _must_check_;
int paper_receive(int fd, struct paper *ret) _must_check_;

/* Set a text member: what is not printable ASCII becomes '?', and what is too long is cut. */
#define paper_set(member, ...) paper_print(member, sizeof(member), __VA_ARGS__)
void paper_print(char *buf, size_t size, const char *fmt, ...) _printf_(3, 4);
/* Add a measure; false when there is no more room. */
bool paper_add_measure(struct paper *p, enum paper_when when, const char *text);

const char *paper_verb_name(enum paper_verb v);
const char *paper_state_name(enum paper_state s);
const char *paper_verdict_name(enum paper_verdict v);
const char *paper_error_name(enum paper_error e);
/* 32 hex digits */
bool paper_is_id(const char *s);
