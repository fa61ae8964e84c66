/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Audits as text and as JSON: widths, names that are out to fool, and a shape that does not hang on the content. */
#include "unit-show.h"

/* clang-format off */
#define LONG_TEXTS \
	"title = A title\nmessage = {listener.queue} connections wait where no more than {listener.limit} may,\n" \
	"  and those that come now are turned away before anybody has seen them\n" \
	"advise = Accept faster, or ask for a longer queue in the call of listen() and in somaxconn; the smaller\n" \
	"  of both is what counts.\n" \
	"because = A full queue drops the last acknowledgement of a handshake, and the client waits a second and\n" \
	"  more until it sends the next.\n" \
	"risk = A longer queue hides a slow application: clients wait in it instead of failing.\n" \
	"refs = listen(2); RFC 9293\n"

#define RULES \
	"format = 1\n[listen.accept-queue-full]\nfor = listener\nwhen = listener.queue > listener.limit\n" LONG_TEXTS \
	"recommend = net.core.somaxconn >= 4096\n" \
	"recommend.2 = net.ipv4.tcp_rmem[2] <= 4 MiB\n" \
	"evidence = listener.queue listener.limit listener.workers sysctl.net.core.somaxconn host.fd_used\n"
/* clang-format on */

static void render_text(struct show *s, unsigned width, struct text *ret)
{
	render(s, "text", &(struct render_options){.width = width, .verbose = true}, ret);
}

static json_t *render_json(struct show *s)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	render(s, "json", &(struct render_options){.width = 80}, &t);
	return parse_json(&t);
}

/* Formats */

static void formats_are_found_by_name(void **state)
{
	(void)state;
	assert_string_equal(report_format_find("text")->name, "text");
	assert_string_equal(report_format_find("json")->name, "json");
	assert_null(report_format_find("xml"));
	assert_null(report_format_find(""));
}

/* Text */

static void a_finding_is_told_with_all_that_belongs_to_it(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};

	show_open(&s, *state, RULES);
	add_listener(&s, "0.0.0.0:80", 9)->unit = "app.service";
	s.court.facts->first[SUBJECT_LISTENER]->process = "app[812]";
	render_text(&s, 100, &t);
	assert_non_null(strstr(t.s, "tcpadvisor 1.2.3 · here · Linux 6.12.1 · profile p · one sample\n"));
	assert_non_null(strstr(t.s, "warning   listen.accept-queue-full  0.0.0.0:80  app.service  app[812]\n"));
	assert_non_null(strstr(t.s, "9 connections wait where no more than 8 may"));
	assert_non_null(strstr(t.s, "listener.queue"));
	assert_non_null(strstr(t.s, "net.core.somaxconn = 4096  (now 128)")
				?: strstr(t.s, "net.core.somaxconn = 4096 (now 128)"));
	assert_non_null(
		strstr(t.s, "net.ipv4.tcp_rmem stays as it is: withheld: this kernel's own default is 6 MiB"));
	assert_non_null(strstr(t.s, "  do      Accept faster"));
	assert_non_null(strstr(t.s, "  why     A full queue drops"));
	assert_non_null(strstr(t.s, "  risk    A longer queue"));
	assert_non_null(
		strstr(t.s, "0 errors, 1 warning, 0 notices, 0 info; 0 rules ok, 0 not applicable, 0 unknown, 0"));
}

/* A value that could not be read is evidence too, and says so in a legible way. */
static void evidence_that_is_missing_says_why(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};

	show_open(&s, *state, RULES);
	add_listener(&s, "0.0.0.0:80", 9);
	render_text(&s, 100, &t);
	assert_non_null(strstr(t.s, "? (reading it was denied)"));
}

static void many_subjects_of_a_rule_are_cut_short(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};
	char name[32];
	unsigned told = 0;

	show_open(&s, *state, RULES);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "0.0.0.0:%d", 100 + i);
		add_listener(&s, name, 9);
	}
	render_text(&s, 100, &t);
	for (const char *p = t.s; (p = strstr(p, "listen.accept-queue-full  0.0.0.0:")); p++)
		told++;
	assert_int_equal(told, 8);
	assert_non_null(strstr(t.s, "listen.accept-queue-full: 12 more (--format=json shows all)"));
	assert_non_null(strstr(t.s, "0 errors, 20 warnings"));
	/* The reason is the rule's: once is enough. */
	assert_null(strstr(strstr(t.s, "  why ") + 1, "  why "));
}

