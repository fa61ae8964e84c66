/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the service tells: one event for each transition, to the journal and to those who subscribed. */
#pragma once

#include "judge/judge.h"

enum event_kind {
	EVENT_OPENED,  /* a finding that was not there */
	EVENT_CHANGED, /* its severity did */
	EVENT_CLOSED,  /* it is gone */
	EVENT_DRIFT,   /* a sysctl is not what was meant: it was changed, or it never became that */
	EVENT_RESTORED, /* and is again */
	EVENT_KEY_CHANGED, /* a sysctl of which nothing was asked was changed */
	EVENT_STARTED,
	EVENT_STOPPED,
	EVENT_RELOADED,
	EVENT_RELOAD_FAILED, /* the old rules and settings stay */
	EVENT_HELD_BACK,     /* so many lines were not written, for the rate */
	EVENT_TROUBLE,	     /* of the service's own: what it cannot do, once */
	EVENT_KINDS,
};

/* Who wrote a sysctl, as the kernel told the tracer; kernels before 6.1 tell user and cgroup alone. */
struct writer {
	int pid; /* 0: not known */
	unsigned uid;
	char command[16]; /* or ""; untrusted */
	char unit[256];	  /* systemd unit of its cgroup, or ""; untrusted */
};

/* Strings belong to the sender and hold until the call returns; NULL: it has none. All but ids are untrusted. */
struct event {
	enum event_kind kind;
	enum severity severity;
	double when;	     /* seconds since the epoch */
	const char *message; /* one sentence */
	const char *rule;
	const char *subject_type, *subject, *unit;
	const char *netns; /* "" or NULL: the service's own */
	const char *advise;
	const char *key, *expected, *actual, *previous;
	const char *boot, *boot_file; /* what boot would set, and where */
	unsigned boot_line;
	const struct writer *writer;
};

struct event_def {
	const char *name;	/* in the control protocol: "opened" */
	const char *message_id; /* 32 hex digits; stable, in units/tcpadvisor.catalog */
};

extern const struct event_def event_defs[EVENT_KINDS];

typedef void (*event_fn)(void *user, const struct event *e);
