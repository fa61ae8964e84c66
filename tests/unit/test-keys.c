/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit-rules.h"

#include <unistd.h>
#include "collect/collect.h"
#include "daemon/keys.h"
#include "daemon/young.h"

/* A host with a /proc/sys of files, and the facts that a tick would have of it. */
struct bed {
	struct tree *tree;
	struct root *root;
	struct ruleset rules;
	struct facts *facts;
	struct keys keys;
};

static const char *const names[] = {"net.ipv4.tcp_rmem", "net.core.somaxconn", "net.ipv4.tcp_keepalive_time",
				    "net.ipv4.conf.eth0/1.rp_filter", "net.ipv4.conf.*.rp_filter"};

static void bed_write(struct bed *b, const char *path, const char *value)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "r/proc/sys/%s", path);
	tree_write(b->tree, whole, value);
}

/* raw NULL: the key cannot be read. */
static void bed_fact(struct bed *b, size_t i, const char *raw)
{
	b->facts->sysctls[i].state = raw ? VALUE_KNOWN : VALUE_ABSENT;
	b->facts->sysctls[i].raw = raw;
}

static void bed_make(struct bed *b, void **state)
{
	char path[4200];

	b->tree = *state;
	b->root = open_record(b->tree, PLAIN);
	load_rules(&b->rules, "format = 1\n[a.b]\n" RULE_TEXTS "for = sysctl net.core.somaxconn\nwhen = 1 > 2\n");
	bed_write(b, "net/ipv4/tcp_rmem", "4096\t131072\t6291456\n");
	bed_write(b, "net/core/somaxconn", "4096\n");
	bed_write(b, "net/ipv4/tcp_keepalive_time", "7200\n");
	bed_write(b, "net/ipv4/conf/eth0.1/rp_filter", "0\n");
	b->facts = facts_new();
	b->facts->sysctl_count = ARRAY_SIZE(names);
	b->facts->sysctls = arena_array(&b->facts->arena, struct sysctl_state, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		b->facts->sysctls[i].key = names[i];
		b->facts->sysctls[i].def = catalogue_find(&b->rules.catalogue, names[i]);
	}
	bed_fact(b, 0, "4096 131072 6291456");
	bed_fact(b, 1, "4096");
	bed_fact(b, 2, "7200");
	bed_fact(b, 3, "0");
	b->facts->sysctls[0].systemd.raw = "4096 131072 6291456";
	keys_init(&b->keys, b->root, tree_path(b->tree, "r/proc/sys", path, sizeof(path)));
	assert_int_equal(keys_take(&b->keys, b->facts, &b->rules), 0);
}

static void bed_clear(struct bed *b)
{
	keys_clear(&b->keys);
	facts_free(b->facts);
	ruleset_clear(&b->rules);
	root_free(b->root);
}

static void assert_change(const struct bed *b, const char *key, const char *previous, const char *raw)
{
	const struct watched_key *w = keys_find(&b->keys, key);

	assert_non_null(w);
	if (previous)
		assert_string_equal(w->previous, previous);
	else
		assert_null(w->previous);
	if (raw)
		assert_string_equal(w->raw, raw);
	else
		assert_null(w->raw);
}

static void templates_are_no_keys(void **state)
{
	struct bed b = {0};

	bed_make(&b, state);
	assert_int_equal(b.keys.count, 4);
	assert_null(keys_find(&b.keys, "net.ipv4.conf.*.rp_filter"));
	assert_null(keys_find(&b.keys, "net.ipv4.tcp_wmem"));
	bed_clear(&b);
}

static void what_is_expected_is_read_again(void **state)
{
	struct bed b = {0};

	bed_make(&b, state);
	assert_int_equal(b.keys.polled, 2); /* boot sets one, a rule is for the other */
	bed_write(&b, "net/ipv4/tcp_rmem", "4096 131072\t  8388608\n");
	bed_write(&b, "net/ipv4/tcp_keepalive_time", "600\n");
	assert_int_equal(keys_poll(&b.keys, true), 1);
	assert_change(&b, "net.ipv4.tcp_rmem", "4096 131072 6291456", "4096 131072 8388608");
	assert_change(&b, "net.ipv4.tcp_keepalive_time", NULL, "7200");
	keys_settle(&b.keys);
	assert_change(&b, "net.ipv4.tcp_rmem", NULL, "4096 131072 8388608");
	assert_int_equal(keys_poll(&b.keys, true), 0);
	bed_clear(&b);
}

