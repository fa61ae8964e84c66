/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of sysctl.d as subjects: what each assigns, whether that is what its author meant, and whether it counts. */
#include <errno.h>
#include <string.h>
#include "base/hash.h"
#include "catalogue/conf.h"
#include "collect/collect-private.h"
#include "collect/line-value.h"
#include "collect/sysctl-private.h"
#include "collect/sysctld.h"

enum {
	NAMES_START = 1024,  /* of the table of names; doubled as it fills */
	NEAREST_MAX = 256,   /* look-ups of the nearest name; each compares with all */
	LIVE_MAX = 1024,     /* reads of keys that the catalogue does not have */
	LIVE_FILE_MAX = 4096,
	RULES_FILE_MAX = 256 * 1024,
};

struct lines {
	struct collecting *c;
	struct arena *arena;
	const struct sysctld *d;
	unsigned nearest, live;
	bool child;	     /* of the initial network namespace */
	bool modules_loaded; /* their text below was read */
	struct text modules; /* all of modules-load.d */
	struct name_slot *names;
	size_t name_size, name_count;
	const char *asked; /* the file that is_systemds_too() was last asked about, and the answer for all of it */
	bool asked_same;
};

/* How many lines of a file there were for a key: a table by hash, open addressing. */
struct name_slot {
	const char *name;
	size_t seen;
};

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* "/usr/lib/sysctl.d/x.conf": what packages install and the administrator may override. */
static bool is_vendor(const char *file)
{
	return starts_with(file, "/usr/") || starts_with(file, "/lib/");
}

static bool is_line(const struct boot_value *b, const struct sysctld_entry *e)
{
	return b->raw && b->line == e->line && !strcmp(b->file, e->file);
}

static const char *where(struct arena *a, const struct boot_value *b)
{
	return arena_printf(a, "%s:%u", b->file, b->line);
}

static struct value text_or_absent(const char *s)
{
	return s ? value_text(s) : value_missing(VALUE_ABSENT, NULL);
}

static const char *proc_path(struct arena *a, const char *key)
{
	char *path = arena_printf(a, "proc/sys/%s", key);

	for (char *p = path + strlen("proc/sys/"); *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	return path;
}

/* The live value of a key that the catalogue may not have. 0, -ENOENT, or another error: it is there. */
static int read_live(struct lines *l, const char *key, const char **ret)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	int r;

	*ret = NULL;
	if (!l->c->sees_host || strlen(key) >= SYSCTL_KEY_MAX || l->live++ >= LIVE_MAX)
		return -ENOENT;
	r = root_read(l->c->root, proc_path(l->arena, key), LIVE_FILE_MAX, &t);
	if (r == 0)
		*ret = sysctl_canonical(l->arena, text_get(&t));
	return r == -ENOTDIR ? -ENOENT : r;
}

/* Its lines without the blanks around them; modprobe takes a dash for an underscore. */
static void add_modules(struct text *to, char *bytes)
{
	for (char *line = bytes, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		line += strspn(line, " \t\r\v\f");
		line[strcspn(line, " \t\r\v\f")] = 0;
		for (char *p = line; *p; p++)
			*p = *p == '-' ? '_' : *p;
		if (*line)
			text_addf(to, "%s\n", line);
	}
}

static int on_module_file(void *user, const char *name)
{
	struct lines *l = user;
	_cleanup_text_ struct text t = TEXT_NULL;
	static const char *const directories[] = {"etc/modules-load.d", "run/modules-load.d", "usr/local/lib/modules-load.d",
						  "usr/lib/modules-load.d"};
	char path[400];

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		snprintf(path, sizeof(path), "%s/%s", directories[i], name);
		if (root_read(l->c->root, path, LIVE_FILE_MAX, &t) == 0)
			add_modules(&l->modules, t.s);
	}
	return 0;
}

/* systemd-modules-load runs before systemd-sysctl, and udev may run it again when a module comes. */
static void load_modules(struct lines *l)
{
	static const char *const directories[] = {"etc/modules-load.d", "run/modules-load.d", "usr/local/lib/modules-load.d",
						  "usr/lib/modules-load.d"};
	_cleanup_text_ struct text t = TEXT_NULL;

	l->modules_loaded = true;
	text_add(&l->modules, "\n");
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		root_list(l->c->root, directories[i], on_module_file, l);
	if (root_read(l->c->root, "etc/modules", LIVE_FILE_MAX, &t) == 0)
		add_modules(&l->modules, t.s);
	if (root_read(l->c->root, "usr/lib/udev/rules.d/99-systemd.rules", RULES_FILE_MAX, &t) == 0)
		text_addf(&l->modules, "%s\n", text_get(&t));
}

