/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of a process. */
#pragma once

/* The soft limit on open files in the bytes of /proc/PID/limits. 0, or -EBADMSG. */
int limits_open_files(const char *bytes, double *ret);
