/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root: files of this host or of a recorded one, which may be hostile. */
#include "unit.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

static void assert_read(struct root *r, const char *path, const char *want)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	int err;

	text_add(&t, "left over");
	err = root_read(r, path, 1024, &t);
	if (err < 0)
		fail_msg("%s: %s", path, strerror(-err));
	assert_string_equal(text_get(&t), want);
	assert_int_equal(t.len, strlen(want));
}

static void assert_unreadable(struct root *r, const char *path, int error)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	int err;

	text_add(&t, "left over");
	err = root_read(r, path, 1024, &t);
	if (err != -error)
		fail_msg("%s: %d (%s), content '%s'", path, err, strerror(-err), text_get(&t));
	assert_string_equal(text_get(&t), "");
	assert_int_equal(t.len, 0);
}

/* Files */

static void files_are_read_whole(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);

	tree_write(*state, "r/proc/sys/net/core/somaxconn", "4096\n");
	tree_write(*state, "r/empty", "");
	tree_write_bytes(*state, "r/nul", "a\0b", 3);
	assert_read(r, "proc/sys/net/core/somaxconn", "4096\n");
	assert_read(r, "//proc/sys/net/core/somaxconn", "4096\n");
	assert_read(r, "empty", "");
	assert_unreadable(r, "absent", ENOENT);
	assert_unreadable(r, "proc/absent/x", ENOENT);
	assert_unreadable(r, "empty/x", ENOTDIR);
}

static void files_over_the_limit_are_refused(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_free_ char *bytes = repeat('x', 10000);
	_cleanup_text_ struct text t = TEXT_NULL;

	tree_write_bytes(*state, "r/f", bytes, 10000);
	assert_int_equal(root_read(r, "f", 10000, &t), 0);
	assert_int_equal(t.len, 10000);
	assert_memory_equal(t.s, bytes, 10000);
	assert_int_equal(root_read(r, "f", 9999, &t), -EFBIG);
	assert_int_equal(t.len, 0);
	assert_int_equal(root_read(r, "f", 0, &t), -EFBIG);
}

static void only_regular_files_are_read(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	struct tree *t = *state;

	alarm(HANG_S);
	assert_int_equal(mkfifoat(t->fd, "r/fifo", 0644), 0);
	tree_directory(t, "r/dir");
	assert_unreadable(r, "fifo", EINVAL);
	assert_unreadable(r, "dir", EINVAL);
	alarm(0);
}

static void paths_too_long_are_refused(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_free_ char *path = repeat('/', 2000);

	for (size_t i = 0; i < 2000; i += 2)
		path[i] = 'a';
	assert_unreadable(r, path, ENAMETOOLONG);
}

static void add_escapes(struct tree *t)
{
	char secret[4200];

	tree_write(t, "secret", "outside\n");
	tree_write(t, "r/etc/inside", "inside\n");
	tree_link(t, "r/up", "../secret");
	tree_link(t, "r/far-up", "../../../../../../../../etc/hostname");
	tree_link(t, "r/absolute", tree_path(t, "secret", secret, sizeof(secret)));
	tree_link(t, "r/directory", "/");
	tree_link(t, "r/above", "..");
	tree_link(t, "r/self", "/proc/self/root/etc/hostname");
	tree_link(t, "r/etc/circle", "circle");
}

static void links_do_not_leave_a_record(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);

	add_escapes(*state);
	assert_unreadable(r, "up", ENOENT);
	assert_unreadable(r, "far-up", ENOENT);
	assert_unreadable(r, "absolute", ENOENT);
	assert_unreadable(r, "above/secret", ENOENT);
	assert_unreadable(r, "../secret", ENOENT);
	assert_unreadable(r, "etc/../../secret", ENOENT);
	assert_unreadable(r, "directory/proc/self/status", ENOENT);
	assert_unreadable(r, "self", ENOENT);
	assert_unreadable(r, "etc/circle", ELOOP);
}

/* What was absolute on the recorded host stays inside its record. */
static void links_resolve_inside_a_record(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);

	tree_write(*state, "r/usr/lib/sysctl.d/50-default.conf", "x\n");
	tree_link(*state, "r/lib", "usr/lib");
	tree_link(*state, "r/etc/sysctl.d/99-link.conf", "../sysctl.conf");
	tree_link(*state, "r/etc/sysctl.conf", "/usr/lib/sysctl.d/50-default.conf");
	assert_read(r, "lib/sysctl.d/50-default.conf", "x\n");
	assert_read(r, "etc/sysctl.d/99-link.conf", "x\n");
}

