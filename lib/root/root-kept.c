/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of /proc/sys that are read every few seconds: opened once, read in place. A descriptor stays with the network
 * namespace that it was opened in, and answers -ENOENT once its key is gone (proc_sys_call_handler()).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "base/hash.h"
#include "root/root-private.h"

enum {
	KEPT_MAX = 1024, /* files, far more than a host has keys: full of interfaces that went, it begins anew */
	LOOK_AGAIN = 8,	 /* reads after which a file that was not there is looked for again */
};

struct kept {
	char *path;
	int fd;
	unsigned misses; /* reads since it was found missing, with that one; 0: it was not */
};

struct root_kept {
	struct kept table[2 * KEPT_MAX]; /* open addressing, by a hash of the path */
	size_t count;
};

static uint64_t hash_path(const char *path)
{
	uint64_t h = 0;

	for (; *path; path++)
		h = hash_two(h, (unsigned char)*path);
	return h;
}

/* The path's place, or the free one where it would stand. */
static struct kept *place_of(struct root_kept *k, const char *path)
{
	size_t i = hash_path(path) % ARRAY_SIZE(k->table);

	while (k->table[i].path && strcmp(k->table[i].path, path))
		i = (i + 1) % ARRAY_SIZE(k->table);
	return &k->table[i];
}

int root_keep_open(struct root *r)
{
	if (!r->kept && !r->recorded)
		r->kept = calloc(1, sizeof(*r->kept));
	return r->kept || r->recorded ? 0 : -ENOMEM;
}

static void clear(struct root_kept *k)
{
	for (size_t i = 0; i < ARRAY_SIZE(k->table); i++)
		if (k->table[i].path) {
			closep(&k->table[i].fd);
			free(k->table[i].path);
		}
	*k = (struct root_kept){0};
}

void root_drop_kept(struct root *r)
{
	if (r->kept)
		clear(r->kept);
	free(r->kept);
	r->kept = NULL;
}

/* A file may have gone and come back under its name: an interface, or a module, did. */
static ssize_t read_in_place(struct root *r, struct kept *k, void *buf, size_t size)
{
	ssize_t n = k->fd < 0 ? -1 : pread(k->fd, buf, size, 0);

	if (n >= 0)
		return n;
	if (k->misses && k->misses++ % LOOK_AGAIN)
		return -ENOENT;
	closep(&k->fd);
	k->fd = root_open_path(r, k->path, O_RDONLY | O_NONBLOCK);
	k->misses = k->fd == -ENOENT;
	if (k->fd < 0)
		return k->fd;
	n = pread(k->fd, buf, size, 0);
	return n < 0 ? -errno : n;
}

ssize_t root_read_kept(struct root *r, const char *path, void *buf, size_t size)
{
	struct kept *k;

	if (!r->kept || strncmp(path, "proc/sys/", 9))
		return -ENOTSUP;
	k = place_of(r->kept, path);
	if (!k->path && r->kept->count == KEPT_MAX) {
		clear(r->kept);
		k = place_of(r->kept, path);
	}
	if (!k->path) {
		k->path = strdup(path);
		if (!k->path)
			return -ENOMEM;
		k->fd = -1;
		r->kept->count++;
	}
	return read_in_place(r, k, buf, size);
}
