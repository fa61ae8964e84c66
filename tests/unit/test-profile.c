/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles that move a rule set, together or against each other; waivers that excuse findings. */
#include "unit-rules.h"

#include "rules/profile.h"

static const char rules_text[] = "format = 1\n"
				 "[threshold bloat.queue]\nvalue = 30 ms\nabout = a\n"
				 "[threshold few.flows]\nvalue = 3\nabout = a\n"
				 "[threshold full.share]\nvalue = 80 %\nabout = a\n"
				 "[a.b]\nwhen = yes\n" RULE_TEXTS "[a.c]\nwhen = yes\n" RULE_TEXTS;

enum { SUMMARY_LINES = 3 };
#define PROFILE "format = 1\n[profile]\nsummary = s\n"
#define MEMORY	" # because of memory"

/* Profiles by name, up to an entry without one. */
struct shelf {
	const char *name, *text;
};

struct loaded {
	struct ruleset set;
	struct profile_stack stack;
	struct diag diag;
	unsigned opened;
};

static const struct shelf *shelf;

static int open_profile(void *user, const char *name, bool included, struct text *ret,
			const char **ret_file, struct diag *d)
{
	struct loaded *l = user;

	(void)included;
	l->opened++;
	for (const struct shelf *s = shelf; s->name; s++)
		if (!strcmp(s->name, name)) {
			*ret_file = s->name;
			text_add(ret, s->text);
			return 0;
		}
	return diag_set(d, name, 0, "nobody has it");
}

/* Load and apply the named profiles, one blank between them. */
static int load(struct loaded *l, const struct shelf *from, const char *names)
{
	char copy[256], *state = NULL;
	int r = 0;

	*l = (struct loaded){.stack = {.open = open_profile, .user = l}};
	load_rules(&l->set, rules_text);
	l->stack.set = &l->set;
	shelf = from;
	snprintf(copy, sizeof(copy), "%s", names);
	for (char *w = strtok_r(copy, " ", &state); w && r >= 0; w = strtok_r(NULL, " ", &state))
		r = profile_load(&l->stack, w, &l->diag);
	return r < 0 ? r : profile_apply(&l->stack, &l->diag);
}

static void clear(struct loaded *l)
{
	ruleset_clear(&l->set);
}

#define _loaded_ __attribute__((cleanup(clear))) struct loaded

static void load_well(struct loaded *l, const struct shelf *from, const char *names)
{
	if (load(l, from, names) < 0)
		fail_msg("%s:%u: %s", l->diag.file, l->diag.line, l->diag.message);
}

static void load_badly(struct loaded *l, const struct shelf *from, const char *names)
{
	if (load(l, from, names) != -EINVAL)
		fail_msg("'%s' loads: %s", names, from->text);
}

static double threshold(const struct loaded *l, const char *name)
{
	int i = threshold_find(&l->set.thresholds, name);

	assert_true(i >= 0);
	return l->set.threshold_values[i];
}

/* One profile alone */

static void a_profile_moves_a_rule_set(void **state)
{
	static const struct shelf profiles[] = {
		{"p",
		 "format = 1\n[profile]\nsummary = Short queues\n"
		 "[thresholds]\nbloat.queue = 10 ms\nfew.flows = 5\nfull.share = 90 %\n"
		 "[rules]\na.b = off\na.* = error\n"
		 "[sysctl]\nnet.core.somaxconn = >= 4096 # bursts of connections\n"
		 "net.ipv4.tcp_rmem[2] = >= roundup(host.bdp_receive, 64 KiB)\n"
		 "    within memory # long paths\n"},
		{NULL, NULL},
	};
	_loaded_ l;
	const struct rule *r;

	(void)state;
	load_well(&l, profiles, "p");
	assert_true(threshold(&l, "bloat.queue") == 0.01);
	assert_true(threshold(&l, "few.flows") == 5);
	assert_true(threshold(&l, "full.share") == 0.9);
	assert_true(ruleset_find(&l.set, "a.b")->off);
	r = ruleset_find(&l.set, "a.c");
	assert_true(!r->off && r->has_override && r->override == SEVERITY_ERROR);
	assert_int_equal(l.set.wanted_count, 2);
	assert_string_equal(l.set.wanted[0].def->key, "net.core.somaxconn");
	assert_string_equal(l.set.wanted[0].because, "bursts of connections");
	assert_string_equal(l.set.wanted[0].file, "p");
	assert_int_equal(l.set.wanted[0].line, 12);
	assert_int_equal(l.set.wanted[1].element, 2);
	assert_true(l.set.wanted[1].within_memory);
	assert_string_equal(l.set.wanted[1].because, "long paths");
	assert_int_equal(l.set.profile_count, 1);
	assert_string_equal(l.set.profiles[0], "p");
	assert_string_equal(l.set.profile_summaries[0], "Short queues");
}

