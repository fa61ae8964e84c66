/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets as sock_diag tells of them: every kernel's tcp_info, all kinds of address, and what is not to be believed. */
#include "unit-host.h"

#include <linux/tcp.h>

/* Decode the only message of a text, in memory of its own so that nothing around it can be read unseen. */
static int decode(const struct text *t, struct tcp_socket *ret)
{
	_cleanup_free_ char *copy = malloc(t->len);

	assert_non_null(copy);
	memcpy(copy, t->s, t->len);
	return sockdiag_decode((const struct nlmsghdr *)copy, ret);
}

static int decode_row(const struct row *r, struct tcp_socket *ret)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	put_row(&t, r);
	return decode(&t, ret);
}

/* A row with n bytes of tcp_info, each 0x11 and more: no field of it is zero. */
static void put_info(struct text *t, size_t n)
{
	struct inet_diag_msg m = row_header(&(struct row){.state = STATE_ESTABLISHED});
	size_t at = message_begin(t, SOCK_DIAG_BY_FAMILY, &m, sizeof(m));
	unsigned char bytes[512];

	assert_true(n <= sizeof(bytes));
	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(0x11 + i % 200);
	put(t, ROW_INFO, bytes, n);
	message_end(t, at);
}

/* Where the kernel puts each field (include/uapi/linux/tcp.h), and whether n bytes reach to its end. */
/* clang-format off */
#define FIELDS(F) \
	F(rto, 8) F(unacked, 24) F(last_data_recv, 52) F(pmtu, 60) F(rtt, 68) F(rttvar, 72) F(snd_cwnd, 80) \
	F(rcv_rtt, 92) F(rcv_space, 96) F(total_retrans, 100) F(pacing_rate, 104) F(max_pacing_rate, 112) \
	F(bytes_acked, 120) F(bytes_received, 128) F(segs_out, 136) F(segs_in, 140) F(notsent_bytes, 144) \
	F(min_rtt, 148) F(data_segs_in, 152) F(data_segs_out, 156) F(delivery_rate, 160) F(busy_time, 168) \
	F(rwnd_limited, 176) F(sndbuf_limited, 184) F(delivered, 192) F(delivered_ce, 196) F(bytes_sent, 200) \
	F(bytes_retrans, 208) F(dsack_dups, 216) F(reord_seen, 220) F(rcv_ooopack, 224) F(snd_wnd, 228) \
	F(rcv_wnd, 232) F(rehash, 236) F(total_rto, 240) F(total_rto_recoveries, 242) F(total_rto_time, 244) \
	F(received_ce, 248) F(accecn, 252)
/* clang-format on */

#define FIELD(name, offset) {#name, offset, sizeof(((struct tcpinfo *)0)->name), offsetof(struct tcpinfo, name)},

static const struct {
	const char *name;
	size_t offset, size, ours;
} fields[] = {FIELDS(FIELD)};

#define HAS(name, offset) TCPINFO_HAS(n, name),

static void assert_info_of(size_t n)
{
	static const unsigned char zero[sizeof(uint32_t) * 6];
	const bool has[] = {FIELDS(HAS)};
	_cleanup_text_ struct text t = TEXT_NULL;
	struct tcp_socket s;

	memset(&s, 0xff, sizeof(s));
	put_info(&t, n);
	assert_int_equal(decode(&t, &s), 0);
	assert_int_equal(s.info_len, min_of(n, sizeof(struct tcpinfo)));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		bool reached = fields[i].offset + fields[i].size <= n;
		const char *sent =
			t.s + NLMSG_HDRLEN + sizeof(struct inet_diag_msg) + NLA_HDRLEN + fields[i].offset;
		const char *got = (const char *)&s.info + fields[i].ours;

		if (fields[i].offset != fields[i].ours || has[i] != reached ||
		    memcmp(got, reached ? (const void *)sent : zero, fields[i].size))
			fail_msg("%s of %zu bytes", fields[i].name, n);
	}
}

