/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/unsaid.h"

#include "daemon/macro.h"

static const size_t texts[] = {
	offsetof(struct event, message),      offsetof(struct event, rule),	offsetof(struct event, subject_type),
	offsetof(struct event, subject),      offsetof(struct event, unit),	offsetof(struct event, netns),
	offsetof(struct event, advise),	      offsetof(struct event, key),	offsetof(struct event, expected),
	offsetof(struct event, actual),	      offsetof(struct event, previous), offsetof(struct event, boot),
	offsetof(struct event, boot_file),
};

static char **text_of(struct event *ev, size_t i)
{
	return (char **)(void *)((char *)ev + texts[i]);
}

static void drop(struct event *ev)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(*text_of(ev, i));
	free((struct writer *)ev->writer);
	free(ev);
}

static struct event *copy_of(const struct event *ev)
{
	struct event *copy = must_calloc(1, sizeof(*copy));

	*copy = *ev;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (*text_of(copy, i))
			*text_of(copy, i) = must_strdup(*text_of(copy, i));
	if (ev->writer) {
		struct writer *writer = must_calloc(1, sizeof(*writer));

		*writer = *ev->writer;
		copy->writer = writer;
	}
	return copy;
}

static size_t find(const struct unsaid *u, const char *key)
{
	size_t i = 0;

	while (i < u->count && strcmp(u->last[i]->key, key))
		i++;
	return i;
}

void unsaid_keep(struct unsaid *u, const struct event *ev)
{
	size_t i;

	if (!ev->key)
		return;
	i = find(u, ev->key);
	if (i == UNSAID_MAX)
		return;
	if (i < u->count)
		drop(u->last[i]);
	else
		u->count++;
	u->last[i] = copy_of(ev);
}

static void remove_at(struct unsaid *u, size_t i)
{
	drop(u->last[i]);
	u->last[i] = u->last[--u->count];
}

void unsaid_forget(struct unsaid *u, const char *key)
{
	size_t i = find(u, key);

	if (i < u->count)
		remove_at(u, i);
}

void unsaid_tell(struct unsaid *u, struct limit *l, double now, event_fn tell, void *user)
{
	for (size_t i = 0; i < u->count;)
		if (limit_has_room(l, u->last[i]->key, now) && limit_take(l, u->last[i]->key, now)) {
			tell(user, u->last[i]);
			remove_at(u, i);
		} else {
			i++;
		}
}

void unsaid_clear(struct unsaid *u)
{
	while (u->count)
		remove_at(u, u->count - 1);
}
