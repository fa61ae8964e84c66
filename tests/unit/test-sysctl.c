/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel parameters as facts: live values, this kernel's defaults, what boot would set, and where they differ. */
#include "unit-host.h"

#include "collect/sysctld.h"

#define TEXTS HOST_KEY_TEXTS

static const char catalogue[] = "format = 1\nknown-through = 7.1\n"
				"[net.ipv4.tcp_rmem]\n" TEXTS "elements = 3\nunit = bytes\nmin = 1\n"
				"default = 4096 B, 131072 B, min(host.memory / 128, 6 MiB)\n"
				"default@6.16 = 4096 B, 131072 B, min(host.memory / 128, 32 MiB)\n"
				"[net.core.somaxconn]\n" TEXTS "min = 1\ndefault = 128\ndefault@5.4 = 4096\n"
				"[net.ipv4.tcp_keepalive_time]\n" TEXTS "unit = seconds\nmin = 1\ndefault = 2 h\n"
				"[net.ipv4.tcp_rto_min_us]\n" TEXTS "unit = microseconds\nmin = 1\nsince = 6.11\n"
				"[net.ipv4.tcp_fack]\n" TEXTS "min = 0\nremoved = 4.15\n"
				"[net.ipv4.tcp_max_orphans]\n" TEXTS "min = 0\nnetns = init\n"
				"[net.ipv4.tcp_congestion_control]\n" TEXTS "type = word\n"
				"[net.ipv4.conf.eth0/100.rp_filter]\n" TEXTS "min = 0\n";

#define SOMAXCONN_FILE "proc/sys/net/core/somaxconn"
#define RMEM_FILE      "proc/sys/net/ipv4/tcp_rmem"

static const struct value *key_values(struct host *h, const char *key)
{
	if (!h->facts)
		host_collect(h);
	return find_subject(h->facts, SUBJECT_SYSCTL, key)->values;
}

static const struct sysctl_state *state_of(struct host *h, const char *key)
{
	if (!h->facts)
		host_collect(h);
	return find_subject(h->facts, SUBJECT_SYSCTL, key)->key;
}

/* Live */

static void a_triple_is_read_with_its_tabs(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};
	const struct sysctl_state *s;

	host_file(&h, RMEM_FILE, "4096\t131072\t6291456\n");
	s = state_of(&h, "net.ipv4.tcp_rmem");
	assert_int_equal(s->state, VALUE_KNOWN);
	assert_string_equal(s->raw, "4096 131072 6291456");
	assert_number(s->elements[0], 4096);
	assert_number(s->elements[1], 131072);
	assert_number(s->elements[2], 6291456);
	assert_text(key_values(&h, "net.ipv4.tcp_rmem")[KEY_LIVE], "4096 131072 6291456");
}

static void units_become_seconds_and_bytes(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};

	host_file(&h, "proc/sys/net/ipv4/tcp_rto_min_us", "200000\n");
	host_file(&h, "proc/sys/net/ipv4/tcp_keepalive_time", "7200\n");
	assert_number(state_of(&h, "net.ipv4.tcp_rto_min_us")->elements[0], 0.2);
	assert_number(state_of(&h, "net.ipv4.tcp_keepalive_time")->elements[0], 7200);
}

static void words_and_keys_with_a_dot_inside(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};

	host_file(&h, "proc/sys/net/ipv4/tcp_congestion_control", "  bbr \n");
	host_file(&h, "proc/sys/net/ipv4/conf/eth0.100/rp_filter", "2\n");
	assert_text(state_of(&h, "net.ipv4.tcp_congestion_control")->elements[0], "bbr");
	assert_number(state_of(&h, "net.ipv4.conf.eth0/100.rp_filter")->elements[0], 2);
}

static void fewer_values_than_elements_leave_the_rest_unknown(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};
	const struct sysctl_state *s;

	host_file(&h, RMEM_FILE, "4096 131072\n");
	s = state_of(&h, "net.ipv4.tcp_rmem");
	assert_number(s->elements[1], 131072);
	assert_missing(s->elements[2], VALUE_GARBLED, NULL);
}

static void what_is_no_number_is_not_understood(void **state)
{
	static const char *const bad[] = {"", "\n", "x", "12x", "0-7", "nan", "inf", "-inf", "1e999"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};

		host_file(&h, SOMAXCONN_FILE, bad[i]);
		if (state_of(&h, "net.core.somaxconn")->elements[0].state != VALUE_GARBLED)
			fail_msg("'%s' is taken for a number", bad[i]);
	}
}

