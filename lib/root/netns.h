/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding network namespaces: by name under /run/netns, by a process, or all of them once each. */
#pragma once

#include <stddef.h>

/*
 * Call fn for the namespace of a process (its id), one under /run/netns (its name), or for "all": each once, under
 * whichever of its names came first, the caller's own, named "", before the others. fn returns 0, or what ends
 * the walk, positive, and is returned. -errno: there is no such namespace, or not all could be looked for; -EINVAL: that can be no name. *denied: those
 * of how many processes could not be seen.
 */
int netns_each(const char *which, int (*fn)(void *user, const char *name, int fd), void *user, size_t *denied);
