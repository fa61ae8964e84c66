/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An audit as metrics: both dialects are strictly what their readers take, names cannot break out, and it is bounded. */
#include "unit-render.h"
#include "unit-metrics.h"

#define SPEAKS "format = 1\n[a.b]\nfor = listener\nwhen = listener.queue > listener.limit\nerror-when = listener.queue > 100\n" RULE_TEXTS

/* Several namespaces that share rules, as an audit has them. */
struct fleet {
	struct court court; /* the first */
	struct report_part parts[40];
	struct report report;
};

static void fleet_open(struct fleet *h, const struct tree *t, const char *rules)
{
	court_open(&h->court, t, rules);
	h->parts[0].facts = h->court.facts;
	h->report = (struct report){.version = "1.2.3", .rules = &h->court.rules, .parts = h->parts, .count = 1};
}

static void add_namespace(struct fleet *h, const char *name)
{
	struct report_part *p = &h->parts[h->report.count++];

	p->facts = facts_new();
	p->facts->sysctls = h->court.facts->sysctls;
	p->facts->sysctl_count = h->court.facts->sysctl_count;
	snprintf(p->host.netns, sizeof(p->host.netns), "%s", name);
}

static void fleet_clear(struct fleet *h)
{
	for (size_t i = 0; i < h->report.count; i++) {
		judgement_clear(&h->parts[i].judgement);
		if (i)
			facts_free(h->parts[i].facts);
	}
	court_clear(&h->court);
}

#define _cleanup_fleet_ _cleanup_(fleet_clear)

static struct subject *add_listener(struct fleet *h, size_t part, const char *name, double queue, double limit)
{
	struct subject *s = facts_add(h->parts[part].facts, SUBJECT_LISTENER, name);

	s->values[LISTENER_QUEUE] = value_number(queue);
	s->values[LISTENER_LIMIT] = value_number(limit);
	return s;
}

static void render(struct fleet *h, const char *format, struct text *ret)
{
	enum metrics_dialect dialect = strcmp(format, "metrics") ? METRICS_PROMETHEUS : METRICS_OPENMETRICS;
	struct metrics_read r;

	for (size_t i = 0; i < h->report.count; i++) {
		judgement_clear(&h->parts[i].judgement);
		judge(&h->court.rules, h->parts[i].facts, 0, &h->parts[i].judgement);
	}
	ret->len = 0;
	report_format_find(format)->render(&h->report, &(struct render_options){.width = 80}, ret);
	metrics_read(&r, text_get(ret), dialect);
	if (*r.wrong)
		fail_msg("%s: %s", format, r.wrong);
}

static void assert_line(const struct text *t, const char *line)
{
	char whole[600];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (!strstr(text_get(t), whole))
		fail_msg("no line '%s' in\n%.6000s", line, text_get(t));
}

static size_t count_of(const struct text *t, const char *s)
{
	size_t n = 0;

	for (const char *p = text_get(t); (p = strstr(p, s)); p++)
		n++;
	return n;
}

static void findings_are_counted_by_rule_and_severity(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_fleet_ struct fleet h = {0};

	fleet_open(&h, *state, SPEAKS "[c.d]\nfor = host\nwhen = host.memory > 0 B\n" RULE_TEXTS);
	add_namespace(&h, "blue");
	add_listener(&h, 0, "0.0.0.0:80", 9, 8);
	add_listener(&h, 0, "0.0.0.0:81", 900, 8);
	add_listener(&h, 1, "0.0.0.0:80", 10, 8);
	render(&h, "metrics", &t);
	assert_line(&t, "tcpadvisor_findings{rule=\"a.b\",severity=\"warning\"} 2");
	assert_line(&t, "tcpadvisor_findings{rule=\"a.b\",severity=\"error\"} 1");
	assert_line(&t, "tcpadvisor_severity_findings{severity=\"error\"} 1");
	assert_line(&t, "tcpadvisor_severity_findings{severity=\"notice\"} 0");
	assert_line(&t, "tcpadvisor_rules{status=\"advise\"} 2");
	assert_line(&t, "tcpadvisor_rules{status=\"not-applicable\"} 2");
	assert_line(&t, "tcpadvisor_audit_namespaces 2");
	assert_line(&t, "tcpadvisor_listener_queue{listener=\"0.0.0.0:80\",netns=\"blue\"} 10");
	assert_line(&t, "tcpadvisor_listener_queue{listener=\"0.0.0.0:80\"} 9");
	assert_line(&t, "tcpadvisor_build_info{version=\"1.2.3\"} 1");
	assert_line(&t, "tcpadvisor_profile_info{profile=\"p\"} 1");
}

