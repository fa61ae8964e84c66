/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* A directory, the name in it, and the one that is written to; node_exporter reads "*.prom" only. */
struct place {
	int dir;
	char name[NAME_MAX + 1], fresh[NAME_MAX + 1];
};

static void place_clear(struct place *p)
{
	closep(&p->dir);
}

#define _cleanup_place_ _cleanup_(place_clear)

static int find(const char *path, struct place *p)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	if (path[0] != '/' || !slash[1] || !strcmp(slash, "/.") || !strcmp(slash, "/.."))
		return -EINVAL;
	/* The same name each time: what a killed service leaves is one file, and goes with the next. */
	if ((size_t)snprintf(p->fresh, sizeof(p->fresh), ".%s.new", slash + 1) >= sizeof(p->fresh) ||
	    (size_t)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path + 1), path) >= sizeof(dir))
		return -ENAMETOOLONG;
	snprintf(p->name, sizeof(p->name), "%s", slash + 1);
	p->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return p->dir < 0 ? -errno : 0;
}

static int create(const struct place *p)
{
	for (int i = 0; i < 2; i++) {
		int fd = openat(p->dir, p->fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd >= 0)
			return fd;
		/* Ours, of a service that was killed; or a trap: taken away, never opened. */
		if (errno != EEXIST || unlinkat(p->dir, p->fresh, 0) < 0)
			return -errno;
	}
	return -EEXIST;
}

static int write_all(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t done = write(fd, s, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		s += done;
		n -= (size_t)done;
	}
	return 0;
}

static int fill(const struct place *p, const struct text *t)
{
	_cleanup_close_ int fd = create(p);
	int r;

	if (fd < 0)
		return fd;
	r = write_all(fd, text_get(t), t->len);
	if (!r && fchmod(fd, 0644) < 0)
		r = -errno;
	if (!r && renameat(p->dir, p->fresh, p->dir, p->name) < 0)
		r = -errno;
	if (r)
		unlinkat(p->dir, p->fresh, 0);
	return r;
}

int textfile_write(const char *path, const struct text *t)
{
	_cleanup_place_ struct place p = {.dir = -1};
	int r = find(path, &p);

	return r < 0 ? r : fill(&p, t);
}

static int take_away(int dir, const char *name)
{
	return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int textfile_remove(const char *path, bool whole)
{
	_cleanup_place_ struct place p = {.dir = -1};
	int r = find(path, &p);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = take_away(p.dir, p.fresh);
	return whole && !r ? take_away(p.dir, p.name) : r;
}
