/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines for the journal: what a datagram holds, what hostile names cannot do, and that nothing ever waits. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "daemon/journal.h"
#include "unit-journal.h"

static const struct writer somebody = {.pid = 812, .uid = 1000, .command = "sysctl", .unit = "session-3.scope"};

static const struct event drift = {
	.kind = EVENT_DRIFT,
	.severity = SEVERITY_WARNING,
	.message = "net.ipv4.tcp_fin_timeout is \"30\"",
	.rule = "sysctl.drift",
	.subject_type = "sysctl",
	.subject = "net.ipv4.tcp_fin_timeout",
	.unit = "a.service",
	.netns = "blue",
	.advise = "Set it.",
	.key = "net.ipv4.tcp_fin_timeout",
	.expected = "45",
	.actual = "30",
	.previous = "45",
	.boot = "45",
	.boot_file = "/etc/sysctl.d/90-own.conf",
	.boot_line = 2,
	.writer = &somebody,
};

struct datagram {
	struct text text;
	struct native native;
};

static void datagram_clear(struct datagram *d)
{
	text_clear(&d->text);
}
#define _cleanup_datagram_ _cleanup_(datagram_clear)

static void format(const struct event *e, struct datagram *d)
{
	*d = (struct datagram){0};
	journal_format(e, &d->text);
	if (!native_parse(text_get(&d->text), d->text.len, &d->native))
		fail_msg("not the native protocol: %s", text_get(&d->text));
}

/* value NULL: there is no such field. */
static void _assert_field(const struct datagram *d, const char *name, const char *value, int line)
{
	const struct native_field *f = native_find(&d->native, name);

	if (!f && !value)
		return;
	if (f && value && f->n == strlen(value) && !memcmp(f->value, value, f->n))
		return;
	print_error("%s is '%.*s', not '%s'\n", name, f ? (int)f->n : 4, f ? f->value : "none", value ? value : "none");
	_fail(__FILE__, line);
}
#define assert_field(d, name, value) _assert_field(d, name, value, __LINE__)

static void a_line_has_all_that_the_event_has(void **state)
{
	static const char *const fields[][2] = {
		{"MESSAGE", "net.ipv4.tcp_fin_timeout is \"30\""},
		{"MESSAGE_ID", "edcdcaa1e4ef4582ba002edfbe1b1001"},
		{"PRIORITY", "4"},
		{"SYSLOG_IDENTIFIER", "tcpadvisord"},
		{"TCPADVISOR_EVENT", "drift"},
		{"SEVERITY", "warning"},
		{"RULE", "sysctl.drift"},
		{"SUBJECT_TYPE", "sysctl"},
		{"SUBJECT", "net.ipv4.tcp_fin_timeout"},
		{"UNIT_OF_SUBJECT", "a.service"},
		{"NETNS", "blue"},
		{"ADVISE", "Set it."},
		{"KEY", "net.ipv4.tcp_fin_timeout"},
		{"EXPECTED", "45"},
		{"ACTUAL", "30"},
		{"PREVIOUS", "45"},
		{"BOOT", "45"},
		{"BOOT_FILE", "/etc/sysctl.d/90-own.conf"},
		{"BOOT_LINE", "2"},
		{"WRITER_PID", "812"},
		{"WRITER_UID", "1000"},
		{"WRITER_COMMAND", "sysctl"},
		{"WRITER_UNIT", "session-3.scope"},
	};
	_cleanup_datagram_ struct datagram d;

	(void)state;
	format(&drift, &d);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		assert_field(&d, fields[i][0], fields[i][1]);
	assert_int_equal(d.native.count, ARRAY_SIZE(fields));
}

static void what_an_event_has_not_is_not_there(void **state)
{
	struct event e = {.kind = EVENT_STOPPED, .severity = SEVERITY_INFO, .message = "stops", .netns = "", .unit = ""};
	_cleanup_datagram_ struct datagram d;

	(void)state;
	format(&e, &d);
	assert_int_equal(d.native.count, 6);
	assert_field(&d, "MESSAGE", "stops");
	assert_field(&d, "TCPADVISOR_EVENT", "stopped");
	assert_field(&d, "NETNS", NULL);
}

