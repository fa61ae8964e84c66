/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From links to interfaces as rules see them. */
#include <errno.h>
#include <string.h>
#include "collect/collect-private.h"

static const char *duplex_text(uint8_t duplex)
{
	return duplex == 1 ? "full" : duplex == 0 ? "half" : NULL;
}

static struct value declared_speed(const struct collecting *c, const char *name)
{
	for (size_t i = 0; i < c->options->config->speed_count; i++)
		if (!strcmp(c->options->config->speeds[i].interface, name))
			return value_number(c->options->config->speeds[i].rate);
	return value_missing(VALUE_ABSENT, "no speed is declared for it");
}

static struct value ring_size(uint32_t size, uint32_t max)
{
	return max ? value_number(size) : value_missing(VALUE_ABSENT, "the driver tells nothing of its rings");
}

static struct value offload(uint8_t state)
{
	if (state == OFFLOAD_UNKNOWN)
		return value_missing(VALUE_UNREAD, "the kernel did not tell its offloads");
	if (state == OFFLOAD_NONE)
		return value_missing(VALUE_ABSENT, "the driver does not have it");
	return value_number(state == OFFLOAD_ON);
}

static void add_nic(struct value *v, const struct link *l)
{
	v[INTERFACE_RX_RING] = ring_size(l->rx_ring, l->rx_ring_max);
	v[INTERFACE_RX_RING_MAX] = ring_size(l->rx_ring_max, l->rx_ring_max);
	v[INTERFACE_TX_RING] = ring_size(l->tx_ring, l->tx_ring_max);
	v[INTERFACE_TX_RING_MAX] = ring_size(l->tx_ring_max, l->tx_ring_max);
	v[INTERFACE_TSO] = offload(l->tso);
	v[INTERFACE_GSO] = offload(l->gso);
	v[INTERFACE_GRO] = offload(l->gro);
}

static void add_stats(const struct collecting *c, struct value *v, const struct link_stats *s)
{
	sample_counter(c, &v[INTERFACE_RX_PACKETS], (double)s->rx_packets);
	sample_counter(c, &v[INTERFACE_TX_PACKETS], (double)s->tx_packets);
	sample_counter(c, &v[INTERFACE_RX_BYTES], (double)s->rx_bytes);
	sample_counter(c, &v[INTERFACE_TX_BYTES], (double)s->tx_bytes);
	sample_counter(c, &v[INTERFACE_RX_DROPPED], (double)s->rx_dropped);
	sample_counter(c, &v[INTERFACE_TX_DROPPED], (double)s->tx_dropped);
	sample_counter(c, &v[INTERFACE_RX_ERRORS], (double)s->rx_errors);
	sample_counter(c, &v[INTERFACE_TX_ERRORS], (double)s->tx_errors);
	sample_counter(c, &v[INTERFACE_RX_OVERRUNS], (double)s->rx_overruns);
	sample_counter(c, &v[INTERFACE_RX_MULTICAST], (double)s->multicast);
}

static void add_interface(struct collecting *c, struct link *l)
{
	struct subject *s = facts_add(c->facts, SUBJECT_INTERFACE, l->name);
	struct value *v = s->values;

	l->subject = s;
	v[INTERFACE_SPEED] = l->rate > 0 ? value_number(l->rate) : value_missing(VALUE_ABSENT, l->rate_source);
	v[INTERFACE_SPEED_SOURCE] = value_text(l->rate_source);
	v[INTERFACE_SPEED_SURE] = value_number(l->rate_sure);
	v[INTERFACE_DUPLEX] = duplex_text(l->duplex) ? value_text(duplex_text(l->duplex))
						     : value_missing(VALUE_ABSENT, "the driver does not say");
	v[INTERFACE_KIND] = *l->kind ? value_text(arena_strdup(&c->facts->arena, l->kind))
				     : value_missing(VALUE_ABSENT, "it is no virtual link");
	v[INTERFACE_MTU] = value_number(l->mtu);
	v[INTERFACE_FIFO_BACKLOG] = v[INTERFACE_FIFO_RATE] = v[INTERFACE_FIFO_DELAY] =
		l->fifo ? value_missing(VALUE_NO_WINDOW, NULL) : value_missing(VALUE_ABSENT, "it has no plain FIFO");
	v[INTERFACE_QDISC] = value_text(arena_strdup(&c->facts->arena, l->qdisc));
	v[INTERFACE_UP] = value_number(l->up);
	v[INTERFACE_ADDRESSES] = value_number(l->addresses);
	v[INTERFACE_PHYSICAL] = value_number(link_is_physical(l));
	v[INTERFACE_SPEED_DRIVER] = l->speed ? value_number(l->speed * 1e6 / 8)
					     : value_missing(VALUE_ABSENT, "the driver names no speed");
	v[INTERFACE_SPEED_COMMON] = l->common ? value_number(l->common * 1e6 / 8)
					      : value_missing(VALUE_ABSENT, "the link does not negotiate");
	v[INTERFACE_SPEED_DECLARED] = declared_speed(c, l->name);
	add_nic(v, l);
	if (l->has_stats)
		add_stats(c, v, &l->stats);
}

static bool interface_exists(const struct collecting *c, const char *name)
{
	for (size_t i = 0; i < c->links.count; i++)
		if (!strcmp(c->links.links[i].name, name))
			return true;
	return false;
}

void collect_links(struct collecting *c)
{
	int r = links_read(c->root, &c->links);

	if (r < 0) {
		facts_note(c->facts, "interfaces could not be read: %s", strerror(-r));
		c->facts->untold[SUBJECT_INTERFACE] = "the interfaces could not be read";
		return;
	}
	links_read_speeds(c->root, &c->links);
	links_read_nics(c->root, &c->links);
	links_judge_speeds(&c->links, c->options->config, &c->facts->arena);
	for (size_t i = 0; i < c->links.count; i++)
		add_interface(c, &c->links.links[i]);
	for (size_t i = 0; i < c->options->config->speed_count; i++)
		if (!interface_exists(c, c->options->config->speeds[i].interface))
			facts_note(c->facts, "a speed is declared for %s, and there is no such interface",
				   c->options->config->speeds[i].interface);
}

void collect_links_after(struct collecting *c)
{
	if (!c->window || !c->links.count || links_read_stats(c->root, &c->links) < 0)
		return;
	for (size_t i = 0; i < c->links.count; i++) {
		const struct link *l = &c->links.links[i];

		/* Where the first dump broke off, there are links and no subjects. */
		if (l->subject && l->has_stats)
			add_stats(c, l->subject->values, &l->stats);
	}
}

void collect_links_before(struct collecting *c)
{
	/* What could not be read now has no growth later. */
	if (links_read(c->root, &c->earlier) < 0)
		links_clear(&c->earlier);
}

/* Both samples at once: those of the first were kept. */
static void add_growth(struct collecting *c, const struct link *l, const struct link *earlier)
{
	double window = c->window;

	c->window = 0;
	add_stats(c, l->subject->values, &earlier->stats);
	c->window = window;
	add_stats(c, l->subject->values, &l->stats);
}

void collect_links_late(struct collecting *c)
{
	collect_links(c);
	for (size_t i = 0; i < c->links.count && c->window > 0; i++) {
		const struct link *l = &c->links.links[i], *earlier = links_find(&c->earlier, l->index);

		if (l->subject && l->has_stats && earlier && earlier->has_stats && !strcmp(l->name, earlier->name))
			add_growth(c, l, earlier);
	}
}
