/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the tests of collectors: hosts made of netlink answers and files, recorded in a throw-away tree. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <math.h>

#include "unit.h"

#include "collect/collect.h"
#include "collect/sockdiag.h"

/* Netlink messages at the end of a text: begin, attributes, end. */

static inline size_t message_begin(struct text *t, uint16_t type, const void *payload, size_t n)
{
	struct nlmsghdr h = {.nlmsg_type = type, .nlmsg_flags = NLM_F_MULTI};
	size_t at = t->len;

	text_addn(t, (const char *)&h, sizeof(h));
	text_addn(t, payload, n);
	return at;
}

static inline void message_end(struct text *t, size_t at)
{
	uint32_t n = (uint32_t)(t->len - at);

	memcpy(t->s + at, &n, sizeof(n));
}

static inline void put(struct text *t, int type, const void *bytes, size_t n)
{
	struct nlattr a = {.nla_len = (uint16_t)(NLA_HDRLEN + n), .nla_type = (uint16_t)type};

	text_addn(t, (const char *)&a, sizeof(a));
	text_addn(t, bytes, n);
	text_addn(t, "\0\0\0", NLA_ALIGN(n) - n);
}

static inline void put_u32(struct text *t, int type, uint32_t v)
{
	put(t, type, &v, sizeof(v));
}

static inline void put_string(struct text *t, int type, const char *s)
{
	put(t, type, s, strlen(s) + 1);
}

/* As the kernel refuses one request of several. */
static inline void put_error(struct text *t, int error)
{
	struct nlmsgerr e = {.error = -error};

	message_end(t, message_begin(t, NLMSG_ERROR, &e, sizeof(e)));
}

static inline void put_address(struct text *t, int type, const char *address)
{
	uint8_t bytes[16];
	bool v4 = inet_pton(AF_INET, address, bytes) == 1;

	assert_true(v4 || inet_pton(AF_INET6, address, bytes) == 1);
	put(t, type, bytes, v4 ? 4 : 16);
}

/* A socket as the kernel tells of it. What is not said is zero. */

enum { ROW_MEMINFO = 7, ROW_INFO = 2, ROW_CONGESTION = 4, ROW_CGROUP = 21 };

struct row {
	uint8_t state, timer, retransmits;
	bool v6; /* a socket of that family, v4-mapped where the addresses are IPv4 */
	const char *src, *dst;
	uint16_t sport, dport;
	uint32_t ifindex, uid, inode, rqueue, wqueue, expires;
	uint64_t cookie, cgroup;
	struct tcpinfo info;
	unsigned info_len; /* bytes of it that are sent; 0: none */
	uint32_t mem[MEM_COUNT];
	unsigned mem_count;
	const char *congestion;
};

static inline void row_address(__be32 to[4], const char *address, bool v6)
{
	uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};

	if (!address)
		return;
	if (inet_pton(AF_INET, address, mapped + 12) == 1)
		memcpy(to, v6 ? mapped : mapped + 12, v6 ? 16 : 4);
	else
		assert_int_equal(inet_pton(AF_INET6, address, to), 1);
}

static inline bool row_is_v6(const struct row *r)
{
	return r->v6 || (r->dst && strchr(r->dst, ':')) || (r->src && strchr(r->src, ':'));
}

static inline struct inet_diag_msg row_header(const struct row *r)
{
	bool v6 = row_is_v6(r);
	struct inet_diag_msg m = {
		.idiag_family = v6 ? AF_INET6 : AF_INET,
		.idiag_state = r->state,
		.idiag_timer = r->timer,
		.idiag_retrans = r->retransmits,
		.idiag_expires = r->expires,
		.idiag_rqueue = r->rqueue,
		.idiag_wqueue = r->wqueue,
		.idiag_uid = r->uid,
		.idiag_inode = r->inode,
	};

	m.id.idiag_sport = htons(r->sport);
	m.id.idiag_dport = htons(r->dport);
	m.id.idiag_if = r->ifindex;
	m.id.idiag_cookie[0] = (uint32_t)r->cookie;
	m.id.idiag_cookie[1] = (uint32_t)(r->cookie >> 32);
	row_address(m.id.idiag_src, r->src, v6);
	row_address(m.id.idiag_dst, r->dst, v6);
	return m;
}

static inline void put_row(struct text *t, const struct row *r)
{
	struct inet_diag_msg m = row_header(r);
	size_t at = message_begin(t, SOCK_DIAG_BY_FAMILY, &m, sizeof(m));

	if (r->info_len)
		put(t, ROW_INFO, &r->info, min_of((size_t)r->info_len, sizeof(r->info)));
	if (r->mem_count)
		put(t, ROW_MEMINFO, r->mem, r->mem_count * sizeof(*r->mem));
	if (r->cgroup)
		put(t, ROW_CGROUP, &r->cgroup, sizeof(r->cgroup));
	if (r->congestion)
		put_string(t, ROW_CONGESTION, r->congestion);
	message_end(t, at);
}

/* A host, as a record of two samples. */

