/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/limit.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void top_up(struct bucket *b, double burst, double rate, double now)
{
	if (b->filled == 0)
		b->tokens = burst;
	else if (now > b->filled)
		b->tokens = fmin(burst, b->tokens + (now - b->filled) * rate);
	b->filled = fmax(now, DBL_MIN); /* 0 would be never used */
}

/* Names are compared as far as they are kept. What finds no room shares one entry: a full table is no hole. */
static struct limit_rule *entry_of(struct limit *l, const char *rule)
{
	for (size_t i = 0; i < l->count; i++)
		if (!strncmp(l->rules[i].name, rule, sizeof(l->rules[i].name) - 1))
			return &l->rules[i];
	if (l->count == LIMIT_RULES)
		return &l->others;
	strncpy(l->rules[l->count].name, rule, sizeof(l->rules[l->count].name) - 1);
	return &l->rules[l->count++];
}

static bool has_room(struct limit *l, struct limit_rule *r, double now)
{
	top_up(&l->all, l->burst, l->rate, now);
	if (r)
		top_up(&r->bucket, l->rule_burst, l->rule_rate, now);
	return l->all.tokens >= 1 && !(r && r->bucket.tokens < 1);
}

bool limit_has_room(struct limit *l, const char *rule, double now)
{
	return has_room(l, rule ? entry_of(l, rule) : NULL, now);
}

bool limit_take(struct limit *l, const char *rule, double now)
{
	struct limit_rule *r = rule ? entry_of(l, rule) : NULL;

	/* A line that one of them refuses costs the other nothing. */
	if (!has_room(l, r, now)) {
		l->held++;
		if (r)
			r->held++;
		return false;
	}
	l->all.tokens--;
	if (r)
		r->bucket.tokens--;
	return true;
}

const char *limit_most_held(struct limit *l, unsigned long *held)
{
	const struct limit_rule *most = NULL;

	*held = 0;
	for (size_t i = 0; i < l->count; i++) {
		if (l->rules[i].held > *held) {
			most = &l->rules[i];
			*held = most->held;
		}
		l->rules[i].held = 0;
	}
	return most ? most->name : NULL;
}
