/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other end: calls, and waits for what comes back. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include "varlink/message.h"

enum { READ_CHUNK = 64 * 1024 };

struct varlink_client {
	int fd;
	double timeout; /* seconds; 0: none */
	bool nonblock;
	struct text in; /* read and not taken yet; begins at `taken` */
	size_t taken, searched; /* no message ends before `searched` */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* connect() to a service that accepts nobody waits too, and not in poll(). */
static int bound_connect(int fd, double timeout)
{
	struct timeval tv = {.tv_sec = (time_t)timeout, .tv_usec = (suseconds_t)((timeout - (double)(time_t)timeout) * 1e6)};

	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0 ? -errno : 0;
}

static int connect_to(int fd, const char *path, double timeout)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int r = bound_connect(fd, timeout), flags;

	if (r < 0)
		return r;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	flags = fcntl(fd, F_GETFL);
	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int varlink_client_connect(const char *path, double timeout, struct varlink_client **ret)
{
	_cleanup_(varlink_client_freep) struct varlink_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->timeout = timeout;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -errno;
	r = connect_to(c->fd, path, timeout);
	if (r < 0)
		return r;
	*ret = c;
	c = NULL;
	return 0;
}

/* Until the descriptor is ready. end: of the waiting, by now(); 0: none. */
static int wait_for(const struct varlink_client *c, short events, double end)
{
	struct pollfd p = {.fd = c->fd, .events = events};

	for (;;) {
		double left = end > 0 ? end - now() : 0;
		int r;

		if (end > 0 && left <= 0)
			return -ETIMEDOUT;
		r = poll(&p, 1, end > 0 ? (int)min_of(left * 1000 + 1, 1e9) : -1);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

static int send_all(struct varlink_client *c, const char *bytes, size_t n)
{
	double end = c->timeout > 0 ? now() + c->timeout : 0;

	while (n) {
		ssize_t sent = send(c->fd, bytes, n, MSG_NOSIGNAL);

		if (sent >= 0) {
			bytes += sent;
			n -= (size_t)sent;
		} else if (errno == EAGAIN) {
			int r = wait_for(c, POLLOUT, end);

			if (r < 0)
				return r;
		} else if (errno != EINTR) {
			return errno == ECONNRESET ? -EPIPE : -errno;
		}
	}
	return 0;
}

int varlink_client_send(struct varlink_client *c, const char *method, const json_t *parameters, bool more)
{
	_cleanup_(json_decrefp) json_t *call = json_object();
	_cleanup_text_ struct text t = TEXT_NULL;

	json_object_set_new(call, "method", json_string(method));
	if (parameters)
		json_object_set_new(call, "parameters", json_deep_copy(parameters));
	if (more)
		json_object_set_new(call, "more", json_true());
	varlink_dump(call, &t);
	return send_all(c, t.s, t.len);
}

/* Bytes of the message at the front, 0: it is not whole. */
static ssize_t whole(struct varlink_client *c)
{
	ssize_t n;

	if (c->searched == c->in.len)
		return 0;
	n = varlink_frame(c->in.s + c->searched, c->in.len - c->searched, VARLINK_REPLY_MAX - (c->searched - c->taken));
	if (n == 0)
		c->searched = c->in.len;
	return n > 0 ? (ssize_t)(c->searched - c->taken) + n : n;
}

static void drop_taken(struct varlink_client *c)
{
	if (c->taken == c->in.len) {
		text_clear(&c->in);
	} else if (c->taken > READ_CHUNK) {
		memmove(c->in.s, c->in.s + c->taken, c->in.len - c->taken);
		c->in.len -= c->taken;
	} else {
		return;
	}
	c->searched -= c->taken;
	c->taken = 0;
}

static int read_more(struct varlink_client *c)
{
	char chunk[READ_CHUNK];
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n == 0)
		return -EPIPE;
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : errno == EINTR ? 0 : -errno;
	drop_taken(c);
	text_addn(&c->in, chunk, (size_t)n);
	return 0;
}

/* Until a message is whole; its length. */
static ssize_t fill(struct varlink_client *c)
{
	double end = c->timeout > 0 ? now() + c->timeout : 0;

	for (;;) {
		ssize_t n = whole(c);
		int r;

		if (n)
			return n;
		r = read_more(c);
		if (r == -EAGAIN && !c->nonblock)
			r = wait_for(c, POLLIN, end);
		if (r < 0)
			return r;
	}
}

int varlink_client_receive(struct varlink_client *c, json_t **ret, char **ret_error, bool *ret_continues)
{
	struct varlink_answer answer;
	ssize_t n = fill(c);
	int r;

	if (n < 0)
		return n == -EMSGSIZE ? -EBADMSG : (int)n;
	r = varlink_parse_reply(c->in.s + c->taken, (size_t)n - 1, &answer);
	c->taken += (size_t)n;
	c->searched = c->taken;
	if (r < 0)
		return r;
	*ret = answer.parameters;
	*ret_error = answer.error;
	*ret_continues = answer.continues;
	return 0;
}

int varlink_client_fd(const struct varlink_client *c)
{
	return c->fd;
}

void varlink_client_set_nonblock(struct varlink_client *c)
{
	c->nonblock = true;
}

struct varlink_client *varlink_client_free(struct varlink_client *c)
{
	if (!c)
		return NULL;
	if (c->fd >= 0)
		close(c->fd);
	text_clear(&c->in);
	free(c);
	return NULL;
}
