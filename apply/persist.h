/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of tcpadvisor-persist: where its file stands, and what would win over it at boot. */
#pragma once

#include "apply/dropin.h"

#define PERSIST_DIR  "etc/sysctl.d"
#define PERSIST_NAME "95-tcpadvisor.conf"
#define PERSIST_PATH "/" PERSIST_DIR "/" PERSIST_NAME

/* The directory, held against others of us. */
struct place {
	int dir, lock;
};

#define PLACE_NULL ((struct place){-1, -1})

/*
 * Open it below root, and wait until it is ours alone. No symbolic link is followed below root, and whoever else could
 * write there makes it -EPERM; -ENOTDIR, -ELOOP, -errno.
 */
int place_open(const char *root, struct place *ret) _must_check_;
void place_close(struct place *p);
#define _cleanup_place_ _cleanup_(place_close)

/* The file as it is. -ENOENT; -EPERM, -ELOOP: not root's alone, or a link; -EINVAL: no regular file; -EFBIG. */
int place_read(const struct place *p, struct text *ret) _must_check_;
/* Replace it as a whole, on disk when this returns; with an empty text take it away. */
int place_replace(const struct place *p, const struct text *t) _must_check_;

/* What came of these, in words. */
const char *place_error(int error);

/* Who else sets a key of the file, and wins. */
struct rival {
	char file[512], value[PAPER_VALUE];
	unsigned line;
	const char *reader; /* whose order it is: "systemd-sysctl" */
};

/*
 * Would the file with these bytes decide the values of the transaction's keys, in the order of either reader of sysctl.d?
 * 0; -EEXIST with *rival and *key; -EIO where that cannot be told, with the reason in rival->file.
 */
int rival_find(const char *root, const struct text *t, const struct dropin *d, const char *id, const char **key,
	       struct rival *rival) _must_check_;
