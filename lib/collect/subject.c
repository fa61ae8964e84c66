/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a census to the counts of states. */
#include "base/macro.h"
#include "collect/collect-private.h"

static const struct {
	enum host_fact fact;
	uint8_t state;
} state_facts[] = {
	{SOCKETS_ESTABLISHED, STATE_ESTABLISHED}, {SOCKETS_SYN_SENT, STATE_SYN_SENT},
	{SOCKETS_SYN_RECV, STATE_SYN_RECV},	  {SOCKETS_FIN_WAIT1, STATE_FIN_WAIT1},
	{SOCKETS_FIN_WAIT2, STATE_FIN_WAIT2},	  {SOCKETS_CLOSE_WAIT, STATE_CLOSE_WAIT},
	{SOCKETS_LAST_ACK, STATE_LAST_ACK},	  {SOCKETS_CLOSING, STATE_CLOSING},
	{SOCKETS_LISTEN, STATE_LISTEN},
};

/* Unlike a counter it may shrink. */
static void set_memory(const struct collecting *c, struct value *v)
{
	if (!c->latest || (c->latest->total && !c->latest->has_memory)) {
		*v = c->latest ? value_missing(VALUE_ABSENT, "this kernel does not tell what a socket holds")
			       : value_missing(value_state_of(c->census_error), "the kernel's sockets could not be dumped");
		return;
	}
	*v = value_number((double)c->latest->memory);
	if (c->latest == &c->second) {
		v->has_delta = true;
		v->delta = (double)c->second.memory - (double)c->first.memory;
	}
}

void derive_states(struct collecting *c)
{
	struct value *v = c->facts->host->values;
	enum value_state state = value_state_of(c->census_error);
	const char *why = "the kernel's sockets could not be dumped";

	if (!c->latest)
		for (enum subject_type t = SUBJECT_PATH; t <= SUBJECT_OWNER; t++)
			c->facts->untold[t] = why;

	for (size_t i = 0; i < ARRAY_SIZE(state_facts); i++)
		v[state_facts[i].fact] = c->latest ? value_number((double)c->latest->states[state_facts[i].state])
						   : value_missing(state, why);
	v[SOCKETS_TOTAL] = c->latest ? value_number((double)(c->latest->total + c->latest->states[STATE_LISTEN]))
				     : value_missing(state, why);
	set_memory(c, &v[SOCKETS_HELD]);
	v[SOCKETS_KEEPALIVE] =
		c->latest ? value_number((double)c->latest->keepalive) : value_missing(state, why);
}
