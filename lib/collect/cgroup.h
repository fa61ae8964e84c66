/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsers of a cgroup's files on memory. */
#pragma once

/* "memory.max" and the like: bytes, HUGE_VAL for "max" and for what the old hierarchy takes for none. 0, or -EBADMSG. */
int cgroup_bytes(const char *bytes, double *ret);
/* "NAME 12" on a line of its own. 0, -ENOENT where no line has that name, or -EBADMSG. */
int cgroup_word(const char *bytes, const char *name, double *ret);
