/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service: wires the engine to systemd, the journal, metrics and the control socket. */
#pragma once

#include <stdbool.h>

struct service_options {
	const char *datadir;  /* rules/ and profiles/ as packaged */
	const char *proc_sys; /* where the host's /proc/sys is seen; NULL: no inotify */
	const char *control;  /* path of a control socket to make; NULL: what systemd passes */
	const char *textfile; /* instead of the setting; NULL: the setting */
	const char *lock;     /* file that keeps a second instance away; NULL: the usual one, where it can be made */
	bool foreground;      /* lines go to standard error, not to the journal */
};

/* Runs until it is told to stop. 0, or -errno after a line on standard error. */
int service_run(const struct service_options *o);
