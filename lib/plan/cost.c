/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a change may cost in memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "plan/plan-private.h"

/* Buffers that grow on demand: which fact of paths counts the flows that would use the room now. */
static const struct {
	const char *key;
	enum path_fact flows;
} grown[] = {
	{"net.ipv4.tcp_rmem", PATH_RECEIVE_LIMITED},
	{"net.ipv4.tcp_wmem", PATH_SEND_LIMITED},
};

static double flows_now(const struct facts *facts, enum path_fact fact)
{
	double n = 0;

	for (const struct subject *s = facts->first[SUBJECT_PATH]; s; s = s->next)
		if (s->values[fact].state == VALUE_KNOWN)
			n += s->values[fact].num;
	return n;
}

static const char *bytes_text(struct arena *a, double v)
{
	char *buf = arena_alloc(a, QUANTITY_MAX);

	return quantity_format(buf, QUANTITY_MAX, DIM_BYTES, v);
}

/* Of the last element: the others are floors, and what each socket begins with. */
static double growth_of(const struct plan_change *c)
{
	unsigned last = c->def->elements - 1;

	return strtod(nth_element(c->wanted, last), NULL) - strtod(nth_element(c->current, last), NULL);
}

static void cost_buffer(struct arena *a, const struct facts *facts, struct plan_change *c, double growth)
{
	c->memory = growth;
	c->memory_text = arena_printf(a, "up to %s more for each socket that fills it", bytes_text(a, growth));
	for (size_t i = 0; i < ARRAY_SIZE(grown); i++) {
		double n = strcmp(c->key, grown[i].key) ? 0 : flows_now(facts, grown[i].flows);

		if (n < 1)
			continue;
		c->memory = growth * n;
		c->memory_text = n == 1 ? arena_printf(a, "up to %s more for each flow that fills it; one does now", bytes_text(a, growth))
					: arena_printf(a, "up to %s more for each flow that fills it, %s for the %.0f that do now",
						       bytes_text(a, growth), bytes_text(a, c->memory), n);
	}
}

void cost_change(struct arena *a, const struct facts *facts, struct plan_change *c)
{
	double growth = dim_is_number(c->def->dim) ? growth_of(c) : 0;

	if (growth <= 0)
		return;
	if (c->def->dim == DIM_BYTES)
		cost_buffer(a, facts, c, growth);
	if (c->def->memory_each > 0) {
		c->memory = growth * c->def->memory_each;
		c->memory_text = arena_printf(a, "up to %s when all of %.0f more are taken", bytes_text(a, c->memory), growth);
	}
}
