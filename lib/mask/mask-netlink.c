/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink answers, made anew: attributes that this table does not name are left out. */
#include <libmnl/libmnl.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include "mask/mask-private.h"

enum how { LEAVE_OUT, KEEP, ADDRESS, INTERFACE, CGROUP, NEST };

enum { ANY = 0xffff, NESTS_MAX = 8, TCPDIAG_SOCKET = 18, CGROUP_ID = 21, SOCKOPT = 22 };

struct attribute {
	uint16_t type; /* ANY: all others */
	enum how how;
	const struct attribute *nested; /* of NEST */
};

/* No marks, keys of MD5, nor storage of BPF. */
static const struct attribute of_socket[] = {
	{INET_DIAG_MEMINFO, KEEP},   {INET_DIAG_INFO, KEEP},	 {INET_DIAG_VEGASINFO, KEEP}, {INET_DIAG_CONG, KEEP},
	{INET_DIAG_TOS, KEEP},	     {INET_DIAG_TCLASS, KEEP},	 {INET_DIAG_SKMEMINFO, KEEP}, {INET_DIAG_SHUTDOWN, KEEP},
	{INET_DIAG_DCTCPINFO, KEEP}, {INET_DIAG_PROTOCOL, KEEP}, {INET_DIAG_SKV6ONLY, KEEP},  {INET_DIAG_BBRINFO, KEEP},
	{CGROUP_ID, CGROUP},	     {SOCKOPT, KEEP},		 {0},
};

static const struct attribute of_kind[] = {{IFLA_INFO_KIND, KEEP}, {0}};
static const struct attribute of_ipv4[] = {{IFLA_INET_CONF, KEEP}, {0}};
static const struct attribute of_ipv6[] = {{IFLA_INET6_CONF, KEEP}, {0}};
static const struct attribute of_families[] = {{AF_INET, NEST, of_ipv4}, {AF_INET6, NEST, of_ipv6}, {0}};
static const struct attribute of_link[] = {
	{IFLA_IFNAME, INTERFACE},  {IFLA_MTU, KEEP},	 {IFLA_LINK, KEEP},	   {IFLA_MASTER, KEEP},
	{IFLA_QDISC, KEEP},	   {IFLA_TXQLEN, KEEP},	 {IFLA_OPERSTATE, KEEP},   {IFLA_LINKMODE, KEEP},
	{IFLA_CARRIER, KEEP},	   {IFLA_STATS64, KEEP}, {IFLA_NUM_TX_QUEUES, KEEP}, {IFLA_NUM_RX_QUEUES, KEEP},
	{IFLA_GSO_MAX_SIZE, KEEP}, {IFLA_GSO_MAX_SEGS, KEEP}, {IFLA_LINKINFO, NEST, of_kind}, {IFLA_AF_SPEC, NEST, of_families},
	{0},
};
static const struct attribute of_address[] = {{IFA_ADDRESS, ADDRESS}, {IFA_LOCAL, ADDRESS}, {IFA_FLAGS, KEEP}, {0}};
static const struct attribute of_route[] = {
	{RTA_DST, ADDRESS}, {RTA_SRC, ADDRESS}, {RTA_GATEWAY, ADDRESS}, {RTA_PREFSRC, ADDRESS}, {RTA_OIF, KEEP}, {RTA_TABLE, KEEP}, {0},
};
static const struct attribute of_qdisc[] = {
	{TCA_KIND, KEEP}, {TCA_OPTIONS, KEEP}, {TCA_STATS, KEEP}, {TCA_XSTATS, KEEP}, {TCA_STATS2, KEEP}, {0},
};

