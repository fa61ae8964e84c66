/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the tests of rules and profiles: a small catalogue, and rule sets from texts. */
#pragma once

#include <errno.h>

#include "unit.h"

#include "rules/rule.h"

#define KEY_TEXTS  "title = t\nabout = a\napplies = now\nrefs = r\n"
#define RULE_TEXTS "title = t\nmessage = m\nbecause = b\nrefs = r\n"

static const char small_catalogue[] =
	"format = 1\n"
	"[net.ipv4.tcp_rmem]\n" KEY_TEXTS "elements = 3\nunit = bytes\nmin = 4096\n"
	"[net.core.somaxconn]\n" KEY_TEXTS "min = 1\n"
	"[net.ipv4.tcp_keepalive_time]\n" KEY_TEXTS "unit = seconds\nmin = 1\n"
	"[net.ipv4.tcp_congestion_control]\n" KEY_TEXTS "type = word\n"
	"[net.ipv4.ip_local_reserved_ports]\n" KEY_TEXTS "type = ranges\n";

/* Both passes over one rule file; what config_load_rules() does with many. */
static inline int add_rules(struct ruleset *set, const char *text, struct diag *d)
{
	int r;

	if (!set->catalogue.arena) {
		set->catalogue.arena = &set->arena;
		r = catalogue_load(&set->catalogue, "t.sysctl", small_catalogue,
				   strlen(small_catalogue), d);
		if (r < 0)
			return r;
	}
	r = ruleset_add_file(set, PASS_THRESHOLDS, "t.rule", text, strlen(text), d);
	return r < 0 ? r : ruleset_add_file(set, PASS_RULES, "t.rule", text, strlen(text), d);
}

/* A sealed set, or the test fails. */
static inline void load_rules(struct ruleset *set, const char *text)
{
	struct diag d = {0};

	if (add_rules(set, text, &d) < 0 || ruleset_seal(set, &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
}

static inline void assert_rules_refused(const char *text, unsigned line, const char *says)
{
	struct ruleset set = {0};
	struct diag d = {0};

	if (add_rules(&set, text, &d) != -EINVAL)
		fail_msg("accepted: %s", text);
	ruleset_clear(&set);
	assert_diag(&d, "t.rule", line, says);
}
