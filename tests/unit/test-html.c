/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An audit as a page: well-formed whatever the names are, and with everything in it that belongs to a finding. */
#include <math.h>

#include "unit-html.h"
#include "unit-show.h"

/* clang-format off */
#define FULL_QUEUE \
	"format = 1\n[listen.accept-queue-full]\nfor = listener\nwhen = listener.queue > listener.limit\n" \
	"title = A full queue\nmessage = {listener.queue} wait\nadvise = Accept faster.\nbecause = It drops.\nrisk = It hides.\n" \
	"refs = listen(2); RFC 9293\nrecommend = net.core.somaxconn >= 4096\n" \
	"evidence = listener.queue sysctl.net.core.somaxconn host.fd_used\n"
/* clang-format on */

static const char *const more_names[] = {
	"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><svg/onload=alert(1)>", "--><!-- ", "]]><![CDATA[", "</style>",
	"&lt;b&gt;&amp;", "\" onmouseover=\"x", "\xef\xbf\xbe\xef\xbf\xbf", "</title></head>", "javascript:alert(1)", "&#x3c;b", "<", "\xc2",
};

static void assert_page(const char *s, const char *what)
{
	struct html_read r;

	html_read(&r, s);
	if (*r.wrong)
		fail_msg("%s: %s", what, r.wrong);
	assert_true(r.elements > 100);
	assert_harmless(s, what);
	if (strstr(s, "\xef\xbf\xbe") || strstr(s, "\xef\xbf\xbf"))
		fail_msg("%s: a character that XML has not", what);
}

static void render_page(struct show *s, struct text *ret)
{
	render(s, "html", &(struct render_options){.width = 80}, ret);
	assert_page(ret->s, "page");
}

static struct subject *add_path(struct show *s, const char *name)
{
	struct subject *p = add_subject(&s->court, SUBJECT_PATH, name);

	p->values[PATH_MIN_RTT_MIN] = value_number(0.038);
	p->values[PATH_MIN_RTT_P50] = value_number(0.040);
	p->values[PATH_MIN_RTT_P95] = value_number(0.052);
	p->values[PATH_SRTT_P50] = p->values[PATH_SRTT_P95] = value_number(0.180);
	p->values[PATH_SPEED] = value_number(1.25e8);
	p->values[PATH_SPEED_SURE] = value_number(1);
	p->values[PATH_DELIVERY_RATE] = value_number(2.5e7);
	p->values[PATH_BDP] = value_number(5e6);
	p->values[PATH_RWND_SHARE] = value_number(0.25);
	return p;
}

static void a_finding_is_told_with_all_that_belongs_to_it(void **state)
{
	static const char *const told[] = {
		"<h4 id=\"f0-0-h\">A full queue</h4>",
		"<code>0.0.0.0:80</code> of <code>app.service</code>, process <code>app[812]</code>",
		"<p class=\"message\">9 wait</p>",
		"<pre><code>net.core.somaxconn = 4096</code></pre>\n<p class=\"now\">now <code>128</code></p>",
		"<p>Accept faster.</p>",
		"<th scope=\"row\">listener.<wbr/>queue<wbr/></th><td>9</td><td>sock_diag<wbr/></td>",
		"? (reading it was denied)",
		"<dt>Why</dt><dd>It drops.</dd>",
		"<dt>Risk</dt><dd>It hides.</dd>",
		"<dt>Sources</dt><dd>listen(2); RFC 9293</dd>",
		"<h1>here</h1>\n<p class=\"verdict\">1 warning.</p>",
		"Linux 6.12.1, x86_64",
	};
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};

	show_open(&s, *state, FULL_QUEUE);
	add_listener(&s, "0.0.0.0:80", 9)->unit = "app.service";
	s.court.facts->first[SUBJECT_LISTENER]->process = "app[812]";
	render_page(&s, &t);
	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		if (!strstr(t.s, told[i]))
			fail_msg("it lacks %s", told[i]);
}

static void a_host_without_findings_says_so(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};

	show_open(&s, *state, FULL_QUEUE);
	render_page(&s, &t);
	assert_non_null(strstr(t.s, "Nothing here costs latency, throughput or connections"));
	assert_non_null(strstr(t.s, "No open connection leaves this host"));
	assert_non_null(strstr(t.s, "there is no listener here"));
}

static void many_subjects_of_a_rule_share_a_frame(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};
	unsigned frames = 0, told = 0;
	char name[32];

	show_open(&s, *state, FULL_QUEUE);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "0.0.0.0:%d", 100 + i);
		add_listener(&s, name, 9);
	}
	render_page(&s, &t);
	for (const char *p = t.s; (p = strstr(p, "<article class=\"finding ")); p++)
		frames++;
	for (const char *p = t.s; (p = strstr(p, "<p class=\"message\">")); p++)
		told++;
	assert_int_equal(frames, 1);
	assert_int_equal(told, 12);
	assert_non_null(strstr(t.s, "and 28 more of the kind"));
	assert_non_null(strstr(t.s, ">40 warnings.<"));
	assert_non_null(strstr(t.s, "and 20 more, which <code>tcpadvisor sockets"));
}

static void a_path_is_drawn_and_said(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};

	show_open(&s, *state, FULL_QUEUE);
	add_path(&s, "eth0 192.0.2.0/24");
	render_page(&s, &t);
	assert_non_null(strstr(t.s, "Least round trip: 38 ms to 52 ms; Smoothed round trip: 180 ms."));
	assert_non_null(strstr(t.s, "Waited for the peer&#39;s window: 25 %")
				?: strstr(t.s, "Waited for the peer's window: 25 %"));
	assert_non_null(strstr(t.s, "BDP 5 MB."));
	/* 40 ms on an axis from 10 ms to 1 s. */
	assert_non_null(strstr(t.s, "cx=\"30.10%\""));
	assert_non_null(strstr(t.s, "width=\"25.00%\""));
}

