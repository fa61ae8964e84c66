/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way to the applier, which alone writes sysctls: a request and its answer, each one paper. */
#pragma once

#include <spawn.h>
#include "apply/paper.h"
#include "cli/verb.h"

/*
 * Ask, over a connection of its own. signals: a signalfd that ends the wait for the answer, or -1. 0 with *reply, whose
 * `error` says whether it was done; -EINTR: a signal came, and what was asked for may have been done; else as the system
 * says. Nothing is started and nothing printed.
 */
int applier_try(const struct options *o, const struct paper *request, int signals, struct paper *reply) _must_check_;
/*
 * As applier_try(); where there is neither an applier nor systemd it starts the guardian first. 0, or an exit status after a
 * line on stderr.
 */
int applier_call(const struct options *o, const struct paper *request, int signals, struct paper *reply);
/* As applier_call(), about one transaction; id "": the open one. */
int applier_ask(const struct options *o, enum paper_verb verb, const char *id, struct paper *reply);
/* As output_write(); where it fails, a line on stderr says what was done all the same. */
int applier_output(const struct paper *done, const struct text *t);
/* A line on stderr of what the applier refused, if it did: 0, or an exit status. */
int applier_refused(const struct paper *reply);

/* Path of one of the programs beside the applier: "tcpadvisor-persist". */
void applier_program(char *buf, size_t size, const char *name);
/* For programs that are started from here: signals that we hold back are not held back there. To be destroyed. */
void applier_spawn_attributes(posix_spawnattr_t *ret);
/* Are units started by systemd here? */
bool applier_under_systemd(void);
