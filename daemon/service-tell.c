/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include "daemon/service-private.h"

enum { HELD_TOLD = 60 /* seconds between two lines that say how many were held back */ };

/* Where there is no journal to write to: a terminal, a container. */
static void print_line(const struct event *ev)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	text_addf(&t, "%s: ", severity_name(ev->severity));
	text_add_escaped(&t, ev->message, 4096);
	if (ev->rule)
		text_addf(&t, " [%s]", ev->rule);
	fprintf(stderr, "%s\n", text_get(&t));
}

/* What the service says of itself is told whatever the level. */
static bool is_of_interest(const struct service *s, const struct event *ev)
{
	const struct config *c = &engine_setup(s->engine)->config;

	if (ev->kind >= EVENT_STARTED)
		return c->journal;
	return c->journal && ev->severity >= c->journal_level;
}

/*
 * Keys of the host have limits of their own. Those of other namespaces do not: who may write there would use up what
 * the host's keys have.
 */
static bool is_of_own_key(const struct event *ev)
{
	return ev->key && !(ev->netns && *ev->netns);
}

static const char *limit_name(const struct event *ev)
{
	return is_of_own_key(ev) ? ev->key : ev->rule;
}

static void write_line(void *user, const struct event *ev)
{
	struct service *s = user;

	if (s->options->foreground)
		print_line(ev);
	else
		journal_send(&s->journal, ev);
}

void service_tell(void *user, const struct event *ev)
{
	struct service *s = user;

	if (s->control)
		control_tell(s->control, ev);
	if (!is_of_interest(s, ev))
		return;
	if (ev->kind < EVENT_STARTED && !limit_take(&s->limit, limit_name(ev), engine_now().mono)) {
		if (is_of_own_key(ev))
			unsaid_keep(&s->unsaid, ev);
		return;
	}
	if (is_of_own_key(ev))
		unsaid_forget(&s->unsaid, ev->key);
	write_line(s, ev);
}

void service_say(struct service *s, enum event_kind kind, enum severity severity, const char *message)
{
	struct event ev = {.kind = kind, .severity = severity, .when = engine_now().real, .message = message};

	service_tell(s, &ev);
}

void service_limits(struct service *s)
{
	const struct config *c = &engine_setup(s->engine)->config;

	s->limit.burst = c->journal_burst;
	s->limit.rate = c->journal_rate / 60;
	s->limit.rule_burst = max_of(c->journal_burst / 6, 1.0);
	s->limit.rule_rate = c->journal_rate / 60 / 6;
}

void service_tell_held(struct service *s)
{
	double now = engine_now().mono;
	unsigned long held = s->limit.held - s->limit.reported, most;
	_cleanup_text_ struct text line = TEXT_NULL;
	const char *rule;

	unsaid_tell(&s->unsaid, &s->limit, now, write_line, s);
	if (!held || now - s->held_told < HELD_TOLD)
		return;
	s->held_told = now;
	s->limit.reported = s->limit.held;
	rule = limit_most_held(&s->limit, &most);
	text_addf(&line, "%lu line%s held back for their rate", held, held == 1 ? " was" : "s were");
	if (rule)
		text_addf(&line, ", %lu of them about %s", most, rule);
	text_add(&line, "; `tcpadvisor status` shows all findings");
	service_say(s, EVENT_HELD_BACK, SEVERITY_NOTICE, text_get(&line));
}
