/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "root/root-names.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include "root/root-private.h"

enum { CGROUP_DEPTH_MAX = 12, CGROUPS_VISITED_MAX = 20000, NAMES_FILE_MAX = 1024 * 1024 };

static const char *const cgroup_mounts[] = {"sys/fs/cgroup/unified", "sys/fs/cgroup"};

struct walk {
	struct cgroup_name *names;
	size_t count, left, visited;
};

static void offer(struct walk *w, uint64_t id, const char *path)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->names[i].id == id && !w->names[i].path[0]) {
			snprintf(w->names[i].path, sizeof(w->names[i].path), "%s", path);
			w->left--;
		}
}

static void walk(struct walk *w, int parent, const char *name, const char *path, unsigned depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct stat st;

	if (!dir)
		return;
	if (fstat(dirfd(dir), &st) == 0)
		offer(w, st.st_ino, path);
	while (w->left && depth < CGROUP_DEPTH_MAX && (e = readdir(dir))) {
		char below[CGROUP_NAME_MAX];

		if (e->d_type != DT_DIR || e->d_name[0] == '.' || w->visited++ > CGROUPS_VISITED_MAX)
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", strcmp(path, "/") ? path : "", e->d_name) <
		    (int)sizeof(below))
			walk(w, dirfd(dir), e->d_name, below, depth + 1);
	}
}

/* "4242 /system.slice/nginx.service" on each line. */
static void replay_cgroups(struct walk *w, char *bytes)
{
	char *lines = NULL;

	for (char *line = strtok_r(bytes, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		char *end;
		uint64_t id = strtoull(line, &end, 10);

		if (*end == ' ')
			offer(w, id, end + 1);
	}
}

static void tell_tap_cgroups(struct root *r, const struct walk *w)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	for (size_t i = 0; i < w->count; i++)
		if (w->names[i].path[0] && !strchr(w->names[i].path, '\n'))
			text_addf(&t, "%" PRIu64 " %s\n", w->names[i].id, w->names[i].path);
	if (r->tap.file)
		r->tap.file(r->tap.user, "names/cgroups", text_get(&t), t.len);
}

int root_cgroups(struct root *r, struct cgroup_name *names, size_t n)
{
	struct walk w = {.names = names, .count = n};
	_cleanup_text_ struct text t = TEXT_NULL;
	int err;

	for (size_t i = 0; i < n; i++)
		w.left += !names[i].path[0];

	if (r->recorded) {
		err = root_read(r, "names/cgroups", NAMES_FILE_MAX, &t);
		if (err == 0)
			replay_cgroups(&w, t.s);
		return err;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cgroup_mounts) && w.left; i++) {
		char control[64];
		_cleanup_close_ int fd = -1;

		/* Only the unified hierarchy has this file at its root. */
		snprintf(control, sizeof(control), "%s/cgroup.controllers", cgroup_mounts[i]);
		fd = root_open_path(r, control, O_PATH);
		if (fd >= 0)
			walk(&w, r->fd, cgroup_mounts[i], "/", 0);
	}
	tell_tap_cgroups(r, &w);
	return 0;
}

static void read_command(int proc, const char *pid, char *ret, size_t size)
{
	char path[NAME_MAX + 8];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, ret, size - 1);
	ret[n > 0 ? n : 0] = 0;
	ret[strcspn(ret, "\n")] = 0;
}

/* "0::/system.slice/nginx.service": the unified hierarchy's line. */
static void read_cgroup(int proc, const char *pid, char *ret, size_t size)
{
	char path[NAME_MAX + 8], bytes[4096], *line;
	_cleanup_close_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/cgroup", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes) - 1);
	bytes[n > 0 ? n : 0] = 0;
	line = !strncmp(bytes, "0::", 3) ? bytes : strstr(bytes, "\n0::");
	ret[0] = 0;
	if (!line)
		return;
	line += strlen("0::") + (*line == '\n');
	snprintf(ret, size, "%.*s", (int)strcspn(line, "\n"), line);
}

/* The sockets that are looked for: most descriptors of a host are others, and one look tells. */
struct scan {
	struct socket_holder *holders;
	size_t n, left;
	uint64_t filter[64];
};

static bool may_want(const struct scan *s, unsigned long inode)
{
	return s->filter[inode / 64 % 64] >> inode % 64 & 1;
}

static void found(struct scan *s, int proc, const char *pid, const char *fd, unsigned long inode)
{
	for (size_t i = 0; i < s->n; i++) {
		struct socket_holder *h = &s->holders[i];

		if (h->inode != inode || h->pid > 1 || (h->pid == 1 && !strcmp(pid, "1")))
			continue;
		h->pid = atoi(pid);
		h->fd = atoi(fd);
		read_command(proc, pid, h->command, sizeof(h->command));
		read_cgroup(proc, pid, h->cgroup, sizeof(h->cgroup));
		s->left -= h->pid > 1;
	}
}

static void scan_process(struct scan *s, int proc, const char *pid)
{
	char path[NAME_MAX + 8], target[64];
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int fd;

	snprintf(path, sizeof(path), "%s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && s->left && (e = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);
		unsigned long inode;

		target[len > 0 ? len : 0] = 0;
		if (strncmp(target, "socket:[", 8))
			continue;
		inode = strtoul(target + 8, NULL, 10);
		if (may_want(s, inode))
			found(s, proc, pid, e->d_name, inode);
	}
}

