/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the collectors share while they run. */
#pragma once

#include "collect/census.h"
#include "collect/collect.h"
#include "collect/link.h"
#include "collect/percpu.h"
#include "root/root-names.h"

enum { HOLDERS_MAX = 128, OWNERS_JUDGED = 8 };

/* An owner whose cgroup and processes are looked at: the heaviest only. */
struct judged_owner {
	struct subject *subject;
	const struct owner *owner;
};

struct collecting {
	struct root *root;
	const struct collect_options *options;
	struct facts *facts;
	double began;  /* of the first sample, monotonic seconds */
	double window; /* between the samples; 0 until there is a second */
	unsigned long discarded_before;
	uint8_t local_ports[PORTS_BYTES];
	struct cohort cohort;
	struct census first, second;
	const struct census *latest; /* of the two; NULL where sock_diag could not be asked */
	struct links links, earlier; /* earlier: with the first sample, where links are read with the second */
	const char *containers; /* why this host carries some, or NULL */
	int census_error;
	struct cpu_stat cpu; /* of the first sample */
	int cpu_error;
	struct cgroup_name *cgroups; /* of the owners met */
	size_t cgroup_count;
	int cgroup_error;
	struct judged_owner owners[OWNERS_JUDGED];
	size_t owner_count;
	struct cgroup_reading *cgroup_readings; /* of the first sample */
	size_t cgroup_reading_count;
	struct socket_holder holders[HOLDERS_MAX]; /* sockets whose process is to be named */
	struct subject *holder_subjects[HOLDERS_MAX];
	size_t holder_count;
	struct flow_judging *flow_judging; /* NULL: no owners */
	bool sees_host;	 /* /proc/sys is that of the host to be judged */
	bool sees_files; /* and so are the files around sysctl.d */
	size_t line_count;
};

struct sysctld;
typedef void (*collector_fn)(struct collecting *c);

void collect_sysctls(struct collecting *c);
void collect_boot_values(struct collecting *c);
void collect_host(struct collecting *c);
void derive_from_sysctls(struct collecting *c);
void host_from_sysctls(struct collecting *c);
void collect_counters_before(struct collecting *c);
void collect_counters(struct collecting *c);
void collect_links(struct collecting *c);
void collect_links_after(struct collecting *c);
void collect_links_before(struct collecting *c);
void collect_links_late(struct collecting *c);
void collect_cpu_before(struct collecting *c);
void collect_cpu(struct collecting *c);
void collect_neighbours_before(struct collecting *c);
void collect_neighbours(struct collecting *c);
void collect_conf(struct collecting *c);
void derive_role(struct collecting *c);
/* The value of a template's file for an interface, "all" or "default". */
struct value read_conf(struct collecting *c, const struct sysctl_def *def, const char *interface);
void collect_sockets_before(struct collecting *c);
void collect_sockets(struct collecting *c);
void collect_queues(struct collecting *c);
void derive_states(struct collecting *c);
void derive_paths(struct collecting *c);
void derive_extremes(struct collecting *c);
void derive_listeners(struct collecting *c);
void derive_destinations(struct collecting *c);
void derive_owners(struct collecting *c);
void derive_owner_flows(struct collecting *c);
void derive_processes(struct collecting *c);
void derive_owner_faults(struct collecting *c);
/* Flows of this key will be judged for this subject, one of so many; derive_owner_flows() does. */
void owner_flows_add(struct collecting *c, const struct owner_key *key, struct subject *s, size_t of);
void owner_flows_free(struct flow_judging *j);
void collect_cgroups_before(struct collecting *c);
void collect_cgroups(struct collecting *c);
void derive_descriptors(struct collecting *c);
void collect_managers(struct collecting *c);

/* Take a counter's reading: its value, and with the second sample its growth. */
void sample_counter(const struct collecting *c, struct value *value, double v);
/* What each key would be at boot, and whether that is what it is now; and the lines that say so. */
void set_boot_values(struct collecting *c, const struct sysctld *d);
void collect_lines(struct collecting *c, const struct sysctld *d);

/* Live value of one element of a catalogued key, or missing. */
struct value live_sysctl(const struct collecting *c, const char *key, unsigned element);
double threshold_value(const struct collecting *c, const char *name, double otherwise);
/* Name of a cgroup id's systemd unit; NULL where it says nothing of the owner. After resolve_cgroups(). */
const char *unit_name(const struct collecting *c, uint64_t cgroup);
