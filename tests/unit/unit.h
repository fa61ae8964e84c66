/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the unit tests: throw-away trees and records, what a tap saw, children. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/diag.h"
#include "base/macro.h"
#include "root/root.h"

/* The file must be wrong in this line, and the sentence must contain these words. */
static inline void assert_diag(const struct diag *d, const char *file, unsigned line,
			       const char *says)
{
	if (strcmp(d->file, file) || d->line != line || !strstr(d->message, says))
		fail_msg("'%s' in %s:%u expected, got %s:%u: %s", says, file, line, d->file,
			 d->line, d->message);
}

/* A table of inputs that a loader must refuse: where, and in which words. */
struct refusal {
	const char *input;
	unsigned line;
	const char *says;
};

/* Text of n times the same character; the caller frees it. */
static inline char *repeat(char c, size_t n)
{
	char *s = malloc(n + 1);

	assert_non_null(s);
	memset(s, c, n);
	s[n] = 0;
	return s;
}

/* A directory of its own for each test that is listed with in_tree(). */
struct tree {
	char path[4096];
	int fd;
};

static inline int tree_setup(void **state)
{
	const char *top = getenv("TMPDIR");
	struct tree *t = calloc(1, sizeof(*t));

	if (!t)
		return -1;
	snprintf(t->path, sizeof(t->path), "%s/unit-XXXXXX", top && *top ? top : "/tmp");
	if (!mkdtemp(t->path))
		return -1;
	t->fd = open(t->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = t;
	return t->fd < 0 ? -1 : 0;
}

static inline int tree_remove_one(const char *path, const struct stat *st, int type,
				  struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int tree_teardown(void **state)
{
	struct tree *t = *state;
	int r = nftw(t->path, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);

	close(t->fd);
	free(t);
	return r;
}

/* The directories above a path, as mkdir -p makes them. */
static inline void tree_parents(const struct tree *t, const char *path)
{
	char copy[512];

	assert_true(strlen(path) < sizeof(copy));
	strcpy(copy, path);
	for (char *p = strchr(copy, '/'); p; p = strchr(p + 1, '/')) {
		*p = 0;
		mkdirat(t->fd, copy, 0755);
		*p = '/';
	}
}

static inline void tree_directory(const struct tree *t, const char *path)
{
	tree_parents(t, path);
	assert_int_equal(mkdirat(t->fd, path, 0755), 0);
}

static inline void tree_write_bytes(const struct tree *t, const char *path, const void *bytes,
				    size_t n)
{
	_cleanup_close_ int fd = -1;

	tree_parents(t, path);
	fd = openat(t->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
}

static inline void tree_write(const struct tree *t, const char *path, const char *text)
{
	tree_write_bytes(t, path, text, strlen(text));
}

static inline void tree_link(const struct tree *t, const char *path, const char *target)
{
	tree_parents(t, path);
	assert_int_equal(symlinkat(target, t->fd, path), 0);
}

static inline void tree_mode(const struct tree *t, const char *path, mode_t mode)
{
	assert_int_equal(fchmodat(t->fd, path, mode, 0), 0);
}

static inline const char *tree_path(const struct tree *t, const char *path, char *buf, size_t size)
{
	assert_true((size_t)snprintf(buf, size, "%s/%s", t->path, path) < size);
	return buf;
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

/* The record is the folder "r" of the tree: what lies beside it is outside. */
static inline struct root *open_record(const struct tree *t, const char *conf)
{
	struct diag d = {0};
	struct root *r = NULL;
	char path[4200];

	tree_write(t, "r/record.conf", conf);
	if (root_open(tree_path(t, "r", path, sizeof(path)), &r, &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
	return r;
}

#define PLAIN "format = 1\n[host]\nkernel = 6.12.1\n"

enum { HANG_S = 20 };

/* In a child: what goes wrong there, a crash too, is this test's failure and nobody else's. */
static inline void assert_child(int (*fn)(struct root *r), struct root *r)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		alarm(HANG_S);
		_exit(fn(r));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("child ends with %s %d", WIFEXITED(status) ? "status" : "signal",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* What a tap saw: a line for each event, and all netlink bytes. */
struct tapped {
	struct text text, bytes;
};

static inline void tap_file(void *user, const char *path, const char *bytes, size_t n)
{
	struct tapped *t = user;

	text_addf(&t->text, "file %s %.*s\n", path, (int)n, bytes);
}

static inline void tap_append(void *user, const char *path, const void *bytes, size_t n)
{
	struct tapped *t = user;

	if (!t->bytes.len)
		text_addf(&t->text, "append %s\n", path);
	text_addn(&t->bytes, bytes, n);
}

static inline void tap_link(void *user, const char *path, const char *target)
{
	struct tapped *t = user;

	text_addf(&t->text, "link %s %s\n", path, target);
}

static inline void tap_missing(void *user, const char *path, int error)
{
	struct tapped *t = user;

	text_addf(&t->text, "missing %s %d\n", path, error);
}

static inline void set_tap(struct root *r, struct tapped *t)
{
	root_set_tap(r, &(struct root_tap){t, tap_file, tap_append, tap_link, tap_missing});
}

static inline void free_tapped(struct tapped *t)
{
	text_clear(&t->text);
	text_clear(&t->bytes);
}
