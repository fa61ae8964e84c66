/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The census: what each socket of a dump leaves behind, and that more sockets do not take more memory. */
#include "unit-census.h"

static uint8_t local_ports[8192];

static const struct census_options options = {
	.local_ports = local_ports,
	.close_wait_age = 60000,
	.syn_retries = 3,
};

struct counting {
	struct cohort cohort;
	struct census census;
};

static int counting_setup(void **state)
{
	struct counting *k = calloc(1, sizeof(*k));

	if (!k)
		return -1;
	memset(local_ports, 0, sizeof(local_ports));
	for (unsigned port = 32768; port <= 60999; port++)
		bitmap_set(local_ports, (uint16_t)port);
	census_init(&k->census, &options, &k->cohort, false);
	*state = k;
	return 0;
}

static int counting_teardown(void **state)
{
	struct counting *k = *state;

	census_clear(&k->census);
	cohort_clear(&k->cohort);
	free(k);
	return 0;
}

#define counting(test) cmocka_unit_test_setup_teardown(test, counting_setup, counting_teardown)

static void add(void **state, struct tcp_socket s)
{
	struct counting *k = *state;

	census_add(&k->census, &s);
}

static struct census *census_of(void **state)
{
	return &((struct counting *)*state)->census;
}

static struct tcp_socket listener(uint16_t port, uint32_t queue, uint32_t limit, uint32_t drops)
{
	struct tcp_socket s = socket_of(STATE_LISTEN, port);

	s.dst = (struct address){0};
	s.dport = 0;
	s.sport = port;
	s.rqueue = queue;
	s.wqueue = limit;
	s.mem_count = MEM_COUNT;
	s.mem[MEM_DROPS] = drops;
	return s;
}

/* The heaviest of a table; its only one in most tests. */
static void *heaviest(const struct topk *t)
{
	void *ranked[1];

	return topk_ranked(t, ranked, 1) ? ranked[0] : NULL;
}

static void *only(const struct topk *t)
{
	void *ranked[2] = {0};

	assert_int_equal(topk_ranked(t, ranked, 2), 1);
	return ranked[0];
}

/* States */

static void every_state_is_counted(void **state)
{
	struct census *c = census_of(state);

	for (uint8_t s = 0; s < TCP_STATES; s++)
		for (unsigned i = 0; i <= s; i++)
			add(state, socket_of(s, 100u * s + i));
	for (uint8_t s = 0; s < TCP_STATES; s++)
		assert_int_equal(c->states[s], s + 1);
	/* Neither listeners nor what is closed already. */
	assert_int_equal(c->total, 105 - (STATE_LISTEN + 1) - (STATE_TIME_WAIT + 1));
}

static void keepalive_is_of_open_connections(void **state)
{
	struct tcp_socket s = idle_flow(1);

	s.timer = TIMER_KEEPALIVE;
	add(state, s);
	s.timer = TIMER_RETRANSMIT;
	add(state, s);
	s = socket_of(STATE_FIN_WAIT2, 2);
	s.timer = TIMER_KEEPALIVE; /* FIN_WAIT2 has its time-out under this name */
	add(state, s);
	assert_int_equal(census_of(state)->keepalive, 1);
}

static void loopback_is_no_network(void **state)
{
	struct tcp_socket s = idle_flow(1);

	s.dst = v4(0x7f000001);
	add(state, s);
	assert_int_equal(census_of(state)->loopback, 1);
	assert_null(heaviest(&census_of(state)->networks));
	assert_int_equal(((struct counting *)*state)->cohort.count, 1);
}

/* Destinations */

static void outgoing_connections_are_counted_by_destination(void **state)
{
	const struct destination *d;

	add(state, idle_flow(1));
	add(state, idle_flow(2));
	add(state, socket_of(STATE_FIN_WAIT1, 3));
	add(state, socket_of(STATE_TIME_WAIT, 4));
	d = only(&census_of(state)->destinations);
	assert_int_equal(d->states[STATE_ESTABLISHED], 2);
	assert_int_equal(d->states[STATE_FIN_WAIT1], 1);
	assert_int_equal(d->states[STATE_TIME_WAIT], 1);
	assert_int_equal(d->head.weight, 4);
	assert_int_equal(d->ports, 4);
	assert_int_equal(d->resting, 1);
	assert_int_equal(d->key.port, 443);
}

/* A port is taken for each of: own address, peer's address, peer's port. */
static void what_shares_no_port_is_another_destination(void **state)
{
	struct tcp_socket s = idle_flow(1);
	void *ranked[8];

	add(state, s);
	s.src.low++;
	add(state, s);
	s.dst.low++;
	add(state, s);
	s.dport++;
	add(state, s);
	assert_int_equal(topk_ranked(&census_of(state)->destinations, ranked, 8), 4);
}

static void connections_towards_here_take_no_port(void **state)
{
	struct tcp_socket s = idle_flow(1);

	add(state, listener(8080, 0, 128, 0));
	add(state, listener(40001, 0, 128, 0)); /* inside the range for outgoing ones */
	s.sport = 8080;
	add(state, s);
	s.sport = 40001;
	add(state, s);
	s.state = STATE_TIME_WAIT;
	add(state, s);
	assert_null(heaviest(&census_of(state)->destinations));
	s.sport = 40002;
	add(state, s);
	assert_int_equal(((struct destination *)only(&census_of(state)->destinations))->ports, 1);
}