static void the_oldest_value_counts_until_it_was_dealt_with(void **state)
{
	struct bed b = {0};

	bed_make(&b, state);
	bed_write(&b, "net/core/somaxconn", "128\n");
	assert_int_equal(keys_poll(&b.keys, true), 1);
	bed_write(&b, "net/core/somaxconn", "64\n");
	assert_int_equal(keys_poll(&b.keys, true), 1);
	assert_change(&b, "net.core.somaxconn", "4096", "64");
	bed_write(&b, "net/core/somaxconn", "4096\n");
	assert_int_equal(keys_poll(&b.keys, true), 0);
	assert_change(&b, "net.core.somaxconn", NULL, "4096");
	bed_clear(&b);
}

static void a_key_that_goes_was_not_changed(void **state)
{
	struct bed b = {0};

	bed_make(&b, state);
	assert_int_equal(unlinkat(b.tree->fd, "r/proc/sys/net/core/somaxconn", 0), 0);
	assert_int_equal(keys_poll(&b.keys, true), 0);
	assert_change(&b, "net.core.somaxconn", NULL, NULL);
	bed_write(&b, "net/core/somaxconn", "128\n");
	assert_int_equal(keys_poll(&b.keys, true), 0);
	assert_change(&b, "net.core.somaxconn", NULL, "128");
	bed_clear(&b);
}

static void newer_facts_show_the_others(void **state)
{
	struct bed b = {0};

	bed_make(&b, state);
	bed_fact(&b, 2, "600");
	bed_fact(&b, 3, NULL);
	assert_int_equal(keys_take(&b.keys, b.facts, &b.rules), 1);
	assert_change(&b, "net.ipv4.tcp_keepalive_time", "7200", "600");
	b.facts->sysctl_count = 3;
	keys_take(&b.keys, b.facts, &b.rules);
	assert_int_equal(b.keys.count, 3);
	bed_clear(&b);
}

/* Through the file itself, whichever key it is. */
static void inotify_names_the_key(void **state)
{
	struct bed b = {0};

	bed_make(&b, state);
	assert_true(b.keys.inotify >= 0);
	assert_int_equal(keys_listen(&b.keys), 0);
	bed_write(&b, "net/ipv4/conf/eth0.1/rp_filter", "2\n");
	bed_write(&b, "net/ipv4/tcp_keepalive_time", "600\n");
	bed_write(&b, "net/ipv4/tcp_unheard_of", "1\n");
	assert_true(keys_listen(&b.keys) >= 2);
	assert_int_equal(keys_poll(&b.keys, false), 2);
	assert_change(&b, "net.ipv4.conf.eth0/1.rp_filter", "0", "2");
	assert_change(&b, "net.ipv4.tcp_keepalive_time", "7200", "600");
	assert_int_equal(keys_poll(&b.keys, false), 0); /* nothing is read anew */
	bed_clear(&b);
}

static void a_directory_may_go_and_come_back(void **state)
{
	struct bed b = {0};
	size_t before;

	bed_make(&b, state);
	before = b.keys.directory_count;
	assert_int_equal(unlinkat(b.tree->fd, "r/proc/sys/net/ipv4/conf/eth0.1/rp_filter", 0), 0);
	assert_int_equal(unlinkat(b.tree->fd, "r/proc/sys/net/ipv4/conf/eth0.1", AT_REMOVEDIR), 0);
	keys_listen(&b.keys);
	assert_int_equal(b.keys.directory_count, before - 1);
	b.facts->sysctl_count = 3; /* the interface is gone */
	keys_take(&b.keys, b.facts, &b.rules);
	bed_write(&b, "net/ipv4/conf/eth0.1/rp_filter", "0\n");
	b.facts->sysctl_count = 4;
	keys_take(&b.keys, b.facts, &b.rules);
	assert_int_equal(b.keys.directory_count, before);
	bed_write(&b, "net/ipv4/conf/eth0.1/rp_filter", "1\n");
	assert_true(keys_listen(&b.keys) >= 1);
	assert_int_equal(keys_poll(&b.keys, false), 1);
	bed_clear(&b);
}

