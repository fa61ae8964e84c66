/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may connect, and when somebody is cut off. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include "varlink/server-private.h"

/*
 * A user may take a tenth of the processor with his calls, after a burst of a fifth of a second. Whoever comes is accepted
 * or turned away, but only so many in a twentieth of a second: a flood of them would take the processor too.
 */
enum { ACCEPT_MAX = 256, ACCEPT_WINDOW_MS = 50, SHORTAGE_PAUSE_MS = 1000, MS = 1000 };
static const double credit_max = 0.2, credit_rate = 0.1, credit_to_go_on = 0.01;

uint64_t varlink_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec / 1000;
}

static void credit(struct varlink_user *u, uint64_t now)
{
	u->credit += (double)(now - u->credited) / (double)SECOND * credit_rate;
	u->credit = min_of(u->credit, credit_max);
	u->credited = now;
}

void varlink_user_charge(struct varlink_user *u, double seconds)
{
	credit(u, varlink_now());
	u->credit = max_of(u->credit - seconds, -credit_max); /* nobody waits for more than two seconds */
}

uint64_t varlink_user_ready(struct varlink_user *u, uint64_t now)
{
	credit(u, now);
	if (u->credit >= 0)
		return 0;
	return now + (uint64_t)((credit_to_go_on - u->credit) / credit_rate * (double)SECOND);
}

/* His row, or a free one: where nobody is connected and nothing is owed. */
static struct varlink_user *find_user(struct varlink_server *s, uid_t uid)
{
	const uint64_t now = varlink_now();
	struct varlink_user *unused = NULL;

	for (size_t i = 0; i < USERS_MAX; i++) {
		struct varlink_user *u = &s->users[i];

		if (u->used && u->uid == uid)
			return u;
		if (u->used)
			credit(u, now);
		if (!unused && (!u->used || (!u->connections && u->credit >= credit_max)))
			unused = u;
	}
	if (unused)
		*unused = (struct varlink_user){.uid = uid, .used = true, .credit = credit_max, .credited = now};
	return unused;
}

static void pause_accepting(struct varlink_server *s, uint64_t until)
{
	for (unsigned i = 0; i < s->listener_count; i++)
		sd_event_source_set_enabled(s->listeners[i].source, SD_EVENT_OFF);
	s->paused_until = until;
	varlink_server_rearm(s);
}

static void resume_accepting(struct varlink_server *s)
{
	for (unsigned i = 0; i < s->listener_count; i++)
		sd_event_source_set_enabled(s->listeners[i].source, SD_EVENT_ON);
	s->paused_until = 0;
}

static void count_caller(struct varlink_server *s)
{
	const uint64_t now = varlink_now();

	if (now - s->window >= ACCEPT_WINDOW_MS * MS) {
		s->window = now;
		s->came = 0;
	}
	if (++s->came >= ACCEPT_MAX)
		pause_accepting(s, s->window + ACCEPT_WINDOW_MS * MS);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct varlink_server *s = user;
	const uint64_t now = varlink_now();

	(void)source;
	(void)usec;
	if (s->paused_until && now >= s->paused_until)
		resume_accepting(s);
	for (struct varlink_connection *c = s->connections; c; c = c->next)
		varlink_connection_due(c, now);
	varlink_server_rearm(s);
	return 0;
}

void varlink_server_rearm(struct varlink_server *s)
{
	uint64_t due = s->paused_until ? s->paused_until : UINT64_MAX, armed = 0;
	int enabled = SD_EVENT_OFF;

	for (const struct varlink_connection *c = s->connections; c; c = c->next)
		due = min_of(due, c->deadline);
	if (due == UINT64_MAX) {
		sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
		return;
	}
	if (sd_event_source_get_enabled(s->timer, &enabled) >= 0 && enabled != SD_EVENT_OFF &&
	    sd_event_source_get_time(s->timer, &armed) >= 0 && armed == due)
		return;
	sd_event_source_set_time(s->timer, due);
	sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static int on_reap(sd_event_source *source, void *user)
{
	struct varlink_server *s = user;
	struct varlink_connection *next;

	(void)source;
	for (struct varlink_connection *c = s->connections; c; c = next) {
		next = c->next;
		if (c->fd < 0)
			varlink_connection_free(c);
	}
	return 0;
}

static bool may_connect(const struct varlink_server *s, const struct varlink_user *u)
{
	if (!u)
		return false;
	if (u->uid == 0)
		return s->counts.connections < VARLINK_CONNECTIONS_MAX;
	return u->connections < VARLINK_PER_USER_MAX &&
	       s->counts.connections < VARLINK_CONNECTIONS_MAX - VARLINK_RESERVED;
}

/* One in a turn. */
static int on_accept(sd_event_source *source, int listener, uint32_t revents, void *user)
{
	struct varlink_server *s = ((struct varlink_listener *)user)->server;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct varlink_user *u = NULL;
	bool accepted = false;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source;
	(void)revents;
	if (fd < 0) {
		/* Whoever waits stays there, and would wake us again at once. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			pause_accepting(s, varlink_now() + SHORTAGE_PAUSE_MS * MS);
		return 0;
	}
	count_caller(s);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
		u = find_user(s, peer.uid);
	if (!may_connect(s, u))
		close(fd);
	else if (varlink_connection_new(s, fd, u) == 0)
		accepted = true;
	s->counts.accepted += accepted;
	s->counts.refused += !accepted;
	return 0;
}

int varlink_server_add(struct varlink_server *s, int fd)
{
	struct varlink_listener *l = &s->listeners[s->listener_count];
	int flags = fcntl(fd, F_GETFL), r;

	if (s->listener_count == LISTENERS_MAX) {
		close(fd);
		return -E2BIG;
	}
	/* systemd hands it over as one that blocks: a caller that somebody else took would have us wait for the next. */
	r = flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
	if (r == 0)
		r = sd_event_add_io(s->event, &l->source, fd, EPOLLIN, on_accept, l);
	if (r < 0) {
		close(fd);
		return r;
	}
	l->server = s;
	l->fd = fd;
	s->listener_count++;
	return 0;
}

int varlink_server_new(sd_event *e, const struct varlink_info *info, void *user, struct varlink_server **ret)
{
	_cleanup_(varlink_server_freep) struct varlink_server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->event = sd_event_ref(e);
	s->info = info;
	s->user = user;
	s->timeout = (uint64_t)((info->timeout > 0 ? info->timeout : VARLINK_TIMEOUT) * (double)SECOND);
	s->idle = (uint64_t)((info->idle > 0 ? info->idle : VARLINK_IDLE) * (double)SECOND);
	r = sd_event_add_time(e, &s->timer, CLOCK_MONOTONIC, 0, SECOND / 100, on_timer, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_defer(e, &s->reaper, on_reap, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->reaper, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = s;
	s = NULL;
	return 0;
}

struct varlink_counts varlink_server_counts(const struct varlink_server *s)
{
	return s->counts;
}

struct varlink_server *varlink_server_free(struct varlink_server *s)
{
	if (!s)
		return NULL;
	for (unsigned i = 0; i < s->listener_count; i++) {
		sd_event_source_disable_unref(s->listeners[i].source);
		close(s->listeners[i].fd);
	}
	while (s->connections)
		varlink_connection_free(s->connections);
	sd_event_source_disable_unref(s->timer);
	sd_event_source_disable_unref(s->reaper);
	sd_event_unref(s->event);
	free(s);
	return NULL;
}
