/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/sockdiag.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>

/* Missing from the headers of older build hosts; numbers from include/uapi/linux/inet_diag.h. */
enum { ATTR_MEMINFO = 1, ATTR_INFO = 2, ATTR_CONG = 4, ATTR_SKMEMINFO = 7, ATTR_CGROUP_ID = 21 };

#define ASK(attr) (1 << ((attr) - 1))
enum { ASKED = ASK(ATTR_INFO) | ASK(ATTR_SKMEMINFO) };

static const uint64_t mapped_prefix = 0xffff00000000ULL;

bool address_is_v4(const struct address *a)
{
	return a->high == 0 && (a->low & ~0xffffffffULL) == mapped_prefix;
}

bool address_is_loopback(const struct address *a)
{
	return (address_is_v4(a) && (a->low >> 24 & 0xff) == 127) || (a->high == 0 && a->low == 1);
}

bool address_is_private(const struct address *a)
{
	uint32_t v4 = (uint32_t)a->low;

	if (!address_is_v4(a))
		return a->high >> 57 == 0xfc >> 1 || a->high >> 54 == 0xfe80 >> 6 || address_is_loopback(a);
	return v4 >> 24 == 10 || v4 >> 20 == 0xac1 || v4 >> 16 == 0xc0a8 || v4 >> 16 == 0xa9fe || v4 >> 22 == 0x6440 >> 6 ||
	       v4 >> 24 == 127;
}

bool address_is_zero(const struct address *a)
{
	return a->high == 0 && (a->low == 0 || a->low == mapped_prefix);
}

struct address address_network(const struct address *a)
{
	if (address_is_v4(a))
		return (struct address){0, a->low & ~0xffULL};
	return (struct address){a->high & ~0xffffULL, 0};
}

void address_bytes(const struct address *a, uint8_t ret[16])
{
	uint64_t high = htobe64(a->high), low = htobe64(a->low);

	memcpy(ret, &high, 8);
	memcpy(ret + 8, &low, 8);
}

struct address address_from_bytes(const uint8_t *bytes, bool v4)
{
	uint64_t high, low;
	uint32_t word;

	if (v4) {
		memcpy(&word, bytes, 4);
		return (struct address){0, mapped_prefix | ntohl(word)};
	}
	memcpy(&high, bytes, 8);
	memcpy(&low, bytes + 8, 8);
	return (struct address){be64toh(high), be64toh(low)};
}

char *address_text(const struct address *a, int port, char buf[ADDRESS_TEXT_MAX])
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	address_bytes(a, bytes);
	if (address_is_v4(a))
		inet_ntop(AF_INET, bytes + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, bytes, text, sizeof(text));
	if (port < 0)
		snprintf(buf, ADDRESS_TEXT_MAX, "%s", text);
	else
		snprintf(buf, ADDRESS_TEXT_MAX, address_is_v4(a) ? "%s:%d" : "[%s]:%d", text, port);
	return buf;
}

static void decode_attribute(const struct nlattr *a, struct tcp_socket *s)
{
	const void *payload = (const char *)a + NLA_HDRLEN;
	size_t n = a->nla_len - NLA_HDRLEN;

	switch (a->nla_type & NLA_TYPE_MASK) {
	case ATTR_INFO:
		s->info_len = (unsigned)min_of(n, sizeof(s->info));
		memcpy(&s->info, payload, s->info_len);
		if (s->info_len < sizeof(s->info))
			memset((char *)&s->info + s->info_len, 0, sizeof(s->info) - s->info_len);
		break;
	case ATTR_SKMEMINFO:
		s->mem_count = (unsigned)min_of(n / 4, (size_t)MEM_COUNT);
		memcpy(s->mem, payload, s->mem_count * 4);
		if (s->mem_count < MEM_COUNT)
			memset(s->mem + s->mem_count, 0, (MEM_COUNT - s->mem_count) * 4);
		break;
	case ATTR_CGROUP_ID:
		if (n == sizeof(s->cgroup))
			memcpy(&s->cgroup, payload, sizeof(s->cgroup));
		break;
	case ATTR_CONG:
		n = min_of(n, sizeof(s->congestion) - 1);
		memcpy(s->congestion, payload, n);
		s->congestion[n] = 0;
		break;
	}
}

int sockdiag_decode(const struct nlmsghdr *h, struct tcp_socket *s)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	int left = (int)h->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*m));

	if (left < 0 || m->idiag_state >= TCP_STATES ||
	    (m->idiag_family != AF_INET && m->idiag_family != AF_INET6))
		return -EBADMSG;
	s->state = m->idiag_state == STATE_NEW_SYN_RECV ? STATE_SYN_RECV : m->idiag_state;
	s->timer = m->idiag_timer;
	s->retransmits = m->idiag_retrans;
	s->sport = ntohs(m->id.idiag_sport);
	s->dport = ntohs(m->id.idiag_dport);
	s->ifindex = m->id.idiag_if;
	s->uid = m->idiag_uid;
	s->inode = m->idiag_inode;
	s->rqueue = m->idiag_rqueue;
	s->wqueue = m->idiag_wqueue;
	s->expires = m->idiag_expires;
	s->cookie = (uint64_t)m->id.idiag_cookie[1] << 32 | m->id.idiag_cookie[0];
	s->src = address_from_bytes((const uint8_t *)m->id.idiag_src, m->idiag_family == AF_INET);
	s->dst = address_from_bytes((const uint8_t *)m->id.idiag_dst, m->idiag_family == AF_INET);
	s->cgroup = 0;
	s->mem_count = s->info_len = 0;
	s->congestion[0] = 0;
	/* By hand: with hundreds of thousands of sockets the calls into libmnl are a measurable part of the whole. */
	for (a = (const struct nlattr *)(m + 1); left >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= left;
	     a = (const struct nlattr *)((const char *)a + NLA_ALIGN(a->nla_len))) {
		decode_attribute(a, s);
		left -= NLA_ALIGN(a->nla_len);
	}
	if (s->info_len < TCPINFO_LENGTH_MIN) {
		s->info_len = 0;
		memset(&s->info, 0, sizeof(s->info));
	}
	if (!s->mem_count)
		memset(s->mem, 0, sizeof(s->mem));
	return left > 0 ? -EBADMSG : 0;
}

