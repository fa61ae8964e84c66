/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an interface has for itself (net.ipv4.conf.IF.rp_filter), and what of that is in force: the kernel combines
 * conf.all with the interface's own value, for each key in its own way.
 */
#pragma once

#include "catalogue/catalogue.h"

enum conf_part { CONF_EFFECTIVE, CONF_OWN, CONF_ALL, CONF_DEFAULT };

/* Does conf.all bear on what is in force; does the interface's own value? */
bool combine_uses_all(enum sysctl_combine c);
bool combine_uses_own(enum sysctl_combine c);
/* The value in force. forwards: the interface does, in this family. Sources: see the enumeration. */
double combine_values(enum sysctl_combine c, double all, double own, bool forwards);

enum conf_family conf_family_of(const struct sysctl_def *def);
/* One value of a template's key for an interface, in base units, or why there is none. */
struct value conf_value(const struct facts *f, const struct subject *interface, const struct sysctl_def *def, size_t row,
			enum conf_part part);
/* A template with its '*' replaced: "net.ipv4.conf.eth0/100.rp_filter". From the arena. */
const char *conf_key(struct arena *a, const struct sysctl_def *def, const char *interface);
