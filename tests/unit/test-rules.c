/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules, thresholds, constraints and messages as files give them. */
#include "unit-rules.h"

#include "base/text.h"

/* The fourth line and on are of the rule. */
#define PATH_RULE "format = 1\n[a.b]\nfor = path\n"
#define WHEN	  "when = path.bdp > 1 MB\n"

static void a_rule_file_is_understood(void **state)
{
	static const char text[] =
		"format = 1\n"
		"[window.receive-below-bdp]\n"
		"for = path\n"
		"title = Receive window cannot fill the path\n"
		"applies = known(path.bdp)\n"
		"otherwise = the path's BDP is not known\n"
		"when = window(sysctl.net.ipv4.tcp_rmem[2]) < path.bdp\n"
		"  and path.flows >= threshold.few.flows\n"
		"severity = error\n"
		"notice-when = path.flows < 10\n"
		"message = {path.flows} flows need {path.bdp}\n"
		"advise = Raise it.\n"
		"recommend = net.ipv4.tcp_rmem[2] >= roundup(2 * path.bdp, 64 KiB) within memory\n"
		"recommend.2 = net.ipv4.tcp_congestion_control one of bbr cubic\n"
		"evidence = path.min_rtt.p50 path.bdp sysctl.net.ipv4.tcp_rmem[2] "
		"interface.mtu host.memory\n"
		"because = Half of it.\n"
		"risk = Memory.\n"
		"refs = RFC 7323\n"
		"[threshold few.flows]\n"
		"value = 3\n"
		"about = flows that make a path worth a word\n";
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	const struct rule *r;

	(void)state;
	load_rules(set, text);
	r = ruleset_find(set, "window.receive-below-bdp");
	assert_non_null(r);
	assert_int_equal(r->subject, SUBJECT_PATH);
	assert_int_equal(r->severity, SEVERITY_ERROR);
	assert_non_null(r->raised[SEVERITY_NOTICE]);
	assert_null(r->raised[SEVERITY_WARNING]);
	assert_non_null(r->applies);
	assert_int_equal(expr_dim(r->when), DIM_BOOL);
	assert_int_equal(r->evidence_count, 5);
	assert_string_equal(r->evidence[2].name, "sysctl.net.ipv4.tcp_rmem[2]");
	assert_int_equal(r->recommend_count, 2);
	assert_string_equal(r->recommend[0].def->key, "net.ipv4.tcp_rmem");
	assert_int_equal(r->recommend[0].element, 2);
	assert_true(r->recommend[0].within_memory);
	assert_int_equal(r->recommend[1].choice_count, 2);
	assert_string_equal(r->otherwise_text, "the path's BDP is not known");
	assert_string_equal(r->risk, "Memory.");
	assert_int_equal(r->line, 2);
	assert_string_equal(r->file, "t.rule");
	assert_false(r->off || r->has_override);
	assert_int_equal(set->thresholds.count, 1);
	assert_true(set->threshold_values[0] == 3);
	assert_null(ruleset_find(set, "few.flows"));
}

static void a_rule_is_modest_by_default(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	const struct rule *r;

	(void)state;
	load_rules(set, "format = 1\n[a.b]\nwhen = host.memory > 1 GiB\n" RULE_TEXTS);
	r = ruleset_find(set, "a.b");
	assert_int_equal(r->subject, SUBJECT_HOST);
	assert_int_equal(r->severity, SEVERITY_WARNING);
	assert_null(r->applies);
	assert_null(r->key);
}

static void a_rule_may_judge_one_key(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	const struct rule *r;

	(void)state;
	load_rules(
		set,
		"format = 1\n[a.b]\nfor = sysctl net.core.somaxconn\n"
		"when = key.boot_differs\n" RULE_TEXTS
		"[a.c]\nfor = sysctl\nwhen = key.loaders_differ\nrecommend = wanted\n" RULE_TEXTS);
	r = ruleset_find(set, "a.b");
	assert_int_equal(r->subject, SUBJECT_SYSCTL);
	assert_string_equal(r->key->key, "net.core.somaxconn");
	assert_false(r->recommend_wanted);
	r = ruleset_find(set, "a.c");
	assert_null(r->key);
	assert_true(r->recommend_wanted);
	assert_int_equal(r->recommend_count, 0);
}