/* Absence: each reason is a different thing to an operator. */

static void a_key_that_is_not_there_says_why(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue, .kernel = "6.10.3"};

	host_file(&h, "proc/sys/net/ipv4/tcp_keepalive_time", "7200\n");
	assert_missing(key_values(&h, "net.ipv4.tcp_rto_min_us")[KEY_LIVE], VALUE_ABSENT, "came with Linux 6.11");
	assert_missing(key_values(&h, "net.ipv4.tcp_fack")[KEY_LIVE], VALUE_ABSENT, "Linux 4.15 removed it");
	assert_missing(key_values(&h, "net.ipv4.tcp_max_orphans")[KEY_LIVE], VALUE_ABSENT,
		       "initial network namespace");
	assert_missing(key_values(&h, "net.core.somaxconn")[KEY_LIVE], VALUE_ABSENT, "no such key");
}

/* Without /proc every key would look like one that the kernel lacks. */
static void without_the_tree_no_key_is_absent(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};

	assert_missing(key_values(&h, "net.core.somaxconn")[KEY_LIVE], VALUE_UNREAD, "/proc/sys/net/ipv4 is not there");
	assert_true(has_note(h.facts, "kernel parameters were not read"));
}

static void a_key_that_may_not_be_read_is_there(void **state)
{
	_cleanup_host_ struct host h = {
		.tree = *state, .catalogue = catalogue, .missing = SOMAXCONN_FILE " = 13\n" RMEM_FILE " = 5\n"};

	assert_missing(key_values(&h, "net.core.somaxconn")[KEY_LIVE], VALUE_DENIED, "denied");
	assert_missing(key_values(&h, "net.ipv4.tcp_rmem")[KEY_LIVE], VALUE_UNREAD, "Input/output error");
}

/* Defaults */

static const struct {
	const char *kernel, *somaxconn, *rmem; /* NULL: not known */
} defaults[] = {
	{"4.19.0", "128", "4096 131072 6291456"},
	{"5.3.18-x", "128", "4096 131072 6291456"},
	{"5.4.0", "4096", "4096 131072 6291456"},
	{"6.15.9", "4096", "4096 131072 6291456"},
	{"6.16.0-rc1", "4096", "4096 131072 33554432"},
	{"7.1.5", "4096", "4096 131072 33554432"},
	{"7.2.0", NULL, NULL},
	{"8.0.0", NULL, NULL},
	{"unheard-of", NULL, NULL},
};

static void defaults_are_those_of_the_kernel(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		_cleanup_host_ struct host h = {
			.tree = *state, .catalogue = catalogue, .kernel = defaults[i].kernel};

		host_file(&h, "proc/meminfo", "MemTotal: 16777216 kB\n");
		if (!defaults[i].somaxconn) {
			assert_missing(key_values(&h, "net.core.somaxconn")[KEY_DEFAULT], VALUE_ABSENT,
				       "does not know this kernel");
			continue;
		}
		assert_text(key_values(&h, "net.core.somaxconn")[KEY_DEFAULT], defaults[i].somaxconn);
		assert_text(key_values(&h, "net.ipv4.tcp_rmem")[KEY_DEFAULT], defaults[i].rmem);
		assert_text(key_values(&h, "net.ipv4.tcp_keepalive_time")[KEY_DEFAULT], "7200");
		assert_missing(key_values(&h, "net.ipv4.tcp_congestion_control")[KEY_DEFAULT], VALUE_ABSENT,
			       "built");
	}
}

static void a_default_that_needs_memory_is_not_guessed(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};
	const struct sysctl_state *s = state_of(&h, "net.ipv4.tcp_rmem");

	assert_number(s->defaults[0], 4096);
	assert_true(s->defaults[2].state != VALUE_KNOWN);
	assert_true(key_values(&h, "net.ipv4.tcp_rmem")[KEY_DEFAULT].state != VALUE_KNOWN);
}

/* Boot, and drift */

