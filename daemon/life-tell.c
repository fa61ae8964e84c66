/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/life-private.h"

#include <string.h>

bool life_is_drift(const struct life_finding *f)
{
	return f->subject_type == SUBJECT_SYSCTL && !strcmp(f->rule, DRIFT_RULE);
}

const char *life_actual(const struct subject *s)
{
	return s && s->key && s->key->state == VALUE_KNOWN ? s->key->raw : NULL;
}

static bool holds(const struct subject *s, enum key_fact fact)
{
	return s->values[fact].state == VALUE_KNOWN && s->values[fact].num != 0;
}

/* What the profile asks for and does not get, or NULL. Of "= 1" the sign says nothing. */
static const char *unmet(const struct subject *s)
{
	const char *wanted = s->values[KEY_WANTED].text;

	if (s->values[KEY_WANTED].state != VALUE_KNOWN || !holds(s, KEY_WANTED_UNMET) || !wanted)
		return NULL;
	return strncmp(wanted, "= ", 2) ? wanted : wanted + 2;
}

static const char *recommended(const struct finding *now, const char *key)
{
	for (unsigned i = 0; now && i < now->recommend_count; i++)
		if (now->recommend[i].wanted && now->recommend[i].key && !strcmp(now->recommend[i].key, key))
			return now->recommend[i].wanted;
	return NULL;
}

/* The profile comes first, then what boot sets where that differs, then what the rule recommends. */
static const char *expected(const struct subject *s, const struct finding *now)
{
	const char *wanted = unmet(s), *boot = s->key->systemd.raw, *better;

	if (wanted || (boot && holds(s, KEY_BOOT_DIFFERS)))
		return wanted ? wanted : boot;
	better = recommended(now, s->key->key);
	return better ? better : boot;
}

static void set_key(struct event *e, const struct subject *s, const struct finding *now)
{
	if (!s || !s->key)
		return;
	e->key = s->key->key;
	e->actual = life_actual(s);
	e->expected = expected(s, now);
	e->boot = s->key->systemd.raw;
	if (e->boot) {
		e->boot_file = s->key->systemd.file;
		e->boot_line = s->key->systemd.line;
	}
}

static struct event event_of(const struct telling *t, enum event_kind kind, const struct life_finding *f)
{
	return (struct event){
		.kind = kind,
		.severity = f->severity,
		.when = t->now,
		.rule = f->rule,
		.subject_type = subject_defs[f->subject_type].name,
		.subject = f->subject,
		.unit = f->unit,
		.netns = *f->netns ? f->netns : NULL,
		.key = f->subject_type == SUBJECT_SYSCTL ? f->subject : NULL,
	};
}

static void send(const struct telling *t, struct event *e, const struct text *message)
{
	e->message = text_get(message);
	if (t->tell)
		t->tell(t->user, e);
}

/* " (0.0.0.0:80, nginx.service, network namespace blue)"; nothing of the host itself. */
static void add_where(struct text *t, const struct life_finding *f)
{
	const char *before = " (";

	if (f->subject && f->subject_type != SUBJECT_HOST) {
		text_addf(t, "%s%s", before, f->subject);
		before = ", ";
	}
	if (f->unit && (!f->subject || strcmp(f->unit, f->subject))) {
		text_addf(t, "%s%s", before, f->unit);
		before = ", ";
	}
	if (*f->netns) {
		text_addf(t, "%snetwork namespace %s", before, f->netns);
		before = ", ";
	}
	if (before[0] == ',')
		text_add(t, ")");
}

/* " after 12 min"; nothing where the clock was set back meanwhile. */
static void add_duration(struct text *t, const struct telling *telling, const struct life_finding *f)
{
	static const struct {
		double seconds;
		const char *name;
	} units[] = {{86400, "days"}, {3600, "h"}, {60, "min"}, {0, "s"}};
	double d = telling->now - f->opened;
	size_t i = 0;

	if (d < 1) {
		text_add(t, d < 0 ? "" : " within a second");
		return;
	}
	while (d < 2 * units[i].seconds)
		i++;
	text_addf(t, " after %.0f %s", units[i].seconds > 0 ? d / units[i].seconds : d, units[i].name);
}