static void a_field_is_there_if_the_kernel_sent_it(void **state)
{
	/* 2.6, 3.15, 4.1, 4.2, 4.6, 4.9, 4.10, 4.18, 4.19, 5.4, 6.2, 6.7, 6.18, and one that is not written yet */
	static const size_t lengths[] = {104, 120, 136, 144, 160, 168, 192, 200, 224, 232, 240, 248, 280, 400};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
		assert_info_of(lengths[i]);
}

#define SAME(ours, theirs) assert_int_equal(offsetof(struct tcpinfo, ours), offsetof(struct tcp_info, theirs))

static void the_layout_is_that_of_the_kernels_header(void **state)
{
	(void)state;
	SAME(state, tcpi_state);
	SAME(options, tcpi_options);
	SAME(rto, tcpi_rto);
	SAME(snd_mss, tcpi_snd_mss);
	SAME(rcv_mss, tcpi_rcv_mss);
	SAME(unacked, tcpi_unacked);
	SAME(lost, tcpi_lost);
	SAME(last_data_sent, tcpi_last_data_sent);
	SAME(last_data_recv, tcpi_last_data_recv);
	SAME(last_ack_recv, tcpi_last_ack_recv);
	SAME(rtt, tcpi_rtt);
	SAME(snd_cwnd, tcpi_snd_cwnd);
	SAME(rcv_rtt, tcpi_rcv_rtt);
	SAME(pacing_rate, tcpi_pacing_rate);
	SAME(bytes_acked, tcpi_bytes_acked);
	SAME(bytes_received, tcpi_bytes_received);
	SAME(notsent_bytes, tcpi_notsent_bytes);
	SAME(min_rtt, tcpi_min_rtt);
	SAME(delivery_rate, tcpi_delivery_rate);
	SAME(busy_time, tcpi_busy_time);
	SAME(rwnd_limited, tcpi_rwnd_limited);
	SAME(sndbuf_limited, tcpi_sndbuf_limited);
	SAME(bytes_sent, tcpi_bytes_sent);
	SAME(bytes_retrans, tcpi_bytes_retrans);
	SAME(snd_wnd, tcpi_snd_wnd);
}

/* The kernel's header has bit-fields there; where they lie depends on the byte order. */
static void window_scales_and_flags_are_where_the_compiler_puts_them(void **state)
{
	union {
		struct tcp_info theirs;
		struct tcpinfo ours;
	} u = {0};

	(void)state;
	u.theirs.tcpi_snd_wscale = 7;
	u.theirs.tcpi_rcv_wscale = 9;
	u.theirs.tcpi_delivery_rate_app_limited = 1;
	assert_int_equal(u.ours.wscale & 15, 7);
	assert_int_equal(u.ours.wscale >> 4, 9);
	assert_int_equal(u.ours.flags & 1, 1);
	u.theirs.tcpi_delivery_rate_app_limited = 0;
	u.theirs.tcpi_fastopen_client_fail = 3;
	assert_int_equal(u.ours.flags & 1, 0);
}

static void too_little_info_is_none(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct tcp_socket s;

	(void)state;
	for (size_t n = 0; n < TCPINFO_LENGTH_MIN; n++) {
		t.len = 0;
		put_info(&t, n);
		assert_int_equal(decode(&t, &s), 0);
		assert_int_equal(s.info_len, 0);
	}
}

