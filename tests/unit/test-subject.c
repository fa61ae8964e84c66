/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a census to what rules judge: listeners by their worst worker, destinations, owners and the host's states. */
#include "unit-host.h"

#define LISTEN(p, q, l, ...)                                                                                       \
	(struct row)                                                                                               \
	{                                                                                                          \
		.state = STATE_LISTEN, .src = "0.0.0.0", .dst = "0.0.0.0", .sport = (p), .rqueue = (q),            \
		.wqueue = (l), __VA_ARGS__                                                                         \
	}
#define OUT(s, p, ...)                                                                                             \
	(struct row)                                                                                               \
	{                                                                                                          \
		.state = (s), .src = "192.0.2.1", .dst = "198.51.100.2", .sport = (p), .dport = 443, __VA_ARGS__   \
	}
#define DROPS(n) .mem = {[MEM_DROPS] = (n)}, .mem_count = MEM_COUNT

#define DESTINATION "192.0.2.1 → 198.51.100.2:443"

static void both_listen(struct host *h, struct row before, struct row now)
{
	put_row(&h->listen[0], &before);
	put_row(&h->listen[1], &now);
}

static const struct value *listener_values(struct host *h, const char *name)
{
	return find_subject(h->facts ? h->facts : host_collect(h), SUBJECT_LISTENER, name)->values;
}

static const struct value *destination_values(struct host *h)
{
	return find_subject(h->facts ? h->facts : host_collect(h), SUBJECT_DESTINATION, DESTINATION)->values;
}

/* Listeners */

static void the_worst_worker_speaks_for_an_address(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	put_row(&h.listen[0], &LISTEN(8080, 0, 8, .cookie = 1, DROPS(5)));
	put_row(&h.listen[0], &LISTEN(8080, 9, 8, .cookie = 2, DROPS(0), .cgroup = 7));
	put_row(&h.listen[0], &LISTEN(8080, 0, 8, .cookie = 3, DROPS(0)));
	put_row(&h.listen[0], &LISTEN(8081, 8, 8, .cookie = 4, DROPS(0)));
	host_file(&h, "names/cgroups", "7 /system.slice/app.service\n");
	v = listener_values(&h, "0.0.0.0:8080");
	assert_number(v[LISTENER_QUEUE], 9);
	assert_number(v[LISTENER_LIMIT], 8);
	assert_number(v[LISTENER_WORKERS], 3);
	assert_number(v[LISTENER_WORKERS_FULL], 1);
	assert_number(v[LISTENER_DROPS], 0);
	assert_string_equal(find_subject(h.facts, SUBJECT_LISTENER, "0.0.0.0:8080")->unit, "app.service");
	/* Limit and one more may wait: eight of eight is not full. */
	v = listener_values(&h, "0.0.0.0:8081");
	assert_number(v[LISTENER_WORKERS_FULL], 0);
	assert_number(v[LISTENER_WORKERS], 1);
}

static void drops_that_grow_are_worse_than_a_full_queue(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .window = 1};
	const struct value *v;

	both_listen(&h, LISTEN(80, 9, 8, .cookie = 1, DROPS(100)), LISTEN(80, 9, 8, .cookie = 1, DROPS(100)));
	both_listen(&h, LISTEN(80, 0, 8, .cookie = 2, DROPS(3)), LISTEN(80, 1, 8, .cookie = 2, DROPS(7)));
	v = listener_values(&h, "0.0.0.0:80");
	assert_number(v[LISTENER_QUEUE], 1);
	assert_number(v[LISTENER_DROPS], 7);
	assert_true(v[LISTENER_DROPS].has_delta && v[LISTENER_DROPS].delta == 4);
	assert_number(v[LISTENER_WORKERS_FULL], 1);
}

