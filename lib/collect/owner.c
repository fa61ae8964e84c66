/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a census to owners: the units and users behind the sockets, and those that they left behind. */
#include <inttypes.h>
#include "collect/collect-private.h"
#include "collect/name.h"

enum { OWNERS_MAX = 128 };

static struct value peers_of(struct collecting *c, const struct examples *e, const char *none)
{
	struct text peers = TEXT_NULL;
	char address[ADDRESS_TEXT_MAX];
	struct value v;

	if (!e->count)
		return value_missing(VALUE_ABSENT, none);
	for (unsigned i = 0; i < e->count; i++)
		text_addf(&peers, "%s%s", i ? " " : "", address_text(&e->of[i].peer, e->of[i].port, address));
	v = value_text(arena_strdup(&c->facts->arena, text_get(&peers)));
	text_clear(&peers);
	return v;
}

static struct value seconds_if(uint32_t count, uint32_t ms, const char *none)
{
	return count ? value_number(ms / 1e3) : value_missing(VALUE_ABSENT, none);
}

static void set_close_wait(struct collecting *c, struct subject *s, const struct owner *o)
{
	const struct owner *before = c->latest == &c->second
					     ? topk_find(&c->first.owners, &o->key, o->head.hash)
					     : NULL;
	struct value *v = s->values;

	v[OWNER_CLOSE_WAIT] = value_number(o->states[STATE_CLOSE_WAIT]);
	if (c->latest == &c->second) {
		v[OWNER_CLOSE_WAIT].has_delta = true;
		v[OWNER_CLOSE_WAIT].delta =
			(double)o->states[STATE_CLOSE_WAIT] - (before ? before->states[STATE_CLOSE_WAIT] : 0);
	}
	v[OWNER_CLOSE_WAIT_OLD] = value_number(o->close_wait_old);
	v[OWNER_CLOSE_WAIT_UNREAD] = value_number(o->close_wait_unread);
	v[OWNER_CLOSE_WAIT_AGE] = seconds_if(o->close_wait_old, o->close_wait_age_ms, "none is old");
	v[OWNER_CLOSE_WAIT_PEERS] = peers_of(c, &o->close_wait, "none is old");
	holder_wanted(c, s, o->close_wait.inode);
}

static void set_fin_wait(struct collecting *c, struct subject *s, const struct owner *o)
{
	struct value *v = s->values;

	v[OWNER_FIN_WAIT1] = value_number(o->states[STATE_FIN_WAIT1]);
	v[OWNER_FIN_WAIT1_STUCK] = value_number(o->fin_wait1_stuck);
	v[OWNER_FIN_WAIT1_WINDOW] = value_number(o->fin_wait1_window);
	v[OWNER_FIN_WAIT1_SINCE] = seconds_if(o->fin_wait1_stuck, o->fin_wait1_age_ms, "none is stuck");
	v[OWNER_FIN_WAIT2] = value_number(o->states[STATE_FIN_WAIT2]);
	v[OWNER_FIN_WAIT2_HELD] = value_number(o->fin_wait2_held);
	v[OWNER_FIN_WAIT2_AGE] = seconds_if(o->fin_wait2_held, o->fin_wait2_age_ms, "none is old");
	v[OWNER_FIN_WAIT2_ENDING] = value_number(o->fin_wait2_ending);
	v[OWNER_FIN_WAIT_PEERS] = peers_of(c, &o->fin_wait, "none is stuck or old");
	v[OWNER_ORPHANS] = value_number(o->orphans);
	holder_wanted(c, s, o->fin_wait.inode);
}

static void set_idle(struct collecting *c, struct subject *s, const struct owner *o)
{
	const char *none = c->latest->options.idle_timeout ? "none is idle for so long" : "no idle time-out was declared";
	struct value *v = s->values;

	v[OWNER_IDLE] = c->latest->options.idle_timeout ? value_number(o->idle) : value_missing(VALUE_ABSENT, none);
	v[OWNER_IDLE_FOR] = seconds_if(o->idle, o->idle_ms, none);
	v[OWNER_IDLE_PEERS] = peers_of(c, &o->idle_peers, none);
	holder_wanted(c, s, o->idle_peers.inode);
}

static const char *owner_name(struct collecting *c, const struct owner *o)
{
	const char *unit = unit_name(c, o->key.cgroup), *path = cgroup_path(c, o->key.cgroup);
	char name[CGROUP_NAME_MAX];

	if (unit || (path && o->key.uid == UINT32_MAX)) {
		shorten_ids(unit ? unit : path, name, sizeof(name));
		return arena_strdup(&c->facts->arena, name);
	}
	if (o->key.uid == UID_NO_PROCESS)
		return "no process";
	if (o->key.uid != UINT32_MAX)
		return arena_printf(&c->facts->arena, "uid %" PRIu64, o->key.uid);
	return arena_printf(&c->facts->arena, "cgroup %" PRIu64, o->key.cgroup);
}

/* Who left most orphans, among those that were met. */
static void set_orphans(struct collecting *c, const struct owner *worst, double orphans)
{
	struct value *v = c->facts->host->values;
	bool any = worst && worst->orphans;

	v[SOCKETS_ORPHAN_HERE] = value_number(orphans);
	v[SOCKETS_ORPHAN_OWNER] = any ? value_text(owner_name(c, worst)) : value_missing(VALUE_ABSENT, "there is none");
	v[SOCKETS_ORPHAN_MOST] = value_number(any ? worst->orphans : 0);
}

void derive_owners(struct collecting *c)
{
	const struct owner *worst = NULL;
	const struct value no_memory = value_missing(VALUE_ABSENT, "this kernel does not tell what a socket holds");
	void *ranked[OWNERS_MAX];
	double orphans = 0;
	size_t n;

	if (!c->latest) {
		c->facts->host->values[SOCKETS_ORPHAN_HERE] = c->facts->host->values[SOCKETS_ORPHAN_MOST] =
			c->facts->host->values[SOCKETS_ORPHAN_OWNER] = c->facts->host->values[SOCKETS_TOTAL];
		return;
	}
	n = topk_ranked(&c->latest->owners, ranked, OWNERS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct owner *o = ranked[i];
		struct subject *s = facts_add(c->facts, SUBJECT_OWNER, owner_name(c, o));

		s->unit = unit_name(c, o->key.cgroup);
		s->values[OWNER_SOCKETS] = value_number(o->sockets);
		s->values[OWNER_MEMORY] = c->latest->has_memory ? value_number((double)o->memory) : no_memory;
		s->values[OWNER_ESTABLISHED] = value_number(o->states[STATE_ESTABLISHED]);
		set_close_wait(c, s, o);
		set_fin_wait(c, s, o);
		set_idle(c, s, o);
		orphans += o->orphans;
		if (!worst || o->orphans > worst->orphans)
			worst = o;
		owner_flows_add(c, &o->key, s, n);
		if (i < OWNERS_JUDGED)
			c->owners[c->owner_count++] = (struct judged_owner){s, o};
	}
	set_orphans(c, worst, orphans);
}