static void half_open_and_unconnected_sockets_have_no_destination(void **state)
{
	struct tcp_socket s = socket_of(STATE_SYN_RECV, 1);

	add(state, s);
	s.state = STATE_CLOSE;
	s.dport = 0;
	add(state, s);
	assert_null(heaviest(&census_of(state)->destinations));
	assert_int_equal(census_of(state)->states[STATE_SYN_RECV], 1);
}

static void only_ports_of_the_range_are_counted(void **state)
{
	static const uint16_t ports[] = {1, 1023, 32767, 32768, 60999, 61000, 65535};
	const struct destination *d;

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct tcp_socket s = idle_flow(i + 1);

		s.sport = ports[i];
		add(state, s);
	}
	d = only(&census_of(state)->destinations);
	assert_int_equal(d->ports, 2);
	assert_int_equal(d->resting, 0);
	assert_int_equal(d->head.weight, ARRAY_SIZE(ports));
}

/* TIME_WAIT lasts sixty seconds: what has more than fifty left began within the last ten. */
static void recent_ends_are_told_by_what_is_left_of_time_wait(void **state)
{
	static const uint32_t left[] = {1, 49999, 50000, 50001, 59999, 60000};
	struct tcp_socket s = socket_of(STATE_TIME_WAIT, 1);

	for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
		s.expires = left[i];
		add(state, s);
	}
	s.state = STATE_ESTABLISHED;
	add(state, s);
	assert_int_equal(((struct destination *)only(&census_of(state)->destinations))->ends[0], 3);
	assert_int_equal(census_of(state)->total, 1);
}

static const struct {
	uint8_t retransmits;
	uint32_t expires;
	unsigned linear, stuck;
	double since;
} syns[] = {
	{0, 700, 0, 0, 0},    {2, 100, 0, 0, 0},   {3, 8000, 0, 1, 7}, /* the third has just been sent */
	{3, 2000, 0, 1, 13},					       /* the fourth will be, at 15 s */
	{5, 1, 0, 1, 62.999}, {3, 60000, 0, 1, 7}, /* a peer with a longer time-out: at least since the third */
	{4, 400, 4, 1, 4.6},  {6, 3000, 4, 1, 8},
};

static void an_unanswered_syn_tells_since_when(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(syns); i++) {
		struct census_options o = options;
		struct tcp_socket s = socket_of(STATE_SYN_SENT, 1);
		struct cohort cohort = {0};
		const struct destination *d;
		struct census c;

		o.syn_linear = syns[i].linear;
		census_init(&c, &o, &cohort, false);
		s.retransmits = syns[i].retransmits;
		s.expires = syns[i].expires;
		s.cgroup = 77;
		census_add(&c, &s);
		d = only(&c.destinations);
		if (d->syn_stuck != syns[i].stuck || fabs(d->syn_stuck_since - syns[i].since) > 1e-9)
			fail_msg("row %zu: %u since %g", i, d->syn_stuck, d->syn_stuck_since);
		census_clear(&c);
	}
}

static void the_oldest_unanswered_syn_counts(void **state)
{
	struct tcp_socket s = socket_of(STATE_SYN_SENT, 1);

	s.retransmits = 5;
	s.expires = 10000;
	add(state, s);
	s.retransmits = 3;
	s.expires = 1000;
	add(state, s);
	assert_int_equal(((struct destination *)only(&census_of(state)->destinations))->syn_stuck, 2);
	assert_true(((struct destination *)only(&census_of(state)->destinations))->syn_stuck_since == 53);
}

/* tcp_retransmit_timer(): a second, doubled after each of the linear ones, and never above two minutes. */
static void syns_are_sent_again_as_the_kernel_does(void **state)
{
	static const struct {
		unsigned n, linear;
		double at;
	} rows[] = {
		{0, 0, 0}, {1, 0, 1}, {2, 0, 3}, {3, 0, 7},  {6, 0, 63},   {7, 0, 127}, {0, 4, 0},    {1, 4, 1},
		{4, 4, 4}, {5, 4, 5}, {6, 4, 7}, {7, 4, 11}, {11, 4, 131}, {8, 0, 247}, {12, 4, 251}, {20, 0, 1687},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double at = syn_retransmission_time(rows[i].n, rows[i].linear);

		if (fabs(at - rows[i].at) > 1e-9)
			fail_msg("retransmission %u, %u linear: %g s instead of %g", rows[i].n, rows[i].linear, at,
				 rows[i].at);
	}
}

/* Owners */

static void owners_are_cgroups_or_else_users(void **state)
{
	struct census *c = census_of(state);
	struct tcp_socket s = idle_flow(1);
	const struct owner_key unit = {4242, UINT32_MAX}, user = {1, 33};
	const struct owner *o;
	void *ranked[8];

	s.uid = 33;
	s.cgroup = 4242;
	add(state, s);
	s.uid = 34;
	add(state, s);
	s.cgroup = 1; /* the root of the tree: nobody's unit */
	s.uid = 33;
	add(state, s);
	assert_int_equal(topk_ranked(&c->owners, ranked, 8), 2);
	o = topk_find(&c->owners, &unit, hash_two(unit.cgroup, unit.uid));
	assert_int_equal(o->sockets, 2);
	o = topk_find(&c->owners, &user, hash_two(user.cgroup, user.uid));
	assert_int_equal(o->sockets, 1);
}

