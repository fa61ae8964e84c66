/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>
#include "daemon/control-json.h"
#include "render/json.h"

/* A float of Varlink has its point even where it is whole. */
static json_t *real(double v)
{
	return json_real(isfinite(v) ? v : 0);
}

static json_t *whole(double v)
{
	return json_integer(isfinite(v) && v > 0 && v < 9e18 ? (json_int_t)v : 0);
}

/* Absent and empty are one. */
static json_t *optional(const char *s)
{
	return json_untrusted(s && *s ? s : NULL);
}

enum stat_kind { STAT_REAL, STAT_BYTES, STAT_LONG, STAT_NUMBER, STAT_BOOL, STAT_TEXT, STAT_OPTIONAL };

#define STAT(name, kind, member) {name, kind, offsetof(struct service_stats, member)}

/* ServiceStatus, but for the counts by severity. */
static const struct stat_row {
	const char *name;
	enum stat_kind kind;
	size_t offset;
} stat_rows[] = {
	STAT("version", STAT_TEXT, version),
	STAT("profile", STAT_TEXT, profile),
	STAT("started_time_s", STAT_REAL, started),
	STAT("uptime_s", STAT_REAL, uptime),
	STAT("cpu_s", STAT_REAL, cpu),
	STAT("rss_bytes", STAT_BYTES, rss),
	STAT("tick_s", STAT_REAL, tick),
	STAT("pass_s", STAT_REAL, pass),
	STAT("pass_least_s", STAT_REAL, pass_least),
	STAT("budget_share", STAT_REAL, budget),
	STAT("pass_cpu_s", STAT_REAL, pass_cpu),
	STAT("pass_age_s", STAT_REAL, pass_age),
	STAT("slice", STAT_NUMBER, slice),
	STAT("slices", STAT_NUMBER, slices),
	STAT("ticks", STAT_LONG, ticks),
	STAT("passes", STAT_LONG, passes),
	STAT("sockets", STAT_LONG, sockets),
	STAT("opened", STAT_LONG, opened),
	STAT("closed", STAT_LONG, closed),
	STAT("drifts", STAT_LONG, drifts),
	STAT("drifted", STAT_NUMBER, drifted),
	STAT("keys_watched", STAT_NUMBER, keys_watched),
	STAT("notified", STAT_BOOL, notified),
	STAT("journal_sent", STAT_LONG, journal_sent),
	STAT("journal_dropped", STAT_LONG, journal_dropped),
	STAT("journal_held", STAT_LONG, journal_held),
	STAT("reloads", STAT_LONG, reloads),
	STAT("reloads_failed", STAT_LONG, reloads_failed),
	STAT("connections", STAT_LONG, connections),
	STAT("connections_refused", STAT_LONG, connections_refused),
	STAT("namespaces", STAT_NUMBER, namespaces),
	STAT("blind", STAT_BOOL, blind),
	STAT("blind_why", STAT_OPTIONAL, blind_why),
	STAT("traced", STAT_BOOL, traced),
	STAT("settling", STAT_BOOL, settling),
};

static json_t *stat_json(const struct stat_row *row, const void *at)
{
	switch (row->kind) {
	case STAT_REAL:
		return real(*(const double *)at);
	case STAT_BYTES:
		return whole(*(const double *)at);
	case STAT_LONG:
		return json_integer((json_int_t)(*(const unsigned long *)at));
	case STAT_NUMBER:
		return json_integer(*(const unsigned *)at);
	case STAT_BOOL:
		return json_boolean(*(const bool *)at);
	case STAT_TEXT:
		return json_untrusted(*(const char *const *)at ? *(const char *const *)at : "");
	case STAT_OPTIONAL:
		return optional(*(const char *const *)at);
	}
	return json_null();
}

json_t *control_status_json(const struct service_stats *s)
{
	json_t *o = json_object(), *open = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(stat_rows); i++)
		json_object_set_new(o, stat_rows[i].name, stat_json(&stat_rows[i], (const char *)s + stat_rows[i].offset));
	for (enum severity v = SEVERITIES; v-- > 0;)
		json_object_set_new(open, severity_name(v), json_integer((json_int_t)s->open_by_severity[v]));
	json_object_set_new(o, "open", open);
	return o;
}

static json_t *subject_json(const char *type, const char *name)
{
	return json_pack("{s:s, s:o}", "type", type, "name", optional(name));
}

