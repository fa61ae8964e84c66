/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that set the sysctls that we judge: tuned, with the profile that is active, and bpftune. */
#include "collect/manager.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include "collect/collect-private.h"
#include "collect/line-value.h"

enum { PROFILES_MAX = 32, DEPTH_MAX = 8, CONFLICTS_SHOWN = 6 };

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t");
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = 0;
	return s;
}

/* "[sysctl]" gives its name, in place; else NULL. */
static char *section_of(char *line)
{
	char *end = *line == '[' ? strchr(line, ']') : NULL;

	if (!end)
		return NULL;
	*end = 0;
	return line + 1;
}

void tuned_includes(const char *bytes, char *ret, size_t size)
{
	bool main = false;

	*ret = 0;
	for (const char *p = bytes; *p; p += *p == '\n') {
		size_t n = strcspn(p, "\n");

		if (*p == '[')
			main = !strncmp(p, "[main]", 6);
		else if (main && !strncmp(p, "include", 7)) {
			const char *value = memchr(p, '=', n);

			if (value)
				snprintf(ret, size, "%.*s", (int)(n - (size_t)(value + 1 - p)), value + 1);
		}
		p += n;
	}
}

static void set_key(struct tuned_profile *p, const char *name, const char *value, const char *file, unsigned line)
{
	char *key = arena_strdup(p->arena, name);
	struct tuned_key *k = NULL;

	for (char *c = key; *c; c++)
		if (*c == '/')
			*c = '.';
	if (strncmp(key, "net.", 4))
		return;
	for (size_t i = 0; i < p->count && !k; i++)
		if (!strcmp(p->keys[i].key, key))
			k = &p->keys[i];
	if (!k && p->count < TUNED_KEYS_MAX)
		k = &p->keys[p->count++];
	if (k)
		*k = (struct tuned_key){key, arena_strdup(p->arena, value), file, line};
}

/* Options of the section itself; only `replace` matters here: it forgets what included profiles set. */
static bool is_option(struct tuned_profile *p, const char *name, const char *value)
{
	if (!strcmp(name, "replace") && (!strcmp(value, "1") || !strcasecmp(value, "true")))
		p->count = 0;
	return !strcmp(name, "type") || !strcmp(name, "devices") || !strcmp(name, "replace") || !strcmp(name, "enabled") ||
	       !strcmp(name, "drop");
}

void tuned_parse(struct tuned_profile *p, const char *file, char *bytes)
{
	bool sysctl = false;
	unsigned number = 0;

	for (char *line = bytes, *next; line; line = next) {
		char *value, *section;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		number++;
		line = trim(line);
		if ((section = section_of(line)))
			sysctl = !strcmp(section, "sysctl");
		else if (sysctl && *line != '#' && *line != ';' && (value = strchr(line, '='))) {
			*value++ = 0;
			line = trim(line);
			value = trim(value);
			if (*line && !is_option(p, line, value))
				set_key(p, line, value, file, number);
		}
	}
}

struct reading {
	struct collecting *c;
	struct tuned_profile *profile;
	unsigned files;
};

static int read_profile(struct reading *r, const char *name, struct text *t, const char **file)
{
	static const char *const folders[] = {"etc/tuned/profiles", "etc/tuned", "usr/lib/tuned/profiles", "usr/lib/tuned"};
	int err = -ENOENT;

	if (!*name || strchr(name, '/') || !strcmp(name, ".."))
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(folders) && err == -ENOENT; i++) {
		*file = arena_printf(&r->c->facts->arena, "/%s/%s/tuned.conf", folders[i], name);
		err = root_read(r->c->root, *file + 1, TUNED_FILE_MAX, t);
	}
	return err;
}

static void load(struct reading *r, char *names, unsigned depth)
{
	char *state = NULL;

	for (char *name = strtok_r(names, " ,\t\n", &state); name; name = strtok_r(NULL, " ,\t\n", &state)) {
		_cleanup_text_ struct text t = TEXT_NULL;
		char includes[256];
		const char *file;

		if (depth == DEPTH_MAX || r->files++ == PROFILES_MAX || read_profile(r, name, &t, &file) < 0)
			continue;
		tuned_includes(t.s, includes, sizeof(includes));
		load(r, includes, depth + 1);
		tuned_parse(r->profile, file, t.s);
	}
}

static bool unit_runs(struct collecting *c, const char *unit)
{
	static const char *const roots[] = {"sys/fs/cgroup", "sys/fs/cgroup/unified", "sys/fs/cgroup/systemd"};
	_cleanup_text_ struct text t = TEXT_NULL;
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		snprintf(path, sizeof(path), "%s/system.slice/%s/cgroup.procs", roots[i], unit);
		if (root_read(c->root, path, 4096, &t) == 0 && t.len)
			return true;
	}
	return false;
}