/* OpenMetrics declares a counter without _total, the older format with it; both name the sample with it. */
static void the_dialects_differ_where_their_readers_do(void **state)
{
	_cleanup_text_ struct text open = TEXT_NULL, old = TEXT_NULL;
	_cleanup_fleet_ struct fleet h = {0};

	fleet_open(&h, *state, SPEAKS);
	add_listener(&h, 0, "[::]:443", 2, 8)->values[LISTENER_DROPS] = value_number(7);
	render(&h, "metrics", &open);
	render(&h, "prometheus", &old);
	assert_line(&open, "# TYPE tcpadvisor_listener_drops counter");
	assert_line(&old, "# TYPE tcpadvisor_listener_drops_total counter");
	for (int i = 0; i < 2; i++) {
		assert_line(i ? &open : &old, "tcpadvisor_listener_drops_total{listener=\"[::]:443\"} 7");
		assert_line(i ? &open : &old, "tcpadvisor_listener_queue_headroom_ratio{listener=\"[::]:443\"} 0.75");
	}
	assert_string_equal(open.s + open.len - 6, "# EOF\n");
	assert_null(strstr(old.s, "# EOF"));
}

static void a_path_tells_round_trips_and_limits(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_fleet_ struct fleet h = {0};
	struct value *v;

	fleet_open(&h, *state, SPEAKS);
	set_live(&h.court, "net.ipv4.tcp_rmem", "4096 131072 6291456");
	h.court.facts->host->values[HOST_WINDOW_RATIO] = value_number(0.5);
	h.court.facts->host->values[SOCKETS_MEMORY] = value_number(25);
	h.court.facts->host->values[HOST_TCP_MEMORY_MAX] = value_number(100);
	v = facts_add(h.court.facts, SUBJECT_PATH, "eth0 203.0.113.0/24")->values;
	v[PATH_MIN_RTT_P50] = value_number(0.0801);
	v[PATH_SRTT_P95] = value_number(0.1);
	v[PATH_BDP] = value_number(1e8 + 1.0 / 3);
	v[PATH_RWND_SHARE] = value_number(0.25);
	v[PATH_SEND_LIMITED] = value_number(3);
	v[PATH_QUEUE_P50] = value_missing(VALUE_ABSENT, "no bulk");
	v[PATH_LOSS] = value_number(NAN);
	v = facts_add(h.court.facts, SUBJECT_DESTINATION, "192.0.2.1 → 198.51.100.7:443 by eth0")->values;
	v[DESTINATION_USED_SHARE] = value_number(0.875);
	render(&h, "metrics", &t);
#define PATH "interface=\"eth0\",peer=\"203.0.113.0/24\""
	assert_line(&t, "tcpadvisor_path_min_rtt_seconds{" PATH ",percentile=\"50\"} 0.0801");
	assert_line(&t, "tcpadvisor_path_srtt_seconds{" PATH ",percentile=\"95\"} 0.1");
	assert_line(&t, "tcpadvisor_path_bdp_bytes{" PATH "} 100000000.33333333");
	assert_line(&t, "tcpadvisor_path_limited_ratio{" PATH ",by=\"peer-window\"} 0.25");
	assert_line(&t, "tcpadvisor_path_limited_flows{" PATH ",by=\"send-buffer\"} 3");
	assert_line(&t, "tcpadvisor_destination_port_headroom_ratio{source=\"192.0.2.1\","
			"destination=\"198.51.100.7:443 by eth0\"} 0.125");
	assert_line(&t, "tcpadvisor_window_limit_bytes{direction=\"receive\"} 3145728");
	assert_line(&t, "tcpadvisor_tcp_memory_headroom_ratio 0.75");
	assert_null(strstr(t.s, "path_queue"));
	assert_null(strstr(t.s, "path_loss"));
}

static void a_sysctl_that_is_off_is_named(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_fleet_ struct fleet h = {0};

	fleet_open(&h, *state, SPEAKS);
	for (struct subject *s = h.court.facts->first[SUBJECT_SYSCTL]; s; s = s->next)
		s->values[KEY_BOOT_DIFFERS] = value_number(!strcmp(s->name, "net.core.somaxconn"));
	render(&h, "metrics", &t);
	assert_line(&t, "tcpadvisor_sysctls_off{from=\"boot\"} 1");
	assert_line(&t, "tcpadvisor_sysctl_off{key=\"net.core.somaxconn\",from=\"boot\"} 1");
	assert_int_equal(count_of(&t, "tcpadvisor_sysctl_off{"), 1);
}