struct host {
	const struct tree *tree;
	const char *kernel, *catalogue; /* NULL: 6.12, and the keys that paths and ports ask for */
	const char *missing;		/* "PATH = ERRNO\n" of what could not be read, or NULL */
	double window;			/* 0: one sample */
	struct text links, addresses, qdiscs, family, modes, routes;
	struct text listen[2], sockets[2], congestion; /* by sample; the latter of the last one */
	struct config config;
	struct ruleset rules;
	struct facts *facts;
};

#define HOST_KEY_TEXTS "title = t\nabout = a\napplies = live\nrefs = r\n"

static const char host_catalogue[] =
	"format = 1\nknown-through = 7.1\n"
	"[net.ipv4.tcp_rmem]\n" HOST_KEY_TEXTS "elements = 3\nunit = bytes\nmin = 1\n"
	"[net.ipv4.tcp_wmem]\n" HOST_KEY_TEXTS "elements = 3\nunit = bytes\nmin = 1\n"
	"[net.ipv4.ip_local_port_range]\n" HOST_KEY_TEXTS "elements = 2\nunit = ports\nmin = 1\n"
	"[net.ipv4.ip_local_reserved_ports]\n" HOST_KEY_TEXTS "type = ranges\n"
	"[net.ipv4.tcp_syn_retries]\n" HOST_KEY_TEXTS "min = 1\n"
	"[net.ipv4.tcp_syn_linear_timeouts]\n" HOST_KEY_TEXTS "min = 0\n";

static inline void host_clear(struct host *h)
{
	struct text *texts[] = {&h->links,	&h->addresses,	&h->qdiscs,    &h->family,
				&h->modes,	&h->routes,	&h->listen[0], &h->listen[1],
				&h->sockets[0], &h->sockets[1], &h->congestion};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		text_clear(texts[i]);
	facts_free(h->facts);
	ruleset_clear(&h->rules);
	config_clear(&h->config);
}

#define _cleanup_host_ _cleanup_(host_clear)

static inline const char *in_record(const char *path, char *buf, size_t size)
{
	assert_true((size_t)snprintf(buf, size, "r/%s", path) < size);
	return buf;
}

static inline void host_file(const struct host *h, const char *path, const char *text)
{
	char buf[512];

	tree_write(h->tree, in_record(path, buf, sizeof(buf)), text);
}

static inline void host_bytes(const struct host *h, const char *path, const struct text *t)
{
	char buf[512];

	tree_write_bytes(h->tree, in_record(path, buf, sizeof(buf)), text_get(t), t->len);
}

struct nic {
	uint32_t index, master, mtu;
	const char *name, *kind, *qdisc;
	unsigned flags; /* 0: IFF_RUNNING */
	uint32_t mbit;	/* as ethtool says; 0: says nothing */
};

static inline void host_speed(struct host *h, uint32_t index, uint32_t mbit, uint8_t duplex)
{
	struct genlmsghdr g = {.cmd = ETHTOOL_MSG_LINKMODES_GET_REPLY, .version = 1};
	size_t at = message_begin(&h->modes, 0x15, &g, sizeof(g));
	struct text device = TEXT_NULL;

	put_u32(&device, ETHTOOL_A_HEADER_DEV_INDEX, index);
	put(&h->modes, ETHTOOL_A_LINKMODES_HEADER | NLA_F_NESTED, device.s, device.len);
	put_u32(&h->modes, ETHTOOL_A_LINKMODES_SPEED, mbit);
	put(&h->modes, ETHTOOL_A_LINKMODES_DUPLEX, &duplex, 1);
	message_end(&h->modes, at);
	text_clear(&device);
}

static inline void host_nic(struct host *h, const struct nic *n)
{
	struct ifinfomsg m = {.ifi_index = (int)n->index, .ifi_flags = n->flags ? n->flags : IFF_RUNNING};
	size_t at = message_begin(&h->links, RTM_NEWLINK, &m, sizeof(m));
	struct text kind = TEXT_NULL;

	put_string(&h->links, IFLA_IFNAME, n->name);
	put_u32(&h->links, IFLA_MTU, n->mtu ? n->mtu : 1500);
	put_string(&h->links, IFLA_QDISC, n->qdisc ? n->qdisc : "fq");
	if (n->master)
		put_u32(&h->links, IFLA_MASTER, n->master);
	if (n->kind) {
		put_string(&kind, IFLA_INFO_KIND, n->kind);
		put(&h->links, IFLA_LINKINFO, kind.s, kind.len);
	}
	message_end(&h->links, at);
	text_clear(&kind);
	if (n->mbit)
		host_speed(h, n->index, n->mbit, 1);
}

static inline void host_route(struct host *h, const char *dst, uint32_t index)
{
	struct rtmsg m = {.rtm_family = strchr(dst, ':') ? AF_INET6 : AF_INET};
	size_t at = message_begin(&h->routes, RTM_NEWROUTE, &m, sizeof(m));

	put_address(&h->routes, RTA_DST, dst);
	put_u32(&h->routes, RTA_OIF, index);
	message_end(&h->routes, at);
}