/* Where systemd did not start it: the process that its own file names. */
static bool tuned_runs(struct collecting *c)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	char path[64];
	int pid;

	if (unit_runs(c, "tuned.service"))
		return true;
	if (root_read(c->root, "run/tuned/tuned.pid", 64, &t) < 0 || (pid = atoi(t.s)) <= 0)
		return false;
	snprintf(path, sizeof(path), "proc/%d/comm", pid);
	return root_read(c->root, path, 64, &t) == 0 && !strcmp(t.s, "tuned\n");
}

/* What tuned would make of the value that the file has: it only raises to ">N", only lowers to "<N". */
static bool disagrees(const struct sysctl_state *s, const char *value)
{
	double wanted, has;
	const char *end;

	if (strchr(value, '$'))
		return false; /* a variable, or a function: not known */
	if (*value != '>' && *value != '<')
		return !sysctl_same_value(s->def, s->systemd.raw, value);
	if (decimal_scan(value + 1, &end, &wanted) < 0 || decimal_scan(s->systemd.raw, &end, &has) < 0)
		return false;
	return *value == '>' ? has < wanted : has > wanted;
}

static const struct sysctl_state *boot_state(const struct collecting *c, const char *key)
{
	for (size_t i = 0; i < c->facts->sysctl_count; i++)
		if (c->facts->sysctls[i].systemd.raw && !strcmp(c->facts->sysctls[i].def->key, key))
			return &c->facts->sysctls[i];
	return NULL;
}

static unsigned compare(struct collecting *c, const struct tuned_profile *p, struct text *conflicts)
{
	unsigned n = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct tuned_key *k = &p->keys[i];
		const struct sysctl_state *s = boot_state(c, k->key);

		if (!s || (k->value && !disagrees(s, k->value)))
			continue;
		if (n++ >= CONFLICTS_SHOWN)
			continue;
		text_addf(conflicts, "%s%s ", n > 1 ? "; " : "", k->key);
		if (k->value)
			text_addf(conflicts, "%s in %s:%u, ", k->value, k->file, k->line);
		text_addf(conflicts, "%s in %s:%u", s->systemd.raw, s->systemd.file, s->systemd.line);
	}
	if (n > CONFLICTS_SHOWN)
		text_addf(conflicts, "; and %u more", n - CONFLICTS_SHOWN);
	return n;
}

/* What its tuners write whenever they see fit (bpftune 0.4: tcp_buffer, tcp_conn, net_buffer, neigh_table). */
static void add_bpftune(struct tuned_profile *p)
{
	static const char *const keys[] = {
		"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_mem", "net.ipv4.tcp_max_syn_backlog",
		"net.ipv4.tcp_allowed_congestion_control", "net.core.netdev_max_backlog", "net.core.netdev_budget",
		"net.core.netdev_budget_usecs", "net.core.rmem_max",
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys) && p->count < TUNED_KEYS_MAX; i++)
		p->keys[p->count++] = (struct tuned_key){.key = keys[i]};
}

static const char *read_tuned(struct collecting *c, struct tuned_profile *p)
{
	struct reading r = {.c = c, .profile = p};
	_cleanup_text_ struct text t = TEXT_NULL;
	const char *name;

	if (root_read(c->root, "etc/tuned/active_profile", 4096, &t) < 0)
		return NULL;
	t.s[strcspn(t.s, "\n")] = 0;
	if (!*t.s || !tuned_runs(c))
		return NULL;
	name = arena_printf(&c->facts->arena, "tuned (profile %s)", t.s);
	load(&r, t.s, 0);
	return name;
}

static void set_facts(struct collecting *c, const struct tuned_profile *p, const char *name)
{
	_cleanup_text_ struct text keys = TEXT_NULL, conflicts = TEXT_NULL;
	struct value *v = c->facts->host->values;
	unsigned n = compare(c, p, &conflicts);

	for (size_t i = 0; i < p->count; i++)
		text_addf(&keys, "%s%s", i ? " " : "", p->keys[i].key);
	v[MANAGER_NAME] = value_text(name);
	v[MANAGER_KEYS] = value_text(arena_strdup(&c->facts->arena, text_get(&keys)));
	v[MANAGER_CONFLICTS] = value_text(arena_strdup(&c->facts->arena, text_get(&conflicts)));
	v[MANAGER_CONFLICT_COUNT] = value_number(n);
}

void collect_managers(struct collecting *c)
{
	struct tuned_profile *p = arena_new(&c->facts->arena, struct tuned_profile);
	struct value *v = c->facts->host->values;
	const char *name;

	p->arena = &c->facts->arena;
	name = read_tuned(c, p);
	if (unit_runs(c, "bpftune.service")) {
		add_bpftune(p);
		name = name ? arena_printf(&c->facts->arena, "%s and bpftune", name) : "bpftune";
	}
	v[MANAGER_NAME] = v[MANAGER_KEYS] = v[MANAGER_CONFLICTS] = v[MANAGER_CONFLICT_COUNT] =
		value_missing(VALUE_ABSENT, "neither tuned nor bpftune runs here");
	if (name)
		set_facts(c, p, name);
}
