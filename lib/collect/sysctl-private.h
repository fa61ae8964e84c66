/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of kernel parameters, shared by what reads them from /proc/sys and what reads them from files. */
#pragma once

#include "collect/collect-private.h"

/* Words joined by one space, as values are compared and shown. */
char *sysctl_canonical(struct arena *a, const char *s);
/* Fill a state from the bytes of its file. */
void sysctl_parse(struct arena *a, struct sysctl_state *s, const char *bytes);
/* This kernel's default of each element, and all of them as one text. */
void sysctl_compute_defaults(struct collecting *c, struct sysctl_state *s);
struct value sysctl_default_text(struct collecting *c, const struct sysctl_state *s);
/* What each loader leaves in force for a key. */
/* Is it one that this kernel no longer has? */
bool sysctl_is_lacking(const struct collecting *c, const struct sysctl_state *s);
/* Do the section's kernel-min and kernel-max hold for this kernel, and as this host has the key that moves them? */
bool sysctl_kernel_bounds(const struct collecting *c, const struct sysctld *d, const struct sysctl_def *def);
void sysctl_set_winners(struct collecting *c, const struct sysctld *d, struct sysctl_state *s, const char *key);
/* States of the interfaces' keys that files, profiles and rules name, behind those of the catalogue. */
void sysctl_add_interface_keys(struct collecting *c, const struct sysctld *d);
/* Fill KEY_IS_DEFAULT and KEY_OF_DEFAULT. */
void sysctl_compare_with_default(struct sysctl_state *s, struct value *values);
static inline struct sysctl_state *sysctl_state_of(const struct collecting *c, const struct sysctl_def *def)
{
	return &c->facts->sysctls[def - c->options->rules->catalogue.defs];
}