/* The kernel's name for ethtool's family, so that its answers are asked for. */
static inline void host_ethtool(struct host *h)
{
	struct genlmsghdr g = {.cmd = CTRL_CMD_NEWFAMILY, .version = 1};
	size_t at = message_begin(&h->family, GENL_ID_CTRL, &g, sizeof(g));
	uint16_t id = 0x15;

	put(&h->family, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	message_end(&h->family, at);
}

static inline void host_sample(const struct host *h, unsigned sample)
{
	const char *top = sample == 2 ? "sample-2/" : "";
	const struct {
		const char *name;
		const struct text *bytes;
	} files[] = {
		{"tcp-listen.diag", &h->listen[sample - 1]},
		{"tcp.diag", &h->sockets[sample - 1]},
		{"routes.rtnl", &h->routes},
		{"tcp-congestion.diag", &h->congestion},
	};
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%snetlink/%s", top, files[i].name);
		host_bytes(h, path, files[i].bytes);
	}
}

static inline void host_write(const struct host *h)
{
	char conf[1024];

	snprintf(conf, sizeof(conf), "format = 1\n[host]\nkernel = %s\nwindow = %f\nprivileged = yes\n%s%s",
		 h->kernel ? h->kernel : "6.12.1", h->window, h->missing ? "[missing]\n" : "",
		 h->missing ? h->missing : "");
	host_file(h, "record.conf", conf);
	host_bytes(h, "netlink/links.rtnl", &h->links);
	host_bytes(h, "netlink/addresses.rtnl", &h->addresses);
	host_bytes(h, "netlink/qdiscs.rtnl", &h->qdiscs);
	host_bytes(h, "netlink/ethtool-family.genl", &h->family);
	host_bytes(h, "netlink/ethtool-linkmodes.genl", &h->modes);
	host_sample(h, 1);
	if (h->window > 0)
		host_sample(h, 2);
}

static inline struct root *host_open(const struct host *h)
{
	struct diag d = {0};
	struct root *r = NULL;
	char path[4200];

	if (root_open(tree_path(h->tree, "r", path, sizeof(path)), &r, &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
	return r;
}

static inline void host_load_catalogue(struct host *h)
{
	const char *text = h->catalogue ? h->catalogue : host_catalogue;
	struct diag d = {0};

	h->rules.catalogue.arena = &h->rules.arena;
	if (catalogue_load(&h->rules.catalogue, "t.sysctl", text, strlen(text), &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
}

/* What the collectors make of it; the host keeps the facts. */
static inline struct facts *host_collect(struct host *h)
{
	struct collect_options o = {.rules = &h->rules, .config = &h->config, .owners = true, .borrow = true};
	_cleanup_(root_freep) struct root *r = NULL;

	if (!h->rules.catalogue.count)
		host_load_catalogue(h);
	host_write(h);
	r = host_open(h);
	assert_null(h->facts);
	assert_int_equal(collect(r, &o, &h->facts), 0);
	return h->facts;
}

static inline const struct subject *find_subject(const struct facts *f, enum subject_type type, const char *name)
{
	for (const struct subject *s = f->first[type]; s; s = s->next)
		if (!strcmp(s->name, name))
			return s;
	fail_msg("no %s is named '%s'%s%s", subject_defs[type].name, name, f->first[type] ? ", there is " : "",
		 f->first[type] ? f->first[type]->name : "");
	return NULL;
}

/* Values */

#define assert_number(v, n)	_assert_number(&(v), n, #v, __FILE__, __LINE__)
#define assert_text(v, s)	_assert_text(&(v), s, #v, __FILE__, __LINE__)
#define assert_missing(v, s, r) _assert_missing(&(v), s, r, #v, __FILE__, __LINE__)

/* Within a millionth, since sums of decimal fractions are not exact. */
static inline void _assert_number(const struct value *v, double n, const char *what, const char *file, int line)
{
	if (v->state == VALUE_KNOWN && !v->text && fabs(v->num - n) <= 1e-6 * fmax(1e-9, fabs(n)))
		return;
	print_error("%s is %.9g%s%s, not %.9g\n", what, v->num,
		    v->state == VALUE_KNOWN ? "" : ", missing: ", v->state == VALUE_KNOWN ? "" : value_reason(v),
		    n);
	_fail(file, line);
}

static inline void _assert_text(const struct value *v, const char *s, const char *what, const char *file, int line)
{
	if (v->state == VALUE_KNOWN && v->text && !strcmp(v->text, s))
		return;
	print_error("%s is '%s', not '%s'\n", what, v->state == VALUE_KNOWN && v->text ? v->text : value_reason(v),
		    s);
	_fail(file, line);
}

/* reason NULL: any. */
static inline void _assert_missing(const struct value *v, enum value_state state, const char *reason,
				   const char *what, const char *file, int line)
{
	if (v->state == state && (!reason || strstr(value_reason(v), reason)))
		return;
	print_error("%s is in state %d (%g), '%s', not %d, '%s'\n", what, v->state, v->num, value_reason(v), state,
		    reason ? reason : "");
	_fail(file, line);
}

/* Some note of the facts contains these words. */
static inline bool has_note(const struct facts *f, const char *says)
{
	for (size_t i = 0; i < f->note_count; i++)
		if (strstr(f->notes[i], says))
			return true;
	return false;
}
