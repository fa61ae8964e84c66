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

enum { DECLARED_SPEEDS_MAX = 64, CONFIG_OPTIONS_MAX = 32 };

struct config {
	struct arena arena;
	const char *profile; /* names, comma-separated; NULL: not set */
	double window;	     /* seconds; negative: not set */
	bool borrow;	     /* ask for socket options through the descriptors of other processes */
	double flow_target;  /* bytes per second that one flow need reach at most; 0: the link's speed */
	double idle_timeout; /* seconds of silence that a load balancer forgets a connection after; negative: not set */

	/* of the service */
	double tick;	       /* seconds between looks at counters and listeners */
	double pass;	       /* seconds between full passes over the sockets, at least */
	double budget;	       /* share of one core that the service may use: passes come as seldom as that needs */
	double hold;	       /* seconds that a measured finding must be gone before it closes */
	double settle;	       /* seconds after boot, or after an interface came, that drift is held back */
	const char *netns;     /* other network namespaces to judge: "none", "all", or names separated by commas */
	const char *textfile;  /* for node_exporter, or "no" */
	bool journal;	       /* write to the journal at all */
	enum severity journal_level; /* the least that is written */
	double journal_burst, journal_rate; /* lines at once, and lines a minute after that */

	/* of apply */
	bool allow;	       /* whether anything may be applied on this host */
	double confirm_within; /* seconds after which a change is undone that nobody confirmed */

	const char *texts[CONFIG_OPTIONS_MAX]; /* by row of config_options, as written; NULL: not set, or one for each name */

	struct declared_speed speeds[DECLARED_SPEEDS_MAX];
	size_t speed_count;
};

/* What holds where no file says otherwise. */
#define CONFIG_DEFAULT                                                                                     \
	((struct config){.window = -1, .borrow = true, .idle_timeout = -1, .tick = 10, .pass = 60,         \
			 .budget = 0.005, .hold = 300, .settle = 60, .netns = "none",                      \
			 .textfile = "/run/tcpadvisord/tcpadvisor.prom", .journal = true,                  \
			 .journal_level = SEVERITY_NOTICE, .journal_burst = 60, .journal_rate = 6,         \
			 .allow = true, .confirm_within = 600})

/* A row of the table of options: "[section] key = value", documented in tcpadvisor.conf(5). */
struct config_option {
	const char *section; /* ends with ' ' where a name follows: "interface eth0" */
	const char *key;
	/* -EINVAL, -ERANGE or -E2BIG: what is expected is said for it. */
	int (*set)(struct config *c, const struct config_option *o, const char *name, const char *value);
	size_t offset;	      /* of the member of struct config */
	double least, most;   /* of a quantity */
	const char *expected; /* "a time such as 2 s, at most an hour" */
};

/* Ends with a NULL key. */
extern const struct config_option config_options[];

/* Start from CONFIG_DEFAULT and read tcpadvisor.conf. A missing file is no error; an unknown key is. */
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
/* What tcpadvisor.conf sets of the rules: it wins over every profile. */
void config_apply(const struct config *c, struct ruleset *set);
/* Names of all profiles that could be loaded, in byte order; from the set's arena. */
int config_list_profiles(struct root *root, const char *datadir, struct arena *a, const char ***ret,
			 size_t *ret_count);
