/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings that a judgement does not have: well, gone, or only not judged? */
#include "daemon/life-private.h"

#include <string.h>

/* An open finding that the judgement does not have: why not? */
struct missing {
	struct life_finding *f;
	const struct rule *rule;
	const struct subject *subject; /* NULL: there is none of that name */
	bool left;		       /* it could not be judged, or may not be */
	enum ending ending;
	struct missing *next; /* in the same slot */
};

struct missing_set {
	struct missing *all;
	size_t count, mask;
	struct missing **slots; /* by name of the subject */
	bool types[SUBJECT_TYPES];
};

static void gather_missing(const struct update *u, struct missing_set *m)
{
	size_t size = 16;

	while (size < 2 * u->l->count)
		size *= 2;
	*m = (struct missing_set){.mask = size - 1};
	m->all = life_must(calloc(max_of(u->l->count, (size_t)1), sizeof(*m->all)));
	m->slots = life_must(calloc(size, sizeof(struct missing *)));
	for (size_t i = 0; i < u->l->count; i++) {
		struct life_finding *f = &u->l->findings[i];
		struct missing *new = &m->all[m->count], **slot;

		if (u->fate[i] == FATE_SEEN || strcmp(f->netns, u->netns))
			continue;
		*new = (struct missing){.f = f, .rule = ruleset_find(u->j->rules, f->rule), .ending = ENDED_GONE};
		/* Rules that are gone or off are for life_prune(). */
		if (!new->rule || new->rule->off || new->rule->subject != f->subject_type)
			continue;
		slot = &m->slots[f->subject_id & m->mask];
		new->next = *slot;
		*slot = new;
		m->types[f->subject_type] = true;
		m->count++;
	}
}

static void ask_again(const struct update *u, struct missing *m, const struct subject *s)
{
	enum finding_status status;

	m->subject = s;
	if (u->may && !u->may(u->telling.user, m->rule, s)) {
		m->left = true;
		return;
	}
	status = judge_status(u->j, m->rule, s);
	m->left |= status == STATUS_UNKNOWN || status == STATUS_ADVISE;
	m->ending = status == STATUS_WAIVED ? ENDED_WAIVED : ENDED_WELL;
}

/* Every subject of the types in question is looked at once, however many findings are missing. */
static void ask_subjects(const struct update *u, const struct missing_set *set, enum subject_type type)
{
	const struct facts *facts = u->j->facts;

	for (const struct subject *s = facts->first[type]; s; s = s->next) {
		uint64_t id = life_hash(s->name);

		for (struct missing *m = set->slots[id & set->mask]; m; m = m->next)
			if (m->f->subject_type == type && life_is_subject(m->f, id, s->name))
				ask_again(u, m, s);
	}
}

static bool is_left(const struct update *u, const struct missing *m)
{
	if (m->subject)
		return m->left;
	return u->j->facts->untold[m->f->subject_type] || (u->may && !u->may(u->telling.user, m->rule, NULL));
}

/* Chance has no part in it. An interface that is gone may come back as it was. */
static bool closes_at_once(const struct missing *m)
{
	enum subject_type type = m->f->subject_type;

	if (m->ending == ENDED_WAIVED)
		return true;
	return !rule_measures(m->rule) &&
	       (m->subject || type == SUBJECT_SYSCTL || type == SUBJECT_LINE || type == SUBJECT_WAIVER);
}

void life_close(struct life *l, struct life_finding *f, unsigned char *fate, const struct telling *t,
		const struct subject *s, enum ending why)
{
	fate[f - l->findings] = FATE_CLOSED;
	l->closed++;
	life_tell_closed(t, f, s, why);
}

void life_close_missing(struct update *u)
{
	struct missing_set set;

	gather_missing(u, &set);
	for (enum subject_type type = 0; type < SUBJECT_TYPES; type++)
		if (set.types[type])
			ask_subjects(u, &set, type);
	for (struct missing *m = set.all; m < set.all + set.count; m++) {
		if (is_left(u, m))
			continue;
		if (!m->f->well_since)
			m->f->well_since = u->l->steady;
		if (closes_at_once(m) || u->l->steady - m->f->well_since >= u->l->hold)
			life_close(u->l, m->f, u->fate, &u->telling, m->subject, m->ending);
	}
	free(set.all);
	free(set.slots);
}
