/* SPDX-License-Identifier: GPL-2.0-or-later */
/* which: who sets a sysctl. */
#include <errno.h>
#include <string.h>
#include "base/nearest.h"
#include "cli/session.h"
#include "collect/sysctld-glob.h"
#include "collect/sysctld.h"

enum { LIVE_MAX = 64 * 1024, BRACES_MAX = 4096 };

static const struct column key_columns[] = {{"item", "", DIM_TEXT, false}, {"text", "", DIM_TEXT, true}};
static const struct column line_columns[] = {
	{"file", NULL, DIM_TEXT, .whole = true}, {"line", NULL, DIM_COUNT, false}, {"value", NULL, DIM_TEXT, false},
	{"systemd", NULL, DIM_TEXT, false},	 {"procps", NULL, DIM_TEXT, true},
};

struct asking {
	struct session *s;
	const char *key;
	const struct sysctl_def *def; /* or NULL */
	struct sysctld d;
	struct boot_value winners[LOADERS];
	struct arena *arena;
	bool tree; /* of files: there is no kernel to be asked */
	struct table key_table, line_table;
};

static void say(struct asking *a, const char *item, const char *text)
{
	struct value *row;

	if (!text || !*text)
		return;
	row = table_row(&a->key_table);
	row[0] = value_text(item);
	row[1] = value_text(text);
}

/* "net/ipv4/conf/eth0.100/rp_filter" is a path; the first separator says how a key is written. */
static char *dotted(struct arena *a, const char *given)
{
	char *key = arena_strdup(a, given);

	if (key[strcspn(key, "./")] == '/')
		for (char *p = key; *p; p++)
			*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	return key;
}

static int read_live(struct asking *a, const char **ret)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	char *path = arena_printf(a->arena, "proc/sys/%s", a->key), *to;
	int r;

	for (char *p = path + strlen("proc/sys/"); *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	r = root_read(a->s->root, path, LIVE_MAX, &t);
	if (r < 0)
		return r;
	to = arena_strdup(a->arena, text_get(&t));
	to[strcspn(to, "\n")] = 0;
	for (char *p = to; *p; p++)
		*p = *p == '\t' ? ' ' : *p;
	*ret = to;
	return 0;
}

static void say_winner(struct asking *a, enum sysctld_loader loader, const char *item)
{
	const struct boot_value *b = &a->winners[loader];

	say(a, item, b->raw ? arena_printf(a->arena, "%s (%s:%u)", b->raw, b->file, b->line) : "no file sets it");
}

static const struct subject *subject_of(const struct asking *a)
{
	if (a->s->report.count)
		for (const struct subject *s = a->s->report.parts[0].facts->first[SUBJECT_SYSCTL]; s; s = s->next)
			if (!strcmp(s->name, a->key))
				return s;
	return NULL;
}

static const char *text_of(const struct subject *s, enum key_fact fact)
{
	return s && s->values[fact].state == VALUE_KNOWN ? s->values[fact].text : NULL;
}

/* What the profile asks for, met or not. */
static void say_wanted(struct asking *a, const struct subject *s)
{
	const struct ruleset *set = &a->s->rules;

	if (text_of(s, KEY_WANTED)) {
		say(a, "profile wants", text_of(s, KEY_WANTED));
		say(a, "since", text_of(s, KEY_WANTED_BECAUSE));
		return;
	}
	for (size_t i = 0; i < set->wanted_count; i++)
		if (set->wanted[i].def == a->def && s && s->values[KEY_WANTED_MET].num != 0) {
			say(a, "profile wants", "what it is");
			say(a, "since", set->wanted[i].because);
			return;
		}
	if (a->def)
		say(a, "profile wants", arena_printf(a->arena, "nothing of it (%s)", set->profile));
}

static void say_key(struct asking *a)
{
	const struct subject *s = subject_of(a);
	const char *live = NULL, *module = NULL;
	int r = read_live(a, &live);

	say(a, "live", a->tree ? "not looked at: a tree of files has no kernel"
		       : r == 0 ? (*live ? live : "(empty)")
			      : arena_printf(a->arena, "not there: %s", r == -ENOENT || r == -ENOTDIR ? "this host has no such key now" : strerror(-r)));
	say_winner(a, LOADER_SYSTEMD, "at boot");
	say_winner(a, LOADER_PROCPS, "sysctl --system");
	if (a->d.unreadable)
		say(a, "not read", arena_printf(a->arena, "%s: what stands there may win", a->d.unreadable_names));
	if (a->def) {
		const char *standard = text_of(s, KEY_DEFAULT);

		say(a, "kernel default", standard ? standard : a->def->default_note ? a->def->default_note : "not known");
		say_wanted(a, s);
		say(a, "takes effect", sysctl_takes_effect(a->arena, a->def));
		if (sysctl_is_template(a->def))
			say(a, "interfaces", sysctl_combine_text(a->def->combine));
		say(a, "scope", sysctl_netns_text(a->def->netns));
	}
	catalogue_knows(&a->s->rules.catalogue, a->key, &module);
	if (module)
		say(a, "module", arena_printf(a->arena, "it is there once %s is loaded", module));
}

/* Does this line speak of the key at all? */
static bool speaks(enum sysctld_loader loader, const struct sysctld_entry *e, const char *key)
{
	unsigned budget = BRACES_MAX;

	if (!strcmp(e->key, key))
		return true;
	if (!e->glob)
		return false;
	return loader == LOADER_SYSTEMD ? sysctld_match_braces(e->key, key, &budget) : sysctld_match_glob(e->key, key);
}

