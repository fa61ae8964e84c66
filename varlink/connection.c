/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One caller. It is read a message at a time, never beyond its end: what else it sent waits in the kernel, which makes it
 * wait in turn, and the loop gives every other caller its turn between two calls. While a call is not answered, or an
 * answer not read, nothing is read from it.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include "varlink/server-private.h"

enum { READ_CHUNK = 4096, COMPACT = 64 * 1024 };

static bool is_dead(const struct varlink_connection *c)
{
	return c->fd < 0;
}

size_t varlink_connection_backlog(const struct varlink_connection *c)
{
	return c->out.len - c->sent;
}

/* What to wait for, and until when. */
static void update(struct varlink_connection *c)
{
	const uint64_t since = c->since, now = varlink_now();
	uint64_t ready = varlink_user_ready(c->user, now);
	uint32_t events = 0;

	if (is_dead(c))
		return;
	c->resting = false;
	c->deadline = UINT64_MAX;
	if (varlink_connection_backlog(c)) {
		events = EPOLLOUT;
		c->deadline = since + c->server->timeout;
	} else if (!c->call.busy && ready) {
		c->resting = true;
		c->deadline = ready;
	} else if (!c->call.busy) {
		events = EPOLLIN;
		c->deadline = since + (c->in_len ? c->server->timeout : c->server->idle);
	}
	if (events != c->events && sd_event_source_set_io_events(c->source, events) < 0) {
		varlink_connection_kill(c);
		return;
	}
	c->events = events;
	varlink_server_rearm(c->server);
}

void varlink_connection_kill(struct varlink_connection *c)
{
	if (is_dead(c))
		return;
	c->source = sd_event_source_disable_unref(c->source);
	close(c->fd);
	c->fd = -1;
	c->deadline = UINT64_MAX;
	c->user->connections--;
	c->server->counts.connections--;
	text_clear(&c->out);
	c->sent = 0;
	sd_event_source_set_enabled(c->server->reaper, SD_EVENT_ONESHOT);
	varlink_server_rearm(c->server);
}

void varlink_connection_free(struct varlink_connection *c)
{
	varlink_connection_kill(c);
	if (c->call.busy && c->call.gone)
		c->call.gone(c->call.gone_user, &c->call);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	free(c->in);
	free(c);
}

/* One write in a turn: what does not fit waits for the next. */
static void flush(struct varlink_connection *c)
{
	ssize_t n = send(c->fd, c->out.s + c->sent, varlink_connection_backlog(c), MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			varlink_connection_kill(c);
		return;
	}
	c->sent += (size_t)n;
	c->since = varlink_now();
	if (c->sent == c->out.len) {
		text_clear(&c->out);
		c->sent = 0;
	}
}

/* Room for what comes next, one byte more than a message may have, so that one too long shows. */
static size_t make_room(struct varlink_connection *c)
{
	size_t want = min_of(c->in_len + READ_CHUNK, (size_t)VARLINK_MESSAGE_MAX + 1);

	if (want > c->in_size) {
		char *in = realloc(c->in, want);

		if (!in)
			return 0;
		c->in = in;
		c->in_size = want;
	}
	return want - c->in_len;
}

/* Take what is there up to the end of a message. 1: it is whole; 0: not yet; negative: close. */
static int take(struct varlink_connection *c)
{
	size_t room = make_room(c);
	ssize_t n, frame;

	if (!room)
		return -ENOMEM;
	n = recv(c->fd, c->in + c->in_len, room, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	frame = varlink_frame(c->in + c->in_len, (size_t)n, VARLINK_MESSAGE_MAX - c->in_len);
	if (frame < 0)
		return (int)frame;
	n = recv(c->fd, c->in + c->in_len, frame ? (size_t)frame : (size_t)n, MSG_DONTWAIT);
	if (n <= 0)
		return -EPIPE;
	if (!c->in_len)
		c->since = varlink_now();
	c->in_len += (size_t)n;
	return frame > 0;
}

static int run(struct varlink_connection *c)
{
	struct varlink_request request;
	int r = varlink_parse_request(c->in, c->in_len - 1, &request);

	free(c->in);
	c->in = NULL;
	c->in_len = c->in_size = 0;
	if (r < 0)
		return r;
	c->since = varlink_now();
	c->call = (struct varlink_call){
		.connection = c, .busy = true, .more = request.more, .oneway = request.oneway};
	r = varlink_dispatch(c->server, &c->call, &request);
	json_decref(request.parameters);
	return r;
}

static double processor_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct varlink_connection *c = user;
	double began = processor_time();
	int r = 0;

	(void)source;
	(void)fd;
	if (revents & EPOLLOUT)
		flush(c);
	else if (revents & EPOLLIN)
		r = take(c);
	else
		r = -EPIPE;
	if (r > 0)
		r = run(c);
	if (r < 0)
		varlink_connection_kill(c);
	varlink_user_charge(c->user, processor_time() - began);
	update(c);
	return 0;
}

