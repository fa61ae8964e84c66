/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "root/root-borrow.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "root/root-private.h"

/* Newer than the C libraries that we build with. */
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

enum { BORROWED_FILE_MAX = 256 * 1024 };

static const struct {
	const char *name;
	int level, option;
} options[BORROWED_OPTIONS] = {
	[BORROWED_NODELAY] = {"nodelay", IPPROTO_TCP, TCP_NODELAY},
	[BORROWED_CORK] = {"cork", IPPROTO_TCP, TCP_CORK},
	[BORROWED_KEEPALIVE] = {"keepalive", SOL_SOCKET, SO_KEEPALIVE},
	[BORROWED_KEEPIDLE] = {"keepidle", IPPROTO_TCP, TCP_KEEPIDLE},
	[BORROWED_KEEPINTVL] = {"keepintvl", IPPROTO_TCP, TCP_KEEPINTVL},
	[BORROWED_KEEPCNT] = {"keepcnt", IPPROTO_TCP, TCP_KEEPCNT},
	[BORROWED_USER_TIMEOUT] = {"user-timeout", IPPROTO_TCP, TCP_USER_TIMEOUT},
	[BORROWED_SNDBUF] = {"sndbuf", SOL_SOCKET, SO_SNDBUF},
	[BORROWED_RCVBUF] = {"rcvbuf", SOL_SOCKET, SO_RCVBUF},
	[BORROWED_BUF_LOCK] = {"buf-lock", SOL_SOCKET, SO_BUF_LOCK},
	[BORROWED_NOTSENT_LOWAT] = {"notsent-lowat", IPPROTO_TCP, TCP_NOTSENT_LOWAT},
};

/* What an open descriptor says; numbers of descriptors are reused, so first whether it is the socket at all. */
static int ask(int fd, struct borrowed *b)
{
	uint64_t cookie = 0;
	socklen_t n = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) < 0)
		return errno == ENOTSOCK ? ESTALE : errno;
	if (n != sizeof(cookie) || cookie != b->cookie)
		return ESTALE;
	for (size_t i = 0; i < BORROWED_OPTIONS; i++) {
		n = sizeof(b->values[i]);
		if (getsockopt(fd, options[i].level, options[i].option, &b->values[i], &n) == 0 &&
		    n == sizeof(b->values[i]))
			b->known |= 1u << i;
	}
	n = sizeof(b->congestion) - 1;
	if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, b->congestion, &n) < 0)
		n = 0;
	b->congestion[min_of((size_t)n, sizeof(b->congestion) - 1)] = 0;
	return 0;
}

/*
 * If the owner closes while we hold the descriptor, our close() is the last and does its work. One that lingers would
 * even make us wait, which nobody can know beforehand. Hence the fresh time slice: nothing shall come between.
 */
static int borrow(struct borrowed *b)
{
	_cleanup_close_ int process = (int)syscall(SYS_pidfd_open, b->pid, 0);
	int fd, error;

	if (process < 0)
		return errno;
	sched_yield();
	fd = (int)syscall(SYS_pidfd_getfd, process, b->fd, 0);
	if (fd < 0)
		return errno;
	error = ask(fd, b);
	close(fd);
	return error;
}

void borrowed_format(const struct borrowed *b, struct text *t)
{
	text_addf(t, "%" PRIu64 " %d", b->cookie, b->error);
	for (size_t i = 0; i < BORROWED_OPTIONS && !b->error; i++)
		if (b->known & 1u << i)
			text_addf(t, " %s=%d", options[i].name, b->values[i]);
	if (!b->error && *b->congestion && !b->congestion[strcspn(b->congestion, " \n")])
		text_addf(t, " congestion=%s", b->congestion);
	text_add(t, "\n");
}

static int parse_option(const char *word, struct borrowed *b)
{
	const char *equals = strchr(word, '=');
	size_t n = equals ? (size_t)(equals - word) : 0;
	char *end;
	long v;

	if (!n)
		return -EBADMSG;
	if (n == strlen("congestion") && !strncmp(word, "congestion", n)) {
		snprintf(b->congestion, sizeof(b->congestion), "%s", equals + 1);
		return 0;
	}
	for (size_t i = 0; i < BORROWED_OPTIONS; i++) {
		if (strlen(options[i].name) != n || strncmp(word, options[i].name, n))
			continue;
		errno = 0;
		v = strtol(equals + 1, &end, 10);
		if (end == equals + 1 || *end || errno || v < INT_MIN || v > INT_MAX)
			return -EBADMSG;
		b->values[i] = (int)v;
		b->known |= 1u << i;
	}
	return 0; /* an option that a later version records */
}

int borrowed_parse(char *line, struct borrowed *ret)
{
	struct borrowed b = {0};
	char *words = NULL, *word;
	int at = 0;

	if (*line < '0' || *line > '9' || sscanf(line, "%" SCNu64 " %d%n", &b.cookie, &b.error, &at) != 2 || !at ||
	    b.error < 0 || b.error > 4095 || (line[at] && line[at] != ' '))
		return -EBADMSG;
	for (word = strtok_r(line + at, " ", &words); word; word = strtok_r(NULL, " ", &words))
		if (parse_option(word, &b) < 0)
			return -EBADMSG;
	*ret = b;
	return 0;
}

static void replay(char *bytes, struct borrowed *list, size_t n)
{
	char *lines = NULL;

	for (char *line = strtok_r(bytes, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		struct borrowed b;

		if (borrowed_parse(line, &b) < 0)
			continue;
		for (size_t i = 0; i < n; i++)
			if (list[i].cookie == b.cookie && list[i].error == ENODATA)
				list[i] = b;
	}
}

int root_borrow(struct root *r, struct borrowed *list, size_t n)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	int err;

	for (size_t i = 0; i < n; i++)
		list[i].error = ENODATA;
	if (r->recorded) {
		err = root_read(r, "names/sockopts", BORROWED_FILE_MAX, &t);
		if (err == 0)
			replay(t.s, list, n);
		return err;
	}
	for (size_t i = 0; i < n; i++) {
		if (list[i].pid > 0)
			list[i].error = borrow(&list[i]);
		borrowed_format(&list[i], &t);
	}
	if (r->tap.file)
		r->tap.file(r->tap.user, "names/sockopts", text_get(&t), t.len);
	return 0;
}
