/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of delaybox: super-packets cut into runs of segments, the ring, the command line. */
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delaybox.h"

#define VH	 sizeof(struct virtio_net_hdr)
#define MSS	 1000U
#define SEGMENTS 10U
#define PAYLOAD	 (MSS * (SEGMENTS - 1) + 7)
#define SEQ	 0xfffff000U /* wraps inside the packet */

static int point;
static const char *failure;

#define check(expr)                                                                                \
	do {                                                                                       \
		if (!(expr) && !failure)                                                           \
			failure = #expr;                                                           \
	} while (0)

static void finish(const char *name)
{
	printf("%sok %d - %s\n", failure ? "not " : "", ++point, name);
	if (failure)
		printf("# failed: %s\n", failure);
	failure = NULL;
}

static unsigned int get16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static size_t build(uint8_t *packet, bool v6)
{
	size_t ip_header = v6 ? 40 : 20, headers = ip_header + 32;
	struct virtio_net_hdr vh = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = MSS,
		.csum_start = (uint16_t)ip_header,
		.csum_offset = 16,
	};
	uint8_t *ip = packet + VH, *tcp = ip + ip_header;

	memset(packet, 0, VH + headers);
	memcpy(packet, &vh, VH);
	ip[0] = v6 ? 0x60 : 0x45;
	ip[v6 ? 6 : 9] = 6;
	memcpy(ip + (v6 ? 8 : 12), "\x0a\x4d\x00\x01\x0a\x4d\x00\x02", 8);
	if (!v6)
		ip[5] = 250, ip[10] = 0x12; /* identification, a checksum to replace */
	tcp[4] = 0xff, tcp[5] = 0xff, tcp[6] = 0xf0, tcp[7] = 0x00;
	tcp[12] = 8 << 4;
	tcp[13] = TH_ACK | TH_PUSH | TH_FIN | 0x80;
	for (unsigned int i = 0; i < PAYLOAD; i++)
		ip[headers + i] = (uint8_t)(i / MSS + i);
	return VH + headers + PAYLOAD;
}