static void a_socket_in_time_wait_has_no_owner(void **state)
{
	add(state, socket_of(STATE_TIME_WAIT, 1));
	assert_null(heaviest(&census_of(state)->owners));
	add(state, listener(80, 0, 5, 0));
	assert_int_equal(((struct owner *)only(&census_of(state)->owners))->states[STATE_LISTEN], 1);
}

static const struct {
	uint32_t sent, received, acked, rqueue;
	unsigned old, unread, age;
} closings[] = {
	{60000, 60000, 60000, 1, 1, 0, 60000}, {59999, 90000, 90000, 1, 0, 0, 0},
	{90000, 59999, 90000, 1, 0, 0, 0},     {90000, 90000, 59999, 1, 0, 0, 0}, /* the peer still acknowledges */
	{90000, 80000, 70000, 2, 1, 1, 70000}, {90000, 80000, 70000, 0, 1, 0, 70000},
};

static void what_nobody_accepted_is_not_forgotten(void **state)
{
	struct tcp_socket s = socket_of(STATE_CLOSE_WAIT, 1);
	struct cohort cohort = {0};
	const struct owner *o;
	struct census c;

	(void)state;
	census_init(&c, &options, &cohort, false);
	s.info_len = sizeof(s.info);
	s.info.last_data_sent = s.info.last_data_recv = s.info.last_ack_recv = 3600000;
	census_add(&c, &s);
	o = only(&c.owners);
	assert_int_equal(o->states[STATE_CLOSE_WAIT], 1);
	assert_int_equal(o->close_wait_old, 0);
	census_clear(&c);
	cohort_clear(&cohort);
}

static void a_forgotten_socket_had_no_traffic_of_any_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(closings); i++) {
		struct tcp_socket s = socket_of(STATE_CLOSE_WAIT, 1);
		struct cohort cohort = {0};
		const struct owner *o;
		struct census c;

		census_init(&c, &options, &cohort, false);
		s.inode = 7;
		s.info_len = sizeof(s.info);
		s.info.last_data_sent = closings[i].sent;
		s.info.last_data_recv = closings[i].received;
		s.info.last_ack_recv = closings[i].acked;
		s.rqueue = closings[i].rqueue;
		census_add(&c, &s);
		o = only(&c.owners);
		if (o->states[STATE_CLOSE_WAIT] != 1 || o->close_wait_old != closings[i].old ||
		    o->close_wait_unread != closings[i].unread || o->close_wait_age_ms != closings[i].age ||
		    o->close_wait.count != closings[i].old)
			fail_msg("row %zu: %u old, %u unread, %u ms", i, o->close_wait_old, o->close_wait_unread,
				 o->close_wait_age_ms);
		census_clear(&c);
		cohort_clear(&cohort);
	}
}

static void nothing_is_said_of_an_age_that_was_not_told(void **state)
{
	struct tcp_socket s = socket_of(STATE_CLOSE_WAIT, 1);

	s.info.last_data_sent = s.info.last_data_recv = s.info.last_ack_recv = 90000;
	add(state, s);
	assert_int_equal(((struct owner *)only(&census_of(state)->owners))->close_wait_old, 0);
}

static void a_few_examples_of_forgotten_sockets_are_kept(void **state)
{
	const struct owner *o;

	for (uint32_t i = 0; i < 100; i++) {
		struct tcp_socket s = socket_of(STATE_CLOSE_WAIT, i + 1);

		s.info_len = sizeof(s.info);
		s.info.last_data_sent = s.info.last_data_recv = s.info.last_ack_recv = 60000 + i;
		s.inode = 500 + i;
		s.dport = (uint16_t)(443 + i / 2); /* a peer that was met is not named again */
		add(state, s);
	}
	o = only(&census_of(state)->owners);
	assert_int_equal(o->close_wait_old, 100);
	assert_int_equal(o->close_wait.count, EXAMPLES_MAX);
	assert_int_equal(o->close_wait.inode, 500);
	for (uint16_t i = 0; i < EXAMPLES_MAX; i++)
		assert_int_equal(o->close_wait.of[i].port, 443 + i);
	assert_int_equal(o->close_wait_age_ms, 60099);
}

/* What waits for the last words of its peer */

struct waiting {
	uint8_t state, timer, backoff;
	uint32_t inode, info_len, sent, received, acked;
};

static struct owner wait_of(const struct waiting *w, const struct census_options *o)
{
	struct tcp_socket s = socket_of(w->state, 1);
	struct cohort cohort = {0};
	struct owner owner;
	struct census c;

	census_init(&c, o, &cohort, false);
	s.timer = w->timer;
	s.info.backoff = w->backoff;
	s.inode = w->inode;
	s.info_len = w->info_len;
	s.info.last_data_sent = w->sent;
	s.info.last_data_recv = w->received;
	s.info.last_ack_recv = w->acked;
	census_add(&c, &s);
	owner = *(const struct owner *)only(&c.owners);
	census_clear(&c);
	cohort_clear(&cohort);
	return owner;
}