/* A socket that was opened within the window has no growth to tell of. */
static void a_new_listener_has_no_growth(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .window = 1};

	put_row(&h.listen[1], &LISTEN(80, 0, 8, .cookie = 2, DROPS(7)));
	assert_false(listener_values(&h, "0.0.0.0:80")[LISTENER_DROPS].has_delta);
}

static void drops_that_the_kernel_does_not_count_are_missing(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	put_row(&h.listen[0], &LISTEN(80, 0, 8, .cookie = 2));
	assert_missing(listener_values(&h, "0.0.0.0:80")[LISTENER_DROPS], VALUE_ABSENT, "does not count");
}

static void addresses_and_devices_are_listeners_of_their_own(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct row six = LISTEN(80, 0, 8, .cookie = 2);
	struct facts *f;
	unsigned n = 0;

	put_row(&h.listen[0], &LISTEN(80, 0, 8, .cookie = 1));
	six.src = six.dst = "::";
	put_row(&h.listen[0], &six);
	put_row(&h.listen[0], &LISTEN(80, 0, 8, .cookie = 3, .ifindex = 5));
	put_row(&h.listen[0], &LISTEN(81, 0, 8, .cookie = 4));
	f = host_collect(&h);
	for (const struct subject *s = f->first[SUBJECT_LISTENER]; s; s = s->next)
		n++;
	assert_int_equal(n, 4);
	find_subject(f, SUBJECT_LISTENER, "[::]:80");
}

static void half_open_connections_are_counted_by_port(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	put_row(&h.listen[0], &LISTEN(80, 0, 8, .cookie = 1));
	put_row(&h.listen[0], &LISTEN(81, 0, 8, .cookie = 2));
	put_row(&h.sockets[0], &OUT(STATE_NEW_SYN_RECV, 80, .cookie = 3));
	put_row(&h.sockets[0], &OUT(STATE_SYN_RECV, 80, .cookie = 4));
	assert_number(listener_values(&h, "0.0.0.0:80")[LISTENER_SYN_RECV], 2);
	assert_number(listener_values(&h, "0.0.0.0:81")[LISTENER_SYN_RECV], 0);
	assert_number(h.facts->host->values[SOCKETS_SYN_RECV], 2);
}

static const char listen_catalogue[] =
	"format = 1\nknown-through = 7.1\n"
	"[net.ipv4.tcp_syncookies]\n" HOST_KEY_TEXTS "min = 0\n"
	"[net.ipv4.tcp_max_syn_backlog]\n" HOST_KEY_TEXTS "min = 1\n";

static void put_sysctls(struct host *h, const char *cookies, const char *backlog)
{
	host_file(h, "proc/sys/net/ipv4/tcp_syncookies", cookies);
	host_file(h, "proc/sys/net/ipv4/tcp_max_syn_backlog", backlog);
}

static const struct {
	const char *cookies, *backlog;
	uint32_t limit;
	double holds;
} bounds[] = {
	{"1\n", "128\n", 4096, 4097}, {"0\n", "128\n", 4096, 97}, {"0\n", "512\n", 4096, 385},
	{"0\n", "65536\n", 1024, 1025}, {"0\n", "1024\n", 64, 65},
};

/* What was measured: 97 at 128, 1025 at a backlog of 1024. */
static void half_open_connections_are_bound_by_what_cookies_say(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		_cleanup_host_ struct host h = {.tree = *state, .catalogue = listen_catalogue};

		put_sysctls(&h, bounds[i].cookies, bounds[i].backlog);
		put_row(&h.listen[0], &LISTEN(80, 0, bounds[i].limit, .cookie = 1));
		assert_number(listener_values(&h, "0.0.0.0:80")[LISTENER_SYN_LIMIT], bounds[i].holds);
	}
}

