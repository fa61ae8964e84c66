/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/health-counters.h"

#include <string.h>
#include "collect/procnet.h"

enum { FILE_MAX = 256 * 1024 };

const struct counter_def counter_defs[COUNTERS] = {
	[COUNT_ACTIVE_OPENS] = {.prefix = "Tcp:", .name = "ActiveOpens", .shown = "opens"},
	[COUNT_PASSIVE_OPENS] = {.prefix = "Tcp:", .name = "PassiveOpens", .shown = "accepts"},
	[COUNT_ATTEMPT_FAILS] = {"Tcp:", "AttemptFails", "fails", .least = 5, .opening = true},
	[COUNT_SYN_RETRANS] = {"TcpExt:", "TCPSynRetrans", "syn-retrans", .least = 5, .opening = true},
	[COUNT_ABORT_ON_TIMEOUT] = {"TcpExt:", "TCPAbortOnTimeout", "timed-out", .least = 2},
	[COUNT_RESETS] = {"Tcp:", "EstabResets", "resets", .least = 20},
	[COUNT_LISTEN_DROPS] = {"TcpExt:", "ListenDrops", "listen-drops", .least = 5, .opening = true},
	[COUNT_LISTEN_OVERFLOWS] = {"TcpExt:", "ListenOverflows", "overflows", .least = 5, .opening = true},
	[COUNT_TIMEOUTS] = {"TcpExt:", "TCPTimeouts", "timeouts", .least = 20, .excused = true},
	[COUNT_PRESSURES] = {"TcpExt:", "TCPMemoryPressures", "pressures", .least = 0.5},
	[COUNT_PRUNED] = {"TcpExt:", "PruneCalled", "pruned", .least = 20, .excused = true},
	[COUNT_ABORT_ON_MEMORY] = {"TcpExt:", "TCPAbortOnMemory", "memory-aborts", .least = 0.5},
	[COUNT_RESETS_SENT] = {.prefix = "Tcp:", .name = "OutRsts", .shown = "resets-sent"},
	[COUNT_RECEIVE_DROPS] = {"TcpExt:", "TCPRcvQDrop", "receive-drops", .least = 5},
};

static void on_pair(void *user, const char *prefix, const char *name, double v)
{
	struct health_counts *c = user;

	for (unsigned i = 0; i < COUNTERS; i++)
		if (!strcmp(counter_defs[i].name, name) && !strcmp(counter_defs[i].prefix, prefix)) {
			c->count[i] = v;
			c->known[i] = true;
		}
}

int counters_read(struct root *root, double now, struct health_counts *ret)
{
	static const char *const files[] = {"proc/net/snmp", "proc/net/netstat"};
	struct health_counts c = {.seconds = now};
	_cleanup_text_ struct text t = TEXT_NULL;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int r = root_read(root, files[i], FILE_MAX, &t);

		if (r == 0)
			r = procnet_pairs(t.s, on_pair, &c);
		if (r < 0)
			return r;
	}
	*ret = c;
	return 0;
}

struct health_counts counters_between(const struct health_counts *before, const struct health_counts *after)
{
	struct health_counts c = {.seconds = after->seconds - before->seconds};

	for (unsigned i = 0; i < COUNTERS; i++) {
		c.known[i] = before->known[i] && after->known[i];
		c.count[i] = c.known[i] ? max_of(0.0, after->count[i] - before->count[i]) : 0;
	}
	c.count[COUNT_ATTEMPT_FAILS] = max_of(0.0, c.count[COUNT_ATTEMPT_FAILS] - c.count[COUNT_RESETS_SENT]);
	return c;
}

double counter_rate(const struct health_counts *c, enum counter which)
{
	return c->known[which] && c->seconds > 0 ? c->count[which] / c->seconds : 0;
}

void counters_format(const struct health_counts *c, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "host seconds=%.3g", c->seconds);

	for (unsigned i = 0; i < COUNTERS && n < size; i++)
		if (c->known[i])
			n += (size_t)snprintf(buf + n, size - n, " %s=%.3g", counter_defs[i].shown, counter_rate(c, i));
}
