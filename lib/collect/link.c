/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink: interfaces, addresses, and which way a packet leaves. */
#include "collect/link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct request {
	struct nlmsghdr h;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtmsg route;
	};
	uint8_t attributes[64];
};

static void copy_string(char *to, size_t size, const struct nlattr *a)
{
	size_t n = min_of((size_t)mnl_attr_get_payload_len(a), size - 1);

	memcpy(to, mnl_attr_get_payload(a), n);
	to[n] = 0;
	to[strlen(to)] = 0;
}

static uint32_t get_u32(const struct nlattr *a)
{
	uint32_t v = 0;

	if (mnl_attr_get_payload_len(a) >= sizeof(v))
		memcpy(&v, mnl_attr_get_payload(a), sizeof(v));
	return v;
}

struct link *links_find(const struct links *l, uint32_t index)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->links[i].index == index)
			return &l->links[i];
	return NULL;
}

static struct link *add_link(struct links *l, uint32_t index)
{
	struct link *grown, *link = links_find(l, index);

	if (link || l->count == LINKS_MAX)
		return link;
	if ((l->count & (l->count - 1)) == 0) {
		grown = reallocarray(l->links, l->count ? 2 * l->count : 1, sizeof(*grown));
		if (!grown)
			abort();
		l->links = grown;
	}
	link = &l->links[l->count++];
	*link = (struct link){.index = index, .duplex = 255};
	return link;
}

static uint64_t largest(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t most = max_of(a, b);

	return max_of(most, c);
}

static void read_stats(struct link *link, const struct nlattr *a)
{
	struct rtnl_link_stats64 s = {0};

	if (mnl_attr_get_payload_len(a) < offsetof(struct rtnl_link_stats64, multicast))
		return;
	memcpy(&s, mnl_attr_get_payload(a), min_of((size_t)mnl_attr_get_payload_len(a), sizeof(s)));
	link->stats = (struct link_stats){
		.rx_packets = s.rx_packets,
		.tx_packets = s.tx_packets,
		.rx_bytes = s.rx_bytes,
		.tx_bytes = s.tx_bytes,
		.rx_dropped = s.rx_dropped,
		.tx_dropped = s.tx_dropped,
		.rx_errors = s.rx_errors,
		.tx_errors = s.tx_errors,
		.rx_overruns = largest(s.rx_missed_errors, s.rx_over_errors, s.rx_fifo_errors),
		.multicast = s.multicast,
	};
	link->has_stats = true;
}

static void read_kind(struct link *link, const struct nlattr *info)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, info)
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			copy_string(link->kind, sizeof(link->kind), a);
}

static void read_rows(struct link *link, enum conf_family family, const struct nlattr *a)
{
	size_t n = min_of(mnl_attr_get_payload_len(a) / sizeof(int32_t), (size_t)CONF_ROWS_MAX);

	memcpy(link->conf[family], mnl_attr_get_payload(a), n * sizeof(int32_t));
	link->conf_count[family] = (unsigned)n;
}

/* The devconf of both families (inet_fill_link_af(), inet6_fill_ifla6_attrs()): older kernels have fewer rows. */
static void read_families(struct link *link, const struct nlattr *spec)
{
	const struct nlattr *family, *a;

	link->has_conf = true;
	mnl_attr_for_each_nested(family, spec)
		mnl_attr_for_each_nested(a, family) {
			if (mnl_attr_get_type(family) == AF_INET && mnl_attr_get_type(a) == IFLA_INET_CONF)
				read_rows(link, CONF_IPV4, a);
			else if (mnl_attr_get_type(family) == AF_INET6 && mnl_attr_get_type(a) == IFLA_INET6_CONF)
				read_rows(link, CONF_IPV6, a);
		}
}

static int on_link(void *user, const struct nlmsghdr *h)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	struct link *link;

	if (h->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return 0;
	link = add_link(user, (uint32_t)m->ifi_index);
	if (!link)
		return 0;
	link->loopback = m->ifi_flags & IFF_LOOPBACK;
	link->up = m->ifi_flags & IFF_RUNNING;
	link->enabled = m->ifi_flags & IFF_UP;
	mnl_attr_for_each(a, h, sizeof(*m)) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			copy_string(link->name, sizeof(link->name), a);
			break;
		case IFLA_MTU:
			link->mtu = get_u32(a);
			break;
		case IFLA_MASTER:
			link->master = get_u32(a);
			break;
		case IFLA_QDISC:
			copy_string(link->qdisc, sizeof(link->qdisc), a);
			break;
		case IFLA_LINKINFO:
			read_kind(link, a);
			break;
		case IFLA_AF_SPEC:
			read_families(link, a);
			break;
		case IFLA_STATS64:
			read_stats(link, a);
			break;
		}
	}
	return 0;
}

