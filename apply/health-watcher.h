/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The health watcher: what it does on the applier's orders, and what it tells it. */
#pragma once

#include "apply/health-measure.h"
#include "apply/paper.h"
#include "root/root.h"

enum { WATCH_PERIOD_S = 2, WATCH_BASELINE_DUMPS = 3, WATCH_BASELINE_TRIES = 5, WATCH_COST_FACTOR = 20 };

enum watch_stage {
	WATCH_IDLE,
	WATCH_BASELINE, /* measuring before */
	WATCH_READY,	/* measured; the change is about to be made */
	WATCH_JUDGING,
};

struct watcher {
	struct root *root;
	int fd; /* the applier */
	enum watch_stage stage;
	struct paper order;  /* the BASELINE that it works on */
	struct paper answer; /* reused */
	struct measure measure;
	struct health_state state;
	enum health_profile profile;
	struct health_counts first, newest, changed; /* readings: first of all, newest, at the change */
	struct health_counts before, last;	     /* growth */
	unsigned dumps, tries;
	double next, next_dump; /* s: when to act, and when to look at all sockets again */
	enum paper_verdict verdict;
	char signal[PAPER_TEXT], trouble[PAPER_TEXT]; /* trouble: what cannot be measured, or "" */
};

/* The clock of next: seconds of CLOCK_MONOTONIC. */
double watcher_now(void);
/* Obey one paper. 0, or what paper_send() says. */
int watcher_obey(struct watcher *w, const struct paper *p) _must_check_;
/* The time has come: look, judge, and tell. 0, or what paper_send() says. */
int watcher_tick(struct watcher *w) _must_check_;
