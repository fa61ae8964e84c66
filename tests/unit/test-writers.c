/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who wrote a sysctl: messages that count and those that do not, keys, values, and units by recorded cgroups. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "daemon/writers.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A service's side of the socket, and the tracer's. */
struct scene {
	struct tree *tree;
	struct root *root;
	sd_event *event;
	struct writers *writers;
	int tracer;
};

static int scene_setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	void *tree = NULL;
	int pair[2];

	if (!s || tree_setup(&tree) < 0 || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	s->tree = tree;
	tree_write(s->tree, "r/names/cgroups", "42 /system.slice/tuned.service\n43 /user.slice/user-0.slice/session-3.scope\n");
	s->root = open_record(s->tree, PLAIN);
	s->tracer = pair[0];
	*state = s;
	return sd_event_new(&s->event) < 0 || writers_open(s->event, pair[1], s->root, &s->writers) < 0 ? -1 : 0;
}

static int scene_teardown(void **state)
{
	struct scene *s = *state;
	void *tree = s->tree;

	writers_free(s->writers);
	sd_event_unref(s->event);
	root_free(s->root);
	close(s->tracer);
	free(s);
	return tree_teardown(&tree);
}

#define in_scene(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

static struct writer_message wrote(const char *key, const char *value)
{
	struct writer_message m = {.version = TRACE_VERSION, .kind = WRITER_WROTE, .pid = 1234, .uid = 1000, .cgroup = 42,
				   .when = (uint64_t)(now() * 1e9), .command = "sysctl"};

	snprintf(m.key, sizeof(m.key), "%s", key);
	snprintf(m.value, sizeof(m.value), "%s", value);
	return m;
}

/* As the event loop has it: one turn with whatever arrived. */
static void turn(struct scene *s)
{
	while (sd_event_run(s->event, 0) > 0)
		;
}

static void tell(struct scene *s, const struct writer_message *m)
{
	assert_int_equal(send(s->tracer, m, sizeof(*m), 0), sizeof(*m));
	turn(s);
}

static void tell_wrote(struct scene *s, const char *key, const char *value)
{
	struct writer_message m = wrote(key, value);

	tell(s, &m);
}

static void names_the_writer(void **state)
{
	struct scene *s = *state;
	const struct writer *w;

	assert_null(writers_find(s->writers, "net.ipv4.tcp_rmem", NULL, 0));
	tell_wrote(s, "net/ipv4/tcp_rmem", "4096 131072 6291456\n");
	w = writers_find(s->writers, "net.ipv4.tcp_rmem", "4096\t131072\t6291456", 0);
	assert_non_null(w);
	assert_int_equal(w->pid, 1234);
	assert_int_equal(w->uid, 1000);
	assert_string_equal(w->command, "sysctl");
	assert_string_equal(w->unit, "tuned.service");
	assert_null(writers_find(s->writers, "net.ipv4.tcp_wmem", NULL, 0));
	assert_null(writers_find(s->writers, "net.ipv4.tcp_rme", NULL, 0));
	assert_null(writers_find(s->writers, "net.ipv4.tcp_rmem[0]", NULL, 0));
}

static void names_the_last_that_fits(void **state)
{
	struct scene *s = *state;
	struct writer_message m = wrote("net/ipv4/tcp_fin_timeout", "30\n");
	const struct writer *w;

	m.when = (uint64_t)((now() - 10) * 1e9);
	tell(s, &m);
	m = wrote("net/ipv4/tcp_fin_timeout", "30\n");
	m.pid = 77;
	m.cgroup = 43;
	tell(s, &m);
	/* A container's own key of that name, or a value that the kernel refused. */
	m = wrote("net/ipv4/tcp_fin_timeout", "15\n");
	m.pid = 99;
	m.cgroup = 44;
	tell(s, &m);
	w = writers_find(s->writers, "net.ipv4.tcp_fin_timeout", "30", 0);
	assert_int_equal(w->pid, 77);
	assert_string_equal(w->unit, "session-3.scope");
	w = writers_find(s->writers, "net.ipv4.tcp_fin_timeout", NULL, 0);
	assert_int_equal(w->pid, 99);
	assert_string_equal(w->unit, "");
	assert_null(writers_find(s->writers, "net.ipv4.tcp_fin_timeout", "60", 0));
	assert_null(writers_find(s->writers, "net.ipv4.tcp_fin_timeout", "30", now() + 1));
	assert_int_equal(writers_find(s->writers, "net.ipv4.tcp_fin_timeout", "30", now() - 5)->pid, 77);
}

