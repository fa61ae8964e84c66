/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces: what rtnetlink and ethtool answer, and which figure of speed is believed. */
#include "unit-host.h"

#include "collect/link.h"

#include <linux/pkt_sched.h>

static void links_done(struct links *l)
{
	links_clear(l);
}

#define _cleanup_links_ _cleanup_(links_done)

static void read_links(struct host *h, struct links *l)
{
	_cleanup_(root_freep) struct root *r = NULL;

	host_write(h);
	r = host_open(h);
	assert_int_equal(links_read(r, l), 0);
	links_read_speeds(r, l);
}

static void put_link(struct host *h, uint32_t index, void (*fill)(struct text *t))
{
	struct ifinfomsg m = {.ifi_index = (int)index, .ifi_flags = IFF_RUNNING};
	size_t at = message_begin(&h->links, RTM_NEWLINK, &m, sizeof(m));

	fill(&h->links);
	message_end(&h->links, at);
}

/* rtnetlink */

static void an_interface_is_described(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};
	const struct link *e;

	host_nic(&h, &(struct nic){.index = 1, .name = "lo", .flags = IFF_LOOPBACK | IFF_RUNNING, .mtu = 65536});
	host_nic(
		&h,
		&(struct nic){
			.index = 7, .name = "veth7", .kind = "veth", .master = 3, .mtu = 9000, .qdisc = "noqueue"});
	host_nic(&h, &(struct nic){.index = 8, .name = "eth8", .flags = IFF_UP});
	read_links(&h, &l);
	assert_int_equal(l.count, 3);
	e = links_find(&l, 7);
	assert_string_equal(e->name, "veth7");
	assert_string_equal(e->kind, "veth");
	assert_string_equal(e->qdisc, "noqueue");
	assert_int_equal(e->master, 3);
	assert_int_equal(e->mtu, 9000);
	assert_true(e->up && !e->loopback && !e->has_stats);
	assert_int_equal(e->duplex, 255);
	assert_true(links_find(&l, 1)->loopback);
	assert_false(links_find(&l, 8)->up);
	assert_null(links_find(&l, 9));
}

static void odd_attributes(struct text *t)
{
	char name[200];

	memset(name, 'n', sizeof(name));
	put(t, IFLA_IFNAME, name, sizeof(name)); /* longer than any, and without its NUL */
	put(t, IFLA_QDISC, "", 0);
	put(t, IFLA_MTU, "\1\2\3", 3); /* a byte short */
	put(t, IFLA_MASTER, "\5\0\0\0\6\0\0\0", 8);
	put(t, IFLA_LINKINFO, "\3\0\0\0", 4); /* an attribute shorter than its own head */
	put(t, IFLA_STATS64, "12345678", 8);
	put(t, 777, "?", 1);
}

static void odd_attributes_do_no_harm(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};

	put_link(&h, 4, odd_attributes);
	read_links(&h, &l);
	assert_int_equal(l.count, 1);
	assert_int_equal(strlen(l.links[0].name), sizeof(l.links[0].name) - 1);
	assert_string_equal(l.links[0].qdisc, "");
	assert_string_equal(l.links[0].kind, "");
	assert_int_equal(l.links[0].mtu, 0);
	assert_int_equal(l.links[0].master, 5);
	assert_false(l.links[0].has_stats);
}

static void old_stats(struct text *t)
{
	struct rtnl_link_stats64 s = {.rx_dropped = 5, .tx_dropped = 6, .multicast = 7};

	put(t, IFLA_STATS64, &s, offsetof(struct rtnl_link_stats64, multicast));
}

static void new_stats(struct text *t)
{
	struct {
		struct rtnl_link_stats64 s;
		uint64_t more[8];
	} s = {.s = {.rx_dropped = 1ull << 40, .tx_dropped = 2}, .more = {9}};

	put(t, IFLA_STATS64, &s, sizeof(s));
}

