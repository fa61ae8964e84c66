/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Masking of a record, so that it can be published: what tells whose host it was is replaced, the same by the same, by
 * functions of a random secret that is never stored. What is not known to be harmless is left out. Nothing that rules
 * judge by changes: which addresses share a network, of what kind they are, what belongs together, sizes and times.
 */
#pragma once

#include "base/text.h"
#include "catalogue/catalogue.h"
#include "root/root.h"

enum { MASK_KEY_SIZE = 16 };

struct mask;

/* A mask with this key; NULL: with a random one. The catalogue says which sysctls are everybody's. 0 or -errno. */
int mask_new(const struct catalogue *catalogue, const uint8_t *key, struct mask **ret) _must_check_;
struct mask *mask_free(struct mask *m);
DEFINE_CLEANUP(struct mask *, mask_free)

/* A name that everybody has, such as that of a packaged profile: it stays. */
void mask_publish(struct mask *m, const char *name);
/*
 * Names of files in sysctl.d decide which line wins, so their order must stay: look at all of them beforehand. 0 or
 * -errno; directories that cannot be listed are as good as empty.
 */
int mask_learn(struct mask *m, struct root *root);

/* Add what a path of the record is called. -ENOENT: nothing is known of such a file, and it is not for publication. */
int mask_path(struct mask *m, const char *path, struct text *ret);
/*
 * Add what the file of that path holds, or a piece of it where it is a netlink answer, of whole messages. -ENOENT as
 * above.
 */
int mask_bytes(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret);
/* What record.conf says of the host. */
void mask_host(struct mask *m, struct root_host *h);