struct dump {
	struct tcp_socket socket; /* reused: one socket at a time */
	sockdiag_fn fn;
	void *user;
	struct sockdiag_result *result;
};

static int on_message(void *user, const struct nlmsghdr *h)
{
	struct dump *d = user;

	if ((h->nlmsg_type != SOCK_DIAG_BY_FAMILY && h->nlmsg_type != TCPDIAG_GETSOCK) ||
	    sockdiag_decode(h, &d->socket) < 0) {
		d->result->malformed++;
		return 0;
	}
	d->result->sockets++;
	d->fn(d->user, &d->socket);
	return 0;
}

static int dump_one_walk(struct root *root, uint32_t states, const char *name, struct dump *d)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req r;
	} q = {
		.h = {.nlmsg_len = sizeof(q), .nlmsg_type = TCPDIAG_GETSOCK,
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.r = {.idiag_family = AF_UNSPEC, .idiag_ext = ASKED, .idiag_states = states},
	};

	return root_netlink(root, NETLINK_SOCK_DIAG, name, &q.h, on_message, d);
}

static int dump_family(struct root *root, int family, uint32_t states, const char *name, struct dump *d)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 r;
	} q = {
		.h = {.nlmsg_len = sizeof(q), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.r = {.sdiag_family = (uint8_t)family, .sdiag_protocol = IPPROTO_TCP, .idiag_ext = ASKED,
		      .idiag_states = states},
	};
	char file[64];

	snprintf(file, sizeof(file), "%s-%s", name, family == AF_INET ? "v4" : "v6");
	return root_netlink(root, NETLINK_SOCK_DIAG, file, &q.h, on_message, d);
}

int sockdiag_dump(struct root *root, uint32_t states, const char *name, sockdiag_fn fn, void *user,
		  struct sockdiag_result *result)
{
	struct dump d = {.fn = fn, .user = user, .result = result};
	unsigned long before = result->sockets;
	int r = dump_one_walk(root, states, name, &d);

	/* The older message is refused by kernels built without it; never begin again after sockets were given. */
	if (r == 0 || result->sockets != before)
		return r;
	r = dump_family(root, AF_INET, states, name, &d);
	if (r < 0)
		return r;
	r = dump_family(root, AF_INET6, states, name, &d);
	return r == -ENOENT || r == -EAFNOSUPPORT ? 0 : r;
}

static int ask_one(struct root *root, const struct tcp_socket *s, uint8_t asked, const char *name, sockdiag_fn fn,
		   void *user)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 r;
	} q = {
		.h = {.nlmsg_len = sizeof(q), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
		.r = {.sdiag_protocol = IPPROTO_TCP, .idiag_ext = asked, .idiag_states = ~0u},
	};
	struct sockdiag_result ignored = {0};
	struct dump d = {.fn = fn, .user = user, .result = &ignored};
	bool v4 = address_is_v4(&s->dst);
	uint8_t bytes[16];

	q.r.sdiag_family = v4 ? AF_INET : AF_INET6;
	q.r.id.idiag_sport = htons(s->sport);
	q.r.id.idiag_dport = htons(s->dport);
	q.r.id.idiag_if = s->ifindex;
	q.r.id.idiag_cookie[0] = (uint32_t)s->cookie;
	q.r.id.idiag_cookie[1] = (uint32_t)(s->cookie >> 32);
	address_bytes(&s->src, bytes);
	memcpy(q.r.id.idiag_src, v4 ? bytes + 12 : bytes, v4 ? 4 : 16);
	address_bytes(&s->dst, bytes);
	memcpy(q.r.id.idiag_dst, v4 ? bytes + 12 : bytes, v4 ? 4 : 16);
	return root_netlink(root, NETLINK_SOCK_DIAG, name, &q.h, on_message, &d);
}

int sockdiag_congestion(struct root *root, const struct tcp_socket *s, sockdiag_fn fn, void *user)
{
	return ask_one(root, s, ASK(ATTR_CONG), "tcp-congestion.diag", fn, user);
}

int sockdiag_look(struct root *root, const struct tcp_socket *s, unsigned look, sockdiag_fn fn, void *user)
{
	char name[32];

	snprintf(name, sizeof(name), "tcp-look-%u.diag", look);
	return ask_one(root, s, ASKED, name, fn, user);
}
