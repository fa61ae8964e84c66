/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cuts a TCP super-packet, as a TUN device with TSO hands it over, into runs of its segments. */
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>

#include "delaybox.h"

/* The packed structs of the C library would do for reading, but packets sit at odd addresses. */
struct shape {
	size_t ip_len; /* the packet without the virtio header */
	size_t tcp_offset, headers, payload, mss;
	bool v6;
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value & 0xffff);
}

static uint32_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
	for (; len >= 2; p += 2, len -= 2)
		sum += get16(p);
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static bool shape_of(const uint8_t *packet, size_t len, struct shape *shape)
{
	struct virtio_net_hdr vh;
	const uint8_t *ip = packet + sizeof(vh);

	if (len < sizeof(vh) + sizeof(struct iphdr))
		return false;
	memcpy(&vh, packet, sizeof(vh));
	*shape = (struct shape){.ip_len = len - sizeof(vh), .v6 = ip[0] >> 4 == 6};
	if (vh.gso_type == VIRTIO_NET_HDR_GSO_NONE || vh.gso_size == 0)
		return false;
	shape->mss = vh.gso_size;
	shape->tcp_offset = vh.csum_start;
	if (shape->tcp_offset + sizeof(struct tcphdr) > shape->ip_len)
		return false;
	shape->headers = shape->tcp_offset + (size_t)(ip[shape->tcp_offset + 12] >> 4) * 4;
	if (shape->headers >= shape->ip_len)
		return false;
	shape->payload = shape->ip_len - shape->headers;
	return true;
}

unsigned int packet_segments(const uint8_t *packet, size_t len)
{
	struct shape shape;

	if (!shape_of(packet, len, &shape))
		return 1;
	return (unsigned int)((shape.payload + shape.mss - 1) / shape.mss);
}

/* The length of one segment at the IP layer. */
size_t packet_segment_length(const uint8_t *packet, size_t len, unsigned int index)
{
	struct shape shape;
	size_t start, left;

	if (!shape_of(packet, len, &shape))
		return len - sizeof(struct virtio_net_hdr);
	start = (size_t)index * shape.mss;
	left = start < shape.payload ? shape.payload - start : 0;
	return shape.headers + (left < shape.mss ? left : shape.mss);
}

static void patch_ip(const struct shape *shape, uint8_t *ip, unsigned int first, size_t payload)
{
	size_t header = shape->tcp_offset;

	if (shape->v6) {
		put16(ip + 4, shape->headers + payload - sizeof(struct ip6_hdr));
		return;
	}
	put16(ip + 2, shape->headers + payload);
	put16(ip + 4, (uint16_t)(get16(ip + 4) + first));
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~fold(sum16(ip, header, 0)));
}

/* CHECKSUM_PARTIAL: the field holds the pseudo-header's sum, which contains the length. */
static uint16_t pseudo_sum(const struct shape *shape, const uint8_t *ip, size_t tcp_len)
{
	uint32_t sum = IPPROTO_TCP + (uint32_t)tcp_len;

	return fold(shape->v6 ? sum16(ip + 8, 32, sum) : sum16(ip + 12, 8, sum));
}

static void patch_tcp(const struct shape *shape, uint8_t *ip, unsigned int first, size_t payload,
		      bool last)
{
	uint8_t *tcp = ip + shape->tcp_offset;

	put32(tcp + 4, get32(tcp + 4) + first * (uint32_t)shape->mss);
	if (!last)
		tcp[13] &= (uint8_t) ~(TH_FIN | TH_PUSH);
	if (first > 0)
		tcp[13] &= (uint8_t)~0x80; /* CWR belongs to the first segment only */
	put16(tcp + 16, pseudo_sum(shape, ip, shape->headers - shape->tcp_offset + payload));
}

/*
 * Writes segments first .. first + count - 1 as one packet to out, which holds len bytes, and
 * returns its length. A packet that is no super-packet is copied whole.
 */
size_t packet_cut(const uint8_t *packet, size_t len, unsigned int first, unsigned int count,
		  uint8_t *out)
{
	struct virtio_net_hdr vh;
	struct shape shape;
	size_t start, payload;
	uint8_t *ip = out + sizeof(vh);

	if (!shape_of(packet, len, &shape)) {
		memcpy(out, packet, len);
		return len;
	}
	start = (size_t)first * shape.mss;
	payload = (size_t)count * shape.mss;
	if (payload > shape.payload - start)
		payload = shape.payload - start;

	memcpy(&vh, packet, sizeof(vh));
	vh.hdr_len = (uint16_t)shape.headers;
	if (payload <= shape.mss) {
		vh.gso_type = VIRTIO_NET_HDR_GSO_NONE;
		vh.gso_size = 0;
	}
	memcpy(out, &vh, sizeof(vh));
	memcpy(ip, packet + sizeof(vh), shape.headers);
	memcpy(ip + shape.headers, packet + sizeof(vh) + shape.headers + start, payload);
	patch_ip(&shape, ip, first, payload);
	patch_tcp(&shape, ip, first, payload, start + payload == shape.payload);
	return sizeof(vh) + shape.headers + payload;
}
