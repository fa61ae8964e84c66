/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include <errno.h>
#include <string.h>
#include "base/ini.h"
#include "config/option.h"
#include "config/search.h"
#include "rules/profile.h"

int config_load(struct config *c, struct root *root, struct diag *d)
{
	static const char *const paths[] = {"/etc/tcpadvisor/tcpadvisor.conf", "/run/tcpadvisor/tcpadvisor.conf"};
	_cleanup_text_ struct text t = TEXT_NULL;

	*c = CONFIG_DEFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int r;

		if (search_is_masked(root, paths[i] + 1))
			return 0;
		if (root_anybody_writes(root, paths[i] + 1))
			return diag_set(d, paths[i], 0, "anybody may write it: refused");
		r = root_read(root, paths[i] + 1, INI_FILE_MAX, &t);
		if (r == 0)
			return ini_read(paths[i], t.s, t.len, config_set, c, d);
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

void config_apply(const struct config *c, struct ruleset *set)
{
	int i = threshold_find(&set->thresholds, "idle-timeout");

	if (c->idle_timeout >= 0 && i >= 0)
		set->threshold_values[i] = c->idle_timeout;
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
