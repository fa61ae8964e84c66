/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the paths say of the host as a whole: the largest BDP, the longest queue, and by what they leave. */
#include <math.h>
#include <string.h>
#include "collect/collect-private.h"

enum { WORDS_MAX = 512 };

/* The largest value of a fact over all paths. */
static struct value largest(const struct collecting *c, enum path_fact fact, const char *reason)
{
	struct value v = value_missing(VALUE_ABSENT, reason);

	for (const struct subject *s = c->facts->first[SUBJECT_PATH]; s; s = s->next)
		if (s->values[fact].state == VALUE_KNOWN && (v.state != VALUE_KNOWN || s->values[fact].num > v.num))
			v = value_number(s->values[fact].num);
	return v;
}

static bool has_word(const struct text *t, const char *word, size_t n)
{
	const char *p = text_get(t);

	for (; (p = strstr(p, word)); p += n)
		if ((p == text_get(t) || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

/* Each word of a list once, in the order in which they are met. */
static void add_words(struct text *t, const struct value *v)
{
	const char *p = v->state == VALUE_KNOWN && v->text ? v->text : "";
	char word[64];

	for (size_t n; *p && t->len < WORDS_MAX; p += n + strspn(p + n, " ")) {
		n = strcspn(p, " ");
		if (n >= sizeof(word))
			continue;
		memcpy(word, p, n);
		word[n] = 0;
		if (n && !has_word(t, word, n))
			text_addf(t, "%s%s", t->len ? " " : "", word);
	}
}

static struct value words(struct collecting *c, struct text *t, const char *reason)
{
	struct value v = t->len ? value_text(arena_strdup(&c->facts->arena, text_get(t)))
				: value_missing(VALUE_ABSENT, reason);

	text_clear(t);
	return v;
}

void derive_extremes(struct collecting *c)
{
	struct value *v = c->facts->host->values;
	struct text qdiscs = TEXT_NULL, congestion = TEXT_NULL;
	size_t paths = 0;

	for (const struct subject *s = c->facts->first[SUBJECT_PATH]; s; s = s->next) {
		paths++;
		add_words(&congestion, &s->values[PATH_CONGESTION]);
		if (s->interface)
			add_words(&qdiscs, &s->interface->values[INTERFACE_QDISC]);
	}
	v[HOST_PATHS] = value_number((double)paths);
	if (!c->latest)
		v[HOST_PATHS] = value_missing(VALUE_UNREAD, "sockets could not be asked for");
	v[HOST_BDP] = largest(c, PATH_BDP, "no path of known speed and round trip");
	v[HOST_QUEUE] = largest(c, PATH_QUEUE_P50, "no bulk flow");
	v[HOST_CONGESTION] = words(c, &congestion, "no busy flow");
	v[HOST_QDISCS] = words(c, &qdiscs, "no path leaves by an interface that is known");
}