static const struct {
	struct waiting row;
	unsigned stuck, window, age;
} closing[] = {
	{{STATE_FIN_WAIT1, TIMER_RETRANSMIT, 2, 0, 232, 5000, 5000, 5000}, 0, 0, 0},
	{{STATE_FIN_WAIT1, TIMER_RETRANSMIT, 3, 0, 232, 900, 9000, 4000}, 1, 0, 4000},
	/* Probes are answered: the window has been closed since data went out. */
	{{STATE_FIN_WAIT1, TIMER_PROBE, 4, 0, 232, 8000, 9000, 100}, 1, 1, 8000},
	{{STATE_FIN_WAIT2, TIMER_NONE, 4, 0, 232, 8000, 9000, 8000}, 0, 0, 0},
};

static void a_stuck_close_has_backed_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(closing); i++) {
		struct owner o = wait_of(&closing[i].row, &options);

		if (o.fin_wait1_stuck != closing[i].stuck || o.fin_wait1_window != closing[i].window ||
		    o.fin_wait1_age_ms != closing[i].age || o.fin_wait.count != closing[i].stuck)
			fail_msg("row %zu: %u stuck, %u ms", i, o.fin_wait1_stuck, o.fin_wait1_age_ms);
	}
}

static const struct {
	struct waiting row;
	unsigned ending, held, orphans;
} halves[] = {
	{{STATE_FIN_WAIT2, TIMER_TIME_WAIT, 0, 0, 0, 0, 0, 0}, 1, 0, 0}, /* what close() leaves */
	{{STATE_FIN_WAIT2, TIMER_KEEPALIVE, 0, 0, 232, 1, 1, 1}, 1, 0, 1}, /* the same, tcp_fin_timeout above 60 s */
	{{STATE_FIN_WAIT2, TIMER_NONE, 0, 9, 232, 60000, 60000, 60000}, 0, 1, 0},
	{{STATE_FIN_WAIT2, TIMER_NONE, 0, 9, 232, 60000, 59999, 60000}, 0, 0, 0}, /* the peer still sends */
	{{STATE_FIN_WAIT2, TIMER_NONE, 0, 9, 0, 60000, 60000, 60000}, 0, 0, 0},
	{{STATE_FIN_WAIT1, TIMER_NONE, 0, 0, 232, 0, 0, 0}, 0, 0, 1},
	{{STATE_FIN_WAIT1, TIMER_NONE, 0, 9, 232, 0, 0, 0}, 0, 0, 0},
	{{STATE_LAST_ACK, TIMER_NONE, 0, 0, 232, 0, 0, 0}, 0, 0, 1},
	{{STATE_CLOSING, TIMER_NONE, 0, 0, 232, 0, 0, 0}, 0, 0, 1},
	{{STATE_ESTABLISHED, TIMER_NONE, 0, 0, 232, 0, 0, 0}, 0, 0, 0}, /* not yet accepted */
};

static void what_a_process_holds_no_timeout_ends(void **state)
{
	struct census_options o = options;

	(void)state;
	o.fin_wait_age = 60000;
	for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
		struct owner w = wait_of(&halves[i].row, &o);

		if (w.fin_wait2_ending != halves[i].ending || w.fin_wait2_held != halves[i].held ||
		    w.orphans != halves[i].orphans || w.fin_wait2_age_ms != (halves[i].held ? 60000 : 0))
			fail_msg("row %zu: %u ending, %u held, %u orphans", i, w.fin_wait2_ending, w.fin_wait2_held,
				 w.orphans);
	}
}

static const struct {
	struct waiting row;
	uint32_t declared;
	unsigned idle;
} silent[] = {
	{{STATE_ESTABLISHED, TIMER_NONE, 0, 9, 232, 350000, 400000, 350000}, 350000, 1},
	{{STATE_ESTABLISHED, TIMER_NONE, 0, 9, 232, 350000, 400000, 350000}, 0, 0}, /* nothing declared */
	{{STATE_ESTABLISHED, TIMER_NONE, 0, 9, 232, 349999, 400000, 400000}, 350000, 0},
	{{STATE_ESTABLISHED, TIMER_KEEPALIVE, 0, 9, 232, 350000, 400000, 350000}, 350000, 0},
	{{STATE_ESTABLISHED, TIMER_NONE, 0, 9, 0, 350000, 400000, 350000}, 350000, 0},
	{{STATE_CLOSE_WAIT, TIMER_NONE, 0, 9, 232, 350000, 400000, 350000}, 350000, 0},
};

static void silence_counts_against_what_was_declared(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++) {
		struct census_options o = options;
		struct owner w;

		o.idle_timeout = silent[i].declared;
		w = wait_of(&silent[i].row, &o);
		if (w.idle != silent[i].idle || w.idle_ms != (silent[i].idle ? 350000 : 0))
			fail_msg("row %zu: %u idle for %u ms", i, w.idle, w.idle_ms);
	}
}

static void nothing_between_forgets_a_local_connection(void **state)
{
	struct tcp_socket s = idle_flow(1);

	census_of(state)->options.idle_timeout = 1000;
	s.dst = v4(0x7f000001);
	add(state, s);
	assert_int_equal(((struct owner *)only(&census_of(state)->owners))->idle, 0);
}