/* The worst stay: those that drop, then those that are nearly full; what is left out is counted. */
static void the_worst_listeners_are_told(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_fleet_ struct fleet h = {0};
	struct subject *drops;
	char name[32];

	fleet_open(&h, *state, SPEAKS);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "0.0.0.0:%d", i);
		add_listener(&h, 0, name, i, 1000);
	}
	drops = add_listener(&h, 0, "0.0.0.0:9999", 0, 1000);
	drops->values[LISTENER_DROPS] = value_number(5);
	drops->values[LISTENER_DROPS].has_delta = true;
	drops->values[LISTENER_DROPS].delta = 1;
	render(&h, "metrics", &t);
	assert_int_equal(count_of(&t, "tcpadvisor_listener_queue{"), METRICS_LISTENERS_MAX);
	assert_line(&t, "tcpadvisor_listener_drops_total{listener=\"0.0.0.0:9999\"} 5");
	assert_line(&t, "tcpadvisor_listener_queue{listener=\"0.0.0.0:299\"} 299");
	assert_null(strstr(t.s, "listener=\"0.0.0.0:1\""));
	assert_line(&t, "tcpadvisor_left_out{kind=\"listener\"} 237");
	assert_line(&t, "tcpadvisor_left_out{kind=\"path\"} 0");
}

static void names_cannot_break_out(void **state)
{
	_cleanup_free_ char *big = long_name();
	_cleanup_fleet_ struct fleet h = {0};

	fleet_open(&h, *state, SPEAKS);
	add_namespace(&h, "\"} 1\nINJECTED 2");
	for (size_t i = 0; i < ARRAY_SIZE(hostile_names) + 1; i++) {
		const char *name = i < ARRAY_SIZE(hostile_names) ? hostile_names[i] : big;

		add_listener(&h, i % 2, name, 1, 1)->unit = name;
		facts_add(h.parts[i % 2].facts, SUBJECT_PATH, name)->values[PATH_FLOWS] = value_number(1);
		facts_add(h.parts[i % 2].facts, SUBJECT_DESTINATION, name)->values[DESTINATION_CONNECTIONS] = value_number(1);
		facts_add(h.parts[i % 2].facts, SUBJECT_SYSCTL, name)->values[KEY_BOOT_DIFFERS] = value_number(1);
	}
	h.report.version = hostile_names[2];
	for (int i = 0; i < 2; i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		render(&h, i ? "metrics" : "prometheus", &t);
		assert_harmless(t.s, "metrics");
		assert_int_equal(count_of(&t, "tcpadvisor_path_flows{"), ARRAY_SIZE(hostile_names) + 1);
	}
}

/* Two long names that are cut at the same place: a reader refuses the whole document if a sample comes twice. */
static void what_looks_alike_is_told_once(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_fleet_ struct fleet h = {0};
	_cleanup_free_ char *big = long_name();

	fleet_open(&h, *state, SPEAKS);
	add_listener(&h, 0, big, 1, 1);
	big[4095] = 'x';
	add_listener(&h, 0, big, 2, 1);
	render(&h, "metrics", &t);
	assert_int_equal(count_of(&t, "tcpadvisor_listener_queue{"), 1);
	assert_line(&t, "tcpadvisor_left_out{kind=\"listener\"} 1");
}

/* More of everything than is told, and every fact known. */
static void fill_up(struct fleet *h)
{
	static const enum subject_type types[] = {SUBJECT_PATH, SUBJECT_LISTENER, SUBJECT_DESTINATION, SUBJECT_SYSCTL};
	char name[64];

	for (int i = 1; i < 40; i++) {
		snprintf(name, sizeof(name), "netns-%d", i);
		add_namespace(h, name);
	}
	for (size_t p = 0; p < h->report.count; p++)
		for (size_t i = 0; i < ARRAY_SIZE(types); i++)
			for (int k = 0; k < 100; k++) {
				snprintf(name, sizeof(name), "eth%d 10.0.%d.0/24", k, k);
				facts_add(h->parts[p].facts, types[i], name)->unit = "a.service";
			}
	for (size_t p = 0; p < h->report.count; p++)
		for (enum subject_type type = 0; type < SUBJECT_TYPES; type++)
			for (struct subject *s = h->parts[p].facts->first[type]; s; s = s->next)
				for (size_t i = 0; i < subject_defs[type].fact_count; i++)
					s->values[i] = value_number(1);
}

/* The number that the manual states. */
static size_t stated(void)
{
	_cleanup_fclose_ FILE *f = NULL;
	const char *top = getenv("TCPADVISOR_SRCDIR");
	char path[4200], line[300];
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/man/tcpadvisor-metrics.5", top ? top : ".");
	f = fopen(path, "re");
	if (!f)
		fail_msg("no %s", path);
	while (fgets(line, sizeof(line), f) && sscanf(line, "An audit has at most %zu samples", &n) != 1)
		;
	return n;
}

