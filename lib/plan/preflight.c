/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/preflight.h"

#include <string.h>
#include "collect/line-value.h"
#include "plan/plan-private.h"

struct looking {
	const struct judgement *j;
	const struct preflight_options *o;
	const struct plan_change *change; /* that is looked at */
	const struct sysctl_state *state; /* of its key */
	bool child;			  /* in a network namespace that is not the first */
	struct preflight *ret;
	size_t size;
};

static void add(struct looking *l, enum hindrance_severity severity, const char *option, const char *sentence)
{
	struct preflight *p = l->ret;

	if (p->count == l->size) {
		struct hindrance *old = p->list;

		l->size = 2 * l->size + 8;
		p->list = arena_array(&p->arena, struct hindrance, l->size);
		if (old)
			memcpy(p->list, old, p->count * sizeof(*old));
	}
	p->list[p->count++] = (struct hindrance){severity, l->change ? l->change->key : NULL, sentence, option};
}

static void refuse(struct looking *l, const char *sentence)
{
	add(l, HINDRANCE_REFUSE, NULL, sentence);
}

/* Of the host */

static void check_policy(struct looking *l)
{
	if (l->o->denied)
		refuse(l, "tcpadvisor.conf says `allow = no` in [apply]: nothing is applied on this host");
	if (l->o->frozen)
		refuse(l, "/etc/tcpadvisor/freeze is there: nothing is applied until it is removed");
}

static void check_kernel(struct looking *l)
{
	struct kernel_version known = l->j->rules->catalogue.known_through, after = {known.major, known.minor + 1};
	const struct value *release = &l->j->facts->host->values[HOST_KERNEL];
	unsigned version[3] = {0};

	if (release->state == VALUE_KNOWN)
		sscanf(release->text, "%u.%u", &version[0], &version[1]);
	if (!version[0])
		refuse(l, "the kernel's version could not be read: what it makes of a value is not known");
	else if (kernel_at_least(version, after))
		refuse(l, arena_printf(&l->ret->arena,
				       "Linux %u.%u is newer than the catalogue, which knows those up to %u.%u: advice is for reading only",
				       version[0], version[1], known.major, known.minor));
}

/* Of a change */

static void check_key(struct looking *l)
{
	const struct sysctl_def *def = l->change->def;

	if (sysctl_is_template(def))
		refuse(l, "keys of interfaces are advised, never applied");
	else if (def->netns == NETNS_HOST)
		refuse(l, "it needs user 0, which the applier does not have: keys of fs, vm and kernel are advised, never applied");
	else if (def->apply == APPLY_NEVER)
		refuse(l, "the catalogue says of it: never applied");
	else if (!l->state || l->state->state != VALUE_KNOWN)
		refuse(l, arena_printf(&l->ret->arena, "it could not be read: %s",
				       l->state && l->state->reason ? l->state->reason : "it is not there"));
	else if (strcmp(l->state->raw, l->change->current))
		refuse(l, arena_printf(&l->ret->arena, "the plan is for %s, and it is %s", l->change->current, l->state->raw));
	if (l->child && (def->netns == NETNS_INIT || def->netns == NETNS_INIT_WRITE))
		refuse(l, "it is written in the first network namespace only, and this is another");
}

static void check_value(struct looking *l)
{
	struct line_value v;

	/* What this kernel refuses depends on more than the value, and the applier sees it: a refused write is undone. */
	line_value_read(&l->ret->arena, l->change->def, l->change->wanted, false, &v);
	if (v.malformed || v.out_of_range)
		refuse(l, arena_printf(&l->ret->arena, "outside the catalogue's bounds: %s", v.malformed ? v.malformed : v.out_of_range));
	else if (v.unordered)
		refuse(l, "its numbers would no longer ascend");
	else if (dim_is_number(l->change->def->dim) && v.taken != l->change->def->elements)
		refuse(l, arena_printf(&l->ret->arena, "the plan has %u of its %u numbers", v.taken, l->change->def->elements));
}

