/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the tracer that runs in the kernel: loaded, attached to a cgroup, and asked what it saw. */
#pragma once

#include <stdbool.h>
#include "base/macro.h"
#include "trace/writer-message.h"

struct program;

/* A write. Negative: stop here for now; this one was taken all the same. */
typedef int (*program_fn)(void *user, const struct writer_message *m);

/*
 * Load it and attach it to a cgroup (a descriptor of its directory, not taken) beside the programs of others. It is
 * detached when the process ends, in whatever way. 0, or -errno: -EPERM without CAP_BPF and CAP_NET_ADMIN, or where
 * somebody attached a program that wants to be alone.
 */
int program_attach(int cgroup, program_fn fn, void *user, struct program **ret) _must_check_;
struct program *program_free(struct program *p);
DEFINE_CLEANUP(struct program *, program_free)

/* Readable when there are writes. */
int program_fd(const struct program *p);
/* Pass on what there is. */
int program_consume(struct program *p);
/* Writes that found the ring full, ever. */
uint64_t program_lost(const struct program *p);
/* Whether the kernel tells the command beside pid and user. */
bool program_knows_command(const struct program *p);
