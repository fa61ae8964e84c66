/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Varlink protocol (varlink.org): JSON objects that end with a NUL byte, over a stream socket. Both ends; knows
 * nothing of TCP. A server answers org.varlink.service by itself, and anything else by a table of methods.
 *
 * Callers are not trusted: messages are bounded, nesting is bounded, half a message has a time limit, each user has a
 * number of connections and a share of the processor, and what a caller does not read is kept up to a bound, after which
 * it is cut off. Nothing wakes up while nobody calls.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>
#include "base/macro.h"

enum {
	VARLINK_MESSAGE_MAX = 64 * 1024,       /* bytes of a call; a reply may be VARLINK_REPLY_MAX */
	VARLINK_REPLY_MAX = 16 * 1024 * 1024,
	VARLINK_DEPTH_MAX = 32,
	VARLINK_CONNECTIONS_MAX = 64,
	VARLINK_RESERVED = 8,		       /* of those, that are root's alone */
	VARLINK_PER_USER_MAX = 8,	       /* root has no limit of its own */
	VARLINK_BACKLOG_MAX = 4 * 1024 * 1024, /* bytes that a caller has not read, besides one reply */
	VARLINK_BACKLOG_ALL_MAX = 32 * 1024 * 1024, /* of all callers; beyond it the one with most is cut off */
	VARLINK_TIMEOUT = 10,
	VARLINK_IDLE = 300,
};

struct varlink_server;
struct varlink_call;

/*
 * A method. parameters: a JSON object. It answers at once or later, by varlink_reply() or varlink_error(); a call with
 * `more` may get varlink_notify() before, or without end until its caller leaves. Negative: the connection is closed.
 */
typedef int (*varlink_method_fn)(void *user, struct varlink_call *call, const json_t *parameters);

struct varlink_method {
	const char *name; /* "io.tcpadvisor.Status" */
	varlink_method_fn run;
};

struct varlink_interface {
	const char *name;	 /* "io.tcpadvisor" */
	const char *description; /* its definition in Varlink's language */
};

struct varlink_info {
	const char *vendor, *product, *version, *url;
	const struct varlink_interface *interfaces; /* besides org.varlink.service; ends with a NULL name */
	const struct varlink_method *methods;	    /* ends with a NULL name; run NULL: not implemented */
	double timeout; /* seconds that half a message may take, and that an unread reply may stand; 0: VARLINK_TIMEOUT */
	double idle;	/* seconds without a call after which a connection is closed; 0: VARLINK_IDLE */
};

struct varlink_counts {
	unsigned connections;		/* now */
	unsigned long accepted, refused; /* ever; refused: over a limit, or not allowed */
};

/* info must outlive the server; user is what methods are called with. */
int varlink_server_new(sd_event *e, const struct varlink_info *info, void *user, struct varlink_server **ret)
	_must_check_;
/* Serve a listening SOCK_STREAM socket; takes the descriptor. */
int varlink_server_add(struct varlink_server *s, int fd) _must_check_;
struct varlink_counts varlink_server_counts(const struct varlink_server *s);
struct varlink_server *varlink_server_free(struct varlink_server *s);
DEFINE_CLEANUP(struct varlink_server *, varlink_server_free)

/*
 * Each takes the reference to parameters (NULL: an empty object), and returns 0, or -EPIPE when the caller left or was
 * cut off. The call is over after reply and error, and c not to be used again.
 */
int varlink_reply(struct varlink_call *c, json_t *parameters);
int varlink_notify(struct varlink_call *c, json_t *parameters);
/* Parameters that are written already, as a JSON object: what would take too much memory as a tree. */
int varlink_reply_text(struct varlink_call *c, const char *parameters);
int varlink_error(struct varlink_call *c, const char *error, json_t *parameters);
/* The first parameter that is not the known one (NULL: the method takes none), or NULL. */
const char *varlink_unknown_parameter(const json_t *parameters, const char *known);
/* A call without `more` to a method that answers without end: org.varlink.service.ExpectedMore */
int varlink_expected_more(struct varlink_call *c);
/* org.varlink.service.InvalidParameter */
int varlink_invalid_parameter(struct varlink_call *c, const char *name);
bool varlink_call_wants_more(const struct varlink_call *c);
uid_t varlink_call_uid(const struct varlink_call *c); /* of the peer when it connected (SO_PEERCRED) */
/*
 * Call gone(user, c) when the caller of an unanswered call leaves, or never waited for an answer; c is not to be used
 * after it. Whoever answers later needs this.
 */
void varlink_call_on_gone(struct varlink_call *c, void (*gone)(void *user, struct varlink_call *c), void *user);

/* A client: blocking, each wait bounded. */
struct varlink_client;
/* 0, or -errno. timeout: seconds for each message; 0: none. */
int varlink_client_connect(const char *path, double timeout, struct varlink_client **ret) _must_check_;
int varlink_client_send(struct varlink_client *c, const char *method, const json_t *parameters, bool more) _must_check_;
/*
 * The next reply: its parameters in *ret (to be released), its error in *ret_error (to be freed) or NULL, and whether
 * more follow. -EPIPE: the service hung up; -EBADMSG: it sent no Varlink; -ETIMEDOUT.
 */
int varlink_client_receive(struct varlink_client *c, json_t **ret, char **ret_error, bool *ret_continues) _must_check_;
/*
 * To wait for replies beside other things: after set_nonblock, receive until -EAGAIN, then wait for the descriptor to
 * become readable.
 */
int varlink_client_fd(const struct varlink_client *c);
void varlink_client_set_nonblock(struct varlink_client *c);
struct varlink_client *varlink_client_free(struct varlink_client *c);
DEFINE_CLEANUP(struct varlink_client *, varlink_client_free)

/* Framing, for both ends and the fuzzer: how many bytes hold a whole message at the front (its NUL included), 0: not
 * yet; -EMSGSIZE: longer than max without an end. */
ssize_t varlink_frame(const char *bytes, size_t n, size_t max);
/* Parse a call of n bytes without its NUL; -EBADMSG. */
struct varlink_request {
	char method[256];
	json_t *parameters; /* to be released; an object */
	bool more, oneway, upgrade;
};
int varlink_parse_request(const char *bytes, size_t n, struct varlink_request *ret) _must_check_;
