/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who owns a socket: the systemd unit in a cgroup's path, and the process that a record names. */
#include "unit-host.h"

#include "collect/name.h"
#include "root/root-names.h"

static const struct {
	const char *path, *unit; /* NULL: says nothing of the owner */
} units[] = {
	{"/system.slice/nginx.service", "nginx.service"},
	{"system.slice/nginx.service", "nginx.service"},
	{"//system.slice//nginx.service//", "nginx.service"},
	{"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"},
	{"/system.slice/ssh.service/deep/down.service", "ssh.service"},
	{"/system.slice/sshd.socket", "sshd.socket"},
	{"/system.slice/mnt-data.mount", "mnt-data.mount"},
	/* A user's manager is one service; what it runs is what people know. */
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-web.scope", "app-web.scope"},
	{"/user.slice/user-1000.slice/user@1000.service/session.slice", "user@1000.service"},
	{"/user.slice/user-1000.slice/session-3.scope", "session-3.scope"},
	/* Of a container only what this host's systemd runs. */
	{"/machine.slice/machine-web.scope/payload/system.slice/nginx.service", "machine-web.scope"},
	{"/kubepods.slice/kubepods-pod1.slice/cri-containerd-0123.scope", "cri-containerd-0123.scope"},
	{"/system.slice/docker.service/init.scope", "docker.service"},
	/* systemd opened the socket for somebody else. */
	{"/init.scope", NULL},
	{"/user.slice/user-1000.slice/user@1000.service/init.scope", NULL},
	{"/init.scope.d/x.service", "x.service"},
	{"/system.slice/my-init.scope", "my-init.scope"},
	/* Names that could be taken for a file of the kernel are escaped by an underscore. */
	{"/system.slice/_memory.service", "memory.service"},
	{"/system.slice/__x.service", "_x.service"},
	{"/system.slice", NULL},
	{"/docker/0123456789abcdef", NULL},
	{"/a.service.d/b", NULL},
	{"/.service", NULL},
	{"/", NULL},
	{"", NULL},
};

static void a_unit_is_found_in_a_path(void **state)
{
	char buf[CGROUP_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		bool found = unit_from_cgroup(units[i].path, buf, sizeof(buf));

		if (found != (units[i].unit != NULL) || (found && strcmp(buf, units[i].unit)))
			fail_msg("%s: %s", units[i].path, found ? buf : "none");
	}
}

#define HEX_63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static void a_container_is_named_by_what_people_know(void **state)
{
	static const struct {
		const char *path, *shown;
	} names[] = {
		{"docker-" HEX_63 "f.scope", "docker-0123456789ab.scope"},
		{"/docker/" HEX_63 "f", "/docker/0123456789ab"},
		{"/kubepods/burstable/pod1f/" HEX_63 "0", "/kubepods/burstable/pod1f/0123456789ab"},
		{"/docker/" HEX_63, "/docker/" HEX_63},
		{"cafe.service", "cafe.service"},
		{"", ""},
	};
	char buf[CGROUP_NAME_MAX], small[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		shorten_ids(names[i].path, buf, sizeof(buf));
		assert_string_equal(buf, names[i].shown);
	}
	shorten_ids("/docker/" HEX_63 "f", small, sizeof(small));
	assert_string_equal(small, "/docker");
}

static void a_unit_fits_its_buffer(void **state)
{
	char buf[8] = "";

	(void)state;
	assert_true(unit_from_cgroup("/system.slice/nginx.service", buf, sizeof(buf)));
	assert_string_equal(buf, "nginx.s");
}

/* From a record */

static void add_socket(struct host *h, uint64_t cgroup, uint32_t inode)
{
	const struct row r = {.state = STATE_LISTEN,
			      .src = "0.0.0.0",
			      .dst = "0.0.0.0",
			      .sport = (uint16_t)(inode & 0xffff),
			      .cgroup = cgroup,
			      .inode = inode,
			      .uid = 33,
			      .rqueue = 9,
			      .wqueue = 8,
			      .cookie = inode};

	put_row(&h->listen[0], &r);
}

static void owners_are_named_by_unit_path_or_number(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct subject *s;

	host_file(&h, "names/cgroups",
		  "101 /system.slice/nginx.service\n102 /docker/0123\n103 /init.scope\n"
		  "nonsense\n999 /system.slice/other.service\n");
	add_socket(&h, 101, 1);
	add_socket(&h, 102, 2);
	add_socket(&h, 103, 3);
	add_socket(&h, 104, 4);
	add_socket(&h, 0, 5);
	host_collect(&h);
	s = find_subject(h.facts, SUBJECT_OWNER, "nginx.service");
	assert_string_equal(s->unit, "nginx.service");
	s = find_subject(h.facts, SUBJECT_OWNER, "/docker/0123");
	assert_null(s->unit);
	assert_null(find_subject(h.facts, SUBJECT_OWNER, "/init.scope")->unit);
	find_subject(h.facts, SUBJECT_OWNER, "cgroup 104");
	find_subject(h.facts, SUBJECT_OWNER, "uid 33");
	assert_string_equal(find_subject(h.facts, SUBJECT_LISTENER, "0.0.0.0:1")->unit, "nginx.service");
	assert_null(find_subject(h.facts, SUBJECT_LISTENER, "0.0.0.0:4")->unit);
}

static void without_names_owners_are_numbers(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	add_socket(&h, 101, 1);
	host_collect(&h);
	find_subject(h.facts, SUBJECT_OWNER, "cgroup 101");
	assert_true(has_note(h.facts, "cgroup names could not be read"));
}

static void the_process_of_an_offender_is_named(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct subject *s;

	host_file(&h, "names/holders", "4711 812 nginx: worker\n4712 -5 bad\n4713 0 bad\nx y z\n4714 813 \n");
	for (uint32_t inode = 4711; inode <= 4715; inode++)
		add_socket(&h, 0, inode);
	host_collect(&h);
	s = find_subject(h.facts, SUBJECT_LISTENER, "0.0.0.0:4711");
	assert_int_equal(s->pid, 812);
	assert_string_equal(s->process, "nginx: worker[812]");
	for (uint32_t inode = 4712; inode <= 4715; inode++) {
		char name[32];

		snprintf(name, sizeof(name), "0.0.0.0:%u", inode);
		s = find_subject(h.facts, SUBJECT_LISTENER, name);
		assert_int_equal(s->pid, inode == 4714 ? 813 : 0);
	}
}

/* Only those that are to be named cost a look at every process: a listener at rest is none. */
static void nobody_is_named_without_offence(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	host_file(&h, "names/holders", "80 812 nginx\n");
	put_row(&h.listen[0],
		&(struct row){.state = STATE_LISTEN, .src = "0.0.0.0", .sport = 80, .inode = 80, .wqueue = 8});
	host_collect(&h);
	assert_int_equal(find_subject(h.facts, SUBJECT_LISTENER, "0.0.0.0:80")->pid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_is_found_in_a_path),	  cmocka_unit_test(a_unit_fits_its_buffer),
		cmocka_unit_test(a_container_is_named_by_what_people_know),
		in_tree(owners_are_named_by_unit_path_or_number), in_tree(without_names_owners_are_numbers),
		in_tree(the_process_of_an_offender_is_named),	  in_tree(nobody_is_named_without_offence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
