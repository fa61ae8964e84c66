/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by applier.c and applier-request.c only. */
#pragma once

#include "apply/applier.h"

enum stage {
	STAGE_IDLE,
	STAGE_HEALTH,	/* a request waits for the health watcher to come */
	STAGE_BASELINE, /* and for its measures */
	STAGE_WATCH,	/* the change is made */
	STAGE_STUCK,	/* it is to be undone, and a key or the journal resists */
};

struct applier {
	const struct applier_options *options;
	struct journal journal;
	struct transaction transaction;
	enum stage stage;
	uint64_t due;	/* ms of CLOCK_MONOTONIC: when the stage has lasted too long, or the heartbeat; to be tried again */
	uint64_t idle;	/* the same: when to end */
	int deadline;	/* timer of CLOCK_BOOTTIME: a suspended host counts on */
	int health;	/* the health watcher's connection, or -1 */
	int applicant;	/* who waits for the answer to VERB_APPLY, or -1 */
	int clients[APPLIER_CLIENTS];
	size_t victim; /* who of them had to make room last */
	unsigned failures; /* to undo it */
	unsigned taken;	   /* times that somebody else changed a key of it */
	uint64_t watchdog; /* ms between signs of life for systemd; 0: it wants none */
	bool ending;
};

/* Answer one request of the command on fd. -errno: drop the caller. */
int applier_answer(struct applier *a, int fd);
/* The health watcher said something. -errno: it is gone, or talks nonsense. */
int applier_hear(struct applier *a);
/* The stage has lasted too long. */
void applier_overdue(struct applier *a);
void applier_health_gone(struct applier *a);
/* Who asked for a change left before it was made: then it is not. */
void applier_applicant_gone(struct applier *a);
/* The applier is told to end: nothing is changed any more, and what is open is undone. */
void applier_stop(struct applier *a);
/* Undo what is open; where that fails it is tried again, without end. */
void applier_undo(struct applier *a, const char *reason);
/* Ask the health watcher, which came, for its measures. */
void applier_ask_health(struct applier *a);