/* Kernels before 6.1 tell whose write it was, and not which process it was. */
static void a_writer_without_a_process_is_a_writer(void **state)
{
	static const struct writer w = {.uid = 1000, .unit = "session-3.scope"};
	struct event e = {.kind = EVENT_DRIFT, .severity = SEVERITY_WARNING, .message = "m", .writer = &w};
	_cleanup_datagram_ struct datagram d;

	(void)state;
	format(&e, &d);
	assert_field(&d, "WRITER_PID", NULL);
	assert_field(&d, "WRITER_UID", "1000");
	assert_field(&d, "WRITER_COMMAND", NULL);
	assert_field(&d, "WRITER_UNIT", "session-3.scope");
}

/* That a sysctl is empty says something; that a name is, nothing. */
static void an_empty_value_is_a_value(void **state)
{
	struct event e = {.kind = EVENT_DRIFT, .message = "m", .key = "net.ipv4.ip_local_reserved_ports", .actual = "", .expected = "8080", .subject = ""};
	_cleanup_datagram_ struct datagram d;

	(void)state;
	format(&e, &d);
	assert_field(&d, "ACTUAL", "");
	assert_field(&d, "EXPECTED", "8080");
	assert_field(&d, "SUBJECT", NULL);
}

static const struct {
	enum event_kind kind;
	enum severity severity;
	const char *priority;
} priorities[] = {
	{EVENT_OPENED, SEVERITY_ERROR, "3"}, {EVENT_OPENED, SEVERITY_WARNING, "4"}, {EVENT_CHANGED, SEVERITY_NOTICE, "5"},
	{EVENT_OPENED, SEVERITY_INFO, "6"},  {EVENT_CLOSED, SEVERITY_ERROR, "5"},   {EVENT_RESTORED, SEVERITY_WARNING, "5"},
	{EVENT_CLOSED, SEVERITY_INFO, "6"},
};

/* Who looks for trouble (journalctl -p err) does not find what is over; what it was is in SEVERITY. */
static void what_is_over_is_no_alarm(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(priorities); i++) {
		struct event e = {.kind = priorities[i].kind, .severity = priorities[i].severity, .message = "m"};
		_cleanup_datagram_ struct datagram d;

		format(&e, &d);
		assert_field(&d, "PRIORITY", priorities[i].priority);
		assert_field(&d, "SEVERITY", severity_name(priorities[i].severity));
	}
}

static const struct {
	const char *name, *field, *message;
} hostile[] = {
	/* a field that would look like another's */
	{"x\nPRIORITY=0", "x\nPRIORITY=0", "x\\x0aPRIORITY=0"},
	{"x\n\nMESSAGE=root logged in\n", "x\n\nMESSAGE=root logged in\n", "x\\x0a\\x0aMESSAGE=root logged in\\x0a"},
	{"x\nEND\n\x08", "x\nEND\n\\x08", "x\\x0aEND\\x0a\\x08"},
	{"\n", "\n", "\\x0a"},
	/* terminals */
	{"\x1b[2J\x1b]0;owned\a", "\\x1b[2J\\x1b]0;owned\\x07", "\\x1b[2J\\x1b]0;owned\\x07"},
	{"a\rb\tc\x7f", "a\\x0db\\x09c\\x7f", "a\\x0db\\x09c\\x7f"},
	{"\xc2\x9b" "2J", "\\xc2\\x9b2J", "\\xc2\\x9b2J"},
	{"a\xe2\x80\xae" "b", "a\\xe2\\x80\\xaeb", "a\\xe2\\x80\\xaeb"},
	/* not UTF-8 */
	{"\xff\xc3", "\\xff\\xc3", "\\xff\\xc3"},
	{"back\\slash", "back\\\\slash", "back\\\\slash"},
	{"Zoë=1", "Zoë=1", "Zoë=1"},
};

