/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: what the advice amounts to, as the smallest ordered set of changes. Pure: the same judgement gives the same
 * plan. A change is one whole value of one key; recommendations of several findings for one key are merged, and those
 * that contradict each other are left out with both named.
 */
#pragma once

#include "judge/judge.h"

struct plan_change {
	const struct sysctl_def *def;
	const char *key;	     /* "net.ipv4.tcp_wmem" */
	const char *current, *wanted; /* whole values, in the kernel's form */
	const char *why;	     /* ids of the findings that ask for it, "window.send-below-bdp/wan0 10.77.0.0/24"; the gravest first */
	const struct finding *finding; /* the gravest */
	const char *message;	     /* its sentence */
	bool measured;		     /* a measured symptom asks for it, not a profile alone */
	const char *effect;	     /* when it takes effect: "existing and new sockets", "listeners once they are restarted" */
	const char *note;	     /* what bounds the value, or NULL */
	double memory;		     /* bytes that it may cost at most; 0: none to speak of */
	const char *memory_text;     /* "up to 19 MiB for each flow that fills it, 38 MiB for the 2 that do now"; or NULL */
};

/* Asked for, and not part of the plan. */
struct plan_left {
	const char *key;	      /* may be of an interface */
	const char *current, *wanted; /* wanted NULL: none can be named; current NULL: it was not read */
	const char *asked_by;	      /* NULL: nothing asks for it, but it was named */
	const char *why;	      /* "needs uid 0", "of an interface", "withheld: …", "…and … contradict each other" */
};

struct plan {
	struct arena arena;
	struct plan_change *changes; /* in the order in which they are to be written: that of the catalogue */
	size_t change_count;
	struct plan_left *left;
	size_t left_count;
};

struct plan_options {
	const char *const *only; /* keys; none: all */
	size_t only_count;
};

/* j must outlive the plan. */
void plan_make(const struct judgement *j, const struct plan_options *o, struct plan *ret);
void plan_clear(struct plan *p);

/* Why no plan ever changes the key, or NULL: what is compiled into the applier are the others (vetted.awk). */
const char *plan_never(const struct sysctl_def *def);
