/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans as text, JSON, a file and a diff: widths, names that are out to fool, and an empty one. */
#include "unit-render.h"

#include "plan/plan.h"

/* clang-format off */
#define RULES \
	"format = 1\n[listen.accept-queue-full]\nfor = listener\nwhen = listener.queue > listener.limit\ntitle = A title\n" \
	"message = {listener.queue} connections wait on {sysctl.net.ipv4.tcp_congestion_control} where no more than\n" \
	"  {listener.limit} may, and those that come now are turned away before anybody has seen them\n" \
	"because = b\nrefs = r\nrecommend = net.core.somaxconn >= 4096\nrecommend.2 = net.core.free = 1\n"
/* clang-format on */

struct show {
	struct court court;
	struct report_part part;
	struct report report;
	struct plan plan;
};

static void show_clear(struct show *s)
{
	plan_clear(&s->plan);
	court_clear(&s->court);
}

#define _cleanup_show_ _cleanup_(show_clear)

/* A plan with one change and one key that is left out, about a listener of that name; full: something is wrong with it. */
static void show_open(struct show *s, const struct tree *t, const char *name, bool full)
{
	struct subject *l;

	court_open(&s->court, t, RULES);
	set_live(&s->court, "net.core.somaxconn", "128");
	set_live(&s->court, "net.core.free", "0");
	set_live(&s->court, "net.ipv4.tcp_congestion_control", name);
	l = add_subject(&s->court, SUBJECT_LISTENER, name);
	l->values[LISTENER_QUEUE] = value_number(full ? 9 : 1);
	l->values[LISTENER_LIMIT] = value_number(8);
	plan_make(court_judge(&s->court), &(struct plan_options){0}, &s->plan);
	s->part = (struct report_part){.host = {.privileged = true}, .facts = s->court.facts, .judgement = s->court.judgement};
	snprintf(s->part.host.hostname, sizeof(s->part.host.hostname), "%s", name);
	snprintf(s->part.host.kernel, sizeof(s->part.host.kernel), "%s", name);
	s->report = (struct report){.version = "1.2.3", .rules = &s->court.rules, .parts = &s->part, .count = 1};
	assert_int_equal(s->plan.change_count, full);
	assert_int_equal(s->plan.left_count, full);
}

static const struct render_options narrow = {.width = 80};

static void names_do_no_harm_in_any_form(void **state)
{
	void (*const forms[])(const struct plan *, const struct report *, const struct render_options *, struct text *) = {
		render_plan_text, render_plan_json, render_plan_sysctl, render_plan_diff};

	for (size_t i = 0; i < ARRAY_SIZE(hostile_names); i++)
		for (size_t k = 0; k < ARRAY_SIZE(forms); k++) {
			_cleanup_show_ struct show s = {0};
			_cleanup_text_ struct text t = TEXT_NULL;

			show_open(&s, *state, hostile_names[i], true);
			forms[k](&s.plan, &s.report, &narrow, &t);
			assert_harmless(text_get(&t), "a plan");
		}
}

/* Every line of the file is a comment, blank, or one that was planned. */
static void a_name_adds_no_line_to_the_file(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hostile_names); i++) {
		_cleanup_show_ struct show s = {0};
		_cleanup_text_ struct text t = TEXT_NULL;
		char *line, *rest = NULL;
		unsigned lines = 0;

		show_open(&s, *state, hostile_names[i], true);
		render_plan_sysctl(&s.plan, &s.report, &narrow, &t);
		for (line = strtok_r(t.s, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			if (*line != '#') {
				assert_string_equal(line, "net.core.somaxconn = 4096");
				lines++;
			}
		assert_int_equal(lines, 1);
	}
}

/* "# tcpadvisor: ignore …" is the administrator's word to lint. */
static void a_name_silences_no_lint(void **state)
{
	char name[160];

	for (size_t n = 1; n < 100; n++) {
		_cleanup_show_ struct show s = {0};
		_cleanup_text_ struct text t = TEXT_NULL;

		snprintf(name, sizeof(name), "%.*s tcpadvisor: ignore *", (int)n,
			 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		show_open(&s, *state, name, true);
		render_plan_sysctl(&s.plan, &s.report, &narrow, &t);
		assert_null(strstr(text_get(&t), "# tcpadvisor:"));
	}
}

static void text_keeps_to_the_width(void **state)
{
	static const unsigned widths[] = {40, 80, 140};

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		_cleanup_show_ struct show s = {0};
		_cleanup_text_ struct text t = TEXT_NULL;

		show_open(&s, *state, "0.0.0.0:80", true);
		render_plan_text(&s.plan, &s.report, &(struct render_options){.width = widths[i]}, &t);
		assert_width(text_get(&t), widths[i]);
		assert_non_null(strstr(text_get(&t), "128 → 4096"));
	}
}

static void what_changes_nothing_says_so(void **state)
{
	_cleanup_show_ struct show s = {0};
	_cleanup_text_ struct text t = TEXT_NULL, diff = TEXT_NULL, json = TEXT_NULL;
	_cleanup_json_ json_t *j = NULL;

	show_open(&s, *state, "0.0.0.0:80", false);
	render_plan_text(&s.plan, &s.report, &narrow, &t);
	assert_non_null(strstr(text_get(&t), "Nothing to change"));
	render_plan_diff(&s.plan, &s.report, &narrow, &diff);
	assert_int_equal(diff.len, 0);
	render_plan_json(&s.plan, &s.report, &narrow, &json);
	j = parse_json(&json);
	assert_int_equal(json_array_size(json_object_get(j, "changes")), 0);
}

static void a_diff_goes_from_what_is_to_what_is_wanted(void **state)
{
	_cleanup_show_ struct show s = {0};
	_cleanup_text_ struct text t = TEXT_NULL;

	show_open(&s, *state, "0.0.0.0:80", true);
	render_plan_diff(&s.plan, &s.report, &narrow, &t);
	assert_string_equal(text_get(&t), "--- live\n+++ plan\n@@ -1,1 +1,1 @@\n"
					  "-net.core.somaxconn = 128\n+net.core.somaxconn = 4096\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(names_do_no_harm_in_any_form),
		in_tree(a_name_adds_no_line_to_the_file),
		in_tree(a_name_silences_no_lint),
		in_tree(text_keeps_to_the_width),
		in_tree(what_changes_nothing_says_so),
		in_tree(a_diff_goes_from_what_is_to_what_is_wanted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