/* Clients have a port each: those of one host that vanished are gathered without it. */
static void vanished_clients_are_counted_by_host(void **state)
{
	struct tcp_socket s = socket_of(STATE_LAST_ACK, 1);
	const struct destination *d;

	add(state, listener(443, 0, 128, 0));
	s.sport = 443;
	s.info_len = sizeof(s.info);
	for (uint16_t i = 0; i < 10; i++) {
		s.dport = (uint16_t)(50000 + i);
		s.info.backoff = (uint8_t)(i < 4 ? 2 : 5);
		s.info.last_ack_recv = 1000u * i;
		add(state, s);
		s.state = i < 8 ? STATE_LAST_ACK : STATE_FIN_WAIT1; /* others from there have no destination */
	}
	d = only(&census_of(state)->destinations);
	assert_int_equal(d->key.port, 0);
	assert_int_equal(d->states[STATE_LAST_ACK], 9);
	assert_int_equal(d->last_ack_stuck, 5);
	assert_int_equal(d->last_ack_age_ms, 8000);
	assert_int_equal(d->ports, 0);
}

static void vanished_servers_are_counted_by_port(void **state)
{
	struct tcp_socket s = socket_of(STATE_LAST_ACK, 1);
	const struct destination *d;

	s.info_len = sizeof(s.info);
	s.info.backoff = 3;
	add(state, s);
	d = only(&census_of(state)->destinations);
	assert_int_equal(d->key.port, 443);
	assert_int_equal(d->last_ack_stuck, 1);
	assert_int_equal(d->ports, 1);
}

/* Arrivals */

static const struct arrival *arrival_at(void **state, struct address a, uint16_t port, uint32_t ifindex)
{
	const struct arrival *e = arrivals_at(&census_of(state)->arrivals, &a, port, ifindex);

	assert_non_null(e);
	return e;
}

static void listen_at(void **state, struct address a, uint16_t port, uint32_t ifindex)
{
	struct tcp_socket s = listener(port, 0, 128, 0);

	s.src = a;
	s.ifindex = ifindex;
	add(state, s);
}

static void arrive_at(void **state, uint8_t what, struct address a, uint16_t port, uint32_t ifindex)
{
	struct tcp_socket s = socket_of(what, 1);

	s.src = a;
	s.sport = port;
	s.ifindex = ifindex;
	add(state, s);
}

static void arrivals_belong_to_the_nearest_listener(void **state)
{
	const struct address any = v4(0), any6 = {0, 0}, here = v4(0xc0000201), there = v4(0xc0000202);
	const struct address six = {0x20010db800000000, 1};

	listen_at(state, any, 80, 0);
	listen_at(state, here, 80, 0);
	listen_at(state, any6, 80, 0);
	listen_at(state, any6, 81, 0);
	listen_at(state, any, 82, 7);
	listen_at(state, any, 82, 0);
	arrive_at(state, STATE_SYN_RECV, here, 80, 0);
	arrive_at(state, STATE_ESTABLISHED, here, 80, 0);
	arrive_at(state, STATE_ESTABLISHED, there, 80, 0);
	arrive_at(state, STATE_SYN_RECV, there, 80, 0);
	arrive_at(state, STATE_SYN_RECV, there, 80, 0);
	arrive_at(state, STATE_SYN_RECV, six, 80, 3); /* a link-local peer names its interface */
	arrive_at(state, STATE_SYN_RECV, there, 81, 0);
	arrive_at(state, STATE_SYN_RECV, there, 82, 7);
	arrive_at(state, STATE_ESTABLISHED, there, 83, 0); /* nobody listens */
	assert_int_equal(arrival_at(state, here, 80, 0)->syn_recv, 1);
	assert_int_equal(arrival_at(state, here, 80, 0)->established, 1);
	assert_int_equal(arrival_at(state, any, 80, 0)->syn_recv, 2);
	assert_int_equal(arrival_at(state, any, 80, 0)->established, 1);
	assert_int_equal(arrival_at(state, any6, 80, 0)->syn_recv, 1);
	assert_int_equal(arrival_at(state, any6, 81, 0)->syn_recv, 1);
	assert_int_equal(arrival_at(state, any, 82, 7)->syn_recv, 1);
	assert_int_equal(arrival_at(state, any, 82, 0)->syn_recv, 0);
	assert_null(arrivals_at(&census_of(state)->arrivals, &any, 83, 0));
}

static void half_open_connections_that_never_answer_are_silent(void **state)
{
	struct tcp_socket s = socket_of(STATE_SYN_RECV, 1);

	add(state, listener(40000, 0, 128, 0));
	for (uint8_t n = 0; n < 5; n++) {
		s.retransmits = n;
		add(state, s);
	}
	assert_int_equal(arrival_at(state, s.src, 40000, 0)->syn_recv, 5);
	assert_int_equal(arrival_at(state, s.src, 40000, 0)->syn_retried, 4);
	assert_true(arrival_sources(arrival_at(state, s.src, 40000, 0)) == 1);
}

static void sources_are_estimated(void **state)
{
	static const unsigned counts[] = {0, 1, 10, 100, 1000, 3000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct arrival a = {.used = true};
		struct tcp_socket s = socket_of(STATE_SYN_RECV, 1);
		double n;

		for (unsigned j = 0; j < 2 * counts[i]; j++) { /* each twice */
			s.dst = v4(0x0a000000 + j / 2 * 257);
			arrival_count(&a, &s);
		}
		n = arrival_sources(&a);
		if (fabs(n - counts[i]) > 0.1 * counts[i])
			fail_msg("%u sources are taken for %g", counts[i], n);
	}
}

