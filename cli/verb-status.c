/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status: what the service watches, how often and at which cost, and which findings are open. */
#include <string.h>
#include <time.h>
#include "cli/service.h"
#include "render/status-text.h"

/* ServiceStatus of io.tcpadvisor. */
struct seen {
	const char *version, *profile, *blind_why;
	double started, uptime, cpu, rss, tick, pass, budget, pass_cpu, pass_age;
	json_int_t slice, slices, ticks, passes, sockets, error, warning, notice, info, opened, closed, drifts, drifted, keys,
		sent, dropped, held, reloads, reloads_failed, connections, refused, namespaces;
	int notified, blind, traced, settling;
};

static bool unpack(const json_t *status, struct seen *s)
{
	*s = (struct seen){.blind_why = service_string(status, "blind_why")};
	return json_unpack((json_t *)status,
			   "{s:s, s:s, s:F, s:F, s:F, s:F, s:F, s:F, s:F, s:F, s:F, s:I, s:I, s:I, s:I, s:I, "
			   "s:{s:I, s:I, s:I, s:I}, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			   "s:b, s:b, s:b, s:b}",
			   "version", &s->version, "profile", &s->profile, "started_time_s", &s->started, "uptime_s", &s->uptime,
			   "cpu_s", &s->cpu, "rss_bytes", &s->rss, "tick_s", &s->tick, "pass_s", &s->pass, "budget_share",
			   &s->budget, "pass_cpu_s", &s->pass_cpu, "pass_age_s", &s->pass_age, "slice", &s->slice, "slices",
			   &s->slices, "ticks", &s->ticks, "passes", &s->passes, "sockets", &s->sockets, "open", "error",
			   &s->error, "warning", &s->warning, "notice", &s->notice, "info", &s->info, "opened", &s->opened,
			   "closed", &s->closed, "drifts", &s->drifts, "drifted", &s->drifted, "keys_watched", &s->keys,
			   "journal_sent", &s->sent, "journal_dropped", &s->dropped, "journal_held", &s->held, "reloads",
			   &s->reloads, "reloads_failed", &s->reloads_failed, "connections", &s->connections,
			   "connections_refused", &s->refused, "namespaces", &s->namespaces, "notified", &s->notified, "blind",
			   &s->blind, "traced", &s->traced, "settling", &s->settling) == 0;
}

static const char *plural(json_int_t n)
{
	return n == 1 ? "" : "s";
}

static void add_quantity(struct text *t, enum dim dim, double v)
{
	char buf[QUANTITY_MAX];

	text_add(t, quantity_format(buf, sizeof(buf), dim, v));
}

static void add_head(const struct seen *s, struct text *t)
{
	char since[SERVICE_TIME_MAX], age[AGE_MAX];

	service_time(s->started, since, sizeof(since));
	text_addf(t, "tcpadvisord %s · profile %s · since %s (%s)", s->version, s->profile, since,
		  age_format(age, sizeof(age), s->uptime));
}

static void add_findings(const struct seen *s, struct text *t)
{
	text_addf(t, "%lld error%s, %lld warning%s, %lld notice%s, %lld info; %lld opened and %lld closed since the start",
		  (long long)s->error, plural(s->error), (long long)s->warning, plural(s->warning), (long long)s->notice,
		  plural(s->notice), (long long)s->info, (long long)s->opened, (long long)s->closed);
}

static void add_drift(const struct seen *s, struct text *t)
{
	text_addf(t, "%lld of %lld sysctls %s not what was meant; %lld time%s since the start; ", (long long)s->drifted,
		  (long long)s->keys, s->drifted == 1 ? "is" : "are", (long long)s->drifts, plural(s->drifts));
	text_add(t, s->notified ? "the kernel tells of writes at once" : "read again and again: the kernel does not tell of writes");
	text_add(t, s->traced ? ", and who wrote" : "");
	text_add(t, s->settling ? "; held back for now, while others still set theirs" : "");
}

static void add_watch(const struct seen *s, struct text *t)
{
	char age[AGE_MAX];

	text_add(t, "counters and listeners every ");
	add_quantity(t, DIM_SECONDS, s->tick);
	text_addf(t, ", %lld socket%s every ", (long long)s->sockets, plural(s->sockets));
	add_quantity(t, DIM_SECONDS, s->pass);
	if (s->slices > 1)
		text_addf(t, ", a slice of %lld at a time", (long long)s->slices);
	if (s->passes)
		text_addf(t, "; last %s ago", age_format(age, sizeof(age), s->pass_age));
	text_addf(t, "; %lld tick%s, %lld pass%s", (long long)s->ticks, plural(s->ticks), (long long)s->passes,
		  s->passes == 1 ? "" : "es");
}

static void add_cost(const struct seen *s, struct text *t)
{
	add_quantity(t, DIM_SECONDS, s->cpu);
	text_add(t, " of the processor");
	if (s->uptime > 0) {
		text_addf(t, " (%.3f %% of a core", 100 * s->cpu / s->uptime);
		text_add(t, ")");
	}
	text_add(t, ", ");
	add_quantity(t, DIM_SECONDS, s->pass_cpu);
	text_add(t, " for the last pass; at most ");
	add_quantity(t, DIM_RATIO, s->budget);
	text_add(t, " is meant; ");
	add_quantity(t, DIM_BYTES, s->rss);
	text_add(t, " of memory");
}

