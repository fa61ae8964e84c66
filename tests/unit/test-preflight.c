/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preflight: what stands against a plan, in which words, and which option overrides it. */
#include "unit-judge.h"

#include "plan/preflight.h"

#define RMEM  "net.ipv4.tcp_rmem"
#define CONGESTION "net.ipv4.tcp_congestion_control"
#define BEFORE "4096 131072 6291456"
#define AFTER  "4096 131072 20000000"

static const char more_keys[] =
	"format = 1\nknown-through = 6.12\n"
	"[net.ipv4.tcp_available_congestion_control]\n" HOST_KEY_TEXTS "type = words\nnetns = init-write\napply = never\n"
	"[net.ipv4.tcp_mem]\n" HOST_KEY_TEXTS "elements = 3\nunit = pages\nnetns = init\n"
	"[net.core.rmem_max]\n" HOST_KEY_TEXTS "netns = init-write\n"
	"[vm.swappiness]\n" HOST_KEY_TEXTS "netns = host\n";

/* A host on which the change of tcp_rmem meets no hindrance. */
struct flight {
	struct court court;
	struct plan_change change;
	struct plan plan;
	struct preflight_options options;
	struct preflight ret;
};

static void flight_clear(struct flight *f)
{
	preflight_clear(&f->ret);
	court_clear(&f->court);
}
#define _cleanup_flight_ _cleanup_(flight_clear)

static void set_change(struct flight *f, const char *key, const char *current, const char *wanted)
{
	set_live(&f->court, key, current);
	f->change = (struct plan_change){.def = court_key(&f->court, key)->def, .key = key, .current = current, .wanted = wanted};
}

static void open_flight(struct flight *f, const struct tree *t)
{
	tree_write(t, "r/etc/tcpadvisor/rules/sysctl/u.sysctl", more_keys);
	court_open(&f->court, t, "format = 1\n[a.b]\nfor = host\n" RULE_TEXTS "when = host.memory < 1 GiB\n");
	for (size_t i = 0; i < f->court.rules.catalogue.count; i++)
		if (strcmp(f->court.rules.catalogue.defs[i].key, "net.core.free"))
			f->court.rules.catalogue.defs[i].apply = APPLY_VETTED;
	f->court.facts->host->values[HOST_KERNEL] = value_text("6.12.9-x");
	set_live(&f->court, "net.ipv4.tcp_available_congestion_control", "reno cubic bbr2");
	set_live(&f->court, "net.ipv4.tcp_mem", "1 2 3");
	set_change(f, RMEM, BEFORE, AFTER);
	court_judge(&f->court);
	f->plan = (struct plan){.changes = &f->change, .change_count = 1};
}

static void look(struct flight *f)
{
	preflight_clear(&f->ret);
	preflight_make(&f->court.judgement, &f->plan, &f->options, &f->ret);
}

static void assert_clear(struct flight *f)
{
	look(f);
	if (f->ret.count)
		fail_msg("%s: %s", f->ret.list[0].key ? f->ret.list[0].key : "host", f->ret.list[0].sentence);
	assert_false(preflight_refuses(&f->ret));
}

/* The only hindrance. */
static void assert_hindrance(struct flight *f, enum hindrance_severity severity, const char *key, const char *says)
{
	look(f);
	assert_int_equal(f->ret.count, 1);
	if (!strstr(f->ret.list[0].sentence, says))
		fail_msg("'%s' expected, got '%s'", says, f->ret.list[0].sentence);
	assert_int_equal(f->ret.list[0].severity, severity);
	assert_int_equal(preflight_refuses(&f->ret), severity == HINDRANCE_REFUSE);
	if (key)
		assert_string_equal(f->ret.list[0].key, key);
	else
		assert_null(f->ret.list[0].key);
}

static void a_good_plan_meets_nothing(void **state)
{
	_cleanup_flight_ struct flight f = {0};

	open_flight(&f, *state);
	assert_clear(&f);
}

