/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drop-in on disk. Killed anywhere, it is the old file or the new one, whole. */
#include "apply/persist.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* No reader of sysctl.d takes a name that begins with a dot and does not end in ".conf". */
#define FRESH "." PERSIST_NAME ".new"
#define LOCK  "." PERSIST_NAME ".lock"

static bool is_ours_alone(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* One component: with O_NOFOLLOW that is all that a path resolved without symbolic links needs. */
static int enter(int at, const char *name)
{
	_cleanup_close_ int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r = fd;

	/* O_DIRECTORY hides why. */
	if (fd < 0)
		return errno == ENOTDIR && !fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode) ? -ELOOP : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!is_ours_alone(&st))
		return -EPERM;
	fd = -1;
	return r;
}

static int open_lock(int dir)
{
	_cleanup_close_ int fd = openat(dir, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;
	int r = fd;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || !is_ours_alone(&st))
		return -EPERM;
	fd = -1;
	return r;
}

/* Not the directory itself: whoever can read that could hold it for ever. Who had the lock takes its name away. */
static int take_lock(int dir)
{
	for (;;) {
		_cleanup_close_ int fd = open_lock(dir);
		struct stat st;
		int r = fd;

		if (fd < 0)
			return fd;
		if (flock(fd, LOCK_EX) < 0 || fstat(fd, &st) < 0)
			return -errno;
		if (!st.st_nlink)
			continue;
		fd = -1;
		return r;
	}
}

int place_open(const char *root, struct place *ret)
{
	_cleanup_close_ int top = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), etc = -1, dir = -1;
	int lock;

	if (top < 0)
		return -errno;
	etc = enter(top, "etc");
	if (etc < 0)
		return etc;
	dir = enter(etc, "sysctl.d");
	if (dir < 0)
		return dir;
	lock = take_lock(dir);
	if (lock < 0)
		return lock;
	*ret = (struct place){dir, lock};
	dir = -1;
	return 0;
}

void place_close(struct place *p)
{
	if (p->lock >= 0)
		unlinkat(p->dir, LOCK, 0);
	closep(&p->lock);
	closep(&p->dir);
	*p = PLACE_NULL;
}

int place_read(const struct place *p, struct text *ret)
{
	_cleanup_close_ int fd = openat(p->dir, PERSIST_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_text_ struct text t = TEXT_NULL;
	struct stat st;
	char chunk[4096];
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (!is_ours_alone(&st))
		return -EPERM;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0 && t.len <= DROPIN_BYTES)
		text_addn(&t, chunk, (size_t)n);
	if (n < 0)
		return -errno;
	if (t.len > DROPIN_BYTES)
		return -EFBIG;
	*ret = t;
	t = TEXT_NULL;
	return 0;
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

/* The mode before fsync() and rename(): whoever sees the name sees a file that all may read. */
static int fill(int dir, const struct text *t)
{
	_cleanup_close_ int fd = -1;
	int r;

	/* What one of us left that was killed, or a trap: taken away, never opened. */
	if (unlinkat(dir, FRESH, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir, FRESH, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text_get(t), t->len);
	if (!r && (fchmod(fd, 0644) < 0 || fsync(fd) < 0 || renameat(dir, FRESH, dir, PERSIST_NAME) < 0))
		r = -errno;
	if (r)
		unlinkat(dir, FRESH, 0);
	return r;
}

int place_replace(const struct place *p, const struct text *t)
{
	int r = t->len ? fill(p->dir, t) : unlinkat(p->dir, PERSIST_NAME, 0) < 0 ? -errno : 0;

	return r ? r : fsync(p->dir) < 0 ? -errno : 0;
}

const char *place_error(int error)
{
	switch (error) {
	case -ELOOP:
		return "it is a symbolic link";
	case -EPERM:
		return "others could write it";
	case -EINVAL:
		return "it is no regular file";
	case -EFBIG:
		return "it is too large to be ours";
	}
	return strerror(-error);
}