static void the_winner_of_each_loader_is_told_with_its_place(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};
	const struct value *v;

	host_file(&h, SOMAXCONN_FILE, "1024\n");
	host_file(&h, "usr/lib/sysctl.d/10-a.conf", "net.core.somaxconn = 512\n");
	host_file(&h, "etc/sysctl.d/50-b.conf", "# ours\nnet.core.somaxconn =   1024\n");
	host_file(&h, "etc/sysctl.conf", "\n\nnet/core/somaxconn=2048\n");
	v = key_values(&h, "net.core.somaxconn");
	assert_text(v[KEY_BOOT], "1024");
	assert_text(v[KEY_BOOT_AT], "/etc/sysctl.d/50-b.conf:2");
	assert_number(v[KEY_BOOT_DIFFERS], 0);
	/* procps reads /etc/sysctl.conf, and last. */
	assert_text(v[KEY_BOOT_PROCPS], "2048");
	assert_text(v[KEY_BOOT_PROCPS_AT], "/etc/sysctl.conf:3");
	assert_number(v[KEY_LOADERS_DIFFER], 1);
}

static void a_key_that_no_file_sets_has_no_drift(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};
	const struct value *v;

	host_file(&h, SOMAXCONN_FILE, "1024\n");
	v = key_values(&h, "net.core.somaxconn");
	assert_missing(v[KEY_BOOT], VALUE_ABSENT, "no file sets it");
	assert_missing(v[KEY_BOOT_AT], VALUE_ABSENT, "no file sets it");
	assert_missing(v[KEY_BOOT_DIFFERS], VALUE_ABSENT, "no file sets it");
	assert_number(v[KEY_LOADERS_DIFFER], 0);
}

/* A file does set it; what is not known is what it is compared with. */
static void drift_of_a_key_that_may_not_be_read_is_not_known(void **state)
{
	_cleanup_host_ struct host h = {
		.tree = *state, .catalogue = catalogue, .missing = SOMAXCONN_FILE " = 13\n"};
	const struct value *v;

	host_file(&h, "etc/sysctl.d/50-b.conf", "net.core.somaxconn = 1024\n");
	v = key_values(&h, "net.core.somaxconn");
	assert_text(v[KEY_BOOT], "1024");
	assert_missing(v[KEY_BOOT_DIFFERS], VALUE_DENIED, NULL);
}

static const struct {
	const char *live, *boot;
	enum { SAME, OTHER, REFUSED } is;
} values[] = {
	{"4096\t131072\t6291456\n", "4096 131072 6291456", SAME},
	{"4096\t131072\t6291456\n", "4096 \t 131072   6291456\t", SAME},
	{"4096\t131072\t6291456\n", "0x1000 0x20000 0x600000", SAME},
	{"4096\t131072\t6291456\n", "010000 131072 6291456", SAME}, /* octal, as the kernel reads it */
	{"4096\t131072\t6291456\n", "4096 131072", SAME},	     /* the third stays as it is */
	{"4096\t131072\t6291456\n", "4096 131072 6291457", OTHER},
	{"4096\t131072\t6291456\n", "10000 131072 6291456", OTHER},
	{"4096\t131072\t6291456\n", "4096 131073", OTHER},
	{"4096\t131072\t6291456\n", "4096 131072 6291456 1", SAME}, /* the fourth is dropped */
	{"4096\t131072\t6291456\n", "4096,131072,6291456", REFUSED},
	{"4096\t131072\t6291456\n", "4096 131072 6291456k", REFUSED},
	{"4096\t131072\t6291456\n", "default", REFUSED},
	{"16\n", "0x10", SAME},
	{"16\n", "020", SAME},
	{"16\n", "0X10", SAME},
	{"-1\n", "-1", SAME},
	{"16\n", "016", OTHER},
	{"16\n", "-16", OTHER},
	{"16\n", "16.0", REFUSED},
	{"16\n", "0x", REFUSED},
	{"16\n", "16 17", SAME},
	{"16\n", "16 # off", SAME},
	{"16\n", "\"16\"", REFUSED},
};

static void values_are_compared_as_the_kernel_reads_them(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};
		bool triple = strchr(values[i].live, '\t');
		const struct value *v;
		char line[128];

		snprintf(line, sizeof(line), "%s = %s\n", triple ? "net.ipv4.tcp_rmem" : "net.core.somaxconn",
			 values[i].boot);
		host_file(&h, triple ? RMEM_FILE : SOMAXCONN_FILE, values[i].live);
		host_file(&h, "etc/sysctl.d/50-b.conf", line);
		v = &key_values(&h, triple ? "net.ipv4.tcp_rmem" : "net.core.somaxconn")[KEY_BOOT_DIFFERS];
		if (v->state != (values[i].is == REFUSED ? VALUE_GARBLED : VALUE_KNOWN) ||
		    (values[i].is != REFUSED && v->num != (values[i].is == OTHER)))
			fail_msg("live %s, boot '%s': state %d, %g", values[i].live, values[i].boot, v->state, v->num);
		if (values[i].is == REFUSED)
			assert_missing(*v, VALUE_GARBLED, "/etc/sysctl.d/50-b.conf:1");
	}
}

