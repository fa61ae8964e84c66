/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files each loader reads, in which order and how, and which line it leaves in force. */
#include "collect/sysctld.h"

#include <errno.h>
#include <string.h>
#include "collect/sysctld-glob.h"

/* A name counts in the first directory that has it; files then sort by name, not by directory. */
static const char *const directories[] = {
	"etc/sysctl.d",	    "run/sysctl.d", "usr/local/lib/sysctl.d",
	"usr/lib/sysctl.d", "lib/sysctl.d",
};

enum { EXPANSIONS_MAX = 4096 }; /* of braces, for one look-up */

struct file_row {
	const char *directory, *name;
	size_t rank; /* of the directory */
};

struct loading {
	struct root *root;
	struct sysctld *s;
	struct file_row *rows;
	size_t count, rank, bytes;
	const char *ignored[SYSCTLD_UNREAD_MAX];
	size_t ignored_count;
};

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && !strcmp(name + n - m, suffix);
}

/* A name without ".conf" that nobody gives a file by intent to switch it off, or as a copy. */
static void note_ignored(struct loading *l, const char *name)
{
	static const char *const meant[] = {"~", ".bak", ".orig", ".old", ".save", ".disabled", ".off", ".sample", ".example", ".swp",
					    ".dpkg-dist", ".dpkg-old", ".dpkg-new", ".dpkg-bak", ".rpmnew", ".rpmsave", ".rpmorig", ".md"};

	if (name[0] == '.' || !strncmp(name, "README", 6) || l->ignored_count == SYSCTLD_UNREAD_MAX)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(meant); i++)
		if (has_suffix(name, meant[i]))
			return;
	l->ignored[l->ignored_count++] = arena_printf(&l->s->arena, "%s/%s", directories[l->rank], name);
}

static int on_name(void *user, const char *name)
{
	static const char suffix[] = ".conf";
	struct loading *l = user;
	size_t n = strlen(name), m = strlen(suffix);

	if (n < m || strcmp(name + n - m, suffix)) {
		note_ignored(l, name);
		return 0;
	}
	if (l->count == SYSCTLD_FILES_MAX)
		return -E2BIG;
	if (!l->rows)
		l->rows = arena_array(&l->s->arena, struct file_row, SYSCTLD_FILES_MAX);
	l->rows[l->count++] = (struct file_row){
		.directory = directories[l->rank],
		.name = arena_strdup(&l->s->arena, name),
		.rank = l->rank,
	};
	return 0;
}

static void note_unreadable(struct sysctld *s, const char *path, int error)
{
	if (s->unreadable++ < 4)
		s->unreadable_names = arena_printf(&s->arena, "%s%s/%s: %s", s->unreadable_names ? s->unreadable_names : "",
						   s->unreadable_names ? "; " : "", path, strerror(-error));
}

static int list_directories(struct loading *l)
{
	for (l->rank = 0; l->rank < ARRAY_SIZE(directories); l->rank++) {
		int r = root_list(l->root, directories[l->rank], on_name, l);

		if (r == -E2BIG || r == -ENOMEM)
			return r;
		if (r < 0 && r != -ENOENT && r != -ENOTDIR)
			note_unreadable(l->s, directories[l->rank], r);
	}
	return 0;
}

static int by_name_and_rank(const void *a, const void *b)
{
	const struct file_row *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : x->rank < y->rank ? -1 : x->rank > y->rank;
}

static int parse_for(struct sysctld *s, enum sysctld_loader loader, const char *path,
		     const struct text *t)
{
	const char *file = arena_printf(&s->arena, "/%s", path);

	return sysctld_parse(&s->arena, loader, file, text_get(t), t->len, &s->entries[loader],
			     &s->count[loader]);
}

static int load_file(struct loading *l, const char *path, bool systemd, bool procps)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	char target[4096];
	int r = root_read(l->root, path, SYSCTLD_FILE_MAX, &t);

	/*
	 * A link to /dev/null or to nowhere, or a directory: to both loaders a file without a line,
	 * which still hides those of its name in later directories. Asking for the link's target
	 * puts it into a record.
	 */
	if (r == -ENOENT || r == -EINVAL) {
		if (root_readlink(l->root, path, target, sizeof(target)) < 0 || strcmp(target, "/dev/null"))
			l->s->odd = r == -EINVAL && !l->s->odd ? arena_printf(&l->s->arena, "/%s", path) : l->s->odd;
		return 0;
	}
	if (r < 0) {
		note_unreadable(l->s, path, r);
		if (r == -EFBIG && !l->s->refused)
			l->s->refused = arena_printf(&l->s->arena, "/%s: larger than 1 MiB", path);
		return 0;
	}
	l->bytes += t.len;
	if (l->bytes > SYSCTLD_BYTES_MAX)
		return -E2BIG;
	if (!sysctld_is_text(text_get(&t), t.len) && !l->s->refused)
		l->s->refused = arena_printf(&l->s->arena, "/%s: no text", path);
	r = sysctld_remark(l->s, arena_printf(&l->s->arena, "/%s", path), text_get(&t), t.len);
	if (r < 0)
		return r;
	r = systemd ? parse_for(l->s, LOADER_SYSTEMD, path, &t) : 0;
	return r < 0 || !procps ? r : parse_for(l->s, LOADER_PROCPS, path, &t);
}

