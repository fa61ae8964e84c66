/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one flow of the cohort says against its owner. Pure: two samples of a socket, and the limits of the host. */
#pragma once

#include "collect/cohort.h"

enum flow_fault {
	FAULT_NAGLE,	      /* a small write waits for the acknowledgement of another, which the peer delays */
	FAULT_PINNED_RECEIVE, /* the receive buffer is full each round trip, and does not grow though it could */
	FAULT_PINNED_SEND,    /* the same of the send buffer */
	FAULT_FROZEN,	      /* the window is all that the scale of its handshake can say, and new ones could say more */
	FAULT_SLOW_READER,    /* the receive queue stays full */
	FAULT_STALLED,	      /* nothing is acknowledged any more */
	FAULT_WINDOW_CLOSED,  /* the peer answers, and takes nothing */
	FLOW_FAULTS,
};

struct flow_limits {
	double window;		   /* s between the samples; 0: one sample */
	double rmem_max, wmem_max; /* bytes, tcp_rmem[2] and tcp_wmem[2]; 0: not known */
	double window_ratio;	   /* share of a receive buffer that is offered as window */
	bool autotuning;	   /* tcp_moderate_rcvbuf */
	int wscale;		   /* that a connection opened now would offer; -1: not known */
	double nagle_delay, near;  /* s: acknowledgements that come this late on a path shorter than that */
	double reader_wait;	   /* s that data waits to be read */
	double stalled_for;	   /* s without progress */
	unsigned retries;	   /* tcp_retries2 */
	double rto_max;		   /* s */
};

/* As a mask, 1 << FAULT_…; FAULT_NAGLE where one of the samples shows it. */
unsigned flow_faults(const struct flow *f, const struct flow_limits *l);
/* Is a small write held back in this very moment? */
bool flow_holds_small_write(const struct flow_sample *s);
/* The window that it offers. */
double flow_window(const struct flow_sample *s, const struct flow_limits *l);
/* Bytes per second that left the receive queue, and that were received and acknowledged. */
double flow_read_rate(const struct flow *f, double window);
double flow_rate_in(const struct flow *f, double window);
double flow_rate_out(const struct flow *f, double window);

/* The largest window that a scale can say. */
double window_of_scale(unsigned scale);
/* tcp_select_initial_window(): the scale for buffers that may become so large. */
unsigned scale_of_window(double bytes);
/* tcp_model_timeout(): seconds from the first retransmission until tcp_retries2 = n gives up. */
double retries_timeout(unsigned n, double rto_max);

struct stall {
	double since;	 /* s since the oldest unacknowledged byte was sent */
	double fails_in; /* s until the kernel gives up; negative: it does not */
};

/* user_timeout in seconds, 0 where none is known. */
struct stall flow_stall(const struct flow_sample *s, const struct flow_limits *l, double user_timeout);
