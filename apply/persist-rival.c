/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What boot would make of our file among all others, in the order of each reader. */
#include <errno.h>
#include <string.h>
#include "apply/persist.h"
#include "collect/sysctld.h"

static const char *const readers[LOADERS] = {
	[LOADER_SYSTEMD] = "systemd-sysctl",
	[LOADER_PROCPS] = "sysctl --system",
};

/* Files are read by name, whatever their directory; then the one that only procps reads, then what systemd is given. */
static bool is_read_after(const char *file)
{
	const char *name = strrchr(file, '/') + 1;

	return !strstr(file, "/sysctl.d/") || strcmp(name, PERSIST_NAME) > 0;
}

static int add(struct sysctld *to, enum sysctld_loader loader, const struct sysctld_entry *from, size_t n)
{
	struct sysctld_entry *grown = arena_array(&to->arena, struct sysctld_entry, to->count[loader] + n + 1);

	if (to->count[loader] + n > SYSCTLD_ENTRIES_MAX)
		return -E2BIG;
	if (to->count[loader])
		memcpy(grown, to->entries[loader], to->count[loader] * sizeof(*grown));
	for (size_t i = 0; i < n; i++) {
		grown[to->count[loader] + i] = from[i];
		grown[to->count[loader] + i].dropped = false; /* is found anew */
	}
	to->entries[loader] = grown;
	to->count[loader] += n;
	return 0;
}

/* The configuration with our file as it would be. */
static int splice(const struct sysctld *s, enum sysctld_loader loader, const struct text *t, struct sysctld *ret)
{
	struct sysctld_entry *ours = NULL, *all = s->entries[loader];
	size_t count = 0, before = 0, n = s->count[loader], after;
	int r = sysctld_parse(&ret->arena, loader, PERSIST_PATH, text_get(t), t->len, &ours, &count);

	while (before < n && !is_read_after(all[before].file) && strcmp(all[before].file, PERSIST_PATH))
		before++;
	for (after = before; after < n && !strcmp(all[after].file, PERSIST_PATH);)
		after++;
	r = r ? r : add(ret, loader, all, before);
	r = r ? r : add(ret, loader, ours, count);
	return r ? r : add(ret, loader, all + after, n - after);
}

/* A later exclusion leaves no value, and has a line all the same. */
static const struct sysctld_entry *find_exclusion(const struct sysctld *s, enum sysctld_loader loader, const char *key)
{
	for (size_t i = s->count[loader]; i; i--)
		if (!s->entries[loader][i - 1].value && !strcmp(s->entries[loader][i - 1].key, key))
			return &s->entries[loader][i - 1];
	return NULL;
}

static bool loses(const struct sysctld *s, enum sysctld_loader loader, const struct dropin_entry *e, struct rival *ret)
{
	struct boot_value won = sysctld_winner(s, loader, e->key);
	const struct sysctld_entry *x = won.raw ? NULL : find_exclusion(s, loader, e->key);
	_cleanup_text_ struct text value = TEXT_NULL;

	text_add(&value, won.raw ? won.raw : "");
	text_squeeze(value.s);
	/* A later file that says the same does no harm. */
	if (won.raw && (!strcmp(won.file, PERSIST_PATH) || !strcmp(text_get(&value), e->value)))
		return false;
	snprintf(ret->file, sizeof(ret->file), "%s", won.raw ? won.file : x ? x->file : "a later file");
	snprintf(ret->value, sizeof(ret->value), "%s", text_get(&value));
	ret->line = won.raw ? won.line : x ? x->line : 0;
	ret->reader = readers[loader];
	return true;
}

static int compare(const struct sysctld *s, const struct text *t, const struct dropin *d, const char *id, const char **key,
		   struct rival *rival)
{
	_cleanup_(sysctld_clear) struct sysctld merged = {.arena = ARENA_NULL};

	for (enum sysctld_loader loader = 0; loader < LOADERS; loader++) {
		int r = splice(s, loader, t, &merged);

		if (r < 0)
			return r;
	}
	sysctld_index(&merged);
	for (unsigned i = 0; i < d->count; i++)
		for (enum sysctld_loader loader = 0; loader < LOADERS; loader++)
			if (!d->entries[i].superseded && !strcmp(d->entries[i].id, id) &&
			    loses(&merged, loader, &d->entries[i], rival)) {
				*key = d->entries[i].key;
				return -EEXIST;
			}
	return 0;
}

static int cannot_tell(struct rival *rival, const char *why)
{
	snprintf(rival->file, sizeof(rival->file), "%s", why);
	return -EIO;
}

/* What systemd-sysctl is given from outside (a hypervisor) is closed to every sandbox, whether or not it is there. */
static size_t unreadable_but_credentials(const struct sysctld *s)
{
	return s->unreadable - (s->unreadable && strstr(s->unreadable_names, "run/credentials/") != NULL);
}

int rival_find(const char *root, const struct text *t, const struct dropin *d, const char *id, const char **key,
	       struct rival *rival)
{
	_cleanup_(sysctld_clear) struct sysctld s = {.arena = ARENA_NULL};
	_cleanup_(root_freep) struct root *from = NULL;
	struct diag diag = {0};
	int r = strcmp(root, "/") ? root_open_tree(root, &from, &diag) : root_open(NULL, &from, &diag);

	if (r < 0)
		return cannot_tell(rival, *diag.message ? diag.message : strerror(-r));
	r = sysctld_load(from, &s);
	if (r < 0)
		return cannot_tell(rival, strerror(-r));
	if (unreadable_but_credentials(&s) || s.refused)
		return cannot_tell(rival, s.refused ? s.refused : s.unreadable_names);
	r = compare(&s, t, d, id, key, rival);
	return r == -EEXIST || !r ? r : cannot_tell(rival, strerror(-r));
}
