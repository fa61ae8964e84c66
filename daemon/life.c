/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/life.h"

#include <math.h>
#include <string.h>
#include "base/hash.h"
#include "daemon/life-private.h"

uint64_t life_hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
	return hash_u64(h);
}

/* At most max bytes, cut between characters. */
static char *copy_of(const char *s, size_t max)
{
	const size_t mark = strlen("…");
	size_t n = strnlen(s, max + 1);
	char *copy;

	if (n <= max)
		return life_must(strndup(s, n));
	for (n = max - mark; n && ((unsigned char)s[n] & 0xc0) == 0x80; n--)
		;
	copy = life_must(malloc(n + mark + 1));
	memcpy(copy, s, n);
	strcpy(copy + n, "…");
	return copy;
}

static void keep(char **to, const char *s, size_t max)
{
	if (s && *to && !strcmp(*to, s))
		return;
	free(*to);
	*to = s ? copy_of(s, max) : NULL;
}

bool life_is_subject(const struct life_finding *f, uint64_t id, const char *name)
{
	if (!f->subject || !name || f->subject_id != id)
		return f->subject == name;
	if (strnlen(name, LIFE_SUBJECT_MAX + 1) <= LIFE_SUBJECT_MAX)
		return !strcmp(f->subject, name);
	return !strncmp(f->subject, name, strlen(f->subject) - strlen("…"));
}

static void finding_clear(struct life_finding *f)
{
	char *texts[] = {f->netns, f->rule, f->title, f->subject, f->unit, f->message, f->advise, f->actual};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(texts[i]);
}

static void index_add(struct update *u, size_t number)
{
	size_t slot = u->l->findings[number].id & u->mask;

	while (u->slots[slot])
		slot = (slot + 1) & u->mask;
	u->slots[slot] = (uint32_t)number + 1;
}

static void index_make(struct update *u)
{
	size_t most = min_of(u->l->count + u->j->count, (size_t)LIFE_MAX), size = 16;

	while (size < 2 * most)
		size *= 2;
	u->mask = size - 1;
	u->slots = life_must(calloc(size, sizeof(*u->slots)));
	for (size_t i = 0; i < u->l->count; i++)
		index_add(u, i);
}

/* What a finding is known by. */
struct identity {
	uint64_t id, subject_id;
	const char *subject;
};

static struct identity identity_of(const struct update *u, const struct finding *now)
{
	const char *name = now->subject ? now->subject->name : NULL;
	uint64_t subject_id = life_hash(name ? name : "");

	return (struct identity){
		.id = hash_two(hash_two(life_hash(u->netns), life_hash(now->rule->id)), subject_id + now->rule->subject),
		.subject_id = subject_id,
		.subject = name,
	};
}

static struct life_finding *index_find(const struct update *u, const struct identity *x, const struct finding *now)
{

	for (size_t slot = x->id & u->mask; u->slots[slot]; slot = (slot + 1) & u->mask) {
		struct life_finding *f = &u->l->findings[u->slots[slot] - 1];

		if (f->id == x->id && f->subject_type == now->rule->subject && !strcmp(f->rule, now->rule->id) &&
		    !strcmp(f->netns, u->netns) && life_is_subject(f, x->subject_id, x->subject))
			return f;
	}
	return NULL;
}

static void resize(struct life *l, size_t size)
{
	l->findings = life_must(realloc(l->findings, size * sizeof(*l->findings)));
	l->size = size;
}

static void remember(struct update *u, struct life_finding *f, const struct finding *now)
{
	f->seen = u->telling.now;
	f->well_since = 0;
	keep(&f->unit, now->subject ? now->subject->unit : NULL, LIFE_SUBJECT_MAX);
	keep(&f->message, now->message, LIFE_TEXT_MAX);
	keep(&f->advise, now->advise, LIFE_TEXT_MAX);
}

static size_t room_for(const struct update *u, enum subject_type type)
{
	static const bool crowds[SUBJECT_TYPES] = {
		[SUBJECT_PATH] = true,
		[SUBJECT_LISTENER] = true,
		[SUBJECT_DESTINATION] = true,
		[SUBJECT_OWNER] = true,
	};

	return *u->netns || crowds[type] ? LIFE_CROWD_MAX : LIFE_MAX;
}

static void open_finding(struct update *u, const struct identity *x, const struct finding *now)
{
	struct life *l = u->l;
	struct life_finding *f;

	if (l->count >= room_for(u, now->rule->subject)) {
		l->left_out++;
		return;
	}
	if (l->count == l->size)
		resize(l, l->size ? 2 * l->size : 16);
	f = &l->findings[l->count];
	*f = (struct life_finding){
		.netns = copy_of(u->netns, LIFE_SUBJECT_MAX),
		.rule = copy_of(now->rule->id, LIFE_SUBJECT_MAX),
		.title = copy_of(now->rule->title, LIFE_SUBJECT_MAX),
		.subject = x->subject ? copy_of(x->subject, LIFE_SUBJECT_MAX) : NULL,
		.subject_type = now->rule->subject,
		.id = x->id,
		.subject_id = x->subject_id,
		.severity = now->severity,
		.opened = u->telling.now,
		.graver_seen = l->steady,
	};
	remember(u, f, now);
	if (life_is_drift(f))
		keep(&f->actual, life_actual(now->subject), LIFE_TEXT_MAX);
	u->fate[l->count] = FATE_SEEN;
	index_add(u, l->count++);
	l->opened++;
	life_tell_opened(&u->telling, f, now);
}

