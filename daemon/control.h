/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the service answers to those who ask: the methods of io.tcpadvisor (its definition is io.tcpadvisor.varlink).
 * They change nothing, and take neither paths nor commands.
 */
#pragma once

#include "daemon/event.h"
#include "daemon/life.h"
#include "daemon/stats.h"
#include "render/render.h"
#include "varlink/varlink.h"

/* Where the answers come from. What is returned is used before the next turn of the loop. */
struct control_source {
	void *user;
	const struct life *(*life)(void *user);
	void (*stats)(void *user, struct service_stats *ret); /* connections are filled in by the control */
	const struct report *(*report)(void *user); /* the last full audit, or NULL */
	void (*metrics)(void *user, struct text *ret);
	double timeout, idle; /* seconds, see struct varlink_info; 0: the usual ones */
};

struct control;

/* *src must outlive the control. */
int control_new(sd_event *e, const struct control_source *src, struct control **ret) _must_check_;
/* Serve a listening SOCK_STREAM socket; takes the descriptor, even when it fails. */
int control_add(struct control *c, int fd) _must_check_;
/* To all who subscribed. */
void control_tell(struct control *c, const struct event *ev);
/* Connections now and ever, for metrics. */
struct varlink_counts control_counts(const struct control *c);
struct control *control_free(struct control *c);
DEFINE_CLEANUP(struct control *, control_free)