static void a_rows_numbers_are_read(void **state)
{
	const struct row r = {.state = STATE_SYN_SENT,
			      .timer = TIMER_RETRANSMIT,
			      .retransmits = 3,
			      .src = "192.0.2.1",
			      .dst = "198.51.100.2",
			      .sport = 40000,
			      .dport = 443,
			      .ifindex = 7,
			      .uid = 33,
			      .inode = 4711,
			      .rqueue = 5,
			      .wqueue = 6,
			      .expires = 812,
			      .cookie = 0x123456789abcdef0,
			      .cgroup = 4242};
	struct tcp_socket s;

	(void)state;
	assert_int_equal(decode_row(&r, &s), 0);
	assert_int_equal(s.state, STATE_SYN_SENT);
	assert_int_equal(s.timer, TIMER_RETRANSMIT);
	assert_int_equal(s.retransmits, 3);
	assert_int_equal(s.sport, 40000);
	assert_int_equal(s.dport, 443);
	assert_int_equal(s.ifindex, 7);
	assert_int_equal(s.uid, 33);
	assert_int_equal(s.inode, 4711);
	assert_int_equal(s.rqueue, 5);
	assert_int_equal(s.wqueue, 6);
	assert_int_equal(s.expires, 812);
	assert_true(s.cookie == 0x123456789abcdef0);
	assert_true(s.cgroup == 4242);
	assert_int_equal(s.info_len, 0);
	assert_int_equal(s.mem_count, 0);
	assert_string_equal(s.congestion, "");
}

/* A request socket has a state of its own inside the kernel; to people both are SYN_RECV. */
static void half_open_connections_have_one_state(void **state)
{
	struct tcp_socket s;

	(void)state;
	assert_int_equal(decode_row(&(struct row){.state = STATE_NEW_SYN_RECV}, &s), 0);
	assert_int_equal(s.state, STATE_SYN_RECV);
	assert_int_equal(decode_row(&(struct row){.state = STATE_BOUND_INACTIVE}, &s), 0);
	assert_int_equal(s.state, STATE_BOUND_INACTIVE);
}

static const struct {
	const char *address;
	bool v6; /* the socket's family */
	const char *text, *with_port, *network;
	bool v4, loopback, zero;
} addresses[] = {
	{"192.0.2.77", false, "192.0.2.77", "192.0.2.77:80", "192.0.2.0", true, false, false},
	{"192.0.2.77", true, "192.0.2.77", "192.0.2.77:80", "192.0.2.0", true, false, false},
	{"127.0.0.1", false, "127.0.0.1", "127.0.0.1:80", "127.0.0.0", true, true, false},
	{"127.255.1.2", true, "127.255.1.2", "127.255.1.2:80", "127.255.1.0", true, true, false},
	{"0.0.0.0", false, "0.0.0.0", "0.0.0.0:80", "0.0.0.0", true, false, true},
	{"::", true, "::", "[::]:80", "::", false, false, true},
	{"::1", true, "::1", "[::1]:80", "::", false, true, false},
	{"2001:db8:1:2:3:4:5:6", true, "2001:db8:1:2:3:4:5:6", "[2001:db8:1:2:3:4:5:6]:80", "2001:db8:1::", false,
	 false, false},
	{"fe80::1", true, "fe80::1", "[fe80::1]:80", "fe80::", false, false, false},
	/* Neither of these is IPv4, whatever the tail says. */
	{"64:ff9b::192.0.2.77", true, "64:ff9b::c000:24d", "[64:ff9b::c000:24d]:80", "64:ff9b::", false, false,
	 false},
	{"::127.0.0.1", true, "::127.0.0.1", "[::127.0.0.1]:80", "::", false, false, false},
};

static void addresses_of_each_family_are_understood(void **state)
{
	char buf[ADDRESS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		const struct row r = {
			.state = STATE_ESTABLISHED, .v6 = addresses[i].v6, .dst = addresses[i].address};
		struct address network;
		struct tcp_socket s;

		assert_int_equal(decode_row(&r, &s), 0);
		assert_string_equal(address_text(&s.dst, -1, buf), addresses[i].text);
		assert_string_equal(address_text(&s.dst, 80, buf), addresses[i].with_port);
		network = address_network(&s.dst);
		assert_string_equal(address_text(&network, -1, buf), addresses[i].network);
		assert_int_equal(address_is_v4(&s.dst), addresses[i].v4);
		assert_int_equal(address_is_loopback(&s.dst), addresses[i].loopback);
		assert_int_equal(address_is_zero(&s.dst), addresses[i].zero);
	}
}

