/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/collect.h"

#include <errno.h>
#include <time.h>
#include "collect/collect-private.h"
#include "collect/name.h"

enum { ALL = 1 << COLLECT_ALL, COUNTERS = 1 << COLLECT_COUNTERS, EACH = ALL | COUNTERS };

struct collector {
	collector_fn collect;
	unsigned tiers;
};

/*
 * In order: what a later one needs comes first. `before` and `after` are the two samples. Between those of counters a
 * long time may pass, so settings are then read with the second: they are judged as they are.
 */
static const struct collector before[] = {
	{collect_sysctls, ALL},
	{collect_host, ALL},
	{collect_links, ALL},
	{collect_conf, ALL},
	{collect_boot_values, ALL},
	{collect_links_before, COUNTERS},
	{collect_counters_before, EACH},
	{collect_cpu_before, EACH},
	{collect_neighbours_before, EACH},
	{collect_sockets_before, EACH},
	{collect_managers, ALL},
	{collect_cgroups_before, ALL},
};
static const struct collector after[] = {
	{collect_sysctls, COUNTERS},
	{collect_host, COUNTERS},
	{collect_links_late, COUNTERS},
	{collect_conf, COUNTERS},
	{collect_boot_values, COUNTERS},
	{collect_counters, EACH},
	{derive_role, EACH},
	{collect_cpu, EACH},
	{collect_neighbours, EACH},
	{collect_links_after, ALL},
	{collect_sockets, EACH},
	{resolve_cgroups, EACH},
	{derive_states, ALL},
	{derive_paths, ALL},
	{derive_extremes, ALL},
	{derive_listeners, EACH},
	{derive_destinations, ALL},
	{derive_owners, ALL},
	{derive_owner_flows, ALL},
	{derive_processes, ALL},
	{derive_owner_faults, ALL},
	{collect_cgroups, ALL},
	{derive_descriptors, ALL},
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool has_second_sample(const struct collecting *c)
{
	return root_is_recorded(c->root) ? root_host(c->root)->window > 0 : c->options->window > 0;
}

void collect_wait(const struct collecting *c)
{
	const struct collect_options *o = c->options;
	double left;

	if (root_is_recorded(c->root) || !has_second_sample(c))
		return;
	while ((left = c->began + o->window - now()) > 0) {
		double step = min_of(left, 0.1);
		struct timespec t = {.tv_sec = (time_t)step, .tv_nsec = (long)((step - (double)(time_t)step) * 1e9)};

		if (o->progress)
			o->progress(o->user, left);
		nanosleep(&t, NULL);
	}
	if (o->progress)
		o->progress(o->user, 0);
}

/* What lies between the samples is what was measured, not what was asked for. */
static void begin_second_sample(struct collecting *c)
{
	if (!has_second_sample(c))
		return;
	if (root_set_sample(c->root, 2) < 0)
		facts_note(c->facts, "the record's second sample is missing");
	else
		c->window = root_is_recorded(c->root) ? root_host(c->root)->window : now() - c->began;
}

static void release(struct collecting *c)
{
	census_clear(&c->first);
	census_clear(&c->second);
	cohort_clear(&c->cohort);
	links_clear(&c->links);
	links_clear(&c->earlier);
	owner_flows_free(c->flow_judging);
	free(c);
}

static void leave_sockets_untold(struct facts *f)
{
	static const enum subject_type untold[] = {SUBJECT_PATH, SUBJECT_DESTINATION, SUBJECT_OWNER};
	const char *why = "the sockets were not looked at this time";

	facts_leave_out(f, why);
	for (size_t i = 0; i < ARRAY_SIZE(untold); i++)
		f->untold[untold[i]] = why;
}

int collect_begin(struct root *root, const struct collect_options *o, struct collecting **ret)
{
	struct collecting *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->root = root;
	c->options = o;
	c->sees_host = c->sees_files = true;
	c->facts = facts_new();
	c->discarded_before = root_netlink_stats(root)->discarded;
	root_set_sample(root, 1);
	if (o->tier == COLLECT_COUNTERS)
		leave_sockets_untold(c->facts);
	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		/* The window lies between what is sampled twice: counters and sockets. */
		if (before[i].collect == collect_counters_before)
			c->began = now();
		if (before[i].tiers & 1u << o->tier)
			before[i].collect(c);
	}
	*ret = c;
	return 0;
}

void collect_end(struct collecting *c, struct facts **ret)
{
	unsigned long discarded;

	begin_second_sample(c);
	c->facts->window = c->window;
	for (size_t i = 0; i < ARRAY_SIZE(after); i++)
		if (after[i].tiers & 1u << c->options->tier)
			after[i].collect(c);
	discarded = root_netlink_stats(c->root)->discarded - c->discarded_before;
	if (discarded)
		facts_note(c->facts, "%lu malformed or foreign netlink messages were discarded", discarded);
	*ret = c->facts;
	release(c);
}

void collect_abandon(struct collecting *c)
{
	facts_free(c->facts);
	release(c);
}

int collect(struct root *root, const struct collect_options *o, struct facts **ret)
{
	struct collecting *c;
	int r = collect_begin(root, o, &c);

	if (r < 0)
		return r;
	collect_wait(c);
	collect_end(c, ret);
	return 0;
}
