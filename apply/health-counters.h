/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host counts of connections that fail and of memory that is short, and what of it makes a change a bad one. */
#pragma once

#include <stdbool.h>
#include "root/root.h"

enum counter {
	COUNT_ACTIVE_OPENS,
	COUNT_PASSIVE_OPENS,
	COUNT_ATTEMPT_FAILS,
	COUNT_SYN_RETRANS,
	COUNT_ABORT_ON_TIMEOUT,
	COUNT_RESETS,
	COUNT_LISTEN_DROPS,
	COUNT_LISTEN_OVERFLOWS,
	COUNT_TIMEOUTS,
	COUNT_PRESSURES,
	COUNT_PRUNED,
	COUNT_ABORT_ON_MEMORY,
	COUNT_RECEIVE_DROPS,
	COUNT_RESETS_SENT,
	COUNTERS,
};

struct counter_def {
	const char *prefix, *name; /* as /proc/net/snmp and netstat have it */
	const char *shown;	   /* in a measure */
	double least;		   /* so many a second are too many, where there were none; 0: never */
	bool opening;		   /* what it counts belongs to opening connections, and grows with those */
	bool excused;		   /* a gain in goodput may raise it */
};

extern const struct counter_def counter_defs[COUNTERS];

/* Growth over a time. */
struct health_counts {
	double seconds;
	double count[COUNTERS];
	bool known[COUNTERS];
};

/* Values since boot; seconds is a clock. 0, or -errno. Counters that this kernel has not are not known. */
int counters_read(struct root *root, double now, struct health_counts *ret) _must_check_;
/*
 * What was counted between two readings. A connection that is refused within the host counts as a failed attempt, and as a
 * reset that was sent: it says nothing of a network, and anybody here could make it.
 */
struct health_counts counters_between(const struct health_counts *before, const struct health_counts *after);
/* For each second; 0 where it is not known. */
double counter_rate(const struct health_counts *c, enum counter which);
/* "host seconds=… opens=… …": rates. */
void counters_format(const struct health_counts *c, char *buf, size_t size);