static void an_ipv4_address_is_the_same_in_both_families(void **state)
{
	struct tcp_socket four, mapped;
	uint8_t bytes[16];
	struct address back;

	(void)state;
	assert_int_equal(decode_row(&(struct row){.state = 1, .src = "10.1.2.3", .dst = "10.1.2.3"}, &four), 0);
	assert_int_equal(
		decode_row(&(struct row){.state = 1, .v6 = true, .src = "10.1.2.3", .dst = "10.1.2.3"}, &mapped),
		0);
	assert_memory_equal(&four.src, &mapped.src, sizeof(four.src));
	assert_memory_equal(&four.dst, &mapped.dst, sizeof(four.dst));
	address_bytes(&four.src, bytes);
	back = address_from_bytes(bytes, false);
	assert_memory_equal(&back, &four.src, sizeof(back));
	back = address_from_bytes(bytes + 12, true);
	assert_memory_equal(&back, &four.src, sizeof(back));
}

/* Malformed rows: each breaks a good one in one place. */

enum { HEAD = NLMSG_HDRLEN + sizeof(struct inet_diag_msg) };

static void assert_refused(struct text *t)
{
	struct tcp_socket s;

	assert_int_equal(decode(t, &s), -EBADMSG);
}

static void a_row_shorter_than_its_head_is_refused(void **state)
{
	(void)state;
	for (uint32_t n = NLMSG_HDRLEN; n < HEAD; n++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		put_row(&t, &(struct row){.state = STATE_ESTABLISHED});
		t.len = n;
		memcpy(t.s, &n, sizeof(n));
		assert_refused(&t);
	}
}

static void an_unknown_state_or_family_is_refused(void **state)
{
	static const uint8_t families[] = {0, AF_UNIX, 3, 9, AF_INET6 + 1, 255};

	(void)state;
	for (unsigned s = TCP_STATES; s < 256; s++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		put_row(&t, &(struct row){.state = (uint8_t)s});
		assert_refused(&t);
	}
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		put_row(&t, &(struct row){.state = STATE_ESTABLISHED});
		t.s[NLMSG_HDRLEN + offsetof(struct inet_diag_msg, idiag_family)] = (char)families[i];
		assert_refused(&t);
	}
}

static void an_attribute_that_does_not_fit_is_refused(void **state)
{
	static const uint16_t lengths[] = {0, 1, 3, 13, 16, 4096, 0x8000, 0xffff};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		put_row(&t, &(struct row){.state = STATE_ESTABLISHED, .cgroup = 1}); /* 12 bytes of attribute */
		memcpy(t.s + HEAD, &lengths[i], sizeof(lengths[i]));
		assert_refused(&t);
	}
}

static void bytes_after_the_last_attribute_are_refused(void **state)
{
	(void)state;
	for (uint32_t n = 1; n < NLA_HDRLEN; n++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		uint32_t length = HEAD + n;

		put_row(&t, &(struct row){.state = STATE_ESTABLISHED});
		text_addn(&t, "\4\0\0", n);
		memcpy(t.s, &length, sizeof(length));
		assert_refused(&t);
	}
}

static void the_last_attribute_needs_no_padding(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct tcp_socket s;
	uint32_t length;

	(void)state;
	put_row(&t, &(struct row){.state = STATE_ESTABLISHED, .congestion = "bbr2"}); /* five bytes, and three */
	length = (uint32_t)(t.len -= 3);
	memcpy(t.s, &length, sizeof(length));
	assert_int_equal(decode(&t, &s), 0);
	assert_string_equal(s.congestion, "bbr2");
}

