/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink exchanges with the kernel, and their replay from a record. */
#include "root/root-private.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

enum { ANSWER_TIMEOUT_S = 5 };

void root_close_sockets(struct root *r)
{
	for (size_t i = 0; i < ROOT_PROTOCOLS; i++)
		if (r->sockets[i]) {
			mnl_socket_close(r->sockets[i]);
			r->sockets[i] = NULL;
		}
}

static int get_socket(struct root *r, int protocol, struct mnl_socket **ret)
{
	struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
	struct mnl_socket *s;

	if (protocol < 0 || protocol >= ROOT_PROTOCOLS)
		return -EPROTONOSUPPORT;
	if (!r->sockets[protocol]) {
		s = mnl_socket_open2(protocol, SOCK_CLOEXEC);
		if (!s)
			return -errno;
		if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
		    setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0) {
			int err = -errno;

			mnl_socket_close(s);
			return err;
		}
		r->sockets[protocol] = s;
	}
	*ret = r->sockets[protocol];
	return 0;
}

/* As mnl_nlmsg_ok(), which takes a length beyond 2 GiB for a negative one and so for a small one. */
static bool message_ok(const struct nlmsghdr *h, size_t left)
{
	return left >= sizeof(*h) && h->nlmsg_len >= sizeof(*h) && h->nlmsg_len <= left;
}

static const struct nlmsghdr *next_message(const struct nlmsghdr *h, size_t *left)
{
	size_t step = min_of((size_t)NLMSG_ALIGN(h->nlmsg_len), *left);

	*left -= step;
	return (const struct nlmsghdr *)((const char *)h + step);
}

/* 1: the answer is complete. 0: go on. Negative: the kernel's error, or fn's. */
static int take_message(const struct nlmsghdr *h, root_message_fn fn, void *user,
			struct root_netlink_stats *stats)
{
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		stats->interrupted++;
	if (h->nlmsg_type == NLMSG_DONE)
		return 1;
	if (h->nlmsg_type == NLMSG_OVERRUN)
		return -ENOBUFS;
	if (h->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);

		/* No kernel sends what is no errno. */
		if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) || e->error > 0 || e->error < -4095) {
			stats->discarded++;
			return -EBADMSG;
		}
		return e->error ? e->error : 1;
	}
	if (h->nlmsg_type == NLMSG_NOOP)
		return 0;
	stats->messages++;
	return fn(user, h);
}

static int take_block(struct root *r, const void *bytes, size_t n, unsigned sequence, root_message_fn fn,
		      void *user)
{
	const struct nlmsghdr *h = bytes;
	size_t left = n;
	int result;

	while (message_ok(h, left)) {
		if (h->nlmsg_seq != sequence) {
			r->stats.discarded++;
		} else {
			result = take_message(h, fn, user, &r->stats);
			/* A get request has no DONE: its only message is the answer. */
			if (result == 0 && !(h->nlmsg_flags & NLM_F_MULTI) && h->nlmsg_type != NLMSG_NOOP)
				result = 1;
			if (result)
				return result;
		}
		h = next_message(h, &left);
	}
	if (left > 0)
		r->stats.discarded++;
	return 0;
}

static int receive_block(struct root *r, struct mnl_socket *s, size_t *ret)
{
	struct sockaddr_nl from = {0};
	struct iovec iov = {r->buffer, ROOT_BUFFER_SIZE};
	struct msghdr m = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	do
		n = recvmsg(mnl_socket_get_fd(s), &m, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	*ret = (size_t)n;
	if (from.nl_pid != 0 || m.msg_flags & MSG_TRUNC) {
		r->stats.discarded++;
		*ret = 0;
	}
	return m.msg_flags & MSG_TRUNC ? -EMSGSIZE : 0;
}

static bool past(const struct timespec *deadline)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > deadline->tv_sec;
}

static int exchange(struct root *r, int protocol, const char *path, struct nlmsghdr *request,
		    root_message_fn fn, void *user)
{
	struct mnl_socket *s = NULL;
	struct timespec deadline;
	int result = get_socket(r, protocol, &s);

	if (result < 0)
		return result;
	request->nlmsg_seq = ++r->sequence;
	if (mnl_socket_sendto(s, request, request->nlmsg_len) < 0)
		return -errno;
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += 12 * ANSWER_TIMEOUT_S;
	for (result = 0; result == 0;) {
		size_t n = 0;

		result = past(&deadline) ? -ETIMEDOUT : receive_block(r, s, &n);
		if (result < 0)
			break;
		if (r->tap.append && n)
			r->tap.append(r->tap.user, path, r->buffer, n);
		result = take_block(r, r->buffer, n, request->nlmsg_seq, fn, user);
	}
	/* What an abandoned dump still holds must not answer the next question. */
	if (result < 0) {
		mnl_socket_close(s);
		r->sockets[protocol] = NULL;
	}
	return result < 0 ? result : 0;
}

