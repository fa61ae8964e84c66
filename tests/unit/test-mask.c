/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Masking: what stays, what becomes another, and that nothing is taken for what it is not. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdlib.h>

#include "mask/mask-private.h"

static const char sections[] =
	"format = 1\n"
	"[net.ipv4.tcp_congestion_control]\ntitle = t\nabout = a\napplies = now\nrefs = r\ntype = word\n"
	"[net.ipv4.tcp_timestamps]\ntitle = t\nabout = a\napplies = now\nrefs = r\ntype = integer\n"
	"[net.ipv4.conf.*.rp_filter]\ntitle = t\nabout = a\napplies = now\nrefs = r\ntype = integer\ncombine = max\n";

struct scene {
	struct arena arena;
	struct catalogue catalogue;
	struct mask *mask;
};

static void open_scene(struct scene *s, uint8_t seed)
{
	const uint8_t key[MASK_KEY_SIZE] = {seed, 7};
	struct diag d = {0};

	*s = (struct scene){.arena = ARENA_NULL};
	s->catalogue.arena = &s->arena;
	if (catalogue_load(&s->catalogue, "t.sysctl", sections, strlen(sections), &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
	assert_int_equal(mask_new(&s->catalogue, key, &s->mask), 0);
}

static void close_scene(struct scene *s)
{
	mask_free(s->mask);
	arena_clear(&s->arena);
}

#define _cleanup_scene_ _cleanup_(close_scene)

static void masked_v4(struct mask *m, const char *address, uint8_t ret[4])
{
	assert_int_equal(inet_pton(AF_INET, address, ret), 1);
	mask_ipv4(m, ret);
}

static unsigned shared_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return i;
	return bits;
}

/* Each of a thousand pairs shares as many bits as before. */
static void networks_stay_networks(void **state)
{
	_cleanup_scene_ struct scene s;
	uint8_t a[16], b[16], x[16], y[16];

	(void)state;
	open_scene(&s, 1);
	srand(1);
	for (int round = 0; round < 1000; round++) {
		unsigned bits = round % 2 ? 128 : 32, flip = (unsigned)rand() % bits;

		for (unsigned i = 0; i < bits / 8; i++)
			a[i] = (uint8_t)rand();
		memcpy(b, a, sizeof(b));
		b[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
		memcpy(x, a, sizeof(x));
		memcpy(y, b, sizeof(y));
		(bits == 32 ? mask_ipv4 : mask_ipv6)(s.mask, x);
		(bits == 32 ? mask_ipv4 : mask_ipv6)(s.mask, y);
		assert_int_equal(shared_bits(x, y, bits), flip);
	}
}

static void kinds_of_addresses_stay(void **state)
{
	static const struct {
		const char *address;
		unsigned kept; /* bits */
	} rows[] = {
		{"127.0.0.1", 32}, {"0.0.0.0", 32}, {"10.1.2.3", 8}, {"172.16.1.1", 12}, {"192.168.7.9", 16}, {"169.254.1.1", 16},
		{"100.64.3.3", 10}, {"224.0.0.5", 4}, {"255.255.255.255", 32},
	};
	_cleanup_scene_ struct scene s;
	uint8_t before[4], after[4];

	(void)state;
	open_scene(&s, 2);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(inet_pton(AF_INET, rows[i].address, before), 1);
		masked_v4(s.mask, rows[i].address, after);
		if (shared_bits(before, after, 32) < rows[i].kept)
			fail_msg("%s became %u.%u.%u.%u", rows[i].address, after[0], after[1], after[2], after[3]);
	}
	/* A public one never becomes private, nor the other way round. */
	for (unsigned i = 0; i < 50000; i++) {
		uint32_t v = htonl(i * 85899u);

		memcpy(before, &v, 4);
		memcpy(after, &v, 4);
		mask_ipv4(s.mask, after);
		assert_int_equal(before[0] == 10, after[0] == 10);
		assert_int_equal(before[0] == 192 && before[1] == 168, after[0] == 192 && after[1] == 168);
		assert_int_equal(before[0] == 172 && before[1] >> 4 == 1, after[0] == 172 && after[1] >> 4 == 1);
		assert_int_equal(before[0] == 127, after[0] == 127);
	}
}

/* The same host by both families. */
static void mapped_addresses_are_those_that_they_map(void **state)
{
	_cleanup_scene_ struct scene s;
	uint8_t v4[4], v6[16];

	(void)state;
	open_scene(&s, 3);
	masked_v4(s.mask, "203.0.113.9", v4);
	assert_int_equal(inet_pton(AF_INET6, "::ffff:203.0.113.9", v6), 1);
	mask_ipv6(s.mask, v6);
	assert_memory_equal(v6 + 12, v4, 4);
	assert_int_equal(inet_pton(AF_INET6, "fe80::a:b", v6), 1);
	mask_ipv6(s.mask, v6);
	assert_true(v6[0] == 0xfe && v6[1] == 0x80 && !v6[2] && !v6[7]);
}

static void words_are_addresses_or_not(void **state)
{
	static const char *const addresses[] = {"10.0.0.1", "10.0.0.1:80", "[2001:db8::1]:443", "10.1.0.0/16", "2001:db8::/48"};
	static const char *const others[] = {"10.0.0", "eth0", "1.2.3.4.5", "10.0.0.1x", "", "[", "net.ipv4", "::x"};
	_cleanup_scene_ struct scene s;

	(void)state;
	open_scene(&s, 4);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		assert_true(mask_address_word(s.mask, addresses[i], strlen(addresses[i]), &t));
		assert_string_not_equal(text_get(&t), addresses[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		assert_false(mask_address_word(s.mask, others[i], strlen(others[i]), &t));
		assert_int_equal(t.len, 0);
	}
}

/* No two become one. */
static void numbers_are_permuted(void **state)
{
	_cleanup_scene_ struct scene s;
	bool seen[4096] = {false};

	(void)state;
	open_scene(&s, 5);
	for (uint64_t i = 1; i < 4095; i++) {
		uint64_t v = mask_number(s.mask, MASK_VLAN, i);

		assert_true(v >= 1 && v < 4095 && !seen[v]);
		seen[v] = true;
	}
	assert_int_equal(mask_number(s.mask, MASK_PID, 1), 1);
	assert_int_equal(mask_number(s.mask, MASK_UID, 0), 0);
	assert_int_equal(mask_number(s.mask, MASK_INODE, 0), 0);
	assert_int_not_equal(mask_number(s.mask, MASK_INODE, 4711), 4711);
	for (uint64_t i = 2; i < 2000; i++)
		assert_in_range(mask_number(s.mask, MASK_PID, i), 2, 4194303);
}

static void assert_interface(struct mask *m, const char *name, const char *want)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	mask_interface(m, name, strlen(name), &t);
	if (strncmp(text_get(&t), want, strlen(want)) || t.len > 15 || (!strcmp(want, name)) != !strcmp(name, text_get(&t)))
		fail_msg("%s became %s, not %s…", name, text_get(&t), want);
}

static void interfaces_keep_their_kind(void **state)
{
	static const char *const kept[] = {"lo", "eth0", "enp1s0f0np0", "ens3", "eno1", "bond0", "br0", "wlan1", "all", "default", "eth*", "*"};
	static const char *const changed[][2] = {{"veth12ab34c", "veth"}, {"br-0123456789ab", "br-"}, {"acmewan", "if"}, {"enx02ac3e771234", "if"},
						 {"cali0a1b2c3d4e5", "cali"}, {"acme*", "if"}, {"eth0.100", "eth0."}, {"eth12345", "eth"}};
	_cleanup_scene_ struct scene s;

	(void)state;
	open_scene(&s, 6);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		assert_interface(s.mask, kept[i], kept[i]);
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		assert_interface(s.mask, changed[i][0], changed[i][1]);
}

static void assert_file(struct mask *m, const char *bytes, const char *want)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	assert_int_equal(mask_bytes(m, "etc/sysctl.conf", bytes, strlen(bytes), &t), 0);
	if (want && strcmp(text_get(&t), want))
		fail_msg("'%s' became '%s', not '%s'", bytes, text_get(&t), want);
	if (strstr(text_get(&t), "acme"))
		fail_msg("'%s' became '%s'", bytes, text_get(&t));
}

