/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/percpu.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/macro.h"

static unsigned split(char *line, char *words[PERCPU_COLUMNS_MAX])
{
	char *state = NULL;
	unsigned n = 0;

	for (char *w = strtok_r(line, " \t", &state); w && n < PERCPU_COLUMNS_MAX; w = strtok_r(NULL, " \t", &state))
		words[n++] = w;
	return n;
}

static int hexadecimal(const char *word, double *ret)
{
	size_t n = strspn(word, "0123456789abcdefABCDEF");

	/* The kernel prints 32 bits here, whatever the counter has. */
	if (word[n] || !n || n > 8)
		return -EBADMSG;
	*ret = (double)strtoul(word, NULL, 16);
	return 0;
}

int percpu_table(char *bytes, percpu_fn fn, void *user)
{
	char *lines = NULL, *names[PERCPU_COLUMNS_MAX], *words[PERCPU_COLUMNS_MAX];
	double first[PERCPU_COLUMNS_MAX] = {0}, sum[PERCPU_COLUMNS_MAX] = {0}, v;
	char *line = strtok_r(bytes, "\n", &lines);
	unsigned columns, n;
	int cpus = 0;

	if (!line)
		return -EBADMSG;
	columns = split(line, names);
	for (line = strtok_r(NULL, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		n = split(line, words);
		if (!n || cpus == PERCPU_LINES_MAX)
			return -EBADMSG;
		columns = min_of(columns, n);
		for (unsigned i = 0; i < columns; i++) {
			if (hexadecimal(words[i], &v) < 0)
				return -EBADMSG;
			first[i] = cpus ? first[i] : v;
			sum[i] += v;
		}
		cpus++;
	}
	for (unsigned i = 0; cpus && i < columns; i++)
		fn(user, names[i], first[i], sum[i]);
	return cpus ? cpus : -EBADMSG;
}

/* "user nice system idle iowait irq softirq steal …": guest time is in user time already. */
static int read_times(const char *p, struct cpu_times *ret)
{
	enum { IDLE = 3, IOWAIT = 4, STEAL = 7 };
	struct cpu_times t = {0};
	unsigned i;

	for (i = 0; i <= STEAL; i++) {
		unsigned long long v;
		char *end;

		p += strspn(p, " ");
		if (!isdigit((unsigned char)*p))
			break;
		v = strtoull(p, &end, 10);
		t.total += (double)v;
		t.idle += i == IDLE || i == IOWAIT ? (double)v : 0;
		p = end;
	}
	if (i <= IDLE)
		return -EBADMSG;
	*ret = t;
	return 0;
}

int percpu_times(const char *bytes, struct cpu_stat *ret)
{
	bool seen = false;

	ret->count = 0;
	for (const char *p = bytes; !strncmp(p, "cpu", 3); p += *p == '\n') {
		char *end = (char *)p + 3;
		unsigned long number = 0;
		bool one = isdigit((unsigned char)*end);

		if (one)
			number = strtoul(end, &end, 10);
		if (*end != ' ')
			return -EBADMSG;
		if (!one && read_times(end, &ret->all) < 0)
			return -EBADMSG;
		if (one && number < PERCPU_CPUS_MAX) {
			if (read_times(end, &ret->each[number]) < 0)
				return -EBADMSG;
			ret->count++;
		}
		seen |= !one;
		p += strcspn(p, "\n");
	}
	return seen && ret->count ? 0 : -EBADMSG;
}
