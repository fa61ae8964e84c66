/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sysctls of the service's own namespace as they were last seen. inotify on the host's /proc/sys tells at once of what
 * is written through it; what comes from another procfs (a container's), or as a side effect, shows when the keys are read
 * again: those of which something is expected at each poll, all others with the facts of each tick.
 */
#pragma once

#include "rules/rule.h"
#include "root/root.h"

struct watched_key {
	char *key, *path; /* "net.ipv4.tcp_rmem", "proc/sys/net/ipv4/tcp_rmem" */
	char *raw;	  /* in the kernel's form, white space squeezed; NULL: it cannot be read */
	char *previous;	  /* before it changed; NULL: it did not */
	bool polled;	  /* something is expected of it: by boot, the profile or a rule */
	bool hinted;	  /* inotify told of a write */
	bool seen;	  /* among the newest facts */
	bool told;	  /* the change was told with a finding */
};

struct keys {
	struct root *root;
	struct watched_key *list; /* in the order of their names */
	size_t count, polled;
	int inotify; /* -1: there is none */
	char *proc_sys;
	struct watched_directory {
		int wd;
		char *path; /* below proc_sys */
		bool seen;
	} *directories;
	size_t directory_count;
};

/*
 * proc_sys: where the host's /proc/sys is seen, or NULL: no inotify. A sandbox with a procfs of its own hears nothing on its
 * own /proc/sys; a read-only bind of the host's does.
 */
void keys_init(struct keys *k, struct root *root, const char *proc_sys);
void keys_clear(struct keys *k);
/* Take the values of newer facts; says how many keys changed since they were last seen. New keys did not change. */
size_t keys_take(struct keys *k, const struct facts *f, const struct ruleset *rules);
/* Read what is hinted, and with `all` everything that is polled. How many changed. */
size_t keys_poll(struct keys *k, bool all);
/* Take what inotify has to say; how many keys it named. After it lost some, all polled ones count. */
size_t keys_listen(struct keys *k);
struct watched_key *keys_find(const struct keys *k, const char *key);
/* What changed was dealt with. */
void keys_settle(struct keys *k);
