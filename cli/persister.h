/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The persister, which alone writes under /etc/sysctl.d: for a transaction that was confirmed, or rolled back after that. */
#pragma once

#include <jansson.h>
#include "cli/applier.h"

enum persisting { PERSIST_NOT_ASKED, PERSIST_DONE, PERSIST_FAILED };

/*
 * Run it and wait. What it has to say goes to stderr, and so does a line where it failed. That nothing is to be kept, since
 * somebody else changed it all, is a failure too: it was asked for.
 */
enum persisting persister_run(const struct options *o, const char *id, bool withdraw);
/* true, false, or null where nobody asked. */
json_t *persister_json(enum persisting p);
