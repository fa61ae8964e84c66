/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One sysctl, read and written with the care that the kernel asks for: vectors are not written atomically (what is refused
 * may be half done), some values are clamped or normalised without a word, and a second write at another offset does
 * nothing (proc_dointvec() and its like in kernel/sysctl.c). So: one write of the whole value at offset 0, the full count,
 * and what it became is always read back.
 */
#pragma once

#include "apply/paper.h"
#include "apply/vetted.h"

/* To read and write it, in the network namespace that the process is in; or -errno. */
int parameter_open(const struct vetted *v);
/* Canonical: one blank between elements, none at the ends. 0; -EFBIG where it does not fit; -errno. */
int parameter_read(int fd, char ret[PAPER_VALUE]) _must_check_;
/*
 * 0 when the parameter holds the value afterwards. Else -errno of the write (-EIO: a short one), or -ERANGE when the
 * kernel made something else of it; `became` is what it holds then ("" where that cannot be read).
 */
int parameter_write(int fd, const char *value, char became[PAPER_VALUE]) _must_check_;
