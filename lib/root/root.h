/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root: the only way from the library to the system. It is the running host, or with --root=DIR a recorded
 * one; collectors cannot tell which. Nothing is read outside it: a recorded root is untrusted, so symbolic links
 * resolve inside it and only regular files are read. A tap sees every byte that was read; `tcpadvisor record` is
 * nothing but a judgement with a tap.
 */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/diag.h"
#include "base/text.h"

struct root;

struct root_host {
	char kernel[65];	/* uname -r */
	char machine[65];
	char hostname[65];
	unsigned version[3];	/* of the kernel, from its release; zero where it cannot be read */
	long page_size;		/* bytes */
	long clock_ticks;	/* per second, of the kernel's times in user space */
	double clock;		/* seconds since the epoch when the root was opened or recorded */
	double window;		/* seconds between the samples of a recorded host; 0: one sample */
	char netns[65];		/* name of the network namespace read, "" for the caller's own */
	uint64_t netns_inode;
	bool privileged;	/* read as root: absence is not for want of rights */
};

/* Sees what is read, from a record too; every function may be NULL. A path is relative to the root, as it must be replayed. */
struct root_tap {
	void *user;
	void (*file)(void *user, const char *path, const char *bytes, size_t n);
	void (*append)(void *user, const char *path, const void *bytes, size_t n);
	void (*link)(void *user, const char *path, const char *target);
	void (*missing)(void *user, const char *path, int error);
};

/* What came of a netlink exchange besides its messages. */
struct root_netlink_stats {
	unsigned long messages;
	unsigned long discarded;   /* malformed, foreign or truncated */
	unsigned long interrupted; /* NLM_F_DUMP_INTR: the table changed under the dump */
};

/*
 * Open the running host (dir NULL) or the recorded one at dir. 0, or -errno; for a record that cannot be
 * understood, -EINVAL with *d filled.
 */
int root_open(const char *dir, struct root **ret, struct diag *d) _must_check_;
/*
 * As root_open(), of a directory that may be any tree of files (an image, a container's): where it has no record.conf
 * the kernel is not known.
 */
int root_open_tree(const char *dir, struct root **ret, struct diag *d) _must_check_;
/* Judge for another kernel than the root's: "6.1". */
void root_set_kernel(struct root *r, const char *release);
struct root *root_free(struct root *r);
DEFINE_CLEANUP(struct root *, root_free)

const struct root_host *root_host(const struct root *r);
bool root_is_recorded(const struct root *r);
void root_set_tap(struct root *r, const struct root_tap *tap);
struct root_netlink_stats *root_netlink_stats(struct root *r);

/*
 * Samples: files and dumps read while sample 2 is set are kept apart from those of sample 1 in a record, and a
 * recorded root answers from there. A recorded root without second sample returns -ENODATA.
 */
int root_set_sample(struct root *r, unsigned sample);

/*
 * Keep files under /proc/sys open once they were read, for who reads them every few seconds; those of the network
 * namespace that the root is in then. 0 or -ENOMEM. A descriptor each.
 */
int root_keep_open(struct root *r) _must_check_;
/* Let dumps and /proc/net of the calling thread come from that namespace (live roots only). */
int root_enter_netns(struct root *r, const char *name, int fd);

/*
 * Read a whole file of at most max bytes into *ret (cleared first). The path is relative ("proc/net/snmp").
 * -EFBIG: larger; -ENOENT, -EACCES, …: as the system, or the record of it, says.
 */
int root_read(struct root *r, const char *path, size_t max, struct text *ret) _must_check_;
/* Call fn for each name in a directory, in byte order, without "." and "..". */
int root_list(struct root *r, const char *path, int (*fn)(void *user, const char *name), void *user);
/* Target of a symbolic link; -EINVAL where the path is none. */
int root_readlink(struct root *r, const char *path, char *ret, size_t size);
/* May every user write this file? Rules that anybody could change are refused. */
bool root_anybody_writes(struct root *r, const char *path);
/* Inode number of a path, for cgroup ids; recorded roots answer -ENOENT. */
int root_inode(struct root *r, const char *path, uint64_t *ret);

typedef int (*root_message_fn)(void *user, const struct nlmsghdr *h);

/*
 * Send a request and pass each answer message to fn; whole messages only. `name` is the file under netlink/ where
 * a record keeps the answer. request->nlmsg_seq is set here. 0, or the kernel's error as -errno; -ETIMEDOUT
 * where the kernel stays silent. A negative return of fn ends the exchange.
 */
int root_netlink(struct root *r, int protocol, const char *name, struct nlmsghdr *request,
		 root_message_fn fn, void *user);

/* Walk n bytes of concatenated messages; returns bytes consumed, or fn's error. For files and fuzzers. */
ssize_t root_walk_messages(const void *bytes, size_t n, root_message_fn fn, void *user,
			   struct root_netlink_stats *stats);
