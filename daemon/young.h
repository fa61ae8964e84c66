/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces that appeared lately: udev, CNI and the like are still setting them up. */
#pragma once

#include "facts/fact.h"

struct young {
	char **known; /* names, sorted */
	size_t known_count;
	struct young_interface {
		char *name;
		double since; /* monotonic seconds */
	} *list;
	size_t count;
	bool started; /* the interfaces that are there at start are no news */
};

/* Take the interfaces of newer facts; forget those older than `settle` seconds. */
void young_take(struct young *y, const struct facts *f, double now, double settle);
/* Is the sysctl ("net.ipv4.conf.eth0/1.x") of an interface that is still young? */
bool young_has_key(const struct young *y, const char *key);
void young_clear(struct young *y);
