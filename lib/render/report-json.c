/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An audit for programs: schema tcpadvisor.audit/1, described in docs/audit.schema.json. */
#include <string.h>
#include "render/json.h"

/* Arrays stay arrays at any count, and every key is always there. */
json_t *json_strings(const char *const *s, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_untrusted(s[i]));
	return a;
}

static json_t *subject_json(const struct report_part *p, const struct rule *rule, const struct subject *s)
{
	enum subject_type type = s ? s->type : rule->subject;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "type", subject_defs[type].name, "name",
			 json_untrusted(s ? s->name : NULL), "unit", json_untrusted(s ? s->unit : NULL), "pid",
			 s && s->pid ? json_integer(s->pid) : json_null(), "process",
			 json_untrusted(s ? s->process : NULL), "file", json_untrusted(s ? s->file : NULL), "line",
			 s && s->file ? json_integer(s->line) : json_null(), "netns",
			 json_untrusted(*p->host.netns ? p->host.netns : NULL));
}

static json_t *evidence_json(const struct finding *f)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < f->evidence_count; i++) {
		const struct evidence *e = &f->evidence[i];
		json_t *o = json_pack("{s:s, s:o, s:s, s:s}", "fact", e->fact, "value", json_value(&e->value), "unit",
				      dim_name(e->dim), "source", e->source);

		if (e->value.state != VALUE_KNOWN)
			json_object_set_new(o, "reason", json_untrusted(value_reason(&e->value)));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *recommend_json(const struct finding *f)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < f->recommend_count; i++) {
		const struct recommendation *r = &f->recommend[i];
		const struct constraint *c = r->constraint;
		json_t *o = json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:o}", "action", r->wanted ? "sysctl" : "withheld",
				      "key", json_untrusted(r->key), "element",
				      c->def->elements > 1 ? json_integer(c->element) : json_null(), "current",
				      json_untrusted(r->current), "wanted", json_untrusted(r->wanted), "constraint",
				      constraint_op_text(c->op), "note", json_untrusted(r->note));

		json_array_append_new(a, o);
	}
	if (f->advise)
		json_array_append_new(a, json_pack("{s:s, s:o}", "action", "operator", "text", json_untrusted(f->advise)));
	return a;
}

/* "RFC 7323; tcp(7)" */
static json_t *refs_json(const char *refs)
{
	json_t *a = json_array();

	while (*refs) {
		size_t n = strcspn(refs, ";");

		json_array_append_new(a, json_stringn(refs, n));
		refs += n;
		refs += strspn(refs, "; ");
	}
	return a;
}

json_t *json_finding(const struct report_part *p, const struct finding *f)
{
	_cleanup_text_ struct text id = TEXT_NULL;

	text_addf(&id, "%s/%s%s%s", f->rule->id, f->subject->name, *p->host.netns ? "@" : "", p->host.netns);
	return json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "id", json_untrusted(text_get(&id)),
			 "rule", f->rule->id, "status", status_name(f->status), "severity", severity_name(f->severity),
			 "title", f->rule->title, "subject", subject_json(p, f->rule, f->subject), "message",
			 json_untrusted(f->message), "because", f->rule->because, "evidence", evidence_json(f), "recommend",
			 recommend_json(f), "refs", refs_json(f->rule->refs), "controls", refs_json(f->rule->controls ? f->rule->controls : ""));
}

static json_t *path_json(const struct report_part *p, const struct subject *s)
{
	const struct subject_def *def = &subject_defs[SUBJECT_PATH];
	json_t *o = json_pack("{s:o, s:o}", "path", json_untrusted(s->name), "netns",
			      json_untrusted(*p->host.netns ? p->host.netns : NULL));

	for (size_t i = 0; i < def->fact_count; i++)
		json_object_set_new(o, def->facts[i].name + strlen("path."), json_value(&s->values[i]));
	return o;
}

json_t *json_unjudged(const struct report_part *p, const struct finding *f)
{
	return json_pack("{s:s, s:s, s:o, s:o}", "rule", f->rule->id, "status", status_name(f->status), "subject",
			 subject_json(p, f->rule, f->subject), "reason", json_untrusted(f->reason));
}

static json_t *host_json(const struct report *r)
{
	const struct root_host *h = &r->parts[0].host;
	json_t *namespaces = json_array();

	for (size_t i = 0; i < r->count; i++) {
		const struct report_part *p = &r->parts[i];

		json_array_append_new(
			namespaces,
			json_pack("{s:o, s:I, s:o, s:o}", "netns", json_untrusted(*p->host.netns ? p->host.netns : NULL),
				  "inode", (json_int_t)p->host.netns_inode, "sockets",
				  json_value(&p->facts->host->values[SOCKETS_TOTAL]), "notes",
				  json_strings(p->facts->notes, p->facts->note_count)));
	}
	return json_pack("{s:o, s:o, s:o, s:b, s:b, s:s, s:o}", "name", json_untrusted(h->hostname), "kernel",
			 json_untrusted(h->kernel), "machine", json_untrusted(h->machine), "recorded", r->recorded,
			 "privileged", h->privileged, "scope",
			 r->one_namespace ? "one network namespace" : "the network namespaces listed", "namespaces",
			 namespaces);
}

json_t *json_summary(const struct report *r)
{
	struct report_totals t = report_totals(r);
	json_t *o = json_object();

	for (enum severity s = SEVERITIES; s-- > 0;)
		json_object_set_new(o, severity_name(s), json_integer(t.by_severity[s]));
	json_object_set_new(o, "ok", json_integer(t.by_status[STATUS_OK]));
	json_object_set_new(o, "not_applicable", json_integer(t.by_status[STATUS_NOT_APPLICABLE]));
	json_object_set_new(o, "unknown", json_integer(t.by_status[STATUS_UNKNOWN]));
	json_object_set_new(o, "waived", json_integer(t.by_status[STATUS_WAIVED]));
	return o;
}

json_t *json_report(const struct report *r)
{
	json_t *findings = json_array(), *paths = json_array(), *unjudged = json_array();
	json_t *notes = json_array();

	for (size_t i = 0; i < r->count; i++) {
		const struct report_part *p = &r->parts[i];
		const struct judgement *j = &p->judgement;

		for (size_t k = 0; k < j->count; k++)
			json_array_append_new(findings, json_finding(p, &j->findings[k]));
		for (size_t k = 0; k < j->unjudged_count; k++)
			json_array_append_new(unjudged, json_unjudged(p, &j->unjudged[k]));
		for (const struct subject *s = p->facts->first[SUBJECT_PATH]; s; s = s->next)
			json_array_append_new(paths, path_json(p, s));
	}
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", "tcpadvisor.audit/1", "version",
			 r->version, "host", host_json(r), "profile",
			 json_strings(r->rules->profiles, r->rules->profile_count), "window_s",
			 json_number(r->parts[0].facts->window), "summary", json_summary(r), "findings", findings, "paths",
			 paths, "not_judged", unjudged, "notes", notes);
}

void render_report_json(const struct report *r, const struct render_options *o, struct text *ret)
{
	(void)o;
	json_finish(json_report(r), ret);
}
