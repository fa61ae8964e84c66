/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics.h"

#include <stddef.h>

enum kind { KIND_DOUBLE, KIND_UNSIGNED, KIND_LONG, KIND_BOOL };

struct source {
	const char *label; /* value of the row's label, or NULL */
	size_t offset;	   /* in struct service_stats */
	enum kind kind;
};

enum { SOURCES_MAX = SEVERITIES };

struct row {
	struct metric metric;
	const char *label; /* that tells the sources apart, or NULL */
	struct source sources[SOURCES_MAX];
	size_t count;
};

/* The kind follows the member, whatever it is declared as. */
#define KIND_OF(m)                                                                                         \
	_Generic(((const struct service_stats *)NULL)->m, double: KIND_DOUBLE, unsigned: KIND_UNSIGNED,    \
		 unsigned long: KIND_LONG, bool: KIND_BOOL)
#define AS(label_, m) {.label = label_, .offset = offsetof(struct service_stats, m), .kind = KIND_OF(m)}
#define METRIC(name_, is_counter, unit_, help_) \
	.metric = {.name = "tcpadvisor_service_" name_, .counter = is_counter, .unit = unit_, .help = help_}
#define GAUGE(name, unit, help) METRIC(name, false, unit, help)
#define COUNTER(name, unit, help) METRIC(name, true, unit, help)
#define ONE(m) .sources = {AS(NULL, m)}, .count = 1
#define TWO(label_, a, m, b, n) .label = label_, .sources = {AS(a, m), AS(b, n)}, .count = 2
#define THREE(label_, a, m, b, n, c, o) .label = label_, .sources = {AS(a, m), AS(b, n), AS(c, o)}, .count = 3

/* clang-format off */
static const struct row rows[] = {
	{GAUGE("start_time_seconds", "seconds", "When the service started, in seconds since the epoch."), ONE(started)},
	{GAUGE("uptime_seconds", "seconds", "How long it runs."), ONE(uptime)},
	{COUNTER("cpu_seconds", "seconds", "CPU time that it used, user and system."), ONE(cpu)},
	{GAUGE("resident_memory_bytes", "bytes", "Memory that it holds."), ONE(rss)},
	{COUNTER("ticks", NULL, "Looks at counters and listeners."), ONE(ticks)},
	{COUNTER("passes", NULL, "Full passes over the sockets."), ONE(passes)},
	{GAUGE("tick_interval_seconds", "seconds", "Time between ticks."), ONE(tick)},
	{GAUGE("pass_interval_seconds", "seconds", "Time between full passes: that of now, which grows with the sockets, and the least, which is configured."),
	 TWO("which", "now", pass, "least", pass_least)},
	{GAUGE("budget_ratio", "ratio", "Share of one core that the service may use."), ONE(budget)},
	{GAUGE("pass_cpu_seconds", "seconds", "CPU time that the last full pass took."), ONE(pass_cpu)},
	{GAUGE("pass_age_seconds", "seconds", "Time since that ended."), ONE(pass_age)},
	{GAUGE("slice", NULL, "Which part of the sockets a pass looks at."), ONE(slice)},
	{GAUGE("slices", NULL, "In how many parts it looks at them; 1 is all at once."), ONE(slices)},
	{GAUGE("sockets", NULL, "TCP sockets that the last pass saw."), ONE(sockets)},
	{GAUGE("open_findings", NULL, "Findings that are open."), .label = "severity", .count = SEVERITIES, .sources = {
		AS("info", open_by_severity[SEVERITY_INFO]), AS("notice", open_by_severity[SEVERITY_NOTICE]),
		AS("warning", open_by_severity[SEVERITY_WARNING]), AS("error", open_by_severity[SEVERITY_ERROR])}},
	{COUNTER("transitions", NULL, "Findings that opened and closed, and sysctls that drifted."),
	 THREE("event", "opened", opened, "closed", closed, "drift", drifts)},
	{GAUGE("drifted_sysctls", NULL, "Sysctls that are not what was meant, now."), ONE(drifted)},
	{GAUGE("watched_sysctls", NULL, "Sysctls that are read again and again."), ONE(keys_watched)},
	{GAUGE("notified", NULL, "1: inotify tells of writes to sysctls; 0: they are found when read again."), ONE(notified)},
	{GAUGE("traced", NULL, "1: the tracer says who writes them."), ONE(traced)},
	{GAUGE("settling", NULL, "1: drift is held back, after boot or since an interface came."), ONE(settling)},
	{COUNTER("journal_messages", NULL, "Lines for the journal: sent, dropped since journald took none, held back for the rate."),
	 THREE("result", "sent", journal_sent, "dropped", journal_dropped, "held-back", journal_held)},
	{COUNTER("reloads", NULL, "Reloads that took effect, and such that failed."),
	 TWO("result", "done", reloads, "failed", reloads_failed)},
	{COUNTER("connections", NULL, "Connections of the control socket."),
	 TWO("result", "accepted", connections, "refused", connections_refused)},
	{GAUGE("namespaces", NULL, "Network namespaces that are judged."), ONE(namespaces)},
	{GAUGE("blind", NULL, "1: other network namespaces are not seen."), ONE(blind)},
};
/* clang-format on */

static double value_of(const struct service_stats *s, const struct source *from)
{
	const void *at = (const char *)s + from->offset;

	switch (from->kind) {
	case KIND_DOUBLE:
		return *(const double *)at;
	case KIND_UNSIGNED:
		return *(const unsigned *)at;
	case KIND_LONG:
		return (double)*(const unsigned long *)at;
	case KIND_BOOL:
		return *(const bool *)at;
	}
	return 0;
}

void metrics_service(struct metrics *m, const struct service_stats *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t k = 0; k < rows[i].count; k++) {
			_cleanup_text_ struct text labels = TEXT_NULL;
			const struct source *from = &rows[i].sources[k];

			if (rows[i].label)
				metrics_label(&labels, rows[i].label, from->label);
			metrics_sample(m, &rows[i].metric, text_get(&labels), value_of(s, from));
		}
}

size_t metrics_service_most(void)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		n += rows[i].count;
	return n;
}

void metrics_document(const struct report *r, const struct service_stats *s, enum metrics_dialect dialect,
		      struct text *ret)
{
	struct metrics m = {.dialect = dialect, .t = ret};

	if (r)
		metrics_report(&m, r);
	metrics_service(&m, s);
	metrics_end(&m);
}
