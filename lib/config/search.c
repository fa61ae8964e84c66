/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/search.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/ini.h"

struct listing {
	struct search *search;
	struct root *root;
	const char *directory, *suffix;
	bool packaged;
};

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && !strcmp(name + n - m, suffix) && name[0] != '.';
}

bool search_is_masked(struct root *root, const char *path)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	char target[64];

	if (root_readlink(root, path, target, sizeof(target)) == 0 && !strcmp(target, "/dev/null"))
		return true;
	return root_read(root, path, INI_FILE_MAX, &t) == 0 && t.len == 0;
}

static int on_name(void *user, const char *name)
{
	struct listing *l = user;
	struct search *s = l->search;
	struct search_file *f;

	if (!has_suffix(name, l->suffix))
		return 0;
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->files[i].name, name))
			return 0; /* a directory before this one has it */
	if (s->count == SEARCH_FILES_MAX)
		return -E2BIG;
	f = reallocarray(s->files, s->count + 1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	s->files = f;
	f += s->count;
	*f = (struct search_file){.packaged = l->packaged};
	f->name = strdup(name);
	/* Of the root they are read relative to it, and named as its host has them. */
	if (asprintf(&f->path, "%s%s/%s", l->packaged ? "" : "/", l->directory, name) < 0)
		f->path = NULL;
	s->count++;
	if (!f->name || !f->path)
		return -ENOMEM;
	f->masked = !l->packaged && search_is_masked(l->root, f->path + 1);
	return 0;
}

static int list_packaged(struct listing *l)
{
	_cleanup_closedir_ DIR *dir = opendir(l->directory);
	struct dirent *e;
	int r = 0;

	if (!dir)
		return -errno;
	while (r >= 0 && (e = readdir(dir)))
		r = on_name(l, e->d_name);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct search_file *)a)->name, ((const struct search_file *)b)->name);
}

int search_files(struct root *root, const char *datadir, const char *sub, const char *suffix, struct search *ret)
{
	static const char *const tops[] = {"etc/tcpadvisor", "run/tcpadvisor"};
	_cleanup_(search_clearp) struct search *s = &(struct search){0};
	_cleanup_free_ char *packaged = NULL;
	char directory[64];
	struct listing l = {.search = s, .root = root, .directory = directory, .suffix = suffix};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		snprintf(directory, sizeof(directory), "%s%s%s", tops[i], *sub ? "/" : "", sub);
		r = root_list(root, directory, on_name, &l);
		if (r < 0 && r != -ENOENT && r != -EACCES && r != -ENOTDIR)
			return r;
	}
	if (datadir) {
		if (asprintf(&packaged, "%s/%s", datadir, sub) < 0)
			return -ENOMEM;
		l.directory = packaged;
		l.packaged = true;
		r = list_packaged(&l);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	if (s->count)
		qsort(s->files, s->count, sizeof(*s->files), by_name);
	*ret = *s;
	*s = (struct search){0};
	return 0;
}

void search_clear(struct search *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->files[i].name);
		free(s->files[i].path);
	}
	free(s->files);
	*s = (struct search){0};
}

int search_read_path(const char *path, struct text *ret, struct diag *d)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char chunk[4096];
	struct stat st;
	ssize_t n;

	ret->len = 0;
	text_addn(ret, "", 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return diag_set(d, path, 0, "cannot be read: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return diag_set(d, path, 0, "not a regular file");
	if (st.st_mode & S_IWOTH)
		return diag_set(d, path, 0, "anybody may write it: refused");
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		if (ret->len + (size_t)n > INI_FILE_MAX)
			return diag_set(d, path, 0, "larger than 1 MiB");
		text_addn(ret, chunk, (size_t)n);
	}
	return n < 0 ? diag_set(d, path, 0, "cannot be read: %s", strerror(errno)) : 0;
}

int search_read(struct root *root, const struct search_file *f, struct text *ret, struct diag *d)
{
	int r;

	if (f->packaged)
		return search_read_path(f->path, ret, d);
	if (root_anybody_writes(root, f->path + 1))
		return diag_set(d, f->path, 0, "anybody may write it: refused");
	r = root_read(root, f->path + 1, INI_FILE_MAX, ret);
	if (r == -EFBIG)
		return diag_set(d, f->path, 0, "larger than 1 MiB");
	return r < 0 ? diag_set(d, f->path, 0, "cannot be read: %s", strerror(-r)) : 0;
}
