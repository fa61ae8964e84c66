/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of the server: who is connected, and what each may still do. */
#pragma once

#include <stdint.h>
#include "varlink/message.h"

#define SECOND 1000000ULL /* in microseconds, as sd-event counts */

/* Calls of one user cost time of the processor; who used up his credit is read no further until he has some again. */
struct varlink_user {
	uid_t uid;
	bool used; /* a row of the table */
	unsigned connections;
	double credit;	   /* seconds of the processor */
	uint64_t credited; /* when it was last topped up */
};

struct varlink_call {
	struct varlink_connection *connection;
	bool busy; /* it is not answered yet */
	bool more, oneway;
	void (*gone)(void *user, struct varlink_call *c);
	void *gone_user;
};

struct varlink_connection {
	struct varlink_connection *next, **link;
	struct varlink_server *server;
	struct varlink_user *user;
	int fd; /* -1: it was cut off, and waits to be freed */
	sd_event_source *source;
	uint32_t events; /* that are waited for */
	struct varlink_call call; /* one at a time: answers come in the order of the calls */
	char *in; /* a message that is not whole yet */
	size_t in_len, in_size;
	struct text out; /* what was not read yet begins at `sent` */
	size_t sent;
	uint64_t since; /* when the present state began: half a message, an unread reply, or nothing */
	uint64_t deadline; /* of that state; UINT64_MAX: it has none */
	bool resting; /* the deadline is when it may go on */
};

enum { LISTENERS_MAX = 4, USERS_MAX = 2 * VARLINK_CONNECTIONS_MAX };

struct varlink_listener {
	struct varlink_server *server;
	int fd;
	sd_event_source *source;
};

struct varlink_server {
	sd_event *event;
	const struct varlink_info *info;
	void *user;
	uint64_t timeout, idle;
	struct varlink_listener listeners[LISTENERS_MAX];
	unsigned listener_count;
	struct varlink_connection *connections; /* those that were cut off among them */
	struct varlink_user users[USERS_MAX];
	struct varlink_counts counts;
	uint64_t window; /* when counting those who came began */
	unsigned came;
	uint64_t paused_until; /* accepting; 0: it is not */
	sd_event_source *timer, *reaper;
};

uint64_t varlink_now(void);
/* Arm the timer for what is due next. */
void varlink_server_rearm(struct varlink_server *s);
void varlink_user_charge(struct varlink_user *u, double seconds);
/* When the user may go on; 0: now. */
uint64_t varlink_user_ready(struct varlink_user *u, uint64_t now);

/* Takes the descriptor, even when it fails. */
int varlink_connection_new(struct varlink_server *s, int fd, struct varlink_user *u) _must_check_;
/* Cut it off; it is freed in the next turn of the loop, since callers may still hold it. */
void varlink_connection_kill(struct varlink_connection *c);
void varlink_connection_free(struct varlink_connection *c);
/* Its deadline came. */
void varlink_connection_due(struct varlink_connection *c, uint64_t now);
/* Bytes that its peer has not read. */
size_t varlink_connection_backlog(const struct varlink_connection *c);

/* Find the method and run it. Negative: the connection is to be closed. */
int varlink_dispatch(struct varlink_server *s, struct varlink_call *call, const struct varlink_request *request);