/* A line of its own in modules-load.d, or KERNEL=="br_netfilter" in udev's rule. */
static bool is_loaded_at_boot(struct lines *l, const char *module)
{
	char line[128], rule[128];

	if (!l->c->sees_files)
		return false;
	if (!l->modules_loaded)
		load_modules(l);
	snprintf(line, sizeof(line), "\n%s\n", module);
	snprintf(rule, sizeof(rule), "KERNEL==\"%s\"", module);
	return strstr(text_get(&l->modules), line) || strstr(text_get(&l->modules), rule);
}

static const char *module_missing(struct lines *l, const struct sysctld_entry *e, const char *module)
{
	const char *live;

	if (!module || e->tolerant || !e->value)
		return NULL;
	/* It was loaded by something, and the value got there. */
	if (read_live(l, e->key, &live) == 0 && live && !strcmp(live, sysctl_canonical(l->arena, e->value)))
		return NULL;
	return is_loaded_at_boot(l, module) ? NULL : arena_strdup(l->arena, module);
}

/* "net.ipv4.conf.eth0.100.rp_filter": the dot of the interface's name must be written as a slash. */
static const char *dotted_interface(struct lines *l, const char *key)
{
	char template[SYSCTL_KEY_MAX];
	const char *last = strrchr(key, '.'), *tree;
	char *fixed;

	if (!catalogue_template(key, template, sizeof(template)))
		return NULL;
	tree = strchr(template, '*');
	fixed = arena_printf(l->arena, "%.*s%s", (int)(tree - template), key, key + (tree - template));
	for (char *p = fixed + (tree - template); p < fixed + (last - key); p++)
		*p = *p == '.' ? '/' : *p;
	return strcmp(fixed, key) && catalogue_knows(&l->c->options->rules->catalogue, fixed, NULL) ? fixed : NULL;
}

static bool glob_matches_any(const char *key)
{
	/* What a pattern meets hangs on the host; its last word tells a typo. */
	return strpbrk(key, "?[") || !strrchr(key, '.') || strchr(strrchr(key, '.'), '*');
}

static void set_known(struct lines *l, struct subject *s, const struct sysctld_entry *e, const char **module)
{
	const struct catalogue *cat = &l->c->options->rules->catalogue;
	bool known = (e->glob && glob_matches_any(e->key)) || catalogue_knows(cat, e->key, module);
	const char *live, *near = NULL;

	if (!known && !e->glob)
		known = read_live(l, e->key, &live) != -ENOENT;
	if (!known && l->nearest++ < NEAREST_MAX) {
		near = dotted_interface(l, e->key);
		near = near ? near : catalogue_nearest(cat, e->key, l->arena);
	}
	s->values[LINE_KNOWN] = value_number(known);
	s->values[LINE_NEAREST] = text_or_absent(near);
}

static void set_versions(struct lines *l, struct subject *s, const struct sysctl_def *def)
{
	const unsigned *version = root_host(l->c->root)->version;

	if (version[0] && def->removed.major && kernel_at_least(version, def->removed))
		s->values[LINE_REMOVED_IN] =
			value_text(arena_printf(l->arena, "Linux %u.%u", def->removed.major, def->removed.minor));
	/* Vendors carry keys back: what is there is there. */
	if (version[0] && def->since.major && !kernel_at_least(version, def->since) &&
	    (!l->c->sees_host || sysctl_state_of(l->c, def)->state == VALUE_ABSENT))
		s->values[LINE_CAME_WITH] = value_text(arena_printf(l->arena, "Linux %u.%u", def->since.major, def->since.minor));
}

/* The same of a key of which only the name is known; one that is there was carried back. */
static void set_name_version(struct lines *l, struct subject *s, const char *key)
{
	const struct known_name *name = catalogue_name(&l->c->options->rules->catalogue, key);
	const unsigned *version = root_host(l->c->root)->version;
	const char *live;

	if (!name || !name->removed.major || !version[0] || !kernel_at_least(version, name->removed) ||
	    read_live(l, key, &live) != -ENOENT)
		return;
	s->values[LINE_REMOVED_IN] = value_text(arena_printf(l->arena, "%sLinux %u.%u", name->before ? "A kernel before " : "",
							     name->removed.major, name->removed.minor));
}

