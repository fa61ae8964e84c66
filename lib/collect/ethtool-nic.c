/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rings and offloads of NICs: one question for each that is up, since a dump would ask every veth pair too. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <string.h>
#include "collect/ethtool.h"

struct request {
	struct nlmsghdr h;
	struct genlmsghdr g;
	uint8_t attributes[64];
};

/* The header has the same number in every message: ETHTOOL_A_LINKMODES_HEADER, ETHTOOL_A_RINGS_HEADER, … are 1. */
enum { HEADER = ETHTOOL_A_RINGS_HEADER };

static struct link *device_of(const struct links *l, const struct nlmsghdr *h)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == HEADER)
			return links_find(l, ethtool_device(a));
	return NULL;
}

static uint32_t number(const struct nlattr *a)
{
	return mnl_attr_validate(a, MNL_TYPE_U32) < 0 ? 0 : mnl_attr_get_u32(a);
}

static int on_rings(void *user, const struct nlmsghdr *h)
{
	struct link *link = device_of(user, h);
	const struct nlattr *a;

	if (!link)
		return 0;
	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(a)) {
		case ETHTOOL_A_RINGS_RX_MAX:
			link->rx_ring_max = number(a);
			break;
		case ETHTOOL_A_RINGS_TX_MAX:
			link->tx_ring_max = number(a);
			break;
		case ETHTOOL_A_RINGS_RX:
			link->rx_ring = number(a);
			break;
		case ETHTOOL_A_RINGS_TX:
			link->tx_ring = number(a);
			break;
		}
	}
	return 0;
}

struct offloads {
	struct link *link;
	enum offload state;
};

/* Names of the kernel's table net_features (net/ethtool/common.c). */
static void on_feature(void *user, const struct ethtool_bit *bit)
{
	struct offloads *o = user;
	uint8_t *state = !strcmp(bit->name, "tx-tcp-segmentation")	 ? &o->link->tso
			 : !strcmp(bit->name, "tx-generic-segmentation") ? &o->link->gso
			 : !strcmp(bit->name, "rx-gro")			 ? &o->link->gro
									 : NULL;

	if (state && bit->set && *state < o->state)
		*state = (uint8_t)o->state;
}

/* What is active is on; what can be changed and is not active is off; the rest the driver does not have. */
static int on_features(void *user, const struct nlmsghdr *h)
{
	struct offloads o = {.link = device_of(user, h)};
	const struct nlattr *a;

	if (!o.link)
		return 0;
	o.link->tso = o.link->gso = o.link->gro = OFFLOAD_NONE;
	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr)) {
		int type = mnl_attr_get_type(a);

		o.state = type == ETHTOOL_A_FEATURES_ACTIVE ? OFFLOAD_ON : OFFLOAD_OFF;
		if (type == ETHTOOL_A_FEATURES_ACTIVE || type == ETHTOOL_A_FEATURES_HW)
			ethtool_bits(a, on_feature, &o);
	}
	return 0;
}

static int ask(struct root *root, struct links *l, uint16_t family, uint8_t command, const char *name,
	       root_message_fn fn, uint32_t index)
{
	struct request q = {
		.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct genlmsghdr)), .nlmsg_type = family,
		      .nlmsg_flags = NLM_F_REQUEST},
		.g = {.cmd = command, .version = ETHTOOL_GENL_VERSION},
	};
	struct nlattr *header = mnl_attr_nest_start(&q.h, HEADER);

	mnl_attr_put_u32(&q.h, ETHTOOL_A_HEADER_DEV_INDEX, index);
	mnl_attr_nest_end(&q.h, header);
	return root_netlink(root, NETLINK_GENERIC, name, &q.h, fn, l);
}

int links_read_nics(struct root *root, struct links *l)
{
	uint16_t family = 0;
	unsigned asked = 0;

	for (size_t i = 0; i < l->count && asked < NICS_MAX; i++) {
		const struct link *link = &l->links[i];

		if (!link_is_physical(link) || !link->up)
			continue;
		if (!family && !(family = ethtool_family(root)))
			return -ENOENT;
		ask(root, l, family, ETHTOOL_MSG_RINGS_GET, "ethtool-rings.genl", on_rings, link->index);
		ask(root, l, family, ETHTOOL_MSG_FEATURES_GET, "ethtool-features.genl", on_features, link->index);
		asked++;
	}
	return 0;
}