static void drops_of_older_and_newer_kernels_are_read(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};

	put_link(&h, 1, old_stats);
	put_link(&h, 2, new_stats);
	read_links(&h, &l);
	assert_true(l.links[0].has_stats && l.links[0].stats.rx_dropped == 5 && l.links[0].stats.tx_dropped == 6);
	assert_true(l.links[1].has_stats && l.links[1].stats.rx_dropped == 1ull << 40 && l.links[1].stats.tx_dropped == 2);
}

static void what_is_no_link_is_passed_over(void **state)
{
	struct ifinfomsg m = {.ifi_index = 5};
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};

	message_end(&h.links, message_begin(&h.links, RTM_DELLINK, &m, sizeof(m)));
	message_end(&h.links, message_begin(&h.links, RTM_NEWADDR, &m, sizeof(m)));
	message_end(&h.links, message_begin(&h.links, RTM_NEWLINK, &m, sizeof(m) - 4));
	host_nic(&h, &(struct nic){.index = 6, .name = "eth6"});
	host_nic(&h, &(struct nic){.index = 6, .name = "eth6-again"});
	read_links(&h, &l);
	assert_int_equal(l.count, 1);
	assert_string_equal(l.links[0].name, "eth6-again");
}

static void interfaces_are_bounded(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};

	for (uint32_t i = 1; i <= LINKS_MAX + 100; i++)
		host_nic(&h, &(struct nic){.index = i, .name = "dummy", .kind = "dummy"});
	read_links(&h, &l);
	assert_int_equal(l.count, LINKS_MAX);
	assert_int_equal(l.links[LINKS_MAX - 1].index, LINKS_MAX);
}

/* A dump during which an interface came or went is asked for again, and a record always says that. */
static void an_interrupted_dump_ends(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};
	struct nlmsghdr first;

	host_nic(&h, &(struct nic){.index = 1, .name = "a"});
	host_nic(&h, &(struct nic){.index = 2, .name = "b"});
	host_nic(&h, &(struct nic){.index = 3, .name = "c"});
	memcpy(&first, h.links.s, sizeof(first));
	first.nlmsg_flags |= NLM_F_DUMP_INTR;
	memcpy(h.links.s, &first, sizeof(first));
	read_links(&h, &l);
	assert_int_equal(l.count, 3);
	assert_string_equal(l.links[2].name, "c");
}

static void addresses_are_counted(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};

	host_nic(&h, &(struct nic){.index = 2, .name = "eth0"});
	for (uint32_t i = 0; i < 5; i++) {
		struct ifaddrmsg m = {.ifa_family = AF_INET, .ifa_index = i < 3 ? 2 : 99};

		message_end(&h.addresses, message_begin(&h.addresses, RTM_NEWADDR, &m, sizeof(m)));
	}
	message_end(&h.addresses, message_begin(&h.addresses, RTM_NEWADDR, "\2\0\0\0", 4));
	read_links(&h, &l);
	assert_int_equal(l.links[0].addresses, 3);
}

static void put_qdisc(struct host *h, uint32_t index, uint32_t parent, const char *kind)
{
	struct tcmsg m = {.tcm_ifindex = (int)index, .tcm_parent = parent};
	size_t at = message_begin(&h->qdiscs, RTM_NEWQDISC, &m, sizeof(m));

	put_string(&h->qdiscs, TCA_KIND, kind);
	message_end(&h->qdiscs, at);
}

/* "mq" says little: its queues say what they run. Of other disciplines the children are for classes of traffic. */
static void a_multi_queue_root_shows_its_children(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};

	host_nic(&h, &(struct nic){.index = 2, .name = "eth0", .qdisc = "mq"});
	host_nic(&h, &(struct nic){.index = 3, .name = "eth1", .qdisc = "htb"});
	host_nic(&h, &(struct nic){.index = 4, .name = "eth2", .qdisc = "mq"});
	put_qdisc(&h, 2, TC_H_ROOT, "mq");
	put_qdisc(&h, 2, TC_H_INGRESS, "ingress");
	put_qdisc(&h, 2, 1, "fq_codel");
	put_qdisc(&h, 2, 2, "fq_codel");
	put_qdisc(&h, 3, TC_H_ROOT, "htb");
	put_qdisc(&h, 3, 0x10001, "sfq");
	put_qdisc(&h, 4, TC_H_ROOT, "mq");
	put_qdisc(&h, 99, 1, "fq");
	read_links(&h, &l);
	assert_string_equal(links_find(&l, 2)->qdisc, "mq (fq_codel)");
	assert_string_equal(links_find(&l, 3)->qdisc, "htb");
	assert_string_equal(links_find(&l, 4)->qdisc, "mq");
}