static void attributes_that_nobody_knows_are_passed_over(void **state)
{
	struct inet_diag_msg m = row_header(&(struct row){.state = STATE_ESTABLISHED});
	_cleanup_text_ struct text t = TEXT_NULL;
	size_t at = message_begin(&t, SOCK_DIAG_BY_FAMILY, &m, sizeof(m));
	uint64_t cgroup = 77;
	struct tcp_socket s;

	(void)state;
	put(&t, 250, "anything", 8);
	put(&t, 16383, "", 0);
	put(&t, ROW_CGROUP | NLA_F_NESTED | NLA_F_NET_BYTEORDER, &cgroup, sizeof(cgroup));
	put(&t, 99, "x", 1);
	message_end(&t, at);
	assert_int_equal(decode(&t, &s), 0);
	assert_true(s.cgroup == 77);
}

/* Eight elements before 4.7 (no drops), nine since; a newer kernel may send more. */
static void memory_is_read_as_far_as_it_is_told(void **state)
{
	static const struct {
		size_t bytes;
		unsigned elements;
	} rows[] = {{0, 0}, {3, 0}, {4, 1}, {7, 1}, {32, 8}, {36, 9}, {48, 9}};
	uint32_t sent[12];

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(sent); i++)
		sent[i] = 1000 + i;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inet_diag_msg m = row_header(&(struct row){.state = STATE_LISTEN});
		_cleanup_text_ struct text t = TEXT_NULL;
		size_t at = message_begin(&t, SOCK_DIAG_BY_FAMILY, &m, sizeof(m));
		struct tcp_socket s;

		memset(&s, 0xff, sizeof(s));
		put(&t, ROW_MEMINFO, sent, rows[i].bytes);
		message_end(&t, at);
		assert_int_equal(decode(&t, &s), 0);
		assert_int_equal(s.mem_count, rows[i].elements);
		for (unsigned k = 0; k < MEM_COUNT; k++)
			assert_int_equal(s.mem[k], k < rows[i].elements ? sent[k] : 0);
	}
}

static void a_cgroup_id_has_eight_bytes(void **state)
{
	static const uint64_t id[2] = {0x1111111111111111, 0x2222222222222222};

	(void)state;
	for (size_t n = 0; n <= sizeof(id); n++) {
		struct inet_diag_msg m = row_header(&(struct row){.state = STATE_ESTABLISHED});
		_cleanup_text_ struct text t = TEXT_NULL;
		size_t at = message_begin(&t, SOCK_DIAG_BY_FAMILY, &m, sizeof(m));
		struct tcp_socket s;

		put(&t, ROW_CGROUP, id, n);
		message_end(&t, at);
		assert_int_equal(decode(&t, &s), 0);
		assert_true(s.cgroup == (n == 8 ? id[0] : 0));
	}
}

static void a_congestion_controls_name_ends(void **state)
{
	struct inet_diag_msg m = row_header(&(struct row){.state = STATE_ESTABLISHED});
	_cleanup_text_ struct text t = TEXT_NULL;
	size_t at = message_begin(&t, SOCK_DIAG_BY_FAMILY, &m, sizeof(m));
	struct tcp_socket s;

	(void)state;
	put(&t, ROW_CONGESTION, "0123456789abcdefghijklmnop", 26);
	message_end(&t, at);
	memset(&s, 0xff, sizeof(s));
	assert_int_equal(decode(&t, &s), 0);
	assert_string_equal(s.congestion, "0123456789abcde");
}