static void policy_and_freeze_refuse(void **state)
{
	_cleanup_flight_ struct flight f = {0};

	open_flight(&f, *state);
	f.options.denied = true;
	assert_hindrance(&f, HINDRANCE_REFUSE, NULL, "`allow = no`");
	f.options = (struct preflight_options){.frozen = true};
	assert_hindrance(&f, HINDRANCE_REFUSE, NULL, "/etc/tcpadvisor/freeze");
}

static void a_kernel_that_is_not_known_is_only_advised(void **state)
{
	static const struct {
		const char *release, *says;
	} kernels[] = {{"6.13.0", "Linux 6.13 is newer than the catalogue"}, {"7.0", "Linux 7.0 is newer"}, {"x", "could not be read"}};
	_cleanup_flight_ struct flight f = {0};

	open_flight(&f, *state);
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		f.court.facts->host->values[HOST_KERNEL] = value_text(kernels[i].release);
		assert_hindrance(&f, HINDRANCE_REFUSE, NULL, kernels[i].says);
	}
	f.court.facts->host->values[HOST_KERNEL] = value_missing(VALUE_DENIED, NULL);
	assert_hindrance(&f, HINDRANCE_REFUSE, NULL, "could not be read");
	f.court.facts->host->values[HOST_KERNEL] = value_text("5.4.1");
	assert_clear(&f);
}

static void a_manager_of_the_same_key_refuses_unless_told(void **state)
{
	_cleanup_flight_ struct flight f = {0};
	struct value *v;

	open_flight(&f, *state);
	v = f.court.facts->host->values;
	v[MANAGER_NAME] = value_text("tuned (profile x)");
	v[MANAGER_KEYS] = value_text("net.ipv4.tcp_rmem_more " RMEM " net.core.somaxconn");
	assert_hindrance(&f, HINDRANCE_REFUSE, RMEM, "tuned (profile x) runs here");
	assert_string_equal(f.ret.list[0].option, "--despite-manager");
	f.options.despite_manager = true;
	assert_hindrance(&f, HINDRANCE_WARN, RMEM, "tuned (profile x) runs here");
	f.options.despite_manager = false;
	v[MANAGER_KEYS] = value_text("net.ipv4.tcp_rmem_more");
	assert_clear(&f);
}

static void a_later_line_of_sysctld_beats_ours(void **state)
{
	static const struct {
		const char *file;
		bool later;
	} files[] = {
		{"/etc/sysctl.d/99-x.conf", true},	 {"/usr/lib/sysctl.d/96-x.conf", true},
		{"/etc/sysctl.conf", true},		 {"/etc/sysctl.d/95-tcpadvisor.conf", false},
		{"/usr/lib/sysctl.d/50-x.conf", false}, {"/run/sysctl.d/95-a.conf", false},
	};
	_cleanup_flight_ struct flight f = {0};
	struct sysctl_state *s;

	open_flight(&f, *state);
	s = court_key(&f.court, RMEM);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		s->systemd = s->procps = (struct boot_value){BEFORE, files[i].file, 7};
		f.options.persist = false;
		if (files[i].later) {
			assert_hindrance(&f, HINDRANCE_WARN, RMEM, "a reboot brings that value back");
			f.options.persist = true;
			assert_hindrance(&f, HINDRANCE_REFUSE, RMEM, "would not hold after a reboot");
			assert_non_null(strstr(f.ret.list[0].sentence, files[i].file));
			assert_non_null(strstr(f.ret.list[0].sentence, ":7 sets " BEFORE));
		} else
			assert_clear(&f);
	}
	f.options.persist = true;
	s->systemd = s->procps = (struct boot_value){"4096\t131072  20000000", "/etc/sysctl.d/99-x.conf", 7};
	assert_clear(&f);
	s->procps = (struct boot_value){BEFORE, "/etc/sysctl.conf", 9};
	assert_hindrance(&f, HINDRANCE_REFUSE, RMEM, "/etc/sysctl.conf:9");
}

