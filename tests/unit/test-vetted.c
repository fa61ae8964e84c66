/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be applied: the compiled-in rows are those of the catalogue, and refuse what is not vetted. */
#include "unit.h"

#include "apply/vetted.h"
#include "config/config.h"
#include "plan/plan.h"

static void assert_same_row(const struct vetted *v, const struct sysctl_def *def)
{
	static const enum vetted_class classes[] = {
		[APPLY_GATED] = VETTED_GATED, [APPLY_RAISE] = VETTED_RAISE, [APPLY_VETTED] = VETTED_FREE};

	assert_string_equal(v->path + 1, def->path);
	assert_int_equal(v->class, classes[def->apply]);
	assert_int_equal(v->type, def->type == SYSCTL_WORD ? VETTED_WORD : def->type == SYSCTL_RANGES ? VETTED_RANGES : VETTED_NUMBER);
	assert_int_equal(v->elements, def->elements);
	assert_int_equal(v->ascending, def->ascending || def->ascending_enforced);
	assert_int_equal(v->value_count, def->value_count);
	for (unsigned i = 0; i < def->value_count; i++)
		assert_int_equal(v->values[i], def->values[i]);
	if (v->type == VETTED_NUMBER)
		assert_int_equal(v->bounded, def->bounded);
	for (unsigned i = 0; i < def->elements && v->bounded; i++)
		assert_true(v->min[i] == def->min[i] && v->max[i] == def->max[i]);
	assert_int_equal(!v->words, !def->words);
	if (v->words)
		assert_string_equal(v->words, def->words);
}

static void rows_are_those_of_the_catalogue(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	_cleanup_(root_freep) struct root *root = NULL;
	struct diag d = {0};
	size_t count = 0;

	(void)state;
	assert_int_equal(root_open(NULL, &root, &d), 0);
	if (config_load_rules(root, getenv("TCPADVISOR_DATADIR"), "balanced", set, &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
	for (size_t i = 0; i < set->catalogue.count; i++) {
		const struct sysctl_def *def = &set->catalogue.defs[i];
		const struct vetted *v = vetted_find(def->key);

		if (!v != (plan_never(def) != NULL))
			fail_msg("%s is %s", def->key, v ? "vetted, and should not be" : "missing");
		if (v)
			assert_same_row(v, def);
		count += v != NULL;
	}
	assert_int_equal(count, vetted_count);
	assert_true(count > 50);
}

static void values_are_held_to_the_catalogue(void **state)
{
	static const struct {
		const char *key, *old, *new;
		bool passes;
	} rows[] = {
		{"net.ipv4.tcp_rmem", "4096 131072 6291456", "4096 131072 20971520", true},
		{"net.ipv4.tcp_rmem", "4096 131072 6291456", "4096 131072 2147483648", false},
		{"net.ipv4.tcp_rmem", "4096 131072 6291456", "4096 262144 131072", false},
		{"net.ipv4.tcp_rmem", "4096 131072 6291456", "4096 131072", false},
		{"net.ipv4.tcp_rmem", "4096 131072 6291456", "4096 131072 6291456 1", false},
		{"net.ipv4.tcp_rmem", "4096 131072 6291456", "4096  131072 20971520", false},
		{"net.ipv4.tcp_rmem", "4096 131072 6291456", "4096 131072 0x1400000", false},
		{"net.ipv4.tcp_rmem", "4096 131072 6291456", "4096 131072 20971520\n", false},
		{"net.ipv4.tcp_rmem", "1 2 6291456", "1 2 20971520", true}, /* what stays is not ours to judge */
		{"net.ipv4.tcp_sack", "0", "1", true},
		{"net.ipv4.tcp_sack", "1", "0", false}, /* raises only */
		{"net.ipv4.tcp_sack", "0", "2", false},
		{"net.ipv4.tcp_keepalive_time", "7200", "-1", false},
		{"net.ipv4.tcp_keepalive_time", "7200", "", false},
		{"net.ipv4.tcp_keepalive_time", "7200", "99999999999999999999", false},
		{"net.ipv4.tcp_congestion_control", "cubic", "bbr", true},
		{"net.ipv4.tcp_congestion_control", "cubic", "bb", false},
		{"net.ipv4.tcp_congestion_control", "cubic", "bbr reno", false},
		{"net.ipv4.tcp_congestion_control", "cubic", "../bbr", false},
		{"net.ipv4.ip_local_reserved_ports", "", "8080,9000-9100", true},
		{"net.ipv4.ip_local_reserved_ports", "8080", "", true},
		{"net.ipv4.ip_local_reserved_ports", "", "8080,", false},
		{"net.ipv4.ip_local_reserved_ports", "", "70000", false},
		{"net.ipv4.ip_local_reserved_ports", "", "0", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *why = vetted_refusal(vetted_find(rows[i].key), rows[i].old, rows[i].new);

		if (!why != rows[i].passes)
			fail_msg("%s = %s: %s", rows[i].key, rows[i].new, why ? why : "passed");
	}
}

static void other_keys_are_never_applied(void **state)
{
	static const char *const keys[] = {
		"kernel.core_pattern", "fs.file-max", "vm.swappiness", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.eth0.rp_filter",
		"net.ipv4.../../kernel/core_pattern", "net/ipv4/tcp_rmem", "net.ipv4.tcp_rme", "net.ipv4.tcp_rmem ", "",
		"net.ipv4.tcp_mem", "net.core.bpf_jit_enable",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (vetted_find(keys[i]))
			fail_msg("%s is vetted", keys[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_those_of_the_catalogue),
		cmocka_unit_test(values_are_held_to_the_catalogue),
		cmocka_unit_test(other_keys_are_never_applied),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
