/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/health-scope.h"

#include <string.h>

/* Keys that act on one direction only; all others on both. */
static const struct {
	const char *key;
	bool out;
} one_way[] = {
	{"net.core.rmem_max", false},
	{"net.core.wmem_max", true},
	{"net.ipv4.tcp_congestion_control", true},
	{"net.ipv4.tcp_limit_output_bytes", true},
	{"net.ipv4.tcp_notsent_lowat", true},
	{"net.ipv4.tcp_rmem", false},
	{"net.ipv4.tcp_slow_start_after_idle", true},
	{"net.ipv4.tcp_wmem", true},
};

/* How connections are opened, when they are given up, and what is left of them: flows that run do not see it. */
static const char *const connection_keys[] = {
	"net.core.somaxconn",
	"net.ipv4.ip_local_port_range",
	"net.ipv4.ip_local_reserved_ports",
	"net.ipv4.tcp_abort_on_overflow",
	"net.ipv4.tcp_fastopen",
	"net.ipv4.tcp_fin_timeout",
	"net.ipv4.tcp_keepalive_intvl",
	"net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_keepalive_time",
	"net.ipv4.tcp_max_orphans",
	"net.ipv4.tcp_max_syn_backlog",
	"net.ipv4.tcp_max_tw_buckets",
	"net.ipv4.tcp_orphan_retries",
	"net.ipv4.tcp_retries1",
	"net.ipv4.tcp_retries2",
	"net.ipv4.tcp_rfc1337",
	"net.ipv4.tcp_syn_linear_timeouts",
	"net.ipv4.tcp_syn_retries",
	"net.ipv4.tcp_synack_retries",
	"net.ipv4.tcp_syncookies",
	"net.ipv4.tcp_tw_reuse",
};

static bool goes(const char *key, bool out)
{
	for (size_t i = 0; i < ARRAY_SIZE(one_way); i++)
		if (!strcmp(one_way[i].key, key))
			return one_way[i].out == out;
	return true;
}

/* Ids of findings, "window.send-below-bdp/wan0 10.77.0.0/24, …": a path is a word of its own at the end of one. */
static bool ends_word(char c)
{
	return !c || c == ' ' || c == ',' || c == ';';
}

/*
 * What asks for a change may be longer than its text has room for, and is cut at its end: of many paths the first remain.
 * That suffices: proof on these is proof on what the change is made for, and harm is looked for on every path. A name that
 * is cut lacks its "/24" or "/48", or a part of it, and is no path at all.
 */
static bool names(const char *why, const char *path)
{
	size_t n = strlen(path);

	for (const char *p = strstr(why, path); p; p = strstr(p + 1, path))
		if (p > why && (p[-1] == ' ' || p[-1] == '/') && ends_word(p[n]))
			return true;
	return false;
}

bool scope_names_paths(const struct paper *request)
{
	static const char *const ends[] = {"/24", "/48"};

	for (unsigned i = 0; i < request->change_count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(ends); k++) {
			const char *p = strstr(request->changes[i].why, ends[k]);

			if (p && ends_word(p[3]))
				return true;
		}
	return false;
}

bool scope_wants(const struct paper *request, const char *path, bool out)
{
	for (unsigned i = 0; i < request->change_count; i++)
		if (names(request->changes[i].why, path) && goes(request->changes[i].key, out))
			return true;
	return false;
}

static bool is_connection_key(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(connection_keys); i++)
		if (!strcmp(connection_keys[i], key))
			return true;
	return false;
}

bool scope_is_connections(const struct paper *request)
{
	for (unsigned i = 0; i < request->change_count; i++)
		if (!is_connection_key(request->changes[i].key))
			return false;
	return request->change_count > 0;
}