/* More than the sketch can tell apart is still a number. */
static void countless_sources_are_many(void **state)
{
	struct arrival a = {.used = true};

	(void)state;
	memset(a.sources, 0xff, sizeof(a.sources));
	assert_true(arrival_sources(&a) > 7000 && arrival_sources(&a) < 7200);
}

static void who_listens_answers_for_what_has_no_process(void **state)
{
	const struct owner_key unit = {4242, UINT32_MAX}, nobody = {0, UID_NO_PROCESS};
	struct tcp_socket s = listener(443, 0, 128, 0);
	struct census *c = census_of(state);
	const struct owner *o;

	s.cgroup = 4242;
	add(state, s);
	s = socket_of(STATE_FIN_WAIT2, 2);
	s.sport = 443;
	add(state, s);
	s.state = STATE_SYN_RECV;
	add(state, s);
	s.sport = 50000;
	s.state = STATE_FIN_WAIT2;
	add(state, s);
	o = topk_find(&c->owners, &unit, hash_two(unit.cgroup, unit.uid));
	assert_int_equal(o->sockets, 3);
	assert_int_equal(o->fin_wait2_ending, 1);
	o = topk_find(&c->owners, &nobody, hash_two(nobody.cgroup, nobody.uid));
	assert_int_equal(o->sockets, 1);
}

/* Listeners */

static void listeners_that_suffer_displace_those_that_do_not(void **state)
{
	struct census *c = census_of(state);
	unsigned suffering = 0;

	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		add(state, listener((uint16_t)(i + 1), 0, 128, 0));
	add(state, listener(5001, 129, 128, 0));
	add(state, listener(5002, 0, 128, 1));
	add(state, listener(5003, 64, 128, 0)); /* half full */
	add(state, listener(5004, 0, 128, 0));
	assert_int_equal(c->listener_count, LISTENERS_MAX);
	assert_int_equal(c->listeners_left_out, 4);
	assert_int_equal(c->states[STATE_LISTEN], LISTENERS_MAX + 4);
	for (size_t i = 0; i < c->listener_count; i++)
		suffering += c->listeners[i].port == 5001 || c->listeners[i].port == 5002;
	assert_int_equal(suffering, 2);
	for (uint16_t port = 5001; port <= 5004; port++)
		assert_true(bitmap_has(c->listening, port));
}

static void where_all_suffer_the_first_stay(void **state)
{
	struct census *c = census_of(state);

	for (unsigned i = 0; i <= LISTENERS_MAX; i++)
		add(state, listener((uint16_t)(i + 1), 9, 8, 0));
	assert_int_equal(c->listeners_left_out, 1);
	assert_int_equal(c->listeners[LISTENERS_MAX - 1].port, LISTENERS_MAX);
}

static void drops_that_the_kernel_does_not_count_are_not_zero(void **state)
{
	struct tcp_socket s = listener(80, 1, 5, 0);

	s.mem_count = MEM_DROPS;
	add(state, s);
	s.mem_count = MEM_COUNT;
	add(state, s);
	assert_false(census_of(state)->listeners[0].has_drops);
	assert_true(census_of(state)->listeners[1].has_drops);
}

/* Networks */

static void flows_of_a_network_are_summed_up(void **state)
{
	struct tcp_socket s = idle_flow(1);
	const struct network *n;

	s.info.options = TCPINFO_OPT_WSCALE;
	s.info.wscale = 0x79; /* nine granted to us */
	s.info.bytes_sent = 1000;
	s.info.bytes_retrans = 10;
	s.info.delivery_rate = 5000;
	add(state, s);
	s.dst.low++; /* the same /24 */
	s.info.wscale = 0x73;
	s.info.delivery_rate = 4000;
	s.info.min_rtt = 30000;
	add(state, s);
	s.info.options = 0;
	s.info.min_rtt = UINT32_MAX; /* not measured yet */
	add(state, s);
	n = only(&census_of(state)->networks);
	assert_int_equal(n->flows, 3);
	assert_int_equal(n->unscaled, 1);
	assert_int_equal(n->wscale_min, 3);
	assert_true(n->has_bytes);
	assert_int_equal(n->bytes_sent, 3000);
	assert_int_equal(n->bytes_retrans, 30);
	assert_int_equal(n->delivery_rate, 5000);
	assert_int_equal(n->min_rtt.total, 2);
	assert_int_equal(n->min_rtt.min, 10000);
	assert_int_equal(n->srtt.total, 3);
	assert_true(n->key.net.low == 0xffffc6336400);
	assert_true(n->example_dst.low == 0xffffc6336402);
}

/* Link-local peers have one network on every link. */
static void a_socket_bound_to_a_device_is_of_another_network(void **state)
{
	struct tcp_socket s = idle_flow(1);
	void *ranked[4];

	add(state, s);
	s.ifindex = 9;
	add(state, s);
	assert_int_equal(topk_ranked(&census_of(state)->networks, ranked, 4), 2);
	assert_int_equal(topk_ranked(&census_of(state)->destinations, ranked, 4), 2);
}

