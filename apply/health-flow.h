/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows that move data, followed from dump to dump: at most 4,096 of them, thinned out by a hash of their cookies where
 * there are more, so that the choice says nothing about the flows. What each did between two dumps is told at once and
 * forgotten.
 */
#pragma once

#include "apply/health-cookies.h"
#include "collect/sockdiag.h"

enum { FLOWS_MAX = 4096 };

/* What one flow did between two dumps. */
struct moved {
	struct address network; /* of the peer */
	bool fresh;		/* opened after the change */
	bool out;		/* it sent more than it received */
	bool bulk;		/* its peer or its application did not keep it waiting, as far as one can see */
	bool grown;		/* old enough to have left slow start */
	bool held;		/* by a window or buffer */
	bool free;		/* no queue stands on its way */
	double weight;		/* flows that it stands for */
	double goodput;		/* bytes per second */
	double sent, retrans;	/* bytes */
	double busy, rwnd, sndbuf; /* s */
	double rtt, min_rtt;	/* s; 0: not measured in this window */
};

typedef void (*moved_fn)(void *user, const struct moved *m);

struct followed {
	uint64_t cookie;
	double first, at; /* s: when it was first and last seen */
	uint64_t acked, received, sent, retrans;
	uint64_t busy, rwnd, sndbuf; /* µs */
	uint32_t snd_wnd;
	bool fresh, old_already; /* old_already: it was there at the first look, nobody knows how long */
	bool seen;
	uint8_t idle; /* dumps in a row without data under way */
};

struct flows {
	struct followed *list;
	uint16_t *index; /* by cookie; 0: free */
	size_t count;
	unsigned shift; /* one of 2^shift is followed */
	struct cookies known;
	bool learning; /* sockets that are seen now are no new ones later */
	bool first;    /* the first dump of all */
	double now;    /* s: when this dump began */
	moved_fn fn;
	void *user;
};

/* 0 or -ENOMEM. fn is called for each flow that was seen in the dump before too. */
int flows_begin(struct flows *f, moved_fn fn, void *user) _must_check_;
/* The states to ask for: whatever may move data, now or soon. */
uint32_t flows_states(void);
/* A dump: its beginning, each of its sockets, its end. */
void flows_dump_begin(struct flows *f, double now);
void flows_offer(struct flows *f, const struct tcp_socket *s);
void flows_dump_end(struct flows *f);
void flows_clear(struct flows *f);
