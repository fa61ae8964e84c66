/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsers of what the kernel counts for each processor: /proc/net/stat/NAME and /proc/stat. */
#pragma once

#include <stdbool.h>

enum { PERCPU_COLUMNS_MAX = 32, PERCPU_LINES_MAX = 8192, PERCPU_CPUS_MAX = 1024 };

/* first: of the first processor, for columns that repeat one number on each line ("entries"); sum: of all. */
typedef void (*percpu_fn)(void *user, const char *name, double first, double sum);

/*
 * /proc/net/stat/NAME: a line of names, then hexadecimal numbers on a line for each processor. Cuts the bytes. Number
 * of processors, or -EBADMSG. A column that has no name, or none that all lines fill, is not told.
 */
int percpu_table(char *bytes, percpu_fn fn, void *user);

struct cpu_times {
	double idle, total; /* ticks since boot; idle counts waiting for a disk too */
};

struct cpu_stat {
	unsigned count; /* processors that are on line */
	struct cpu_times all;
	struct cpu_times *each; /* PERCPU_CPUS_MAX of the caller's, by their number; total 0: not there */
};

/* /proc/stat. 0, or -EBADMSG. */
int percpu_times(const char *bytes, struct cpu_stat *ret);