static const struct {
	uint8_t state;
	bool flow; /* with info */
} ends[] = {
	{STATE_ESTABLISHED, true}, {STATE_CLOSE_WAIT, true}, {STATE_FIN_WAIT1, true}, {STATE_FIN_WAIT2, true},
	{STATE_LAST_ACK, false},   {STATE_CLOSING, false},   {STATE_SYN_SENT, false}, {STATE_TIME_WAIT, false},
};

/* A half-closed connection still carries data one way; one that its application left has no info. */
static void half_closed_connections_are_flows_too(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct cohort cohort = {0};
		struct tcp_socket s = idle_flow(1);
		struct census c;

		(void)state;
		census_init(&c, &options, &cohort, false);
		s.state = ends[i].state;
		census_add(&c, &s);
		if ((heaviest(&c.networks) != NULL) != ends[i].flow || cohort.count != ends[i].flow)
			fail_msg("state %u", ends[i].state);
		s.info_len = 0;
		census_add(&c, &s);
		assert_int_equal(cohort.count, ends[i].flow);
		if (ends[i].flow)
			assert_int_equal(((struct network *)only(&c.networks))->flows,
					 1 + (ends[i].state == STATE_ESTABLISHED));
		census_clear(&c);
		cohort_clear(&cohort);
	}
}

static void retransmissions_that_the_kernel_does_not_count_are_not_zero(void **state)
{
	struct tcp_socket s = idle_flow(1);

	s.info_len = 200; /* before 4.19 */
	add(state, s);
	assert_false(((struct network *)only(&census_of(state)->networks))->has_bytes);
}

/* Memory */

/* A socket of every kind, each with its own peer, port, owner and network. */
static void add_anything(struct census *c, uint64_t i)
{
	static const uint8_t states[] = {STATE_ESTABLISHED, STATE_TIME_WAIT, STATE_SYN_SENT, STATE_CLOSE_WAIT,
					 STATE_SYN_RECV,    STATE_LISTEN,    STATE_FIN_WAIT2};
	struct tcp_socket s = i % 2 ? idle_flow(i) : busy_flow(i);

	s.state = states[i % ARRAY_SIZE(states)];
	s.dst = v4((uint32_t)hash_u64(i));
	s.src = v4((uint32_t)(i * 2654435761u));
	s.sport = (uint16_t)(i * 7);
	s.dport = (uint16_t)(i * 13 | 1);
	s.cgroup = i;
	s.mem_count = MEM_COUNT;
	census_add(c, &s);
}

static void more_sockets_take_no_more_memory(void **state)
{
	struct census *c = census_of(state);
	size_t before;
	uint64_t i = 1;

	while (i <= 50000)
		add_anything(c, i++);
	before = memory_in_use();
	while (i <= 400000)
		add_anything(c, i++);
	assert_int_equal(memory_in_use(), before);
	assert_int_equal(c->listener_count, LISTENERS_MAX);
	assert_true(c->cohort->count <= COHORT_MAX);
	assert_true(before < 16 << 20);
}

/* What is said of a destination among many: never more than it has, and the big ones are there. */
static void big_destinations_are_found_among_many(void **state)
{
	struct census *c = census_of(state);
	struct tcp_socket s = idle_flow(1);
	void *ranked[4];
	const struct destination *d;

	for (uint64_t i = 1; i <= 200000; i++) {
		s.cookie = i;
		s.dst = v4(i % 10 ? (uint32_t)hash_u64(i) : 0xcb007101); /* every tenth to 203.0.113.1 */
		add(state, s);
	}
	assert_int_equal(topk_ranked(&c->destinations, ranked, 4), 4);
	d = ranked[0];
	assert_true(d->key.dst.low == 0xffffcb007101);
	assert_true(d->head.weight - d->head.error <= 20000 && d->head.weight >= 20000);
	assert_true(d->states[STATE_ESTABLISHED] <= 20000 && d->states[STATE_ESTABLISHED] > 19000);
	assert_true(c->destinations.evicted > 0);
}

/* From dumps */

static void take(const struct tree *t, struct counting *k, const struct text *listen, const struct text *rest)
{
	_cleanup_(root_freep) struct root *r = NULL;

	tree_write_bytes(t, "r/netlink/tcp-listen.diag", text_get(listen), listen->len);
	tree_write_bytes(t, "r/netlink/tcp.diag", text_get(rest), rest->len);
	r = open_record(t, PLAIN);
	census_init(&k->census, &options, &k->cohort, false);
	assert_int_equal(census_take(&k->census, r, true), 0);
}

/* A connection may stand before its listener in the kernel's table. */
static void listeners_are_known_before_the_rest(void **state)
{
	_cleanup_text_ struct text listen = TEXT_NULL, rest = TEXT_NULL;
	struct counting k = {0};

	put_row(&listen, &(struct row){.state = STATE_LISTEN, .sport = 50000, .src = "0.0.0.0", .dst = "0.0.0.0"});
	put_row(&rest, &(struct row){.state = STATE_ESTABLISHED,
				     .sport = 50000,
				     .dport = 9,
				     .src = "192.0.2.1",
				     .dst = "192.0.2.2",
				     .cookie = 1});
	take(*state, &k, &listen, &rest);
	assert_int_equal(k.census.states[STATE_LISTEN], 1);
	assert_int_equal(k.census.states[STATE_ESTABLISHED], 1);
	assert_null(heaviest(&k.census.destinations));
	census_clear(&k.census);
	cohort_clear(&k.cohort);
}