static void without_a_profile_nothing_moves(void **state)
{
	static const struct shelf none[] = {{NULL, NULL}};
	_loaded_ l;

	(void)state;
	load_well(&l, none, "");
	assert_true(threshold(&l, "bloat.queue") == 0.03);
	assert_int_equal(l.set.wanted_count, 0);
	assert_int_equal(l.set.profile_count, 0);
}

static void faults_of_a_profile_are_told(void **state)
{
	static const struct refusal rows[] = {
		{"format = 1\n[thresholds]\nbloat.queue = 10 ms\n", 0, "[profile] needs 'summary'"},
		{"format = 1\n[profile]\ntitle = t\n", 3,
		 "a profile has 'summary' and 'include', not 'title'"},
		{PROFILE "[settings]\na = b\n", 5,
		 "unknown section [settings]: profile, thresholds, rules or sysctl"},
		{"format = 1\nsummary = s\n", 2, "unknown section []"},
		{PROFILE "[thresholds]\nbloat = 10 ms\n", 5, "no threshold is named 'bloat'"},
		{PROFILE "[thresholds]\nbloat.queue = 10\n", 5,
		 "'bloat.queue' is a seconds: '10' is none"},
		{PROFILE "[thresholds]\nbloat.queue = 10 MB\n", 5,
		 "'bloat.queue' is a seconds: '10 MB' is none"},
		{PROFILE "[thresholds]\nbloat.queue = fast\n", 5, "is a seconds: 'fast' is none"},
		{PROFILE "[thresholds]\nfew.flows = 5\nfew.flows = 6\n", 6,
		 "threshold 'few.flows' is set already, in line 5"},
		{PROFILE "[rules]\na.d = off\n", 5, "no rule is named 'a.d'"},
		{PROFILE "[rules]\na.b = fatal\n", 5,
		 "'a.b = fatal': on, off, info, notice, warning or error"},
		{PROFILE "[rules]\na.b = on\n\na.b = on\n", 7,
		 "rule 'a.b' is set already, in line 5"},
		{PROFILE "[sysctl]\nnet.core.somaxconn = >= 1\n", 5,
		 "'net.core.somaxconn' needs its reason: VALUE # because"},
		{PROFILE "[sysctl]\nnet.core.somaxconn = >= 1 #\n", 5, "needs its reason"},
		{PROFILE "[sysctl]\nnet.core.somaxcon = >= 1" MEMORY "\n", 5,
		 "'net.core.somaxcon' is not in the catalogue"},
		{PROFILE "[sysctl]\nnet.core.somaxconn = 1" MEMORY "\n", 5,
		 "a constraint begins with"},
		{PROFILE "[sysctl]\nnet.core.somaxconn = >= path.flows" MEMORY "\n", 5,
		 "which this expression does not judge"},
		{PROFILE "[sysctl]\nnet.core.somaxconn = >= 1 s" MEMORY "\n", 5,
		 "is a seconds, and a count is needed"},
		{PROFILE "[sysctl]\nnet.ipv4.tcp_rmem = >= 1 MiB" MEMORY "\n", 5, "has 3 elements"},
		{PROFILE "[thresholds]\nbroken\n", 5, "neither a section nor"},
		{PROFILE "include = absent\n", 0, "nobody has it"},
		{"", 0, "must begin with 'format = 1'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct shelf profiles[] = {{"p", rows[i].input}, {NULL, NULL}};
		_loaded_ l;

		load_badly(&l, profiles, "p");
		assert_diag(&l.diag, strstr(rows[i].says, "nobody") ? "absent" : "p", rows[i].line,
			    rows[i].says);
	}
}

static void a_profile_has_not_too_many_settings(void **state)
{
	struct shelf profiles[] = {{"p", NULL}, {NULL, NULL}};
	_cleanup_text_ struct text t = TEXT_NULL;
	_loaded_ l;

	(void)state;
	text_add(&t, PROFILE "[thresholds]\n");
	for (int i = 0; i <= PROFILE_SETTINGS_MAX; i++)
		text_addf(&t, "t%d = 1\n", i);
	profiles[0].text = text_get(&t);
	load_badly(&l, profiles, "p");
	assert_diag(&l.diag, "p", SUMMARY_LINES + 2 + PROFILE_SETTINGS_MAX,
		    "more than 512 settings");
}

/* Several */

static void an_includer_overrides(void **state)
{
	static const struct shelf profiles[] = {
		{"base", PROFILE
		 "[thresholds]\nbloat.queue = 30 ms\nfew.flows = 4\n[rules]\na.b = error\n"},
		{"middle", PROFILE "include = base\n[thresholds]\nbloat.queue = 20 ms\n"},
		{"top", PROFILE
		 "include = middle\n[thresholds]\nbloat.queue = 10 ms\n[rules]\na.b = off\n"},
		{NULL, NULL},
	};
	_loaded_ l;

	(void)state;
	load_well(&l, profiles, "top");
	assert_true(threshold(&l, "bloat.queue") == 0.01);
	assert_true(threshold(&l, "few.flows") == 4);
	assert_true(ruleset_find(&l.set, "a.b")->off);
	assert_false(ruleset_find(&l.set, "a.b")->has_override);
	assert_int_equal(l.opened, 3);
}

/* Naming what is included already, before or after, changes nothing. */
static void a_profile_is_loaded_once(void **state)
{
	static const struct shelf profiles[] = {
		{"base", PROFILE "[thresholds]\nbloat.queue = 30 ms\n"},
		{"left", PROFILE "include = base\n[thresholds]\nbloat.queue = 20 ms\n"},
		{"right", PROFILE "include = base\n[thresholds]\nfew.flows = 7\n"},
		{"both", PROFILE "include = left, right\n"},
		{NULL, NULL},
	};
	static const char *const orders[] = {
		"both",	      "base both",	 "both base",
		"left right", "right left base", "base base left right both"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		_loaded_ l;

		load_well(&l, profiles, orders[i]);
		assert_true(threshold(&l, "bloat.queue") == 0.02);
		assert_true(threshold(&l, "few.flows") == 7);
		assert_true(l.opened <= 4);
	}
}

/* rule.h: "loaded, includes first" */
static void profiles_are_named_includes_first(void **state)
{
	static const struct shelf profiles[] = {
		{"base", PROFILE}, {"top", PROFILE "include = base\n"}, {NULL, NULL}};
	_loaded_ l;

	(void)state;
	load_well(&l, profiles, "top");
	assert_int_equal(l.set.profile_count, 2);
	assert_string_equal(l.set.profiles[0], "base");
	assert_string_equal(l.set.profiles[1], "top");
}

static void a_conflict_names_both_lines(void **state)
{
	static const struct shelf profiles[] = {
		{"one", PROFILE "[thresholds]\nbloat.queue = 10 ms\n"},
		{"two", PROFILE "\n[thresholds]\nbloat.queue = 20 ms\n"},
		{"rule-on", PROFILE "[rules]\na.b = on\n"},
		{"rule-off", PROFILE "[rules]\na.b = off\n"},
		{"many", PROFILE "[sysctl]\nnet.core.somaxconn = >= 4096" MEMORY "\n"},
		{"few", PROFILE "[sysctl]\nnet.core.somaxconn = <= 128" MEMORY "\n"},
		{"both", PROFILE "include = one two\n"},
		{NULL, NULL},
	};
	_loaded_ l;

	(void)state;
	load_badly(&l, profiles, "one two");
	assert_diag(&l.diag, "two", 6,
		    "threshold 'bloat.queue = 20 ms' conflicts with '10 ms' in one:5");
	clear(&l);
	load_badly(&l, profiles, "two one");
	assert_diag(&l.diag, "one", 5,
		    "threshold 'bloat.queue = 10 ms' conflicts with '20 ms' in two:6");
	clear(&l);
	load_badly(&l, profiles, "rule-on rule-off");
	assert_diag(&l.diag, "rule-off", 5, "rule 'a.b = off' conflicts with 'on' in rule-on:5");
	clear(&l);
	load_badly(&l, profiles, "many few");
	assert_diag(&l.diag, "few", 5, "sysctl 'net.core.somaxconn = <= 128");
	clear(&l);
	load_badly(&l, profiles, "both");
	assert_diag(&l.diag, "two", 6, "conflicts with '10 ms' in one:5");
}

static void strangers_that_agree_are_no_conflict(void **state)
{
	static const struct shelf profiles[] = {
		{"one", PROFILE "[thresholds]\nbloat.queue = 10 ms\n"},
		{"two", PROFILE "[thresholds]\nbloat.queue = 10 ms\n"},
		{NULL, NULL},
	};
	_loaded_ l;

	(void)state;
	load_well(&l, profiles, "one two");
	assert_true(threshold(&l, "bloat.queue") == 0.01);
}

/* Each profile has its own reason for a value; that is no quarrel about the value. */
static void different_reasons_are_no_conflict(void **state)
{
	static const struct shelf profiles[] = {
		{"one", PROFILE "[sysctl]\nnet.core.somaxconn = >= 4096 # bursts\n"},
		{"two", PROFILE "[sysctl]\nnet.core.somaxconn = >= 4096 # many clients\n"},
		{NULL, NULL},
	};
	_loaded_ l;

	(void)state;
	load_well(&l, profiles, "one two");
	assert_int_equal(l.set.wanted_count, 1);
}

/* The same element under two spellings must not be wanted twice. */
static void a_conflict_is_about_the_element_not_its_spelling(void **state)
{
	static const struct shelf profiles[] = {
		{"one", PROFILE "[sysctl]\nnet.core.somaxconn = >= 4096" MEMORY "\n"},
		{"two", PROFILE "[sysctl]\nnet.core.somaxconn[0] = <= 128" MEMORY "\n"},
		{NULL, NULL},
	};
	_loaded_ l;

	(void)state;
	load_badly(&l, profiles, "one two");
	assert_diag(&l.diag, "two", 5, "one:5");
}

/* "stranger" agrees with what "top" overrides, so not with "top", in whatever order they come. */
static void a_conflict_does_not_hang_on_the_order(void **state)
{
	static const struct shelf profiles[] = {
		{"base", PROFILE "[thresholds]\nbloat.queue = 30 ms\n"},
		{"top", PROFILE "include = base\n[thresholds]\nbloat.queue = 10 ms\n"},
		{"stranger", PROFILE "[thresholds]\nbloat.queue = 30 ms\n"},
		{NULL, NULL},
	};
	static const char *const orders[] = {"top stranger", "stranger top", "base stranger top",
					     "stranger base top", "base top stranger"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		_loaded_ l;

		if (load(&l, profiles, orders[i]) >= 0)
			fail_msg("'%s' loads, bloat.queue = %g s", orders[i],
				 threshold(&l, "bloat.queue"));
		assert_non_null(strstr(l.diag.message, "conflicts"));
	}
}

/* Includer over included holds wherever in the file the include stands. */
static void an_include_may_stand_last(void **state)
{
	static const struct shelf profiles[] = {
		{"base", PROFILE "[thresholds]\nbloat.queue = 30 ms\n"},
		{"top",
		 "format = 1\n[thresholds]\nbloat.queue = 10 ms\n"
		 "[profile]\nsummary = s\ninclude = base\n"},
		{NULL, NULL},
	};
	_loaded_ l;

	(void)state;
	load_well(&l, profiles, "top");
	assert_true(threshold(&l, "bloat.queue") == 0.01);
}

static void circles_are_refused(void **state)
{
	static const struct shelf profiles[] = {
		{"self", PROFILE "include = self\n"},
		{"a", PROFILE "include = b\n[thresholds]\nbloat.queue = 10 ms\n"},
		{"b", PROFILE "\ninclude = c\n"},
		{"c", PROFILE "include = a\n[thresholds]\nbloat.queue = 20 ms\n"},
		{NULL, NULL},
	};
	_loaded_ l;

	(void)state;
	load_badly(&l, profiles, "self");
	assert_diag(&l.diag, "self", 4, "includes itself");
	clear(&l);
	load_badly(&l, profiles, "a");
	assert_diag(&l.diag, "c", 4, "includes itself");
	clear(&l);
	load_badly(&l, profiles, "b");
	assert_non_null(strstr(l.diag.message, "includes itself"));
}

/* p0 includes p1, that includes p2, and so on to p9: nine steps. */
static void deep_includes_are_refused(void **state)
{
	struct shelf profiles[11] = {{NULL, NULL}};
	char names[10][16], texts[10][80];
	_loaded_ l;

	(void)state;
	for (int i = 0; i < 10; i++) {
		snprintf(names[i], sizeof(names[i]), "p%d", i);
		snprintf(texts[i], sizeof(texts[i]),
			 i < 9 ? PROFILE "include = p%d\n" : PROFILE "# p%d\n", i + 1);
		profiles[i] = (struct shelf){names[i], texts[i]};
	}
	load_well(&l, profiles, "p1");
	assert_int_equal(l.set.profile_count, 9);
	clear(&l);
	load_badly(&l, profiles, "p0");
	assert_diag(&l.diag, "p8", 4, "more than 8 deep");
}

static void wide_includes_are_bounded(void **state)
{
	struct shelf profiles[PROFILES_MAX + 2] = {{NULL, NULL}};
	char names[PROFILES_MAX + 1][16];
	_cleanup_text_ struct text all = TEXT_NULL;
	_loaded_ l;

	(void)state;
	text_add(&all, PROFILE "include = p1\n");
	for (int i = 1; i <= PROFILES_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "p%d", i);
		profiles[i] = (struct shelf){names[i], PROFILE};
		text_addf(&all, "  p%d\n", i);
	}
	profiles[0] = (struct shelf){"all", text_get(&all)};
	load_badly(&l, profiles, "all");
	assert_diag(&l.diag, "p32", 0, "more than 32 profiles");
}