static int load_directories(struct loading *l)
{
	int r = list_directories(l);

	if (r < 0 || !l->count)
		return r;
	qsort(l->rows, l->count, sizeof(*l->rows), by_name_and_rank);
	for (size_t i = 0; i < l->count; i++) {
		const struct file_row *f = &l->rows[i];

		if (i && !strcmp(f->name, l->rows[i - 1].name))
			continue;
		/* Hidden files are for procps only. */
		r = load_file(l, arena_printf(&l->s->arena, "%s/%s", f->directory, f->name),
			      f->name[0] != '.', true);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What stands in files that nobody reads for want of a suffix: the first assignment of each. */
static int load_ignored(struct loading *l)
{
	struct sysctld *s = l->s;

	s->unread = l->ignored_count ? arena_array(&s->arena, struct sysctld_entry, l->ignored_count) : NULL;
	for (size_t i = 0; i < l->ignored_count; i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		struct sysctld_entry *entries = NULL;
		size_t count = 0;

		if (root_read(l->root, l->ignored[i], SYSCTLD_FILE_MAX, &t) < 0 || !sysctld_is_text(text_get(&t), t.len))
			continue;
		l->bytes += t.len;
		if (l->bytes > SYSCTLD_BYTES_MAX)
			return -E2BIG;
		if (sysctld_parse(&s->arena, LOADER_SYSTEMD, arena_printf(&s->arena, "/%s", l->ignored[i]), text_get(&t), t.len,
				  &entries, &count) == 0 && count && strchr(entries[0].key, '.'))
			s->unread[s->unread_count++] = entries[0];
	}
	return 0;
}

/* What systemd's unit is given from outside (a hypervisor, the boot loader); only root sees it. */
static int load_credential(struct loading *l)
{
	const char *names = l->s->unreadable_names;
	size_t unreadable = l->s->unreadable;
	int r = load_file(l, "run/credentials/systemd-sysctl.service/sysctl.extra", true, false);

	/* The directory is closed to others whether or not there is such a credential. */
	if (!root_host(l->root)->privileged) {
		l->s->unreadable = unreadable;
		l->s->unreadable_names = names;
	}
	return r;
}

int sysctld_load(struct root *root, struct sysctld *ret)
{
	_cleanup_(sysctld_clear) struct sysctld s = {.arena = ARENA_NULL};
	struct loading l = {.root = root, .s = &s};
	int r = load_directories(&l);

	if (r == 0)
		r = load_file(&l, "etc/sysctl.conf", false, true);
	if (r == 0)
		r = load_credential(&l);
	if (r == 0)
		r = load_ignored(&l);
	if (r < 0)
		return r;
	sysctld_index(&s);
	*ret = s;
	s = (struct sysctld){.arena = ARENA_NULL};
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Files of one name stay in the order in which they were given. */
static int by_base_name(const void *a, const void *b)
{
	const struct sysctld_file *x = *(const struct sysctld_file *const *)a, *y = *(const struct sysctld_file *const *)b;
	int r = strcmp(base_name(x->name), base_name(y->name));

	return r ? r : x < y ? -1 : x > y;
}

int sysctld_load_files(const struct sysctld_file *files, size_t n, struct sysctld *ret)
{
	_cleanup_(sysctld_clear) struct sysctld s = {.arena = ARENA_NULL};
	const struct sysctld_file **sorted = arena_array(&s.arena, const struct sysctld_file *, n + 1);

	for (size_t i = 0; i < n; i++)
		sorted[i] = &files[i];
	qsort(sorted, n, sizeof(*sorted), by_base_name);
	for (size_t i = 0; i < n; i++) {
		const struct sysctld_file *f = sorted[i];

		for (enum sysctld_loader loader = 0; loader < LOADERS; loader++) {
			int r = sysctld_parse(&s.arena, loader, f->name, f->bytes, f->n, &s.entries[loader], &s.count[loader]);

			if (r < 0)
				return r;
		}
		if (sysctld_remark(&s, f->name, f->bytes, f->n) < 0)
			return -E2BIG;
	}
	sysctld_index(&s);
	*ret = s;
	s = (struct sysctld){.arena = ARENA_NULL};
	return 0;
}

void sysctld_clear(struct sysctld *s)
{
	arena_clear(&s->arena);
	*s = (struct sysctld){.arena = ARENA_NULL};
}

static int by_key_and_order(const void *a, const void *b)
{
	const struct sysctld_entry *x = *(struct sysctld_entry *const *)a;
	const struct sysctld_entry *y = *(struct sysctld_entry *const *)b;
	int r = strcmp(x->key, y->key);

	return r ? r : x < y ? -1 : x > y;
}

static bool same_value(const struct sysctld_entry *a, const struct sysctld_entry *b)
{
	return a->value && b->value ? !strcmp(a->value, b->value) : !a->value && !b->value;
}

/*
 * systemd gathers before it writes: a new value moves its key to the end, the same value again
 * leaves it where it is. That place decides between globs.
 */
static void drop_repeated(struct sysctld_entry **sorted, size_t n)
{
	struct sysctld_entry *kept = NULL;

	for (size_t i = 0; i < n; i++) {
		struct sysctld_entry *e = sorted[i];

		if (kept && !strcmp(kept->key, e->key)) {
			if (same_value(kept, e)) {
				e->dropped = true;
				continue;
			}
			kept->dropped = true;
		}
		kept = e;
	}
}

void sysctld_index(struct sysctld *s)
{
	for (unsigned loader = 0; loader < LOADERS; loader++) {
		size_t n = s->count[loader];

		if (!n)
			continue;
		s->by_key[loader] = arena_array(&s->arena, struct sysctld_entry *, n);
		for (size_t i = 0; i < n; i++)
			s->by_key[loader][i] = &s->entries[loader][i];
		for (size_t i = 0; i < n; i++)
			s->glob_count[loader] += s->entries[loader][i].glob;
		s->globs[loader] = arena_array(&s->arena, struct sysctld_entry *, s->glob_count[loader] + 1);
		for (size_t i = 0, k = 0; i < n; i++)
			if (s->entries[loader][i].glob)
				s->globs[loader][k++] = &s->entries[loader][i];
		qsort(s->by_key[loader], n, sizeof(*s->by_key[loader]), by_key_and_order);
	}
	drop_repeated(s->by_key[LOADER_SYSTEMD], s->count[LOADER_SYSTEMD]);
}

/* How many entries in order of their keys come before those of greater keys. */
static size_t count_through(struct sysctld_entry *const *sorted, size_t n, const char *key)
{
	size_t low = 0;

	while (n) {
		size_t half = n / 2;

		if (strcmp(sorted[low + half]->key, key) <= 0) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return low;
}

/*
 * The line that names this key itself. *named says that there is one, which keeps globs away. To
 * systemd an exclusion takes an earlier assignment back; to procps it does no more than that.
 */
static const struct sysctld_entry *find_named(const struct sysctld *s, enum sysctld_loader loader,
					      const char *key, bool *named)
{
	struct sysctld_entry *const *sorted = s->by_key[loader];
	const struct sysctld_entry *found = NULL;

	*named = false;
	/* An interface may be called "eth*"; a line that says so is a pattern all the same. */
	for (size_t i = count_through(sorted, s->count[loader], key); i; i--) {
		const struct sysctld_entry *e = sorted[i - 1];

		if (strcmp(e->key, key))
			break;
		if (!found && !e->glob && (e->value || (loader == LOADER_SYSTEMD && !*named)))
			found = e;
		*named |= loader == LOADER_SYSTEMD || !e->respelled;
		/* No earlier line changes either: a file may repeat a key ten thousand times. */
		if (found && *named)
			break;
	}
	return found;
}

/* procps compares spellings, so that no line which names a key keeps such a glob away. */
static bool is_unblocked(const struct sysctld_entry *e, enum sysctld_loader loader)
{
	return loader == LOADER_PROCPS && e->respelled;
}

static const struct sysctld_entry *find_glob(const struct sysctld *s, enum sysctld_loader loader,
					     const char *key, bool named)
{
	unsigned budget = EXPANSIONS_MAX;

	for (size_t i = s->glob_count[loader]; i; i--) {
		const struct sysctld_entry *e = s->globs[loader][i - 1];

		if (!e->value || e->dropped || (named && !is_unblocked(e, loader)))
			continue;
		if (loader == LOADER_SYSTEMD ? sysctld_match_braces(e->key, key, &budget)
					     : sysctld_match_glob(e->key, key))
			return e;
	}
	return NULL;
}

struct boot_value sysctld_winner(const struct sysctld *s, enum sysctld_loader loader,
				 const char *key)
{
	const struct sysctld_entry *e, *glob;
	bool named;

	if (!s->by_key[loader])
		return (struct boot_value){0};
	e = find_named(s, loader, key, &named);
	glob = find_glob(s, loader, key, named);
	if (!e || (glob && glob > e))
		e = glob;
	return e && e->value ? (struct boot_value){e->value, e->file, e->line}
			     : (struct boot_value){0};
}