/* The units of a burst come with one walk, and of cgroups that show up while walks are held back when asked for. */
static void finds_units_when_asked(void **state)
{
	struct scene *s = *state;

	for (unsigned i = 0; i < 40; i++) {
		char key[64];
		struct writer_message m;

		snprintf(key, sizeof(key), "net/ipv4/key%u", i);
		m = wrote(key, "1");
		m.cgroup = 100 + i;
		tell(s, &m);
	}
	tree_write(s->tree, "r/names/cgroups", "140 /system.slice/late.service\n");
	{
		struct writer_message m = wrote("net/ipv4/late", "1");

		m.cgroup = 140;
		tell(s, &m);
	}
	assert_string_equal(writers_find(s->writers, "net.ipv4.late", "1", 0)->unit, "late.service");
	assert_string_equal(writers_find(s->writers, "net.ipv4.key3", "1", 0)->unit, "");
}

static void keeps_the_last(void **state)
{
	struct scene *s = *state;
	char key[64];

	for (unsigned i = 0; i < WRITERS_MAX + 3; i++) {
		snprintf(key, sizeof(key), "net/ipv4/key%u", i);
		tell_wrote(s, key, "1");
	}
	assert_null(writers_find(s->writers, "net.ipv4.key2", NULL, 0));
	assert_non_null(writers_find(s->writers, "net.ipv4.key3", NULL, 0));
	snprintf(key, sizeof(key), "net.ipv4.key%u", WRITERS_MAX + 2);
	assert_non_null(writers_find(s->writers, key, NULL, 0));
	assert_int_equal(writers_counts(s->writers).received, WRITERS_MAX + 3);
}

static void knows_whether_the_tracer_lives(void **state)
{
	struct scene *s = *state;
	struct writer_message m = {.version = TRACE_VERSION, .kind = WRITER_HELLO, .lost = 7};

	assert_false(writers_alive(s->writers, now()));
	tell(s, &m);
	assert_true(writers_alive(s->writers, now()));
	assert_true(writers_alive(s->writers, now() + 89));
	assert_false(writers_alive(s->writers, now() + 91));
	assert_int_equal(writers_counts(s->writers).lost, 7);
	assert_null(writers_find(s->writers, "", NULL, 0));
}

static void refuses_what_is_no_message(void **state)
{
	struct scene *s = *state;
	struct writer_message m = wrote("net/ipv4/tcp_rmem", "1"), bad[6];
	char longer[sizeof(m) + 1] = {0};
	const size_t sizes[] = {0, 1, sizeof(m) - 1};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = m;
	bad[0].version++;
	bad[1].kind = WRITER_WROTE + 1;
	bad[2].pid = 0x80000000;
	memset(bad[3].key, 'a', sizeof(m.key));
	memset(bad[4].command, 'a', sizeof(m.command));
	memset(bad[5].value, '1', sizeof(m.value));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		tell(s, &bad[i]);
	m.key[0] = 0;
	tell(s, &m);
	m = wrote("net/ipv4/tcp_rmem", "1");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		assert_int_equal(send(s->tracer, &m, sizes[i], 0), sizes[i]);
	memcpy(longer, &m, sizeof(m));
	assert_int_equal(send(s->tracer, longer, sizeof(longer), 0), sizeof(longer));
	turn(s);
	assert_int_equal(writers_counts(s->writers).rejected, ARRAY_SIZE(bad) + 1 + ARRAY_SIZE(sizes) + 1);
	assert_int_equal(writers_counts(s->writers).received, 0);
	assert_false(writers_alive(s->writers, now()));
	assert_null(writers_find(s->writers, "net.ipv4.tcp_rmem", NULL, 0));
}

/* The sender as the kernel vouches for it; root may claim to be anybody. */
static void send_as(struct scene *s, uid_t uid, int fd)
{
	struct writer_message m = wrote("net/ipv4/tcp_rmem", "1");
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct ucred from = {getpid(), uid, getgid()};
	struct iovec iov = {&m, sizeof(m)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			   .msg_controllen = CMSG_SPACE(sizeof(from)) + (fd >= 0 ? CMSG_SPACE(sizeof(fd)) : 0)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(from));
	memcpy(CMSG_DATA(c), &from, sizeof(from));
	if (fd >= 0) {
		c = CMSG_NXTHDR(&h, c);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(s->tracer, &h, 0), sizeof(m));
	turn(s);
}

