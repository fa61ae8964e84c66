/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Borrowed descriptors: what another process's socket says, what must be refused, and how little the owner notices. */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "root/root-borrow.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct root *live(void)
{
	struct root *r = NULL;
	struct diag d;

	assert_int_equal(root_open(NULL, &r, &d), 0);
	return r;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t n = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n), 0);
	return cookie;
}

/* A child that has what we have now, until it is told to go. */
static pid_t keeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		for (;;)
			pause();
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool lent(const struct borrowed *b)
{
	return b->error != EPERM && b->error != ENOSYS && b->error != EACCES;
}

static void an_owner_is_asked(void **state)
{
	_cleanup_(root_freep) struct root *r = live();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, size = 20000, ms = 12345;
	struct borrowed b[2];
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	pid = keeper();
	b[0] = (struct borrowed){.cookie = cookie_of(fd), .pid = pid, .fd = fd};
	b[1] = (struct borrowed){.cookie = 1};
	assert_int_equal(root_borrow(r, b, 2), 0);
	end(pid);
	close(fd);
	assert_int_equal(b[1].error, ENODATA);
	if (!lent(&b[0]))
		skip();
	assert_int_equal(b[0].error, 0);
	assert_int_equal(b[0].values[BORROWED_NODELAY], 1);
	assert_int_equal(b[0].values[BORROWED_CORK], 0);
	assert_int_equal(b[0].values[BORROWED_KEEPALIVE], 0);
	assert_int_equal(b[0].values[BORROWED_USER_TIMEOUT], ms);
	assert_int_equal(b[0].values[BORROWED_SNDBUF], 2 * size);
	if (b[0].known & 1u << BORROWED_BUF_LOCK)
		assert_int_equal(b[0].values[BORROWED_BUF_LOCK], BORROWED_LOCK_SEND);
	assert_string_not_equal(b[0].congestion, "");
}

/* Numbers are reused, processes die, and descriptors are files: nothing of that is the socket that was meant. */
static void what_is_not_the_socket_is_refused(void **state)
{
	_cleanup_(root_freep) struct root *r = live();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), other = socket(AF_INET, SOCK_STREAM, 0);
	int pipes[2];
	struct borrowed b[5];
	pid_t pid, dead;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	dead = keeper();
	end(dead);
	pid = keeper();
	for (size_t i = 0; i < ARRAY_SIZE(b); i++)
		b[i] = (struct borrowed){.cookie = cookie_of(fd), .pid = pid, .fd = fd};
	b[1].fd = other;
	b[2].fd = pipes[0];
	b[3].fd = 999;
	b[4].pid = dead;
	assert_int_equal(root_borrow(r, b, ARRAY_SIZE(b)), 0);
	end(pid);
	close(fd);
	close(other);
	close(pipes[0]);
	close(pipes[1]);
	if (!lent(&b[0]))
		skip();
	assert_int_equal(b[0].error, 0);
	assert_int_equal(b[1].error, ESTALE);
	assert_int_equal(b[2].error, ESTALE);
	assert_int_equal(b[3].error, EBADF);
	assert_int_equal(b[4].error, ESRCH);
	for (size_t i = 1; i < ARRAY_SIZE(b); i++)
		assert_int_equal(b[i].known, 0);
}

static int count_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void nothing_stays_borrowed(void **state)
{
	_cleanup_(root_freep) struct root *r = live();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), before;
	struct borrowed b = {.cookie = cookie_of(fd), .fd = fd};

	(void)state;
	b.pid = keeper();
	before = count_descriptors();
	for (int i = 0; i < 20; i++) {
		b.cookie += (uint64_t)i & 1;
		assert_int_equal(root_borrow(r, &b, 1), 0);
	}
	assert_int_equal(count_descriptors(), before);
	end(b.pid);
	close(fd);
}

/* What the two processes of the next test share. */
struct meeting {
	volatile uint64_t cookie;
	volatile int fd, stop;
	volatile unsigned closed, late;
	volatile double worst;
};

enum { CLOSES = 300 };

/* Opens and closes connections, and tells how long the other end waited for the FIN. */
static void owner(struct meeting *m)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(l, (struct sockaddr *)&a, n) < 0 || listen(l, 8) < 0 || getsockname(l, (struct sockaddr *)&a, &n) < 0)
		_exit(1);
	for (unsigned i = 0; i < CLOSES; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0), peer;
		struct pollfd p = {.events = POLLIN};
		double began, took;

		if (connect(fd, (struct sockaddr *)&a, n) < 0 || (peer = accept(l, NULL, NULL)) < 0)
			_exit(2);
		m->fd = fd;
		m->cookie = cookie_of(fd);
		usleep(1000 + i * 7 % 97);
		p.fd = peer;
		began = now();
		close(fd);
		poll(&p, 1, 2000);
		took = now() - began;
		m->worst = took > m->worst ? took : m->worst;
		m->late += took > 0.005;
		m->closed++;
		close(peer);
	}
	_exit(0);
}