static void connections_of_a_listener_grow(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .window = 1};
	const struct value *v;

	both_listen(&h, LISTEN(80, 3, 8, .cookie = 1), LISTEN(80, 5, 8, .cookie = 1));
	put_row(&h.listen[1], &LISTEN(81, 0, 8, .cookie = 2));
	put_row(&h.sockets[0], &OUT(STATE_ESTABLISHED, 80, .cookie = 3));
	for (uint64_t cookie = 3; cookie < 6; cookie++)
		put_row(&h.sockets[1], &OUT(STATE_ESTABLISHED, 80, .cookie = cookie));
	put_row(&h.sockets[1], &OUT(STATE_ESTABLISHED, 81, .cookie = 6));
	v = listener_values(&h, "0.0.0.0:80");
	assert_number(v[LISTENER_ESTABLISHED], 3);
	assert_true(v[LISTENER_ESTABLISHED].has_delta && v[LISTENER_ESTABLISHED].delta == 2);
	assert_number(v[LISTENER_QUEUE], 5);
	assert_number(v[LISTENER_QUEUE_LEAST], 3);
	assert_false(listener_values(&h, "0.0.0.0:81")[LISTENER_ESTABLISHED].has_delta);
}

/* Destinations */

static void ports_towards_a_destination_are_a_share_of_the_range(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	host_file(&h, "proc/sys/net/ipv4/ip_local_port_range", "40000\t40009\n");
	for (uint16_t port = 39998; port < 40004; port++)
		put_row(&h.sockets[0], &OUT(port % 2 ? STATE_ESTABLISHED : STATE_TIME_WAIT, port, .cookie = port,
					    .expires = 59000, .cgroup = port % 2 ? 7 : 0));
	host_file(&h, "names/cgroups", "7 /system.slice/app.service\n");
	v = destination_values(&h);
	assert_number(v[DESTINATION_CONNECTIONS], 6);
	assert_number(v[DESTINATION_USED], 4);
	assert_number(v[DESTINATION_USED_SHARE], 0.4);
	assert_number(v[DESTINATION_ESTABLISHED], 3);
	assert_number(v[DESTINATION_TIME_WAIT], 2); /* of the ports */
	assert_number(v[DESTINATION_OPENS], 0.3);
	assert_string_equal(find_subject(h.facts, SUBJECT_DESTINATION, DESTINATION)->unit, "app.service");
	assert_number(h.facts->host->values[HOST_PORTS_WORST], 0.4);
	assert_missing(v[DESTINATION_SYN_STUCK_FOR], VALUE_ABSENT, "none is stuck");
}

static void without_a_range_there_is_no_share(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	host_file(&h, "proc/sys/net/ipv4/tcp_syn_retries", "6\n");
	put_row(&h.sockets[0], &OUT(STATE_ESTABLISHED, 40000, .cookie = 1));
	assert_missing(destination_values(&h)[DESTINATION_USED_SHARE], VALUE_ABSENT, NULL);
	assert_missing(h.facts->host->values[HOST_PORTS_WORST], VALUE_ABSENT, NULL);
}

/* connect() passes over a port that somebody listens on. */
static void ports_of_listeners_are_no_ports_for_outgoing_connections(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	host_file(&h, "proc/sys/net/ipv4/ip_local_port_range", "40000\t40009\n");
	put_row(&h.listen[0], &LISTEN(40005, 0, 8, .cookie = 1));
	put_row(&h.listen[0], &LISTEN(40005, 0, 8, .cookie = 2));
	put_row(&h.listen[0], &LISTEN(80, 0, 8, .cookie = 3));
	for (uint16_t port = 40000; port < 40003; port++)
		put_row(&h.sockets[0], &OUT(STATE_ESTABLISHED, port, .cookie = port));
	assert_number(destination_values(&h)[DESTINATION_USED_SHARE], 3.0 / 9);
	assert_number(h.facts->host->values[HOST_PORTS], 9);
}

