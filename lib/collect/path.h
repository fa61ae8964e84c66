/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What path.c sums up of each path, and what path-flow.c and path-loss.c say of one flow of it. */
#pragma once

#include "collect/collect-private.h"

enum { FLOW_SAMPLES_MAX = 1024, BULK_SEGMENTS = 10 };

/* Flows that share a verdict; of rates and bytes the largest. */
struct verdict {
	unsigned flows;
	double rate;  /* bytes per second */
	double bytes; /* the window or buffer that holds them */
	const struct flow *example;
};

struct path {
	const struct network *network;
	struct link *link; /* NULL: no route */
	double speed;	   /* bytes per second; 0: not known */
	bool speed_sure, lower_bound, target;
	unsigned sampled, timed;
	double rate_out, rate_in, busy, rwnd, sndbuf, sent, retrans, mss;

	/* what holds its flows */
	struct verdict receive, send, pinned, peer, slow, unscaled, unsent, control, blackhole;
	double unsent_delay; /* s */
	struct verdict restart;
	double restart_rounds, restart_cost, restart_window;

	/* standing queues */
	unsigned queue_flows;
	float queues[FLOW_SAMPLES_MAX]; /* s */
	const struct flow *bulk;
	double bulk_rate;

	unsigned bulk_full, bulk_free; /* bulk flows with and without a queue on the way */

	/* losses: segments within the window */
	bool knows_timeouts;
	unsigned lossy, lossy_bbr, stuck;
	double segments, resent, spurious, timeouts, timeout_time, timeout_rto, control_loss;
	unsigned streams;
	double stream_segments, stream_bytes, stream_resent, stream_held;

	char congestion[64];
};

/* What a flow did between the two samples. */
struct change {
	double seconds;
	double out, in;	     /* bytes per second, acknowledged and received */
	double busy;	     /* s, with data under way */
	double rwnd, sndbuf; /* share of that */
	double sent;	     /* bytes, retransmissions among them */
	double segments, resent, spurious;
};

double growth(uint64_t now, uint64_t before);
/* What is not acknowledged, in full segments. */
double in_flight(const struct flow_sample *s);
/* A queue stands on the way: the smoothed round trip says so. */
bool path_is_full(const struct flow_sample *s);
/* Data enough under way that delayed ACKs do not look like a queue, and the application keeps up. */
bool is_bulk(const struct flow_sample *s);
/* Neither the flow nor all flows of the link together fill it; unknown links are never full. */
bool below_link(const struct path *p, double rate);
bool control_is_bbr(const struct flow *f);
/* Its flows fill the link, or a queue on the way: losses are then how loss-based control asks how long that is. */
bool path_is_crowded(const struct path *p);
/* Fills each round trip with its window: by what is it held? */
void path_weigh_limits(const struct collecting *c, struct path *p, const struct flow *f, const struct change *d);
/* Queues on the way and in the socket, and windows lost in pauses. */
void path_weigh_queue(struct path *p, const struct flow *f);
void path_weigh_unsent(struct path *p, const struct flow *f, const struct change *d);
void path_weigh_restart(const struct collecting *c, struct path *p, const struct flow *f, const struct change *d);
/* Losses, time-outs, and what they do to the congestion control; streams whose messages wait for each other. */
void path_weigh_loss(struct path *p, const struct flow *f, const struct change *d);
/* Mathis et al.: what loss-based control gets at most, in bytes per second. */
double path_loss_bound(double mss, double rtt, double loss);
/* Large segments are lost and small ones pass: needs the whole cohort, for what passes to the same peer. */
void path_weigh_blackhole(const struct collecting *c, struct path *p, const struct flow *f);
