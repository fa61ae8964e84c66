/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sock_diag: fetching the kernel's TCP sockets, and decoding one of them. */
#pragma once

#include "collect/tcpinfo.h"
#include "root/root.h"

/* An IPv4 address is held as ::ffff:a.b.c.d, whichever family the socket has. */
struct address {
	uint64_t high, low; /* host byte order, so that prefixes are shifts */
};

enum tcp_state {
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT1,
	STATE_FIN_WAIT2,
	STATE_TIME_WAIT,
	STATE_CLOSE,
	STATE_CLOSE_WAIT,
	STATE_LAST_ACK,
	STATE_LISTEN,
	STATE_CLOSING,
	STATE_NEW_SYN_RECV,
	STATE_BOUND_INACTIVE,
	TCP_STATES,
};

enum tcp_timer { TIMER_NONE, TIMER_RETRANSMIT, TIMER_KEEPALIVE, TIMER_TIME_WAIT, TIMER_PROBE };

/* SKMEMINFO, in the kernel's order (include/uapi/linux/sock_diag.h). */
enum { MEM_RMEM, MEM_RCVBUF, MEM_WMEM, MEM_SNDBUF, MEM_FWD, MEM_QUEUED, MEM_OPT, MEM_BACKLOG, MEM_DROPS, MEM_COUNT };

struct tcp_socket {
	uint8_t state, timer, retransmits;
	uint16_t sport, dport;
	uint32_t ifindex, uid, inode;
	uint32_t rqueue, wqueue; /* of a listener: waiting connections, and how many may wait */
	uint32_t expires;	 /* ms until the timer fires */
	uint64_t cookie, cgroup; /* cgroup 0: the kernel did not say */
	struct address src, dst;
	uint32_t mem[MEM_COUNT];
	unsigned mem_count; /* elements that the kernel filled */
	unsigned info_len;  /* bytes of info that the kernel filled; 0: none */
	struct tcpinfo info;
	char congestion[16]; /* "" where not asked */
};

/*
 * Decode one message. 0, or -EBADMSG where it is malformed. Attributes shorter or longer than ours are used as far
 * as they reach.
 */
int sockdiag_decode(const struct nlmsghdr *h, struct tcp_socket *ret) _must_check_;

typedef void (*sockdiag_fn)(void *user, const struct tcp_socket *s);

struct sockdiag_result {
	unsigned long sockets, malformed;
};

/* States as a mask: 1 << STATE_…. One walk of the kernel's table gives both families. */
int sockdiag_dump(struct root *root, uint32_t states, const char *name, sockdiag_fn fn, void *user,
		  struct sockdiag_result *result) _must_check_;
/* Ask for the congestion control of one socket; fn may be called for others too when a record is replayed. */
int sockdiag_congestion(struct root *root, const struct tcp_socket *s, sockdiag_fn fn, void *user);

/* Look at one socket once more, as often as wanted: look says which time it is. As above for replays. */
int sockdiag_look(struct root *root, const struct tcp_socket *s, unsigned look, sockdiag_fn fn, void *user);

bool address_is_v4(const struct address *a);
bool address_is_loopback(const struct address *a);
/* RFC 1918, RFC 6598, RFC 4193, link-local, loopback: not of the Internet. */
bool address_is_private(const struct address *a);
bool address_is_zero(const struct address *a);
/* Cut to the network that a path is keyed by: v4 /24, v6 /48. */
struct address address_network(const struct address *a);
/* 16 bytes in network order, v4-mapped. */
void address_bytes(const struct address *a, uint8_t ret[16]);
struct address address_from_bytes(const uint8_t *bytes, bool v4);

enum { ADDRESS_TEXT_MAX = 64 };
/* "192.0.2.1", "2001:db8::1"; brackets and port where port >= 0. Returns buf. */
char *address_text(const struct address *a, int port, char buf[ADDRESS_TEXT_MAX]);