static void an_empty_range_has_no_share(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	host_file(&h, "proc/sys/net/ipv4/ip_local_port_range", "40000\t40000\n");
	host_file(&h, "proc/sys/net/ipv4/ip_local_reserved_ports", "40000\n");
	put_row(&h.sockets[0], &OUT(STATE_ESTABLISHED, 40000, .cookie = 1));
	assert_missing(destination_values(&h)[DESTINATION_USED_SHARE], VALUE_ABSENT, "empty");
}

static const struct {
	const char *retries, *linear; /* NULL: the kernel has no such key */
	double gives_up;
} syns[] = {
	{"6\n", NULL, 127},  /* since ever */
	{"6\n", "4\n", 131}, /* since 6.5 */
	{"1\n", NULL, 3},     {"5\n", "0\n", 63},
	{"8\n", NULL, 367}, /* doubled up to two minutes, and no further */
	{"40\n", NULL, 4207}, {"127\n", NULL, 14647},
};

static void connect_fails_when_the_kernel_gives_up(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(syns); i++) {
		struct tree *t = NULL;
		_cleanup_host_ struct host h = {0};
		const struct value *v;

		(void)state;
		assert_int_equal(tree_setup((void **)&t), 0);
		h.tree = t;
		host_file(&h, "proc/sys/net/ipv4/tcp_syn_retries", syns[i].retries);
		if (syns[i].linear)
			host_file(&h, "proc/sys/net/ipv4/tcp_syn_linear_timeouts", syns[i].linear);
		put_row(&h.sockets[0], &OUT(STATE_SYN_SENT, 40000, .cookie = 1, .retransmits = 3, .expires = 500));
		v = destination_values(&h);
		assert_number(v[DESTINATION_SYN_SENT], 1);
		assert_number(v[DESTINATION_SYN_STUCK], 1);
		if (fabs(v[DESTINATION_SYN_GIVES_UP].num - syns[i].gives_up) > 1e-6)
			fail_msg("after %s retries: %g s instead of %g", syns[i].retries,
				 v[DESTINATION_SYN_GIVES_UP].num, syns[i].gives_up);
		assert_int_equal(tree_teardown((void **)&t), 0);
	}
}

static void only_certain_ports_are_claimed(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	struct facts *f;

	host_file(&h, "proc/sys/net/ipv4/ip_local_port_range", "1\t65535\n");
	for (uint32_t i = 0; i < 20000; i++) {
		char peer[32];

		snprintf(peer, sizeof(peer), "10.%u.%u.1", i / 250, i % 250);
		put_row(&h.sockets[0], &(struct row){.state = STATE_ESTABLISHED,
						     .cookie = i + 1,
						     .src = "192.0.2.1",
						     .dst = peer,
						     .sport = 40000,
						     .dport = 80});
	}
	f = host_collect(&h);
	assert_non_null(f->first[SUBJECT_DESTINATION]);
	for (const struct subject *s = f->first[SUBJECT_DESTINATION]; s; s = s->next)
		assert_true(s->values[DESTINATION_USED].num <= 1 && s->values[DESTINATION_CONNECTIONS].num <= 1);
}

/* Owners */

static struct row forgotten(uint64_t cookie, uint32_t idle)
{
	struct row r = OUT(STATE_CLOSE_WAIT, 40000, .cookie = cookie, .cgroup = 7, .inode = (uint32_t)cookie,
			   .info_len = 232);

	r.info.last_data_sent = r.info.last_data_recv = r.info.last_ack_recv = idle;
	return r;
}

