/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a census to destinations: what is judged for each source address and peer. */
#include <string.h>
#include "base/macro.h"
#include "collect/collect-private.h"
#include "collect/name.h"

enum { DESTINATIONS_MAX = 256 };

static void set_syn_facts(struct collecting *c, struct value *v, const struct destination *d)
{
	struct value retries = live_sysctl(c, "net.ipv4.tcp_syn_retries", 0);
	unsigned linear = c->latest->options.syn_linear;

	v[DESTINATION_SYN_SENT] = value_number(d->states[STATE_SYN_SENT]);
	v[DESTINATION_SYN_STUCK] = value_number(d->syn_stuck);
	v[DESTINATION_SYN_STUCK_FOR] = d->syn_stuck ? value_number(d->syn_stuck_since)
						    : value_missing(VALUE_ABSENT, "none is stuck");
	v[DESTINATION_SYN_GIVES_UP] = retries;
	if (retries.state == VALUE_KNOWN && retries.num >= 0 && retries.num < 256)
		v[DESTINATION_SYN_GIVES_UP] =
			value_number(syn_retransmission_time((unsigned)retries.num + linear + 1, linear));
}

static void set_last_ack(struct value *v, const struct destination *d)
{
	v[DESTINATION_LAST_ACK] = value_number(d->states[STATE_LAST_ACK]);
	v[DESTINATION_LAST_ACK_STUCK] = value_number(d->last_ack_stuck);
	v[DESTINATION_LAST_ACK_SILENCE] = d->last_ack_stuck ? value_number(d->last_ack_age_ms / 1e3)
							    : value_missing(VALUE_ABSENT, "none is stuck");
}

static double add_destination(struct collecting *c, const struct destination *d)
{
	char src[ADDRESS_TEXT_MAX], dst[ADDRESS_TEXT_MAX], name[2 * ADDRESS_TEXT_MAX + 80];
	const struct link *link;
	const struct value *ports = &c->facts->host->values[HOST_PORTS];
	uint32_t certain = d->ports > d->head.error ? d->ports : 0;
	struct subject *s;
	struct value *v;

	link = d->key.ifindex ? links_find(&c->links, d->key.ifindex) : NULL;
	snprintf(name, sizeof(name), "%s → %s%s%s", address_text(&d->key.src, -1, src),
		 address_text(&d->key.dst, d->key.port ? (int)d->key.port : -1, dst), link ? " by " : "", link ? link->name : "");
	s = facts_add(c->facts, SUBJECT_DESTINATION, name);
	s->unit = unit_name(c, d->cgroup);
	v = s->values;
	v[DESTINATION_CONNECTIONS] = value_number((double)(d->head.weight - d->head.error));
	v[DESTINATION_USED] = value_number(certain);
	v[DESTINATION_USED_SHARE] = ports->state != VALUE_KNOWN ? *ports
				    : ports->num > 0		? value_number(certain / ports->num)
						     : value_missing(VALUE_ABSENT, "the local port range is empty");
	v[DESTINATION_ESTABLISHED] = value_number(d->states[STATE_ESTABLISHED]);
	v[DESTINATION_TIME_WAIT] = value_number(d->resting);
	v[DESTINATION_OPENS] = value_number(d->recent_ends / (TIME_WAIT_RECENT_MS / 1e3));
	set_syn_facts(c, v, d);
	set_last_ack(v, d);
	return v[DESTINATION_USED_SHARE].num;
}

/* connect() skips a port that somebody bound, on whatever address (inet_hash_connect(): tb->fastreuse >= 0). */
static void leave_out_listeners(struct collecting *c)
{
	struct value *ports = &c->facts->host->values[HOST_PORTS];

	for (unsigned port = 0; port < 65536 && ports->state == VALUE_KNOWN; port++)
		ports->num -= bitmap_has(c->local_ports, (uint16_t)port) && bitmap_has(c->latest->listening, (uint16_t)port);
}

void derive_destinations(struct collecting *c)
{
	void *ranked[DESTINATIONS_MAX];
	double worst = 0;
	size_t n;

	if (!c->latest)
		return;
	leave_out_listeners(c);
	n = topk_ranked(&c->latest->destinations, ranked, DESTINATIONS_MAX);
	for (size_t i = 0; i < n; i++)
		worst = max_of(worst, add_destination(c, ranked[i]));
	c->facts->host->values[HOST_PORTS_WORST] = c->facts->host->values[HOST_PORTS].state == VALUE_KNOWN
							   ? value_number(worst)
							   : c->facts->host->values[HOST_PORTS];
}
