/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the service says of itself, in status and metrics. */
#pragma once

#include <stddef.h>
#include "judge/judge.h"

struct service_stats {
	double started;		 /* seconds since the epoch */
	double uptime;		 /* seconds */
	double cpu;		 /* seconds that the process used so far, user and system */
	double rss;		 /* bytes */
	double tick, pass;	 /* seconds between ticks, and between full passes now */
	double pass_least;	 /* as configured: passes come no more often */
	double budget;		 /* share of one core that it may use: passes come as seldom as that needs */
	double pass_cpu;	 /* seconds that the last full pass took */
	double pass_age;	 /* seconds since it ended */
	unsigned slice, slices;	 /* of the sockets that a pass looks at: 1 of 1 */
	unsigned long ticks, passes, sockets;
	unsigned long open_by_severity[SEVERITIES];
	unsigned long opened, closed, drifts; /* ever */
	unsigned drifted;		      /* sysctls that are not what was meant, now */
	unsigned keys_watched;
	bool notified;			      /* inotify tells of writes */
	unsigned long journal_sent, journal_dropped, journal_held;
	unsigned long reloads, reloads_failed;
	unsigned long connections, connections_refused; /* of the control socket, ever */
	unsigned namespaces;	 /* that are judged, its own among them */
	bool blind;		 /* to other network namespaces: it was not told to look, or may not */
	const char *blind_why;	 /* or NULL */
	bool traced;		 /* the tracer says who writes */
	bool settling;		 /* drift is held back */
	const char *profile, *version;
};