/* Waivers */

static int load_waivers(struct ruleset *set, const char *text, struct diag *d)
{
	if (!set->count)
		load_rules(set, rules_text);
	return waivers_load(set, "w.waiver", text, strlen(text), d);
}

static const double noon_of_31_january_2027 = 1801396800;

static void a_waiver_excuses_until_its_day_ends(void **state)
{
	static const char text[] =
		"format = 1\n[a.b]\nsubject = eth0 *\nreason = Known, ticket 12\n"
		"expires = 2027-01-31\n";
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	const double noon = noon_of_31_january_2027;
	const struct rule *b, *c;
	const struct waiver *w;
	struct diag d = {0};

	(void)state;
	assert_int_equal(load_waivers(set, text, &d), 0);
	b = ruleset_find(set, "a.b");
	c = ruleset_find(set, "a.c");
	w = waiver_find(set, b, "eth0 192.0.2.0/24", noon);
	assert_non_null(w);
	assert_string_equal(w->reason, "Known, ticket 12");
	assert_string_equal(w->file, "w.waiver");
	assert_int_equal(w->line, 2);
	assert_non_null(waiver_find(set, b, "eth0 ", noon - 365 * 86400.0));
	assert_non_null(waiver_find(set, b, "eth0 ", noon + 43199));
	assert_null(waiver_find(set, b, "eth0 ", noon + 43200));
	assert_null(waiver_find(set, b, "eth1 192.0.2.0/24", noon));
	assert_null(waiver_find(set, c, "eth0 192.0.2.0/24", noon));
}