static void set_scope(struct lines *l, struct subject *s, const struct sysctl_def *def)
{
	if (!l->child || (def->netns != NETNS_INIT && def->netns != NETNS_INIT_WRITE))
		return;
	s->values[LINE_PER_NAMESPACE] = value_text(def->netns == NETNS_INIT ? "it is not there in this network namespace, only in the initial one"
									    : "it is read-only in this network namespace");
}

static void set_value(struct lines *l, struct subject *s, const struct sysctl_def *def, const char *raw)
{
	struct value *v = s->values;
	struct line_value read;

	line_value_read(l->arena, def, raw, sysctl_kernel_bounds(l->c, l->d, def), &read);
	v[LINE_MALFORMED] = text_or_absent(read.malformed);
	v[LINE_REFUSED] = value_number(read.refused);
	v[LINE_OUT_OF_RANGE] = text_or_absent(read.out_of_range);
	v[LINE_NONSENSE] = value_number(read.nonsense);
	v[LINE_UNORDERED] = value_number(read.unordered);
	if (dim_is_number(def->dim) && !read.refused) {
		v[LINE_ELEMENTS] = value_number(read.words);
		v[LINE_ELEMENTS_WANTED] = value_number(def->elements);
	}
}

static bool differ(struct lines *l, const struct sysctl_def *def, const char *a, const char *b)
{
	return !sysctl_same_value(def, sysctl_canonical(l->arena, a), sysctl_canonical(l->arena, b));
}

/* A package's line under one of the administrator's is how sysctl.d is meant; the other way round it is not. */
static void set_shadow(struct lines *l, struct subject *s, const struct sysctld_entry *e, const struct sysctl_def *def,
		       const struct boot_value *winner)
{
	if (!winner->raw || is_line(winner, e) || is_vendor(e->file) || !differ(l, def, e->value, winner->raw))
		return;
	s->values[LINE_SHADOWED_BY] = value_text(where(l->arena, winner));
	s->values[LINE_SHADOWED_VALUE] = value_text(sysctl_canonical(l->arena, winner->raw));
	s->values[LINE_SHADOWED_ODDLY] = value_number(!strcmp(winner->file, e->file) || is_vendor(winner->file));
}

static const char *told(struct lines *l, const struct boot_value *b)
{
	if (!b->raw)
		return "nothing";
	return arena_printf(l->arena, "\"%s\" (%s)", sysctl_canonical(l->arena, b->raw), where(l->arena, b));
}

static void set_loaders(struct lines *l, struct subject *s, const struct sysctld_entry *e, const struct sysctl_def *def,
			const struct boot_value *systemd, const struct boot_value *procps)
{
	/* Said once for a key: at the line that one of them leaves in force, systemd's where both do. */
	const struct boot_value *speaker = systemd->raw ? systemd : procps;
	bool differs = !systemd->raw != !procps->raw || (systemd->raw && differ(l, def, systemd->raw, procps->raw));

	s->values[LINE_LOADERS_DIFFER] = value_number(differs && is_line(speaker, e));
	s->values[LINE_SYSTEMD] = value_text(told(l, systemd));
	s->values[LINE_PROCPS] = value_text(told(l, procps));
}

/*
 * Keys whose writing changes others (net/ipv4/devinet.c inet_forward_change(), net/ipv6/addrconf.c addrconf_fixup_forwarding()
 * and addrconf_disable_ipv6()): victim and setter are templates, and the victim becomes the setter's value or its opposite.
 */
static const struct {
	const char *setter, *victim;
	bool opposite;
} effects[] = {
	{"net.ipv4.ip_forward", "net.ipv4.conf.all.accept_redirects", true},
	{"net.ipv4.conf.all.forwarding", "net.ipv4.conf.all.accept_redirects", true},
	{"net.ipv4.ip_forward", "net.ipv4.conf.*.forwarding", false},
	{"net.ipv4.conf.all.forwarding", "net.ipv4.conf.*.forwarding", false},
	{"net.ipv4.conf.all.forwarding", "net.ipv4.ip_forward", false},
	{"net.ipv6.conf.all.forwarding", "net.ipv6.conf.*.forwarding", false},
	{"net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.*.disable_ipv6", false},
};