/* The cut is by rule, not by rule and severity: what is left out must be counted once, and as a whole. */
static void subjects_of_two_severities_are_cut_short_as_one(void **state)
{
	static const char rules[] = "format = 1\n[a.b]\nfor = listener\nwhen = listener.queue > 0\n"
				    "error-when = listener.queue > 5\n" RULE_TEXTS;
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};
	char name[32];
	unsigned told = 0, more = 0, n;

	show_open(&s, *state, rules);
	for (int i = 0; i < 24; i++) {
		snprintf(name, sizeof(name), "0.0.0.0:%d", 100 + i);
		add_listener(&s, name, i % 2 ? 9 : 1);
	}
	render_text(&s, 100, &t);
	for (const char *p = t.s; (p = strstr(p, "a.b  0.0.0.0:")); p++)
		told++;
	for (const char *p = t.s; (p = strstr(p, "a.b: ")); p++)
		more += sscanf(p, "a.b: %u more", &n) == 1 ? n : 0;
	assert_int_equal(told + more, 24);
}

static void what_is_merely_good_to_know_is_short(void **state)
{
	static const char rules[] = "format = 1\n[a.b]\nfor = host\nseverity = info\nwhen = host.memory > 0 B\n"
				    "evidence = host.memory\n" RULE_TEXTS;
	const struct render_options brief = {.width = 80}, verbose = {.width = 80, .verbose = true};
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};

	show_open(&s, *state, rules);
	s.court.facts->host->values[HOST_MEMORY] = value_number(1024);
	render(&s, "text", &brief, &t);
	assert_non_null(strstr(t.s, "info      a.b"));
	assert_null(strstr(t.s, "host.memory"));
	render(&s, "text", &verbose, &t);
	assert_non_null(strstr(t.s, "host.memory"));
}

static void what_does_not_apply_is_told_when_asked(void **state)
{
	const struct render_options brief = {.width = 80}, verbose = {.width = 80, .verbose = true};
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};

	show_open(&s, *state, RULES);
	render(&s, "text", &brief, &t);
	assert_null(strstr(t.s, "there is no listener here"));
	render(&s, "text", &verbose, &t);
	assert_non_null(strstr(t.s, "  n/a     listen.accept-queue-full: there is no listener here"));
}

static void colour_is_asked_for_and_ended(void **state)
{
	const struct render_options plain = {.width = 80}, colour = {.width = 80, .colour = true};
	_cleanup_text_ struct text t = TEXT_NULL, stripped = TEXT_NULL, u = TEXT_NULL;
	_cleanup_show_ struct show s = {0};
	bool on = false;

	show_open(&s, *state, RULES);
	add_listener(&s, "0.0.0.0:80", 9);
	render(&s, "text", &plain, &t);
	assert_null(strchr(t.s, '\033'));
	render(&s, "text", &colour, &u);
	for (const char *p = u.s; *p; p++) {
		if (*p != '\033') {
			text_addn(&stripped, p, 1);
			continue;
		}
		assert_true(p[1] == '[' && strspn(p + 2, "0123456789;") == strcspn(p + 2, "m"));
		on = strncmp(p, "\033[0m", 4);
		p += strcspn(p, "m");
	}
	assert_false(on);
	assert_string_equal(stripped.s, t.s);
}

/* Widths */

static const unsigned widths[] = {40, 80, 140};

static void paragraphs_are_never_wider_than_asked(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		_cleanup_show_ struct show s = {0};
		static const char rules[] =
			"format = 1\n[a.b]\nfor = listener\nwhen = listener.queue > 0\n" LONG_TEXTS
			"recommend = net.core.somaxconn >= 4096\nrecommend.2 = net.ipv4.tcp_rmem[2] <= 4 MiB\n";

		show_open(&s, *state, rules);
		add_listener(&s, "h", 9);
		facts_note(
			s.court.facts,
			"something in this long sentence could not be read, which is noted at the end of it all");
		s.part.host.privileged = false;
		render_text(&s, widths[i], &t);
		assert_width(t.s, widths[i]);
		assert_true(strlen(t.s) > 500);
	}
}

static void headlines_are_never_wider_than_asked(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		_cleanup_show_ struct show s = {0};
		struct subject *l;

		show_open(&s, *state,
			  "format = 1\n[sockets.close-wait-leak]\nfor = listener\n"
			  "when = listener.queue > 0\n" RULE_TEXTS);
		l = add_listener(&s, "192.0.2.111 → [2001:db8:1:2:3:4:5:6]:65535", 9);
		l->unit = "a-service-with-a-long-name@instance.service";
		l->process = "a long command[4194304]";
		render_text(&s, widths[i], &t);
		assert_width(t.s, widths[i]);
	}
}