/* `net.ipv4.tcp_fin_timeout is "30": /etc/sysctl.d/90-own.conf:2 sets "45" at boot, and the profile asks for >= 40` */
static void drift_sentence(struct text *t, const struct life_finding *f, const struct event *e, const struct subject *s)
{
	const char *wanted = unmet(s);
	bool boot = e->boot && holds(s, KEY_BOOT_DIFFERS);

	text_addf(t, "%s is \"%s\"", f->subject, e->actual ? e->actual : "?");
	if (e->previous)
		text_addf(t, ", no longer \"%s\"", e->previous);
	if (*f->netns)
		text_addf(t, " in network namespace %s", f->netns);
	if (boot)
		text_addf(t, ": %s:%u sets \"%s\" at boot", e->boot_file ? e->boot_file : "?", e->boot_line, e->boot);
	if (wanted)
		text_addf(t, "%s the profile asks for %s", boot ? ", and" : ":", wanted);
	if (s->values[KEY_UNAVAILABLE].state == VALUE_KNOWN)
		text_addf(t, "; %s is not available", s->values[KEY_UNAVAILABLE].text);
}

void life_tell_drift(const struct telling *t, const struct life_finding *f, const struct finding *now, const char *previous)
{
	_cleanup_text_ struct text message = TEXT_NULL;
	struct event e = event_of(t, EVENT_DRIFT, f);

	e.advise = now->advise;
	set_key(&e, now->subject, now);
	e.previous = previous;
	drift_sentence(&message, f, &e, now->subject);
	send(t, &e, &message);
}

void life_tell_opened(const struct telling *t, const struct life_finding *f, const struct finding *now)
{
	_cleanup_text_ struct text message = TEXT_NULL;
	struct event e = event_of(t, EVENT_OPENED, f);

	if (life_is_drift(f)) {
		life_tell_drift(t, f, now, NULL);
		return;
	}
	e.advise = now->advise;
	set_key(&e, now->subject, now);
	text_add(&message, f->title);
	add_where(&message, f);
	text_addf(&message, ": %s", now->message);
	send(t, &e, &message);
}

void life_tell_changed(const struct telling *t, const struct life_finding *f, const struct finding *now,
		       enum severity before)
{
	_cleanup_text_ struct text message = TEXT_NULL;
	struct event e = event_of(t, EVENT_CHANGED, f);

	e.advise = now->advise;
	set_key(&e, now->subject, now);
	text_addf(&message, "Severity is %s now, was %s: %s", severity_name(f->severity), severity_name(before), f->title);
	add_where(&message, f);
	text_addf(&message, ": %s", now->message);
	send(t, &e, &message);
}

static const char *const reasons[ENDINGS] = {
	[ENDED_WAIVED] = "it is waived",
	[ENDED_GONE] = "it is gone",
	[ENDED_NETNS] = "the network namespace is gone, or not watched any more",
	[ENDED_RULE] = "the rule is off",
};

static void restored_sentence(struct text *t, const struct telling *telling, const struct life_finding *f,
			      const struct event *e, enum ending why)
{
	bool moved = e->actual && e->previous && strcmp(e->actual, e->previous);

	if (why != ENDED_WELL || !e->actual)
		text_addf(t, "The drift of %s is over", f->subject);
	else
		text_addf(t, "%s is \"%s\" %s", f->subject, e->actual, moved ? "again" : "as it is meant to be now,");
	add_duration(t, telling, f);
	if (moved && why == ENDED_WELL)
		text_addf(t, ", no longer \"%s\"", e->previous);
	if (*f->netns)
		text_addf(t, " in network namespace %s", f->netns);
	if (reasons[why])
		text_addf(t, ": %s", reasons[why]);
}

/* "listen.accept-queue-full (0.0.0.0:80, nginx.service) is over after 12 min: Accept queue overflows; it is waived" */
static void closed_sentence(struct text *t, const struct telling *telling, const struct life_finding *f, enum ending why)
{
	text_add(t, f->rule);
	add_where(t, f);
	text_add(t, " is over");
	add_duration(t, telling, f);
	text_addf(t, ": %s", f->title);
	if (reasons[why])
		text_addf(t, "; %s", reasons[why]);
}

void life_tell_closed(const struct telling *t, const struct life_finding *f, const struct subject *s, enum ending why)
{
	_cleanup_text_ struct text message = TEXT_NULL;
	struct event e = event_of(t, life_is_drift(f) ? EVENT_RESTORED : EVENT_CLOSED, f);

	set_key(&e, s, NULL);
	e.previous = f->actual;
	if (life_is_drift(f))
		restored_sentence(&message, t, f, &e, why);
	else
		closed_sentence(&message, t, f, why);
	send(t, &e, &message);
}
