/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Did a change help, harm, or is neither proven? Pure: the same numbers give the same judgement. Flows that were opened
 * before the change are compared with flows that were opened after it, path by path, and the host's counters with
 * themselves; by which measure, the profile says. Missing data is never healthy.
 */
#pragma once

#include "apply/health-counters.h"
#include "apply/paper.h"

enum {
	HEALTH_PATHS = 34, /* 32 peer networks, and all of them together by direction */
	HEALTH_BAD_WINDOWS = 3,
	HEALTH_WINDOWS = 3, /* and as many flow-windows: the least that proves something */
	HEALTH_ALL_FLOWS = 30,
	HEALTH_OPENS = 50,
};

enum health_profile { PROFILE_BALANCED, PROFILE_THROUGHPUT, PROFILE_LATENCY };

enum health_outcome { HEALTH_UNPROVEN, HEALTH_EQUAL, HEALTH_GAIN, HEALTH_WORSE };

/* What the flows of one path did; a flow-window is one flow between two dumps. */
struct health_flows {
	unsigned windows;      /* in which some flow did something */
	unsigned bulk, timed;  /* flow-windows of bulk flows, and of those that measured a round trip */
	unsigned flows;	       /* bulk flows at a time, at most */
	double goodput;	       /* bytes per second of one bulk flow: mean over the flow-windows */
	double deviation;      /* standard deviation of that */
	double least, most;    /* flow-windows */
	double total;	       /* bytes per second of all flows of the path, older ones too */
	double concurrent;     /* bulk flows at a time, older ones too: mean */
	double others;	       /* what total is of this path, of all other paths in the same windows */
	double others_concurrent;
	double retrans;	       /* share of the bytes sent */
	double rwnd, sndbuf;   /* share of the time that data was under way */
	double held;	       /* share of the bulk flow-windows that a window or buffer limited */
	double held_free;      /* … on a path without a queue */
	double srtt, min_rtt;  /* s: medians */
};

struct health_path {
	const char *name; /* "10.77.0.0/24" */
	bool out;	  /* this host is the sender */
	bool wanted;	  /* the change is made for it */
	bool all;	  /* not one path but all of them */
	struct health_flows before, recent, last; /* recent: the last eight windows; last: the newest, if it is one since the judgement before */
};

struct health_numbers {
	const struct health_path *paths;
	unsigned path_count;
	struct health_counts before, after, last; /* after: since the change */
	bool aimed;	  /* the change is made for paths that it names; none of them may be among these */
	bool connections; /* flows that run do not see any of the keys: counters prove it */
	const char *missing; /* why nothing can be judged, or NULL */
};

/* Bad windows in a row. */
struct health_state {
	unsigned paths[HEALTH_PATHS], counters[COUNTERS];
};

/* The first of a list ("edge-server,throughput") that is known here; balanced where none is. */
enum health_profile health_profile_of(const char *list);
/*
 * One path: what flows did after the change against what they did before; so many windows prove something. says gets the
 * sentence: "goodput per flow 17 -> 923 Mbit/s on …".
 */
enum health_outcome health_judge_flows(enum health_profile profile, const struct health_path *p,
				       const struct health_flows *after, unsigned windows, char says[PAPER_TEXT]);
/* One counter. */
bool health_counter_is_worse(enum counter c, const struct health_counts *before, const struct health_counts *after);
/* All of it, once for each window; signal begins with "gain:", "equal:", "worse:" or "unproven:". */
enum paper_verdict health_judge(struct health_state *state, enum health_profile profile, const struct health_numbers *n,
				char signal[PAPER_TEXT]);