/* ethtool and sysfs */

static void ethtool_tells_speed_and_duplex(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};

	host_ethtool(&h);
	host_nic(&h, &(struct nic){.index = 2, .name = "eth0"});
	host_nic(&h, &(struct nic){.index = 3, .name = "eth1"});
	host_speed(&h, 2, 25000, 1);
	host_speed(&h, 3, 100, 0);
	host_speed(&h, 99, 100, 0);
	read_links(&h, &l);
	assert_int_equal(l.links[0].speed, 25000);
	assert_int_equal(l.links[0].duplex, 1);
	assert_false(l.links[0].from_sysfs);
	assert_int_equal(l.links[1].speed, 100);
	assert_int_equal(l.links[1].duplex, 0);
}

static void speeds_that_cannot_be_are_none(void **state)
{
	static const uint32_t speeds[] = {0, UINT32_MAX, UINT32_MAX - 1, 100 * 1000 * 1000 + 1};

	for (size_t i = 0; i < ARRAY_SIZE(speeds); i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		_cleanup_links_ struct links l = {0};

		host_ethtool(&h);
		host_nic(&h, &(struct nic){.index = 2, .name = "eth0"});
		host_speed(&h, 2, speeds[i], 255);
		read_links(&h, &l);
		assert_int_equal(l.links[0].speed, 0);
		assert_int_equal(l.links[0].duplex, 255);
	}
}

static void ethtool_answers_that_are_no_answers(void **state)
{
	struct genlmsghdr g = {.cmd = ETHTOOL_MSG_LINKMODES_GET_REPLY};
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};
	size_t at;

	host_ethtool(&h);
	host_nic(&h, &(struct nic){.index = 2, .name = "eth0"});
	message_end(&h.modes, message_begin(&h.modes, 0x15, "", 0)); /* without even a head */
	at = message_begin(&h.modes, 0x15, &g, sizeof(g));
	put_u32(&h.modes, ETHTOOL_A_LINKMODES_SPEED, 10); /* of which device? */
	message_end(&h.modes, at);
	at = message_begin(&h.modes, 0x15, &g, sizeof(g));
	put(&h.modes, ETHTOOL_A_LINKMODES_HEADER | NLA_F_NESTED, "\6\0\1\0\2\0\0\0", 8); /* an index of two bytes */
	put(&h.modes, ETHTOOL_A_LINKMODES_SPEED, "\1", 1);
	message_end(&h.modes, at);
	read_links(&h, &l);
	assert_int_equal(l.links[0].speed, 0);
}

static const struct {
	const char *speed, *duplex; /* NULL: no such file */
	uint32_t mbit;
	uint8_t is;
} files[] = {
	{"1000\n", "full\n", 1000, 1},	{"100\n", "half\n", 100, 0},	{"10\n", "unknown\n", 10, 255},
	{"10\n", NULL, 10, 255},	{"-1\n", "full\n", 0, 1},	{"0\n", NULL, 0, 255},
	{"4294967295\n", NULL, 0, 255}, {"\n", NULL, 0, 255},		{"fast\n", NULL, 0, 255},
	{NULL, "full\n", 0, 255},	{"4294968296\n", NULL, 0, 255},
};

/* Old kernels have no ethtool over netlink. */
static void sysfs_tells_where_ethtool_does_not(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct tree *t = NULL;
		_cleanup_host_ struct host h = {0};
		_cleanup_links_ struct links l = {0};

		(void)state;
		assert_int_equal(tree_setup((void **)&t), 0);
		h.tree = t;
		host_nic(&h, &(struct nic){.index = 2, .name = "eth0"});
		if (files[i].speed)
			host_file(&h, "sys/class/net/eth0/speed", files[i].speed);
		if (files[i].duplex)
			host_file(&h, "sys/class/net/eth0/duplex", files[i].duplex);
		read_links(&h, &l);
		if (l.links[0].speed != files[i].mbit || l.links[0].duplex != files[i].is ||
		    l.links[0].from_sysfs != (files[i].mbit != 0))
			fail_msg("row %zu: %u Mbit/s, duplex %u", i, l.links[0].speed, l.links[0].duplex);
		assert_int_equal(tree_teardown((void **)&t), 0);
	}
}