static void evidence_is_never_wider_than_asked(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		_cleanup_show_ struct show s = {0};
		static const char rules[] =
			"format = 1\n[a.b]\nfor = listener\nwhen = listener.queue > 0\n" RULE_TEXTS
			"evidence = listener.workers_full sysctl.net.ipv4.tcp_congestion_control host.fd_used\n";

		show_open(&s, *state, rules);
		add_listener(&s, "h", 9)->values[LISTENER_WORKERS_FULL] = value_number(3);
		set_live(
			&s.court, "net.ipv4.tcp_congestion_control",
			"a list of words that goes on and on for longer than a line of the terminal is wide, and on");
		s.court.facts->host->values[HOST_FD_USED] = value_missing(
			VALUE_UNREAD,
			"/proc/sys/fs/file-nr: a reason that does not fit beside it either, as it is that long");
		render_text(&s, widths[i], &t);
		assert_width(t.s, widths[i]);
	}
}

/* Hostile names */

static void no_name_drives_a_terminal(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hostile_names); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		_cleanup_show_ struct show s = {0};

		show_open(&s, *state, ABOUT_NAMES);
		put_everywhere(&s, hostile_names[i]);
		render_text(&s, 80, &t);
		assert_harmless(t.s, "text");
		assert_null(strstr(t.s, "\033"));
		assert_int_equal(s.court.judgement.count, 1);
		assert_int_equal(s.court.judgement.unjudged_count, 1);
	}
}

static void no_name_breaks_json(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hostile_names); i++) {
		_cleanup_json_ json_t *j = NULL;
		_cleanup_show_ struct show s = {0};
		json_t *finding;

		show_open(&s, *state, ABOUT_NAMES);
		put_everywhere(&s, hostile_names[i]);
		j = render_json(&s);
		assert_json_harmless(j);
		assert_int_equal(json_array_size(json_object_get(j, "findings")), 1);
		assert_int_equal(json_array_size(json_object_get(j, "not_judged")), 1);
		finding = json_array_get(json_object_get(j, "findings"), 0);
		assert_int_equal(json_array_size(json_object_get(finding, "evidence")), 2);
		assert_int_equal(json_array_size(json_object_get(finding, "recommend")), 2);
		assert_null(json_object_get(finding, "INJECTED"));
	}
}

static void a_name_of_four_kilobytes_is_cut(void **state)
{
	_cleanup_free_ char *name = long_name();
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};

	show_open(&s, *state, ABOUT_NAMES);
	put_everywhere(&s, name);
	render_text(&s, 80, &t);
	assert_harmless(t.s, "text");
	for (const char *line = t.s; *line; line += strcspn(line, "\n"), line += *line == '\n')
		assert_true(strcspn(line, "\n") < 2500);
	assert_non_null(strstr(t.s, "nnn…"));
}

static void a_name_of_four_kilobytes_fits_json(void **state)
{
	_cleanup_free_ char *name = long_name();
	_cleanup_json_ json_t *j = NULL;
	_cleanup_show_ struct show s = {0};
	json_t *subject;

	show_open(&s, *state, ABOUT_NAMES);
	put_everywhere(&s, name);
	j = render_json(&s);
	assert_json_harmless(j);
	subject = json_object_get(json_array_get(json_object_get(j, "findings"), 0), "subject");
	assert_string_equal(json_string_value(json_object_get(subject, "name")), name);
}

/* JSON */

static const char *const top_keys[] = {"schema",  "version",  "host",  "profile",    "window_s",
				       "summary", "findings", "paths", "not_judged", "notes"};
static const char *const finding_keys[] = {"id",      "rule",	 "status",   "severity",  "title", "subject",
					   "message", "because", "evidence", "recommend", "refs"};

static void assert_array(const json_t *j, const char *key, size_t n)
{
	const json_t *a = json_object_get(j, key);

	if (!json_is_array(a) || json_array_size(a) != n)
		fail_msg("%s is no array of %zu", key, n);
}