static void forgotten_connections_are_told_by_owner(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .window = 1};
	struct row old = forgotten(1, 90000), unread = forgotten(2, 70000), young = forgotten(3, 100);
	const struct subject *s;
	const struct value *v;

	unread.rqueue = 100;
	put_row(&h.sockets[0], &old);
	put_row(&h.sockets[1], &old);
	put_row(&h.sockets[1], &unread);
	put_row(&h.sockets[1], &young);
	host_file(&h, "sample-2/names/cgroups", "7 /system.slice/app.service\n");
	host_file(&h, "sample-2/names/holders", "1 812 app\n");
	s = find_subject(host_collect(&h), SUBJECT_OWNER, "app.service");
	v = s->values;
	assert_number(v[OWNER_SOCKETS], 3);
	assert_number(v[OWNER_CLOSE_WAIT], 3);
	assert_true(v[OWNER_CLOSE_WAIT].has_delta && v[OWNER_CLOSE_WAIT].delta == 2);
	assert_number(v[OWNER_CLOSE_WAIT_OLD], 2);
	assert_number(v[OWNER_CLOSE_WAIT_UNREAD], 1);
	assert_number(v[OWNER_CLOSE_WAIT_AGE], 90);
	assert_text(v[OWNER_CLOSE_WAIT_PEERS], "198.51.100.2:443");
	assert_int_equal(s->pid, 812);
}

static void an_owner_without_forgotten_connections_says_so(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	put_row(&h.sockets[0], &OUT(STATE_ESTABLISHED, 40000, .cookie = 1, .uid = 33));
	v = find_subject(host_collect(&h), SUBJECT_OWNER, "uid 33")->values;
	assert_number(v[OWNER_CLOSE_WAIT_OLD], 0);
	assert_missing(v[OWNER_CLOSE_WAIT_AGE], VALUE_ABSENT, "none is old");
	assert_missing(v[OWNER_CLOSE_WAIT_PEERS], VALUE_ABSENT, "none is old");
	assert_false(v[OWNER_CLOSE_WAIT].has_delta);
}

/* The host */

static void what_does_not_end_is_told_by_owner(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;

	for (uint16_t i = 0; i < 3; i++)
		put_row(&h.sockets[0],
			&OUT(STATE_FIN_WAIT1, (uint16_t)(40000 + i), .cookie = i + 1u, .cgroup = 7, .info_len = 232,
			     .timer = TIMER_RETRANSMIT, .info = {.backoff = 4, .last_ack_recv = 1000u * i}));
	put_row(&h.sockets[0], &OUT(STATE_FIN_WAIT2, 40003, .cookie = 4, .cgroup = 7, .inode = 9, .info_len = 232,
				    .info = {.last_data_sent = 70000, .last_data_recv = 70000, .last_ack_recv = 65000}));
	put_row(&h.sockets[0], &OUT(STATE_FIN_WAIT2, 40004, .cookie = 5, .timer = TIMER_TIME_WAIT));
	put_row(&h.sockets[0], &OUT(STATE_LAST_ACK, 40005, .cookie = 6, .cgroup = 7, .info_len = 232,
				    .info = {.backoff = 3, .last_ack_recv = 5000}));
	host_file(&h, "names/cgroups", "7 /system.slice/app.service\n");
	v = find_subject(host_collect(&h), SUBJECT_OWNER, "app.service")->values;
	assert_number(v[OWNER_FIN_WAIT1], 3);
	assert_number(v[OWNER_FIN_WAIT1_STUCK], 3);
	assert_number(v[OWNER_FIN_WAIT1_SINCE], 2);
	assert_number(v[OWNER_FIN_WAIT2_HELD], 1);
	assert_number(v[OWNER_FIN_WAIT2_AGE], 65);
	assert_number(v[OWNER_ORPHANS], 4);
	assert_missing(v[OWNER_IDLE], VALUE_ABSENT, "no idle time-out was declared");
	assert_number(find_subject(h.facts, SUBJECT_OWNER, "no process")->values[OWNER_FIN_WAIT2_ENDING], 1);
	assert_number(h.facts->host->values[SOCKETS_ORPHAN_HERE], 4);
	assert_number(h.facts->host->values[SOCKETS_ORPHAN_MOST], 4);
	assert_text(h.facts->host->values[SOCKETS_ORPHAN_OWNER], "app.service");
	v = destination_values(&h);
	assert_number(v[DESTINATION_LAST_ACK], 1);
	assert_number(v[DESTINATION_LAST_ACK_STUCK], 1);
	assert_number(v[DESTINATION_LAST_ACK_SILENCE], 5);
}