/* As an audit names it: "rule/subject@netns". */
static json_t *id_json(const struct life_finding *f)
{
	_cleanup_text_ struct text id = TEXT_NULL;
	const char *netns = f->netns ? f->netns : "";

	text_addf(&id, "%s/%s%s%s", f->rule, f->subject ? f->subject : "", *netns ? "@" : "", netns);
	return json_untrusted(text_get(&id));
}

static json_t *finding_json(const struct life_finding *f, const struct ruleset *rules)
{
	const struct rule *rule = rules ? ruleset_find(rules, f->rule) : NULL;
	json_t *o = json_object();

	json_object_set_new(o, "id", id_json(f));
	json_object_set_new(o, "rule", json_untrusted(f->rule));
	json_object_set_new(o, "severity", json_string(severity_name(f->severity)));
	json_object_set_new(o, "title", json_untrusted(rule ? rule->title : NULL));
	json_object_set_new(o, "message", json_untrusted(f->message ? f->message : ""));
	json_object_set_new(o, "advise", optional(f->advise));
	json_object_set_new(o, "subject", subject_json(subject_defs[f->subject_type].name, f->subject));
	json_object_set_new(o, "unit", optional(f->unit));
	json_object_set_new(o, "netns", optional(f->netns));
	json_object_set_new(o, "opened_time_s", real(f->opened));
	json_object_set_new(o, "seen_time_s", real(f->seen));
	return o;
}

json_t *control_findings_json(const struct life *l, const struct ruleset *rules)
{
	json_t *a = json_array();

	for (size_t i = 0; i < l->count; i++)
		json_array_append_new(a, finding_json(&l->findings[i], rules));
	return a;
}

json_t *control_fact_json(const struct fact_row *r, const char *netns)
{
	const struct value *v = r->value;
	bool number = v->state == VALUE_KNOWN && !v->text && isfinite(v->num);
	json_t *o = json_object();

	json_object_set_new(o, "fact", json_untrusted(r->fact));
	json_object_set_new(o, "subject", json_untrusted(r->subject));
	json_object_set_new(o, "value", json_untrusted(r->text));
	json_object_set_new(o, "number", number ? json_real(v->num) : json_null());
	json_object_set_new(o, "unit", json_untrusted(r->unit));
	json_object_set_new(o, "delta", json_untrusted(r->delta));
	json_object_set_new(o, "about", json_untrusted(r->about));
	json_object_set_new(o, "netns", optional(netns));
	return o;
}

static json_t *writer_json(const struct writer *w)
{
	return w ? json_pack("{s:o, s:I, s:o, s:o}", "pid", w->pid > 0 ? json_integer(w->pid) : json_null(), "uid",
			     (json_int_t)w->uid, "command", optional(w->command), "unit", optional(w->unit))
		 : json_null();
}

/* Identifiers of Varlink have no dash. */
static json_t *kind_json(enum event_kind kind)
{
	char name[32];

	snprintf(name, sizeof(name), "%s", event_defs[kind].name);
	for (char *dash = strchr(name, '-'); dash; dash = strchr(dash, '-'))
		*dash = '_';
	return json_string(name);
}

json_t *control_event_json(const struct event *e)
{
	const struct {
		const char *name, *value;
	} texts[] = {
		{"rule", e->rule},	   {"unit", e->unit},	      {"netns", e->netns},   {"advise", e->advise},
		{"key", e->key},	   {"expected", e->expected}, {"actual", e->actual}, {"previous", e->previous},
		{"boot", e->boot},	   {"boot_file", e->boot_file},
	};
	json_t *o = json_object();

	json_object_set_new(o, "kind", kind_json(e->kind));
	json_object_set_new(o, "time_s", real(e->when));
	json_object_set_new(o, "severity", json_string(severity_name(e->severity)));
	json_object_set_new(o, "message", json_untrusted(e->message ? e->message : ""));
	json_object_set_new(o, "subject", e->subject_type ? subject_json(e->subject_type, e->subject) : json_null());
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		json_object_set_new(o, texts[i].name, optional(texts[i].value));
	json_object_set_new(o, "boot_line", e->boot_line ? json_integer(e->boot_line) : json_null());
	json_object_set_new(o, "writer", writer_json(e->writer));
	return o;
}
