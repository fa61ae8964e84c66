/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the service says of itself as metrics: each number comes out under its name, behind those of the audit. */
#include "unit.h"
#include "unit-metrics.h"

#include "daemon/metrics.h"

/* Every number another one. */
static const struct service_stats stats = {
	.started = 1795201548.25, .uptime = 2, .cpu = 0.0625, .rss = 5234688, .tick = 10, .pass = 61, .pass_least = 60,
	.budget = 0.005, .pass_cpu = 0.3, .pass_age = 7, .slice = 3, .slices = 4, .ticks = 11, .passes = 12,
	.sockets = 198000, .open_by_severity = {21, 22, 23, 24}, .opened = 31, .closed = 32, .drifts = 33, .drifted = 34,
	.keys_watched = 35, .notified = true, .journal_sent = 41, .journal_dropped = 42, .journal_held = 43, .reloads = 51,
	.reloads_failed = 52, .connections = 61, .connections_refused = 62, .namespaces = 63, .blind = true,
	.blind_why = "untrusted\n", .profile = "p", .version = "v",
};

static void read_document(const struct report *r, const struct service_stats *s, enum metrics_dialect dialect,
			  struct text *t, size_t *samples)
{
	struct metrics_read read;

	metrics_document(r, s, dialect, t);
	metrics_read(&read, text_get(t), dialect);
	if (*read.wrong)
		fail_msg("%s", read.wrong);
	*samples = read.samples;
}

static void every_number_has_its_place(void **state)
{
	static const char *const lines[] = {
		"start_time_seconds 1795201548.25", "uptime_seconds 2", "cpu_seconds_total 0.0625",
		"resident_memory_bytes 5234688", "ticks_total 11", "passes_total 12", "tick_interval_seconds 10",
		"pass_interval_seconds{which=\"now\"} 61", "pass_interval_seconds{which=\"least\"} 60",
		"budget_ratio 0.005", "pass_cpu_seconds 0.3", "pass_age_seconds 7", "slice 3", "slices 4",
		"sockets 198000", "open_findings{severity=\"info\"} 21", "open_findings{severity=\"notice\"} 22",
		"open_findings{severity=\"warning\"} 23", "open_findings{severity=\"error\"} 24",
		"transitions_total{event=\"opened\"} 31", "transitions_total{event=\"closed\"} 32",
		"transitions_total{event=\"drift\"} 33", "drifted_sysctls 34", "watched_sysctls 35", "notified 1",
		"traced 0", "settling 0", "journal_messages_total{result=\"sent\"} 41",
		"journal_messages_total{result=\"dropped\"} 42", "journal_messages_total{result=\"held-back\"} 43",
		"reloads_total{result=\"done\"} 51", "reloads_total{result=\"failed\"} 52",
		"connections_total{result=\"accepted\"} 61", "connections_total{result=\"refused\"} 62", "namespaces 63",
		"blind 1",
	};
	_cleanup_text_ struct text t = TEXT_NULL;
	char line[200];
	size_t samples;

	(void)state;
	read_document(NULL, &stats, METRICS_OPENMETRICS, &t, &samples);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(line, sizeof(line), "\ntcpadvisor_service_%s\n", lines[i]);
		if (!strstr(t.s, line))
			fail_msg("no line%s", line);
	}
	assert_int_equal(samples, ARRAY_SIZE(lines));
	assert_int_equal(samples, metrics_service_most());
	assert_true(metrics_service_most() < 50); /* as the manual says */
}

static void the_older_format_declares_counters_by_their_whole_name(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	size_t samples;

	(void)state;
	read_document(NULL, &stats, METRICS_PROMETHEUS, &t, &samples);
	assert_non_null(strstr(t.s, "\n# TYPE tcpadvisor_service_cpu_seconds_total counter\n"));
	assert_int_equal(samples, metrics_service_most());
}

/* One document, one end. */
static void the_audit_comes_first(void **state)
{
	struct facts *facts = facts_new();
	struct ruleset rules = {.profile = "p"};
	struct report_part part = {.facts = facts, .judgement = {.facts = facts, .rules = &rules}};
	struct report report = {.version = "1", .rules = &rules, .parts = &part, .count = 1};
	_cleanup_text_ struct text t = TEXT_NULL;
	size_t samples;

	(void)state;
	facts->host->values[SOCKETS_ESTABLISHED] = value_number(5);
	read_document(&report, &stats, METRICS_OPENMETRICS, &t, &samples);
	assert_true(samples > metrics_service_most());
	assert_non_null(strstr(t.s, "\ntcpadvisor_sockets{state=\"established\"} 5\n"));
	assert_true(strstr(t.s, "tcpadvisor_build_info") < strstr(t.s, "tcpadvisor_service_cpu"));
	facts_free(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_has_its_place),
		cmocka_unit_test(the_older_format_declares_counters_by_their_whole_name),
		cmocka_unit_test(the_audit_comes_first),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
