/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sysctls that change: which of them are told, with what was expected and who wrote. */
#include "daemon/engine-private.h"

bool engine_settles(const struct engine *e, const struct engine_time *t)
{
	return t->boot < e->setup->config.settle;
}

bool drift_may(void *user, const struct rule *r, const struct subject *s)
{
	const struct outlook *x = user;

	if (x->only_sysctls && (r->subject != SUBJECT_SYSCTL || rule_measures(r)))
		return false;
	if (x->no_settings && (r->subject == SUBJECT_SYSCTL || r->templates.count))
		return false;
	if (strcmp(r->id, DRIFT_RULE))
		return true;
	return !engine_settles(x->engine, x->time) && !(s && young_has_key(&x->engine->young, s->name));
}

static const struct writer *find_writer(const struct engine *e, const char *key, const char *value)
{
	return e->options.writer ? e->options.writer(e->options.user, key, value) : NULL;
}

/* "…, written by sysctl[812] of app.service (uid 0)"; what is not known is left out. Whoever shows it escapes it. */
static void add_writer(struct text *t, const struct writer *w)
{
	text_add(t, ", written by ");
	text_add(t, *w->command ? w->command : "a process");
	if (w->pid > 0)
		text_addf(t, "[%d]", w->pid);
	if (*w->unit) {
		text_add(t, " of ");
		text_add(t, w->unit);
	}
	text_addf(t, " (uid %u)", w->uid);
}

void drift_tell(void *user, const struct event *ev)
{
	struct engine *e = ((struct outlook *)user)->engine;
	struct event copy = *ev;
	struct watched_key *w = ev->key && !(ev->netns && *ev->netns) ? keys_find(&e->keys, ev->key) : NULL;
	_cleanup_text_ struct text message = TEXT_NULL;

	if (w && w->previous) {
		copy.previous = w->previous;
		copy.writer = find_writer(e, ev->key, ev->actual);
		w->told |= ev->kind == EVENT_DRIFT || ev->kind == EVENT_RESTORED ||
			  ev->severity >= e->setup->config.journal_level;
	}
	if (copy.writer) {
		text_add(&message, ev->message);
		add_writer(&message, copy.writer);
		copy.message = text_get(&message);
	}
	engine_tell(e, &copy);
}

static bool is_drifting(const struct engine *e, const char *key)
{
	for (size_t i = 0; i < e->life.count; i++) {
		const struct life_finding *f = &e->life.findings[i];

		if (!strcmp(f->rule, DRIFT_RULE) && !*f->netns && f->subject && !strcmp(f->subject, key))
			return true;
	}
	return false;
}

/* Of a key that nobody asks anything of. */
static void tell_change(struct engine *e, const struct watched_key *w, const struct engine_time *t)
{
	_cleanup_text_ struct text message = TEXT_NULL;
	struct event ev = {
		.kind = EVENT_KEY_CHANGED,
		.severity = SEVERITY_NOTICE,
		.when = t->real,
		.subject_type = subject_defs[SUBJECT_SYSCTL].name,
		.subject = w->key,
		.key = w->key,
		.actual = w->raw,
		.previous = w->previous,
		.writer = find_writer(e, w->key, w->raw),
	};

	text_addf(&message, "%s was changed from \"%s\" to \"%s\"; neither boot nor the profile asks for a value", w->key,
		  w->previous, w->raw);
	if (ev.writer)
		add_writer(&message, ev.writer);
	ev.message = text_get(&message);
	engine_tell(e, &ev);
}

static bool is_held_back(const struct engine *e, const struct watched_key *w, const struct engine_time *t)
{
	return engine_settles(e, t) || young_has_key(&e->young, w->key);
}

void drift_tell_changes(struct engine *e, const struct engine_time *t)
{
	for (size_t i = 0; i < e->keys.count; i++) {
		struct watched_key *w = &e->keys.list[i];

		if (w->previous && !w->told && !is_held_back(e, w, t) && !is_drifting(e, w->key))
			tell_change(e, w, t);
		w->told = false;
	}
	keys_settle(&e->keys);
}

void drift_judge(struct engine *e, struct facts *f, bool only_sysctls, const struct engine_time *t)
{
	_cleanup_(judgement_clear) struct judgement j;
	struct outlook outlook = {.engine = e, .time = t, .only_sysctls = only_sysctls};

	young_take(&e->young, f, t->mono, e->setup->config.settle);
	if (keys_take(&e->keys, f, &e->setup->rules))
		e->changed = t->mono;
	judge(&e->setup->rules, f, t->real, &j);
	life_update(&e->life, "", &j, t->real, drift_may, drift_tell, &outlook);
	drift_tell_changes(e, t);
}
