/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An audit for CI servers, tickets and facts of a fleet: names that are out to fool change nothing in its shape. */
#include "unit-show.h"

static const char *const markup[] = {
	"</failure></testcase><testcase name=\"INJECTED\">", "\" INJECTED=\"", "' INJECTED='", "]]><INJECTED/>", "<!-- INJECTED", "&INJECTED;",
	"| INJECTED | `` |", "`INJECTED", "@INJECTED", "[INJECTED](javascript:INJECTED)", "![INJECTED](//INJECTED)", "# INJECTED", "\xef\xbf\xbe",
};

static size_t count(const char *s, const char *what)
{
	size_t n = 0;

	for (; (s = strstr(s, what)); s++)
		n++;
	return n;
}

/* Every tag is one of ours, and an attribute's value has no quote in it: each element has as many as without the name. */
static void assert_junit(const char *s)
{
	static const char *const tags[] = {"?xml ", "testsuites ", "/testsuites>", "testsuite ", "/testsuite>", "testcase ", "/testcase>",
					   "properties>", "/properties>", "property ", "skipped ", "failure ", "/failure>", "error ",
					   "/error>", "system-out>", "/system-out>"};

	for (const char *p = strchr(s, '<'); p; p = strchr(p + 1, '<')) {
		size_t i = 0;

		while (i < ARRAY_SIZE(tags) && strncmp(p + 1, tags[i], strlen(tags[i])))
			i++;
		if (i == ARRAY_SIZE(tags))
			fail_msg("a tag of theirs: %.60s", p);
	}
	assert_null(strstr(s, "\" INJECTED=\""));
	assert_null(strstr(s, "&INJECTED;"));
	assert_null(strstr(s, "\xef\xbf\xbe"));
	assert_int_equal(count(s, "<testcase "), count(s, "</testcase>") + count(s, " time=\"0\"/>\n"));
}

/* A bar in a name would be a column. What stands in code is text: tests/docs/formats.test looks at the rest. */
static void assert_markdown(const char *s)
{
	size_t bars = 0;

	assert_null(strstr(s, "\n# INJECTED"));
	for (const char *line = s; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t here = 0, n = strcspn(line, "\n");

		for (size_t i = 0; *line == '|' && i < n; i++)
			here += line[i] == '|' && (!i || line[i - 1] != '\\');
		if (bars && here && bars != here)
			fail_msg("%zu bars instead of %zu: %.*s", here, bars, (int)n, line);
		bars = here;
	}
}

static void with_name(void **state, const char *name)
{
	static const char *const formats[] = {"junit", "markdown", "ansible"};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct render_options o = {.width = 80, .fail_on = SEVERITY_WARNING};
		_cleanup_text_ struct text t = TEXT_NULL;
		_cleanup_show_ struct show s = {0};

		show_open(&s, *state, ABOUT_NAMES);
		put_everywhere(&s, name);
		render(&s, formats[i], &o, &t);
		assert_harmless(i ? t.s : strchr(t.s, '\n') + 1, formats[i]);
		if (!strcmp(formats[i], "junit")) {
			assert_junit(t.s);
		} else if (!strcmp(formats[i], "markdown")) {
			assert_markdown(t.s);
		} else {
			_cleanup_json_ json_t *j = parse_json(&t);

			assert_int_equal(json_integer_value(json_object_get(j, "warning")), 1);
			assert_string_equal(json_string_value(json_array_get(json_object_get(j, "open"), 0)), "a.b");
		}
	}
}

static void names_change_nothing(void **state)
{
	_cleanup_free_ char *long_one = long_name();

	for (size_t i = 0; i < ARRAY_SIZE(hostile_names); i++)
		with_name(state, hostile_names[i]);
	with_name(state, long_one);
}

static void markup_changes_nothing(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(markup); i++)
		if (strncmp(markup[i], "\xef", 1))
			with_name(state, markup[i]);
}

/* A finding fails from --fail-on on; below, it is told in a case that passed. */
static void severity_decides_what_fails(void **state)
{
	static const struct {
		enum severity fail_on;
		size_t failures, told;
	} rows[] = {{SEVERITY_INFO, 1, 0}, {SEVERITY_WARNING, 1, 0}, {SEVERITY_ERROR, 0, 1}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct render_options o = {.width = 80, .fail_on = rows[i].fail_on};
		_cleanup_text_ struct text t = TEXT_NULL;
		_cleanup_show_ struct show s = {0};

		show_open(&s, *state, ABOUT_NAMES);
		add_listener(&s, "0.0.0.0:80", 9);
		add_listener(&s, "0.0.0.0:81", 0);
		render(&s, "junit", &o, &t);
		assert_int_equal(count(t.s, "<failure "), rows[i].failures);
		assert_int_equal(count(t.s, "<system-out>"), rows[i].told);
		assert_int_equal(count(t.s, "classname=\"a.b\""), 2);
		assert_non_null(strstr(t.s, "<testcase classname=\"a.b\" name=\"0.0.0.0:81\" time=\"0\"/>"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(names_change_nothing),
		in_tree(markup_changes_nothing),
		in_tree(severity_decides_what_fails),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