static void sysfs_is_asked_of_links_that_carry_traffic(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};

	host_nic(&h, &(struct nic){.index = 1, .name = "lo", .flags = IFF_LOOPBACK | IFF_RUNNING});
	host_nic(&h, &(struct nic){.index = 2, .name = "eth0", .flags = IFF_UP});
	host_nic(&h, &(struct nic){.index = 3, .name = "../../../outside"});
	host_nic(&h, &(struct nic){.index = 4, .name = ".."});
	host_file(&h, "sys/class/net/lo/speed", "10\n");
	host_file(&h, "sys/class/net/eth0/speed", "10\n");
	host_file(&h, "outside/speed", "10\n");
	tree_write(*state, "outside/speed", "10\n");
	read_links(&h, &l);
	for (size_t i = 0; i < l.count; i++)
		assert_int_equal(l.links[i].speed, 0);
}

/* Which figure is believed */

static const struct {
	const char *kind;
	uint32_t mbit;
	double rate;
	bool sure;
	const char *source;
} beliefs[] = {
	{NULL, 1000, 125e6, true, "ethtool"},
	{NULL, 0, 0, false, "names no speed"},
	{"vlan", 1000, 125e6, true, "ethtool"},
	{"macvlan", 1000, 125e6, true, "ethtool"},
	{"veth", 10000, 0, false, "the veth driver's constant of 10000 Mbit/s"},
	{"tun", 10, 0, false, "the tun driver's constant of 10 Mbit/s"},
	{"bridge", 10000, 0, false, "constant"},
	{"dummy", 0, 0, false, "names no speed"},
	{"bond", 2000, 0, false, "names no speed"},
	{"team", 2000, 0, false, "names no speed"},
};

static void constants_of_virtual_drivers_are_not_believed(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(beliefs); i++) {
		_cleanup_host_ struct host h = {.tree = *state};
		_cleanup_links_ struct links l = {0};
		struct arena a = ARENA_NULL;

		host_ethtool(&h);
		host_nic(&h,
			 &(struct nic){.index = 2, .name = "x", .kind = beliefs[i].kind, .mbit = beliefs[i].mbit});
		read_links(&h, &l);
		links_judge_speeds(&l, NULL, &a);
		if (l.links[0].rate != beliefs[i].rate || l.links[0].rate_sure != beliefs[i].sure ||
		    !strstr(l.links[0].rate_source, beliefs[i].source))
			fail_msg("row %zu: %g from %s", i, l.links[0].rate, l.links[0].rate_source);
		arena_clear(&a);
	}
}

static void a_declared_speed_wins_over_all(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};
	struct arena a = ARENA_NULL;

	host_ethtool(&h);
	host_nic(&h, &(struct nic){.index = 2, .name = "eth0", .mbit = 1000});
	host_nic(&h, &(struct nic){.index = 3, .name = "veth0", .kind = "veth", .mbit = 10000});
	host_nic(&h, &(struct nic){.index = 4, .name = "bond0", .kind = "bond"});
	host_nic(&h, &(struct nic){.index = 5, .name = "eth1", .mbit = 1000});
	assert_int_equal(config_add_speed(&h.config, "eth0", "200 Mbit/s"), 0);
	assert_int_equal(config_add_speed(&h.config, "veth0", "200 Mbit/s"), 0);
	assert_int_equal(config_add_speed(&h.config, "bond0", "200 Mbit/s"), 0);
	assert_int_equal(config_add_speed(&h.config, "eth", "1 Mbit/s"), 0);
	read_links(&h, &l);
	links_judge_speeds(&l, &h.config, &a);
	for (size_t i = 0; i < 3; i++) {
		assert_true(l.links[i].rate == 25e6 && l.links[i].rate_sure);
		assert_string_equal(l.links[i].rate_source, "declared");
	}
	assert_true(l.links[3].rate == 125e6);
	arena_clear(&a);
}