static unsigned int ones_sum(const uint8_t *p, size_t len)
{
	unsigned int sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += get16(p + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void check_ip(const uint8_t *ip, bool v6, unsigned int first, size_t ip_len)
{
	if (v6) {
		check(get16(ip + 4) == ip_len - 40);
		return;
	}
	check(get16(ip + 2) == ip_len);
	check(get16(ip + 4) == 250 + first);
	check(ones_sum(ip, 20) == 0xffff);
}

static void check_run(bool v6, unsigned int first, unsigned int count)
{
	static uint8_t in[PACKET_MAX], out[PACKET_MAX];
	size_t ip_header = v6 ? 40 : 20, headers = ip_header + 32, len = build(in, v6), got;
	bool last = first + count == SEGMENTS;
	size_t payload = last ? PAYLOAD - (size_t)first * MSS : (size_t)count * MSS;
	const uint8_t *ip = out + VH, *tcp = ip + ip_header;
	uint8_t flags = TH_ACK;
	struct virtio_net_hdr vh;

	got = packet_cut(in, len, first, count, out);
	memcpy(&vh, out, VH);
	check(got == VH + headers + payload);
	check((vh.gso_type == VIRTIO_NET_HDR_GSO_NONE) == (count == 1));
	check(vh.gso_size == (count == 1 ? 0 : MSS));
	check(vh.flags == VIRTIO_NET_HDR_F_NEEDS_CSUM && vh.csum_start == ip_header);
	check_ip(ip, v6, first, got - VH);
	flags |= last ? TH_PUSH | TH_FIN : 0;
	flags |= first == 0 ? 0x80 : 0;
	check(tcp[13] == flags);
	check(get32(tcp + 4) == SEQ + first * MSS);
	check(memcmp(ip + headers, in + VH + headers + (size_t)first * MSS, payload) == 0);
}

static void test_cut(bool v6)
{
	static uint8_t in[PACKET_MAX];
	size_t len = build(in, v6), headers = v6 ? 72 : 52;

	check(packet_segments(in, len) == SEGMENTS);
	check(packet_segment_length(in, len, 0) == headers + MSS);
	check(packet_segment_length(in, len, SEGMENTS - 1) == headers + 7);
	check_run(v6, 0, SEGMENTS);
	check_run(v6, 0, 3);
	check_run(v6, 3, 1);
	check_run(v6, 4, 6);
	check_run(v6, SEGMENTS - 1, 1);
	finish(v6 ? "an IPv6 super-packet is cut into runs"
		  : "an IPv4 super-packet is cut into runs");
}

/* The sum of the pseudo-header, done the long way, for the first three segments. */
static void test_pseudo_sum(void)
{
	static uint8_t in[PACKET_MAX], out[PACKET_MAX];
	uint8_t pseudo[12] = {0};
	size_t len = build(in, false);

	packet_cut(in, len, 0, 3, out);
	memcpy(pseudo, out + VH + 12, 8);
	pseudo[9] = 6;
	pseudo[10] = (3 * MSS + 32) >> 8;
	pseudo[11] = (3 * MSS + 32) & 0xff;
	check(get16(out + VH + 20 + 16) == ones_sum(pseudo, sizeof(pseudo)));
	finish("a run carries the pseudo-header's sum of its own length");
}

static void test_plain(void)
{
	static uint8_t in[PACKET_MAX], out[PACKET_MAX];

	build(in, false);
	memset(in, 0, VH);
	check(packet_segments(in, VH + 60) == 1);
	check(packet_segment_length(in, VH + 60, 0) == 60);
	check(packet_cut(in, VH + 60, 0, 1, out) == VH + 60);
	check(memcmp(in, out, VH + 60) == 0);
	finish("a plain packet passes unchanged");
}

static void test_truncated(void)
{
	static uint8_t in[PACKET_MAX];

	build(in, false);
	for (size_t len = VH; len <= VH + 52; len++)
		check(packet_segments(in, len) == 1);
	finish("a super-packet too short for its headers counts as one");
}

/* A queue of numbered records against the ring: order, content and times must survive wrapping. */
static void test_ring(void)
{
	struct ring ring;
	uint64_t pushed = 0, popped = 0, refused = 0, due;
	size_t len;

	check(ring_init(&ring, 8192) == 0);
	for (int i = 0; i < 200000 && !failure; i++) {
		size_t want = 8 + (size_t)(random() % 700);
		uint8_t *room = random() % 2 ? ring_reserve(&ring, want) : NULL;
		const uint8_t *record;

		if (room) {
			memset(room, (int)(pushed & 0xff), want);
			ring_commit(&ring, pushed++, want);
			continue;
		}
		refused += pushed - popped > 5;
		record = ring_peek(&ring, &due, &len);
		check((record != NULL) == (pushed > popped));
		if (!record)
			continue;
		check(due == popped && len >= 8 && len < 708);
		check(record[0] == (popped & 0xff) && record[len - 1] == (popped & 0xff));
		popped++;
		ring_pop(&ring);
	}
	check(pushed > 10000 && refused > 1000);
	ring_free(&ring);
	finish("the ring keeps order and content when it wraps and fills");
}

static int parse(struct box_spec *spec, const char *option)
{
	char a[] = "--a=12,wan0", b[] = "--b=/x/y,wan1", copy[64], name[] = "delaybox";
	char *argv[] = {name, a, b, copy, NULL};

	snprintf(copy, sizeof(copy), "%s", option);
	optind = 0;
	return box_spec_parse(spec, 4, argv);
}

static void test_arguments(void)
{
	struct box_spec spec;

	check(parse(&spec, "--delay=40ms,500us") == 0);
	check(spec.direction[0].delay_ns == 40000000 && spec.direction[1].delay_ns == 500000);
	check(parse(&spec, "--rate=2.5Gbit/s,1Mbit/s") == 0);
	check(spec.direction[0].rate_bps == 2500000000 && spec.direction[1].rate_bps == 1000000);
	check(spec.direction[0].chunk_segments == 64 && spec.direction[1].chunk_segments == 1);
	check(parse(&spec, "--queue=1MiB") == 0 && spec.direction[1].queue_bytes == 1048576);
	check(parse(&spec, "--loss=0.1%,0.25") == 0);
	check(spec.direction[0].loss > 0.000999 && spec.direction[0].loss < 0.001001);
	check(spec.direction[1].loss == 0.25);
	check(parse(&spec, "--mtu=1400B,0B") == 0);
	check(spec.direction[0].mtu == 1400 && spec.direction[1].mtu == 0);
	finish("values with units, for both directions or each");
}

static void test_bad_arguments(void)
{
	static const char *const bad[] = {
		"--delay=40",	   "--delay=-1ms",  "--delay=40ms,", "--rate=1Gb",
		"--queue=5Mbit/s", "--loss=1.5",    "--loss=nan",    "--chunk=0",
		"--seed=-1",	   "--rr=100",	    "--delay=inf s", "stray",
		"--unknown",	   "--a=namespace", "--mtu=1400",
	};
	struct box_spec spec;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(&spec, bad[i]) == 0) {
			printf("# accepted: %s\n", bad[i]);
			check(!"a bad argument was accepted");
		}
	}
	finish("values without unit, out of range or of another kind are refused");
}

/* A queue of two segments at 1 Gbit/s, and what no queue has a part in. */
static void test_fates(void)
{
	struct direction d = {.spec = {.rate_bps = 1000000000, .queue_bytes = 2000, .mtu = 1400}, .random = 1};

	check(segment_admit(&d, 1000, 1401) == FATE_TOO_LARGE && d.stats.dropped_mtu == 1);
	check(d.busy_until == 0);
	check(segment_admit(&d, 1000, 1400) == FATE_ADMITTED && d.busy_until == 1000 + (1400 + WIRE_OVERHEAD) * 8);
	check(segment_admit(&d, 1000, 1400) == FATE_ADMITTED);
	check(segment_admit(&d, 1000, 1400) == FATE_NO_ROOM && d.stats.dropped_queue == 1);
	check(segment_admit(&d, 1000000, 1400) == FATE_ADMITTED);
	d.spec.mtu = 0;
	d.spec.loss = 1;
	check(segment_admit(&d, 2000000, 9000) == FATE_LOST && d.stats.dropped_loss == 1);
	finish("a segment too large, lost or without room is dropped and counted as that");
}

int main(void)
{
	puts("1..9");
	test_cut(false);
	test_cut(true);
	test_pseudo_sum();
	test_plain();
	test_truncated();
	test_ring();
	test_arguments();
	test_bad_arguments();
	test_fates();
	return 0;
}
