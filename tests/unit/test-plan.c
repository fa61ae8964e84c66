/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan: how what several findings want becomes one change, in which order, and what is left out with which reason. */
#include "unit-judge.h"

#include "plan/plan.h"

/* The names are the kernel's; classes, types and order are of the tests. */
static const char catalogue[] =
	"format = 1\n"
	"[net.ipv4.tcp_rmem]\n" HOST_KEY_TEXTS "apply = gated\n"
	"elements = 3\nunit = bytes\nmin = 4096 4096 65536\nmax = 1073741824\norder = ascending\n"
	"[net.core.somaxconn]\n" HOST_KEY_TEXTS "apply = vetted\nmin = 128\nmax = 1000000\nmemory-each = 2560\n"
	"[net.core.free]\n" HOST_KEY_TEXTS "apply = never\n"
	"[net.ipv4.tcp_max_tw_buckets]\n" HOST_KEY_TEXTS "apply = raise\nmin = 1\nmax = 1000000\n"
	"[net.core.rmem_max]\n" HOST_KEY_TEXTS "apply = vetted\nunit = bytes\nmin = 4096\nmax = 1073741824\nnetns = init-write\n"
	"[net.core.netdev_max_backlog]\n" HOST_KEY_TEXTS "apply = gated\nmin = 1\nmax = 1000000\nnetns = init\n"
	"[net.ipv4.tcp_congestion_control]\n" HOST_KEY_TEXTS "type = word\nwords = cubic bbr reno\napply = vetted\n"
	"[net.ipv4.tcp_allowed_congestion_control]\n" HOST_KEY_TEXTS "type = words\napply = vetted\n"
	"[fs.file-max]\n" HOST_KEY_TEXTS "apply = vetted\nmin = 1\nmax = 1000000\nnetns = host\n"
	"[net.ipv4.conf.*.rp_filter]\n" HOST_KEY_TEXTS "values = 0 1 2\ncombine = max\n";

#define RULE(id, when, recommend) \
	"[" id "]\nfor = host\ntitle = t\nmessage = m of " id "\nbecause = b\nrefs = r\nwhen = " when "\n" recommend
/* A measured symptom, and one that settings alone make. */
#define MEASURED "host.fd_used > 0"
#define SETTING	 "sysctl.net.core.free = 0"

/* A key of an interface that a file sets stands behind those of the catalogue. */
static void add_interface_key(struct court *c, const char *key, const char *raw)
{
	struct sysctl_state *s = &c->facts->sysctls[c->facts->sysctl_count++];

	*s = (struct sysctl_state){
		.def = catalogue_find(&c->rules.catalogue, key),
		.key = key,
		.state = VALUE_KNOWN,
		.raw = raw,
		.elements = {value_number(strtod(raw, NULL))},
	};
}