/* As procfs does: it says neither that a directory went nor that another one came under its name. */
static void a_directory_may_be_another_one_under_its_name(void **state)
{
	struct bed b = {0};
	size_t before;

	bed_make(&b, state);
	before = b.keys.directory_count;
	assert_int_equal(renameat(b.tree->fd, "r/proc/sys/net/ipv4/conf/eth0.1", b.tree->fd, "r/old"), 0);
	bed_write(&b, "net/ipv4/conf/eth0.1/rp_filter", "0\n");
	keys_take(&b.keys, b.facts, &b.rules);
	assert_int_equal(b.keys.directory_count, before);
	keys_listen(&b.keys);
	bed_write(&b, "net/ipv4/conf/eth0.1/rp_filter", "1\n");
	assert_true(keys_listen(&b.keys) >= 1);
	assert_int_equal(keys_poll(&b.keys, false), 1);
	assert_change(&b, "net.ipv4.conf.eth0/1.rp_filter", "0", "1");
	b.facts->sysctl_count = 3; /* the interface is gone, and not one watch is left of it */
	keys_take(&b.keys, b.facts, &b.rules);
	assert_int_equal(b.keys.directory_count, before - 1);
	keys_listen(&b.keys);
	bed_write(&b, "net/ipv4/conf/eth0.1/rp_filter", "2\n");
	tree_write(b.tree, "r/old/rp_filter", "2\n");
	assert_int_equal(read(b.keys.inotify, (char[4096]){0}, 4096), -1);
	bed_clear(&b);
}

static void without_a_procfs_to_watch_nothing_is_heard(void **state)
{
	struct bed b = {0};
	struct keys deaf;

	bed_make(&b, state);
	keys_init(&deaf, b.root, NULL);
	keys_take(&deaf, b.facts, &b.rules);
	assert_int_equal(deaf.inotify, -1);
	assert_int_equal(keys_listen(&deaf), 0);
	bed_write(&b, "net/core/somaxconn", "128\n");
	assert_int_equal(keys_poll(&deaf, true), 1);
	keys_clear(&deaf);
	keys_init(&deaf, b.root, "/nonexistent");
	keys_take(&deaf, b.facts, &b.rules);
	assert_int_equal(deaf.directory_count, 0);
	keys_clear(&deaf);
	bed_clear(&b);
}

static void take_interfaces(struct young *y, double now, const char *a, const char *b)
{
	struct facts *f = facts_new();

	facts_add(f, SUBJECT_INTERFACE, a);
	if (b)
		facts_add(f, SUBJECT_INTERFACE, b);
	young_take(y, f, now, 60);
	facts_free(f);
}

static void interfaces_are_young_for_a_while(void **state)
{
	struct young y = {0};

	(void)state;
	take_interfaces(&y, 100, "lo", NULL);
	assert_false(young_has_key(&y, "net.ipv4.conf.lo.rp_filter"));
	take_interfaces(&y, 110, "lo", "eth0.100");
	assert_true(young_has_key(&y, "net.ipv4.conf.eth0/100.rp_filter"));
	assert_true(young_has_key(&y, "net.ipv6.neigh.eth0/100.gc_stale_time"));
	assert_false(young_has_key(&y, "net.ipv4.conf.eth0.rp_filter"));
	assert_false(young_has_key(&y, "net.ipv4.conf.all.rp_filter"));
	assert_false(young_has_key(&y, "net.ipv4.tcp_rmem"));
	take_interfaces(&y, 169, "lo", "eth0.100");
	assert_true(young_has_key(&y, "net.ipv4.conf.eth0/100.rp_filter"));
	take_interfaces(&y, 170, "lo", "eth0.100");
	assert_false(young_has_key(&y, "net.ipv4.conf.eth0/100.rp_filter"));
	take_interfaces(&y, 180, "lo", NULL);
	take_interfaces(&y, 190, "lo", "eth0.100"); /* another of that name */
	assert_true(young_has_key(&y, "net.ipv4.conf.eth0/100.rp_filter"));
	young_clear(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(templates_are_no_keys),
		in_tree(what_is_expected_is_read_again),
		in_tree(the_oldest_value_counts_until_it_was_dealt_with),
		in_tree(a_key_that_goes_was_not_changed),
		in_tree(newer_facts_show_the_others),
		in_tree(inotify_names_the_key),
		in_tree(a_directory_may_go_and_come_back),
		in_tree(a_directory_may_be_another_one_under_its_name),
		in_tree(without_a_procfs_to_watch_nothing_is_heard),
		cmocka_unit_test(interfaces_are_young_for_a_while),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