/* Borrowed all the time, and closed meanwhile: the FIN leaves at once. A busy machine may delay one in a hundred. */
static void a_close_is_not_held_up(void **state)
{
	struct meeting *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	_cleanup_(root_freep) struct root *r = live();
	unsigned asked = 0, refused = 0;
	double began = now();
	pid_t pid;
	int status;

	(void)state;
	assert_ptr_not_equal(m, MAP_FAILED);
	pid = fork();
	if (pid == 0)
		owner(m);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct borrowed b = {.cookie = m->cookie, .pid = pid, .fd = m->fd};

		assert_int_equal(root_borrow(r, &b, 1), 0);
		asked += !b.error;
		refused += b.error != 0;
	}
	print_message("# %u times asked, %u refused, in %.2f s; %u closes, slowest FIN %.3f ms, %u over 5 ms\n", asked,
		      refused, now() - began, m->closed, m->worst * 1e3, m->late);
	assert_int_equal(status, 0);
	assert_int_equal(m->closed, CLOSES);
	assert_true(m->late <= CLOSES / 50);
	munmap(m, sizeof(*m));
}

/* Records */

static const struct {
	const char *line;
	int result, error;
	uint32_t known;
} lines[] = {
	{"7 0 nodelay=1 cork=0", 0, 0, 1u << BORROWED_NODELAY | 1u << BORROWED_CORK},
	{"7 0", 0, 0, 0},
	{"7 1", 0, 1, 0},
	{"18446744073709551615 0 keepidle=-2147483648", 0, 0, 1u << BORROWED_KEEPIDLE},
	{"7 0 quantum=3 nodelay=1", 0, 0, 1u << BORROWED_NODELAY},
	{"7 0 congestion=a-name-longer-than-any-kernel-has", 0, 0, 0},
	{"7 0 nodelay=", -EBADMSG, 0, 0},
	{"7 0 nodelay=1x", -EBADMSG, 0, 0},
	{"7 0 nodelay=99999999999", -EBADMSG, 0, 0},
	{"7 0 nodelay", -EBADMSG, 0, 0},
	{"7 0 =1", -EBADMSG, 0, 0},
	{"7 -1", -EBADMSG, 0, 0},
	{"7 5000", -EBADMSG, 0, 0},
	{"7 0nodelay=1", -EBADMSG, 0, 0},
	{"-7 0", -EBADMSG, 0, 0},
	{"x 0", -EBADMSG, 0, 0},
	{"7", -EBADMSG, 0, 0},
	{"", -EBADMSG, 0, 0},
};

static void a_line_is_understood_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct borrowed b = {.cookie = 99};
		_cleanup_free_ char *copy = strdup(lines[i].line);
		int r = borrowed_parse(copy, &b);

		if (r != lines[i].result || (r == 0 && (b.error != lines[i].error || b.known != lines[i].known)))
			fail_msg("%s: %d, error %d, known %x", lines[i].line, r, b.error, b.known);
		if (r < 0)
			assert_int_equal(b.cookie, 99);
	}
}

static void what_is_written_is_read(void **state)
{
	struct borrowed b = {.cookie = 4711, .known = (1u << BORROWED_OPTIONS) - 1, .congestion = "bbr"}, again;
	_cleanup_text_ struct text t = TEXT_NULL;

	(void)state;
	for (int i = 0; i < BORROWED_OPTIONS; i++)
		b.values[i] = i * 1000 - 3;
	borrowed_format(&b, &t);
	t.s[t.len - 1] = 0;
	assert_int_equal(borrowed_parse(t.s, &again), 0);
	assert_int_equal(again.cookie, b.cookie);
	assert_int_equal(again.known, b.known);
	assert_memory_equal(again.values, b.values, sizeof(b.values));
	assert_string_equal(again.congestion, "bbr");
}

static void a_record_answers(void **state)
{
	const struct tree *tree = *state;
	_cleanup_(root_freep) struct root *r = NULL;
	struct borrowed b[3] = {{.cookie = 7}, {.cookie = 8}, {.cookie = 9}};
	char path[4200];
	struct diag d;

	tree_write(tree, "r/record.conf", "format = 1\n[host]\nkernel = 6.12\n");
	assert_int_equal(root_open(tree_path(tree, "r", path, sizeof(path)), &r, &d), 0);
	assert_int_equal(root_borrow(r, b, 3), -ENOENT);
	assert_int_equal(b[0].error, ENODATA);
	tree_write(tree, "r/names/sockopts", "nonsense\n8 1\n7 0 nodelay=1\n7 0 nodelay=0\n");
	assert_int_equal(root_borrow(r, b, 3), 0);
	assert_int_equal(b[0].error, 0);
	assert_int_equal(b[0].values[BORROWED_NODELAY], 1);
	assert_int_equal(b[1].error, EPERM);
	assert_int_equal(b[2].error, ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_owner_is_asked),
		cmocka_unit_test(what_is_not_the_socket_is_refused),
		cmocka_unit_test(nothing_stays_borrowed),
		cmocka_unit_test(a_close_is_not_held_up),
		cmocka_unit_test(a_line_is_understood_or_refused),
		cmocka_unit_test(what_is_written_is_read),
		in_tree(a_record_answers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