static void a_path_without_numbers_says_why(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};
	struct subject *p;

	show_open(&s, *state, FULL_QUEUE);
	p = add_subject(&s.court, SUBJECT_PATH, "eth0 192.0.2.0/24");
	p->values[PATH_BDP] = value_missing(VALUE_ABSENT, "the speed of eth0 is hearsay");
	render_page(&s, &t);
	assert_non_null(strstr(t.s, "The BDP is not known: the speed of eth0 is hearsay."));
	assert_non_null(strstr(t.s, "not known"));
}

/* A link of which only what was seen is known would look full, and its windows large. */
static void a_speed_that_is_not_sure_is_no_measure(void **state)
{
	_cleanup_text_ struct text sure = TEXT_NULL, unsure = TEXT_NULL;
	_cleanup_show_ struct show s = {0};
	struct subject *p;

	show_open(&s, *state, FULL_QUEUE);
	p = add_path(&s, "eth0 192.0.2.0/24");
	render_page(&s, &sure);
	assert_non_null(strstr(sure.s, "Fastest flow: 200 Mbit/s of 1 Gbit/s."));
	p->values[PATH_SPEED_SURE] = value_number(0);
	p->values[PATH_SPEED_SOURCE] = value_text("highest delivery rate seen");
	render_page(&s, &unsure);
	assert_non_null(strstr(unsure.s, "Fastest flow: 200 Mbit/s."));
	assert_non_null(strstr(unsure.s, "The BDP is not known: the speed of the link is not sure (highest delivery rate seen)."));
	assert_null(strstr(unsure.s, "BDP 5 MB"));
}

/* A number that is none, or beyond all measure, still has a place on the page. */
static void no_number_leaves_the_picture(void **state)
{
	static const double numbers[] = {NAN, INFINITY, -INFINITY, -1, 0, 1e308, 1e-308};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		_cleanup_show_ struct show s = {0};
		struct subject *p, *l;

		show_open(&s, *state, FULL_QUEUE);
		p = add_path(&s, "eth0 192.0.2.0/24");
		l = add_listener(&s, "a", numbers[i]);
		l->values[LISTENER_LIMIT] = value_number(numbers[i]);
		for (size_t f = 0; f < PATH_FACT_COUNT; f++)
			if (subject_defs[SUBJECT_PATH].facts[f].dim != DIM_TEXT)
				p->values[f] = value_number(numbers[i]);
		render_page(&s, &t);
		for (const char *q = t.s; (q = strchr(q, '%')); q++)
			if (!strncmp(q, "%\"", 2) && (!strncmp(q - 3, "nan", 3) || !strncmp(q - 3, "inf", 3)))
				fail_msg("a place that is none: %.40s", q - 20);
	}
}

static void try_name(void **state, const char *name)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_show_ struct show s = {0};

	show_open(&s, *state, ABOUT_NAMES);
	put_everywhere(&s, name);
	add_path(&s, name)->values[PATH_CONGESTION] = value_text(name);
	add_subject(&s.court, SUBJECT_INTERFACE, name)->values[INTERFACE_QDISC] = value_text(name);
	add_subject(&s.court, SUBJECT_DESTINATION, name)->unit = name;
	render_page(&s, &t);
	assert_int_equal(s.court.judgement.count, 1);
	assert_null(strstr(t.s, "<script"));
	assert_null(strstr(t.s, "<img"));
}

static void no_name_becomes_markup(void **state)
{
	_cleanup_free_ char *longest = long_name();

	for (size_t i = 0; i < ARRAY_SIZE(hostile_names); i++)
		try_name(state, hostile_names[i]);
	for (size_t i = 0; i < ARRAY_SIZE(more_names); i++)
		try_name(state, more_names[i]);
	try_name(state, longest);
}

/* The reader must see what these tests are about. */
static void the_reader_is_strict(void **state)
{
	static const char *const bad[] = {
		"<p></p>", "<!DOCTYPE html>\n<p>", "<!DOCTYPE html>\n<p></b>", "<!DOCTYPE html>\n<script></script>",
		"<!DOCTYPE html>\n<p onclick=\"x\"></p>", "<!DOCTYPE html>\n<p class=x></p>", "<!DOCTYPE html>\n<p>&nbsp;</p>",
		"<!DOCTYPE html>\n<p>a & b</p>", "<!DOCTYPE html>\n<a href=\"http://x\"></a>", "<!DOCTYPE html>\n<p class=\"<\"></p>",
		"<!DOCTYPE html>\n<!-- -->",
	};
	struct html_read r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		html_read(&r, bad[i]);
		if (!*r.wrong)
			fail_msg("it takes %s", bad[i]);
	}
	html_read(&r, "<!DOCTYPE html>\n<p class=\"a\">&amp;<b>b</b><wbr/></p>");
	assert_string_equal(r.wrong, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reader_is_strict),
		in_tree(a_finding_is_told_with_all_that_belongs_to_it),
		in_tree(a_host_without_findings_says_so),
		in_tree(many_subjects_of_a_rule_share_a_frame),
		in_tree(a_path_is_drawn_and_said),
		in_tree(a_path_without_numbers_says_why),
		in_tree(a_speed_that_is_not_sure_is_no_measure),
		in_tree(no_number_leaves_the_picture),
		in_tree(no_name_becomes_markup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