static void the_number_of_samples_is_bounded(void **state)
{
	_cleanup_text_ struct text rules = TEXT_NULL, t = TEXT_NULL;
	_cleanup_fleet_ struct fleet h = {0};
	struct metrics_read r;

	text_add(&rules, "format = 1\n");
	for (int i = 0; i < 300; i++)
		text_addf(&rules, "[a.r%d]\nfor = host\nwhen = host.memory > 0 B\n" RULE_TEXTS, i);
	fleet_open(&h, *state, text_get(&rules));
	set_live(&h.court, "net.ipv4.tcp_rmem", "1 2 3");
	fill_up(&h);
	render(&h, "metrics", &t);
	metrics_read(&r, t.s, METRICS_OPENMETRICS);
	/* But that tcp_wmem is not in this catalogue, and that the profile wants nothing. */
	assert_int_equal(r.samples, metrics_report_most() - METRICS_NAMESPACES_MAX - METRICS_SYSCTLS_MAX);
	assert_int_equal(metrics_report_most(), stated());
	assert_line(&t, "tcpadvisor_left_out{kind=\"rule\"} 44");
	assert_line(&t, "tcpadvisor_left_out{kind=\"namespace\"} 24");
	assert_line(&t, "tcpadvisor_left_out{kind=\"path\"} 3968");
	assert_true(t.len < 256 * 1024);
}

/* The reader above would see it. */
static void a_spoilt_document_is_found_out(void **state)
{
	static const char head[] = "# TYPE tcpadvisor_a gauge\n# HELP tcpadvisor_a A.\n";
	static const char *const spoilt[] = {
		"tcpadvisor_a 1\n# EOF\n",
		"# TYPE tcpadvisor_a gauge\n# HELP tcpadvisor_a A.\ntcpadvisor_a 1\n",
		"# TYPE tcpadvisor_a gauge\n# HELP tcpadvisor_a A.\n# EOF\n",
		"# TYPE tcpadvisor_a gauge\n# HELP tcpadvisor_a A.\ntcpadvisor_a 1\ntcpadvisor_a 2\n# EOF\n",
		"# TYPE tcpadvisor_a gauge\n# HELP tcpadvisor_a A.\ntcpadvisor_a{b=\"\\x\"} 1\n# EOF\n",
		"# TYPE tcpadvisor_a gauge\n# HELP tcpadvisor_a A.\ntcpadvisor_a{b=\"\"\"} 1\n# EOF\n",
		"# TYPE tcpadvisor_a gauge\n# HELP tcpadvisor_a A.\ntcpadvisor_a{b=\"\377\"} 1\n# EOF\n",
		"# TYPE tcpadvisor_a gauge\n# HELP tcpadvisor_a A.\ntcpadvisor_b 1\n# EOF\n",
		"# TYPE tcpadvisor_a gauge\n# UNIT tcpadvisor_a bytes\n# HELP tcpadvisor_a A.\ntcpadvisor_a 1\n# EOF\n",
		"# TYPE tcpadvisor_a counter\n# HELP tcpadvisor_a A.\ntcpadvisor_a 1\n# EOF\n",
		"# TYPE tcpadvisor_a gauge\n# HELP tcpadvisor_a A.\ntcpadvisor_a one\n# EOF\n",
		"# TYPE tcpadvisor_a gauge\n# HELP tcpadvisor_a A.\ntcpadvisor_a 1\n# EOF\ntcpadvisor_a{b=\"c\"} 1\n",
	};
	struct metrics_read r;
	char good[200];

	(void)state;
	snprintf(good, sizeof(good), "%stcpadvisor_a{b=\"c\\\\\\\"\"} 1e-05\n# EOF\n", head);
	metrics_read(&r, good, METRICS_OPENMETRICS);
	assert_string_equal(r.wrong, "");
	for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
		metrics_read(&r, spoilt[i], METRICS_OPENMETRICS);
		if (!*r.wrong)
			fail_msg("accepted: %s", spoilt[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(findings_are_counted_by_rule_and_severity),
		in_tree(the_dialects_differ_where_their_readers_do),
		in_tree(a_path_tells_round_trips_and_limits),
		in_tree(a_sysctl_that_is_off_is_named),
		in_tree(the_worst_listeners_are_told),
		in_tree(names_cannot_break_out),
		in_tree(what_looks_alike_is_told_once),
		in_tree(the_number_of_samples_is_bounded),
		cmocka_unit_test(a_spoilt_document_is_found_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