static const struct sysctld_entry *entry_of(const struct sysctld *d, const struct boot_value *b)
{
	for (size_t i = 0; b->raw && i < d->count[LOADER_SYSTEMD]; i++)
		if (is_line(b, &d->entries[LOADER_SYSTEMD][i]))
			return &d->entries[LOADER_SYSTEMD][i];
	return NULL;
}

static bool is_on(const char *raw)
{
	return strtoll(raw, NULL, 0) != 0;
}

/*
 * inet_forward_change() runs where the value becomes another, the IPv6 keys' handlers on each write. Before the line there
 * was the kernel's default, 0, or what another spelling of the same switch set further up; or what the host has now.
 */
static bool changes(struct lines *l, const char *key, const struct sysctld_entry *setter)
{
	static const char *const same[] = {"net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"};
	const char *live;

	if (is_on(setter->value) || starts_with(key, "net.ipv6."))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		struct boot_value b = sysctld_winner(l->d, LOADER_SYSTEMD, same[i]);
		const struct sysctld_entry *other = entry_of(l->d, &b);

		if (other && other < setter && strcmp(same[i], key) && is_on(other->value))
			return true;
	}
	return read_live(l, key, &live) == 0 && live && is_on(live);
}

/* Only a line that is left in force can be undone: by one further down that is in force too. */
static void set_undone(struct lines *l, struct subject *s, const struct sysctld_entry *e)
{
	char template[SYSCTL_KEY_MAX] = "";

	if (!catalogue_template(e->key, template, sizeof(template)))
		*template = 0;
	for (size_t i = 0; i < ARRAY_SIZE(effects); i++) {
		struct boot_value b = {0};
		const struct sysctld_entry *setter;

		if ((strcmp(effects[i].victim, e->key) && strcmp(effects[i].victim, template)) || !strcmp(effects[i].setter, e->key))
			continue;
		b = sysctld_winner(l->d, LOADER_SYSTEMD, effects[i].setter);
		setter = entry_of(l->d, &b);
		if (!setter || setter < e || (is_on(setter->value) != effects[i].opposite) == is_on(e->value) ||
		    !changes(l, effects[i].setter, setter))
			continue;
		s->values[LINE_UNDONE_BY] = value_text(where(l->arena, &b));
		s->values[LINE_UNDONE_HOW] = value_text(
			arena_printf(l->arena, "a change of %s to %s makes it %d", effects[i].setter, is_on(setter->value) ? "1" : "0",
				     is_on(setter->value) != effects[i].opposite));
		return;
	}
}

static struct name_slot *find_slot(struct name_slot *slots, size_t size, const char *name)
{
	uint64_t h = 0;
	size_t i;

	for (const char *p = name; *p; p++)
		h = hash_two(h, (unsigned char)*p);
	for (i = h & (size - 1); slots[i].name && strcmp(slots[i].name, name); i = (i + 1) & (size - 1))
		;
	return &slots[i];
}

static size_t count_name(struct lines *l, const char *name)
{
	struct name_slot *slot;

	if (2 * l->name_count >= l->name_size) {
		size_t size = l->name_size ? 2 * l->name_size : NAMES_START;
		struct name_slot *grown = calloc(size, sizeof(*grown));

		if (!grown)
			abort();
		for (size_t i = 0; i < l->name_size; i++)
			if (l->names[i].name)
				*find_slot(grown, size, l->names[i].name) = l->names[i];
		free(l->names);
		l->names = grown;
		l->name_size = size;
	}
	slot = find_slot(l->names, l->name_size, name);
	l->name_count += !slot->name;
	slot->name = name;
	return slot->seen++;
}

/* Stable while lines move: the key and its file, and which of several it is. */
static struct subject *add_subject(struct lines *l, const char *what, const char *file, unsigned number)
{
	const char *name = arena_printf(l->arena, "%s in %s", what, file);
	size_t seen = count_name(l, name);
	struct subject *s;

	if (seen)
		name = arena_printf(l->arena, "%s #%zu", name, seen + 1);
	s = facts_add(l->c->facts, SUBJECT_LINE, name);
	s->file = arena_strdup(l->arena, file);
	s->line = number;
	s->values[LINE_FILE] = value_text(s->file);
	s->values[LINE_NUMBER] = value_number(number);
	l->c->line_count++;
	return s;
}

