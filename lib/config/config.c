/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include <errno.h>
#include <string.h>
#include "base/ini.h"
#include "config/search.h"
#include "rules/profile.h"

int config_add_speed(struct config *c, const char *interface, const char *rate)
{
	double v;
	size_t i;

	if (!*interface || quantity_parse(rate, DIM_RATE, &v) < 0 || v <= 0)
		return -EINVAL;
	for (i = 0; i < c->speed_count; i++)
		if (!strcmp(c->speeds[i].interface, interface))
			break;
	if (i == DECLARED_SPEEDS_MAX)
		return -E2BIG;
	c->speeds[i] = (struct declared_speed){arena_strdup(&c->arena, interface), v};
	c->speed_count = max_of(c->speed_count, i + 1);
	return 0;
}

void config_clear(struct config *c)
{
	arena_clear(&c->arena);
	*c = (struct config){.window = -1};
}

static int on_setting(void *user, const struct ini_entry *e, struct diag *d)
{
	struct config *c = user;

	if (!strcmp(e->section, "audit") && !strcmp(e->key, "profile")) {
		if (strspn(e->value, ", ") == strlen(e->value))
			return diag_set(d, e->file, e->line, "'profile' names none");
		if (strchr(e->value, '/'))
			return diag_set(d, e->file, e->line, "'profile' takes names; a path is for the command line");
		c->profile = arena_strdup(&c->arena, e->value);
	} else if (!strcmp(e->section, "audit") && !strcmp(e->key, "window")) {
		if (!strcmp(e->value, "0"))
			c->window = 0;
		else if (quantity_parse(e->value, DIM_SECONDS, &c->window) < 0 || c->window > 3600)
			return diag_set(d, e->file, e->line, "'window = %s': a time such as 2 s, at most an hour", e->value);
	} else if (!strcmp(e->section, "audit") && !strcmp(e->key, "borrow")) {
		if (strcmp(e->value, "yes") && strcmp(e->value, "no"))
			return diag_set(d, e->file, e->line, "'borrow = %s': yes or no", e->value);
		c->no_borrow = !strcmp(e->value, "no");
	} else if (!strcmp(e->section, "path") && !strcmp(e->key, "flow-target")) {
		if (quantity_parse(e->value, DIM_RATE, &c->flow_target) < 0)
			return diag_set(d, e->file, e->line, "'flow-target = %s': a rate such as 1 Gbit/s", e->value);
	} else if (!strncmp(e->section, "interface ", 10) && !strcmp(e->key, "speed")) {
		if (config_add_speed(c, e->section + 10, e->value) < 0)
			return diag_set(d, e->file, e->line, "'speed = %s': a rate such as 10 Gbit/s", e->value);
	} else {
		return diag_set(d, e->file, e->line, "unknown option '%s' in [%s]", e->key, e->section);
	}
	return 0;
}

int config_load(struct config *c, struct root *root, struct diag *d)
{
	static const char *const paths[] = {"/etc/tcpadvisor/tcpadvisor.conf", "/run/tcpadvisor/tcpadvisor.conf"};
	_cleanup_text_ struct text t = TEXT_NULL;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int r;

		if (search_is_masked(root, paths[i] + 1))
			return 0;
		if (root_anybody_writes(root, paths[i] + 1))
			return diag_set(d, paths[i], 0, "anybody may write it: refused");
		r = root_read(root, paths[i] + 1, INI_FILE_MAX, &t);
		if (r == 0)
			return ini_read(paths[i], t.s, t.len, on_setting, c, d);
		if (r != -ENOENT && r != -ENOTDIR)
			return diag_set(d, paths[i], 0, "cannot be read: %s", strerror(-r));
	}
	return 0;
}

struct sources {
	struct root *root;
	const char *datadir;
	struct ruleset *set;
};

typedef int (*add_fn)(struct ruleset *set, const char *file, const char *bytes, size_t n, struct diag *d);