/* Where and when it was measured, and what could not be read. */
static void notes_and_circumstances_are_told(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_json_ json_t *j = NULL;
	_cleanup_show_ struct show s = {.court.clock = 2e9};

	court_open(&s.court, *state, RULES);
	facts_note(s.court.facts, "half of it was not read");
	s.court.facts->window = 2;
	s.report.recorded = true;
	snprintf(s.part.host.netns, sizeof(s.part.host.netns), "blue");
	render_text(&s, 200, &t);
	assert_non_null(strstr(t.s, "window 2.0 s · recorded · network namespace blue\n"));
	assert_non_null(strstr(t.s, "  note    half of it was not read\n"));
	assert_non_null(strstr(t.s, "not run as root"));
	j = render_json(&s);
	assert_array(j, "notes", 0);
	assert_true(json_is_true(json_object_get(json_object_get(j, "host"), "recorded")));
	assert_true(json_number_value(json_object_get(j, "window_s")) == 2);
}

/* At no, one and more entries. */
static void arrays_stay_arrays(void **state)
{
	static const size_t counts[] = {0, 1, 2, 30};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		_cleanup_json_ json_t *j = NULL;
		_cleanup_show_ struct show s = {0};
		json_t *host;

		show_open(&s, *state, RULES);
		for (size_t k = 0; k < counts[i]; k++) {
			add_listener(&s, k % 2 ? "one" : "other", 9);
			add_subject(&s.court, SUBJECT_PATH, "eth0 192.0.2.0/24");
			facts_note(s.court.facts, "a note");
		}
		j = render_json(&s);
		for (size_t k = 0; k < ARRAY_SIZE(top_keys); k++)
			assert_non_null(json_object_get(j, top_keys[k]));
		assert_array(j, "findings", counts[i]);
		assert_array(j, "paths", counts[i]);
		assert_array(j, "not_judged", counts[i] == 0);
		assert_array(j, "notes", 0);
		assert_array(j, "profile", 1);
		host = json_object_get(j, "host");
		assert_array(host, "namespaces", 1);
		assert_array(json_array_get(json_object_get(host, "namespaces"), 0), "notes", counts[i]);
	}
}

static void a_finding_has_every_key(void **state)
{
	_cleanup_json_ json_t *j = NULL;
	_cleanup_show_ struct show s = {0};
	json_t *f, *r, *e;

	show_open(&s, *state, RULES);
	add_listener(&s, "0.0.0.0:80", 9);
	j = render_json(&s);
	f = json_array_get(json_object_get(j, "findings"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(finding_keys); i++)
		if (!json_object_get(f, finding_keys[i]))
			fail_msg("no %s", finding_keys[i]);
	assert_string_equal(json_string_value(json_object_get(f, "id")), "listen.accept-queue-full/0.0.0.0:80");
	assert_string_equal(json_string_value(json_object_get(f, "status")), "advise");
	assert_true(json_is_null(json_object_get(json_object_get(f, "subject"), "unit")));
	assert_true(json_is_null(json_object_get(json_object_get(f, "subject"), "pid")));
	assert_array(f, "refs", 2);
	assert_array(f, "evidence", 5);
	e = json_array_get(json_object_get(f, "evidence"), 4); /* denied */
	assert_true(json_is_null(json_object_get(e, "value")));
	assert_string_equal(json_string_value(json_object_get(e, "reason")), "reading it was denied");
	r = json_array_get(json_object_get(f, "recommend"), 0);
	assert_string_equal(json_string_value(json_object_get(r, "action")), "sysctl");
	assert_string_equal(json_string_value(json_object_get(r, "key")), "net.core.somaxconn");
	assert_string_equal(json_string_value(json_object_get(r, "current")), "128");
	assert_string_equal(json_string_value(json_object_get(r, "wanted")), "4096");
	assert_string_equal(json_string_value(json_object_get(r, "constraint")), ">=");
	r = json_array_get(json_object_get(f, "recommend"), 1);
	assert_string_equal(json_string_value(json_object_get(r, "action")), "withheld");
	assert_true(json_is_null(json_object_get(r, "wanted")));
	assert_int_equal(json_integer_value(json_object_get(r, "element")), 2);
	r = json_array_get(json_object_get(f, "recommend"), 2);
	assert_string_equal(json_string_value(json_object_get(r, "action")), "operator");
}

static void a_path_has_every_fact(void **state)
{
	_cleanup_json_ json_t *j = NULL;
	_cleanup_show_ struct show s = {0};
	const json_t *p;

	show_open(&s, *state, RULES);
	add_subject(&s.court, SUBJECT_PATH, "eth0 192.0.2.0/24")->values[PATH_BDP] = value_number(1250000);
	j = render_json(&s);
	p = json_array_get(json_object_get(j, "paths"), 0);
	assert_int_equal(json_object_size(p), PATH_FACT_COUNT + 2);
	assert_int_equal(json_integer_value(json_object_get(p, "bdp")), 1250000);
	assert_true(json_is_null(json_object_get(p, "speed")));
	assert_string_equal(json_string_value(json_object_get(p, "path")), "eth0 192.0.2.0/24");
}

/* No finding, path or document is lost over a number that JSON has no word for. */
static void numbers_that_are_none_lose_nothing(void **state)
{
	static const double numbers[] = {INFINITY, -INFINITY, NAN};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		_cleanup_json_ json_t *j = NULL;
		_cleanup_show_ struct show s = {0};

		show_open(&s, *state, RULES);
		add_listener(&s, "0.0.0.0:80", 9)->values[LISTENER_WORKERS] = value_number(numbers[i]);
		add_subject(&s.court, SUBJECT_PATH, "p")->values[PATH_BDP] = value_number(numbers[i]);
		j = render_json(&s);
		assert_array(j, "findings", 1);
		assert_array(json_array_get(json_object_get(j, "findings"), 0), "evidence", 5);
		assert_int_equal(json_object_size(json_array_get(json_object_get(j, "paths"), 0)),
				 PATH_FACT_COUNT + 2);
	}
}

