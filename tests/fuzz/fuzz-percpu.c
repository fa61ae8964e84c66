/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel counts for each processor: each input in the hands of both parsers. */
#include "fuzz.h"

#include <errno.h>
#include <math.h>

#include "collect/percpu.h"

static void on_column(void *user, const char *name, double first, double sum)
{
	unsigned *columns = user;

	check(*name && !strpbrk(name, " \t\n"));
	check(isfinite(sum) && first >= 0 && first <= sum && first <= 4294967295.0);
	check(++*columns <= PERCPU_COLUMNS_MAX);
}

static bool sane(const struct cpu_times *t)
{
	return isfinite(t->total) && t->idle >= 0 && t->total >= t->idle;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cpu_times each[PERCPU_CPUS_MAX];
	struct cpu_stat stat = {.each = each};
	char *table = malloc(size + 1), *times = malloc(size + 1);
	unsigned columns = 0;
	int r;

	check(table && times);
	memcpy(table, data, size);
	memcpy(times, data, size);
	table[size] = times[size] = 0;
	r = percpu_table(table, on_column, &columns);
	check(r == -EBADMSG ? !columns : r > 0 && r <= PERCPU_LINES_MAX);
	memset(each, 0, sizeof(each));
	if (percpu_times(times, &stat) == 0) {
		check(stat.count > 0 && sane(&stat.all));
		for (size_t i = 0; i < PERCPU_CPUS_MAX; i++)
			check(sane(&each[i]));
	}
	free(table);
	free(times);
	return 0;
}
