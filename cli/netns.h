/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding network namespaces: by name under /run/netns, by a process, or all of them once each. */
#pragma once

/* fn returns 0 or an exit status, which ends the walk. The caller's own namespace is named "". */
int netns_each(const char *which, int (*fn)(void *user, const char *name, int fd), void *user);