static void refuses_other_users(void **state)
{
	struct scene *s = *state;

	if (getuid() != 0) {
		print_message("# skipped: only root may send as another user\n");
		return;
	}
	send_as(s, 65534, -1);
	assert_int_equal(writers_counts(s->writers).rejected, 1);
	assert_null(writers_find(s->writers, "net.ipv4.tcp_rmem", NULL, 0));
	send_as(s, 0, -1);
	assert_non_null(writers_find(s->writers, "net.ipv4.tcp_rmem", NULL, 0));
}

static unsigned open_descriptors(void)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	return n;
}

/* Descriptors that come with a message would fill our table. */
static void takes_no_descriptors(void **state)
{
	struct scene *s = *state;
	unsigned before = open_descriptors();

	send_as(s, getuid(), STDERR_FILENO);
	assert_int_equal(writers_counts(s->writers).rejected, 1);
	assert_int_equal(open_descriptors(), before);
}

static void outlives_the_tracer(void **state)
{
	struct scene *s = *state;

	tell_wrote(s, "net/ipv4/tcp_rmem", "1");
	close(s->tracer);
	turn(s); /* ends: nothing that fires forever */
	s->tracer = -1;
	assert_non_null(writers_find(s->writers, "net.ipv4.tcp_rmem", NULL, 0));
}

static void without_a_socket(void **state)
{
	_cleanup_(writers_freep) struct writers *w = NULL;
	struct scene *s = *state;

	assert_int_equal(writers_open(s->event, -1, s->root, &w), 0);
	writers_drain(w);
	assert_false(writers_alive(w, now()));
	assert_null(writers_find(w, "net.ipv4.tcp_rmem", NULL, 0));
	assert_false(writers_alive(NULL, now()));
	assert_null(writers_find(NULL, "net.ipv4.tcp_rmem", NULL, 0));
	assert_int_equal(writers_counts(NULL).received, 0);
	writers_drain(NULL);
}

static void compares_keys(void **state)
{
	(void)state;
	assert_true(writer_key_is("net/ipv4/tcp_rmem", "net.ipv4.tcp_rmem"));
	assert_true(writer_key_is("net/ipv4/conf/eth0.100/forwarding", "net.ipv4.conf.eth0/100.forwarding"));
	assert_false(writer_key_is("net/ipv4/conf/eth0/100/forwarding", "net.ipv4.conf.eth0/100.forwarding"));
	assert_false(writer_key_is("net/ipv4/conf/eth0.100/forwarding", "net.ipv4.conf.eth0.100.forwarding"));
	assert_false(writer_key_is("net/ipv4/tcp_rmem", "net.ipv4.tcp_rmem2"));
	assert_false(writer_key_is("net/ipv4/tcp_rmem2", "net.ipv4.tcp_rmem"));
	assert_false(writer_key_is("net.ipv4.tcp_rmem", "net.ipv4.tcp_rmem"));
}

static void compares_values(void **state)
{
	static const struct {
		const char *written, *live;
		bool agrees;
	} rows[] = {
		{"1\n", "1", true},
		{"1", "0", false},
		{"4096 131072 6291456", "4096\t131072\t6291456\n", true},
		{"4096", "4096\t131072\t6291456", true}, /* the rest stays */
		{"8192", "4096\t8192\t6291456", false},
		{"4096 131072 6291456 9", "4096\t131072\t6291456", false},
		{"0x10", "16", true},
		{"010", "8", true},
		{"-1", "-1", true},
		{"cubic\n", "cubic", true},
		{"bbr", "cubic", false},
		{"cubic reno", "reno cubic", true},
		{"cubic bbr", "reno cubic", false},
		{"", "7", true}, /* a secret */
		{"99999999999999999999", "7", false},
		/* 63 characters: the last word may be cut */
		{"12 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 2",
		 "12 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25",
		 true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (writer_value_agrees(rows[i].written, rows[i].live) != rows[i].agrees)
			fail_msg("'%s' and '%s'", rows[i].written, rows[i].live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scene(names_the_writer),
		in_scene(names_the_last_that_fits),
		in_scene(finds_units_when_asked),
		in_scene(keeps_the_last),
		in_scene(knows_whether_the_tracer_lives),
		in_scene(refuses_what_is_no_message),
		in_scene(refuses_other_users),
		in_scene(takes_no_descriptors),
		in_scene(outlives_the_tracer),
		in_scene(without_a_socket),
		cmocka_unit_test(compares_keys),
		cmocka_unit_test(compares_values),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