/* The header has the same number in every answer of ethtool's. */
static const struct attribute of_device[] = {
	{ETHTOOL_A_HEADER_DEV_INDEX, KEEP}, {ETHTOOL_A_HEADER_DEV_NAME, INTERFACE}, {ETHTOOL_A_HEADER_FLAGS, KEEP}, {0},
};
static const struct attribute of_ethtool[] = {{ETHTOOL_A_RINGS_HEADER, NEST, of_device}, {ANY, KEEP}, {0}};
static const struct attribute of_family[] = {
	{CTRL_ATTR_FAMILY_ID, KEEP}, {CTRL_ATTR_FAMILY_NAME, KEEP}, {CTRL_ATTR_VERSION, KEEP}, {0},
};

/* By file, as far as its name goes, and message. */
static const struct answer {
	const char *file;
	uint16_t type;
	size_t head; /* before the attributes */
	const struct attribute *attributes;
} answers[] = {
	{"tcp", SOCK_DIAG_BY_FAMILY, sizeof(struct inet_diag_msg), of_socket},
	{"tcp", TCPDIAG_SOCKET, sizeof(struct inet_diag_msg), of_socket},
	{"links.rtnl", RTM_NEWLINK, sizeof(struct ifinfomsg), of_link},
	{"addresses.rtnl", RTM_NEWADDR, sizeof(struct ifaddrmsg), of_address},
	{"routes.rtnl", RTM_NEWROUTE, sizeof(struct rtmsg), of_route},
	{"qdiscs.rtnl", RTM_NEWQDISC, sizeof(struct tcmsg), of_qdisc},
	{"ethtool-family.genl", GENL_ID_CTRL, sizeof(struct genlmsghdr), of_family},
	{"ethtool-", ANY, sizeof(struct genlmsghdr), of_ethtool},
};

static const struct attribute *attribute_of(const struct attribute *table, unsigned type)
{
	for (; table->how != LEAVE_OUT; table++)
		if (table->type == type || table->type == ANY)
			return table;
	return NULL;
}

static void align(struct text *t)
{
	static const char zeros[NLMSG_ALIGNTO] = {0};

	text_addn(t, zeros, (NLMSG_ALIGNTO - t->len % NLMSG_ALIGNTO) % NLMSG_ALIGNTO);
}

static void add_attributes(struct mask *m, const struct attribute *table, const char *p, size_t left, unsigned depth,
			   struct text *ret);

static void add_address(struct mask *m, const char *payload, size_t n, struct text *ret)
{
	uint8_t bytes[16];

	memcpy(bytes, payload, min_of(n, sizeof(bytes)));
	if (n == 4)
		mask_ipv4(m, bytes);
	else if (n == 16)
		mask_ipv6(m, bytes);
	else
		return;
	text_addn(ret, (const char *)bytes, n);
}

static void add_payload(struct mask *m, const struct attribute *a, const char *payload, size_t n, unsigned depth,
			struct text *ret)
{
	uint64_t id;

	switch (a->how) {
	case ADDRESS:
		add_address(m, payload, n, ret);
		break;
	case INTERFACE:
		mask_interface(m, payload, strnlen(payload, n), ret);
		text_addn(ret, "", 1);
		break;
	case CGROUP:
		memcpy(&id, payload, min_of(n, sizeof(id)));
		id = n == sizeof(id) ? mask_number(m, MASK_CGROUP, id) : 0;
		text_addn(ret, (const char *)&id, sizeof(id));
		break;
	case NEST:
		add_attributes(m, a->nested, payload, n, depth + 1, ret);
		break;
	default:
		text_addn(ret, payload, n);
	}
}

static void add_attributes(struct mask *m, const struct attribute *table, const char *p, size_t left, unsigned depth,
			   struct text *ret)
{
	struct nlattr a;

	if (depth > NESTS_MAX)
		return;
	while (left >= NLA_HDRLEN) {
		const struct attribute *rule;
		size_t start = ret->len, step;

		memcpy(&a, p, sizeof(a));
		if (a.nla_len < NLA_HDRLEN || a.nla_len > left)
			break;
		rule = attribute_of(table, a.nla_type & NLA_TYPE_MASK);
		step = min_of((size_t)NLA_ALIGN(a.nla_len), left);
		if (rule) {
			text_addn(ret, (const char *)&a, sizeof(a));
			add_payload(m, rule, p + NLA_HDRLEN, a.nla_len - NLA_HDRLEN, depth, ret);
			a.nla_len = (uint16_t)(ret->len - start);
			memcpy(ret->s + start, &a, sizeof(a));
			align(ret);
		}
		p += step;
		left -= step;
	}
}

