/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by service.c and service-*.c only. */
#pragma once

#include <systemd/sd-event.h>
#include "daemon/control.h"
#include "daemon/engine.h"
#include "daemon/journal.h"
#include "daemon/limit.h"
#include "daemon/service.h"
#include "daemon/unsaid.h"
#include "daemon/writers.h"

struct service {
	const struct service_options *options;
	struct root *root;
	struct engine *engine;
	struct control_source source;
	struct control *control;
	struct writers *writers;
	struct journal journal;
	struct limit limit;
	struct unsaid unsaid;
	sd_event *event;
	sd_event_source *beat, *drift, *inotify, *reload;
	int lock;
	bool ready, textfile_failed;
	char *textfile; /* the one that we wrote last, or NULL */
	bool made_socket; /* --control's, which is ours to take away */
	double started, started_mono;
	double drift_gap; /* seconds from inotify's word to looking; grows while somebody writes without end */
	double reloaded;  /* monotonic */
	double held_told; /* when it was last said how many lines were held back, monotonic */
	double drifted;	  /* when we last looked, monotonic */
	unsigned long reloads, reloads_failed;
	unsigned long shown; /* transitions of findings when metrics and status were last written */
};

/* service-tell.c: events to the journal or standard error, and to subscribers. */
void service_tell(void *user, const struct event *ev);
void service_say(struct service *s, enum event_kind kind, enum severity severity, const char *message);
void service_limits(struct service *s);
/* What was held back and still holds, where the rate allows it by now; and how many lines were, once a minute. */
void service_tell_held(struct service *s);

/* service-show.c: what the service knows, for control and metrics. */
const struct life *service_life(void *user);
const struct report *service_report(void *user);
void service_stats(void *user, struct service_stats *ret);
void service_metrics(void *user, struct text *ret);
void service_write_textfile(struct service *s);
/* What nobody writes any more would be taken for today's. */
void service_remove_textfile(struct service *s);
void service_notify_status(struct service *s);