static void values_outside_the_catalogue_refuse(void **state)
{
	static const struct {
		const char *wanted, *says;
	} values[] = {
		{"4096 131072 2147483647", "2147483647 is outside 65536 to 1073741824"},
		{"4096 131072", "2 of its 3 numbers"},
		{"4096 8388608 6291456", "no longer ascend"},
		{"4096 131072 6M", "bounds"},
		{"", "bounds"},
	};
	_cleanup_flight_ struct flight f = {0};

	open_flight(&f, *state);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		f.change.wanted = values[i].wanted;
		assert_hindrance(&f, HINDRANCE_REFUSE, RMEM, values[i].says);
	}
}

static void nothing_goes_below_the_default(void **state)
{
	_cleanup_flight_ struct flight f = {0};

	open_flight(&f, *state);
	set_change(&f, RMEM, "4096 131072 40000000", "4096 131072 20000000");
	assert_hindrance(&f, HINDRANCE_REFUSE, RMEM, "default is not known");
	set_default(&f.court, RMEM, 2, 33554432);
	assert_hindrance(&f, HINDRANCE_REFUSE, RMEM, "20000000 would be less than this kernel's own default, 33554432");
	set_default(&f.court, RMEM, 2, 6291456);
	assert_clear(&f);
	/* Held below it, a raise is none of that. */
	set_default(&f.court, RMEM, 2, 33554432);
	set_change(&f, RMEM, "4096 131072 1000000", "4096 131072 2000000");
	assert_clear(&f);
}

static void congestion_control_must_be_there(void **state)
{
	_cleanup_flight_ struct flight f = {0};

	open_flight(&f, *state);
	set_change(&f, CONGESTION, "cubic", "bbr");
	assert_hindrance(&f, HINDRANCE_REFUSE, CONGESTION, "bbr is not available (reno cubic bbr2 is): `modprobe tcp_bbr`");
	set_live(&f.court, "net.ipv4.tcp_available_congestion_control", "reno bbr");
	assert_clear(&f);
	court_key(&f.court, "net.ipv4.tcp_available_congestion_control")->state = VALUE_DENIED;
	assert_hindrance(&f, HINDRANCE_REFUSE, CONGESTION, "could not be read");
}

static void keys_that_are_never_applied(void **state)
{
	_cleanup_flight_ struct flight f = {0};

	open_flight(&f, *state);
	set_change(&f, "net.core.free", "1", "2");
	assert_hindrance(&f, HINDRANCE_REFUSE, "net.core.free", "never applied");
	set_change(&f, "vm.swappiness", "60", "10");
	assert_hindrance(&f, HINDRANCE_REFUSE, "vm.swappiness", "user 0");
}

static void what_only_the_first_namespace_writes(void **state)
{
	_cleanup_flight_ struct flight f = {0};

	open_flight(&f, *state);
	set_change(&f, "net.core.rmem_max", "212992", "4194304");
	assert_clear(&f);
	court_key(&f.court, "net.ipv4.tcp_mem")->state = VALUE_ABSENT;
	assert_hindrance(&f, HINDRANCE_REFUSE, "net.core.rmem_max", "first network namespace only");
}

static void a_value_that_moved_meanwhile(void **state)
{
	_cleanup_flight_ struct flight f = {0};

	open_flight(&f, *state);
	set_live(&f.court, RMEM, "4096 131072 7000000");
	assert_hindrance(&f, HINDRANCE_REFUSE, RMEM, "the plan is for " BEFORE ", and it is 4096 131072 7000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(a_good_plan_meets_nothing),
		in_tree(policy_and_freeze_refuse),
		in_tree(a_kernel_that_is_not_known_is_only_advised),
		in_tree(a_manager_of_the_same_key_refuses_unless_told),
		in_tree(a_later_line_of_sysctld_beats_ours),
		in_tree(values_outside_the_catalogue_refuse),
		in_tree(nothing_goes_below_the_default),
		in_tree(congestion_control_must_be_there),
		in_tree(keys_that_are_never_applied),
		in_tree(what_only_the_first_namespace_writes),
		in_tree(a_value_that_moved_meanwhile),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