int varlink_connection_new(struct varlink_server *s, int fd, struct varlink_user *u)
{
	struct varlink_connection *c = calloc(1, sizeof(*c));
	int r = c ? sd_event_add_io(s->event, &c->source, fd, EPOLLIN, on_io, c) : -ENOMEM;

	if (r < 0) {
		free(c);
		close(fd);
		return r;
	}
	c->fd = fd;
	c->events = EPOLLIN;
	c->server = s;
	c->user = u;
	c->since = varlink_now();
	c->link = &s->connections;
	c->next = s->connections;
	if (c->next)
		c->next->link = &c->next;
	s->connections = c;
	u->connections++;
	s->counts.connections++;
	update(c);
	return 0;
}

void varlink_connection_due(struct varlink_connection *c, uint64_t now)
{
	if (now < c->deadline)
		return;
	if (!c->resting) {
		varlink_connection_kill(c);
		return;
	}
	c->since = now; /* it was not read meanwhile: no fault of its own */
	update(c);
}

/* Of all callers together, the one that holds most gives way. */
static void bound_backlogs(struct varlink_server *s)
{
	struct varlink_connection *most = NULL;
	size_t all = 0;

	for (struct varlink_connection *c = s->connections; c; c = c->next) {
		all += varlink_connection_backlog(c);
		if (!most || varlink_connection_backlog(c) > varlink_connection_backlog(most))
			most = c;
	}
	if (all > VARLINK_BACKLOG_ALL_MAX)
		varlink_connection_kill(most);
}

/* A message, or the parameters of a last reply as text. Takes the reference. */
static int send_message(struct varlink_connection *c, json_t *message, const char *parameters)
{
	size_t waiting = varlink_connection_backlog(c), added;

	if (is_dead(c)) {
		json_decref(message);
		return -EPIPE;
	}
	if (c->sent > COMPACT && c->sent > c->out.len / 2) {
		memmove(c->out.s, c->out.s + c->sent, waiting);
		c->out.len = waiting;
		c->sent = 0;
	}
	if (!waiting)
		c->since = varlink_now();
	if (message) {
		varlink_dump(message, &c->out);
		json_decref(message);
	} else {
		text_add(&c->out, "{\"parameters\":");
		text_add(&c->out, parameters);
		text_addn(&c->out, "}", 2);
	}
	added = varlink_connection_backlog(c) - waiting;
	if (added > VARLINK_REPLY_MAX || (waiting && waiting + added > VARLINK_BACKLOG_MAX))
		varlink_connection_kill(c);
	else if (!waiting)
		flush(c);
	bound_backlogs(c->server);
	update(c);
	return is_dead(c) ? -EPIPE : 0;
}

/* Every answer passes here. */
static int answer(struct varlink_call *call, const char *error, json_t *parameters, bool continues)
{
	struct varlink_connection *c = call->connection;
	json_t *message;

	if (!call->busy) {
		json_decref(parameters);
		return -EINVAL;
	}
	call->busy = continues;
	if (call->oneway) {
		json_decref(parameters);
		return is_dead(c) ? -EPIPE : 0;
	}
	message = json_object();
	if (error)
		json_object_set_new(message, "error", json_string(error));
	json_object_set_new(message, "parameters", parameters ? parameters : json_object());
	if (continues)
		json_object_set_new(message, "continues", json_true());
	return send_message(c, message, NULL);
}

int varlink_reply_text(struct varlink_call *c, const char *parameters)
{
	if (!c->busy)
		return -EINVAL;
	c->busy = false;
	return c->oneway ? 0 : send_message(c->connection, NULL, parameters);
}

int varlink_reply(struct varlink_call *c, json_t *parameters)
{
	return answer(c, NULL, parameters, false);
}

int varlink_notify(struct varlink_call *c, json_t *parameters)
{
	if (c->more)
		return answer(c, NULL, parameters, true);
	json_decref(parameters);
	return -EINVAL;
}

int varlink_error(struct varlink_call *c, const char *error, json_t *parameters)
{
	return answer(c, error, parameters, false);
}

bool varlink_call_wants_more(const struct varlink_call *c)
{
	return c->more;
}

uid_t varlink_call_uid(const struct varlink_call *c)
{
	return c->connection->user->uid;
}

void varlink_call_on_gone(struct varlink_call *c, void (*gone)(void *user, struct varlink_call *c), void *user)
{
	c->gone = gone;
	c->gone_user = user;
}
