/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the requests to ethtool's netlink family share. */
#pragma once

#include "collect/link.h"

/* The family's number, 0 where there is none. */
uint16_t ethtool_family(struct root *root);
/* Index of the device in an answer's header, or 0. */
uint32_t ethtool_device(const struct nlattr *header);

struct ethtool_bit {
	uint32_t index;
	const char *name; /* untrusted; "" where the kernel gives none */
	bool set;
};

typedef void (*ethtool_bit_fn)(void *user, const struct ethtool_bit *bit);

/* Each bit that a set in its long form lists: of one with a mask those in it, set or not; else those set. */
void ethtool_bits(const struct nlattr *set, ethtool_bit_fn fn, void *user);
