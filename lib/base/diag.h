/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with an input file, and where: loaders fill one and return -errno; the program prints it. */
#pragma once

#include "base/macro.h"

struct diag {
	char file[256];
	unsigned line; /* 0: the file as a whole */
	char message[512];
};

/* Fill d (which may be NULL) and return -EINVAL, so that a loader can `return diag_set(...)`. */
int diag_set(struct diag *d, const char *file, unsigned line, const char *fmt, ...) _printf_(4, 5);