/* One struct serves a whole dump: what a socket does not say must not be what the one before it said. */
static void nothing_is_left_of_the_socket_before(void **state)
{
	const struct row full = {.state = STATE_ESTABLISHED,
				 .info = {.rtt = 1, .bytes_acked = 1 << 30},
				 .info_len = sizeof(struct tcpinfo),
				 .mem = {1, 2, 3, 4, 5, 6, 7, 8, 9},
				 .mem_count = MEM_COUNT,
				 .cgroup = 9,
				 .congestion = "bbr"};
	struct tcp_socket s;

	(void)state;
	assert_int_equal(decode_row(&full, &s), 0);
	assert_int_equal(s.mem[MEM_DROPS], 9);
	assert_int_equal(decode_row(&(struct row){.state = STATE_ESTABLISHED}, &s), 0);
	assert_int_equal(s.info_len, 0);
	assert_int_equal(s.mem_count, 0);
	assert_true(s.cgroup == 0);
	assert_string_equal(s.congestion, "");
	assert_true(s.info.bytes_acked == 0);
	assert_int_equal(s.mem[MEM_DROPS], 0);
}

/* Dumps */

struct seen {
	unsigned count, last_port;
};

static void on_socket(void *user, const struct tcp_socket *s)
{
	struct seen *seen = user;

	seen->count++;
	seen->last_port = s->sport;
}

static int dump(const struct tree *t, struct seen *seen, struct sockdiag_result *result)
{
	_cleanup_(root_freep) struct root *r = open_record(t, PLAIN);

	return sockdiag_dump(r, ~0u, "tcp.diag", on_socket, seen, result);
}

static void write_rows(const struct tree *tree, const char *path, unsigned n, uint16_t port)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	for (unsigned i = 0; i < n; i++)
		put_row(&t, &(struct row){.state = STATE_ESTABLISHED, .sport = port});
	tree_write_bytes(tree, path, text_get(&t), t.len);
}