static void states_are_facts_of_the_last_sample(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .window = 1};
	const struct value *v;

	both_listen(&h, LISTEN(80, 0, 8, .cookie = 1), LISTEN(80, 0, 8, .cookie = 1));
	put_row(&h.sockets[0], &OUT(STATE_SYN_SENT, 40000, .cookie = 2));
	put_row(&h.sockets[1], &OUT(STATE_ESTABLISHED, 40000, .cookie = 2, .timer = TIMER_KEEPALIVE));
	put_row(&h.sockets[1], &OUT(STATE_TIME_WAIT, 40001, .cookie = 0));
	v = host_collect(&h)->host->values;
	assert_number(v[SOCKETS_LISTEN], 1);
	assert_number(v[SOCKETS_SYN_SENT], 0);
	assert_number(v[SOCKETS_ESTABLISHED], 1);
	assert_number(v[SOCKETS_KEEPALIVE], 1);
	assert_number(v[SOCKETS_TOTAL], 2);
}

static void sockets_that_cannot_be_dumped_are_not_zero(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};
	const struct facts *f;

	put_error(&h.listen[0], EPERM);
	f = host_collect(&h);
	/* Both the old message and the new one. */
	assert_missing(f->host->values[SOCKETS_ESTABLISHED], VALUE_UNREAD, "could not be dumped");
	assert_non_null(f->untold[SUBJECT_LISTENER]);
	assert_non_null(f->untold[SUBJECT_PATH]);
	assert_null(f->first[SUBJECT_LISTENER]);
	assert_true(has_note(f, "sockets could not be dumped"));
}

static void what_was_malformed_is_noted(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	put_row(&h.sockets[0], &(struct row){.state = 200});
	host_collect(&h);
	assert_true(has_note(h.facts, "1 malformed sock_diag messages"));
}

/* Samples, and what could not be read */

static void a_second_sample_that_is_missing_is_noted(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .window = 2};
	_cleanup_(root_freep) struct root *r = NULL;
	struct collect_options o = {.rules = &h.rules, .config = &h.config};
	char path[4200];

	host_load_catalogue(&h);
	host_write(&h);
	tree_path(*state, "r/sample-2", path, sizeof(path));
	assert_int_equal(nftw(path, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	r = host_open(&h);
	assert_int_equal(collect(r, &o, &h.facts), 0);
	assert_true(has_note(h.facts, "second sample is missing"));
	assert_true(h.facts->window == 0);
}

static void a_second_dump_that_fails_leaves_the_first(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state, .window = 2};

	put_row(&h.sockets[0], &OUT(STATE_ESTABLISHED, 40000, .cookie = 1));
	put_error(&h.sockets[1], ENOBUFS);
	assert_number(host_collect(&h)->host->values[SOCKETS_ESTABLISHED], 1);
	assert_true(has_note(h.facts, "second dump of sockets failed"));
}

static void interfaces_that_cannot_be_read_are_unknown(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	put_error(&h.links, EPERM);
	host_collect(&h);
	assert_non_null(h.facts->untold[SUBJECT_INTERFACE]);
	assert_true(has_note(h.facts, "interfaces could not be read"));
}

static void bytes_that_are_no_messages_are_noted(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	put_row(&h.sockets[0], &OUT(STATE_ESTABLISHED, 40000, .cookie = 1));
	text_addn(&h.sockets[0], "tail", 4);
	assert_number(host_collect(&h)->host->values[SOCKETS_ESTABLISHED], 1);
	assert_true(has_note(h.facts, "malformed or foreign netlink messages"));
}

