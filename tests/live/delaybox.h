/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A userspace link with delay, rate, queue and loss between two TUN devices. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <linux/virtio_net.h>

#define NSEC_PER_SEC	 1000000000ULL
#define WIRE_OVERHEAD	 38U /* Ethernet header and checksum, preamble, inter-frame gap */
#define PACKET_MAX	 (sizeof(struct virtio_net_hdr) + 65536U)
#define LATENESS_BUCKETS 32

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _must_check_  __attribute__((warn_unused_result))

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* What one direction of the link does to its packets. */
struct direction_spec {
	uint64_t delay_ns;
	uint64_t rate_bps; /* bits per second on the wire; 0 = no limit */
	uint64_t queue_bytes;
	double loss;   /* probability per segment */
	uint64_t mtu;  /* IP packets above it vanish without a word; 0 = none do */
	unsigned int chunk_segments;
};

struct endpoint_spec {
	const char *netns; /* pid, name under /run/netns, or path */
	const char *ifname;
};

struct box_spec {
	struct endpoint_spec end[2];	    /* A, B */
	struct direction_spec direction[2]; /* A to B, B to A */
	uint64_t seed;
	int rr_priority;
	bool stats;
	bool help;
};

struct direction_stats {
	uint64_t packets, segments, bytes;
	uint64_t dropped_queue, dropped_loss, dropped_mtu, dropped_ring, write_errors;
	uint64_t queue_peak_bytes;
	uint64_t chunks;
	uint64_t lateness[LATENESS_BUCKETS]; /* chunks delivered 2^i us late, i = index */
};

/* Records of variable length in time order; one thread owns it. */
struct ring {
	uint8_t *base;
	size_t size, head, tail;
	bool empty;
};

struct direction {
	struct direction_spec spec;
	struct direction_stats stats;
	const char *name;
	int fd_in, fd_out, fd_stop;
	uint64_t busy_until; /* when the last accepted segment leaves the queue */
	uint64_t random;
	struct ring ring;
	pthread_t thread;
	uint8_t scratch[PACKET_MAX];
};

/* delaybox-args.c */
int box_spec_parse(struct box_spec *spec, int argc, char **argv) _must_check_;
const char *box_usage(void);

/* delaybox-tun.c */
int tun_open(const struct endpoint_spec *end) _must_check_;

/* delaybox-segment.c */
unsigned int packet_segments(const uint8_t *packet, size_t len);
size_t packet_segment_length(const uint8_t *packet, size_t len, unsigned int index);
size_t packet_cut(const uint8_t *packet, size_t len, unsigned int first, unsigned int count,
		  uint8_t *out);

/* delaybox-queue.c */
enum fate { FATE_ADMITTED, FATE_LOST, FATE_TOO_LARGE, FATE_NO_ROOM };
enum fate segment_admit(struct direction *d, uint64_t now, size_t ip_len);

/* delaybox-ring.c */
int ring_init(struct ring *ring, size_t size) _must_check_;
void ring_free(struct ring *ring);
uint8_t *ring_reserve(struct ring *ring, size_t len);
void ring_commit(struct ring *ring, uint64_t due, size_t len);
const uint8_t *ring_peek(struct ring *ring, uint64_t *ret_due, size_t *ret_len);
void ring_pop(struct ring *ring);

/* delaybox-direction.c */
int direction_init(struct direction *d) _must_check_;
void *direction_run(void *arg);
