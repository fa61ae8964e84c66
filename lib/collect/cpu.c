/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How idle the processors were over the window: whether there is time left for what a sysctl would have them do. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "collect/collect-private.h"
#include "collect/percpu.h"

enum { STAT_MAX = 4 * 1024 * 1024 }; /* its line of interrupts alone has megabytes on the largest hosts */

static int read_stat(struct collecting *c, struct cpu_stat *ret)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	int r = root_read(c->root, "proc/stat", STAT_MAX, &t);

	return r < 0 ? r : percpu_times(t.s, ret);
}

static void miss(struct collecting *c, int error)
{
	struct value *v = c->facts->host->values;

	v[HOST_CPU_IDLE] = v[HOST_CPU_IDLE_LEAST] = value_missing(
		error == -EBADMSG ? VALUE_GARBLED : value_state_of(error),
		arena_printf(&c->facts->arena, "/proc/stat: %s", error == -EBADMSG ? "not understood" : strerror(-error)));
}

static double idle_share(const struct cpu_times *before, const struct cpu_times *after)
{
	double total = after->total - before->total, idle = after->idle - before->idle;

	/* The count of idle ticks may step back on an idle processor that sleeps without its tick. */
	return total > 0 ? fmax(0, fmin(1, idle / total)) : 1;
}

void collect_cpu_before(struct collecting *c)
{
	struct cpu_stat *s = &c->cpu;
	int r;

	s->each = arena_array(&c->facts->arena, struct cpu_times, PERCPU_CPUS_MAX);
	r = read_stat(c, s);
	if (r < 0)
		miss(c, r);
	else
		c->facts->host->values[HOST_CPUS] = value_number(s->count);
	c->cpu_error = r;
}

void collect_cpu(struct collecting *c)
{
	struct cpu_stat now = {.each = NULL};
	struct value *v = c->facts->host->values;
	double least = 1;
	int r;

	if (c->cpu_error < 0)
		return;
	if (!c->window) {
		v[HOST_CPU_IDLE] = v[HOST_CPU_IDLE_LEAST] = value_missing(VALUE_NO_WINDOW, NULL);
		return;
	}
	now.each = arena_array(&c->facts->arena, struct cpu_times, PERCPU_CPUS_MAX);
	r = read_stat(c, &now);
	if (r < 0) {
		miss(c, r);
		return;
	}
	for (unsigned i = 0; i < PERCPU_CPUS_MAX; i++)
		if (now.each[i].total > c->cpu.each[i].total && c->cpu.each[i].total > 0)
			least = min_of(least, idle_share(&c->cpu.each[i], &now.each[i]));
	v[HOST_CPU_IDLE] = value_number(idle_share(&c->cpu.all, &now.all));
	v[HOST_CPU_IDLE_LEAST] = value_number(least);
}