static void a_speed_for_no_interface_is_noted(void **state)
{
	_cleanup_host_ struct host h = {.tree = *state};

	host_nic(&h, &(struct nic){.index = 2, .name = "eth0"});
	assert_int_equal(config_add_speed(&h.config, "eth0", "1 Gbit/s"), 0);
	assert_int_equal(config_add_speed(&h.config, "eth1", "1 Gbit/s"), 0);
	host_collect(&h);
	assert_true(has_note(h.facts, "declared for eth1"));
	assert_false(has_note(h.facts, "declared for eth0"));
}

static void an_interface_is_a_subject(void **state)
{
	struct rtnl_link_stats64 stats = {.rx_dropped = 7, .tx_dropped = 8};
	struct ifinfomsg m = {.ifi_index = 3, .ifi_flags = IFF_RUNNING};
	_cleanup_host_ struct host h = {.tree = *state};
	const struct value *v;
	size_t at;

	host_ethtool(&h);
	host_nic(&h, &(struct nic){.index = 2, .name = "eth0", .mbit = 1000, .mtu = 9000, .qdisc = "fq_codel"});
	at = message_begin(&h.links, RTM_NEWLINK, &m, sizeof(m));
	put_string(&h.links, IFLA_IFNAME, "veth3");
	put(&h.links, IFLA_STATS64, &stats, sizeof(stats));
	message_end(&h.links, at);
	v = find_subject(host_collect(&h), SUBJECT_INTERFACE, "eth0")->values;
	assert_number(v[INTERFACE_SPEED], 125e6);
	assert_number(v[INTERFACE_SPEED_SURE], 1);
	assert_text(v[INTERFACE_DUPLEX], "full");
	assert_number(v[INTERFACE_MTU], 9000);
	assert_text(v[INTERFACE_QDISC], "fq_codel");
	assert_missing(v[INTERFACE_KIND], VALUE_ABSENT, "no virtual link");
	assert_missing(v[INTERFACE_RX_DROPPED], VALUE_ABSENT, NULL);
	v = find_subject(h.facts, SUBJECT_INTERFACE, "veth3")->values;
	assert_number(v[INTERFACE_RX_DROPPED], 7);
	assert_number(v[INTERFACE_TX_DROPPED], 8);
	assert_missing(v[INTERFACE_SPEED], VALUE_ABSENT, "names no speed");
	assert_missing(v[INTERFACE_DUPLEX], VALUE_ABSENT, "does not say");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(the_worst_worker_speaks_for_an_address),
		in_tree(drops_that_grow_are_worse_than_a_full_queue),
		in_tree(a_new_listener_has_no_growth),
		in_tree(drops_that_the_kernel_does_not_count_are_missing),
		in_tree(addresses_and_devices_are_listeners_of_their_own),
		in_tree(half_open_connections_are_counted_by_port),
		in_tree(half_open_connections_are_bound_by_what_cookies_say),
		in_tree(connections_of_a_listener_grow),
		in_tree(ports_towards_a_destination_are_a_share_of_the_range),
		in_tree(without_a_range_there_is_no_share),
		in_tree(ports_of_listeners_are_no_ports_for_outgoing_connections),
		in_tree(an_empty_range_has_no_share),
		cmocka_unit_test(connect_fails_when_the_kernel_gives_up),
		in_tree(only_certain_ports_are_claimed),
		in_tree(forgotten_connections_are_told_by_owner),
		in_tree(an_owner_without_forgotten_connections_says_so),
		in_tree(what_does_not_end_is_told_by_owner),
		in_tree(states_are_facts_of_the_last_sample),
		in_tree(sockets_that_cannot_be_dumped_are_not_zero),
		in_tree(what_was_malformed_is_noted),
		in_tree(a_second_sample_that_is_missing_is_noted),
		in_tree(a_second_dump_that_fails_leaves_the_first),
		in_tree(interfaces_that_cannot_be_read_are_unknown),
		in_tree(bytes_that_are_no_messages_are_noted),
		in_tree(a_speed_for_no_interface_is_noted),
		in_tree(an_interface_is_a_subject),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
