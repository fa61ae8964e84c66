/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The census: every socket of a dump passes through once and leaves its mark in counters, histograms and tables of
 * fixed size. Memory does not grow with the number of sockets.
 */
#pragma once

#include "base/histogram.h"
#include "base/topk.h"
#include "collect/arrival.h"
#include "collect/cohort.h"
#include "collect/ports.h"

struct census_options {
	const uint8_t *local_ports; /* bitmap of the ports for outgoing connections, 8 KiB */
	uint32_t close_wait_age;    /* ms without traffic that make a CLOSE_WAIT old */
	uint32_t fin_wait_age;	    /* the same for a FIN_WAIT_2 that a process still holds */
	uint32_t idle_timeout;	    /* ms of silence that something on the way forgets a connection after; 0: not declared */
	unsigned syn_retries;	    /* retransmissions that make a SYN_SENT stuck */
	unsigned syn_linear;	    /* tcp_syn_linear_timeouts; 0 where the kernel has none */
	uint32_t reuse_age;	    /* ms in TIME_WAIT after which tcp_tw_reuse lets connect() take a port over */
	uint32_t pool_idle;	    /* ms without data that make an open connection idle */
	bool only_listeners;	    /* dump nothing else: costs the same at any number of sockets */
	uint16_t port_low;	    /* first of the ports: connect() tries those of its parity before the others */
};

enum {
	LISTENERS_MAX = 4096,
	EXAMPLES_MAX = 4,
	TIME_WAIT_MS = 60000,
	TIME_WAIT_STEP_MS = 10000,
	TIME_WAIT_STEPS = 6,
	STUCK_BACKOFF = 3, /* time-outs in a row, each twice the last: 1.4 s of silence and more */
};

/* The uid under which sockets without a process, cgroup or listener are gathered. */
#define UID_NO_PROCESS (UINT32_MAX - 1)

struct listener {
	struct address address;
	uint16_t port;
	uint32_t ifindex, uid, inode;
	uint64_t cookie, cgroup;
	uint32_t queue, limit, drops;
	bool has_drops;
};

struct destination {
	struct topk_head head;
	struct destination_key {
		struct address src, dst;
		uint32_t port, ifindex;
	} key;
	uint32_t states[TCP_STATES];
	uint32_t ports;	  /* of the local range */
	uint32_t resting; /* of those, in TIME_WAIT */
	uint32_t unripe;  /* of those, too young for tcp_tw_reuse */
	uint32_t odd;	  /* in use, of the parity that connect() tries last and bind() first */
	uint32_t ends[TIME_WAIT_STEPS]; /* in TIME_WAIT, by how many tens of seconds */
	uint32_t idle;			/* open, without data for long */
	uint32_t min_rtt, mss;		/* µs, the least; bytes */
	uint32_t attempts, syn_retried; /* SYNs sent once, and more often, and not answered yet */
	uint32_t fresh, fresh_slow;	/* in the second sample only; of those, set up by a repeated SYN */
	uint32_t brief_seen;		/* connections that only one of the samples saw, and their bytes */
	float gone;			/* of those, in the first only: as many as the cohort's stand for */
	uint64_t brief_bytes;
	uint32_t last_ack_stuck, last_ack_age_ms; /* unanswered, and the longest silence of their peer */
	uint32_t syn_stuck;
	double syn_stuck_since; /* s, the oldest */
	uint64_t cgroup;
};

/* Some peers of offending sockets, and the inode of one of them to find its process by. */
struct examples {
	unsigned count;
	uint32_t inode;
	struct {
		struct address peer;
		uint16_t port;
	} of[EXAMPLES_MAX];
};

struct owner {
	struct topk_head head;
	struct owner_key key;
	uint32_t states[TCP_STATES];
	uint32_t sockets;
	uint64_t memory; /* bytes that they hold, as socket_memory() */
	uint32_t orphans; /* that no process holds, and that still have something to send */
	uint32_t close_wait_old, close_wait_unread, close_wait_age_ms;
	struct examples close_wait;
	uint32_t fin_wait1_stuck, fin_wait1_window, fin_wait1_age_ms; /* unanswered, or in front of a closed window */
	uint32_t fin_wait2_ending;				       /* left to the kernel, for tcp_fin_timeout at most */
	uint32_t fin_wait2_held, fin_wait2_age_ms;		       /* by a process, without traffic */
	struct examples fin_wait;
	uint32_t idle, idle_ms; /* open, silent for longer than idle_timeout, without a keepalive timer */
	struct examples idle_peers;
};

struct network {
	struct topk_head head;
	struct network_key {
		struct address net; /* v4 /24 or v6 /48 */
		uint64_t ifindex;   /* of a bound or link-local socket, else 0 */
	} key;
	struct address example_src, example_dst;
	uint32_t flows, unscaled;
	unsigned wscale_min;
	uint64_t delivery_rate; /* highest not limited by the application, else highest */
	uint64_t bytes_sent, bytes_retrans;
	bool has_bytes;
	struct histogram min_rtt, srtt;
};

struct census {
	struct census_options options;
	struct cohort *cohort;
	bool second;	   /* compare the cohort instead of choosing it */
	bool saw_listeners; /* the listen dump is done: arrivals are laid out */
	unsigned long states[TCP_STATES], total, loopback, keepalive;
	uint64_t memory; /* bytes that all sockets hold */
	bool has_memory;
	uint8_t listening[PORTS_BYTES]; /* bitmap of ports */
	struct arrivals arrivals;
	uint8_t odd_ports[PORTS_BYTES]; /* bitmap of what destinations count as odd */
	unsigned long odd, ended; /* of all destinations: odd ports, and what entered TIME_WAIT in the last ten seconds */
	bool has_time_wait;	  /* their rows were asked for */
	struct listener *listeners;
	size_t listener_count, listeners_left_out;
	struct topk destinations, owners, networks;
	struct owner *last_owner;
	struct sockdiag_result result;
};

/* Whose a socket is. */
struct owner_key owner_key_of(uint64_t cgroup, uint32_t uid);
void census_init(struct census *c, const struct census_options *o, struct cohort *cohort, bool second);
void census_clear(struct census *c);
/* Dump listeners, then the rest; TIME_WAIT rows only when asked for. 0, or the kernel's error. */
int census_take(struct census *c, struct root *root, bool time_wait);
/* For replays and fuzzers: what census_take() does with each socket. */
void census_add(struct census *c, const struct tcp_socket *s);

/* The destination that a flow belongs to, or NULL. */
struct destination *census_destination(const struct census *c, const struct flow *f);

/* Seconds from the first SYN until retransmission n is sent (tcp_timer.c; linear: tcp_syn_linear_timeouts). */
double syn_retransmission_time(unsigned n, unsigned linear);
