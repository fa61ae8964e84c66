/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "root/netns.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include "base/macro.h"

enum { NAMESPACES_MAX = 4096 };

struct seen {
	uint64_t inodes[NAMESPACES_MAX];
	size_t count;
	size_t denied;
	int (*fn)(void *user, const char *name, int fd);
	void *user;
};

static int open_named(const char *which)
{
	char path[300];

	if (strspn(which, "0123456789") == strlen(which))
		snprintf(path, sizeof(path), "/proc/%s/ns/net", which);
	else if (strchr(which, '/') || strlen(which) > 200)
		return -EINVAL;
	else
		snprintf(path, sizeof(path), "/run/netns/%s", which);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Of ours, which says nothing of what is there. */
static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* Each namespace once, whichever of its names came first. */
static int visit(struct seen *s, const char *path, const char *name)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		s->denied += errno == EACCES || errno == EPERM;
		return is_shortage(errno) ? -errno : 0;
	}
	for (size_t i = 0; i < s->count; i++)
		if (s->inodes[i] == st.st_ino)
			return 0;
	if (s->count == NAMESPACES_MAX)
		return 0;
	s->inodes[s->count++] = st.st_ino;
	return s->fn(s->user, name, fd);
}

static int visit_directory(struct seen *s, const char *dir, const char *suffix)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), r = n < 0 && is_shortage(errno) ? -errno : 0;

	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		char path[512];

		if (!r && name[0] != '.' && (!*suffix || isdigit((unsigned char)name[0]))) {
			snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
			r = visit(s, path, name);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return r;
}

static int visit_all(struct seen *s)
{
	int r = visit(s, "/proc/self/ns/net", "");

	if (!r)
		r = visit_directory(s, "/run/netns", "");
	if (!r)
		r = visit_directory(s, "/proc", "/ns/net");
	return r;
}

int netns_each(const char *which, int (*fn)(void *user, const char *name, int fd), void *user, size_t *denied)
{
	_cleanup_free_ struct seen *s = NULL;
	int r;

	*denied = 0;
	if (strcmp(which, "all")) {
		_cleanup_close_ int fd = open_named(which);

		return fd < 0 ? fd : fn(user, which, fd);
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fn = fn;
	s->user = user;
	r = visit_all(s);
	*denied = s->denied;
	return r;
}
