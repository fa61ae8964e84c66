/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

static const char transaction[] = "transaction", fresh[] = "transaction.new", restored[] = "restored";

enum { HISTORY_NAME = 64 };

/* Nobody else can have made it what it is. */
static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

int journal_open(const char *path, struct journal *ret)
{
	_cleanup_close_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int lock = -1;
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0)
		return -errno;
	if (!is_ours(&st))
		return -EPERM;
	lock = openat(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	*ret = (struct journal){dir, lock};
	dir = lock = -1;
	return 0;
}

void journal_clear(struct journal *j)
{
	closep(&j->dir);
	closep(&j->lock);
	*j = (struct journal){-1, -1};
}

static int write_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t written = write(fd, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		bytes += written;
		n -= (size_t)written;
	}
	return 0;
}

/* A name of its own each time: whatever a crash left is removed, never written to. */
static int write_fresh(const struct journal *j, const char *bytes, size_t n)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (unlinkat(j->dir, fresh, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(j->dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, bytes, n);
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? -errno : 0;
}

int journal_write(const struct journal *j, const struct paper *p)
{
	char buf[PAPER_MAX];
	int n = paper_format(p, buf, sizeof(buf)), r;

	if (n < 0)
		return n;
	r = write_fresh(j, buf, (size_t)n);
	if (r < 0)
		return r;
	if (renameat(j->dir, fresh, j->dir, transaction) < 0 || fsync(j->dir) < 0)
		return -errno;
	return 0;
}

static int read_paper(const struct journal *j, const char *name, struct paper *ret)
{
	_cleanup_close_ int fd = openat(j->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char buf[PAPER_MAX + 1];
	struct stat st;
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return errno == ELOOP ? -EPERM : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || !is_ours(&st) || st.st_nlink != 1)
		return -EPERM;
	while ((got = read(fd, buf + n, sizeof(buf) - n)) > 0)
		n += (size_t)got;
	return got < 0 ? -errno : paper_parse(buf, n, ret);
}

int journal_read(const struct journal *j, struct paper *ret)
{
	return read_paper(j, transaction, ret);
}

static void history_name(const struct paper *p, char ret[HISTORY_NAME])
{
	snprintf(ret, HISTORY_NAME, "history.%013" PRIu64 ".%s", p->asked % 10000000000000u, p->id);
}

int journal_close(const struct journal *j, const struct paper *p)
{
	char name[HISTORY_NAME];
	int r = journal_write(j, p);

	if (r < 0)
		return r;
	/* From here on it is closed: a name that stays as it was is seen to by whoever starts next. */
	history_name(p, name);
	if (renameat(j->dir, transaction, j->dir, name) == 0)
		(void)!fsync(j->dir);
	return 0;
}

void journal_mark_restored(const struct journal *j)
{
	if (renameat(j->dir, transaction, j->dir, restored) == 0)
		(void)!fsync(j->dir);
}

int journal_read_restored(const struct journal *j, struct paper *ret)
{
	return read_paper(j, restored, ret);
}

void journal_unmark_restored(const struct journal *j)
{
	unlinkat(j->dir, restored, 0);
}

void journal_discard(const struct journal *j)
{
	if (unlinkat(j->dir, transaction, 0) == 0)
		(void)!fsync(j->dir);
}

int journal_quarantine(const struct journal *j)
{
	char name[HISTORY_NAME];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(name, sizeof(name), "quarantine.%lld.%09ld", (long long)now.tv_sec, now.tv_nsec);
	if (renameat(j->dir, transaction, j->dir, name) < 0 || fsync(j->dir) < 0)
		return -errno;
	return 0;
}

/* "history.TIME.ID": the id, or NULL. */
static const char *id_of(const char *name)
{
	static const char prefix[] = "history.0000000000000.";

	return strlen(name) == sizeof(prefix) - 1 + PAPER_ID - 1 && !strncmp(name, prefix, strlen("history.")) &&
			       paper_is_id(name + sizeof(prefix) - 1)
		       ? name + sizeof(prefix) - 1
		       : NULL;
}

static DIR *list(const struct journal *j)
{
	int fd = openat(j->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !d)
		close(fd);
	return d;
}

int journal_find(const struct journal *j, const char *id, struct paper *ret)
{
	_cleanup_closedir_ DIR *d = list(j);
	const struct dirent *e;

	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		const char *found = id_of(e->d_name);

		if (found && !strcmp(found, id))
			return read_paper(j, e->d_name, ret);
	}
	return -ENOENT;
}

/* Keep names in descending order: with the time in front, the newest first. */
static void insert(char names[][HISTORY_NAME], unsigned *count, const char *name)
{
	unsigned at = *count;

	while (at > 0 && strcmp(names[at - 1], name) < 0)
		at--;
	if (at == PAPER_LISTED)
		return;
	*count = min_of(*count + 1, (unsigned)PAPER_LISTED);
	memmove(names[at + 1], names[at], (*count - at - 1) * HISTORY_NAME);
	strcpy(names[at], name);
}

int journal_list(const struct journal *j, struct paper *ret)
{
	_cleanup_closedir_ DIR *d = list(j);
	char names[PAPER_LISTED][HISTORY_NAME];
	const struct dirent *e;
	unsigned count = 0;

	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (id_of(e->d_name))
			insert(names, &count, e->d_name);
	for (unsigned i = 0; i < count; i++)
		strcpy(ret->listed[i], id_of(names[i]));
	ret->listed_count = count;
	return 0;
}

void journal_prune(const struct journal *j, bool (*keep)(const struct paper *p))
{
	_cleanup_closedir_ DIR *d = list(j);
	char oldest[HISTORY_NAME] = "";
	const struct dirent *e;
	unsigned count = 0;
	struct paper p;

	while (d && (e = readdir(d)))
		count += id_of(e->d_name) != NULL;
	if (count <= PAPER_LISTED)
		return;
	rewinddir(d);
	while ((e = readdir(d)))
		if (id_of(e->d_name) && (!*oldest || strcmp(e->d_name, oldest) < 0) &&
		    (read_paper(j, e->d_name, &p) < 0 || !keep(&p)))
			strcpy(oldest, e->d_name);
	if (*oldest)
		unlinkat(j->dir, oldest, 0);
}
