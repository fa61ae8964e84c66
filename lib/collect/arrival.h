/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What arrives at each address that is listened on: open and half-open connections, and how many hosts the half-open
 * ones come from. One entry for an address, however many sockets share it (SO_REUSEPORT).
 */
#pragma once

#include "collect/sockdiag.h"

enum { SOURCES_BITS = 1024 };

struct owner_key {
	uint64_t cgroup, uid; /* uid: only where the cgroup says nothing */
};

struct arrival {
	struct address address;
	uint32_t ifindex;
	uint16_t port;
	bool used;
	uint32_t established;
	uint32_t syn_recv;
	uint32_t syn_retried; /* of those, whose SYN-ACK was sent again: their peer is silent */
	uint32_t fresh, fresh_slow; /* open, and not in the first sample; of those, after a repeated SYN-ACK */
	struct owner_key owner; /* of its first socket */
	uint64_t sources[SOURCES_BITS / 64]; /* of half-open ones, by hash: linear counting (Whang 1990) */
};

struct arrivals {
	struct arrival *table; /* open addressing, at most half full; NULL where nobody listens */
	struct arrival *last;  /* the latest hit: neighbours in a dump often share their address */
	struct address last_address;
	uint32_t last_ifindex;
	uint16_t last_port;
	size_t size;
};

/* Room for so many addresses. */
void arrivals_init(struct arrivals *t, size_t listeners);
void arrivals_clear(struct arrivals *t);
/* The entry of an address, made where there was none. No more than there is room for. */
struct arrival *arrivals_add(struct arrivals *t, const struct address *address, uint16_t port, uint32_t ifindex);
/* The listener that a socket came through: its own address first, then any address; NULL where there is none. */
struct arrival *arrivals_find(struct arrivals *t, const struct tcp_socket *s);
/* The entry of exactly this address, or NULL. */
const struct arrival *arrivals_at(const struct arrivals *t, const struct address *address, uint16_t port,
				  uint32_t ifindex);
void arrival_count(struct arrival *a, const struct tcp_socket *s);
/* How many hosts (v6: /64 networks) the half-open connections come from, estimated; up to about 7,000. */
double arrival_sources(const struct arrival *a);