/* A value held below the default may go up to anything; nothing goes down below it. */
static void check_default(struct looking *l)
{
	const struct sysctl_def *def = l->change->def;
	struct line_value before, after;

	if (!def->never_below_default || !dim_is_number(def->dim) || !l->state)
		return;
	line_value_read(&l->ret->arena, def, l->change->current, false, &before);
	line_value_read(&l->ret->arena, def, l->change->wanted, false, &after);
	for (unsigned i = 0; i < min_of(before.taken, after.taken); i++) {
		const struct value *standard = &l->state->defaults[i];

		if (after.numbers[i] >= before.numbers[i])
			continue;
		if (standard->state != VALUE_KNOWN)
			refuse(l, "it would go down, and this kernel's default is not known");
		else if (after.numbers[i] < standard->num * def->scale)
			refuse(l, arena_printf(&l->ret->arena, "%.0f would be less than this kernel's own default, %.0f", after.numbers[i],
					       standard->num * def->scale));
	}
}

static void check_available(struct looking *l)
{
	const struct sysctl_state *available = plan_state_of(l->j->facts, "net.ipv4.tcp_available_congestion_control");
	const char *wanted = l->change->wanted;

	if (strcmp(l->change->key, "net.ipv4.tcp_congestion_control"))
		return;
	if (!available || available->state != VALUE_KNOWN)
		refuse(l, "tcp_available_congestion_control could not be read: what is available is not known");
	else if (!text_has_word(available->raw, wanted))
		refuse(l, arena_printf(&l->ret->arena, "%s is not available (%s is): `modprobe tcp_%s`, where the kernel has it", wanted,
				       available->raw, wanted));
}

static void check_manager(struct looking *l)
{
	const struct value *v = l->j->facts->host->values;

	if (v[MANAGER_KEYS].state != VALUE_KNOWN || v[MANAGER_NAME].state != VALUE_KNOWN ||
	    !text_has_word(v[MANAGER_KEYS].text, l->change->key))
		return;
	add(l, l->o->despite_manager ? HINDRANCE_WARN : HINDRANCE_REFUSE, l->o->despite_manager ? NULL : "--despite-manager",
	    arena_printf(&l->ret->arena, "%s runs here and sets it too: either would write over the other", v[MANAGER_NAME].text));
}

/* sysctl.d is read in the order of base names, whatever the directory; procps reads /etc/sysctl.conf last. */
static bool comes_after_ours(const struct boot_value *b)
{
	const char *base = b->raw && b->file ? strrchr(b->file, '/') : NULL;

	return base && (!strcmp(b->file, "/etc/sysctl.conf") || strcmp(base + 1, strrchr(PREFLIGHT_DROP_IN, '/') + 1) > 0);
}

static bool check_boot(struct looking *l, const struct boot_value *b)
{
	if (!comes_after_ours(b) || sysctl_same_value(l->change->def, b->raw, l->change->wanted))
		return false;
	add(l, l->o->persist ? HINDRANCE_REFUSE : HINDRANCE_WARN, NULL,
	    arena_printf(&l->ret->arena, "%s:%u sets %s and is read after " PREFLIGHT_DROP_IN ": %s", b->file, b->line, b->raw,
			 l->o->persist ? "the change would not hold after a reboot; remove that line first"
				       : "a reboot brings that value back"));
	return true;
}

static void check_change(struct looking *l)
{
	l->state = plan_state_of(l->j->facts, l->change->key);
	check_key(l);
	check_value(l);
	check_default(l);
	check_available(l);
	check_manager(l);
	if (l->state && !check_boot(l, &l->state->systemd))
		check_boot(l, &l->state->procps);
}

void preflight_make(const struct judgement *j, const struct plan *p, const struct preflight_options *o, struct preflight *ret)
{
	struct looking l = {.j = j, .o = o, .child = plan_is_child(j->facts), .ret = ret};

	*ret = (struct preflight){.arena = ARENA_NULL};
	check_policy(&l);
	check_kernel(&l);
	for (size_t i = 0; i < p->change_count; i++) {
		l.change = &p->changes[i];
		check_change(&l);
	}
}

bool preflight_refuses(const struct preflight *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].severity == HINDRANCE_REFUSE)
			return true;
	return false;
}

void preflight_clear(struct preflight *p)
{
	arena_clear(&p->arena);
	*p = (struct preflight){.arena = ARENA_NULL};
}
