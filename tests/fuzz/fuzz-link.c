/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces as rtnetlink, ethtool and sysfs tell of them, in a record; and routes. */
#include "record.h"

#include <math.h>

#include "collect/link.h"

static const char *const paths[] = {
	"record.conf",	       "netlink/links.rtnl",	      "netlink/addresses.rtnl",
	"netlink/qdiscs.rtnl", "netlink/ethtool-family.genl", "netlink/ethtool-linkmodes.genl",
	"netlink/routes.rtnl", "sys/class/net/eth0/speed",    "sys/class/net/eth0/duplex",
	"netlink/ethtool-rings.genl", "netlink/ethtool-features.genl",
};

static const char plain[] = "format = 1\n[host]\nkernel = 6.12.1\n";

static void check_text(const char *s, size_t size)
{
	check(memchr(s, 0, size) != NULL);
}

static void check_link(const struct links *l, const struct link *e)
{
	check(links_find(l, e->index) == e);
	check_text(e->name, sizeof(e->name));
	check_text(e->kind, sizeof(e->kind));
	check_text(e->qdisc, sizeof(e->qdisc));
	check(e->rate_source && *e->rate_source);
	check(isfinite(e->rate) && e->rate >= 0 && (e->rate > 0 || !e->rate_sure));
	check(!e->from_sysfs || e->speed);
	check(e->tso <= OFFLOAD_ON && e->gso <= OFFLOAD_ON && e->gro <= OFFLOAD_ON);
	for (enum conf_family f = CONF_IPV4; f < CONF_FAMILIES; f++)
		check(e->conf_count[f] <= CONF_ROWS_MAX && (e->has_conf || !e->conf_count[f]));
	check(e->networks <= e->addresses);
	check(e->common <= 100 * 1000 * 1000);
}

static void look(struct root *r)
{
	static const struct address peers[] = {{0, 0xffffc6336407}, {0x20010db800000000, 7}};
	struct config config = {.speeds = {{"declared0", 125e6}}, .speed_count = 1};
	struct arena a = ARENA_NULL;
	struct links l = {0};

	if (links_read(r, &l) == 0) {
		links_read_speeds(r, &l);
		links_read_nics(r, &l);
		links_judge_speeds(&l, &config, &a);
		links_read_stats(r, &l);
	}
	check(l.count <= LINKS_MAX);
	for (size_t i = 0; l.links && l.links[0].rate_source && i < l.count; i++)
		check_link(&l, &l.links[i]);
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		links_route(r, &peers[i], &(struct address){0});
	links_clear(&l);
	arena_clear(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct root *r;

	record_init(paths, ARRAY_SIZE(paths));
	record_unpack(data, size);
	record_file(0, plain, sizeof(plain) - 1);
	r = record_open();
	check(r != NULL);
	look(r);
	root_free(r);
	return 0;
}