static int refuse_openat2(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0;
}

static int read_without_openat2(struct root *r)
{
	static const char *const outside[] = {"up",
					      "far-up",
					      "absolute",
					      "above/secret",
					      "../secret",
					      "etc/../../secret",
					      "directory/proc/self/status",
					      "self",
					      "etc/circle"};
	_cleanup_text_ struct text text = TEXT_NULL;

	if (refuse_openat2())
		return 1;
	if (root_read(r, "/etc/inside", 1024, &text) < 0 || strcmp(text.s, "inside\n"))
		return 2;
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		if (root_read(r, outside[i], 1024, &text) >= 0)
			return 10 + (int)i;
	if (root_read(r, "absent/x", 1024, &text) != -ENOENT)
		return 3;
	return 0;
}

static void old_kernels_do_not_leave_a_record_either(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);

	add_escapes(*state);
	assert_child(read_without_openat2, r);
}

struct names {
	char all[256];
	int answer;
};

static int add_name(void *user, const char *name)
{
	struct names *n = user;

	strncat(n->all, name, 20);
	strcat(n->all, " ");
	return n->answer;
}

static void directories_are_listed_in_byte_order(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	struct names n = {.answer = 1};

	tree_write(*state, "r/d/b", "");
	tree_write(*state, "r/d/a", "");
	tree_write(*state, "r/d/B", "");
	tree_write(*state, "r/d/é", "");
	tree_write(*state, "r/d/.hidden", "");
	tree_directory(*state, "r/d/sub");
	assert_int_equal(root_list(r, "d", add_name, &n), 0);
	assert_string_equal(n.all, ".hidden B a b sub é ");
	n = (struct names){.answer = -ECANCELED};
	assert_int_equal(root_list(r, "d", add_name, &n), -ECANCELED);
	assert_string_equal(n.all, ".hidden ");
}

static void directories_outside_are_not_listed(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	struct names n = {0};

	add_escapes(*state);
	assert_int_equal(root_list(r, "absent", add_name, &n), -ENOENT);
	assert_int_equal(root_list(r, "record.conf", add_name, &n), -ENOTDIR);
	assert_int_equal(root_list(r, "directory/proc", add_name, &n), -ENOENT);
	assert_string_equal(n.all, "");
	assert_int_equal(root_list(r, "above/etc", add_name, &n), 0);
	assert_string_equal(n.all, "circle inside ");
}

static void links_are_read(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	char target[16] = "untouched";

	tree_link(*state, "r/net", "net:[4026531840]");
	tree_write(*state, "r/file", "");
	assert_int_equal(root_readlink(r, "file", target, sizeof(target)), -EINVAL);
	assert_int_equal(root_readlink(r, "absent", target, sizeof(target)), -ENOENT);
	assert_string_equal(target, "untouched");
	assert_int_equal(root_readlink(r, "net", target, sizeof(target)), 0);
	assert_string_equal(target, "net:[4026531840");
}

static void files_that_anybody_may_write_are_known(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);

	tree_write(*state, "r/ours", "");
	tree_write(*state, "r/everybody's", "");
	tree_mode(*state, "r/everybody's", 0666);
	tree_link(*state, "r/link", "everybody's");
	assert_false(root_anybody_writes(r, "ours"));
	assert_true(root_anybody_writes(r, "everybody's"));
	assert_true(root_anybody_writes(r, "link"));
	assert_false(root_anybody_writes(r, "absent"));
}

static void inodes_are_those_of_this_host_only(void **state)
{
	_cleanup_(root_freep) struct root *recorded = open_record(*state, PLAIN), *live = NULL;
	uint64_t inode = 7;
	struct stat st;

	assert_int_equal(root_inode(recorded, "record.conf", &inode), -ENOENT);
	assert_int_equal(inode, 7);
	assert_int_equal(root_open(NULL, &live, NULL), 0);
	assert_int_equal(stat("/proc/sys", &st), 0);
	assert_int_equal(root_inode(live, "proc/sys", &inode), 0);
	assert_true(inode == st.st_ino);
}

/* The record's own description */

