/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces: rtnetlink's view, and their speed as ethtool or sysfs tell it. */
#pragma once

#include <linux/netlink.h>
#include "collect/sockdiag.h"
#include "config/config.h"
#include "facts/fact.h"

enum { LINKS_MAX = 4096, NICS_MAX = 16, CONF_ROWS_MAX = 64 };

struct link {
	uint32_t index, master, mtu;
	char name[64]; /* untrusted */
	char kind[32]; /* of a virtual link, else "" */
	char qdisc[64];
	bool up, loopback; /* up: with a carrier */
	bool enabled;	   /* set up by the administrator, with a carrier or without */
	unsigned addresses;
	unsigned networks; /* of those, addresses with a network of their own: neither /32, /128 nor link-local */
	bool has_conf;	   /* the kernel reported its configuration, of which a family may be missing */
	unsigned conf_count[CONF_FAMILIES];
	int32_t conf[CONF_FAMILIES][CONF_ROWS_MAX];
	struct link_stats {
		uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped, tx_dropped, rx_errors, tx_errors;
		uint64_t rx_overruns; /* the ring was full; drivers count it under one of three names */
		uint64_t multicast;
	} stats;
	bool has_stats;
	uint32_t speed; /* Mbit/s as the driver says; 0: unknown */
	uint8_t duplex; /* 0 half, 1 full, 255 unknown */
	uint32_t common; /* Mbit/s of the fastest mode that both ends offer; 0: unknown */
	uint32_t rx_ring, rx_ring_max, tx_ring, tx_ring_max; /* descriptors; max 0: unknown */
	uint8_t tso, gso, gro; /* enum offload */
	bool from_sysfs;
	/* after judging */
	double rate; /* bytes per second; 0: not to be believed */
	const char *rate_source;
	bool rate_sure;
	struct subject *subject;
	/* of the cohort's flows over the window, bytes per second */
	double flows_out, flows_in;
	/* of its leaf queues that are plain FIFOs; the lesser backlog of two looks, bytes sent between them */
	bool fifo;
	uint64_t fifo_backlog, fifo_bytes, fifo_bytes_before;
};

enum offload { OFFLOAD_UNKNOWN, OFFLOAD_NONE /* the driver has none */, OFFLOAD_OFF, OFFLOAD_ON };

struct links {
	struct link *links;
	size_t count;
};

/* Read interfaces, addresses and qdiscs. Speeds only where wanted: they cost a request for each driver. */
int links_read(struct root *root, struct links *l);
int links_read_speeds(struct root *root, struct links *l);
/* The counters alone, as they are now, of the interfaces in l; their order is as in l, those gone have none. */
int links_read_stats(struct root *root, struct links *l);
/* Rings and offloads of the NICs that are up, at most NICS_MAX; what a driver does not tell stays unknown. */
int links_read_nics(struct root *root, struct links *l);
/* A NIC, or what a virtual machine has for one: no tunnel, bridge, pair or loopback. */
bool link_is_physical(const struct link *link);
/* The queueing disciplines; read in both samples, the FIFOs' backlog is the lesser of the two. */
int links_read_queues(struct root *root, struct links *l, bool second);
void links_clear(struct links *l);
struct link *links_find(const struct links *l, uint32_t index);
/* Decide which figure to believe, and say where it comes from. Strings from the arena. */
void links_judge_speeds(struct links *l, const struct config *config, struct arena *a);
/* The interface that the kernel would use for dst (0: none), from src where that is not zero. */
uint32_t links_route(struct root *root, const struct address *dst, const struct address *src);