static void no_name_forges_a_field_or_moves_a_cursor(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		const char *name = hostile[i].name;
		struct writer w = {.pid = 1};
		struct event e = {.kind = EVENT_OPENED, .message = name, .subject = name, .unit = name, .netns = name,
				  .actual = name, .boot_file = name, .writer = &w};
		_cleanup_datagram_ struct datagram d;

		snprintf(w.command, sizeof(w.command), "%s", name);
		snprintf(w.unit, sizeof(w.unit), "%s", name);
		format(&e, &d);
		for (size_t k = 0; k < 6; k++)
			assert_field(&d, ((const char *[]){"SUBJECT", "UNIT_OF_SUBJECT", "NETNS", "ACTUAL", "BOOT_FILE", "WRITER_UNIT"})[k],
				     hostile[i].field);
		assert_field(&d, "PRIORITY", "6");
		assert_int_equal(d.native.count, 15);
		assert_field(&d, "MESSAGE", hostile[i].message);
	}
}

/* Names of a megabyte, of which each byte takes four, with and without newlines. */
static void the_datagram_is_bounded(void **state)
{
	static const char *const fillers[] = {"\x1b", "\n", "é", "\\", "ab\n", "\xf0\x9f\x98\x80"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fillers); i++) {
		struct writer w = {.pid = 2147483647, .uid = 4294967295U};
		_cleanup_text_ struct text big = TEXT_NULL;
		_cleanup_datagram_ struct datagram d;
		struct event e;

		while (big.len < 1 << 20)
			text_add(&big, fillers[i]);
		memset(w.command, *fillers[i], sizeof(w.command) - 1);
		memset(w.unit, *fillers[i], sizeof(w.unit) - 1);
		e = (struct event){EVENT_OPENED, SEVERITY_ERROR, 0, big.s, big.s, big.s, big.s, big.s, big.s, big.s, big.s,
				   big.s, big.s, big.s, big.s, big.s, 4294967295U, &w};
		format(&e, &d);
		assert_true(d.text.len <= JOURNAL_DATAGRAM_MAX);
		assert_int_equal(d.native.count, 23);
		for (size_t k = 0; k < d.native.count; k++) {
			const struct native_field *f = &d.native.fields[k];

			for (size_t at = 0; at < f->n;) {
				size_t n = utf8_length(f->value + at, f->n - at);

				assert_true(n > 0);
				at += n;
			}
		}
	}
}

static void what_fits_exactly_is_whole(void **state)
{
	char *name = repeat('s', 1024);
	_cleanup_datagram_ struct datagram d, more;
	char *longer = repeat('s', 1025);

	(void)state;
	name[1000] = '\n';
	longer[1000] = '\n';
	format(&(struct event){.kind = EVENT_OPENED, .message = "m", .subject = name}, &d);
	assert_field(&d, "SUBJECT", name);
	format(&(struct event){.kind = EVENT_OPENED, .message = "m", .subject = longer}, &more);
	assert_int_equal(native_find(&more.native, "SUBJECT")->n, 1024 + 3);
	assert_memory_equal(native_find(&more.native, "SUBJECT")->value, name, 1024);
	free(name);
	free(longer);
}

/* Sending */

static int receiver(const struct tree *t, char *path, size_t size)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	tree_path(t, "socket", path, size);
	assert_true(fd >= 0 && strlen(path) < sizeof(a.sun_path));
	strcpy(a.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void assert_receives(int fd, const char *says)
{
	char buf[JOURNAL_DATAGRAM_MAX];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);

	assert_true(n > 0);
	buf[n] = 0;
	if (!strstr(buf, says))
		fail_msg("'%s' is not in %s", says, buf);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void a_line_arrives_whole(void **state)
{
	_cleanup_close_ int fd = -1;
	_cleanup_text_ struct text t = TEXT_NULL;
	char path[4200], buf[JOURNAL_DATAGRAM_MAX];
	struct journal j;

	fd = receiver(*state, path, sizeof(path));
	journal_open(&j, path);
	assert_int_equal(journal_send(&j, &drift), 0);
	journal_format(&drift, &t);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), t.len);
	assert_memory_equal(buf, t.s, t.len);
	assert_int_equal(j.sent, 1);
	assert_int_equal(j.dropped, 0);
	journal_close(&j);
	assert_int_equal(j.fd, -1);
}

