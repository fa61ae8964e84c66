/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/outcome.h"

#include "render/json.h"
#include "render/layout.h"

enum { MARGIN = 10, SENTENCE_MAX = 2048 };

static const char *const kinds[OUTCOMES] = {
	[OUTCOME_NOTHING] = "nothing", [OUTCOME_WOULD_CHANGE] = "would-change", [OUTCOME_REFUSED] = "refused",
	[OUTCOME_OPEN] = "open",       [OUTCOME_CONFIRMED] = "confirmed",	[OUTCOME_UNDONE] = "undone",
};

static const char *const severities[] = {[HINDRANCE_WARN] = "warn", [HINDRANCE_REFUSE] = "refuse"};

static json_t *changes_json(const struct plan *p)
{
	json_t *list = json_array();

	for (size_t i = 0; p && i < p->change_count; i++) {
		const struct plan_change *c = &p->changes[i];

		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "key", json_untrusted(c->key), "current",
						      json_untrusted(c->current), "wanted", json_untrusted(c->wanted), "why",
						      json_untrusted(c->why), "effect", json_untrusted(c->effect), "memory",
						      json_number(c->memory)));
	}
	return list;
}

static json_t *hindrances_json(const struct preflight *p)
{
	json_t *list = json_array();

	for (size_t i = 0; p && i < p->count; i++) {
		const struct hindrance *h = &p->list[i];

		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "severity", severities[h->severity], "key",
						      json_untrusted(h->key), "sentence", json_untrusted(h->sentence), "option",
						      json_untrusted(h->option)));
	}
	return list;
}

json_t *outcome_json(const char *verb, const struct outcome *r)
{
	json_t *transactions = json_array();
	json_t *error = r->error == PAPER_DONE ? json_null()
					       : json_pack("{s:s, s:o}", "name", paper_error_name(r->error), "said",
							   json_untrusted(r->said));

	for (size_t i = 0; i < r->transaction_count; i++)
		json_array_append_new(transactions, transaction_json(&r->transactions[i]));
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "schema", "tcpadvisor.apply/1", "verb", verb, "outcome",
			 kinds[r->kind], "changes", changes_json(r->plan), "hindrances", hindrances_json(r->preflight),
			 "transactions", transactions, "error", error, "persisted", persister_json(r->persisted));
}

void hindrances_add_text(const struct preflight *p, const struct render_options *ro, struct text *t)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct hindrance *h = &p->list[i];
		_cleanup_text_ struct text line = TEXT_NULL;
		bool refuses = h->severity == HINDRANCE_REFUSE;

		if (h->key) {
			text_add_escaped(&line, h->key, SENTENCE_MAX);
			text_add(&line, ": ");
		}
		text_add_escaped(&line, h->sentence, SENTENCE_MAX);
		if (h->option)
			text_addf(&line, " (%s overrides this)", h->option);
		layout_colour(t, ro, refuses ? "31;1" : "33;1");
		text_add(t, refuses ? "refused" : "warning");
		layout_colour(t, ro, "0");
		layout_pad(t, MARGIN - 7);
		layout_wrap(t, text_get(&line), MARGIN, MARGIN, ro->width);
		text_add(t, "\n");
	}
}
