/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where rules, profiles, waivers and settings come from: /etc/tcpadvisor over /run/tcpadvisor over the packaged
 * directory. A file of the same name replaces the lower one as a whole; an empty file or a link to /dev/null
 * masks it.
 */
#pragma once

#include "root/root.h"
#include "rules/rule.h"

/* Link speeds that somebody declared, by interface name. */
struct declared_speed {
	const char *interface;
	double rate; /* bytes per second */
};

enum { DECLARED_SPEEDS_MAX = 64 };

struct config {
	struct arena arena;
	const char *profile; /* names, comma-separated; NULL: not set */
	double window;	     /* seconds; negative: not set */
	bool no_borrow;	     /* leave the descriptors of other processes alone */
	double flow_target;  /* bytes per second that one flow need reach at most; 0: the link's speed */
	struct declared_speed speeds[DECLARED_SPEEDS_MAX];
	size_t speed_count;
};

/* Read tcpadvisor.conf. A missing file is no error; an unknown key is. */
int config_load(struct config *c, struct root *root, struct diag *d) _must_check_;
void config_clear(struct config *c);
/* "eth0=10Gbit/s"; replaces an earlier declaration for the interface. */
int config_add_speed(struct config *c, const char *interface, const char *rate) _must_check_;

/*
 * Load catalogue, rules, waivers and the named profiles. datadir holds rules/ and profiles/ as packaged; a profile
 * name with a '/' is the path of a file.
 */
int config_load_rules(struct root *root, const char *datadir, const char *profiles, struct ruleset *set,
		      struct diag *d) _must_check_;
/* Names of all profiles that could be loaded, in byte order; from the set's arena. */
int config_list_profiles(struct root *root, const char *datadir, struct arena *a, const char ***ret,
			 size_t *ret_count);