/* Keys whose writing to conf.all reaches every interface by itself (net/ipv4/devinet.c, net/ipv6/addrconf.c). */
static const char *const handed_on[] = {
	"net.ipv4.conf.*.forwarding",	    "net.ipv6.conf.*.forwarding",	"net.ipv6.conf.*.force_forwarding",
	"net.ipv6.conf.*.disable_ipv6",	    "net.ipv6.conf.*.addr_gen_mode",	"net.ipv6.conf.*.ignore_routes_with_linkdown",
};

static bool sets_same(struct lines *l, const struct sysctl_def *def, const char *interface, const char *value)
{
	struct boot_value b = sysctld_winner(l->d, LOADER_SYSTEMD, conf_key(l->arena, def, interface));

	b = b.raw ? b : sysctld_winner(l->d, LOADER_PROCPS, conf_key(l->arena, def, interface));
	return b.raw && !differ(l, def, b.raw, value);
}

/* conf.all of a key for which the kernel asks the interface alone, and nothing beside it that does what was meant. */
static void set_inert(struct lines *l, struct subject *s, const struct sysctld_entry *e, const struct sysctl_def *def)
{
	const char *star = strstr(def->key, ".conf.*.");

	if (!star || combine_uses_all(def->combine) || strncmp(e->key + (star - def->key), ".conf.all.", 10))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(handed_on); i++)
		if (!strcmp(def->key, handed_on[i]))
			return;
	if (!sets_same(l, def, "default", e->value) && !sets_same(l, def, "any-interface", e->value))
		s->values[LINE_INERT] = value_text(conf_key(l->arena, def, "default"));
}

static void add_line(struct lines *l, const struct sysctld_entry *e, bool systemd)
{
	const struct sysctl_def *def = catalogue_find(&l->c->options->rules->catalogue, e->key);
	struct subject *s = add_subject(l, e->key, e->file, e->line);
	const char *module = NULL;
	struct boot_value ws, wp;

	s->values[LINE_KEY] = value_text(arena_strdup(l->arena, e->key));
	s->values[LINE_VALUE] = text_or_absent(e->value ? sysctl_canonical(l->arena, e->value) : NULL);
	s->values[LINE_TOLERANT] = value_number(e->tolerant);
	s->values[LINE_OF_NET] = value_number(starts_with(e->key, "net."));
	set_known(l, s, e, &module);
	s->values[LINE_NEEDS_MODULE] = text_or_absent(module_missing(l, e, module));
	if (def) {
		set_versions(l, s, def);
		set_scope(l, s, def);
	} else if (!e->glob) {
		set_name_version(l, s, e->key);
	}
	if (!e->value)
		return;
	if (def)
		set_value(l, s, def, e->value);
	else
		s->values[LINE_MALFORMED] = text_or_absent(line_value_suspect(l->arena, e->value));
	if (e->glob)
		return;
	if (def)
		set_inert(l, s, e, def);
	ws = sysctld_winner(l->d, LOADER_SYSTEMD, e->key);
	wp = sysctld_winner(l->d, LOADER_PROCPS, e->key);
	set_shadow(l, s, e, def, systemd ? &ws : &wp);
	set_loaders(l, s, e, def, &ws, &wp);
	if (systemd && is_line(&ws, e))
		set_undone(l, s, e);
}

/* How many entries, in order of their keys, come before those of this key. */
static size_t count_before(const struct sysctld *d, enum sysctld_loader loader, const char *key)
{
	size_t low = 0, n = d->count[loader];

	while (n) {
		size_t half = n / 2;
		bool less = strcmp(d->by_key[loader][low + half]->key, key) < 0;

		low += less ? half + 1 : 0;
		n = less ? n - half - 1 : half;
	}
	return low;
}

/* /etc/sysctl.conf, where it is no link's target under sysctl.d: procps' alone. */
static bool is_systemds_too(struct lines *l, const struct sysctld_entry *e)
{
	const struct sysctld *d = l->d;
	const char *slash = strrchr(e->file, '/'), *base = slash ? slash + 1 : e->file;

	if (l->asked != e->file) {
		l->asked = e->file;
		l->asked_same = false;
		for (size_t i = 0; i < d->count[LOADER_SYSTEMD] && !l->asked_same; i++)
			l->asked_same = !strcmp(d->entries[LOADER_SYSTEMD][i].file, e->file);
	}
	if (l->asked_same)
		return true;
	for (size_t i = count_before(d, LOADER_SYSTEMD, e->key); i < d->count[LOADER_SYSTEMD]; i++) {
		const struct sysctld_entry *o = d->by_key[LOADER_SYSTEMD][i];
		size_t n = strlen(o->file), m = strlen(base);

		if (strcmp(o->key, e->key))
			break;
		if ((o->line == e->line && n > m && !strcmp(o->file + n - m, base)))
			return true;
	}
	return false;
}