static void rules_of_many_files_are_sorted(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	struct diag d = {0};

	(void)state;
	assert_int_equal(add_rules(set,
				   "format = 1\n[b.b]\nwhen = yes\n" RULE_TEXTS
				   "[a.z]\nwhen = yes\n" RULE_TEXTS,
				   &d),
			 0);
	load_rules(set, "format = 1\n[a.b]\nwhen = yes\n" RULE_TEXTS);
	assert_int_equal(set->count, 3);
	assert_string_equal(set->rules[0].id, "a.b");
	assert_string_equal(set->rules[1].id, "a.z");
	assert_string_equal(set->rules[2].id, "b.b");
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(ruleset_find(set, set->rules[i].id), &set->rules[i]);
	assert_null(ruleset_find(set, "a.bb"));
}

static void a_set_without_rules_is_refused(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	struct diag d = {0};

	(void)state;
	assert_null(ruleset_find(set, "a.b"));
	assert_int_equal(add_rules(set, "format = 1\n[threshold x.y]\nvalue = 3\nabout = z\n", &d),
			 0);
	assert_int_equal(ruleset_seal(set, &d), -EINVAL);
	assert_diag(&d, "rules", 0, "no rule was found");
}

static void severities_have_names(void **state)
{
	static const char *const names[] = {"info", "notice", "warning", "error"};
	enum severity s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_true(severity_from_name(names[i], &s));
		assert_int_equal(s, i);
		assert_string_equal(severity_name(s), names[i]);
	}
	assert_false(severity_from_name("fatal", &s));
}