static void replay_holders(char *bytes, struct socket_holder *holders, size_t n)
{
	char *lines = NULL;

	for (char *line = strtok_r(bytes, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		unsigned long inode;
		int pid, at = 0;

		if (sscanf(line, "%lu %d %n", &inode, &pid, &at) != 2 || !at || pid <= 0)
			continue;
		for (size_t i = 0; i < n; i++)
			if (holders[i].inode == inode) {
				holders[i].pid = pid;
				snprintf(holders[i].command, sizeof(holders[i].command), "%s", line + at);
			}
	}
}

/* "812 /system.slice/nginx.service" on each line: the processes' cgroups. */
static void replay_processes(char *bytes, struct socket_holder *holders, size_t n)
{
	char *lines = NULL;

	for (char *line = strtok_r(bytes, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		char *end;
		long pid = strtol(line, &end, 10);

		for (size_t i = 0; i < n && *end == ' ' && pid > 0; i++)
			if (holders[i].pid == pid)
				snprintf(holders[i].cgroup, sizeof(holders[i].cgroup), "%s", end + 1);
	}
}

static int replay_names(struct root *r, struct socket_holder *holders, size_t n)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	int err = root_read(r, "names/holders", NAMES_FILE_MAX, &t);

	if (err < 0)
		return err;
	replay_holders(t.s, holders, n);
	if (root_read(r, "names/processes", NAMES_FILE_MAX, &t) == 0)
		replay_processes(t.s, holders, n);
	return 0;
}

static void tell_tap_holders(struct root *r, const struct socket_holder *holders, size_t n)
{
	_cleanup_text_ struct text sockets = TEXT_NULL, processes = TEXT_NULL;

	if (!r->tap.file)
		return;
	for (size_t i = 0; i < n; i++) {
		if (holders[i].pid)
			text_addf(&sockets, "%u %d %s\n", holders[i].inode, holders[i].pid, holders[i].command);
		if (holders[i].pid && *holders[i].cgroup)
			text_addf(&processes, "%d %s\n", holders[i].pid, holders[i].cgroup);
	}
	r->tap.file(r->tap.user, "names/holders", text_get(&sockets), sockets.len);
	r->tap.file(r->tap.user, "names/processes", text_get(&processes), processes.len);
}

int root_holders(struct root *r, struct socket_holder *holders, size_t n)
{
	struct scan s = {.holders = holders, .n = n, .left = n};
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	int fd;

	if (r->recorded)
		return replay_names(r, holders, n);
	for (size_t i = 0; i < n; i++)
		s.filter[holders[i].inode / 64 % 64] |= 1ULL << holders[i].inode % 64;
	fd = root_open_path(r, "proc", O_RDONLY | O_DIRECTORY);
	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && s.left && (e = readdir(dir)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			scan_process(&s, dirfd(dir), e->d_name);
	tell_tap_holders(r, holders, n);
	return 0;
}

/* Since 6.2 the size of the directory says how many it holds; before, they are counted. */
static void count_files(int proc, struct open_files *f)
{
	char path[32];
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%d/fd", f->pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		f->error = -errno;
		return;
	}
	f->used = fstat(fd, &st) == 0 && st.st_size > 0 ? (unsigned long)st.st_size : 0;
	dir = f->used ? NULL : fdopendir(fd);
	if (!dir)
		close(fd);
	while (dir && (e = readdir(dir)))
		f->used += e->d_name[0] != '.';
}

static void replay_open_files(char *bytes, struct open_files *files, size_t n)
{
	char *lines = NULL;

	for (size_t i = 0; i < n; i++)
		files[i].error = -ENOENT;
	for (char *line = strtok_r(bytes, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		unsigned long used;
		int pid, error;

		if (sscanf(line, "%9d %9lu %5d", &pid, &used, &error) != 3 || error < 0)
			continue;
		for (size_t i = 0; i < n; i++)
			if (files[i].pid == pid) {
				files[i].used = used;
				files[i].error = -error;
			}
	}
}

static void tell_tap_open_files(struct root *r, const struct open_files *files, size_t n)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	for (size_t i = 0; i < n; i++)
		text_addf(&t, "%d %lu %d\n", files[i].pid, files[i].used, -files[i].error);
	if (r->tap.file)
		r->tap.file(r->tap.user, "names/open-files", text_get(&t), t.len);
}

int root_open_files(struct root *r, struct open_files *files, size_t n)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_close_ int proc = -1;
	int err;

	if (r->recorded) {
		err = root_read(r, "names/open-files", NAMES_FILE_MAX, &t);
		if (err == 0)
			replay_open_files(t.s, files, n);
		return err;
	}
	proc = root_open_path(r, "proc", O_RDONLY | O_DIRECTORY);
	if (proc < 0)
		return proc;
	for (size_t i = 0; i < n; i++)
		count_files(proc, &files[i]);
	tell_tap_open_files(r, files, n);
	return 0;
}