static void add_unread(struct lines *l)
{
	for (size_t i = 0; i < l->d->unread_count; i++) {
		const struct sysctld_entry *e = &l->d->unread[i];
		struct subject *s = add_subject(l, e->key, e->file, e->line);

		s->values[LINE_KEY] = value_text(arena_strdup(l->arena, e->key));
		s->values[LINE_UNREAD] = value_text("its name does not end in .conf");
	}
}

static const char *suppression_fault(const struct collecting *c, const struct sysctld_remark *r, struct suppression *ret)
{
	const struct ruleset *rules = c->options->rules;
	struct arena *a = &c->facts->arena;
	char *copy = arena_strdup(a, r->text), *colon, *word, *state = NULL;

	if (strncmp(copy, "ignore ", 7))
		return "it is understood as \"ignore RULE: reason\" only";
	copy += 7;
	colon = strchr(copy, ':');
	if (!colon || !colon[1 + strspn(colon + 1, " \t")])
		return "it gives no reason: \"ignore RULE: reason\"";
	*colon = 0;
	*ret = (struct suppression){arena_strdup(a, copy), arena_strdup(a, colon + 1 + strspn(colon + 1, " \t")),
				    arena_strdup(a, r->file), r->target};
	for (word = strtok_r(copy, ", ", &state); word; word = strtok_r(NULL, ", ", &state))
		if (!rules_match_any(rules, word))
			return arena_printf(a, "no rule is named %.80s", word);
	if (!*ret->rules || !ret->rules[strspn(ret->rules, ", ")])
		return "it names no rule";
	return r->target ? NULL : "it stands above no assignment";
}

static const char *remark_text(struct lines *l, const struct sysctld_remark *r)
{
	if (r->kind == REMARK_NO_KEY)
		return arena_printf(l->arena, "there is no key in \"%.200s\"", r->text);
	if (r->kind == REMARK_LONG_KEY)
		return arena_printf(l->arena, "its key is longer than any path, %d bytes: \"%.40s…\"", SYSCTLD_KEY_MAX, r->text);
	return arena_printf(l->arena, "there is no = in \"%.200s\"", r->text);
}

static void add_remarks(struct lines *l)
{
	struct facts *f = l->c->facts;

	f->suppressions = arena_array(l->arena, struct suppression, l->d->remark_count + 1);
	for (size_t i = 0; i < l->d->remark_count; i++) {
		const struct sysctld_remark *r = &l->d->remarks[i];
		struct suppression found = {0};
		struct subject *s;

		if (r->kind != REMARK_SUPPRESSION) {
			s = add_subject(l, arena_strndup(l->arena, r->text, min_of(strcspn(r->text, " \t"), (size_t)80)), r->file, r->line);
			s->values[LINE_MALFORMED] = value_text(remark_text(l, r));
			s->values[LINE_REFUSED] = value_number(1);
			continue;
		}
		const char *fault = suppression_fault(l->c, r, &found);

		if (!fault) {
			f->suppressions[f->suppression_count++] = found;
			continue;
		}
		s = add_subject(l, "comment", r->file, r->line);
		s->values[LINE_SUPPRESSION_FAULT] = value_text(fault);
	}
}

static bool is_child(const struct collecting *c)
{
	struct value mem = live_sysctl(c, "net.ipv4.tcp_mem", 0), rmem = live_sysctl(c, "net.ipv4.tcp_rmem", 0);

	return c->sees_host && mem.state == VALUE_ABSENT && rmem.state == VALUE_KNOWN;
}

void collect_lines(struct collecting *c, const struct sysctld *d)
{
	struct lines l = {.c = c, .arena = &c->facts->arena, .d = d, .child = is_child(c)};

	for (enum sysctld_loader loader = 0; loader < LOADERS; loader++)
		for (size_t i = 0; i < d->count[loader]; i++) {
			const struct sysctld_entry *e = &d->entries[loader][i];

			if (loader == LOADER_SYSTEMD || !is_systemds_too(&l, e))
				add_line(&l, e, loader == LOADER_SYSTEMD);
		}
	add_unread(&l);
	add_remarks(&l);
	text_clear(&l.modules);
	free(l.names);
}