static void add_namespaces(const struct seen *s, struct text *t)
{
	text_addf(t, "%lld judged", (long long)s->namespaces);
	if (s->blind)
		text_addf(t, "; blind to others%s%s", s->blind_why ? ": " : "", s->blind_why ? s->blind_why : "");
}

static void add_journal(const struct seen *s, struct text *t)
{
	text_addf(t, "%lld line%s written, %lld dropped, %lld held back for their rate", (long long)s->sent, plural(s->sent),
		  (long long)s->dropped, (long long)s->held);
}

static void add_reloads(const struct seen *s, struct text *t)
{
	text_addf(t, "%lld, %lld failed", (long long)s->reloads, (long long)s->reloads_failed);
}

static void add_callers(const struct seen *s, struct text *t)
{
	text_addf(t, "%lld served, %lld turned away", (long long)s->connections, (long long)s->refused);
}

static const struct {
	const char *label;
	void (*add)(const struct seen *s, struct text *t);
} rows[] = {
	{"findings", add_findings},	{"drift", add_drift},	  {"watches", add_watch},   {"cost", add_cost},
	{"namespaces", add_namespaces}, {"journal", add_journal}, {"reloads", add_reloads}, {"callers", add_callers},
};

static bool take_finding(const json_t *o, double now, struct status_finding *f)
{
	*f = (struct status_finding){
		.rule = service_string(o, "rule"),
		.subject = service_string(json_object_get(o, "subject"), "name"),
		.unit = service_string(o, "unit"),
		.netns = service_string(o, "netns"),
		.message = service_string(o, "message"),
		.age = now - json_number_value(json_object_get(o, "opened_time_s")),
	};
	return service_severity(o, &f->severity) && f->rule;
}

static void add_lines(struct status_view *v, const struct seen *s, const struct render_options *ro, struct text *ret)
{
	struct text texts[ARRAY_SIZE(rows)] = {TEXT_NULL}, head = TEXT_NULL;
	struct status_line lines[ARRAY_SIZE(rows)];

	add_head(s, &head);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rows[i].add(s, &texts[i]);
		lines[i] = (struct status_line){rows[i].label, text_get(&texts[i])};
	}
	v->head = text_get(&head);
	v->lines = lines;
	v->line_count = ARRAY_SIZE(rows);
	render_status_text(v, ro, ret);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		text_clear(&texts[i]);
	text_clear(&head);
}

static int show_text(const json_t *status, const json_t *findings, const struct options *o, enum severity *gravest,
		     struct text *ret)
{
	size_t n = json_array_size(findings);
	_cleanup_free_ struct status_finding *list = calloc(n ? n : 1, sizeof(*list));
	struct render_options ro = output_options(o);
	struct status_view v = {.findings = list, .finding_count = n};
	double now = (double)time(NULL);
	struct seen s;

	if (!list)
		abort();
	if (!unpack(status, &s))
		return service_complain_answer();
	for (size_t i = 0; i < n; i++)
		if (!take_finding(json_array_get(findings, i), now, &list[i]))
			return service_complain_answer();
	v.gravest = *gravest;
	add_lines(&v, &s, &ro, ret);
	return 0;
}

static int find_gravest(const json_t *findings, enum severity *ret)
{
	const json_t *f;
	size_t i;

	*ret = SEVERITIES;
	if (!json_is_array(findings))
		return service_complain_answer();
	json_array_foreach(findings, i, f) {
		enum severity s;

		if (!service_severity(f, &s))
			return service_complain_answer();
		*ret = *ret == SEVERITIES ? s : max_of(*ret, s);
	}
	return 0;
}

static void show_json(json_t *status, json_t *findings, struct text *ret)
{
	_cleanup_(json_decrefp) json_t *o = json_pack("{s:s, s:O, s:O}", "schema", "tcpadvisor.status/1", "status", status,
						     "findings", findings);
	_cleanup_free_ char *s = json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(16));

	text_add(ret, s ? s : "{}");
	text_add(ret, "\n");
}

static int ask(const struct options *o, json_t **status, json_t **findings)
{
	_cleanup_(varlink_client_freep) struct varlink_client *client = NULL;
	int r = service_connect(o, &client);

	if (r || (r = service_call(client, "io.tcpadvisor.Status", false)) ||
	    (r = service_call(client, "io.tcpadvisor.Findings", false)) || (r = service_answer(client, "status", status)))
		return r;
	return service_answer(client, "findings", findings);
}

int verb_status(const struct options *o)
{
	_cleanup_(json_decrefp) json_t *status = NULL;
	_cleanup_(json_decrefp) json_t *findings = NULL;
	_cleanup_text_ struct text t = TEXT_NULL;
	enum severity gravest;
	int r = ask(o, &status, &findings);

	if (r || (r = find_gravest(findings, &gravest)))
		return r;
	if (!strcmp(o->format, "json"))
		show_json(status, findings, &t);
	else
		r = show_text(status, findings, o, &gravest, &t);
	if (r || (r = output_write(&t)))
		return r;
	return gravest != SEVERITIES && gravest >= o->fail_on ? EXIT_FINDINGS : EXIT_OK;
}