static void sysctl_files_keep_what_counts(void **state)
{
	_cleanup_scene_ struct scene s;

	(void)state;
	open_scene(&s, 7);
	assert_file(s.mask, "# acme\n\nnet.ipv4.tcp_timestamps = 1\n", "#\n\nnet.ipv4.tcp_timestamps = 1\n");
	assert_file(s.mask, "-net/ipv4/tcp_timestamps=0x1\r\n", "-net/ipv4/tcp_timestamps=0x1\r\n");
	assert_file(s.mask, "net.ipv4.tcp_congestion_control = bbr", "net.ipv4.tcp_congestion_control = bbr");
	assert_file(s.mask, "net.ipv4.conf.eth0.rp_filter = 1\n", "net.ipv4.conf.eth0.rp_filter = 1\n");
	assert_file(s.mask, "# tcpadvisor: ignore a.b, c.*: acme\n", "# tcpadvisor: ignore a.b, c.*: masked\n");
	assert_file(s.mask, "# tcpadvisor: ignore a.b:\n", "# tcpadvisor: ignore a.b:\n");
	assert_file(s.mask, "# tcpadvisor: acme\n", "# tcpadvisor: masked\n");
	assert_file(s.mask, "net.ipv4.conf.acmewan.rp_filter = 1 # acme\nkernel.acme = /opt/acme\nacme\nacme.x/acme = acme\n", NULL);
	assert_file(s.mask, "", "");
	assert_file(s.mask, "=\n", "=\n");
}

