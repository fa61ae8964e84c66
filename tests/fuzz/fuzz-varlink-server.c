/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A caller of the server that sends anything, in pieces of any size: every call that is understood has its one last reply,
 * in its order, until the first that is not; and when the caller leaves, nothing of it is left.
 */
#include <errno.h>
#include <sys/socket.h>

#include "fuzz.h"

#include "varlink/server-private.h"

enum { INPUT_MAX = 4096, HELD_MAX = 4 };

struct bench {
	sd_event *event;
	struct varlink_server *server;
	struct varlink_call *held; /* to be answered later */
	unsigned streams, gone;
};

static int echo_text(void *user, struct varlink_call *call, const json_t *parameters)
{
	_cleanup_free_ char *s = json_dumps(parameters, JSON_COMPACT);

	(void)user;
	return varlink_reply_text(call, s);
}

static int echo(void *user, struct varlink_call *call, const json_t *parameters)
{
	(void)user;
	return varlink_reply(call, json_deep_copy(parameters));
}

static int refuse(void *user, struct varlink_call *call, const json_t *parameters)
{
	(void)user;
	(void)parameters;
	return varlink_invalid_parameter(call, "x");
}

static int three(void *user, struct varlink_call *call, const json_t *parameters)
{
	(void)user;
	(void)parameters;
	for (int i = 0; i < 3 && varlink_call_wants_more(call); i++)
		check(varlink_notify(call, NULL) <= 0);
	return varlink_reply(call, NULL);
}

static void forget(void *user, struct varlink_call *call)
{
	struct bench *b = user;

	if (b->held == call)
		b->held = NULL;
	else
		b->gone++;
}

static int later(void *user, struct varlink_call *call, const json_t *parameters)
{
	struct bench *b = user;

	(void)parameters;
	check(!b->held);
	b->held = call;
	varlink_call_on_gone(call, forget, b);
	return 0;
}

static int stream(void *user, struct varlink_call *call, const json_t *parameters)
{
	struct bench *b = user;

	(void)parameters;
	if (!varlink_call_wants_more(call))
		return varlink_expected_more(call);
	b->streams++;
	varlink_call_on_gone(call, forget, b);
	return varlink_notify(call, NULL);
}

static int fail(void *user, struct varlink_call *call, const json_t *parameters)
{
	(void)user;
	(void)call;
	(void)parameters;
	return -1;
}

static const struct varlink_interface interfaces[] = {{"a.b", "interface a.b\n"}, {NULL, NULL}};
static const struct varlink_method methods[] = {
	{"a.b.Echo", echo},   {"a.b.Refuse", refuse}, {"a.b.Three", three}, {"a.b.Later", later},
	{"a.b.Stream", stream}, {"a.b.EchoText", echo_text}, {"a.b.Fail", fail},   {"a.b.Nothing", NULL}, {NULL, NULL},
};
static const struct varlink_info info = {"v", "p", "1", "", interfaces, methods, 0, 0};

/* What should come back: last replies until the connection ends or is busy for ever. */
struct expected {
	unsigned replies;
	bool closed, streaming;
};

static struct expected foresee(const char *s, size_t n)
{
	struct expected e = {0};
	ssize_t frame;

	while (n && !e.closed && !e.streaming && (frame = varlink_frame(s, n, VARLINK_MESSAGE_MAX)) > 0) {
		struct varlink_request r;

		if (varlink_parse_request(s, (size_t)frame - 1, &r) < 0) {
			e.closed = true;
			break;
		}
		e.closed = !strcmp(r.method, "a.b.Fail") && !r.upgrade;
		e.streaming = !strcmp(r.method, "a.b.Stream") && r.more;
		e.replies += !r.oneway && !e.closed && !e.streaming;
		json_decref(r.parameters);
		s += frame;
		n -= (size_t)frame;
	}
	return e;
}

/* Run until nothing is left to do; answer what waits for it. */
static void settle(struct bench *b)
{
	do {
		while (sd_event_run(b->event, 0) > 0)
			;
		if (!b->held)
			return;
		struct varlink_call *call = b->held;

		b->held = NULL;
		check(varlink_reply(call, NULL) <= 0);
	} while (true);
}

/* Count last replies in all that the caller can read. */
static bool read_replies(int fd, struct text *in, unsigned *last)
{
	char chunk[4096];
	ssize_t n, frame;
	bool closed;

	while ((n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
		text_addn(in, chunk, (size_t)n);
	/* Where what it sent was not all read. */
	closed = n < 0 && errno == ECONNRESET;
	while (in->len && (frame = varlink_frame(in->s, in->len, VARLINK_REPLY_MAX)) > 0) {
		json_t *o = varlink_parse_object(in->s, (size_t)frame - 1);

		check(o && json_is_object(json_object_get(o, "parameters")));
		*last += !json_is_true(json_object_get(o, "continues"));
		json_decref(o);
		memmove(in->s, in->s + frame, in->len - (size_t)frame);
		in->len -= (size_t)frame;
	}
	return n == 0 || closed;
}

static void call_with(struct bench *b, int fd, const char *s, size_t n, size_t piece)
{
	_cleanup_text_ struct text in = TEXT_NULL;
	struct expected e = foresee(s, n);
	unsigned last = 0;
	bool closed = false;

	for (size_t at = 0; at < n && !closed; at += piece) {
		if (send(fd, s + at, min_of(piece, n - at), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		settle(b);
		closed = read_replies(fd, &in, &last);
	}
	settle(b);
	closed |= read_replies(fd, &in, &last);
	check(last == e.replies && closed == e.closed && !in.len);
	check(b->streams == e.streaming);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bench b = {0};
	int fds[2];

	if (size < 2 || size > INPUT_MAX)
		return 0;
	check(sd_event_new(&b.event) >= 0 && varlink_server_new(b.event, &info, &b, &b.server) == 0);
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	b.server->users[0] = (struct varlink_user){.used = true, .credit = 1, .credited = varlink_now()};
	check(varlink_connection_new(b.server, fds[0], &b.server->users[0]) == 0);
	call_with(&b, fds[1], (const char *)data + 1, size - 1, 1 + (size_t)data[0] * 4);
	close(fds[1]);
	settle(&b);
	check(!b.server->connections && !varlink_server_counts(b.server).connections && b.gone == b.streams);
	varlink_server_free(b.server);
	sd_event_unref(b.event);
	return 0;
}
