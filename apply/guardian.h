/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where no systemd looks after the applier: a process that does. It starts the applier and the health watcher, and undoes
 * what is open when the applier is killed, or hangs; the applier undoes and ends when the guardian is killed. Only a kill
 * of both at once leaves a change behind, until the next start; and one of the applier while the guardian is stopped, until
 * it goes on.
 */
#pragma once

#include "apply/applier.h"

struct guardian_options {
	const char *socket, *health_socket, *state, *freeze;
	const char *health; /* the program, or "no": somebody else runs it */
	bool foreground;
};

/*
 * Returns, in the caller of a daemon, once the sockets can be connected to. 0; 1: the applier was killed, and seen to; or
 * -errno: it could not start.
 */
int guardian_run(const struct guardian_options *o);