/* As `kill -STOP` of journald leaves it: the socket is there, and nobody reads. */
static void a_receiver_that_stopped_reading_is_not_waited_for(void **state)
{
	_cleanup_close_ int fd = -1;
	char path[4200], buf[JOURNAL_DATAGRAM_MAX];
	struct journal j;
	double begin;
	unsigned arrived = 0;

	fd = receiver(*state, path, sizeof(path));
	journal_open(&j, path);
	begin = seconds();
	alarm(HANG_S); /* one that waits would do so for ever */
	for (unsigned i = 0; i < 10000; i++) {
		int r = journal_send(&j, &drift);

		assert_true(r == 0 || r == -EAGAIN);
	}
	alarm(0);
	assert_true(seconds() - begin < 5);
	assert_int_equal(j.sent + j.dropped, 10000);
	assert_true(j.sent > 0 && j.dropped > 5000);
	/* What was counted as sent is there, and when somebody reads again, so are new lines. */
	while (recv(fd, buf, sizeof(buf), 0) >= 0)
		arrived++;
	assert_int_equal(arrived, j.sent);
	assert_int_equal(journal_send(&j, &drift), 0);
	assert_receives(fd, "TCPADVISOR_EVENT=drift");
	journal_close(&j);
}

static void a_receiver_that_comes_back_is_found(void **state)
{
	char path[4200];
	struct journal j;
	int fd = receiver(*state, path, sizeof(path));

	journal_open(&j, path);
	assert_int_equal(journal_send(&j, &drift), 0);
	assert_receives(fd, "RULE=sysctl.drift");
	close(fd); /* it crashed: the name is still there */
	assert_int_equal(journal_send(&j, &drift), -ECONNREFUSED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(journal_send(&j, &drift), -ENOENT);
	assert_int_equal(j.dropped, 2);
	fd = receiver(*state, path, sizeof(path));
	assert_int_equal(journal_send(&j, &drift), 0);
	assert_receives(fd, "RULE=sysctl.drift");
	assert_int_equal(j.sent, 2);
	close(fd);
	journal_close(&j);
}

static void without_a_journal_lines_are_counted(void **state)
{
	char *path = repeat('p', 200);
	struct journal j;

	(void)state;
	journal_open(&j, path);
	assert_int_equal(journal_send(&j, &drift), -ENAMETOOLONG);
	journal_close(&j);
	assert_int_equal(journal_send(&j, &drift), -ENOTCONN);
	assert_int_equal(j.dropped, 2);
	free(path);
}

static void the_socket_is_not_handed_on(void **state)
{
	struct journal j;

	(void)state;
	journal_open(&j, JOURNAL_PATH);
	assert_true(fcntl(j.fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(j.fd, F_GETFL) & O_NONBLOCK);
	journal_close(&j);
	journal_close(&j);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_all_that_the_event_has),
		cmocka_unit_test(what_an_event_has_not_is_not_there),
		cmocka_unit_test(a_writer_without_a_process_is_a_writer),
		cmocka_unit_test(an_empty_value_is_a_value),
		cmocka_unit_test(what_is_over_is_no_alarm),
		cmocka_unit_test(no_name_forges_a_field_or_moves_a_cursor),
		cmocka_unit_test(the_datagram_is_bounded),
		cmocka_unit_test(what_fits_exactly_is_whole),
		in_tree(a_line_arrives_whole),
		in_tree(a_receiver_that_stopped_reading_is_not_waited_for),
		in_tree(a_receiver_that_comes_back_is_found),
		cmocka_unit_test(without_a_journal_lines_are_counted),
		cmocka_unit_test(the_socket_is_not_handed_on),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