/* A bond that is its own member, and members that name a bond which is none. */
static void circles_of_members_end(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	_cleanup_links_ struct links l = {0};
	struct arena a = ARENA_NULL;

	host_ethtool(&h);
	host_nic(&h, &(struct nic){.index = 2, .name = "a", .kind = "bond", .master = 3, .mbit = 10});
	host_nic(&h, &(struct nic){.index = 3, .name = "b", .kind = "bond", .master = 2, .mbit = 20});
	host_nic(&h, &(struct nic){.index = 4, .name = "c", .kind = "bond", .master = 4, .mbit = 40});
	host_nic(&h, &(struct nic){.index = 5, .name = "d", .master = 77, .mbit = 50});
	read_links(&h, &l);
	links_judge_speeds(&l, NULL, &a);
	assert_true(links_find(&l, 2)->rate == 20e6 / 8);
	assert_true(links_find(&l, 5)->rate == 50e6 / 8);
	arena_clear(&a);
}

/* Routes: a record holds the answers to all questions in one file. */

static uint32_t route(struct host *h, const char *dst)
{
	_cleanup_(root_freep) struct root *r = NULL;
	const struct address none = {0};
	uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
	struct address a;

	if (inet_pton(AF_INET, dst, bytes + 12) != 1)
		assert_int_equal(inet_pton(AF_INET6, dst, bytes), 1);
	a = address_from_bytes(bytes, false);
	host_write(h);
	r = host_open(h);
	return links_route(r, &a, &none);
}

static void a_route_is_the_answer_for_that_peer(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	host_route(&h, "192.0.2.1", 3);
	host_route(&h, "2001:db8::1", 4);
	host_route(&h, "198.51.100.1", 5);
	assert_int_equal(route(&h, "192.0.2.1"), 3);
	assert_int_equal(route(&h, "2001:db8::1"), 4);
	assert_int_equal(route(&h, "198.51.100.1"), 5);
	/* A record may have asked about a neighbour in the same network; of another network it says nothing. */
	assert_int_equal(route(&h, "192.0.2.2"), 3);
	assert_int_equal(route(&h, "2001:db8::2"), 4);
	assert_int_equal(route(&h, "192.0.3.1"), 0);
	assert_int_equal(route(&h, "2001:db9::1"), 0);
}

static void an_answer_without_interface_is_no_route(void **state)
{
	struct rtmsg m = {.rtm_family = AF_INET};
	_cleanup_host_ struct host h = {.tree = *state};
	size_t at = message_begin(&h.routes, RTM_NEWROUTE, &m, sizeof(m));

	put_address(&h.routes, RTA_DST, "192.0.2.1");
	message_end(&h.routes, at);
	message_end(&h.routes, message_begin(&h.routes, RTM_NEWROUTE, &m, sizeof(m) - 4));
	assert_int_equal(route(&h, "192.0.2.1"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(an_interface_is_described),
		in_tree(odd_attributes_do_no_harm),
		in_tree(drops_of_older_and_newer_kernels_are_read),
		in_tree(what_is_no_link_is_passed_over),
		in_tree(interfaces_are_bounded),
		in_tree(an_interrupted_dump_ends),
		in_tree(addresses_are_counted),
		in_tree(a_multi_queue_root_shows_its_children),
		in_tree(ethtool_tells_speed_and_duplex),
		in_tree(speeds_that_cannot_be_are_none),
		in_tree(ethtool_answers_that_are_no_answers),
		cmocka_unit_test(sysfs_tells_where_ethtool_does_not),
		in_tree(sysfs_is_asked_of_links_that_carry_traffic),
		in_tree(constants_of_virtual_drivers_are_not_believed),
		in_tree(a_declared_speed_wins_over_all),
		in_tree(circles_of_members_end),
		in_tree(a_route_is_the_answer_for_that_peer),
		in_tree(an_answer_without_interface_is_no_route),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