static int on_address(void *user, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct link *link;

	if (h->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return 0;
	link = links_find(user, m->ifa_index);
	if (!link)
		return 0;
	link->addresses++;
	link->networks += m->ifa_scope != RT_SCOPE_LINK && m->ifa_prefixlen < (m->ifa_family == AF_INET ? 32 : 128);
	return 0;
}

static int dump(struct root *root, uint16_t type, size_t payload, const char *name, root_message_fn fn, void *user)
{
	struct request q = {
		.h = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(payload), .nlmsg_type = type,
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	};

	return root_netlink(root, NETLINK_ROUTE, name, &q.h, fn, user);
}

int links_read(struct root *root, struct links *l)
{
	unsigned long interrupted;
	int r, tries = 3;

	/* A dump during which an interface came or went may have missed one: ask again, not forever. */
	do {
		interrupted = root_netlink_stats(root)->interrupted;
		l->count = 0;
		r = dump(root, RTM_GETLINK, sizeof(struct ifinfomsg), "links.rtnl", on_link, l);
	} while (r == 0 && root_netlink_stats(root)->interrupted != interrupted && --tries);
	if (r < 0)
		return r;
	dump(root, RTM_GETADDR, sizeof(struct ifaddrmsg), "addresses.rtnl", on_address, l);
	links_read_queues(root, l, false);
	return 0;
}

static int on_link_stats(void *user, const struct nlmsghdr *h)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	struct link *link;

	if (h->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return 0;
	link = links_find(user, (uint32_t)m->ifi_index);
	if (!link)
		return 0;
	mnl_attr_for_each(a, h, sizeof(*m))
		if (mnl_attr_get_type(a) == IFLA_STATS64)
			read_stats(link, a);
	return 0;
}

int links_read_stats(struct root *root, struct links *l)
{
	for (size_t i = 0; i < l->count; i++)
		l->links[i].has_stats = false;
	return dump(root, RTM_GETLINK, sizeof(struct ifinfomsg), "links.rtnl", on_link_stats, l);
}

bool link_is_physical(const struct link *link)
{
	return !link->loopback && !*link->kind;
}

void links_clear(struct links *l)
{
	free(l->links);
	*l = (struct links){0};
}

struct route_query {
	struct address dst;
	uint32_t index; /* from the answer to this very question */
	uint32_t near;	/* from one about another address of its network */
};

static int on_route(void *user, const struct nlmsghdr *h)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct route_query *q = user;
	const struct nlattr *a;
	struct address dst = {0}, network, wanted = address_network(&q->dst);
	uint32_t index = 0;

	if (h->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return 0;
	mnl_attr_for_each(a, h, sizeof(*m)) {
		if (mnl_attr_get_type(a) == RTA_OIF)
			index = get_u32(a);
		else if (mnl_attr_get_type(a) == RTA_DST && mnl_attr_get_payload_len(a) == 4)
			dst = address_from_bytes(mnl_attr_get_payload(a), true);
		else if (mnl_attr_get_type(a) == RTA_DST && mnl_attr_get_payload_len(a) == 16)
			dst = address_from_bytes(mnl_attr_get_payload(a), false);
	}
	/* A record holds the answers to all questions in one file, and may have asked about a neighbour. */
	network = address_network(&dst);
	if (dst.high == q->dst.high && dst.low == q->dst.low)
		q->index = index;
	else if (network.high == wanted.high && network.low == wanted.low)
		q->near = index;
	return 0;
}

uint32_t links_route(struct root *root, const struct address *dst, const struct address *src)
{
	bool v4 = address_is_v4(dst);
	struct request q = {
		.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)), .nlmsg_type = RTM_GETROUTE,
		      .nlmsg_flags = NLM_F_REQUEST},
	};
	struct route_query query = {.dst = *dst};
	size_t length = v4 ? 4 : 16;
	uint8_t bytes[16];

	q.route.rtm_family = v4 ? AF_INET : AF_INET6;
	q.route.rtm_dst_len = v4 ? 32 : 128;
	address_bytes(dst, bytes);
	mnl_attr_put(&q.h, RTA_DST, length, v4 ? bytes + 12 : bytes);
	if (!address_is_zero(src)) {
		q.route.rtm_src_len = v4 ? 32 : 128;
		address_bytes(src, bytes);
		mnl_attr_put(&q.h, RTA_SRC, length, v4 ? bytes + 12 : bytes);
	}
	if (root_netlink(root, NETLINK_ROUTE, "routes.rtnl", &q.h, on_route, &query) < 0)
		return 0;
	return query.index ? query.index : query.near;
}
