/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsers of /proc/net's counter files; they cut the bytes they are given. */
#pragma once

typedef void (*procnet_pair_fn)(void *user, const char *prefix, const char *name, double v);

/* snmp and netstat. Number of pairs, or -EBADMSG. */
int procnet_pairs(char *bytes, procnet_pair_fn fn, void *user);
/* sockstat and sockstat6. */
int procnet_sockstat(char *bytes, procnet_pair_fn fn, void *user);
/* softnet_stat: the first three columns, summed over the CPUs. Number of lines, or -EBADMSG. */
int procnet_softnet(const char *bytes, double *processed, double *dropped, double *squeezed);
