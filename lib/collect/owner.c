/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a census to owners: the units and users behind the sockets, and those that they left behind. */
#include <inttypes.h>
#include "collect/collect-private.h"
#include "collect/name.h"

enum { OWNERS_MAX = 128 };

static void set_close_wait(struct collecting *c, struct subject *s, const struct owner *o)
{
	const struct owner *before = c->latest == &c->second
					     ? topk_find(&c->first.owners, &o->key, o->head.hash)
					     : NULL;
	struct text peers = TEXT_NULL;
	struct value *v = s->values;
	char address[ADDRESS_TEXT_MAX];

	v[OWNER_CLOSE_WAIT] = value_number(o->states[STATE_CLOSE_WAIT]);
	if (c->latest == &c->second) {
		v[OWNER_CLOSE_WAIT].has_delta = true;
		v[OWNER_CLOSE_WAIT].delta =
			(double)o->states[STATE_CLOSE_WAIT] - (before ? before->states[STATE_CLOSE_WAIT] : 0);
	}
	v[OWNER_CLOSE_WAIT_OLD] = value_number(o->close_wait_old);
	v[OWNER_CLOSE_WAIT_UNREAD] = value_number(o->close_wait_unread);
	v[OWNER_CLOSE_WAIT_AGE] = o->close_wait_old ? value_number(o->close_wait_age_ms / 1e3)
						    : value_missing(VALUE_ABSENT, "none is old");
	for (unsigned i = 0; i < o->example_count; i++)
		text_addf(&peers, "%s%s", i ? " " : "",
			  address_text(&o->examples[i].peer, o->examples[i].port, address));
	v[OWNER_CLOSE_WAIT_PEERS] = o->example_count ? value_text(arena_strdup(&c->facts->arena, text_get(&peers)))
						     : value_missing(VALUE_ABSENT, "none is old");
	text_clear(&peers);
	if (o->example_count)
		holder_wanted(c, s, o->examples[0].inode);
}

static const char *owner_name(struct collecting *c, const struct owner *o)
{
	const char *unit = unit_name(c, o->key.cgroup), *path = cgroup_path(c, o->key.cgroup);

	if (unit)
		return unit;
	if (o->key.uid != UINT32_MAX)
		return arena_printf(&c->facts->arena, "uid %" PRIu64, o->key.uid);
	if (path)
		return path;
	return arena_printf(&c->facts->arena, "cgroup %" PRIu64, o->key.cgroup);
}

void derive_owners(struct collecting *c)
{
	void *ranked[OWNERS_MAX];
	size_t n;

	if (!c->latest)
		return;
	n = topk_ranked(&c->latest->owners, ranked, OWNERS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct owner *o = ranked[i];
		struct subject *s = facts_add(c->facts, SUBJECT_OWNER, owner_name(c, o));

		s->unit = unit_name(c, o->key.cgroup);
		s->values[OWNER_SOCKETS] = value_number(o->sockets);
		s->values[OWNER_ESTABLISHED] = value_number(o->states[STATE_ESTABLISHED]);
		set_close_wait(c, s, o);
	}
}