static const struct {
	const char *live, *boot;
	bool differs;
} port_lists[] = {
	{"8080-8082\n", "8080,8081,8082", false}, {"8080-8082\n", "8082,8080-8081", false},
	{"8080-8082\n", "8080-8083", true},	 {"\n", "8080", true},
	{"8080\n", "8080", false},
};

static void lists_of_ports_are_compared_by_the_ports(void **state)
{
	static const char ports[] = "format = 1\n[net.ipv4.ip_local_reserved_ports]\n" TEXTS "type = ranges\n";

	for (size_t i = 0; i < ARRAY_SIZE(port_lists); i++) {
		_cleanup_host_ struct host h = {.tree = *state, .catalogue = ports};
		char line[128];

		snprintf(line, sizeof(line), "net.ipv4.ip_local_reserved_ports = %s\n", port_lists[i].boot);
		host_file(&h, "proc/sys/net/ipv4/ip_local_reserved_ports", port_lists[i].live);
		host_file(&h, "etc/sysctl.d/50-b.conf", line);
		assert_number(key_values(&h, "net.ipv4.ip_local_reserved_ports")[KEY_BOOT_DIFFERS], port_lists[i].differs);
	}
}

static void words_are_compared_letter_by_letter(void **state)
{
	static const struct {
		const char *boot;
		bool differs;
	} words[] = {{"bbr", false}, {" bbr  ", false}, {"bbr2", true}, {"BBR", true}, {"cubic", true}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};
		char line[128];

		snprintf(line, sizeof(line), "net.ipv4.tcp_congestion_control = %s\n", words[i].boot);
		host_file(&h, "proc/sys/net/ipv4/tcp_congestion_control", "bbr\n");
		host_file(&h, "etc/sysctl.d/50-b.conf", line);
		assert_number(key_values(&h, "net.ipv4.tcp_congestion_control")[KEY_BOOT_DIFFERS],
			      words[i].differs);
	}
}

static void loaders_that_read_the_same_agree(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};
	const struct value *v;

	host_file(&h, SOMAXCONN_FILE, "4096\n");
	host_file(&h, "etc/sysctl.d/50-b.conf", "net.core.somaxconn = 4096\n");
	host_file(&h, "etc/sysctl.conf", "net.core.somaxconn = 0x1000\n"); /* the same number */
	v = key_values(&h, "net.core.somaxconn");
	assert_text(v[KEY_BOOT_PROCPS], "0x1000");
	assert_number(v[KEY_LOADERS_DIFFER], 0);
	assert_number(v[KEY_BOOT_DIFFERS], 0);
}

static void files_that_cannot_be_read_are_noted(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .catalogue = catalogue};
	_cleanup_free_ char *large = repeat('#', SYSCTLD_FILE_MAX + 1);

	host_file(&h, "etc/sysctl.d/50-b.conf", large);
	key_values(&h, "net.core.somaxconn");
	assert_true(has_note(h.facts, "of sysctl.d could not be read"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(a_triple_is_read_with_its_tabs),
		in_tree(units_become_seconds_and_bytes),
		in_tree(words_and_keys_with_a_dot_inside),
		in_tree(fewer_values_than_elements_leave_the_rest_unknown),
		in_tree(what_is_no_number_is_not_understood),
		in_tree(a_key_that_is_not_there_says_why),
		in_tree(without_the_tree_no_key_is_absent),
		in_tree(a_key_that_may_not_be_read_is_there),
		in_tree(defaults_are_those_of_the_kernel),
		in_tree(a_default_that_needs_memory_is_not_guessed),
		in_tree(the_winner_of_each_loader_is_told_with_its_place),
		in_tree(a_key_that_no_file_sets_has_no_drift),
		in_tree(drift_of_a_key_that_may_not_be_read_is_not_known),
		in_tree(values_are_compared_as_the_kernel_reads_them),
		in_tree(lists_of_ports_are_compared_by_the_ports),
		in_tree(words_are_compared_letter_by_letter),
		in_tree(loaders_that_read_the_same_agree),
		in_tree(files_that_cannot_be_read_are_noted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
