/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of life share: an update under way, and from the life of a finding to the events that tell of it. */
#pragma once

#include "daemon/life.h"

struct telling {
	event_fn tell;
	void *user;
	double now;
};

enum ending {
	ENDED_WELL,
	ENDED_WAIVED,
	ENDED_GONE,  /* its subject */
	ENDED_NETNS, /* went away */
	ENDED_RULE,  /* is off, or no more */
	ENDINGS,
};

bool life_is_drift(const struct life_finding *f);
/* The value in force of the sysctl that a subject is, or NULL. */
const char *life_actual(const struct subject *s);

/* now: the finding in the judgement that brings it about. */
void life_tell_opened(const struct telling *t, const struct life_finding *f, const struct finding *now);
void life_tell_changed(const struct telling *t, const struct life_finding *f, const struct finding *now,
		       enum severity before);
/* It drifted on, from `previous`. */
void life_tell_drift(const struct telling *t, const struct life_finding *f, const struct finding *now, const char *previous);
/* s: where it was found well, or NULL. */
void life_tell_closed(const struct telling *t, const struct life_finding *f, const struct subject *s, enum ending why);

/* What became of a finding while a judgement was taken in. */
enum fate { FATE_NONE, FATE_SEEN, FATE_CLOSED };

struct update {
	struct life *l;
	const char *netns;
	const struct judgement *j;
	struct telling telling;
	bool (*may)(void *user, const struct rule *r, const struct subject *s);
	uint32_t *slots; /* of open findings by id: number + 1; open addressing */
	size_t mask;
	unsigned char fate[LIFE_MAX];
};

static inline void *life_must(void *p)
{
	if (!p)
		abort();
	return p;
}

/* Is this its subject's name, of this hash? Of a long one only the front was kept: the hash tells the rest. */
bool life_is_subject(const struct life_finding *f, uint64_t id, const char *name);
void life_close(struct life *l, struct life_finding *f, unsigned char *fate, const struct telling *t, const struct subject *s,
		enum ending why);
/* Close those that were not seen, as far as they are well for long enough. */
void life_close_missing(struct update *u);
