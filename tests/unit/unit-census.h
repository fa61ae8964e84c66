/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the tests of the census and its cohort: sockets by the thousand, and what they take of memory. */
#pragma once

#include <malloc.h>

#include "unit-host.h"

#include "base/hash.h"
#include "collect/census.h"

/* Sockets of one test are numbered from 1: the number is the cookie, and makes what else must differ. */
static inline struct tcp_socket socket_of(uint8_t state, uint64_t cookie)
{
	return (struct tcp_socket){
		.state = state,
		.cookie = cookie,
		.src = {0, 0xffffc0000201}, /* 192.0.2.1 */
		.dst = {0, 0xffffc6336402}, /* 198.51.100.2 */
		.sport = 40000,
		.dport = 443,
	};
}

static inline struct address v4(uint32_t a)
{
	return (struct address){0, 0xffff00000000 | a};
}

/* Open, without traffic for a long time. */
static inline struct tcp_socket idle_flow(uint64_t cookie)
{
	struct tcp_socket s = socket_of(STATE_ESTABLISHED, cookie);

	s.info_len = sizeof(s.info);
	s.info.last_data_sent = s.info.last_data_recv = s.info.last_ack_recv = 3600 * 1000;
	s.info.rtt = 20000;
	s.info.min_rtt = 10000;
	return s;
}

static inline struct tcp_socket busy_flow(uint64_t cookie)
{
	struct tcp_socket s = idle_flow(cookie);

	s.info.unacked = 10;
	return s;
}

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static inline size_t memory_in_use(void)
{
	struct mallinfo2 m;

	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	m = mallinfo2();
	return m.uordblks + m.hblkhd;
}