struct answers {
	root_message_fn fn;
	void *user;
	struct root_netlink_stats *stats;
	unsigned long given;
	int error; /* the first refusal */
};

/* *open: a dump has begun and its end is not there yet. */
static ssize_t walk(const void *bytes, size_t n, bool errors_too, bool *open, root_message_fn fn, void *user,
		    struct root_netlink_stats *stats)
{
	const struct nlmsghdr *h = bytes;
	size_t left = n;
	int result;

	while (message_ok(h, left)) {
		result = errors_too && h->nlmsg_type == NLMSG_ERROR ? fn(user, h) : take_message(h, fn, user, stats);
		if (result < 0)
			return result;
		*open = h->nlmsg_type != NLMSG_DONE && (*open || h->nlmsg_flags & NLM_F_MULTI);
		h = next_message(h, &left);
	}
	return (ssize_t)(n - left);
}

ssize_t root_walk_messages(const void *bytes, size_t n, root_message_fn fn, void *user,
			   struct root_netlink_stats *stats)
{
	bool open = false;

	return walk(bytes, n, false, &open, fn, user, stats);
}

/*
 * A record keeps the answers to all single questions in one file: one that was refused must not hide the others. Where
 * nothing but refusals is there, the first is the answer.
 */
static int skip_errors(void *user, const struct nlmsghdr *h)
{
	struct answers *a = user;
	int r;

	if (h->nlmsg_type == NLMSG_ERROR) {
		r = take_message(h, NULL, NULL, a->stats);
		a->error = a->error ? a->error : min_of(r, 0);
		return 0;
	}
	a->given++;
	return a->fn(a->user, h);
}

static int replay(struct root *r, const char *path, bool single, root_message_fn fn, void *user)
{
	_cleanup_close_ int fd = root_open_path(r, path, O_RDONLY | O_NONBLOCK);
	struct answers answers = {.fn = fn, .user = user, .stats = &r->stats};
	bool open = false;
	size_t have = 0;
	struct stat st;

	if (fd < 0)
		return fd == -ENOENT && root_known_missing(r, path) ? -root_known_missing(r, path) : fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	/* Single questions read the same file again and again: a tap that writes begins it anew. */
	if (r->tap.file)
		r->tap.file(r->tap.user, path, "", 0);
	for (;;) {
		ssize_t n = read(fd, (char *)r->buffer + have, ROOT_BUFFER_SIZE - have), used;

		if (n < 0)
			return -errno;
		have += (size_t)n;
		used = walk(r->buffer, have, single, &open, single ? skip_errors : fn, single ? &answers : user, &r->stats);
		if (used < 0)
			return (int)used;
		if (r->tap.append && used)
			r->tap.append(r->tap.user, path, r->buffer, (size_t)used);
		have -= (size_t)used;
		memmove(r->buffer, (char *)r->buffer + used, have);
		if (n == 0 || (used == 0 && have == ROOT_BUFFER_SIZE))
			break;
	}
	/* Even an empty dump has its end: without it, nobody knows what is missing. */
	if (have || open || (!single && st.st_size == 0))
		r->stats.discarded++;
	return answers.given ? 0 : answers.error;
}

int root_netlink(struct root *r, int protocol, const char *name, struct nlmsghdr *request,
		 root_message_fn fn, void *user)
{
	char path[ROOT_PATH_MAX], sampled[ROOT_PATH_MAX + 16];
	const char *where;
	int result;

	if (!r->buffer)
		r->buffer = malloc(ROOT_BUFFER_SIZE);
	if (!r->buffer)
		return -ENOMEM;
	snprintf(path, sizeof(path), "netlink/%s", name);
	where = root_sample_path(r, path, sampled, sizeof(sampled));
	result = r->recorded ? replay(r, where, !(request->nlmsg_flags & NLM_F_DUMP), fn, user)
			     : exchange(r, protocol, where, request, fn, user);
	if (result < 0 && r->tap.missing)
		r->tap.missing(r->tap.user, where, -result);
	return result;
}
