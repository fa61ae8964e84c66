/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lint for code review: SARIF 2.1.0 (OASIS), with the rules that were asked, the results, and what was suppressed. */
#include <string.h>
#include "render/json.h"

/* SARIF knows three; what is merely good to know is a note too. */
static const char *level(enum severity s)
{
	static const char *const levels[SEVERITIES] = {
		[SEVERITY_INFO] = "note",
		[SEVERITY_NOTICE] = "note",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_ERROR] = "error",
	};

	return levels[s];
}

static bool is_asked(const struct rule *r)
{
	return !r->off && (r->subject == SUBJECT_SYSCTL || r->subject == SUBJECT_LINE || r->subject == SUBJECT_WAIVER ||
			   (r->subject == SUBJECT_INTERFACE && r->templates.count));
}

enum { PART_SHOWN = 4096 };

/* Between the parts our own line breaks; in them what is untrusted is escaped. */
static void add_part(struct text *t, const char *before, const char *part)
{
	if (!part)
		return;
	text_add(t, before);
	text_add_escaped(t, part, PART_SHOWN);
}

static json_t *rule_json(const struct rule *r)
{
	_cleanup_text_ struct text help = TEXT_NULL;

	add_part(&help, "", r->because);
	add_part(&help, "\n\nRisk: ", r->risk);
	add_part(&help, "\n\nSources: ", r->refs);
	return json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:o}, s:{s:s}}", "id", r->id, "shortDescription", "text", r->title,
			 "fullDescription", "text", r->because, "help", "text", json_string(text_get(&help)),
			 "defaultConfiguration", "level", level(r->has_override ? r->override : r->severity));
}

static json_t *rules_json(const struct ruleset *set, long *index)
{
	json_t *a = json_array();

	for (size_t i = 0; i < set->count; i++) {
		index[i] = -1;
		if (!is_asked(&set->rules[i]))
			continue;
		index[i] = (long)json_array_size(a);
		json_array_append_new(a, rule_json(&set->rules[i]));
	}
	return a;
}

/* RFC 3986: what is not unreserved is escaped, byte by byte; a slash stays. */
static json_t *uri_json(const char *file, bool tree)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	file += tree && *file == '/';
	text_add(&t, *file == '/' ? "file://" : "");
	for (const char *p = file; *p; p++) {
		unsigned char c = (unsigned char)*p;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("/-._~", c);

		if (plain)
			text_addn(&t, p, 1);
		else
			text_addf(&t, "%%%02X", c);
	}
	return json_string(text_get(&t));
}

/* Files of a tree are not those of the host that reads the log: they hang below ROOT. */
static json_t *locations_json(const struct subject *s, bool tree)
{
	json_t *physical = json_pack("{s:{s:o, s:s*}}", "artifactLocation", "uri", uri_json(s->file, tree), "uriBaseId",
				     tree ? "ROOT" : NULL);

	if (s->line)
		json_object_set_new(physical, "region", json_pack("{s:i}", "startLine", (int)s->line));
	return json_pack("[{s:o}]", "physicalLocation", physical);
}

static json_t *result_json(const struct report *r, const struct finding *f, const long *index)
{
	_cleanup_text_ struct text message = TEXT_NULL, id = TEXT_NULL;
	json_t *o;

	add_part(&message, "", f->message ? f->message : f->rule->title);
	add_part(&message, "\n", f->advise);
	text_addf(&id, "%s/%s", f->rule->id, f->subject ? f->subject->name : "");
	o = json_pack("{s:s, s:I, s:s, s:{s:o}, s:{s:o}}", "ruleId", f->rule->id, "ruleIndex",
		      (json_int_t)index[f->rule - r->rules->rules], "level", level(f->severity), "message", "text",
		      json_string(text_get(&message)), "partialFingerprints", "finding/v1", json_untrusted(text_get(&id)));
	if (f->subject && f->subject->file)
		json_object_set_new(o, "locations", locations_json(f->subject, r->recorded));
	if (f->status == STATUS_WAIVED)
		json_object_set_new(o, "suppressions",
				    json_pack("[{s:s, s:o}]", "kind", "inSource", "justification", json_untrusted(f->reason)));
	return o;
}

void render_lint_sarif(const struct report *r, const struct render_options *o, struct text *ret)
{
	const struct judgement *j = &r->parts[0].judgement;
	_cleanup_free_ long *index = calloc(r->rules->count + 1, sizeof(*index));
	json_t *rules, *results = json_array();

	(void)o;
	if (!index)
		abort();
	rules = rules_json(r->rules, index);
	for (size_t i = 0; i < j->count; i++)
		json_array_append_new(results, result_json(r, &j->findings[i], index));
	for (size_t i = 0; i < j->unjudged_count; i++)
		if (j->unjudged[i].status == STATUS_WAIVED)
			json_array_append_new(results, result_json(r, &j->unjudged[i], index));
	json_finish(json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o, s:o*}]}", "$schema",
			      "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool", "driver", "name",
			      "tcpadvisor", "version", r->version, "rules", rules, "columnKind", "utf16CodeUnits", "results", results, "originalUriBaseIds",
			      r->recorded ? json_pack("{s:{s:{s:s}}}", "ROOT", "description", "text", "the tree that --root names") : NULL),
		    ret);
}