/* Drift from one wrong value to another. The event has the value before, which is forgotten after it. */
static bool drifted_on(struct update *u, struct life_finding *f, const struct finding *now)
{
	const char *actual = life_actual(now->subject);
	_cleanup_free_ char *before = NULL;

	if (!life_is_drift(f) || !actual)
		return false;
	before = f->actual;
	f->actual = copy_of(actual, LIFE_TEXT_MAX);
	if (before && !strcmp(before, f->actual))
		return false;
	f->severity = now->severity;
	f->graver_seen = u->l->steady;
	life_tell_drift(&u->telling, f, now, before);
	return true;
}

static void weigh_severity(struct update *u, struct life_finding *f, const struct finding *now)
{
	enum severity before = f->severity;

	if (now->severity >= before)
		f->graver_seen = u->l->steady;
	if (now->severity == before ||
	    (now->severity < before && rule_measures(now->rule) && u->l->steady - f->graver_seen < u->l->hold))
		return;
	f->severity = now->severity;
	f->graver_seen = u->l->steady;
	life_tell_changed(&u->telling, f, now, before);
}

/*
 * Findings come the gravest first: of several with one name the first counts. A partial one keeps what is open so, and
 * opens nothing: a look at everything will say it whole.
 */
static void see(struct update *u, const struct finding *now)
{
	struct identity x = identity_of(u, now);
	struct life_finding *f = index_find(u, &x, now);

	if (!f && now->partial)
		return;
	if (!f) {
		open_finding(u, &x, now);
		return;
	}
	if (u->fate[f - u->l->findings] == FATE_SEEN)
		return;
	u->fate[f - u->l->findings] = FATE_SEEN;
	if (now->partial) {
		f->seen = u->telling.now;
		f->well_since = 0;
		return;
	}
	remember(u, f, now);
	if (!drifted_on(u, f, now))
		weigh_severity(u, f, now);
}

/* Close the gaps, in order, and give memory back that a flood left. */
static void sweep(struct life *l, const unsigned char *fate)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++)
		if (fate[i] == FATE_CLOSED)
			finding_clear(&l->findings[i]);
		else
			l->findings[kept++] = l->findings[i];
	l->count = kept;
	if (l->size > 64 && l->count < l->size / 4)
		resize(l, l->size / 2);
}

static void pass_time(struct life *l, double now)
{
	double step = now - l->last, most = fmax(1, l->hold / 2);

	if (!l->steady)
		l->steady = 1;
	else if (step > 0)
		l->steady += fmin(step, most);
	l->last = now;
}

void life_update(struct life *l, const char *netns, const struct judgement *j, double now,
		 bool (*may)(void *user, const struct rule *r, const struct subject *s), event_fn tell, void *user)
{
	struct update u = {.l = l, .netns = netns ? netns : "", .j = j, .telling = {tell, user, now}, .may = may};

	pass_time(l, now);
	index_make(&u);
	for (size_t i = 0; i < j->count; i++)
		if (!may || may(user, j->findings[i].rule, j->findings[i].subject))
			see(&u, &j->findings[i]);
	life_close_missing(&u);
	sweep(l, u.fate);
	free(u.slots);
}

void life_forget(struct life *l, const char *netns, double now, event_fn tell, void *user)
{
	struct telling t = {tell, user, now};
	unsigned char fate[LIFE_MAX] = {0};

	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->findings[i].netns, netns ? netns : ""))
			life_close(l, &l->findings[i], fate, &t, NULL, ENDED_NETNS);
	sweep(l, fate);
}

void life_prune(struct life *l, const struct ruleset *rules, double now, event_fn tell, void *user)
{
	struct telling t = {tell, user, now};
	unsigned char fate[LIFE_MAX] = {0};

	for (size_t i = 0; i < l->count; i++) {
		const struct rule *r = ruleset_find(rules, l->findings[i].rule);

		if (!r || r->off || r->subject != l->findings[i].subject_type)
			life_close(l, &l->findings[i], fate, &t, NULL, ENDED_RULE);
	}
	sweep(l, fate);
}

void life_clear(struct life *l)
{
	for (size_t i = 0; i < l->count; i++)
		finding_clear(&l->findings[i]);
	free(l->findings);
	*l = (struct life){.hold = l->hold};
}