static void plan_open(struct court *c, const struct tree *t, const char *rules, const char *profile)
{
	_cleanup_text_ struct text all = TEXT_NULL;
	_cleanup_(root_freep) struct root *r = NULL;
	struct diag d = {0};
	char datadir[4200];

	text_addf(&all, "format = 1\n%s", rules);
	tree_write(t, "r/etc/tcpadvisor/rules/sysctl/t.sysctl", catalogue);
	tree_write(t, "r/etc/tcpadvisor/rules/t.rule", text_get(&all));
	tree_write(t, "r/etc/tcpadvisor/profiles/p.profile", profile ? profile : "format = 1\n[profile]\nsummary = s\n");
	r = open_record(t, PLAIN);
	if (config_load_rules(r, tree_path(t, "none", datadir, sizeof(datadir)), "p", &c->rules, &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
	court_facts(c);
	c->facts->host->values[HOST_FD_USED] = value_number(1);
	set_live(c, "net.core.free", "0");
	set_live(c, "net.ipv4.tcp_rmem", "4096 131072 262144");
	set_live(c, "net.core.somaxconn", "1024");
	set_live(c, "net.ipv4.tcp_max_tw_buckets", "1000");
	set_live(c, "net.core.netdev_max_backlog", "1000");
	set_live(c, "net.core.rmem_max", "212992");
	set_live(c, "net.ipv4.tcp_congestion_control", "cubic");
	set_live(c, "fs.file-max", "1000");
	add_interface_key(c, "net.ipv4.conf.all.rp_filter", "1");
}

static void make(struct court *c, const char *only, struct plan *ret)
{
	struct plan_options o = {.only = &only, .only_count = only != NULL};

	plan_make(court_judge(c), &o, ret);
}

static void assert_change(const struct plan *p, size_t i, const char *key, const char *wanted)
{
	if (i >= p->change_count)
		fail_msg("%s is not changed", key);
	assert_string_equal(p->changes[i].key, key);
	assert_string_equal(p->changes[i].wanted, wanted);
}

static void assert_left(const struct plan *p, size_t i, const char *key, const char *says)
{
	if (i >= p->left_count)
		fail_msg("%s is not left out", key);
	assert_string_equal(p->left[i].key, key);
	if (!strstr(p->left[i].why, says))
		fail_msg("%s: '%s' is not in '%s'", key, says, p->left[i].why);
}

/* Merging */

static const struct {
	const char *what, *a, *b, *profile, *wanted; /* wanted NULL: they contradict each other */
} merged[] = {
	{"the larger of two floors", ">= 2000", ">= 4096", NULL, "4096"},
	{"the smaller of two ceilings", "<= 900", "<= 512", NULL, "512"},
	{"no more than the floor asks for", ">= 2000", "<= 8000", NULL, "2000"},
	{"the floor, with the value in force below it", ">= 4096", "= 4096", NULL, "4096"},
	{"one value both ask for", "= 2048", "= 2048", NULL, "2048"},
	{"a choice that the other allows", "one of 512 4096 8192", ">= 4096", NULL, "4096"},
	{"what the profile has stays fulfilled", "<= 900", "<= 800", ">= 512", "800"},
	{"two values", "= 2048", "= 4096", NULL, NULL},
	{"a floor above a ceiling", ">= 4096", "<= 512", NULL, NULL},
	{"the profile's floor above a ceiling", "<= 512", "<= 512", ">= 800", NULL},
};

static void asks_for_one_key_become_one_value(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(merged); i++) {
		_cleanup_court_ struct court c = {0};
		_cleanup_(plan_clear) struct plan p = {0};
		char rules[2048], profile[256];

		snprintf(rules, sizeof(rules),
			 RULE("a.a", MEASURED, "recommend = net.core.somaxconn %s\n")
			 RULE("b.b", MEASURED, "recommend = net.core.somaxconn %s\n"), merged[i].a, merged[i].b);
		snprintf(profile, sizeof(profile), "format = 1\n[profile]\nsummary = s\n[sysctl]\nnet.core.somaxconn = %s # why\n",
			 merged[i].profile);
		plan_open(&c, *state, rules, merged[i].profile ? profile : NULL);
		make(&c, NULL, &p);
		if (p.change_count + p.left_count != 1 || (p.change_count != 0) != (merged[i].wanted != NULL))
			fail_msg("%s: %zu changes, %zu left out", merged[i].what, p.change_count, p.left_count);
		if (merged[i].wanted)
			assert_change(&p, 0, "net.core.somaxconn", merged[i].wanted);
	}
}

static void a_contradiction_names_both(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	plan_open(&c, *state,
		  RULE("a.more", MEASURED, "recommend = net.core.somaxconn >= 4096\n")
		  RULE("b.less", MEASURED, "recommend = net.core.somaxconn <= 512\n"), NULL);
	make(&c, NULL, &p);
	assert_left(&p, 0, "net.core.somaxconn", "a.more/host (>= 4096) and b.less/host (<= 512) contradict each other");
	assert_string_equal(p.left[0].asked_by, "a.more/host, b.less/host");
	assert_null(p.left[0].wanted);
}

static void elements_are_merged_each_for_itself(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	plan_open(&c, *state,
		  RULE("a.a", MEASURED, "recommend = net.ipv4.tcp_rmem[1] <= 65536 B\n")
		  RULE("b.b", MEASURED, "recommend = net.ipv4.tcp_rmem[2] >= 1 MiB\n")
		  RULE("c.c", MEASURED, "recommend = net.ipv4.tcp_rmem[2] >= 2 MiB\n"), NULL);
	make(&c, NULL, &p);
	assert_int_equal(p.change_count, 1);
	assert_change(&p, 0, "net.ipv4.tcp_rmem", "4096 65536 2097152");
	assert_string_equal(p.changes[0].why, "a.a/host, b.b/host, c.c/host");
}

static void elements_that_would_not_ascend_stay(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	/* Each for itself would do. */
	plan_open(&c, *state,
		  RULE("a.a", MEASURED, "recommend = net.ipv4.tcp_rmem[1] >= 200000 B\n")
		  RULE("b.b", MEASURED, "recommend = net.ipv4.tcp_rmem[2] <= 150000 B\n"), NULL);
	make(&c, NULL, &p);
	assert_int_equal(p.change_count, 0);
	assert_left(&p, 0, "net.ipv4.tcp_rmem", "ascend");
}

static void the_gravest_finding_speaks(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	plan_open(&c, *state,
		  RULE("a.slight", SETTING, "severity = notice\nrecommend = net.core.somaxconn >= 4096\n")
		  RULE("b.grave", SETTING, "severity = error\nrecommend = net.core.somaxconn >= 2048\n"), NULL);
	make(&c, NULL, &p);
	assert_change(&p, 0, "net.core.somaxconn", "4096");
	assert_string_equal(p.changes[0].message, "m of b.grave");
	assert_string_equal(p.changes[0].why, "b.grave/host, a.slight/host");
	assert_false(p.changes[0].measured);
}

/* Order */

static void changes_stand_in_the_order_of_the_catalogue(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	plan_open(&c, *state,
		  RULE("a.a", MEASURED, "severity = error\nrecommend = net.ipv4.tcp_congestion_control = \"bbr\"\n")
		  RULE("b.b", MEASURED, "recommend = net.ipv4.tcp_max_tw_buckets >= 2000\n")
		  RULE("c.c", MEASURED, "recommend = net.ipv4.tcp_rmem[2] >= 1 MiB\nrecommend.2 = net.core.somaxconn >= 4096\n"), NULL);
	make(&c, NULL, &p);
	assert_change(&p, 0, "net.ipv4.tcp_rmem", "4096 131072 1048576");
	assert_change(&p, 1, "net.core.somaxconn", "4096");
	assert_change(&p, 2, "net.ipv4.tcp_max_tw_buckets", "2000");
	assert_change(&p, 3, "net.ipv4.tcp_congestion_control", "bbr");
	assert_int_equal(p.change_count, 4);
	assert_int_equal(p.left_count, 0);
}

/* Left out */

static const struct {
	const char *when, *recommend, *key, *says;
} left_out[] = {
	{MEASURED, "net.core.free = 1", "net.core.free", "a person"},
	{MEASURED, "fs.file-max >= 2000", "fs.file-max", "needs uid 0"},
	{MEASURED, "net.ipv4.conf.all.rp_filter = 2", "net.ipv4.conf.all.rp_filter", "of an interface"},
	{MEASURED, "net.ipv4.tcp_max_tw_buckets <= 10", "net.ipv4.tcp_max_tw_buckets", "raises only"},
	{SETTING, "net.ipv4.tcp_rmem[2] >= 1 MiB", "net.ipv4.tcp_rmem", "--only=net.ipv4.tcp_rmem"},
	{MEASURED, "net.ipv4.tcp_congestion_control = \"dctcp\"", "net.ipv4.tcp_congestion_control", "no such word"},
};

static void what_is_not_ours_to_change_is_left_out(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++) {
		_cleanup_court_ struct court c = {0};
		_cleanup_(plan_clear) struct plan p = {0};
		char rules[1024];

		snprintf(rules, sizeof(rules), RULE("a.a", "%s", "recommend = %s\n"), left_out[i].when, left_out[i].recommend);
		plan_open(&c, *state, rules, NULL);
		make(&c, NULL, &p);
		assert_int_equal(p.change_count, 0);
		assert_left(&p, 0, left_out[i].key, left_out[i].says);
		assert_string_equal(p.left[0].asked_by, "a.a/host");
	}
}

