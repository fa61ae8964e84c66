/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the tests of paths: a host with one interface, and flows that sit at one limit each. */
#pragma once

#include "unit-host.h"

enum {
	ETH0 = 2,
	RMEM_MAX = 6291456,
	WMEM_MAX = 4194304,
	MIN_RTT = 80000, /* µs */
	MSS = 1000,
	INFO_54 = 232, /* bytes of tcp_info: Linux 5.4, and 6.2 with the window we offer */
	INFO_62 = 240,
};

#define PEER "198.51.100.7"
#define PATH "eth0 198.51.100.0/24"

/* A flow in both samples. */
struct pair {
	struct row before, now;
};

/* One real NIC, by which everybody is reached, and buffers of Linux 6.12. */
static inline void host_gigabit(struct host *h)
{
	h->window = 1;
	host_ethtool(h);
	host_nic(h, &(struct nic){.index = 1, .name = "lo", .flags = IFF_LOOPBACK | IFF_RUNNING});
	host_nic(h, &(struct nic){.index = ETH0, .name = "eth0", .mbit = 1000});
	host_route(h, PEER, ETH0);
	host_file(h, "proc/sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456\n");
	host_file(h, "proc/sys/net/ipv4/tcp_wmem", "4096\t16384\t4194304\n");
}

static inline void host_pair(struct host *h, const struct pair *p)
{
	put_row(&h->sockets[0], &p->before);
	put_row(&h->sockets[1], &p->now);
}

/* Open, with a round trip of 80 ms and nothing under way. */
static inline struct pair quiet_pair(uint64_t cookie)
{
	struct row r = {.state = STATE_ESTABLISHED,
			.cookie = cookie,
			.src = "192.0.2.1",
			.dst = PEER,
			.sport = 40000,
			.dport = 443,
			.info_len = INFO_62,
			.mem_count = MEM_COUNT};

	r.info.rtt = r.info.min_rtt = MIN_RTT;
	r.info.options = TCPINFO_OPT_TIMESTAMPS | TCPINFO_OPT_SACK | TCPINFO_OPT_WSCALE;
	r.info.snd_mss = r.info.rcv_mss = MSS;
	r.info.last_data_sent = r.info.last_data_recv = r.info.last_ack_recv = 5000;
	return (struct pair){r, r};
}

/* Its buffer is at the maximum, is read at once, and each round trip brings a whole window: 39.3 MB/s. */
static inline struct pair full_receiver(uint64_t cookie)
{
	struct pair p = quiet_pair(cookie);

	p.now.mem[MEM_RCVBUF] = RMEM_MAX;
	p.now.info.rcv_wnd = RMEM_MAX / 2;
	p.now.info.rcv_rtt = MIN_RTT;
	p.now.info.bytes_received = 39321600;
	return p;
}

/* Its buffer is at the maximum and all of it under way: 2000 segments, 25 MB/s. */
static inline struct pair full_sender(uint64_t cookie)
{
	struct pair p = quiet_pair(cookie);

	p.before.mem[MEM_SNDBUF] = WMEM_MAX;
	p.before.info.unacked = 2000;
	p.before.info.snd_cwnd = 4000;
	p.before.info.snd_wnd = 64000000;
	p.now = p.before;
	p.now.info.bytes_acked = 25000000;
	p.now.info.busy_time = 1000000;
	return p;
}

/* 900 of the 1000 segments that the peer takes are under way, and nine tenths of the time it is waited for. */
static inline struct pair full_peer(uint64_t cookie)
{
	struct pair p = quiet_pair(cookie);

	p.before.info.unacked = 900;
	p.before.info.snd_cwnd = 4000;
	p.before.info.snd_wnd = 1000000;
	p.now = p.before;
	p.now.info.bytes_acked = 12000000;
	p.now.info.busy_time = 1000000;
	p.now.info.rwnd_limited = 900000;
	return p;
}

static inline const struct subject *path_of(struct host *h)
{
	return find_subject(host_collect(h), SUBJECT_PATH, PATH);
}