static void one_walk_tells_of_both_families(void **state)
{
	struct sockdiag_result result = {0};
	struct seen seen = {0};

	write_rows(*state, "r/netlink/tcp.diag", 3, 80);
	assert_int_equal(dump(*state, &seen, &result), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(result.sockets, 3);
	assert_int_equal(result.malformed, 0);
}

/* Kernels built without the older message refuse it; then each family is asked for. */
static void a_refused_walk_is_two(void **state)
{
	_cleanup_text_ struct text refused = TEXT_NULL;
	struct sockdiag_result result = {0};
	struct seen seen = {0};

	put_error(&refused, ENOENT);
	tree_write_bytes(*state, "r/netlink/tcp.diag", refused.s, refused.len);
	write_rows(*state, "r/netlink/tcp.diag-v4", 2, 80);
	write_rows(*state, "r/netlink/tcp.diag-v6", 3, 81);
	assert_int_equal(dump(*state, &seen, &result), 0);
	assert_int_equal(result.sockets, 5);
	assert_int_equal(seen.last_port, 81);
}

static void a_host_without_ipv6_is_no_error(void **state)
{
	struct sockdiag_result result = {0};
	struct seen seen = {0};

	write_rows(*state, "r/netlink/tcp.diag-v4", 2, 80);
	assert_int_equal(dump(*state, &seen, &result), 0);
	assert_int_equal(result.sockets, 2);
}

static void a_host_without_tcp_diag_is_one(void **state)
{
	struct sockdiag_result result = {0};
	struct seen seen = {0};

	assert_int_equal(dump(*state, &seen, &result), -ENOENT);
	assert_int_equal(seen.count, 0);
}

/* An error after some sockets must not count them twice. */
static void a_dump_that_broke_off_is_not_begun_again(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct sockdiag_result result = {0};
	struct seen seen = {0};

	put_row(&t, &(struct row){.state = STATE_ESTABLISHED});
	put_error(&t, ENOBUFS);
	tree_write_bytes(*state, "r/netlink/tcp.diag", t.s, t.len);
	write_rows(*state, "r/netlink/tcp.diag-v4", 2, 80);
	assert_int_equal(dump(*state, &seen, &result), -ENOBUFS);
	assert_int_equal(seen.count, 1);
}

static void malformed_rows_are_counted_and_the_rest_is_used(void **state)
{
	struct rtmsg foreign = {.rtm_family = AF_INET};
	_cleanup_text_ struct text t = TEXT_NULL;
	struct sockdiag_result result = {0};
	struct seen seen = {0};

	put_row(&t, &(struct row){.state = TCP_STATES});
	put_row(&t, &(struct row){.state = STATE_ESTABLISHED, .sport = 7});
	message_end(&t, message_begin(&t, RTM_NEWROUTE, &foreign, sizeof(foreign)));
	put_row(&t, &(struct row){.state = STATE_ESTABLISHED, .sport = 8});
	tree_write_bytes(*state, "r/netlink/tcp.diag", t.s, t.len);
	assert_int_equal(dump(*state, &seen, &result), 0);
	assert_int_equal(result.sockets, 2);
	assert_int_equal(result.malformed, 2);
	assert_int_equal(seen.last_port, 8);
}

static const struct {
	const char *address;
	bool is_private;
} reaches[] = {
	{"10.0.0.0", true},	 {"9.255.255.255", false},  {"11.0.0.0", false},     {"172.16.0.0", true},
	{"172.31.255.255", true}, {"172.15.255.255", false}, {"172.32.0.0", false},   {"192.168.4.4", true},
	{"192.169.0.0", false},	 {"169.254.1.1", true},	    {"100.64.0.0", true},    {"100.127.255.255", true},
	{"100.63.255.255", false}, {"100.128.0.0", false},  {"127.9.9.9", true},     {"198.51.100.1", false},
	{"fd12::1", true},	 {"fc00::1", true},	    {"fe80::1", true},	     {"febf::1", true},
	{"fec0::1", false},	 {"2001:db8::1", false},    {"::1", true},	     {"::a00:1", false},
};

static void what_is_not_of_the_internet(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reaches); i++) {
		uint8_t bytes[16];
		bool v4 = inet_pton(AF_INET, reaches[i].address, bytes) == 1;
		struct address a;

		assert_true(v4 || inet_pton(AF_INET6, reaches[i].address, bytes) == 1);
		a = address_from_bytes(bytes, v4);
		if (address_is_private(&a) != reaches[i].is_private)
			fail_msg("%s", reaches[i].address);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_of_the_internet),
		cmocka_unit_test(a_field_is_there_if_the_kernel_sent_it),
		cmocka_unit_test(the_layout_is_that_of_the_kernels_header),
		cmocka_unit_test(window_scales_and_flags_are_where_the_compiler_puts_them),
		cmocka_unit_test(too_little_info_is_none),
		cmocka_unit_test(a_rows_numbers_are_read),
		cmocka_unit_test(half_open_connections_have_one_state),
		cmocka_unit_test(addresses_of_each_family_are_understood),
		cmocka_unit_test(an_ipv4_address_is_the_same_in_both_families),
		cmocka_unit_test(a_row_shorter_than_its_head_is_refused),
		cmocka_unit_test(an_unknown_state_or_family_is_refused),
		cmocka_unit_test(an_attribute_that_does_not_fit_is_refused),
		cmocka_unit_test(bytes_after_the_last_attribute_are_refused),
		cmocka_unit_test(the_last_attribute_needs_no_padding),
		cmocka_unit_test(attributes_that_nobody_knows_are_passed_over),
		cmocka_unit_test(memory_is_read_as_far_as_it_is_told),
		cmocka_unit_test(a_cgroup_id_has_eight_bytes),
		cmocka_unit_test(a_congestion_controls_name_ends),
		cmocka_unit_test(nothing_is_left_of_the_socket_before),
		in_tree(one_walk_tells_of_both_families),
		in_tree(a_refused_walk_is_two),
		in_tree(a_host_without_ipv6_is_no_error),
		in_tree(a_host_without_tcp_diag_is_one),
		in_tree(a_dump_that_broke_off_is_not_begun_again),
		in_tree(malformed_rows_are_counted_and_the_rest_is_used),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
