/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cohort: sockets that are kept, so that the second sample can be compared with the first. At most 4,096,
 * chosen by a hash of the socket's cookie, so that the choice says nothing about the sockets; those with data under
 * way are thinned out last, since idle ones have no limit to tell of.
 */
#pragma once

#include "collect/sockdiag.h"

enum { COHORT_MAX = 4096 };

struct flow_sample {
	uint64_t bytes_acked, bytes_received, bytes_sent, bytes_retrans;
	uint64_t busy_time, rwnd_limited, sndbuf_limited; /* µs */
	uint64_t delivery_rate;
	uint32_t rtt, min_rtt, rcv_rtt; /* µs; 0: not measured */
	uint32_t unacked, snd_cwnd, snd_mss, rcv_mss, snd_wnd, rcv_wnd;
	uint32_t notsent, lost, rqueue, wqueue;
	uint32_t data_segs_in, data_segs_out, delivered, total_retrans, dsack_dups, total_rto_time; /* time: ms */
	uint32_t rmem, rcvbuf, wmem, sndbuf;
	uint16_t info_len, total_rto;
	uint8_t state, options, wscale;
	bool app_limited;
	uint8_t timer, retransmits, backoff, probes;
	uint32_t rto;	  /* µs, with its backoff */
	uint32_t expires; /* ms until the timer fires */
	uint32_t last_data_sent, last_data_recv, last_ack_recv; /* ms ago */
};

struct flow {
	uint64_t cookie, cgroup;
	struct address src, dst;
	uint16_t sport, dport;
	bool active, seen_again;
	uint32_t ifindex, uid, inode; /* inode 0: nobody has accepted it yet, or everybody closed it */
	char congestion[16];
	struct flow_sample now, before; /* now: the newest; before: of the first sample, where seen_again */
};

struct cohort {
	struct flow *flows;
	size_t count, idle;
	unsigned idle_shift, active_shift; /* one of 2^shift is kept */
	unsigned long offered_idle, offered_active;
	uint16_t *index; /* by cookie, for the second sample; 0: free */
};

void cohort_offer(struct cohort *c, const struct tcp_socket *s);
/* Begin the second sample: what is offered from now on is compared, not added. */
void cohort_index(struct cohort *c);
/* true: the first sample had no such flow, and would have kept it; one of 2^cohort_shift() such is told. */
bool cohort_match(struct cohort *c, const struct tcp_socket *s);
unsigned cohort_shift(const struct cohort *c);
struct flow *cohort_find(const struct cohort *c, uint64_t cookie);
/* What a flow keeps of a socket. */
void flow_sample_take(const struct tcp_socket *s, struct flow_sample *ret);
void cohort_clear(struct cohort *c);