/* What nothing is known of is not published. */
static void unknown_files_are_left_out(void **state)
{
	static const char *const unknown[] = {"etc/passwd", "proc/cmdline", "proc/net/tcp", "etc/sysctl.d.acme", "sample-2/etc/shadow", ""};
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_scene_ struct scene s;

	(void)state;
	open_scene(&s, 8);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		assert_int_equal(mask_path(s.mask, unknown[i], &t), -ENOENT);
		assert_int_equal(mask_bytes(s.mask, unknown[i], "x", 1, &t), -ENOENT);
	}
	assert_int_equal(t.len, 0);
}

/* A mark is nobody's business, and the port of the netlink socket is our process. */
static void attributes_that_are_not_known_are_left_out(void **state)
{
	enum { MARK = 15 };
	char buffer[512] = {0};
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct inet_diag_msg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m)), masked;
	_cleanup_text_ struct text t = TEXT_NULL;
	const struct nlmsghdr *after;
	const struct nlattr *a;
	_cleanup_scene_ struct scene s;
	unsigned count = 0;

	(void)state;
	open_scene(&s, 9);
	h->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	h->nlmsg_pid = 4242;
	m->idiag_family = AF_INET;
	m->id.idiag_dst[0] = htonl(0x08080808);
	m->id.idiag_dst[3] = 0x11223344; /* left over */
	m->idiag_inode = 4711;
	mnl_attr_put_u32(h, MARK, 0xacacacac);
	mnl_attr_put_strz(h, INET_DIAG_CONG, "cubic");
	for (size_t cut = 0; cut <= h->nlmsg_len; cut++) {
		t.len = 0;
		assert_int_equal(mask_bytes(s.mask, "sample-2/netlink/tcp.diag", buffer, cut, &t), 0);
		assert_int_equal(t.len > 0, cut == h->nlmsg_len);
	}
	after = (const void *)t.s;
	assert_true(after->nlmsg_len == t.len && after->nlmsg_pid == 0);
	memcpy(&masked, mnl_nlmsg_get_payload(after), sizeof(masked));
	assert_true(masked.id.idiag_dst[0] != m->id.idiag_dst[0] && !masked.id.idiag_dst[3] && masked.idiag_inode != 4711);
	mnl_attr_for_each(a, after, sizeof(masked)) {
		count++;
		assert_string_equal(mnl_attr_get_str(a), "cubic");
	}
	assert_int_equal(count, 1);
}

static void keys_differ(void **state)
{
	_cleanup_scene_ struct scene one, two;
	uint8_t a[4], b[4];

	(void)state;
	open_scene(&one, 1);
	open_scene(&two, 2);
	masked_v4(one.mask, "8.8.8.8", a);
	masked_v4(two.mask, "8.8.8.8", b);
	assert_memory_not_equal(a, b, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_stay_networks),
		cmocka_unit_test(kinds_of_addresses_stay),
		cmocka_unit_test(mapped_addresses_are_those_that_they_map),
		cmocka_unit_test(words_are_addresses_or_not),
		cmocka_unit_test(numbers_are_permuted),
		cmocka_unit_test(interfaces_keep_their_kind),
		cmocka_unit_test(sysctl_files_keep_what_counts),
		cmocka_unit_test(unknown_files_are_left_out),
		cmocka_unit_test(attributes_that_are_not_known_are_left_out),
		cmocka_unit_test(keys_differ),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
