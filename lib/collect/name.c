/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/name.h"

#include <string.h>
#include "collect/collect-private.h"
#include "root/root-names.h"

enum { ID_LENGTH = 64, ID_SHOWN = 12 };

static bool is_unit(const char *name, size_t n)
{
	static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t m = strlen(suffixes[i]);

		if (n > m && !memcmp(name + n - m, suffixes[i], m))
			return true;
	}
	return false;
}

/*
 * The first component that is a unit, slices apart; of a user's manager the unit below it. init.scope says nothing:
 * systemd opened the socket for somebody else.
 */
bool unit_from_cgroup(const char *path, char *ret, size_t size)
{
	const char *best = NULL;
	size_t best_n = 0;

	for (const char *p = path; *p;) {
		size_t n;

		p += *p == '/';
		n = strcspn(p, "/");
		if (is_unit(p, n)) {
			best = p;
			best_n = n;
			if (strncmp(p, "user@", 5))
				break;
		}
		p += n;
	}
	if (!best || (best_n == strlen("init.scope") && !strncmp(best, "init.scope", best_n)))
		return false;
	/* systemd escapes names that could be taken for a kernel file with a leading underscore. */
	best += *best == '_';
	best_n = strcspn(best, "/");
	snprintf(ret, size, "%.*s", (int)best_n, best);
	return true;
}

void shorten_ids(const char *path, char *ret, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	while (*path && at + 1 < size) {
		size_t run = strspn(path, digits), n = run >= ID_LENGTH ? ID_SHOWN : max_of(run, (size_t)1);

		n = min_of(n, size - 1 - at);
		memcpy(ret + at, path, n);
		at += n;
		path += run >= ID_LENGTH ? run : n;
	}
	ret[at] = 0;
}

static void add_id(struct cgroup_name *names, size_t *n, uint64_t id)
{
	if (id <= 1 || *n == NAMES_MAX)
		return;
	for (size_t i = 0; i < *n; i++)
		if (names[i].id == id)
			return;
	names[(*n)++] = (struct cgroup_name){.id = id};
}

void look_up_cgroups(struct collecting *c)
{
	size_t n = c->cgroup_count, ranked;
	void *owners[NAMES_MAX];

	if (!c->latest)
		return;
	if (!c->cgroups)
		c->cgroups = arena_array(&c->facts->arena, struct cgroup_name, NAMES_MAX);
	ranked = topk_ranked(&c->latest->owners, owners, NAMES_MAX);
	for (size_t i = 0; i < ranked; i++)
		add_id(c->cgroups, &n, ((const struct owner *)owners[i])->key.cgroup);
	/* Most owners of the second sample were there in the first. */
	if (n == c->cgroup_count && !c->cgroup_error)
		return;
	c->cgroup_error = root_cgroups(c->root, c->cgroups, n);
	c->cgroup_count = n;
}

void resolve_cgroups(struct collecting *c)
{
	look_up_cgroups(c);
	if (c->cgroup_error < 0)
		facts_note(c->facts, "cgroup names could not be read: owners are shown as numbers");
}

const char *cgroup_path(const struct collecting *c, uint64_t id)
{
	for (size_t i = 0; i < c->cgroup_count; i++)
		if (c->cgroups[i].id == id)
			return c->cgroups[i].path[0] ? c->cgroups[i].path : NULL;
	return NULL;
}

const char *unit_name(const struct collecting *c, uint64_t cgroup)
{
	const char *path = cgroup_path(c, cgroup);
	char unit[CGROUP_NAME_MAX];

	if (!path || !unit_from_cgroup(path, unit, sizeof(unit)))
		return NULL;
	return arena_strdup(&c->facts->arena, unit);
}

int holder_wanted(struct collecting *c, struct subject *s, uint32_t inode)
{
	if (!inode || c->holder_count == HOLDERS_MAX)
		return -1;
	c->holder_subjects[c->holder_count] = s;
	c->holders[c->holder_count] = (struct socket_holder){.inode = inode};
	return (int)c->holder_count++;
}

void derive_processes(struct collecting *c)
{
	if (!c->holder_count || !c->options->owners)
		return;
	root_holders(c->root, c->holders, c->holder_count);
	for (size_t i = 0; i < c->holder_count; i++) {
		struct subject *s = c->holder_subjects[i];
		char unit[CGROUP_NAME_MAX];

		if (!c->holders[i].pid || s->pid)
			continue;
		/* Sockets that systemd opened for a service are in its own cgroup: only their holder tells whose they are. */
		if (!s->unit && unit_from_cgroup(c->holders[i].cgroup, unit, sizeof(unit)))
			s->unit = arena_strdup(&c->facts->arena, unit);
		s->pid = c->holders[i].pid;
		s->process = arena_printf(&c->facts->arena, "%s[%d]", c->holders[i].command, s->pid);
	}
}
