/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link speed and duplex: ethtool's netlink, the sysfs file where that is not to be had, and how far to believe it. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <string.h>
#include "collect/ethtool.h"

static const uint32_t speed_unknown = 0xffffffff, speed_max_mbit = 100 * 1000 * 1000;

struct request {
	struct nlmsghdr h;
	struct genlmsghdr g;
	uint8_t attributes[64];
};

static int on_family(void *user, const struct nlmsghdr *h)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID && mnl_attr_validate(a, MNL_TYPE_U16) >= 0)
			*(uint16_t *)user = mnl_attr_get_u16(a);
	return 0;
}

uint16_t ethtool_family(struct root *root)
{
	struct request q = {
		.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct genlmsghdr)), .nlmsg_type = GENL_ID_CTRL,
		      .nlmsg_flags = NLM_F_REQUEST},
		.g = {.cmd = CTRL_CMD_GETFAMILY, .version = 1},
	};
	uint16_t family = 0;

	mnl_attr_put_strz(&q.h, CTRL_ATTR_FAMILY_NAME, ETHTOOL_GENL_NAME);
	if (root_netlink(root, NETLINK_GENERIC, "ethtool-family.genl", &q.h, on_family, &family) < 0)
		return 0;
	return family;
}

uint32_t ethtool_device(const struct nlattr *header)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, header)
		if (mnl_attr_get_type(a) == ETHTOOL_A_HEADER_DEV_INDEX && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			return mnl_attr_get_u32(a);
	return 0;
}

static void read_bit(const struct nlattr *nest, bool masked, ethtool_bit_fn fn, void *user)
{
	struct ethtool_bit bit = {.index = UINT32_MAX, .name = "", .set = !masked};
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		int type = mnl_attr_get_type(a);

		if (type == ETHTOOL_A_BITSET_BIT_INDEX && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			bit.index = mnl_attr_get_u32(a);
		else if (type == ETHTOOL_A_BITSET_BIT_NAME && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
			bit.name = mnl_attr_get_str(a);
		else if (type == ETHTOOL_A_BITSET_BIT_VALUE)
			bit.set = true;
	}
	if (bit.index != UINT32_MAX)
		fn(user, &bit);
}

void ethtool_bits(const struct nlattr *set, ethtool_bit_fn fn, void *user)
{
	const struct nlattr *a, *b, *bits = NULL;
	bool masked = true;

	mnl_attr_for_each_nested(a, set) {
		masked &= mnl_attr_get_type(a) != ETHTOOL_A_BITSET_NOMASK;
		if (mnl_attr_get_type(a) == ETHTOOL_A_BITSET_BITS)
			bits = a;
	}
	if (!bits)
		return;
	mnl_attr_for_each_nested(b, bits)
		if (mnl_attr_get_type(b) == ETHTOOL_A_BITSET_BITS_BIT)
			read_bit(b, masked, fn, user);
}

static bool sane_speed(uint32_t mbit)
{
	return mbit != 0 && mbit != speed_unknown && mbit <= speed_max_mbit;
}

/* "10000baseT/Full" is 10000 Mbit/s; "Autoneg" and "FEC_RS" are no modes. */
static uint32_t mode_speed(const char *name)
{
	char *end;
	unsigned long mbit = strtoul(name, &end, 10);

	return mbit && !strncmp(end, "base", 4) && mbit <= speed_max_mbit ? (uint32_t)mbit : 0;
}

struct modes {
	uint8_t ours[32]; /* bitmap of the modes that we advertise */
	bool intersect;	  /* look at the peer's */
	uint32_t common;
};

static void on_mode(void *user, const struct ethtool_bit *bit)
{
	struct modes *m = user;
	uint8_t mask = (uint8_t)(1u << bit->index % 8);

	if (bit->index >= 8 * sizeof(m->ours))
		return;
	if (!m->intersect && bit->set)
		m->ours[bit->index / 8] |= mask;
	else if (m->intersect && m->ours[bit->index / 8] & mask)
		m->common = max_of(m->common, mode_speed(bit->name));
}

/* The fastest mode that both ends offer: what the link should have come up with. */
static uint32_t common_speed(const struct nlattr *ours, const struct nlattr *peer)
{
	struct modes m = {.intersect = false};

	if (!ours || !peer)
		return 0;
	ethtool_bits(ours, on_mode, &m);
	m.intersect = true;
	ethtool_bits(peer, on_mode, &m);
	return m.common;
}

static int on_link_modes(void *user, const struct nlmsghdr *h)
{
	uint32_t index = 0, speed = speed_unknown;
	const struct nlattr *a, *ours = NULL, *peer = NULL;
	uint8_t duplex = 255;
	struct link *link;

	mnl_attr_for_each(a, h, sizeof(struct genlmsghdr)) {
		int type = mnl_attr_get_type(a);

		if (type == ETHTOOL_A_LINKMODES_HEADER)
			index = ethtool_device(a);
		else if (type == ETHTOOL_A_LINKMODES_OURS)
			ours = a;
		else if (type == ETHTOOL_A_LINKMODES_PEER)
			peer = a;
		else if (type == ETHTOOL_A_LINKMODES_SPEED && mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			speed = mnl_attr_get_u32(a);
		else if (type == ETHTOOL_A_LINKMODES_DUPLEX && mnl_attr_validate(a, MNL_TYPE_U8) >= 0)
			duplex = mnl_attr_get_u8(a);
	}
	link = links_find(user, index);
	if (!link)
		return 0;
	link->speed = sane_speed(speed) ? speed : 0;
	link->duplex = duplex;
	link->common = common_speed(ours, peer);
	return 0;
}

static void read_sysfs(struct root *root, struct link *link)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	char path[160];
	long mbit;

	if (strchr(link->name, '/'))
		return;
	snprintf(path, sizeof(path), "sys/class/net/%s/speed", link->name);
	if (root_read(root, path, 64, &t) < 0)
		return;
	mbit = strtol(t.s, NULL, 10);
	if (mbit > 0 && mbit <= speed_max_mbit && sane_speed((uint32_t)mbit)) {
		link->speed = (uint32_t)mbit;
		link->from_sysfs = true;
	}
	snprintf(path, sizeof(path), "sys/class/net/%s/duplex", link->name);
	if (root_read(root, path, 64, &t) == 0)
		link->duplex = !strncmp(t.s, "full", 4) ? 1 : !strncmp(t.s, "half", 4) ? 0 : 255;
}

int links_read_speeds(struct root *root, struct links *l)
{
	struct request q = {
		.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct genlmsghdr)),
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.g = {.cmd = ETHTOOL_MSG_LINKMODES_GET, .version = ETHTOOL_GENL_VERSION},
	};
	struct nlattr *header;
	int r = -ENOENT;

	q.h.nlmsg_type = ethtool_family(root);
	if (q.h.nlmsg_type) {
		header = mnl_attr_nest_start(&q.h, ETHTOOL_A_LINKMODES_HEADER);
		mnl_attr_nest_end(&q.h, header);
		r = root_netlink(root, NETLINK_GENERIC, "ethtool-linkmodes.genl", &q.h, on_link_modes, l);
	}
	/* The mounted sysfs is that of the namespace we came from: its eth0 is another. */
	for (size_t i = 0; i < l->count && !*root_host(root)->netns; i++)
		if (!l->links[i].speed && !l->links[i].loopback && l->links[i].up)
			read_sysfs(root, &l->links[i]);
	return r;
}