/* One struct serves a whole dump: a listener without counters must not get those of the one before it. */
static void a_listener_has_only_its_own_drops(void **state)
{
	_cleanup_text_ struct text listen = TEXT_NULL, rest = TEXT_NULL;
	struct counting k = {0};

	put_row(&listen,
		&(struct row){
			.state = STATE_LISTEN, .sport = 80, .mem = {[MEM_DROPS] = 9}, .mem_count = MEM_COUNT});
	put_row(&listen, &(struct row){.state = STATE_LISTEN, .sport = 81});
	take(*state, &k, &listen, &rest);
	assert_int_equal(k.census.listeners[0].drops, 9);
	assert_int_equal(k.census.listeners[1].drops, 0);
	census_clear(&k.census);
	cohort_clear(&k.cohort);
}

static void a_flow_has_only_its_own_buffers(void **state)
{
	_cleanup_text_ struct text listen = TEXT_NULL, rest = TEXT_NULL;
	struct row r = {.state = STATE_ESTABLISHED,
			.src = "192.0.2.1",
			.dst = "192.0.2.2",
			.dport = 9,
			.cookie = 1,
			.info = {.unacked = 1},
			.info_len = 232,
			.mem = {[MEM_SNDBUF] = 1 << 20, [MEM_RCVBUF] = 1 << 21},
			.mem_count = MEM_COUNT};
	struct counting k = {0};

	put_row(&rest, &r);
	r.cookie = 2;
	r.mem_count = 0;
	put_row(&rest, &r);
	take(*state, &k, &listen, &rest);
	assert_int_equal(k.cohort.flows[0].now.sndbuf, 1 << 20);
	assert_int_equal(k.cohort.flows[1].now.sndbuf, 0);
	assert_int_equal(k.cohort.flows[1].now.rcvbuf, 0);
	census_clear(&k.census);
	cohort_clear(&k.cohort);
}

/* What is reserved is a signed number that falls below zero for moments: that is not four gigabytes. */
static void memory_is_what_sockets_are_charged_with(void **state)
{
	struct census *c = census_of(state);
	struct tcp_socket s = socket_of(STATE_ESTABLISHED, 1);

	assert_false(c->has_memory);
	s.mem_count = MEM_COUNT;
	s.mem[MEM_RMEM] = 1000;
	s.mem[MEM_QUEUED] = 200;
	s.mem[MEM_WMEM] = 1u << 20; /* copies under way of what is queued */
	s.mem[MEM_FWD] = (uint32_t)-4096;
	census_add(c, &s);
	s.mem[MEM_FWD] = 96;
	census_add(c, &s);
	assert_true(c->has_memory);
	assert_int_equal(c->memory, 1200 + 1296);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		counting(every_state_is_counted),
		counting(keepalive_is_of_open_connections),
		counting(memory_is_what_sockets_are_charged_with),
		counting(loopback_is_no_network),
		counting(outgoing_connections_are_counted_by_destination),
		counting(what_shares_no_port_is_another_destination),
		counting(connections_towards_here_take_no_port),
		counting(half_open_and_unconnected_sockets_have_no_destination),
		counting(only_ports_of_the_range_are_counted),
		counting(recent_ends_are_told_by_what_is_left_of_time_wait),
		counting(an_unanswered_syn_tells_since_when),
		counting(the_oldest_unanswered_syn_counts),
		cmocka_unit_test(syns_are_sent_again_as_the_kernel_does),
		counting(owners_are_cgroups_or_else_users),
		counting(a_socket_in_time_wait_has_no_owner),
		counting(what_nobody_accepted_is_not_forgotten),
		counting(a_forgotten_socket_had_no_traffic_of_any_kind),
		counting(nothing_is_said_of_an_age_that_was_not_told),
		counting(a_few_examples_of_forgotten_sockets_are_kept),
		counting(a_stuck_close_has_backed_off),
		counting(what_a_process_holds_no_timeout_ends),
		counting(silence_counts_against_what_was_declared),
		counting(nothing_between_forgets_a_local_connection),
		counting(vanished_clients_are_counted_by_host),
		counting(vanished_servers_are_counted_by_port),
		counting(arrivals_belong_to_the_nearest_listener),
		counting(half_open_connections_that_never_answer_are_silent),
		counting(sources_are_estimated),
		counting(countless_sources_are_many),
		counting(who_listens_answers_for_what_has_no_process),
		counting(listeners_that_suffer_displace_those_that_do_not),
		counting(where_all_suffer_the_first_stay),
		counting(drops_that_the_kernel_does_not_count_are_not_zero),
		counting(flows_of_a_network_are_summed_up),
		counting(a_socket_bound_to_a_device_is_of_another_network),
		cmocka_unit_test(half_closed_connections_are_flows_too),
		counting(retransmissions_that_the_kernel_does_not_count_are_not_zero),
		counting(more_sockets_take_no_more_memory),
		counting(big_destinations_are_found_among_many),
		in_tree(listeners_are_known_before_the_rest),
		in_tree(a_listener_has_only_its_own_drops),
		in_tree(a_flow_has_only_its_own_buffers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
