/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct tcp_info as the kernel lays it out (include/uapi/linux/tcp.h), to the last field that is the same in all
 * versions. It grew over the years: whether a field is there is told by the attribute's length, never by uname.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tcpinfo {
	uint8_t state, ca_state, retransmits, probes, backoff, options;
	uint8_t wscale; /* low nibble: granted by the peer for what we send; high: ours for what we receive */
	uint8_t flags;	/* bit 0: delivery_rate was limited by the application */
	uint32_t rto, ato, snd_mss, rcv_mss;
	uint32_t unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv; /* ms ago */
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering; /* times: µs */
	uint32_t rcv_rtt, rcv_space, total_retrans;
	uint64_t pacing_rate, max_pacing_rate; /* 3.15; bytes per second */
	uint64_t bytes_acked, bytes_received;  /* 4.1 */
	uint32_t segs_out, segs_in;	       /* 4.2 */
	uint32_t notsent_bytes, min_rtt, data_segs_in, data_segs_out;  /* 4.6 */
	uint64_t delivery_rate;					       /* 4.9 */
	uint64_t busy_time, rwnd_limited, sndbuf_limited;	       /* 4.10; µs */
	uint32_t delivered, delivered_ce;			       /* 4.18 */
	uint64_t bytes_sent, bytes_retrans;			       /* 4.19 */
	uint32_t dsack_dups, reord_seen;
	uint32_t rcv_ooopack, snd_wnd;			  /* 5.4 */
	uint32_t rcv_wnd, rehash;			  /* 6.2 */
	uint16_t total_rto, total_rto_recoveries;	  /* 6.7 */
	uint32_t total_rto_time;
	uint32_t received_ce, accecn[6]; /* 6.18; the word after them was laid out anew in 7.0 and is left alone */
};

_Static_assert(offsetof(struct tcpinfo, total_retrans) == 100, "2.6 layout");
_Static_assert(offsetof(struct tcpinfo, min_rtt) == 148, "4.6 layout");
_Static_assert(offsetof(struct tcpinfo, sndbuf_limited) == 184, "4.10 layout");
_Static_assert(offsetof(struct tcpinfo, bytes_retrans) == 208, "4.19 layout");
_Static_assert(offsetof(struct tcpinfo, snd_wnd) == 228, "5.4 layout");
_Static_assert(offsetof(struct tcpinfo, rcv_wnd) == 232, "6.2 layout");
_Static_assert(offsetof(struct tcpinfo, total_rto_time) == 244, "6.7 layout");

enum { TCPINFO_LENGTH_MIN = 104 }; /* every kernel since 2.6 fills this much */

/* Did a kernel that sent len bytes fill this field? */
#define TCPINFO_HAS(len, field)                                                                    \
	((len) >= offsetof(struct tcpinfo, field) + sizeof(((struct tcpinfo *)0)->field))

/*
 * The least round trip in microseconds, 0 where none was measured. What only receives has none but that of its handshake,
 * which lasts a second more where a SYN or its answer was lost: then its estimate from the data is the better one.
 */
static inline uint32_t tcpinfo_min_rtt(const struct tcpinfo *i)
{
	if (i->min_rtt == UINT32_MAX)
		return 0;
	return i->rcv_rtt && i->rcv_rtt < i->min_rtt / 2 ? i->rcv_rtt : i->min_rtt;
}

enum { TCPINFO_OPT_TIMESTAMPS = 1, TCPINFO_OPT_SACK = 2, TCPINFO_OPT_WSCALE = 4 };