static int add_all(const struct sources *src, const char *sub, const char *suffix, add_fn add, struct diag *d)
{
	_cleanup_(search_clearp) struct search *s = &(struct search){0};
	_cleanup_text_ struct text t = TEXT_NULL;
	int r = search_files(src->root, src->datadir, sub, suffix, s);

	if (r < 0)
		return diag_set(d, sub, 0, "cannot be listed: %s", strerror(-r));
	for (size_t i = 0; i < s->count; i++) {
		if (s->files[i].masked)
			continue;
		r = search_read(src->root, &s->files[i], &t, d);
		if (r < 0)
			return r;
		r = add(src->set, s->files[i].path, t.s, t.len, d);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_catalogue(struct ruleset *set, const char *file, const char *bytes, size_t n, struct diag *d)
{
	return catalogue_load(&set->catalogue, file, bytes, n, d);
}

static int add_names(struct ruleset *set, const char *file, const char *bytes, size_t n, struct diag *d)
{
	return catalogue_add_names(&set->catalogue, file, bytes, n, d);
}

static int add_thresholds(struct ruleset *set, const char *file, const char *bytes, size_t n, struct diag *d)
{
	return ruleset_add_file(set, PASS_THRESHOLDS, file, bytes, n, d);
}

static int add_rules(struct ruleset *set, const char *file, const char *bytes, size_t n, struct diag *d)
{
	return ruleset_add_file(set, PASS_RULES, file, bytes, n, d);
}

/* A path is for the command line alone: what a profile includes comes from the directories of its host. */
static int open_profile(void *user, const char *name, bool included, struct text *ret, const char **ret_file,
			struct diag *d)
{
	const struct sources *src = user;
	_cleanup_(search_clearp) struct search *s = &(struct search){0};
	char file[280];
	int r;

	*ret_file = arena_strdup(&src->set->arena, name);
	if (strchr(name, '/') && included)
		return diag_set(d, name, 0, "a profile includes others by name, not by path");
	if (strchr(name, '/'))
		return search_read_path(name, ret, d);
	snprintf(file, sizeof(file), "%s.profile", name);
	r = search_files(src->root, src->datadir, "profiles", ".profile", s);
	if (r < 0)
		return diag_set(d, "profiles", 0, "cannot be listed: %s", strerror(-r));
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->files[i].name, file) && !s->files[i].masked) {
			*ret_file = arena_strdup(&src->set->arena, s->files[i].path);
			return search_read(src->root, &s->files[i], ret, d);
		}
	return diag_set(d, name, 0, "no profile has this name (`tcpadvisor profiles` lists them)");
}

static int load_profiles(struct sources *src, const char *names, struct diag *d)
{
	_cleanup_free_ struct profile_stack *p = calloc(1, sizeof(*p));
	_cleanup_free_ char *copy = strdup(names);
	char *state = NULL;
	int r;

	if (!p || !copy)
		return -ENOMEM;
	*p = (struct profile_stack){.set = src->set, .open = open_profile, .user = src};
	src->set->profile = arena_strdup(&src->set->arena, names);
	for (char *w = strtok_r(copy, ", ", &state); w; w = strtok_r(NULL, ", ", &state)) {
		r = profile_load(p, w, d);
		if (r < 0)
			return r;
	}
	return profile_apply(p, d);
}

int config_load_rules(struct root *root, const char *datadir, const char *profiles, struct ruleset *set,
		      struct diag *d)
{
	struct sources src = {root, datadir, set};
	int r;

	*set = (struct ruleset){0};
	set->catalogue.arena = &set->arena;
	r = add_all(&src, "rules/sysctl", ".sysctl", add_catalogue, d);
	if (r >= 0)
		r = add_all(&src, "rules/sysctl", ".names", add_names, d);
	if (r >= 0)
		r = add_all(&src, "rules", ".rule", add_thresholds, d);
	if (r >= 0)
		r = add_all(&src, "rules", ".rule", add_rules, d);
	if (r >= 0)
		r = add_all(&src, "rules", ".table", decisions_load, d);
	if (r >= 0 && !set->count)
		r = diag_set(d, datadir, 0, "no rule was found here, nor in /etc/tcpadvisor or /run/tcpadvisor");
	if (r >= 0)
		r = ruleset_seal(set, d);
	if (r >= 0)
		r = load_profiles(&src, profiles, d);
	src.datadir = NULL; /* waivers are the administrator's alone */
	if (r >= 0)
		r = add_all(&src, "waivers", ".waiver", waivers_load, d);
	if (r < 0)
		ruleset_clear(set);
	return r;
}

int config_list_profiles(struct root *root, const char *datadir, struct arena *a, const char ***ret,
			 size_t *ret_count)
{
	_cleanup_(search_clearp) struct search *s = &(struct search){0};
	const char **names;
	size_t n = 0;
	int r = search_files(root, datadir, "profiles", ".profile", s);

	if (r < 0)
		return r;
	names = arena_array(a, const char *, s->count + 1);
	for (size_t i = 0; i < s->count; i++)
		if (!s->files[i].masked)
			names[n++] = arena_strndup(a, s->files[i].name,
						   strlen(s->files[i].name) - strlen(".profile"));
	*ret = names;
	*ret_count = n;
	return 0;
}