/* These drivers name a constant, or nothing: a veth pair says 10 Gbit/s whatever carries it. */
static bool names_a_constant(const char *kind)
{
	static const char *const kinds[] = {"veth", "tun", "dummy", "ifb", "bridge", "wireguard", "vxlan", "geneve",
					    "gre", "ipip", "sit", "netkit", "nlmon"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i], kind))
			return true;
	return false;
}

static void judge(struct link *link, const struct links *l, struct arena *a)
{
	double slowest = 0;

	link->rate_source = "the driver names no speed";
	if (!strcmp(link->kind, "bond") || !strcmp(link->kind, "team")) {
		/* One flow takes one member: the sum that the bond reports is not for it. */
		for (size_t i = 0; i < l->count; i++)
			if (l->links[i].master == link->index && l->links[i].up && l->links[i].speed &&
			    (!slowest || l->links[i].speed < slowest))
				slowest = l->links[i].speed;
		link->rate = slowest * 1e6 / 8;
		link->rate_sure = slowest > 0;
		link->rate_source = slowest ? "slowest member of the bond" : link->rate_source;
		return;
	}
	if (!link->speed)
		return;
	if (names_a_constant(link->kind)) {
		link->rate_source = arena_printf(a, "not used: the %s driver's constant of %u Mbit/s", link->kind,
						 link->speed);
		return;
	}
	link->rate = link->speed * 1e6 / 8;
	link->rate_sure = true;
	link->rate_source = link->from_sysfs ? "sysfs" : "ethtool";
}

void links_judge_speeds(struct links *l, const struct config *config, struct arena *a)
{
	for (size_t i = 0; i < l->count; i++) {
		struct link *link = &l->links[i];

		judge(link, l, a);
		for (size_t k = 0; config && k < config->speed_count; k++)
			if (!strcmp(config->speeds[k].interface, link->name)) {
				link->rate = config->speeds[k].rate;
				link->rate_source = "declared";
				link->rate_sure = true;
			}
	}
}