/* DESIGN: adding seconds to bytes, or bits to bytes, is a load error with file and line. */
static void mixed_dimensions_do_not_load(void **state)
{
	static const struct refusal rows[] = {
		{"when = path.bdp > 5 s", 4, "bytes and seconds cannot be compared"},
		{"title = t\nwhen = path.bdp + 5 s > 1 MB", 5, "bytes and seconds cannot be added"},
		{"when = path.bdp > 8 Mbit/s", 4, "bytes and bytes/second cannot be compared"},
		{"when = path.bdp", 4, "'path.bdp' is a bytes, and a truth is needed"},
		{"when = delta(path.bdp) > 1 B", 4, "delta(): it takes the name of a counter"},
		{"applies = 3", 4, "is a number, and a truth is needed"},
		{"notice-when = path.flows", 4, "is a count, and a truth is needed"},
		{"recommend = net.ipv4.tcp_rmem[2] >= 2 * path.speed", 4,
		 "is a bytes/second, and a bytes is needed"},
		{"recommend = net.ipv4.tcp_rmem[2] >= 16777216", 4,
		 "is a number, and a bytes is needed"},
		{"recommend = net.core.somaxconn >= 4 KiB", 4, "is a bytes, and a count is needed"},
		{"recommend = net.ipv4.tcp_keepalive_time <= 60", 4,
		 "is a number, and a seconds is needed"},
		{"message = {path.bdp + 5 s}", 4, "bytes and seconds cannot be added"},
		{"when = path.flows > 3\n  and path.bdp > 5 s", 4,
		 "bytes and seconds cannot be compared"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		text_addf(&t, PATH_RULE "%s\n", rows[i].input);
		assert_rules_refused(text_get(&t), rows[i].line, rows[i].says);
	}
}

static void malformed_fields_are_refused(void **state)
{
	static const struct refusal rows[] = {
		{"colour = red", 4, "unknown key 'colour' in a rule"},
		{"fatal-when = yes", 4, "unknown key 'fatal-when' in a rule"},
		{"-when = yes", 4, "unknown key '-when' in a rule"},
		{"severity = fatal", 4, "'severity = fatal': info, notice, warning or error"},
		{"evidence = path.bdp path.bpd", 4, "no fact is named 'path.bpd'"},
		{"evidence = path.bdp path.bdp path.bdp path.bdp path.bdp path.bdp path.bdp\n"
		 " path.bdp path.bdp path.bdp path.bdp path.bdp path.bdp path.bdp path.bdp path.bdp path.bdp",
		 4, "more than 16 facts"},
		{"enabled = perhaps", 4, "'enabled = perhaps': yes or no"},
		{"recommend = net.core.somaxconn >= 1\nrecommend.2 = net.core.somaxconn >= 2\n"
		 "recommend.3 = net.core.somaxconn >= 3\nrecommend.4 = net.core.somaxconn >= 4\n"
		 "recommend.5 = net.core.somaxconn >= 5\nrecommend.6 = net.core.somaxconn >= 6\n"
		 "recommend.7 = net.core.somaxconn >= 7",
		 10, "more than 6 recommendations"},
		{"recommend = wanted", 4, "KEY >= VALUE expected"},
		{"when = listener.queue > 3", 4, "'listener.queue' is a fact of a listener"},
		{"when = threshold.nothing > 3", 4, "no threshold is named 'nothing'"},
		{"message = {path.bdp", 4, "'{' without '}'"},
		{"message = {}", 4, "a value expected, and the expression ends"},
		{"advise = use {path.bpd}", 4, "no fact is named 'path.bpd'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		text_addf(&t, PATH_RULE "%s\n", rows[i].input);
		assert_rules_refused(text_get(&t), rows[i].line, rows[i].says);
	}
}

static void incomplete_sections_are_refused(void **state)
{
	static const struct refusal rows[] = {
		{PATH_RULE WHEN "message = m\nbecause = b\nrefs = r\n", 2, "[a.b] needs 'title'"},
		{PATH_RULE "title = t\nmessage = m\nbecause = b\nrefs = r\n", 2,
		 "[a.b] needs 'when'"},
		{PATH_RULE WHEN "title = t\nbecause = b\nrefs = r\n", 2, "[a.b] needs 'message'"},
		{PATH_RULE WHEN "title = t\nmessage = m\nrefs = r\n", 2, "[a.b] needs 'because'"},
		{PATH_RULE WHEN "title = t\nmessage = m\nbecause = b\n", 2, "[a.b] needs 'refs'"},
		{PATH_RULE WHEN "title = t\n[a.c]\nwhen = yes\n" RULE_TEXTS, 2,
		 "[a.b] needs 'message'"},
		{"format = 1\n\n[threshold x.y]\nvalue = 3\n", 3, "[threshold x.y] needs 'about'"},
		{"format = 1\n[threshold x.y]\nvalue = 3\n[threshold x.z]\nvalue = 3\nabout = a\n",
		 2, "[threshold x.y] needs 'about'"},
		/* else it would load as a bare zero, whatever dimension was meant */
		{"format = 1\n[threshold x.y]\nabout = a\n", 2, "[threshold x.y] needs 'value'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_rules_refused(rows[i].input, rows[i].line, rows[i].says);
}

static void malformed_sections_are_refused(void **state)
{
	static const struct refusal rows[] = {
		{"format = 1\nwhen = yes\n", 2, "'when' stands before any section"},
		{"format = 1\n[a.b]\nfor = socket\n", 3,
		 "'for = socket': host, sysctl [KEY], interface, path, listener"},
		{"format = 1\n[a.b]\nfor = sysctl net.ipv4.tcp_wmen\n", 3,
		 "'net.ipv4.tcp_wmen' is not in the catalogue"},
		{"format = 1\n[noname]\ntitle = t\n", 2, "[noname]: a rule's id is TOPIC.NAME"},
		{"format = 1\n[Window.x]\ntitle = t\n", 2, "a rule's id is TOPIC.NAME"},
		{"format = 1\n[window.a_b]\ntitle = t\n", 2, "a rule's id is TOPIC.NAME"},
		{"format = 1\n[window.x y]\ntitle = t\n", 2, "a rule's id is TOPIC.NAME"},
		{"format = 1\n[a.b]\nwhen = yes\n" RULE_TEXTS "[a.b]\nwhen = yes\n", 8,
		 "[a.b] is there already, in t.rule:2"},
		{"format = 1\n[threshold x.y]\nvalue = 3\nabout = a\n[threshold x.y]\nvalue = 4\n",
		 5, "[threshold x.y] is there already"},
		{"format = 1\n[threshold x.y]\nvalue = lots\nabout = a\n", 3,
		 "'lots' is not a number with a unit"},
		{"format = 1\n[threshold x.y]\nvalue = 3 parsecs\n", 3,
		 "'3 parsecs' is not a number with a unit"},
		{"format = 1\n[threshold x.y]\nvalue = 3 ms or so\n", 3,
		 "is not a number with a unit"},
		{"format = 1\n[threshold x.y]\nunit = ms\n", 3,
		 "a threshold has 'value' and 'about'"},
		{"format = 2\n", 1, "must begin with 'format = 1'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_rules_refused(rows[i].input, rows[i].line, rows[i].says);
}

/* What a rule judges decides which facts it may name: it is known before, and never changes. */
static void for_comes_first_and_once(void **state)
{
	(void)state;
	assert_rules_refused(PATH_RULE WHEN RULE_TEXTS "[a.c]\n" WHEN RULE_TEXTS, 10,
			     "'path.bdp' is a fact of a path");
	assert_rules_refused("format = 1\n[a.b]\n" WHEN "for = path\n" RULE_TEXTS, 3,
			     "'path.bdp' is a fact of a path");
	assert_rules_refused(PATH_RULE WHEN "for = listener\n" RULE_TEXTS, 5, "for");
}

/* Of two conditions only one can count: the writer must choose. */
static void a_key_stands_once_in_a_section(void **state)
{
	(void)state;
	assert_rules_refused(PATH_RULE WHEN "when = path.flows > 1\n" RULE_TEXTS, 5, "when");
	assert_rules_refused(PATH_RULE WHEN "severity = info\nseverity = error\n" RULE_TEXTS, 6,
			     "severity");
	assert_rules_refused("format = 1\n[threshold x.y]\nvalue = 3\nvalue = 4\nabout = a\n", 4,
			     "value");
}

static void there_are_not_too_many(void **state)
{
	_cleanup_text_ struct text rules = TEXT_NULL, thresholds = TEXT_NULL;

	(void)state;
	text_add(&rules, "format = 1\n");
	for (int i = 0; i <= 1024; i++)
		text_addf(&rules, "[a.r%d]\nwhen = yes\n" RULE_TEXTS, i);
	assert_rules_refused(text_get(&rules), 2 + 1024 * 6, "more than 1024 rules");
	text_add(&thresholds, "format = 1\n");
	for (int i = 0; i <= 256; i++)
		text_addf(&thresholds, "[threshold a.t%d]\nvalue = 1\nabout = a\n", i);
	assert_rules_refused(text_get(&thresholds), 2 + 256 * 3, "more than 256 thresholds");
}

/* Thresholds of every file are known before any rule is read, whatever the files' order. */
static void a_threshold_may_stand_below_its_use(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};

	(void)state;
	load_rules(set, PATH_RULE "when = path.min_rtt.p50 > threshold.x.y\n" RULE_TEXTS
				  "[threshold x.y]\nvalue = 30 ms\nabout = a\n");
	assert_rules_refused(PATH_RULE "when = path.bdp > threshold.x.y\n" RULE_TEXTS
				       "[threshold x.y]\nvalue = 30 ms\nabout = a\n",
			     4, "bytes and seconds cannot be compared");
}

/* Constraints */

static struct expr_scope scope_of(struct ruleset *set)
{
	return (struct expr_scope){
		.arena = &set->arena,
		.catalogue = &set->catalogue,
		.thresholds = &set->thresholds,
		.subjects = {[SUBJECT_HOST] = true},
		.file = "t.rule",
		.line = 9,
	};
}

static void constraints_are_understood(void **state)
{
	static const struct {
		const char *line, *key, *op;
		int element;
		bool within;
		unsigned choices;
	} rows[] = {
		{"net.core.somaxconn >= 4096", "net.core.somaxconn", ">=", 0, false, 0},
		{"net.core.somaxconn[0] <= 2 * 4096", "net.core.somaxconn", "<=", 0, false, 0},
		{"net.ipv4.tcp_rmem[1] = 128 KiB", "net.ipv4.tcp_rmem", "=", 1, false, 0},
		{"net.ipv4.tcp_rmem[2] >=6 MiB within memory", "net.ipv4.tcp_rmem", ">=", 2, true,
		 0},
		{"net.ipv4.tcp_keepalive_time  <=  10 min", "net.ipv4.tcp_keepalive_time", "<=", 0,
		 false, 0},
		{"net.ipv4.tcp_congestion_control = \"bbr\"", "net.ipv4.tcp_congestion_control",
		 "=", 0, false, 0},
		{"net.ipv4.tcp_congestion_control one of bbr cubic reno",
		 "net.ipv4.tcp_congestion_control", "one of", 0, false, 3},
		{"net.ipv4.ip_local_reserved_ports = \"8080,9000-9100\"",
		 "net.ipv4.ip_local_reserved_ports", "=", 0, false, 0},
	};
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	struct expr_scope scope;

	(void)state;
	load_rules(set, "format = 1\n[a.b]\nwhen = yes\n" RULE_TEXTS);
	scope = scope_of(set);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct constraint c = {0};
		struct diag d = {0};

		if (constraint_parse_line(&scope, rows[i].line, &c, &d) < 0)
			fail_msg("%s", d.message);
		assert_string_equal(c.def->key, rows[i].key);
		assert_string_equal(constraint_op_text(c.op), rows[i].op);
		assert_int_equal(c.element, rows[i].element);
		assert_int_equal(c.within_memory, rows[i].within);
		assert_int_equal(c.choice_count, rows[i].choices);
		assert_int_equal(c.value != NULL, rows[i].choices == 0);
		assert_string_equal(c.file, "t.rule");
		assert_int_equal(c.line, 9);
	}
}

static void malformed_constraints_are_refused(void **state)
{
	static const char *const rows[][2] = {
		{"net.core.somaxconn", "'net.core.somaxconn': KEY >= VALUE expected"},
		{"", "KEY >= VALUE expected"},
		{"net.core.somaxcon >= 1", "'net.core.somaxcon' is not in the catalogue"},
		{"net.core.somaxconn > 1", "'> 1': a constraint begins with >=, <=, = or 'one of'"},
		{"net.core.somaxconn != 1", "a constraint begins with"},
		{"net.core.somaxconn 4096", "a constraint begins with"},
		{"net.ipv4.tcp_rmem >= 1 MiB",
		 "'net.ipv4.tcp_rmem' has 3 elements: name one as [0] to [2]"},
		{"net.ipv4.tcp_rmem[3] >= 1 MiB", "has 3 elements"},
		{"net.ipv4.tcp_rmem[-1] >= 1 MiB", "has 3 elements"},
		{"net.ipv4.tcp_rmem[x] >= 1 MiB",
		 "'net.ipv4.tcp_rmem[x]': an element is written [0]"},
		{"net.ipv4.tcp_rmem[2 >= 1 MiB", "an element is written [0]"},
		{"net.ipv4.tcp_rmem[2]x >= 1 MiB", "an element is written [0]"},
		{"net.core.somaxconn[1] >= 1", "has 1 elements"},
		{"net.ipv4.tcp_congestion_control >= \"bbr\"", "has no order: use = or 'one of'"},
		{"net.ipv4.tcp_congestion_control = bbr", "no fact is named 'bbr'"},
		{"net.ipv4.tcp_congestion_control = 3", "is a number, and a text is needed"},
		{"net.core.somaxconn = \"many\"", "is a text, and a count is needed"},
		{"net.ipv4.tcp_rmem[2] one of  within memory", "'one of' needs words"},
		{"net.ipv4.tcp_congestion_control one of a b c d e f g h i j k l m n o p q",
		 "more than 16 choices"},
		{"net.core.somaxconn >= path.flows",
		 "a fact of a path, which this expression does not judge"},
		{"net.core.somaxconn >=", "a value expected, and the expression ends"},
	};
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	_cleanup_free_ char *longest = repeat('k', 300);
	struct expr_scope scope;
	struct diag d = {0};
	struct constraint c = {.line = 42};

	(void)state;
	load_rules(set, "format = 1\n[a.b]\nwhen = yes\n" RULE_TEXTS);
	scope = scope_of(set);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (constraint_parse_line(&scope, rows[i][0], &c, &d) != -EINVAL)
			fail_msg("'%s' is accepted", rows[i][0]);
		assert_diag(&d, "t.rule", 9, rows[i][1]);
		assert_int_equal(c.line, 42);
	}
	memcpy(longest + 200, " >= 1", 6);
	assert_int_equal(constraint_parse_line(&scope, longest, &c, &d), -EINVAL);
	assert_diag(&d, "t.rule", 9, "KEY >= VALUE expected");
	longest[200] = 0;
	assert_int_equal(constraint_parse(&scope, longest, ">= 1", &c, &d), -EINVAL);
	assert_diag(&d, "t.rule", 9, "is not in the catalogue");
}

/* A number must be one of numbers, and memory bounds only what is memory. */
static void constraints_make_sense_for_their_key(void **state)
{
	static const char *const rows[] = {
		"net.core.somaxconn one of many few",
		"net.core.somaxconn one of 128-4096",
		"net.core.somaxconn one of -",
		"net.ipv4.tcp_keepalive_time <= 60 s within memory",
		"net.ipv4.tcp_congestion_control = \"bbr\" within memory",
	};
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	struct expr_scope scope;
	struct constraint c;
	struct diag d;

	(void)state;
	load_rules(set, "format = 1\n[a.b]\nwhen = yes\n" RULE_TEXTS);
	scope = scope_of(set);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (constraint_parse_line(&scope, rows[i], &c, &d) >= 0)
			fail_msg("'%s' is accepted", rows[i]);
}

/* Messages */

/* The decision table */

#define ROW "throughput = t\nlatency = l\nhere = memory is {host.memory}\n"

static int add_decisions(struct ruleset *set, const char *text, struct diag *d)
{
	if (!set->catalogue.arena)
		load_rules(set, "format = 1\n[a.b]\nwhen = yes\n" RULE_TEXTS);
	return decisions_load(set, "t.table", text, strlen(text), d);
}

static void a_decision_table_is_understood(void **state)
{
	struct ruleset set = {0};
	struct diag d = {0};

	(void)state;
	assert_int_equal(add_decisions(&set, "format = 1\n[Buffers and window]\n" ROW "[Nagle]\n" ROW, &d), 0);
	assert_int_equal(add_decisions(&set, "format = 1\n[Connections]\n" ROW, &d), 0);
	assert_int_equal(set.decision_count, 3);
	assert_string_equal(set.decisions[0].concern, "Buffers and window");
	assert_string_equal(set.decisions[1].throughput, "t");
	assert_string_equal(set.decisions[1].latency, "l");
	assert_int_equal(set.decisions[2].here.count, 2);
	assert_string_equal(set.decisions[2].here.parts[1].source, "host.memory");
	ruleset_clear(&set);
}

static void a_broken_decision_table_is_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *says;
	} rows[] = {
		{"format = 1\nhere = x\n", 2, "'here' stands before any section"},
		{"format = 1\n[A]\nlatency = l\nhere = x\n", 2, "[A] needs 'throughput'"},
		{"format = 1\n[A]\nthroughput = t\nhere = x\n[B]\n" ROW, 2, "[A] needs 'latency'"},
		{"format = 1\n[A]\nthroughput = t\nlatency = l\n", 2, "[A] needs 'here'"},
		{"format = 1\n[A]\n" ROW "[A]\n" ROW, 6, "[A] is there already, in t.table:2"},
		{"format = 1\n[A]\nthroughput = t\nthroughput = u\n", 4, "'throughput' stands twice in [A]"},
		{"format = 1\n[A]\nhere = x\nhere = y\n", 4, "'here' stands twice in [A]"},
		{"format = 1\n[A]\nwhere = x\n", 3, "a concern has 'throughput', 'latency' and 'here', not 'where'"},
		{"format = 1\n[A]\nhere = {path.bdp}\n", 3, "'path.bdp' is a fact of a path"},
		{"format = 1\n[A]\nhere = {1 s + 1 B}\n", 3, "cannot be added"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ruleset set = {0};
		struct diag d = {0};

		if (add_decisions(&set, rows[i].text, &d) != -EINVAL)
			fail_msg("accepted: %s", rows[i].text);
		ruleset_clear(&set);
		assert_diag(&d, "t.table", rows[i].line, rows[i].says);
	}
}

static void messages_mix_words_and_values(void **state)
{
	static const struct {
		const char *text, *shape; /* l: literal, e: expression */
	} rows[] = {
		{"plain words", "l"},
		{"{host.memory}", "e"},
		{"a {1} b {2 s} c", "lelel"},
		{"{1}{2}{3}", "eee"},
		{"no } brace", "l"},
		{"{1} } {2}", "ele"},
		{"{if(yes, 1 s, 2 s)} s", "el"},
		{"{ host.memory / 2 }", "e"},
		{"", ""},
	};
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	struct expr_scope scope;

	(void)state;
	load_rules(set, "format = 1\n[a.b]\nwhen = yes\n" RULE_TEXTS);
	scope = scope_of(set);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct message m = {0};
		struct diag d = {0};

		assert_int_equal(message_parse(&scope, rows[i].text, &m, &d), 0);
		assert_int_equal(m.count, strlen(rows[i].shape));
		for (unsigned k = 0; k < m.count; k++) {
			assert_int_equal(m.parts[k].literal != NULL, rows[i].shape[k] == 'l');
			assert_int_equal(m.parts[k].expr != NULL, rows[i].shape[k] == 'e');
		}
	}
}

static void a_message_of_many_parts_fits(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	_cleanup_text_ struct text t = TEXT_NULL;
	struct expr_scope scope;
	struct message m = {0};
	struct diag d = {0};

	(void)state;
	load_rules(set, "format = 1\n[a.b]\nwhen = yes\n" RULE_TEXTS);
	scope = scope_of(set);
	for (int i = 0; i < 1000; i++)
		text_addf(&t, "x{%d}", i);
	text_add(&t, "end");
	assert_int_equal(message_parse(&scope, text_get(&t), &m, &d), 0);
	assert_int_equal(m.count, 2001);
	assert_string_equal(m.parts[2000].literal, "end");
}

static const struct {
	const char *rule;
	bool measures;
} looks[] = {
	{"for = sysctl\nwhen = key.boot_differs or not known(key.live)\n", false},
	{"for = sysctl net.core.somaxconn\nwhen = sysctl.net.core.somaxconn < 2 * threshold.a.c\nerror-when = key.of_default < 50 %\n", false},
	{"for = line\nwhen = known(line.malformed)\n", false},
	{"for = sysctl net.core.somaxconn\nwhen = if(kernel(\"6.1\"), sysctl.net.core.somaxconn < 5, 1 > 2)\n", false},
	{"for = sysctl net.core.somaxconn\nwhen = sysctl.net.core.somaxconn < 5 and host.fd_used > 5\n", true},
	{"for = sysctl net.core.somaxconn\nwhen = sysctl.net.core.somaxconn < 5 and rate(tcpext.ListenDrops) > 5/s\n", true},
	{"for = sysctl net.core.somaxconn\napplies = known(host.memory)\nwhen = sysctl.net.core.somaxconn < 5\n", true},
	{"for = sysctl net.core.somaxconn\nwhen = sysctl.net.core.somaxconn < 5\nerror-when = delta(tcpext.ListenDrops) > 0\n", true},
	{"for = listener\nwhen = listener.queue > 3\n", true},
};

/* Only settings, or may chance have a part in it? */
static void rules_that_measure_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		_cleanup_(ruleset_clear) struct ruleset set = {0};
		char text[1024];

		snprintf(text, sizeof(text), "format = 1\n[threshold a.c]\nvalue = 3\nabout = a\n[a.b]\n%s" RULE_TEXTS, looks[i].rule);
		load_rules(&set, text);
		if (rule_measures(ruleset_find(&set, "a.b")) != looks[i].measures)
			fail_msg("%s", looks[i].rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_file_is_understood),
		cmocka_unit_test(a_rule_is_modest_by_default),
		cmocka_unit_test(a_rule_may_judge_one_key),
		cmocka_unit_test(rules_of_many_files_are_sorted),
		cmocka_unit_test(a_set_without_rules_is_refused),
		cmocka_unit_test(severities_have_names),
		cmocka_unit_test(mixed_dimensions_do_not_load),
		cmocka_unit_test(malformed_fields_are_refused),
		cmocka_unit_test(incomplete_sections_are_refused),
		cmocka_unit_test(malformed_sections_are_refused),
		cmocka_unit_test(for_comes_first_and_once),
		cmocka_unit_test(a_key_stands_once_in_a_section),
		cmocka_unit_test(there_are_not_too_many),
		cmocka_unit_test(a_threshold_may_stand_below_its_use),
		cmocka_unit_test(constraints_are_understood),
		cmocka_unit_test(malformed_constraints_are_refused),
		cmocka_unit_test(constraints_make_sense_for_their_key),
		cmocka_unit_test(a_decision_table_is_understood),
		cmocka_unit_test(a_broken_decision_table_is_refused),
		cmocka_unit_test(rules_that_measure_are_known),
		cmocka_unit_test(messages_mix_words_and_values),
		cmocka_unit_test(a_message_of_many_parts_fits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
