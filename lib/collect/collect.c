/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/collect.h"

#include <errno.h>
#include <time.h>
#include "collect/collect-private.h"
#include "collect/name.h"

/* In order: what a later one needs comes first. `before` and `after` are the two samples. */
static const collector_fn before[] = {
	collect_sysctls,	collect_host,  collect_boot_values,
	collect_counters_before, collect_links, collect_sockets_before,
};
static const collector_fn after[] = {
	collect_counters, collect_sockets, resolve_cgroups,	derive_states,	  derive_paths,
	derive_listeners, derive_destinations, derive_owners, derive_processes,
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_for_window(struct collecting *c, double began)
{
	const struct collect_options *o = c->options;
	double left;

	while ((left = began + o->window - now()) > 0) {
		double step = min_of(left, 0.1);
		struct timespec t = {.tv_sec = (time_t)step, .tv_nsec = (long)((step - (double)(time_t)step) * 1e9)};

		if (o->progress)
			o->progress(o->user, left);
		nanosleep(&t, NULL);
	}
	if (o->progress)
		o->progress(o->user, 0);
}

/* The second sample: after the window, or what the record holds. */
static void next_sample(struct collecting *c, double began)
{
	double recorded = root_host(c->root)->window;

	if (root_is_recorded(c->root) ? recorded <= 0 : c->options->window <= 0)
		return;
	if (!root_is_recorded(c->root))
		wait_for_window(c, began);
	if (root_set_sample(c->root, 2) < 0) {
		facts_note(c->facts, "the record's second sample is missing");
		return;
	}
	c->window = root_is_recorded(c->root) ? recorded : now() - began;
}

int collect(struct root *root, const struct collect_options *o, struct facts **ret)
{
	struct collecting *c = calloc(1, sizeof(*c));
	double began = 0;

	if (!c)
		return -ENOMEM;
	c->root = root;
	c->options = o;
	c->facts = facts_new();
	root_set_sample(root, 1);
	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		if (i == ARRAY_SIZE(before) - 1)
			began = now();
		before[i](c);
	}
	next_sample(c, began);
	c->facts->window = c->window;
	for (size_t i = 0; i < ARRAY_SIZE(after); i++)
		after[i](c);
	if (root_netlink_stats(root)->discarded)
		facts_note(c->facts, "%lu malformed or foreign netlink messages were discarded",
			   root_netlink_stats(root)->discarded);
	*ret = c->facts;
	census_clear(&c->first);
	census_clear(&c->second);
	cohort_clear(&c->cohort);
	links_clear(&c->links);
	free(c);
	return 0;
}
