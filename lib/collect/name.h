/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of owners: systemd units from cgroup ids (free of charge), and the process of an offending socket. */
#pragma once

#include <stdint.h>
#include "facts/fact.h"

struct collecting;

/* Find the names of the cgroups that the latest census met and that are not known yet. */
void look_up_cgroups(struct collecting *c);
/* The same once and for all, with a note where they cannot be found; before any subject is made. */
void resolve_cgroups(struct collecting *c);
/* Whole path below the cgroup root, or NULL. */
const char *cgroup_path(const struct collecting *c, uint64_t id);
/*
 * Remember that the process which holds this socket is to be named on the subject. Its place in c->holders, or -1 where
 * none is left or nobody holds it.
 */
int holder_wanted(struct collecting *c, struct subject *s, uint32_t inode);
/* A container's id is 64 digits, of which people know the first twelve: shorten each such run. size as of the path. */
void shorten_ids(const char *path, char *ret, size_t size);
/* The systemd unit in a cgroup path, as text of the caller's; false where it has none that says who owns it. */
bool unit_from_cgroup(const char *path, char *ret, size_t size);