static void a_record_describes_its_host(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(
		*state,
		"format = 1\n[host]\nkernel = 6.1.0-32-amd64\nmachine = x86_64\n"
		"hostname = db1\nnetns = blue\n"
		"page-size = 16384\nclock-ticks = 250\nclock = 1700000000.5\nwindow = 2.5\n"
		"netns-inode = 4026531840\nprivileged = yes\n");
	const struct root_host *h = root_host(r);

	assert_true(root_is_recorded(r));
	assert_string_equal(h->kernel, "6.1.0-32-amd64");
	assert_string_equal(h->machine, "x86_64");
	assert_string_equal(h->hostname, "db1");
	assert_string_equal(h->netns, "blue");
	assert_int_equal(h->version[0], 6);
	assert_int_equal(h->version[1], 1);
	assert_int_equal(h->version[2], 0);
	assert_int_equal(h->page_size, 16384);
	assert_int_equal(h->clock_ticks, 250);
	assert_true(h->clock == 1700000000.5 && h->window == 2.5);
	assert_true(h->netns_inode == 4026531840u);
	assert_true(h->privileged);
	assert_int_equal(root_enter_netns(r, "x", 0), -EOPNOTSUPP);
}

static void what_a_record_does_not_say_is_common(void **state)
{
	_cleanup_(root_freep) struct root *r =
		open_record(*state, "format = 1\n[host]\nkernel = 6.18\n");
	const struct root_host *h = root_host(r);

	assert_int_equal(h->page_size, 4096);
	assert_int_equal(h->clock_ticks, 100);
	assert_false(h->privileged);
	assert_true(h->window == 0);
	assert_int_equal(h->version[0], 6);
	assert_int_equal(h->version[1], 18);
	assert_int_equal(h->version[2], 0);
}

static void a_release_that_cannot_be_read_is_no_version(void **state)
{
	_cleanup_(root_freep) struct root *r =
		open_record(*state, "format = 1\n[host]\nkernel = 6-custom\n");
	const struct root_host *h = root_host(r);

	assert_int_equal(h->version[0] + h->version[1] + h->version[2], 0);
}

static void a_live_root_is_this_host(void **state)
{
	_cleanup_(root_freep) struct root *r = NULL;
	const struct root_host *h;
	struct utsname u;
	char release[80];

	(void)state;
	assert_int_equal(root_open(NULL, &r, NULL), 0);
	h = root_host(r);
	uname(&u);
	assert_false(root_is_recorded(r));
	assert_string_equal(h->kernel, u.release);
	assert_string_equal(h->machine, u.machine);
	assert_true(h->version[0] >= 3);
	assert_int_equal(h->page_size, sysconf(_SC_PAGESIZE));
	assert_int_equal(h->privileged, geteuid() == 0);
	assert_true(h->clock > 1.7e9);
	snprintf(release, sizeof(release), "%s\n", u.release);
	assert_read(r, "proc/sys/kernel/osrelease", release);
	assert_unreadable(r, "proc/absent", ENOENT);
	assert_unreadable(r, "proc", EINVAL);
}

static void what_is_no_record_is_refused(void **state)
{
	static const struct refusal rows[] = {
		{"format = 1\n[host]\npage-size = 511\n", 3,
		 "'page-size' must be a number from 512"},
		{"format = 1\n[host]\npage-size = 4096k\n", 3, "'page-size' must be a number"},
		{"format = 1\n[host]\nclock-ticks = 0\n", 3, "'clock-ticks' must be a number"},
		{"format = 1\n[host]\nclock = nan\n", 3, "'clock' must be a number"},
		{"format = 1\n[host]\nwindow = -1\n", 3, "'window' must be a number"},
		{"format = 1\n[host]\nwindow =\n", 3, "'window' must be a number"},
		{"format = 1\n[host]\nnetns-inode = x\n", 3, "'netns-inode' must be a number"},
		{"format = 1\n[host]\nmemory = 3\n", 3, "unknown key 'memory'"},
		{"format = 1\n[hots]\nkernel = 6.1\n", 3, "unknown section [hots]"},
		{"format = 1\nkernel = 6.1\n", 2, "unknown section []"},
		{"format = 1\n[missing]\nproc/x = EACCES\n", 3,
		 "'proc/x' must be a number from 1 to 4095"},
		{"format = 1\n[missing]\nproc/x = 0\n", 3, "'proc/x' must be a number"},
		{"format = 3\n", 1, "must begin with 'format = 1'"},
		{"[host]\nkernel\n", 2, "neither a section"},
	};
	char path[4200];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct root *r = NULL;
		struct diag d = {0};

		tree_write(*state, "r/record.conf", rows[i].input);
		assert_int_equal(root_open(tree_path(*state, "r", path, sizeof(path)), &r, &d),
				 -EINVAL);
		assert_diag(&d, "record.conf", rows[i].line, rows[i].says);
		assert_null(r);
	}
}

