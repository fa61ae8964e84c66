/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files, directories and links of a root. */
#include "root/root-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int read_all(int fd, size_t max, struct text *ret)
{
	char chunk[4096];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		if (ret->len + (size_t)n > max)
			return -EFBIG;
		text_addn(ret, chunk, (size_t)n);
	}
}

/* Values of sysctls are short: one that fills the chunk is read the long way. */
static int read_kept(struct root *r, const char *path, struct text *ret)
{
	char chunk[4096];
	ssize_t n = root_read_kept(r, path, chunk, sizeof(chunk));

	if (n < 0 || n == sizeof(chunk))
		return n < 0 ? (int)n : -ENOTSUP;
	text_addn(ret, chunk, (size_t)n);
	return 0;
}

static int open_sampled(struct root *r, const char *path)
{
	char sampled[ROOT_PATH_MAX];
	int fd;

	/* O_NONBLOCK: a FIFO in a hostile record must not hold us. */
	if (r->recorded && r->sample > 1) {
		fd = root_open_path(r, root_sample_path(r, path, sampled, sizeof(sampled)),
				    O_RDONLY | O_NONBLOCK);
		/* Names are looked up once, after both samples. */
		if (fd != -ENOENT || strncmp(path, "names/", 6))
			return fd;
	}
	return root_open_path(r, path, O_RDONLY | O_NONBLOCK);
}

int root_read(struct root *r, const char *path, size_t max, struct text *ret)
{
	char sampled[ROOT_PATH_MAX];
	_cleanup_close_ int fd = -1;
	int err;

	ret->len = 0;
	text_addn(ret, "", 0);
	err = read_kept(r, path, ret);
	if (err != -ENOTSUP)
		return err;
	fd = open_sampled(r, path);
	if (fd == -ENOENT && r->recorded && root_known_missing(r, path))
		fd = -root_known_missing(r, path);
	err = fd < 0 ? fd : read_all(fd, max, ret);
	if (err < 0) {
		ret->len = 0;
		ret->s[0] = 0;
		if (r->tap.missing && err != -ENOENT)
			r->tap.missing(r->tap.user, path, -err);
		return err;
	}
	if (r->tap.file)
		r->tap.file(r->tap.user, root_sample_path(r, path, sampled, sizeof(sampled)), ret->s, ret->len);
	return 0;
}

static int keep_name(const struct dirent *e)
{
	return strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int root_list(struct root *r, const char *path, int (*fn)(void *user, const char *name), void *user)
{
	_cleanup_close_ int fd = root_open_path(r, path, O_RDONLY | O_DIRECTORY);
	struct dirent **names;
	int n, err = 0;

	if (fd == -ENOENT && r->recorded && root_known_missing(r, path))
		return -root_known_missing(r, path);
	if (fd < 0 && fd != -ENOENT && r->tap.missing)
		r->tap.missing(r->tap.user, path, -fd);
	if (fd < 0)
		return fd;
	n = scandirat(fd, ".", &names, keep_name, by_bytes);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (err >= 0)
			err = fn(user, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return err < 0 ? err : 0;
}

int root_readlink(struct root *r, const char *path, char *ret, size_t size)
{
	_cleanup_close_ int fd = root_open_path(r, path, O_PATH | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = readlinkat(fd, "", ret, size - 1);
	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno;
	ret[n] = 0;
	if (r->tap.link)
		r->tap.link(r->tap.user, path, ret);
	return 0;
}

int root_inode(struct root *r, const char *path, uint64_t *ret)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (r->recorded)
		return -ENOENT;
	fd = root_open_path(r, path, O_PATH);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

bool root_anybody_writes(struct root *r, const char *path)
{
	_cleanup_close_ int fd = root_open_path(r, path, O_PATH);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_mode & S_IWOTH;
}
