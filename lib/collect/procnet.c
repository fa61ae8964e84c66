/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters of /proc/net, twice: since boot, and their growth over the window. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "collect/collect-private.h"
#include "collect/procnet.h"

enum { PROC_FILE_MAX = 256 * 1024 };

/* "Tcp: A B C\nTcp: 1 2 3\n": a line of names, then a line of numbers, with one prefix. */
int procnet_pairs(char *bytes, procnet_pair_fn fn, void *user)
{
	char *lines = NULL, *names, *numbers;
	int pairs = 0;

	for (names = strtok_r(bytes, "\n", &lines); names; names = strtok_r(NULL, "\n", &lines)) {
		char *state_a = NULL, *state_b = NULL, *prefix, *name, *number;

		numbers = strtok_r(NULL, "\n", &lines);
		if (!numbers)
			return -EBADMSG;
		prefix = strtok_r(names, " ", &state_a);
		number = strtok_r(numbers, " ", &state_b);
		if (!prefix || !number || strcmp(prefix, number))
			return -EBADMSG;
		while ((name = strtok_r(NULL, " ", &state_a)) && (number = strtok_r(NULL, " ", &state_b))) {
			const char *end;
			double v;

			if (decimal_scan(number, &end, &v) == 0 && !*end)
				fn(user, prefix, name, v);
			pairs++;
		}
	}
	return pairs;
}

/* "TCP: inuse 5 orphan 0 …": words and numbers in turn. */
int procnet_sockstat(char *bytes, procnet_pair_fn fn, void *user)
{
	char *lines = NULL;
	int pairs = 0;

	for (char *line = strtok_r(bytes, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		char *state = NULL, *prefix = strtok_r(line, " ", &state), *name, *number;

		while (prefix && (name = strtok_r(NULL, " ", &state)) && (number = strtok_r(NULL, " ", &state))) {
			const char *end;
			double v;

			if (decimal_scan(number, &end, &v) < 0 || *end)
				return -EBADMSG;
			fn(user, prefix, name, v);
			pairs++;
		}
	}
	return pairs;
}

/* Hexadecimal columns; only blanks may part them, so that a short line is not completed from the next. */
static int softnet_line(const char *line, size_t n, unsigned long column[3])
{
	const char *p = line;

	for (unsigned i = 0; i < 3; i++) {
		char *end;

		p += strspn(p, " ");
		if (p >= line + n || !isxdigit((unsigned char)*p))
			return -EBADMSG;
		column[i] = strtoul(p, &end, 16);
		if (column[i] > UINT32_MAX || (*end && *end != ' ' && *end != '\n'))
			return -EBADMSG;
		p = end;
	}
	return 0;
}

int procnet_softnet(const char *bytes, double *processed, double *dropped, double *squeezed)
{
	unsigned long column[3];
	int lines = 0;

	*processed = *dropped = *squeezed = 0;
	for (const char *p = bytes; *p; p += *p == '\n') {
		size_t n = strcspn(p, "\n");

		if (softnet_line(p, n, column) < 0)
			return -EBADMSG;
		*processed += (double)column[0];
		*dropped += (double)column[1];
		*squeezed += (double)column[2];
		lines++;
		p += n;
	}
	return lines;
}

void sample_counter(const struct collecting *c, struct value *value, double v)
{
	if (!c->window) {
		*value = value_number(v);
		return;
	}
	if (value->state == VALUE_KNOWN) {
		value->has_delta = true;
		/* A counter that fell was reset (a namespace made anew): no growth to speak of. */
		value->delta = max_of(0.0, v - value->num);
	}
	value->state = VALUE_KNOWN;
	value->num = v;
}

static void set_counter(struct collecting *c, int row, double v)
{
	sample_counter(c, &c->facts->host->values[row], v);
}

static void on_counter(void *user, const char *prefix, const char *name, double v)
{
	struct collecting *c = user;
	char fact[96];
	int row;

	if (!strcmp(prefix, "Tcp:"))
		snprintf(fact, sizeof(fact), "tcp.%s", name);
	else if (!strcmp(prefix, "TcpExt:"))
		snprintf(fact, sizeof(fact), "tcpext.%s", name);
	else if (!strcmp(prefix, "Ip:"))
		snprintf(fact, sizeof(fact), "ip.%s", name);
	else
		return;
	row = fact_find(SUBJECT_HOST, fact);
	if (row >= 0)
		set_counter(c, row, v);
}

static void on_sockstat(void *user, const char *prefix, const char *name, double v)
{
	struct collecting *c = user;
	struct value *values = c->facts->host->values;

	if (strcmp(prefix, "TCP:"))
		return;
	if (!strcmp(name, "tw"))
		values[SOCKETS_TIME_WAIT] = value_number(v);
	else if (!strcmp(name, "orphan"))
		values[SOCKETS_ORPHAN] = value_number(v);
	else if (!strcmp(name, "mem"))
		values[SOCKETS_MEMORY] = value_number(v * (double)root_host(c->root)->page_size);
}

static const struct {
	const char *path;
	int (*parse)(char *bytes, procnet_pair_fn fn, void *user);
	procnet_pair_fn fn;
} sources[] = {
	{"proc/net/snmp", procnet_pairs, on_counter},
	{"proc/net/netstat", procnet_pairs, on_counter},
	{"proc/net/sockstat", procnet_sockstat, on_sockstat},
	{"proc/net/sockstat6", procnet_sockstat, on_sockstat},
};

/* Every host fact that this file would have given is missing for this reason. */
static void mark_missing(struct collecting *c, const char *path, int error)
{
	const struct subject_def *def = &subject_defs[SUBJECT_HOST];
	const char *reason = arena_printf(&c->facts->arena, "/%s: %s", path,
					  error == -EBADMSG ? "not understood" : strerror(-error));

	for (size_t i = 0; i < def->fact_count; i++)
		if (!strcmp(def->facts[i].source + 1, path) && c->facts->host->values[i].state != VALUE_KNOWN)
			c->facts->host->values[i] = value_missing(
				error == -EBADMSG ? VALUE_GARBLED : value_state_of(error), reason);
}

static void read_softnet(struct collecting *c, struct text *t)
{
	double processed, dropped, squeezed;
	int r = root_read(c->root, "proc/net/softnet_stat", PROC_FILE_MAX, t);

	if (r == 0)
		r = procnet_softnet(t->s, &processed, &dropped, &squeezed);
	if (r < 0) {
		mark_missing(c, "proc/net/softnet_stat", r);
		return;
	}
	set_counter(c, SOFTNET_PROCESSED, processed);
	set_counter(c, SOFTNET_DROPPED, dropped);
	set_counter(c, SOFTNET_SQUEEZED, squeezed);
}

static void read_sources(struct collecting *c)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		int r = root_read(c->root, sources[i].path, PROC_FILE_MAX, &t);

		if (r == 0)
			r = sources[i].parse(t.s, sources[i].fn, c);
		/* sockstat6 is absent where IPv6 is off. */
		if (r < 0 && strcmp(sources[i].path, "proc/net/sockstat6"))
			mark_missing(c, sources[i].path, r);
	}
	read_softnet(c, &t);
}

void collect_counters_before(struct collecting *c)
{
	read_sources(c);
}

void collect_counters(struct collecting *c)
{
	if (c->window > 0)
		read_sources(c);
}