static void directories_that_are_no_record_are_refused(void **state)
{
	struct tree *t = *state;
	struct root *r = NULL;
	struct diag d = {0};
	char path[4200];

	alarm(HANG_S);
	tree_directory(t, "r");
	tree_path(t, "r", path, sizeof(path));
	assert_int_equal(root_open(path, &r, &d), -EINVAL);
	assert_diag(&d, "record.conf", 0, "not a recorded host");
	assert_int_equal(mkfifoat(t->fd, "r/record.conf", 0644), 0);
	assert_int_equal(root_open(path, &r, &d), -EINVAL);
	assert_diag(&d, "record.conf", 0, "cannot be read");
	assert_int_equal(root_open(tree_path(t, "absent", path, sizeof(path)), &r, &d), -ENOENT);
	assert_int_equal(root_open(tree_path(t, "r/record.conf", path, sizeof(path)), &r, &d),
			 -ENOTDIR);
	assert_null(r);
	assert_null(root_free(NULL));
	alarm(0);
}

/* A replay fails where the recorded host failed, and says why. */
static void a_record_knows_what_was_missing(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(
		*state,
		"format = 1\n[missing]\nproc/net/netstat = 13\nproc/there = 5\n"
		"netlink/tcp.diag = 1\n");
	struct nlmsghdr request = {.nlmsg_len = sizeof(request)};

	tree_write(*state, "r/proc/there", "here after all\n");
	assert_unreadable(r, "proc/net/netstat", EACCES);
	assert_unreadable(r, "proc/net/snmp", ENOENT);
	assert_read(r, "proc/there", "here after all\n");
	assert_int_equal(root_netlink(r, NETLINK_SOCK_DIAG, "tcp.diag", &request, NULL, NULL),
			 -EPERM);
	assert_int_equal(root_netlink(r, NETLINK_SOCK_DIAG, "tcp6.diag", &request, NULL, NULL),
			 -ENOENT);
}

/* Samples */

static void samples_are_kept_apart(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_text_ struct text t = TEXT_NULL;

	tree_write(*state, "r/proc/net/snmp", "first\n");
	tree_write(*state, "r/proc/sys/x", "once\n");
	assert_int_equal(root_set_sample(r, 1), 0);
	assert_int_equal(root_set_sample(r, 2), -ENODATA);
	assert_read(r, "proc/net/snmp", "first\n");

	tree_write(*state, "r/sample-2/proc/net/snmp", "second\n");
	assert_int_equal(root_set_sample(r, 2), 0);
	assert_read(r, "proc/net/snmp", "second\n");
	/* What vanished in between did not stay as it was. */
	assert_int_equal(root_read(r, "proc/sys/x", 100, &t), -ENOENT);

	assert_int_equal(root_set_sample(r, 1), 0);
	assert_read(r, "proc/net/snmp", "first\n");
}

static void a_tap_sees_what_is_read(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_(free_tapped) struct tapped t = {0};
	char target[64];

	tree_write(*state, "r/a", "1");
	tree_write(*state, "r/sample-2/a", "2");
	tree_directory(*state, "r/dir");
	tree_link(*state, "r/l", "to");
	set_tap(r, &t);
	assert_read(r, "a", "1");
	assert_unreadable(r, "absent", ENOENT);
	assert_unreadable(r, "dir", EINVAL);
	assert_int_equal(root_readlink(r, "l", target, sizeof(target)), 0);
	assert_int_equal(root_set_sample(r, 2), 0);
	assert_read(r, "a", "2");
	assert_string_equal(text_get(&t.text),
			    "file a 1\nmissing dir 22\nlink l to\nfile sample-2/a 2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(files_are_read_whole),
		in_tree(files_over_the_limit_are_refused),
		in_tree(only_regular_files_are_read),
		in_tree(paths_too_long_are_refused),
		in_tree(links_do_not_leave_a_record),
		in_tree(links_resolve_inside_a_record),
		in_tree(old_kernels_do_not_leave_a_record_either),
		in_tree(directories_are_listed_in_byte_order),
		in_tree(directories_outside_are_not_listed),
		in_tree(links_are_read),
		in_tree(files_that_anybody_may_write_are_known),
		in_tree(inodes_are_those_of_this_host_only),
		in_tree(a_record_describes_its_host),
		in_tree(what_a_record_does_not_say_is_common),
		in_tree(a_release_that_cannot_be_read_is_no_version),
		cmocka_unit_test(a_live_root_is_this_host),
		in_tree(what_is_no_record_is_refused),
		in_tree(directories_that_are_no_record_are_refused),
		in_tree(a_record_knows_what_was_missing),
		in_tree(samples_are_kept_apart),
		in_tree(a_tap_sees_what_is_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