static const char *part_played(struct asking *a, enum sysctld_loader loader, const struct sysctld_entry *e)
{
	const struct boot_value *w = &a->winners[loader];

	if (!e)
		return "not read";
	if (w->raw && w->line == e->line && !strcmp(w->file, e->file))
		return "in force";
	if (!e->value)
		return loader == LOADER_SYSTEMD ? "keeps patterns away, and takes earlier lines back" : "keeps patterns away";
	if (!w->raw)
		return "taken back";
	if (e->glob)
		return "pattern: a line that names the key, or a later one, counts";
	return arena_printf(a->arena, "shadowed by %s:%u", w->file, w->line);
}

static const struct sysctld_entry *same_line(const struct sysctld *d, enum sysctld_loader loader, const struct sysctld_entry *e,
					     const char *key)
{
	for (size_t i = 0; i < d->count[loader]; i++) {
		const struct sysctld_entry *o = &d->entries[loader][i];

		if (o->line == e->line && !strcmp(o->file, e->file) && speaks(loader, o, key))
			return o;
	}
	return NULL;
}

static void say_line(struct asking *a, const struct sysctld_entry *systemd, const struct sysctld_entry *procps)
{
	const struct sysctld_entry *e = systemd ? systemd : procps;
	struct value *row = table_row(&a->line_table);

	row[0] = value_text(arena_strdup(a->arena, e->file));
	row[1] = value_number(e->line);
	row[2] = e->value ? value_text(e->value) : value_text("(excluded)");
	row[3] = value_text(part_played(a, LOADER_SYSTEMD, systemd));
	row[4] = value_text(part_played(a, LOADER_PROCPS, procps));
}

static void say_lines(struct asking *a)
{
	for (enum sysctld_loader loader = 0; loader < LOADERS; loader++)
		for (size_t i = 0; i < a->d.count[loader]; i++) {
			const struct sysctld_entry *e = &a->d.entries[loader][i], *other;

			if (!speaks(loader, e, a->key))
				continue;
			other = same_line(&a->d, loader == LOADER_SYSTEMD ? LOADER_PROCPS : LOADER_SYSTEMD, e, a->key);
			if (loader == LOADER_SYSTEMD)
				say_line(a, e, other);
			else if (!other)
				say_line(a, NULL, e);
		}
}

/* "tcp_sack": the only key of that last word, as explain has it; or the nearest of such words. */
static const char *complete(struct asking *a, const char **near)
{
	const struct catalogue *c = &a->s->rules.catalogue;
	struct nearest n = NEAREST_NULL;
	const char *found = NULL;
	unsigned count = 0;

	for (size_t i = 0; i < c->count; i++) {
		const char *word = strrchr(c->defs[i].key, '.') + 1;

		nearest_offer(&n, a->key, word);
		if (!strcmp(word, a->key)) {
			found = c->defs[i].key;
			count++;
		}
	}
	*near = n.name;
	return count == 1 ? found : NULL;
}

/* A pattern of interfaces' keys: what it leaves on an interface that no line names. */
static const char *probe(struct asking *a)
{
	const char *star = strstr(a->key, ".*.");

	return star ? arena_printf(a->arena, "%.*s.any-interface%s", (int)(star - a->key), a->key, star + 2) : a->key;
}

static int unknown(struct asking *a, const char *given, const char *near)
{
	near = near ? near : catalogue_nearest(&a->s->rules.catalogue, a->key, a->arena);

	complain("'%s' is no sysctl that any kernel is known to have%s%s", given, near ? ": was it meant to be " : "", near ? near : "");
	return EXIT_USAGE;
}

static void asking_clear(struct asking *a)
{
	sysctld_clear(&a->d);
	table_clear(&a->key_table);
	table_clear(&a->line_table);
}

int verb_which(const struct options *given)
{
	_cleanup_session_ struct session s = {0};
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_(asking_clear) struct asking a = {.s = &s, .arena = &s.rules.arena};
	struct options o = *given;
	struct render_options ro = output_options(&o);
	const char *live, *near = NULL, *full;
	int r;

	o.window = 0;
	r = session_open_tree(&s, &o);
	if (r)
		return r;
	a.key = dotted(a.arena, o.args[0]);
	a.tree = o.root && !root_host(s.root)->version[0];
	if (o.kernel || a.tree)
		root_set_kernel(s.root, o.kernel ? o.kernel
						 : arena_printf(a.arena, "%u.%u", s.rules.catalogue.known_through.major,
								s.rules.catalogue.known_through.minor));
	if (!strpbrk(a.key, "./") && (full = complete(&a, &near)))
		a.key = full;
	a.def = catalogue_find(&s.rules.catalogue, a.key);
	r = sysctld_load(s.root, &a.d);
	if (r < 0) {
		complain("sysctl.d: %s", strerror(-r));
		return EXIT_COULD_NOT_CHECK;
	}
	for (enum sysctld_loader loader = 0; loader < LOADERS; loader++)
		a.winners[loader] = sysctld_winner(&a.d, loader, probe(&a));
	r = read_live(&a, &live);
	if (!catalogue_knows(&s.rules.catalogue, a.key, NULL) && (r == -ENOENT || r == -ENOTDIR || r == -EISDIR || r == -EINVAL))
		return unknown(&a, o.args[0], near);
	r = session_judge(&s, &o);
	if (r)
		return r;
	table_init(&a.key_table, "which", arena_strdup(a.arena, a.key), key_columns, ARRAY_SIZE(key_columns));
	table_init(&a.line_table, "lines", "Lines that name it, in the order of the files", line_columns, ARRAY_SIZE(line_columns));
	a.line_table.empty = "no file names it";
	say_key(&a);
	say_lines(&a);
	render_tables((struct table[]){a.key_table, a.line_table}, 2, o.format, &ro, &t);
	return output_write(&t);
}
