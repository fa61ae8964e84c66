/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The applier: the only program that writes a sysctl. It answers the command (root alone) on one socket and hears the
 * health watcher on another, and holds at most one transaction. Whatever ends it, the transaction is undone: a deadline, a
 * verdict, a heartbeat that stays away, SIGTERM, and after a kill whoever starts next.
 *
 * One thread, one poll(), no allocation while a transaction is open.
 */
#pragma once

#include "apply/transaction.h"

enum {
	WITHIN_LEAST = 10,	 /* s that a person has to confirm */
	WITHIN_MOST = 24 * 3600,
	HEALTH_PATIENCE = 10,	 /* s until the health watcher is there */
	BASELINE_PATIENCE = 15,	 /* s for its measures before the change */
	HEARTBEAT_PATIENCE = 10, /* s between heartbeats; then it counts as lost */
	IDLE_PATIENCE = 60,	 /* s without transaction and caller after which the applier ends */
	ALIVE_EACH = 10,	 /* s between signs of life to the guardian */
	APPLIER_CLIENTS = 8,
};

struct applier_options {
	const char *state, *freeze;
	int listen, health_listen; /* sockets, listening */
	int alive;		   /* pipe to who looks after it, for a byte now and then; -1: systemd does */
	bool only_netns;	   /* no applier of this host has another network namespace: a unit's */
	bool background;	   /* what it says once it has started is for nobody */
};

/*
 * The exit status for what the two below return: EX_CONFIG (sysexits.h) where it would end the same the next time, as with
 * a journal of another version.
 */
int applier_exit_status(int r);
/* Serve until idle, or SIGTERM. 0; -errno: a transaction could not be undone, or it could not start. */
int applier_run(const struct applier_options *o);
/* Only undo what is left. 0, also where another applier is at work and will; -errno. */
int applier_recover(const char *state, bool only_netns);
uint64_t applier_now(void); /* ms of CLOCK_MONOTONIC */
/* Standard input, output and error lead nowhere from now on. */
void applier_fall_silent(void);
/* A line for the journal, or the terminal; severity as syslog's. Never waits. */
void applier_log(int severity, const char *fmt, ...) _printf_(2, 3);
