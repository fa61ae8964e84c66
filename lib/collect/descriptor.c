/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open files of a process against its own limit: of the owners with most sockets, whose processes their cgroup names,
 * and of the processes that were found behind offending sockets.
 */
#include "collect/descriptor.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include "collect/collect-private.h"
#include "collect/name.h"

enum {
	SOCKETS_WORTH_A_LOOK = 32, /* fewer do not bring a process near any limit */
	PROCESSES_MAX = 16,	   /* of one owner */
	CANDIDATES_MAX = OWNERS_JUDGED * PROCESSES_MAX + HOLDERS_MAX,
	PROCS_MAX = 64 * 1024,
};

struct candidate {
	struct subject *owner;
	double limit;
};

struct candidates {
	struct candidate of[CANDIDATES_MAX];
	struct open_files files[CANDIDATES_MAX];
	size_t count;
};

/* "Max open files            1024                 524288               files" */
int limits_open_files(const char *bytes, double *ret)
{
	static const char name[] = "\nMax open files";
	const char *p = strstr(bytes, name), *end;
	double v;

	if (!p)
		return -EBADMSG;
	p += sizeof(name) - 1;
	p += strspn(p, " ");
	if (!isdigit((unsigned char)*p) || decimal_scan(p, &end, &v) < 0 || *end != ' ')
		return -EBADMSG;
	*ret = v;
	return 0;
}

static void add(struct candidates *all, struct subject *owner, int pid)
{
	if (pid <= 0 || all->count == CANDIDATES_MAX)
		return;
	for (size_t i = 0; i < all->count; i++)
		if (all->files[i].pid == pid)
			return;
	all->of[all->count] = (struct candidate){.owner = owner};
	all->files[all->count++] = (struct open_files){.pid = pid};
}

static void add_processes(struct collecting *c, struct candidates *all, const struct judged_owner *o)
{
	static const char *const roots[] = {"sys/fs/cgroup", "sys/fs/cgroup/unified"};
	const char *path = cgroup_path(c, o->owner->key.cgroup);
	_cleanup_text_ struct text t = TEXT_NULL;
	char whole[CGROUP_NAME_MAX + 64], *lines = NULL;
	int r = -ENOENT;

	for (size_t i = 0; path && i < ARRAY_SIZE(roots) && r == -ENOENT; i++) {
		snprintf(whole, sizeof(whole), "%s%s/cgroup.procs", roots[i], path);
		r = root_read(c->root, whole, PROCS_MAX, &t);
	}
	if (r == -ENOENT && path)
		o->subject->values[OWNER_FD_USED] = value_missing(VALUE_ABSENT, "its cgroup lists no processes");
	if (r < 0)
		return;
	r = 0;
	for (char *line = strtok_r(t.s, "\n", &lines); line && r < PROCESSES_MAX; line = strtok_r(NULL, "\n", &lines), r++)
		add(all, o->subject, atoi(line));
}

static struct subject *owner_of(const struct collecting *c, const struct subject *s)
{
	struct subject *o = c->facts->first[SUBJECT_OWNER];

	if (s->type == SUBJECT_OWNER)
		return (struct subject *)s;
	for (; o && s->unit; o = o->next)
		if (o->unit && !strcmp(o->unit, s->unit))
			return o;
	return NULL;
}

static void add_holders(struct collecting *c, struct candidates *all)
{
	for (size_t i = 0; i < c->holder_count; i++) {
		struct subject *o = owner_of(c, c->holder_subjects[i]);

		if (o)
			add(all, o, c->holders[i].pid);
	}
}

static void read_limits(struct collecting *c, struct candidates *all)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	char path[64];

	for (size_t i = 0; i < all->count; i++) {
		int r;

		snprintf(path, sizeof(path), "proc/%d/limits", all->files[i].pid);
		r = root_read(c->root, path, 16 * 1024, &t);
		if (r == 0)
			r = limits_open_files(t.s, &all->of[i].limit);
		if (r < 0 && !all->files[i].error)
			all->files[i].error = r;
	}
}

static const char *process_name(struct collecting *c, int pid)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	char path[64];

	snprintf(path, sizeof(path), "proc/%d/comm", pid);
	if (root_read(c->root, path, 64, &t) < 0)
		return arena_printf(&c->facts->arena, "process %d", pid);
	t.s[strcspn(t.s, "\n")] = 0;
	return arena_printf(&c->facts->arena, "%s[%d]", t.s, pid);
}

/* Of one owner's processes the one that is nearest to its limit. */
static void offer(struct collecting *c, const struct candidate *k, const struct open_files *f)
{
	struct value *v = k->owner->values, *used = &v[OWNER_FD_USED];

	if (f->error || k->limit <= 0) {
		if (used->state != VALUE_KNOWN && (f->error == -EACCES || f->error == -EPERM))
			v[OWNER_FD_USED] = v[OWNER_FD_LIMIT] =
				value_missing(VALUE_DENIED, "counting another user's open files needs root");
		return;
	}
	if (used->state == VALUE_KNOWN && (double)f->used / k->limit <= used->num / v[OWNER_FD_LIMIT].num)
		return;
	v[OWNER_FD_USED] = value_number((double)f->used);
	v[OWNER_FD_LIMIT] = value_number(k->limit);
	v[OWNER_FD_PROCESS] = value_text(process_name(c, f->pid));
}

static void begin(struct collecting *c)
{
	const struct value few = value_missing(VALUE_ABSENT, "it has too few sockets to run out of files by them"),
			   unseen = value_missing(VALUE_UNREAD, "its processes cannot be told from its sockets"),
			   none = value_missing(VALUE_ABSENT, "no process holds them");

	for (struct subject *s = c->facts->first[SUBJECT_OWNER]; s; s = s->next) {
		bool many = s->values[OWNER_SOCKETS].num >= SOCKETS_WORTH_A_LOOK;

		s->values[OWNER_FD_USED] = s->values[OWNER_FD_LIMIT] = s->values[OWNER_FD_PROCESS] = many ? unseen : few;
	}
	for (size_t i = 0; i < c->owner_count; i++)
		if (c->owners[i].owner->key.uid == UID_NO_PROCESS)
			c->owners[i].subject->values[OWNER_FD_USED] = none;
}

void derive_descriptors(struct collecting *c)
{
	struct candidates *all;

	begin(c);
	if (!c->latest || !c->options->owners)
		return;
	all = arena_new(&c->facts->arena, struct candidates);
	for (size_t i = 0; i < c->owner_count; i++)
		if (c->owners[i].owner->sockets >= SOCKETS_WORTH_A_LOOK)
			add_processes(c, all, &c->owners[i]);
	add_holders(c, all);
	if (!all->count || root_open_files(c->root, all->files, all->count) < 0)
		return;
	read_limits(c, all);
	for (size_t i = 0; i < all->count; i++)
		offer(c, &all->of[i], &all->files[i]);
}
