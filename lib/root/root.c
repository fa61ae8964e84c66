/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "root/root-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

static void read_version(struct root_host *h)
{
	if (sscanf(h->kernel, "%u.%u.%u", &h->version[0], &h->version[1], &h->version[2]) < 2)
		memset(h->version, 0, sizeof(h->version));
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void describe_live(struct root_host *h)
{
	struct utsname u;
	struct stat st;

	if (uname(&u) == 0) {
		snprintf(h->kernel, sizeof(h->kernel), "%s", u.release);
		snprintf(h->machine, sizeof(h->machine), "%s", u.machine);
		snprintf(h->hostname, sizeof(h->hostname), "%s", u.nodename);
	}
	h->page_size = sysconf(_SC_PAGESIZE);
	h->clock_ticks = sysconf(_SC_CLK_TCK);
	h->clock = now();
	h->privileged = geteuid() == 0;
	if (stat("/proc/self/ns/net", &st) == 0)
		h->netns_inode = st.st_ino;
}

static int open_at(const char *dir, bool tree, struct root **ret, struct diag *d)
{
	_cleanup_(root_freep) struct root *r = calloc(1, sizeof(*r));
	int err = 0;

	if (!r)
		return -ENOMEM;
	r->sample = 1;
	r->recorded = dir != NULL;
	r->fd = open(dir ? dir : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->fd < 0)
		return -errno;
	if (r->recorded)
		err = root_load_record(r, tree, d);
	else
		describe_live(&r->host);
	if (err < 0)
		return err;
	/* A tree that is no record is looked at now. */
	if (tree && r->host.clock == 0)
		r->host.clock = now();
	read_version(&r->host);
	*ret = r;
	r = NULL;
	return 0;
}

int root_open(const char *dir, struct root **ret, struct diag *d)
{
	return open_at(dir, false, ret, d);
}

int root_open_tree(const char *dir, struct root **ret, struct diag *d)
{
	return open_at(dir, true, ret, d);
}

void root_set_kernel(struct root *r, const char *release)
{
	snprintf(r->host.kernel, sizeof(r->host.kernel), "%s", release);
	memset(r->host.version, 0, sizeof(r->host.version));
	read_version(&r->host);
}

struct root *root_free(struct root *r)
{
	if (!r)
		return NULL;
	root_close_sockets(r);
	root_drop_kept(r);
	for (size_t i = 0; i < r->missing_count; i++)
		free(r->missing[i].path);
	free(r->missing);
	free(r->buffer);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
	return NULL;
}

const struct root_host *root_host(const struct root *r)
{
	return &r->host;
}

bool root_is_recorded(const struct root *r)
{
	return r->recorded;
}

void root_set_tap(struct root *r, const struct root_tap *tap)
{
	r->tap = *tap;
}

struct root_netlink_stats *root_netlink_stats(struct root *r)
{
	return &r->stats;
}

int root_set_sample(struct root *r, unsigned sample)
{
	_cleanup_close_ int fd = -1;

	if (r->recorded && sample > 1) {
		fd = root_open_path(r, "sample-2", O_PATH | O_DIRECTORY);
		if (fd < 0)
			return -ENODATA;
	}
	r->sample = sample;
	return 0;
}

int root_enter_netns(struct root *r, const char *name, int fd)
{
	struct stat st;

	if (r->recorded)
		return -EOPNOTSUPP;
	if (fstat(fd, &st) < 0 || setns(fd, CLONE_NEWNET) < 0)
		return -errno;
	if (st.st_ino == r->host.netns_inode)
		return 0;
	/* A netlink socket, and a file of /proc/sys, stay in the namespace they were opened in. */
	root_close_sockets(r);
	root_drop_kept(r);
	snprintf(r->host.netns, sizeof(r->host.netns), "%s", name);
	r->host.netns_inode = st.st_ino;
	return 0;
}

const char *root_sample_path(const struct root *r, const char *path, char *buf, size_t size)
{
	if (r->sample < 2)
		return path;
	snprintf(buf, size, "sample-%u/%s", r->sample, path);
	return buf;
}

int root_known_missing(const struct root *r, const char *path)
{
	for (size_t i = 0; i < r->missing_count; i++)
		if (!strcmp(r->missing[i].path, path))
			return r->missing[i].error;
	return 0;
}

/* Without openat2 (kernel < 5.6, or a seccomp filter): component by component, following no link at all. */
static int open_component_wise(int dirfd, const char *path, int flags)
{
	_cleanup_close_ int dir = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	char copy[ROOT_PATH_MAX], *state = NULL, *part, *next;
	int dir_copy;

	if (dir < 0)
		return -errno;
	snprintf(copy, sizeof(copy), "%s", path);
	part = strtok_r(copy, "/", &state);
	for (; part; part = next) {
		int fd;

		next = strtok_r(NULL, "/", &state);
		if (!strcmp(part, ".."))
			return -EXDEV;
		fd = openat(dir, part, (next ? O_PATH | O_DIRECTORY : flags) | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		close(dir);
		dir = fd;
	}
	dir_copy = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	return dir_copy < 0 ? -errno : dir_copy;
}

int root_open_path(struct root *r, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	while (*path == '/')
		path++;
	if (strlen(path) >= ROOT_PATH_MAX)
		return -ENAMETOOLONG;
	if (!*path)
		path = ".";
	if (!r->recorded) {
		fd = openat(r->fd, path, flags | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	fd = (int)syscall(SYS_openat2, r->fd, path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_component_wise(r->fd, path, flags);
	return fd < 0 ? -errno : fd;
}
