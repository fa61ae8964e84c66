/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An audit of a host that a test makes up, to be rendered; shared by the tests of reports. */
#pragma once

#include "unit-render.h"

/* clang-format off */
#define ABOUT_NAMES \
	"format = 1\n[a.b]\nfor = listener\nwhen = listener.queue > 0\ntitle = t\nbecause = b\nrefs = r\n" \
	"message = it is {sysctl.net.ipv4.tcp_congestion_control}\n" \
	"advise = do {sysctl.net.ipv4.tcp_congestion_control}\n" \
	"evidence = sysctl.net.ipv4.tcp_congestion_control host.fd_max\n" \
	"recommend = net.ipv4.tcp_congestion_control = \"bbr\"\n" \
	"[c.d]\nfor = host\nwhen = host.fd_max > 0\n" RULE_TEXTS
/* clang-format on */

struct show {
	struct court court;
	struct report_part part;
	struct report report;
};

static inline void show_clear(struct show *s)
{
	court_clear(&s->court);
}

#define _cleanup_show_ _cleanup_(show_clear)

static inline struct subject *add_listener(struct show *s, const char *name, double queue)
{
	struct subject *l = add_subject(&s->court, SUBJECT_LISTENER, name);

	l->values[LISTENER_QUEUE] = value_number(queue);
	l->values[LISTENER_LIMIT] = value_number(8);
	l->values[LISTENER_WORKERS] = value_number(1);
	return l;
}

static inline void show_open(struct show *s, const struct tree *t, const char *rules)
{
	court_open(&s->court, t, rules);
	set_live(&s->court, "net.core.somaxconn", "128");
	set_live(&s->court, "net.ipv4.tcp_rmem", "4096 131072 33554432");
	set_default(&s->court, "net.ipv4.tcp_rmem", 2, 6291456);
	s->court.facts->host->values[HOST_FD_USED] = value_missing(VALUE_DENIED, NULL);
	s->part.host =
		(struct root_host){.kernel = "6.12.1", .hostname = "here", .machine = "x86_64", .privileged = true};
}

static inline void render(struct show *s, const char *format, const struct render_options *o, struct text *ret)
{
	s->part.facts = s->court.facts;
	court_judge(&s->court);
	s->part.judgement = s->court.judgement;
	s->report = (struct report){.version = "1.2.3",
				    .rules = &s->court.rules,
				    .parts = &s->part,
				    .count = 1,
				    .one_namespace = true,
				    .recorded = s->report.recorded};
	ret->len = 0;
	text_addn(ret, "", 0);
	report_format_find(format)->render(&s->report, o, ret);
}

/* The name stands wherever one from the system may. */
static inline void put_everywhere(struct show *s, const char *name)
{
	struct subject *l = add_listener(s, name, 9);

	l->unit = l->process = name;
	set_live(&s->court, "net.ipv4.tcp_congestion_control", name);
	facts_note(s->court.facts, "noted: %s", name);
	snprintf(s->part.host.hostname, sizeof(s->part.host.hostname), "%s", name);
	snprintf(s->part.host.kernel, sizeof(s->part.host.kernel), "%s", name);
	snprintf(s->part.host.machine, sizeof(s->part.host.machine), "%s", name);
	snprintf(s->part.host.netns, sizeof(s->part.host.netns), "%s", name);
	s->court.facts->host->values[HOST_FD_MAX] =
		value_missing(VALUE_DENIED, arena_strdup(&s->court.facts->arena, name));
}
