/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan for programs: schema tcpadvisor.plan/1, described in docs/plan.schema.json. */
#include "plan/plan.h"
#include "render/json.h"

static json_t *change_json(const struct plan_change *c)
{
	const struct finding *f = c->finding;

	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:s, s:o, s:b, s:o, s:o, s:o, s:o}", "key", c->key, "current",
			 json_untrusted(c->current), "wanted", json_untrusted(c->wanted), "why", json_untrusted(c->why), "rule",
			 f->rule->id, "severity", severity_name(f->severity), "message", json_untrusted(c->message), "measured",
			 c->measured, "effect", json_untrusted(c->effect), "note", json_untrusted(c->note), "memory",
			 json_number(c->memory), "memory_text", json_untrusted(c->memory_text));
}

static json_t *left_json(const struct plan_left *l)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "key", json_untrusted(l->key), "current", json_untrusted(l->current),
			 "wanted", json_untrusted(l->wanted), "asked_by", json_untrusted(l->asked_by), "why",
			 json_untrusted(l->why));
}

void render_plan_json(const struct plan *p, const struct report *report, const struct render_options *o, struct text *ret)
{
	const struct root_host *h = &report->parts[0].host;
	json_t *changes = json_array(), *left = json_array();

	(void)o;
	for (size_t i = 0; i < p->change_count; i++)
		json_array_append_new(changes, change_json(&p->changes[i]));
	for (size_t i = 0; i < p->left_count; i++)
		json_array_append_new(left, left_json(&p->left[i]));
	json_finish(json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "schema", "tcpadvisor.plan/1", "version", report->version, "host",
			      json_pack("{s:o, s:o, s:o, s:b}", "name", json_untrusted(h->hostname), "kernel",
					json_untrusted(h->kernel), "netns", json_untrusted(*h->netns ? h->netns : NULL), "recorded",
					report->recorded),
			      "profile", json_strings(report->rules->profiles, report->rules->profile_count), "changes", changes,
			      "left_out", left),
		    ret);
}
