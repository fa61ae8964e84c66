/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that is replaced as a whole or not at all, whoever reads it and whatever lies in the way. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "unit.h"

#include "daemon/textfile.h"

static int write_at(const char *path, const char *s)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	text_add(&t, s);
	return textfile_write(path, &t);
}

static int write_in(const struct tree *t, const char *name, const char *s)
{
	char path[4200];

	return write_at(tree_path(t, name, path, sizeof(path)), s);
}

static void assert_holds(const struct tree *t, const char *name, const char *s)
{
	_cleanup_close_ int fd = openat(t->fd, name, O_RDONLY | O_CLOEXEC);
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	assert_int_equal(n, strlen(s));
	assert_memory_equal(buf, s, strlen(s));
}

static size_t entries(const char *path)
{
	_cleanup_closedir_ DIR *d = opendir(path);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	return n - 2;
}

static void everybody_may_read_it(void **state)
{
	mode_t old = umask(077);
	struct tree *t = *state;
	struct stat st;
	int r;

	r = write_in(t, "a.prom", "one\n");
	umask(old);
	assert_int_equal(r, 0);
	assert_int_equal(fstatat(t->fd, "a.prom", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_holds(t, "a.prom", "one\n");
	assert_int_equal(write_in(t, "a.prom", "2\n"), 0);
	assert_holds(t, "a.prom", "2\n");
	assert_int_equal(write_in(t, "a.prom", ""), 0);
	assert_holds(t, "a.prom", "");
	assert_int_equal(entries(t->path), 1);
}

static void links_are_replaced_and_never_followed(void **state)
{
	struct tree *t = *state;
	struct stat st;

	tree_write(t, "precious", "mine");
	tree_link(t, "a.prom", "precious");
	tree_link(t, ".a.prom.new", "precious");
	assert_int_equal(write_in(t, "a.prom", "one\n"), 0);
	assert_holds(t, "precious", "mine");
	assert_holds(t, "a.prom", "one\n");
	assert_int_equal(fstatat(t->fd, "a.prom", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	/* What a killed service left; and another name of a file that is not ours. */
	tree_write(t, ".a.prom.new", "half");
	assert_int_equal(write_in(t, "a.prom", "two\n"), 0);
	assert_int_equal(linkat(t->fd, "precious", t->fd, ".a.prom.new", 0), 0);
	assert_int_equal(write_in(t, "a.prom", "three\n"), 0);
	assert_holds(t, "precious", "mine");
	assert_holds(t, "a.prom", "three\n");
	assert_int_equal(entries(t->path), 2);
}

/* What cannot be taken away is an error, and harms nothing. */
static void a_directory_in_the_way_is_an_error(void **state)
{
	struct tree *t = *state;

	tree_directory(t, ".a.prom.new");
	assert_true(write_in(t, "a.prom", "one\n") < 0);
	tree_directory(t, "b.prom");
	tree_write(t, "b.prom/c", "mine");
	assert_true(write_in(t, "b.prom", "one\n") < 0);
	assert_holds(t, "b.prom/c", "mine");
	assert_int_equal(entries(t->path), 2);
}

static void the_directory_may_go_and_come_back(void **state)
{
	struct tree *t = *state;

	assert_int_equal(write_in(t, "d/a.prom", "one\n"), -ENOENT);
	tree_directory(t, "d");
	assert_int_equal(write_in(t, "d/a.prom", "one\n"), 0);
	assert_int_equal(unlinkat(t->fd, "d/a.prom", 0), 0);
	assert_int_equal(unlinkat(t->fd, "d", AT_REMOVEDIR), 0);
	assert_int_equal(write_in(t, "d/a.prom", "two\n"), -ENOENT);
	tree_write(t, "d", "a file");
	assert_int_equal(write_in(t, "d/a.prom", "two\n"), -ENOTDIR);
	assert_int_equal(unlinkat(t->fd, "d", 0), 0);
	tree_directory(t, "d");
	assert_int_equal(write_in(t, "d/a.prom", "three\n"), 0);
	assert_holds(t, "d/a.prom", "three\n");
}

static void paths_that_name_no_file_are_refused(void **state)
{
	static const char *const paths[] = {"", "a.prom", "./a.prom", "/", "/tmp/", "/tmp/.", "/tmp/.."};
	_cleanup_free_ char *big = repeat('n', 252);
	char path[4200];

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_int_equal(write_at(paths[i], "one\n"), -EINVAL);
	assert_int_equal(write_at(tree_path(*state, big, path, sizeof(path)), "one\n"), -ENAMETOOLONG);
	/* The longest that leaves room for the other name. */
	big[250] = 0;
	assert_int_equal(write_at(tree_path(*state, big, path, sizeof(path)), "one\n"), 0);
}

static void what_was_left_behind_is_taken_away(void **state)
{
	struct tree *t = *state;
	char path[4200];

	tree_path(t, "d/a.prom", path, sizeof(path));
	assert_int_equal(textfile_remove(path, true), 0);
	tree_write(t, "d/a.prom", "one\n");
	tree_write(t, "d/.a.prom.new", "tw");
	tree_write(t, "d/b.prom", "other");
	assert_int_equal(textfile_remove(path, false), 0);
	assert_holds(t, "d/a.prom", "one\n");
	assert_int_equal(textfile_remove(path, true), 0);
	assert_int_equal(entries(t->path), 1);
	assert_holds(t, "d/b.prom", "other");
}

/* A document of this turn: each line says which, and the last how many. */
static void document(struct text *t, unsigned turn)
{
	unsigned lines = 200 + turn % 1700;

	t->len = 0;
	for (unsigned i = 0; i < lines; i++)
		text_addf(t, "tcpadvisor_turn %u\n", turn);
	text_addf(t, "end %u of %u\n", lines, turn);
}

static bool is_whole(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	unsigned turn = 0, lines = 0, last = 0, n = 0;
	char line[64];

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "end %u of %u", &n, &last) == 2)
			break;
		if (sscanf(line, "tcpadvisor_turn %u", &turn) != 1 || (lines && turn != last))
			return false;
		last = turn;
		lines++;
	}
	return n && n == lines && last == turn && !fgets(line, sizeof(line), f);
}

static _Noreturn void read_on(const char *path)
{
	for (;;)
		if (!is_whole(path))
			_exit(1);
}

/* Readers all the time, a writer as fast as it can. */
static void no_reader_sees_half_a_file(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	char path[4200];
	int status;
	pid_t pid;

	tree_path(*state, "a.prom", path, sizeof(path));
	document(&t, 0);
	assert_int_equal(textfile_write(path, &t), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		read_on(path);
	for (unsigned turn = 1; turn < 800; turn++) {
		document(&t, turn);
		assert_int_equal(textfile_write(path, &t), 0);
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(is_whole(path));
}

/* Each turn makes a file that is larger than what is left: the old one stays, and nothing else is there. */
static int fill_disk(const char *dir)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	char path[4200];

	snprintf(path, sizeof(path), "%s/a.prom", dir);
	document(&t, 1);
	if (textfile_write(path, &t) < 0)
		return 10;
	for (unsigned i = 0; i < 100; i++) {
		t.len = 0;
		for (unsigned k = 0; k < 100 * 1024; k++)
			text_add(&t, "x");
		if (textfile_write(path, &t) != -ENOSPC)
			return 11;
		if (!is_whole(path) || entries(dir) != 1 || access(path, R_OK) < 0)
			return 12;
	}
	document(&t, 2);
	return textfile_write(path, &t) < 0 || !is_whole(path) ? 13 : 0;
}

static int map_root(void)
{
	char map[64];
	uid_t uid = getuid();
	_cleanup_close_ int fd = -1;

	if (unshare(CLONE_NEWNS) == 0)
		return 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	snprintf(map, sizeof(map), "0 %u 1", uid);
	return fd < 0 || write(fd, map, strlen(map)) < 0 ? -errno : 0;
}

enum { CANNOT = 77 };

static _Noreturn void on_a_full_disk(const char *dir)
{
	if (map_root() < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=96k,nr_inodes=8") < 0)
		_exit(CANNOT);
	alarm(HANG_S);
	_exit(fill_disk(dir));
}

static void a_full_disk_leaves_the_old_file(void **state)
{
	struct tree *t = *state;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		on_a_full_disk(t->path);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT)
		print_message("# no mount namespace here: the full tmpfs is left out\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

/* The same where no file system can be mounted: a limit on the size of files, met in the middle of a write. */
static int meet_limit(const char *path)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){10000, 10000}) < 0)
		return 20;
	document(&t, 900);
	if (write_at(path, "end 0 of 0\n") < 0)
		return 21;
	if (textfile_write(path, &t) != -EFBIG)
		return 22;
	return write_at(path, "fits\n") < 0 ? 23 : 0;
}

static void a_write_that_ends_early_leaves_the_old_file(void **state)
{
	struct tree *t = *state;
	char path[4200];
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(meet_limit(tree_path(t, "a.prom", path, sizeof(path))));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_holds(t, "a.prom", "fits\n");
	assert_int_equal(entries(t->path), 1);
}

static void no_descriptor_is_left_open(void **state)
{
	size_t before = entries("/proc/self/fd");

	for (int i = 0; i < 100; i++) {
		assert_int_equal(write_in(*state, "a.prom", "one\n"), 0);
		assert_int_equal(write_in(*state, "none/a.prom", "one\n"), -ENOENT);
	}
	assert_int_equal(entries("/proc/self/fd"), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(everybody_may_read_it),
		in_tree(links_are_replaced_and_never_followed),
		in_tree(a_directory_in_the_way_is_an_error),
		in_tree(the_directory_may_go_and_come_back),
		in_tree(paths_that_name_no_file_are_refused),
		in_tree(what_was_left_behind_is_taken_away),
		in_tree(no_reader_sees_half_a_file),
		in_tree(a_full_disk_leaves_the_old_file),
		in_tree(a_write_that_ends_early_leaves_the_old_file),
		in_tree(no_descriptor_is_left_open),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
