/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The catalogue of sysctls: what is known of each kernel parameter, as data. The kernel validates little, so the
 * bounds here are ours; the default is not readable at run time, so it is the kernel's own formula, by version.
 */
#pragma once

#include <stdbool.h>
#include "expr/expr.h"

enum sysctl_type {
	SYSCTL_INTEGER,
	SYSCTL_UNSIGNED,
	SYSCTL_UNSIGNED64,
	SYSCTL_BOOL,
	SYSCTL_MASK,
	SYSCTL_RANGES, /* "8080,9000-9100" */
	SYSCTL_WORD,
	SYSCTL_WORDS,
};

enum sysctl_netns {
	NETNS_OWN,	  /* each namespace has its own */
	NETNS_INIT,	  /* only in the initial namespace: absent in a child */
	NETNS_INIT_WRITE, /* readable, and read-only in a child */
	NETNS_HOST,	  /* not of the network */
};

/*
 * How the kernel combines conf.all with an interface's own value (include/linux/inetdevice.h, net/ipv6/). A key with
 * anything but COMBINE_NONE has a '*' for its interface: its section in the catalogue is a template.
 */
enum sysctl_combine {
	COMBINE_NONE,	   /* a plain key */
	COMBINE_INTERFACE, /* the interface's own value alone */
	COMBINE_MAX,
	COMBINE_MIN,
	COMBINE_OR,
	COMBINE_AND,
	COMBINE_REDIRECTS, /* AND where the interface forwards, else OR: IN_DEV_RX_REDIRECTS() */
	COMBINE_ALL,	   /* conf.all alone: ip6_forward() */
	COMBINE_HOST,	   /* the interface's own where it does not forward, else off: rt6_do_redirect() */
	COMBINE_ADVERTISEMENTS, /* the interface's own; where it forwards only 2 is on: ipv6_accept_ra() */
};

enum sysctl_apply { APPLY_NEVER, APPLY_GATED, APPLY_RAISE, APPLY_VETTED };

struct kernel_version {
	unsigned major, minor;
};

enum { SYSCTL_DEFAULTS_MAX = 6, SYSCTL_VALUES_MAX = 12 };

/* The kernel's formula for the default, from a version on. */
struct sysctl_default {
	struct kernel_version from;
	const struct expr *elements[SYSCTL_ELEMENTS_MAX];
};

struct sysctl_def {
	const char *key; /* "net.ipv4.tcp_rmem" */
	const char *path; /* "proc/sys/net/ipv4/tcp_rmem" */
	const char *title, *about, *why, *risk, *refs;
	enum sysctl_type type;
	unsigned elements;
	const char *names; /* of the elements, or NULL */
	const char *unit;
	enum dim dim;
	double scale; /* raw units in a base unit: 1000 for milliseconds */
	bool bounded;
	unsigned bound_count[2]; /* numbers given for min and max: one for all elements, or one for each */
	double min[SYSCTL_ELEMENTS_MAX], max[SYSCTL_ELEMENTS_MAX]; /* ours, in the raw unit */
	long values[SYSCTL_VALUES_MAX]; /* instead of bounds */
	unsigned value_count;
	const char *words; /* of a key that holds words: those that kernels have; NULL: any */
	double kernel_min[SYSCTL_ELEMENTS_MAX], kernel_max[SYSCTL_ELEMENTS_MAX]; /* beyond them a write is EINVAL */
	unsigned kernel_count[2]; /* numbers given for these */
	struct kernel_version kernel_since; /* those bounds hold from there on; zero: always */
	const char *kernel_unless; /* the key that moves them, or NULL */
	bool ascending;
	bool ascending_enforced; /* and the kernel refuses what is not */
	enum sysctl_netns netns;
	enum sysctl_combine combine;
	unsigned devconf; /* of a template: its row in IFLA_INET_CONF or IFLA_INET6_CONF, plus one; 0: not there */
	const char *applies, *inherits, *effect;
	struct kernel_version since, removed, inert_since; /* zero: not known, or never */
	struct sysctl_default defaults[SYSCTL_DEFAULTS_MAX];
	unsigned default_count;
	bool has_default_all;
	double default_all; /* of a template whose conf.all begins with another value than conf.default; raw unit */
	const char *default_note;
	double memory_each; /* bytes that one more of it may take, of a key that bounds a table; 0: not known, or none */
	enum sysctl_apply apply;
	bool never_below_default;
	const char *file;
	unsigned line;
};

/* A sysctl that kernels have and the catalogue does not describe. */
struct known_name {
	const char *name;   /* a '*' in it stands for an interface or the like */
	const char *module; /* that brings it, or NULL */
	struct kernel_version removed; /* that has it no longer, or zero */
	bool before;	    /* an earlier one removed it already */
	bool foreign;	    /* only kernels with somebody's own patches have it */
};

struct catalogue {
	struct arena *arena;
	struct sysctl_def *defs;
	size_t count, size;
	struct kernel_version known_through; /* defaults of newer kernels are not claimed */
	struct known_name *names; /* in byte order, once frozen */
	size_t name_count;
	unsigned short *buckets; /* of the look-up by key, once frozen: row + 1 */
};

enum { CATALOGUE_MAX = 1024, SYSCTL_KEY_MAX = 256, KNOWN_NAMES_MAX = 8192, NAMES_LINE_MAX = 320 };

/* Add the sections of one file. 0, or -errno with *d filled. */
int catalogue_load(struct catalogue *c, const char *file, const char *bytes, size_t n, struct diag *d)
	_must_check_;
/* The section of a key; "net.ipv4.conf.eth0.rp_filter" finds the template "net.ipv4.conf.*.rp_filter". */
const struct sysctl_def *catalogue_find(const struct catalogue *c, const char *key);
/* One number for a version, in the order of versions: as host.kernel has it. */
double kernel_number(struct kernel_version v);
/* "net.ipv4.conf.eth0.rp_filter" → "net.ipv4.conf.*.rp_filter"; a dot in an interface's name is a slash here. */
bool catalogue_template(const char *key, char *ret, size_t size);
/*
 * Add a *.names file: `format = 1`, then a name a line, and behind blanks the module that brings it, "removed:VERSION",
 * "before:VERSION" or "foreign". 0, or -errno with *d filled.
 */
int catalogue_add_names(struct catalogue *c, const char *file, const char *bytes, size_t n, struct diag *d) _must_check_;
/* What the names say of a key, or NULL; those that are foreign too. */
const struct known_name *catalogue_name(const struct catalogue *c, const char *key);
/* Does any kernel have such a key? *module (may be NULL): what brings it, or NULL. */
bool catalogue_knows(const struct catalogue *c, const char *key, const char **module);
/* The name that was most likely meant by one that nobody knows, or NULL. From the arena. */
const char *catalogue_nearest(const struct catalogue *c, const char *key, struct arena *a);
bool kernel_at_least(const unsigned version[3], struct kernel_version v);
/* 0, or -EINVAL: "6.16". */
int kernel_version_parse(const char *s, struct kernel_version *ret);
const char *sysctl_type_name(enum sysctl_type t);
const char *sysctl_netns_text(enum sysctl_netns n);
const char *sysctl_apply_text(enum sysctl_apply a);
const char *sysctl_combine_text(enum sysctl_combine c);
/* "at once, for what is open too; …": when a change takes effect. A word of `applies` that is not known stands as it is. */
const char *sysctl_takes_effect(struct arena *a, const struct sysctl_def *def);
static inline bool sysctl_is_template(const struct sysctl_def *def)
{
	return def->combine != COMBINE_NONE;
}