/* Its bytes behind an IPv4 address mean nothing, and may hold anything. */
static void mask_endpoint(struct mask *m, uint8_t family, uint32_t address[4])
{
	if (family == AF_INET) {
		mask_ipv4(m, (uint8_t *)address);
		memset(address + 1, 0, 3 * sizeof(*address));
	} else {
		mask_ipv6(m, (uint8_t *)address);
	}
}

static void add_head(struct mask *m, const struct answer *answer, const char *payload, struct text *ret)
{
	struct inet_diag_msg s;

	if (answer->attributes != of_socket) {
		text_addn(ret, payload, answer->head);
		return;
	}
	memcpy(&s, payload, sizeof(s));
	mask_endpoint(m, s.idiag_family, s.id.idiag_src);
	mask_endpoint(m, s.idiag_family, s.id.idiag_dst);
	s.idiag_uid = (uint32_t)mask_number(m, MASK_UID, s.idiag_uid);
	s.idiag_inode = (uint32_t)mask_number(m, MASK_INODE, s.idiag_inode);
	text_addn(ret, (const char *)&s, sizeof(s));
}

/* The end of a dump, or a refusal: which holds the whole question. */
static size_t control_length(const struct nlmsghdr *h, size_t payload)
{
	if (h->nlmsg_type == NLMSG_DONE)
		return min_of(payload, sizeof(int));
	return payload < sizeof(struct nlmsgerr) ? 0 : sizeof(struct nlmsgerr);
}

static const struct answer *answer_of(const char *file, uint16_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		if (!strncmp(answers[i].file, file, strlen(answers[i].file)) && (answers[i].type == type || answers[i].type == ANY))
			return &answers[i];
	return NULL;
}

/* The kernel aligns attributes, behind heads of less than that too. */
static void add_body(struct mask *m, const struct answer *answer, const char *payload, size_t n, struct text *ret)
{
	size_t head = NLMSG_ALIGN(answer->head);

	add_head(m, answer, payload, ret);
	align(ret);
	if (n > head)
		add_attributes(m, answer->attributes, payload + head, n - head, 0, ret);
}

static void add_message(struct mask *m, const char *file, const char *message, struct text *ret)
{
	const struct answer *answer;
	size_t start = ret->len, n;
	struct nlmsghdr h;

	memcpy(&h, message, sizeof(h));
	n = h.nlmsg_len - sizeof(h);
	h.nlmsg_pid = 0; /* ours */
	answer = answer_of(file, h.nlmsg_type);
	if (h.nlmsg_type >= NLMSG_MIN_TYPE && (!answer || n < answer->head))
		return;
	text_addn(ret, (const char *)&h, sizeof(h));
	message += sizeof(h);
	if (h.nlmsg_type >= NLMSG_MIN_TYPE) {
		add_body(m, answer, message, n, ret);
	} else if (h.nlmsg_type != NLMSG_NOOP) {
		text_addn(ret, message, control_length(&h, n));
		align(ret);
	}
	h.nlmsg_len = (uint32_t)(ret->len - start);
	memcpy(ret->s + start, &h, sizeof(h));
}

void mask_netlink(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	struct nlmsghdr h;

	/* The pieces begin where a message begins. */
	align(ret);
	while (n >= sizeof(h)) {
		size_t step;

		memcpy(&h, bytes, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > n)
			return;
		add_message(m, file, bytes, ret);
		step = min_of((size_t)NLMSG_ALIGN(h.nlmsg_len), n);
		bytes += step;
		n -= step;
	}
}
