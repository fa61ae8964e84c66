/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "cli/transaction.h"
#include "render/json.h"

static json_t *string_or_null(const char *s)
{
	return *s ? json_untrusted(s) : json_null();
}

static json_t *change_json(const struct paper_change *c)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "key", json_untrusted(c->key), "old", json_untrusted(c->old), "new",
			 json_untrusted(c->new), "why", string_or_null(c->why), "taken", string_or_null(c->taken));
}

/* A list, for the health watcher may name one twice, and of these names none is promised. */
static json_t *measure_json(const struct paper_measure *m)
{
	json_t *values = json_array();
	struct measure_item item;

	for (const char *at = m->text; measure_next(&at, &item);)
		json_array_append_new(values, json_pack("{s:o, s:o}", "name", json_untrusted(item.name), "value",
							item.is_number ? json_number(item.number) : json_untrusted(item.value)));
	return json_pack("{s:s, s:o}", "when", m->when == MEASURED_BEFORE ? "before" : "after", "values", values);
}

json_t *transaction_json(const struct paper *p)
{
	json_t *changes = json_array(), *measures = json_array();
	bool is_open = p->state == STATE_OPEN;
	double left = transaction_left(p);

	for (unsigned i = 0; i < p->change_count; i++)
		json_array_append_new(changes, change_json(&p->changes[i]));
	for (unsigned i = 0; i < p->measure_count; i++)
		json_array_append_new(measures, measure_json(&p->measures[i]));
	return json_pack("{s:s, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "id", p->id, "state",
			 paper_state_name(p->state), "reason", string_or_null(p->reason), "profile", string_or_null(p->profile),
			 "persist", p->persist, "asked_time_s", json_integer((json_int_t)(p->asked / 1000)), "closed_time_s",
			 p->closed ? json_integer((json_int_t)(p->closed / 1000)) : json_null(), "within_s", json_number(p->within),
			 "left_s", is_open ? json_number(left > 0 ? left : 0) : json_null(), "verdict",
			 paper_verdict_name(p->verdict), "signal", string_or_null(p->signal), "changes", changes, "measures",
			 measures);
}
