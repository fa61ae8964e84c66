/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of this folder only. */
#pragma once

#include "root/root.h"

enum { ROOT_PATH_MAX = 512, ROOT_PROTOCOLS = 32 };

struct root_missing {
	char *path;
	int error;
};

struct root {
	int fd;
	bool recorded;
	unsigned sample;
	struct root_host host;
	struct root_tap tap;
	struct root_netlink_stats stats;
	struct mnl_socket *sockets[ROOT_PROTOCOLS]; /* one for each netlink protocol, opened at first use */
	unsigned sequence;
	void *buffer;			/* ROOT_BUFFER_SIZE, for answers */
	struct root_kept *kept;		/* files that stay open, or NULL */
	struct root_missing *missing;	/* what the record could not read, and why */
	size_t missing_count;
};

enum { ROOT_BUFFER_SIZE = 64 * 1024 }; /* the kernel caps one dump message block at 32 KiB */

int root_open_path(struct root *r, const char *path, int flags);
/* Where a record keeps this path in the current sample. */
const char *root_sample_path(const struct root *r, const char *path, char *buf, size_t size);
int root_known_missing(const struct root *r, const char *path);
void root_close_sockets(struct root *r);
/* What a kept file holds now: bytes, at most size; -ENOTSUP: it is not kept. */
ssize_t root_read_kept(struct root *r, const char *path, void *buf, size_t size);
void root_drop_kept(struct root *r);
/* meta: record.conf, and the list of what was missing. tree: it may be missing itself. */
int root_load_record(struct root *r, bool tree, struct diag *d);