static void a_waiver_without_subject_covers_all(void **state)
{
	static const char text[] = "format = 1\n[a.b]\nreason = r\nexpires = 2028-02-29\n";
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	struct diag d = {0};

	(void)state;
	assert_int_equal(load_waivers(set, text, &d), 0);
	assert_non_null(
		waiver_find(set, ruleset_find(set, "a.b"), "[::]:80/x", noon_of_31_january_2027));
}

/* An expired waiver does not hide one that still holds. */
static void each_waiver_counts_for_itself(void **state)
{
	static const char text[] = "format = 1\n[a.b]\nreason = old\nexpires = 2020-01-01\n"
				   "[a.b]\nreason = new\nexpires = 2030-01-01\nsubject = eth?\n";
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	const struct waiver *w;
	struct diag d = {0};

	(void)state;
	assert_int_equal(load_waivers(set, text, &d), 0);
	assert_int_equal(
		load_waivers(set, "format = 1\n[a.c]\nreason = other\nexpires = 2030-01-01\n", &d),
		0);
	assert_int_equal(set->waiver_count, 3);
	w = waiver_find(set, ruleset_find(set, "a.b"), "eth0", noon_of_31_january_2027);
	assert_non_null(w);
	assert_string_equal(w->reason, "new");
}

static void malformed_waivers_are_refused(void **state)
{
	static const struct refusal rows[] = {
		{"format = 1\n[a.x]\nreason = r\n", 2, "no rule is named 'a.x'"},
		{"format = 1\n[a.b]\nreason = r\nuntil = 2027-01-31\n", 4,
		 "'subject', 'reason' and 'expires', not 'until'"},
		{"format = 1\n[a.b]\nexpires = 2027-01-31\n", 2, "[a.b] needs 'reason'"},
		{"format = 1\n[a.b]\nexpires = 2027-01-31\nreason =\n", 2, "[a.b] needs 'reason'"},
		{"format = 1\n[a.b]\nreason = r\n", 2, "[a.b] needs 'expires = YYYY-MM-DD'"},
		{"format = 1\n[a.b]\nreason = r\n[a.c]\nreason = r\nexpires = 2027-01-31\n", 2,
		 "[a.b] needs 'expires"},
		{"format = 1\n[a.b]\nexpires = 2027-02-30\n", 3,
		 "'expires = 2027-02-30': a day such as"},
		{"format = 1\n[a.b]\nexpires = 2027-02-29\n", 3, "a day such as"},
		{"format = 1\n[a.b]\nexpires = 2027-04-31\n", 3, "a day such as"},
		{"format = 1\n[a.b]\nexpires = 2027-13-01\n", 3, "a day such as"},
		{"format = 1\n[a.b]\nexpires = 2027-00-01\n", 3, "a day such as"},
		{"format = 1\n[a.b]\nexpires = 2027-01-00\n", 3, "a day such as"},
		{"format = 1\n[a.b]\nexpires = 2027-01-31 12:00\n", 3, "a day such as"},
		{"format = 1\n[a.b]\nexpires = 31.01.2027\n", 3, "a day such as"},
		{"format = 1\n[a.b]\nexpires = never\n", 3, "a day such as"},
		{"format = 1\n[a.b]\nexpires =\n", 3, "a day such as"},
		{"format = 1\nreason = r\n", 2, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ruleset set = {0};
		struct diag d = {0};

		if (load_waivers(&set, rows[i].input, &d) != -EINVAL)
			fail_msg("accepted: %s", rows[i].input);
		ruleset_clear(&set);
		assert_diag(&d, "w.waiver", rows[i].line, rows[i].says);
	}
}

static void there_are_not_too_many_waivers(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	_cleanup_text_ struct text t = TEXT_NULL;
	struct diag d = {0};

	(void)state;
	text_add(&t, "format = 1\n");
	for (int i = 0; i <= 256; i++)
		text_add(&t, "[a.b]\nreason = r\nexpires = 2027-01-31\n");
	assert_int_equal(load_waivers(set, text_get(&t), &d), -EINVAL);
	assert_diag(&d, "w.waiver", 2 + 256 * 3, "more than 256 waivers");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_moves_a_rule_set),
		cmocka_unit_test(without_a_profile_nothing_moves),
		cmocka_unit_test(faults_of_a_profile_are_told),
		cmocka_unit_test(a_profile_has_not_too_many_settings),
		cmocka_unit_test(an_includer_overrides),
		cmocka_unit_test(a_profile_is_loaded_once),
		cmocka_unit_test(profiles_are_named_includes_first),
		cmocka_unit_test(a_conflict_names_both_lines),
		cmocka_unit_test(strangers_that_agree_are_no_conflict),
		cmocka_unit_test(different_reasons_are_no_conflict),
		cmocka_unit_test(a_conflict_is_about_the_element_not_its_spelling),
		cmocka_unit_test(a_conflict_does_not_hang_on_the_order),
		cmocka_unit_test(an_include_may_stand_last),
		cmocka_unit_test(circles_are_refused),
		cmocka_unit_test(deep_includes_are_refused),
		cmocka_unit_test(wide_includes_are_bounded),
		cmocka_unit_test(a_waiver_excuses_until_its_day_ends),
		cmocka_unit_test(a_waiver_without_subject_covers_all),
		cmocka_unit_test(each_waiver_counts_for_itself),
		cmocka_unit_test(malformed_waivers_are_refused),
		cmocka_unit_test(there_are_not_too_many_waivers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
