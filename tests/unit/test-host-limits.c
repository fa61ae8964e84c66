/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of cgroups and processes, and the profiles of tuned. */
#include "unit-host.h"

#include "collect/cgroup.h"
#include "collect/descriptor.h"
#include "collect/manager.h"

static void bytes_of_a_cgroup(void **state)
{
	static const struct {
		const char *input;
		int r;
		double bytes;
	} cases[] = {
		{"max\n", 0, HUGE_VAL},
		{"max", 0, HUGE_VAL},
		{"268435456\n", 0, 268435456},
		{"0\n", 0, 0},
		/* What the old hierarchy writes for no limit, of pages of 4 and of 64 KiB. */
		{"9223372036854771712\n", 0, HUGE_VAL},
		{"9223372036854710272\n", 0, HUGE_VAL},
		{"", -EBADMSG, 0},
		{"maximum\n", -EBADMSG, 0},
		{"-1\n", -EBADMSG, 0},
		{"12 34\n", -EBADMSG, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		double v = -1;
		int r = cgroup_bytes(cases[i].input, &v);

		if (r != cases[i].r || (r == 0 && v != cases[i].bytes) || (r < 0 && v != -1))
			fail_msg("'%s' gave %d, %g", cases[i].input, r, v);
	}
}

static void words_of_a_cgroup(void **state)
{
	static const char events[] = "low 0\nhigh 3\nmax 12\nsock_throttled 2\nsock 7\nbad x\n";
	double v = -1;

	(void)state;
	assert_int_equal(cgroup_word(events, "max", &v), 0);
	assert_true(v == 12);
	/* A name that begins another one is not that one. */
	assert_int_equal(cgroup_word(events, "sock", &v), 0);
	assert_true(v == 7);
	assert_int_equal(cgroup_word(events, "oom", &v), -ENOENT);
	assert_int_equal(cgroup_word(events, "bad", &v), -EBADMSG);
	assert_int_equal(cgroup_word("", "max", &v), -ENOENT);
}

static void the_soft_limit_counts(void **state)
{
	static const char head[] = "Limit                     Soft Limit           Hard Limit           Units\n";
	_cleanup_text_ struct text t = TEXT_NULL;
	double v = -1;

	(void)state;
	text_addf(&t, "%sMax open files            1024                 524288               files\n", head);
	assert_int_equal(limits_open_files(t.s, &v), 0);
	assert_true(v == 1024);
	v = -1;
	assert_int_equal(limits_open_files(head, &v), -EBADMSG);
	assert_int_equal(limits_open_files("\nMax open files  unlimited unlimited files\n", &v), -EBADMSG);
	assert_int_equal(limits_open_files("\nMax open files  12x 13 files\n", &v), -EBADMSG);
	assert_true(v == -1);
}

static void assert_profile(const char *input, const char *expected)
{
	_cleanup_free_ struct tuned_profile *p = calloc(1, sizeof(*p));
	_cleanup_text_ struct text got = TEXT_NULL;
	_cleanup_free_ char *copy = strdup(input);
	struct arena a = ARENA_NULL;

	p->arena = &a;
	tuned_parse(p, "f", copy);
	for (size_t i = 0; i < p->count; i++)
		text_addf(&got, "%s=%s:%u\n", p->keys[i].key, p->keys[i].value, p->keys[i].line);
	assert_string_equal(text_get(&got), expected);
	arena_clear(&a);
}

static void profiles_set_sysctls(void **state)
{
	(void)state;
	assert_profile("[main]\nnet.a=1\n[sysctl]\n# net.b=1\nnet.core.somaxconn=>2048\nnet/ipv4/tcp_rmem = 1 2 3 \n"
		       "vm.swappiness=1\n[disk]\nnet.c=1\n[sysctl]\nnet.d=\n",
		       "net.core.somaxconn=>2048:5\nnet.ipv4.tcp_rmem=1 2 3:6\nnet.d=:11\n");
	/* The last line of a key holds, and replace=1 forgets all before it. */
	assert_profile("[sysctl]\nnet.a=1\nnet.b=2\nnet.a=3", "net.a=3:4\nnet.b=2:3\n");
	assert_profile("[sysctl]\nnet.a=1\nreplace=1\nnet.b=2\r\n", "net.b=2:4\n");
	assert_profile("[sysctl\nnet.a=1\n", "");
	assert_profile("", "");
}

static void profiles_include_others(void **state)
{
	char names[16];

	(void)state;
	tuned_includes("[main]\nsummary=x\ninclude = a, b\n[sysctl]\ninclude=c\n", names, sizeof(names));
	assert_string_equal(names, " a, b");
	tuned_includes("include=a\n", names, sizeof(names));
	assert_string_equal(names, "");
	tuned_includes("[main]\ninclude=a-name-that-is-longer-than-there-is-room", names, sizeof(names));
	assert_int_equal(strlen(names), sizeof(names) - 1);
}

static void tuned_is_believed_while_it_runs(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_file(&h, "etc/tuned/active_profile", "one ../../etc/two\n");
	host_file(&h, "etc/tuned/one/tuned.conf", "[main]\ninclude=base one\n[sysctl]\nnet.ipv4.tcp_fin_timeout=30\n");
	host_file(&h, "usr/lib/tuned/base/tuned.conf", "[sysctl]\nnet.ipv4.tcp_fin_timeout=15\nnet.ipv4.tcp_sack=1\n");
	host_file(&h, "etc/two/tuned.conf", "[sysctl]\nnet.evil=1\n");
	host_file(&h, "sys/fs/cgroup/system.slice/tuned.service/cgroup.procs", "812\n");
	v = host_collect(&h)->host->values;
	assert_text(v[MANAGER_NAME], "tuned (profile one ../../etc/two)");
	assert_text(v[MANAGER_KEYS], "net.ipv4.tcp_fin_timeout net.ipv4.tcp_sack");
	assert_number(v[MANAGER_CONFLICT_COUNT], 0);
}

static void tuned_that_was_stopped_manages_nothing(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	host_file(&h, "etc/tuned/active_profile", "one\n");
	host_file(&h, "run/tuned/tuned.pid", "812\n");
	host_file(&h, "proc/812/comm", "bash\n");
	host_collect(&h);
	assert_missing(h.facts->host->values[MANAGER_NAME], VALUE_ABSENT, "neither");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_of_a_cgroup),
		cmocka_unit_test(words_of_a_cgroup),
		cmocka_unit_test(the_soft_limit_counts),
		cmocka_unit_test(profiles_set_sysctls),
		cmocka_unit_test(profiles_include_others),
		in_tree(tuned_is_believed_while_it_runs),
		in_tree(tuned_that_was_stopped_manages_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
