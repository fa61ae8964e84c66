/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An audit as facts for /etc/ansible/facts.d and its like: one flat object, small enough for an inventory. */
#include <string.h>
#include "render/json.h"

/* The gravest severity that was found, or what it means that there is none. */
static const char *worst(const struct report_totals *t)
{
	for (enum severity s = SEVERITIES; s-- > 0;)
		if (t->by_severity[s])
			return severity_name(s);
	return t->by_status[STATUS_OK] || t->by_status[STATUS_WAIVED] ? "ok" : "unknown";
}

static bool is_told(const struct report *r, size_t part, size_t finding)
{
	const struct rule *rule = r->parts[part].judgement.findings[finding].rule;

	for (size_t p = 0; p <= part; p++) {
		const struct judgement *j = &r->parts[p].judgement;

		for (size_t i = 0; i < (p == part ? finding : j->count); i++)
			if (j->findings[i].rule == rule)
				return true;
	}
	return false;
}

/* Each rule once, at whatever number of subjects and namespaces. */
static json_t *open_rules(const struct report *r)
{
	json_t *a = json_array();

	for (size_t p = 0; p < r->count; p++)
		for (size_t i = 0; i < r->parts[p].judgement.count; i++)
			if (!is_told(r, p, i))
				json_array_append_new(a, json_string(r->parts[p].judgement.findings[i].rule->id));
	return a;
}

static void add(json_t *facts, struct text *ret)
{
	char *s = json_dumps(facts, JSON_INDENT(2));

	if (!s)
		abort();
	text_addf(ret, "%s\n", s);
	free(s);
	json_decref(facts);
}

void render_report_ansible(const struct report *r, const struct render_options *o, struct text *ret)
{
	struct report_totals t = report_totals(r);
	json_t *facts = json_summary(r);

	(void)o;
	json_object_set_new(facts, "schema", json_string("tcpadvisor.facts/1"));
	json_object_set_new(facts, "version", json_string(r->version));
	json_object_set_new(facts, "profile", json_untrusted(r->rules->profile ? r->rules->profile : ""));
	json_object_set_new(facts, "worst", json_string(worst(&t)));
	json_object_set_new(facts, "open", open_rules(r));
	json_object_set_new(facts, "reason", json_null());
	add(facts, ret);
}

void render_no_facts(const char *version, const char *reason, struct text *ret)
{
	json_t *facts = json_pack("{s:s, s:s, s:s, s:[], s:s}", "schema", "tcpadvisor.facts/1", "version", version, "worst",
				  "unknown", "open", "reason", reason);

	add(facts, ret);
}