static void what_is_named_needs_no_symptom(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	plan_open(&c, *state,
		  RULE("a.a", SETTING, "recommend = net.ipv4.tcp_rmem[2] >= 1 MiB\nrecommend.2 = net.core.somaxconn >= 4096\n"), NULL);
	make(&c, "net.ipv4.tcp_rmem", &p);
	assert_change(&p, 0, "net.ipv4.tcp_rmem", "4096 131072 1048576");
	assert_int_equal(p.change_count, 1);
	assert_int_equal(p.left_count, 0);
}

static void naming_a_key_vets_nothing(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	plan_open(&c, *state, RULE("a.a", MEASURED, "recommend = net.core.free = 1\n"), NULL);
	make(&c, "net.core.free", &p);
	assert_int_equal(p.change_count, 0);
	assert_left(&p, 0, "net.core.free", "a person");
}

static void a_named_key_that_nothing_asks_for_is_answered(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	plan_open(&c, *state, RULE("a.a", SETTING, "recommend = net.ipv4.tcp_rmem[2] >= 1 MiB\n"), NULL);
	make(&c, "net.core.somaxconn", &p);
	assert_int_equal(p.change_count, 0);
	assert_left(&p, 0, "net.core.somaxconn", "nothing asks");
	assert_string_equal(p.left[0].current, "1024");
	assert_null(p.left[0].asked_by);
}

