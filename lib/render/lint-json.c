/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lint for programs: schema tcpadvisor.lint/1, described in docs/lint.schema.json. Findings are those of an audit. */
#include "render/json.h"

static json_t *judged_for(const struct report *r)
{
	const struct root_host *h = &r->parts[0].host;

	return json_pack("{s:o, s:b, s:o, s:b, s:b}", "kernel", json_untrusted(h->kernel), "kernel_taken", r->kernel_taken,
			 "memory", json_number(r->memory), "memory_taken", r->memory_taken, "recorded", r->recorded);
}

void render_lint_json(const struct report *r, const struct render_options *o, struct text *ret)
{
	const struct report_part *p = &r->parts[0];
	const struct judgement *j = &p->judgement;
	json_t *findings = json_array(), *waived = json_array(), *unknown = json_array(), *notes = json_array();

	(void)o;
	for (size_t k = 0; k < j->count; k++)
		json_array_append_new(findings, json_finding(p, &j->findings[k]));
	for (size_t k = 0; k < j->unjudged_count; k++) {
		const struct finding *f = &j->unjudged[k];

		if (f->status == STATUS_WAIVED)
			json_array_append_new(waived, json_unjudged(p, f));
		else if (f->status == STATUS_UNKNOWN)
			json_array_append_new(unknown, json_unjudged(p, f));
	}
	for (size_t k = 0; k < p->facts->note_count; k++)
		json_array_append_new(notes, json_untrusted(p->facts->notes[k]));
	json_finish(json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", "tcpadvisor.lint/1", "version", r->version,
			      "judged_for", judged_for(r), "profile", json_strings(r->rules->profiles, r->rules->profile_count),
			      "summary", json_summary(r), "findings", findings, "waived", waived, "unknown", unknown, "notes", notes),
		    ret);
}
