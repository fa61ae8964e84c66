/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts of the host as a whole: memory, open files, the port range, and what follows from sysctls. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "collect/collect-private.h"

static void read_meminfo(struct collecting *c)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct value *v = c->facts->host->values;
	int r = root_read(c->root, "proc/meminfo", 64 * 1024, &t);
	unsigned long long kib;
	const char *p;

	if (r < 0) {
		const char *reason = arena_printf(&c->facts->arena, "/proc/meminfo: %s", strerror(-r));

		v[HOST_MEMORY] = v[HOST_MEMORY_AVAILABLE] = v[HOST_TCP_PAGES] =
			value_missing(value_state_of(r), reason);
		return;
	}
	p = strstr(t.s, "MemTotal:");
	if (p && sscanf(p, "MemTotal: %15llu kB", &kib) == 1) {
		v[HOST_MEMORY] = value_number((double)kib * 1024);
		v[HOST_TCP_PAGES] = value_number((double)kib * 1024 / (double)root_host(c->root)->page_size);
	}
	p = strstr(t.s, "MemAvailable:");
	if (p && sscanf(p, "MemAvailable: %15llu kB", &kib) == 1)
		v[HOST_MEMORY_AVAILABLE] = value_number((double)kib * 1024);
}

static void read_files(struct collecting *c)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct value *v = c->facts->host->values;
	unsigned long long used, unused, max;
	int r = root_read(c->root, "proc/sys/fs/file-nr", 4096, &t);

	if (r < 0 || sscanf(t.s, "%19llu %19llu %19llu", &used, &unused, &max) != 3) {
		v[HOST_FD_USED] = v[HOST_FD_MAX] = value_missing(
			r < 0 ? value_state_of(r) : VALUE_GARBLED,
			arena_printf(&c->facts->arena, "/proc/sys/fs/file-nr: %s", r < 0 ? strerror(-r) : "not understood"));
	} else {
		v[HOST_FD_USED] = value_number((double)used - (double)unused);
		v[HOST_FD_MAX] = value_number((double)max);
	}
	v[HOST_FD_NR_OPEN] = live_sysctl(c, "fs.nr_open", 0);
}

static void count_ports(struct collecting *c)
{
	struct value low = live_sysctl(c, "net.ipv4.ip_local_port_range", 0);
	struct value high = live_sysctl(c, "net.ipv4.ip_local_port_range", 1);
	struct value reserved = live_sysctl(c, "net.ipv4.ip_local_reserved_ports", 0);
	uint8_t without[PORTS_BYTES] = {0};
	unsigned ports = 0;

	if (low.state != VALUE_KNOWN || high.state != VALUE_KNOWN || low.num < 0 ||
	    low.num > 65535 || high.num < 0 || high.num > 65535) {
		c->facts->host->values[HOST_PORTS] = low.state != VALUE_KNOWN ? low : value_missing(VALUE_GARBLED, NULL);
		return;
	}
	for (unsigned port = (unsigned)low.num; port <= (unsigned)high.num; port++)
		bitmap_set(c->local_ports, (uint16_t)port);
	if (reserved.state == VALUE_KNOWN)
		ports_add(without, reserved.text);
	for (size_t i = 0; i < PORTS_BYTES; i++) {
		c->local_ports[i] &= (uint8_t)~without[i];
		ports += (unsigned)__builtin_popcount(c->local_ports[i]);
	}
	c->facts->host->values[HOST_PORTS] = value_number(ports);
}

/*
 * tcp_mem is absent in a child namespace; its formula (tcp_init_mem) gives 6.25 % of memory as pressure line, and half
 * as much again as the limit.
 */
static struct value tcp_memory(struct collecting *c, unsigned element, double share)
{
	struct value pages = live_sysctl(c, "net.ipv4.tcp_mem", element), memory = c->facts->host->values[HOST_MEMORY];

	if (pages.state == VALUE_KNOWN)
		return value_number(pages.num * (double)root_host(c->root)->page_size);
	if (memory.state != VALUE_KNOWN)
		return pages;
	memory.num *= share;
	memory.source = arena_printf(&c->facts->arena, "%.3g %% of memory, as the kernel sets tcp_mem", 100 * share);
	return memory;
}

