/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink: queueing disciplines, and what waits in those that are plain FIFOs. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/macro.h"
#include "collect/collect-private.h"

struct queue {
	char kind[32];
	uint64_t bytes;	  /* sent ever */
	uint32_t backlog; /* bytes waiting */
	bool has_stats;
};

/* For one dump: the second look takes the lesser backlog. */
struct look {
	struct links *links;
	bool second;
};

static void read_queue_stats(struct queue *q, const struct nlattr *stats)
{
	const struct nlattr *a;
	struct gnet_stats_queue queue = {0};

	mnl_attr_for_each_nested(a, stats) {
		size_t n = mnl_attr_get_payload_len(a);

		if (mnl_attr_get_type(a) == TCA_STATS_BASIC && n >= sizeof(q->bytes)) {
			memcpy(&q->bytes, mnl_attr_get_payload(a), sizeof(q->bytes));
		} else if (mnl_attr_get_type(a) == TCA_STATS_QUEUE && n >= offsetof(struct gnet_stats_queue, drops)) {
			memcpy(&queue, mnl_attr_get_payload(a), min_of(n, sizeof(queue)));
			q->backlog = queue.backlog;
			q->has_stats = true;
		}
	}
}

static struct queue read_queue(const struct nlmsghdr *h)
{
	const struct nlattr *a;
	struct queue q = {0};

	mnl_attr_for_each(a, h, sizeof(struct tcmsg)) {
		if (mnl_attr_get_type(a) == TCA_KIND) {
			memset(q.kind, 0, sizeof(q.kind));
			memcpy(q.kind, mnl_attr_get_payload(a),
			       min_of((size_t)mnl_attr_get_payload_len(a), sizeof(q.kind) - 1));
		} else if (mnl_attr_get_type(a) == TCA_STATS2) {
			read_queue_stats(&q, a);
		}
	}
	return q;
}

/* Only those without any care for who waits how long. */
static bool is_fifo(const struct queue *q)
{
	return q->has_stats && (!strcmp(q->kind, "pfifo_fast") || !strcmp(q->kind, "pfifo") ||
				!strcmp(q->kind, "bfifo") || !strcmp(q->kind, "pfifo_head_drop"));
}

/* The root alone says little of a multi-queue NIC: "mq (fq_codel)" says what its queues run. */
static int on_qdisc(void *user, const struct nlmsghdr *h)
{
	const struct tcmsg *m = mnl_nlmsg_get_payload(h);
	const struct look *look = user;
	struct link *link;
	struct queue q;

	if (h->nlmsg_type != RTM_NEWQDISC || mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return 0;
	link = links_find(look->links, (uint32_t)m->tcm_ifindex);
	if (!link || m->tcm_parent == TC_H_INGRESS)
		return 0;
	q = read_queue(h);
	if (!look->second && m->tcm_parent != TC_H_ROOT && !strcmp(link->qdisc, "mq") && *q.kind)
		snprintf(link->qdisc, sizeof(link->qdisc), "mq (%s)", q.kind);
	if (is_fifo(&q)) {
		link->fifo = true;
		link->fifo_backlog += q.backlog;
		link->fifo_bytes += q.bytes;
	}
	return 0;
}

int links_read_queues(struct root *root, struct links *l, bool second)
{
	struct {
		struct nlmsghdr h;
		struct tcmsg m;
	} q = {.h = {.nlmsg_len = sizeof(q), .nlmsg_type = RTM_GETQDISC, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	struct look look = {l, second};
	uint64_t *backlogs;
	int r;

	if (second && !l->count)
		return 0;
	backlogs = calloc(l->count ? l->count : 1, sizeof(*backlogs));
	if (!backlogs)
		return -ENOMEM;
	for (size_t i = 0; i < l->count; i++) {
		backlogs[i] = l->links[i].fifo_backlog;
		l->links[i].fifo_bytes_before = l->links[i].fifo_bytes;
		l->links[i].fifo_backlog = l->links[i].fifo_bytes = 0;
	}
	r = root_netlink(root, NETLINK_ROUTE, "qdiscs.rtnl", &q.h, on_qdisc, &look);
	for (size_t i = 0; second && i < l->count; i++)
		l->links[i].fifo_backlog = r < 0 ? 0 : min_of(backlogs[i], l->links[i].fifo_backlog);
	free(backlogs);
	return r;
}

static bool any_backlog(const struct collecting *c)
{
	for (size_t i = 0; i < c->links.count; i++)
		if (c->links.links[i].fifo_backlog)
			return true;
	return false;
}

static void set_queue(struct value *v, const struct link *l, bool twice, double window)
{
	bool moved = twice && l->fifo_bytes > l->fifo_bytes_before;
	double rate = moved ? (double)(l->fifo_bytes - l->fifo_bytes_before) / window : 0;

	v[INTERFACE_FIFO_BACKLOG] = value_number((double)l->fifo_backlog);
	v[INTERFACE_FIFO_RATE] = rate > 0 ? value_number(rate) : value_missing(VALUE_ABSENT, "nothing waited in it");
	v[INTERFACE_FIFO_DELAY] = !l->fifo_backlog ? value_number(0)
				  : rate > 0	   ? value_number((double)l->fifo_backlog / rate)
						   : value_missing(VALUE_FEW, "nothing left it within the window");
}

/* A queue that stands is there at both looks; where the first saw none the second is spared. */
void collect_queues(struct collecting *c)
{
	bool twice = any_backlog(c);
	int r = 0;

	if (c->window <= 0)
		return;
	if (twice)
		r = links_read_queues(c->root, &c->links, true);
	for (size_t i = 0; i < c->links.count; i++) {
		const struct link *l = &c->links.links[i];
		struct value *v = l->subject ? l->subject->values : NULL;

		if (!v || !l->fifo)
			continue;
		if (r < 0)
			v[INTERFACE_FIFO_BACKLOG] = v[INTERFACE_FIFO_RATE] = v[INTERFACE_FIFO_DELAY] =
				value_missing(VALUE_FEW, "the queues could not be read a second time");
		else
			set_queue(v, l, twice, c->window);
	}
}
