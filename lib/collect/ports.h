/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of ports, and the ranges in which ip_local_reserved_ports names them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PORTS_BYTES = 65536 / 8 };

static inline bool bitmap_has(const uint8_t *bitmap, uint16_t port)
{
	return bitmap[port >> 3] >> (port & 7) & 1;
}

static inline void bitmap_set(uint8_t *bitmap, uint16_t port)
{
	bitmap[port >> 3] |= (uint8_t)(1u << (port & 7));
}

/* Add the ports of "8080,9000-9100" to a bitmap of PORTS_BYTES; reads up to what it does not understand. */
void ports_add(uint8_t *bitmap, const char *ranges);