static const struct {
	double v;
	bool integer;
} numbers[] = {{0, true},     {-5, true},     {4096, true}, {9007199254740991.0, true},
	       {0.02, false}, {1e300, false}, {1e-9, false}};

static void whole_numbers_are_integers_and_none_is_changed(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		_cleanup_json_ json_t *j = NULL;
		_cleanup_show_ struct show s = {0};
		const json_t *v;

		show_open(&s, *state, RULES);
		add_subject(&s.court, SUBJECT_PATH, "p")->values[PATH_BDP] = value_number(numbers[i].v);
		j = render_json(&s);
		v = json_object_get(json_array_get(json_object_get(j, "paths"), 0), "bdp");
		assert_int_equal(json_is_integer(v), numbers[i].integer);
		assert_true(fabs(json_number_value(v) - numbers[i].v) <= 1e-8 * fabs(numbers[i].v));
	}
}

static void the_summary_counts_findings_and_rules(void **state)
{
	_cleanup_json_ json_t *j = NULL;
	_cleanup_show_ struct show s = {0};
	const json_t *sum;

	show_open(&s, *state, ABOUT_NAMES);
	set_live(&s.court, "net.ipv4.tcp_congestion_control", "cubic");
	add_listener(&s, "a", 9);
	add_listener(&s, "b", 9);
	j = render_json(&s);
	sum = json_object_get(j, "summary");
	assert_int_equal(json_integer_value(json_object_get(sum, "warning")), 2);
	assert_int_equal(json_integer_value(json_object_get(sum, "error")), 0);
	assert_int_equal(json_integer_value(json_object_get(sum, "not_applicable")), 1);
	assert_int_equal(json_integer_value(json_object_get(sum, "ok")), 0);
	assert_int_equal(json_object_size(sum), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_found_by_name),
		in_tree(a_finding_is_told_with_all_that_belongs_to_it),
		in_tree(evidence_that_is_missing_says_why),
		in_tree(many_subjects_of_a_rule_are_cut_short),
		in_tree(subjects_of_two_severities_are_cut_short_as_one),
		in_tree(what_is_merely_good_to_know_is_short),
		in_tree(what_does_not_apply_is_told_when_asked),
		in_tree(colour_is_asked_for_and_ended),
		in_tree(paragraphs_are_never_wider_than_asked),
		in_tree(headlines_are_never_wider_than_asked),
		in_tree(evidence_is_never_wider_than_asked),
		in_tree(no_name_drives_a_terminal),
		in_tree(no_name_breaks_json),
		in_tree(a_name_of_four_kilobytes_is_cut),
		in_tree(a_name_of_four_kilobytes_fits_json),
		in_tree(notes_and_circumstances_are_told),
		in_tree(arrays_stay_arrays),
		in_tree(a_finding_has_every_key),
		in_tree(a_path_has_every_fact),
		in_tree(numbers_that_are_none_lose_nothing),
		in_tree(whole_numbers_are_integers_and_none_is_changed),
		in_tree(the_summary_counts_findings_and_rules),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
