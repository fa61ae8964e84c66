/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Socket options, which sock_diag does not tell: for as long as a few getsockopt() take, a process's descriptor is
 * borrowed. It is one descriptor at a time and for microseconds, since an owner's close() sends its FIN only once
 * the last descriptor is gone.
 */
#pragma once

#include "root/root.h"

enum socket_option {
	BORROWED_NODELAY,
	BORROWED_CORK,
	BORROWED_KEEPALIVE,
	BORROWED_KEEPIDLE, /* s */
	BORROWED_KEEPINTVL,
	BORROWED_KEEPCNT,
	BORROWED_USER_TIMEOUT, /* ms; 0: none */
	BORROWED_SNDBUF,
	BORROWED_RCVBUF,
	BORROWED_BUF_LOCK, /* SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK; Linux 5.14 */
	BORROWED_NOTSENT_LOWAT,
	BORROWED_OPTIONS,
};

struct borrowed {
	uint64_t cookie; /* of the socket to ask, and… */
	int pid, fd;	 /* …where it is held; not needed where a record is replayed */
	int error;	 /* 0: it was asked; ESTALE: another socket by now; EPERM, ENOSYS, …; ENODATA: not tried */
	uint32_t known;	 /* 1 << BORROWED_…: the options that this kernel told */
	int values[BORROWED_OPTIONS];
	char congestion[16]; /* "" where not told; untrusted */
};

/*
 * Ask n sockets. What one refuses is in its error; the others go on. A record keeps the answers in names/sockopts;
 * -ENOENT where it has none.
 */
int root_borrow(struct root *r, struct borrowed *list, size_t n);

/* One line of that file, ended; bounded, and harmless whatever it holds. For the replay and for fuzzers. */
int borrowed_parse(char *line, struct borrowed *ret) _must_check_;
/* The same line, with its newline. */
void borrowed_format(const struct borrowed *b, struct text *t);

enum { BORROWED_LOCK_SEND = 1, BORROWED_LOCK_RECEIVE = 2 };