static void set_tcp_memory(struct collecting *c)
{
	struct value *v = c->facts->host->values;

	v[HOST_TCP_MEMORY] = tcp_memory(c, 1, 1.0 / 16);
	v[HOST_TCP_MEMORY_MAX] = tcp_memory(c, 2, 3.0 / 32);
}

/* tcp_win_from_space(), include/net/tcp.h: by tcp_adv_win_scale before 6.6, by a measured ratio that starts at ½ after. */
static void set_window_ratio(struct collecting *c)
{
	const struct kernel_version measured = {6, 6};
	struct value scale = live_sysctl(c, "net.ipv4.tcp_adv_win_scale", 0), *v = c->facts->host->values;
	const unsigned *version = root_host(c->root)->version;

	v[HOST_WINDOW_RATIO] = value_number(0.5);
	v[HOST_WINDOW_RATIO].source = "tcp.h: where the kernel's measured ratio starts";
	if (!version[0] || kernel_at_least(version, measured) || scale.state != VALUE_KNOWN)
		return;
	if (scale.num > 0)
		v[HOST_WINDOW_RATIO] = value_number(1 - 1.0 / (double)(1u << min_of((unsigned)scale.num, 31u)));
	else
		v[HOST_WINDOW_RATIO] = value_number(1.0 / (double)(1u << min_of((unsigned)-scale.num, 31u)));
	v[HOST_WINDOW_RATIO].source = "tcp_adv_win_scale";
}

static void set_kernel(struct collecting *c)
{
	const struct root_host *h = root_host(c->root);
	struct kernel_version version = {h->version[0], h->version[1]};
	struct value *v = &c->facts->host->values[HOST_KERNEL];

	if (!h->version[0]) {
		*v = value_missing(VALUE_GARBLED, "the release of the kernel is not understood");
		return;
	}
	*v = value_text(arena_strdup(&c->facts->arena, h->kernel));
	v->num = kernel_number(version);
}

/*
 * tcp_model_timeout(), net/ipv4/tcp_timer.c: the time that N retransmissions take when the first time-out is the least
 * one, TCP_RTO_MIN, which tcp_rto_min_us does not move, each the double of the one before, up to the longest.
 */
static void set_retries2_timeout(struct collecting *c)
{
	const double least = 0.2;
	struct value retries = live_sysctl(c, "net.ipv4.tcp_retries2", 0);
	struct value longest = live_sysctl(c, "net.ipv4.tcp_rto_max_ms", 0);
	struct value *v = &c->facts->host->values[HOST_RETRIES2_TIMEOUT];
	double most = longest.state == VALUE_KNOWN && longest.num >= 1 ? longest.num : 120, doublings;

	*v = retries;
	if (retries.state != VALUE_KNOWN)
		return;
	doublings = floor(log2(floor(most / least)));
	if (retries.num <= doublings)
		v->num = (exp2(retries.num + 1) - 1) * least;
	else
		v->num = (exp2(doublings + 1) - 1) * least + (retries.num - doublings) * most;
}

/* What follows from sysctls and the release of the kernel alone. */
void derive_from_sysctls(struct collecting *c)
{
	set_kernel(c);
	set_retries2_timeout(c);
	set_window_ratio(c);
}

void host_from_sysctls(struct collecting *c)
{
	count_ports(c);
	set_tcp_memory(c);
	derive_from_sysctls(c);
}

void collect_host(struct collecting *c)
{
	struct value *v = c->facts->host->values;

	read_meminfo(c);
	read_files(c);
	host_from_sysctls(c);
	v[HOST_PAGE_SIZE] = value_number((double)root_host(c->root)->page_size);
	v[HOST_TCP_EHASH] = live_sysctl(c, "net.ipv4.tcp_ehash_entries", 0);
	/* A child namespace reports the shared table as a negative number (tcp_child_ehash_entries). */
	if (v[HOST_TCP_EHASH].state == VALUE_KNOWN && v[HOST_TCP_EHASH].num < 0)
		v[HOST_TCP_EHASH].num = -v[HOST_TCP_EHASH].num;
}