static void a_withheld_value_is_left_out_with_its_reason(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	plan_open(&c, *state, RULE("a.a", MEASURED, "recommend = net.core.somaxconn >= host.ports\n"), NULL);
	c.facts->host->values[HOST_PORTS] = value_missing(VALUE_DENIED, NULL);
	make(&c, NULL, &p);
	assert_int_equal(p.change_count, 0);
	assert_left(&p, 0, "net.core.somaxconn", "denied");
	assert_string_equal(p.left[0].asked_by, "a.a/host");
}

static void in_a_child_namespace_shared_keys_are_read_only(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0}, initial = {0};

	plan_open(&c, *state, RULE("a.a", MEASURED, "recommend = net.core.rmem_max >= 4 MiB\n"), NULL);
	make(&c, NULL, &initial);
	assert_change(&initial, 0, "net.core.rmem_max", "4194304");
	court_key(&c, "net.core.netdev_max_backlog")->state = VALUE_ABSENT;
	make(&c, NULL, &p);
	assert_int_equal(p.change_count, 0);
	assert_left(&p, 0, "net.core.rmem_max", "read-only");
	plan_clear(&initial);
}

static void a_waived_finding_asks_for_nothing(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	tree_write(*state, "r/etc/tcpadvisor/waivers/t.waiver", "format = 1\n[a.a]\nreason = known\nexpires = 2999-01-01\n");
	plan_open(&c, *state, RULE("a.a", MEASURED, "recommend = net.core.somaxconn >= 4096\n"), NULL);
	make(&c, NULL, &p);
	assert_int_equal(p.change_count + p.left_count, 0);
}

/* Memory */

static void buffers_cost_what_the_flows_at_their_limit_would_take(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	plan_open(&c, *state, RULE("a.a", MEASURED, "recommend = net.ipv4.tcp_rmem[2] >= 1 MiB\n"), NULL);
	for (int i = 0; i < 2; i++)
		add_subject(&c, SUBJECT_PATH, "p")->values[PATH_RECEIVE_LIMITED] = value_number(2);
	make(&c, NULL, &p);
	assert_true(p.changes[0].memory == 4 * (1048576 - 262144));
	assert_string_equal(p.changes[0].memory_text, "up to 768 KiB more for each flow that fills it, 3 MiB for the 4 that do now");
}

static void tables_cost_their_entries_and_cuts_nothing(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0};

	plan_open(&c, *state,
		  RULE("a.a", MEASURED, "recommend = net.core.somaxconn >= 2048\nrecommend.2 = net.core.rmem_max <= 65536 B\n"), NULL);
	make(&c, NULL, &p);
	assert_true(p.changes[0].memory == 1024 * 2560.0);
	assert_change(&p, 1, "net.core.rmem_max", "65536");
	assert_true(p.changes[1].memory == 0);
	assert_null(p.changes[1].memory_text);
}

/* The second plan */

static void a_plan_that_was_carried_out_leaves_nothing(void **state)
{
	_cleanup_court_ struct court c = {0};
	_cleanup_(plan_clear) struct plan p = {0}, second = {0};

	plan_open(&c, *state,
		  RULE("a.a", MEASURED, "recommend = net.core.somaxconn >= 4096\nrecommend.2 = net.ipv4.tcp_rmem[2] >= 1.5 MiB\n"), NULL);
	make(&c, NULL, &p);
	assert_int_equal(p.change_count, 2);
	for (size_t i = 0; i < p.change_count; i++)
		set_live(&c, p.changes[i].key, p.changes[i].wanted);
	plan_make(court_judge(&c), &(struct plan_options){0}, &second);
	assert_int_equal(second.change_count + second.left_count, 0);
	plan_clear(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(asks_for_one_key_become_one_value),
		in_tree(a_contradiction_names_both),
		in_tree(elements_are_merged_each_for_itself),
		in_tree(elements_that_would_not_ascend_stay),
		in_tree(the_gravest_finding_speaks),
		in_tree(changes_stand_in_the_order_of_the_catalogue),
		in_tree(what_is_not_ours_to_change_is_left_out),
		in_tree(what_is_named_needs_no_symptom),
		in_tree(naming_a_key_vets_nothing),
		in_tree(a_named_key_that_nothing_asks_for_is_answered),
		in_tree(a_withheld_value_is_left_out_with_its_reason),
		in_tree(in_a_child_namespace_shared_keys_are_read_only),
		in_tree(a_waived_finding_asks_for_nothing),
		in_tree(buffers_cost_what_the_flows_at_their_limit_would_take),
		in_tree(tables_cost_their_entries_and_cuts_nothing),
		in_tree(a_plan_that_was_carried_out_leaves_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
