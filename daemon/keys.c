/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/keys.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include "daemon/macro.h"

enum { VALUE_MAX = 64 * 1024, LISTEN_MAX = 128 /* reads at a time: more than the kernel's queue holds */ };

void keys_init(struct keys *k, struct root *root, const char *proc_sys)
{
	*k = (struct keys){.root = root, .inotify = -1};
	if (!proc_sys)
		return;
	k->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	k->proc_sys = must_strdup(proc_sys);
}

static void key_clear(struct watched_key *w)
{
	free(w->key);
	free(w->path);
	free(w->raw);
	free(w->previous);
}

void keys_clear(struct keys *k)
{
	for (size_t i = 0; i < k->count; i++)
		key_clear(&k->list[i]);
	for (size_t i = 0; i < k->directory_count; i++)
		free(k->directories[i].path);
	free(k->list);
	free(k->directories);
	free(k->proc_sys);
	closep(&k->inotify);
	*k = (struct keys){.inotify = -1};
}

static int by_key(const void *a, const void *b)
{
	const struct watched_key *x = a, *y = b;

	return strcmp(x->key, y->key);
}

struct watched_key *keys_find(const struct keys *k, const char *key)
{
	struct watched_key wanted = {.key = (char *)key};

	return k->count ? bsearch(&wanted, k->list, k->count, sizeof(wanted), by_key) : NULL;
}

/* In a key a dot is what a slash is in a path, and the other way round. */
static void swap_separators(char *s)
{
	for (; *s; s++)
		*s = *s == '.' ? '/' : *s == '/' ? '.' : *s;
}

/* "net.ipv4.conf.eth0/1.x" is the file "proc/sys/net/ipv4/conf/eth0.1/x". */
static char *path_of(const char *key)
{
	char *path = malloc(strlen(key) + sizeof("proc/sys/"));

	if (!path)
		abort();
	sprintf(path, "proc/sys/%s", key);
	swap_separators(path + strlen("proc/sys/"));
	return path;
}

/* Keep the oldest value that was not dealt with: there and back again is no change. */
static size_t set_raw(struct watched_key *w, const char *raw)
{
	if (w->raw == raw || (w->raw && raw && !strcmp(w->raw, raw)))
		return 0;
	/* A key that goes, with its interface or module, or comes back, was not changed by anybody. */
	if (!w->raw || !raw) {
		free(w->previous);
		w->previous = NULL;
	} else if (!w->previous) {
		w->previous = w->raw;
		w->raw = NULL;
	}
	free(w->raw);
	w->raw = raw ? must_strdup(raw) : NULL;
	if (w->previous && !strcmp(w->previous, w->raw)) {
		free(w->previous);
		w->previous = NULL;
	}
	return w->previous != NULL;
}

static struct watched_directory *find_directory(struct keys *k, int wd)
{
	for (size_t i = 0; i < k->directory_count; i++)
		if (k->directories[i].wd == wd)
			return &k->directories[i];
	return NULL;
}

static struct watched_directory *find_directory_at(struct keys *k, const char *path, size_t n)
{
	for (size_t i = 0; i < k->directory_count; i++)
		if (!strncmp(k->directories[i].path, path, n) && !k->directories[i].path[n])
			return &k->directories[i];
	return NULL;
}

/* Another one may stand under the old one's name. */
static void watch_directory(struct keys *k, const char *path, size_t n)
{
	_cleanup_text_ struct text dir = TEXT_NULL;
	struct watched_directory *d = find_directory_at(k, path, n);
	int wd;

	if (d && d->seen)
		return;
	text_addf(&dir, "%s/%.*s", k->proc_sys, (int)n, path);
	wd = inotify_add_watch(k->inotify, text_get(&dir), IN_MODIFY | IN_ONLYDIR);
	if (wd < 0)
		return;
	if (!d) {
		k->directories = must_realloc(k->directories, k->directory_count + 1, sizeof(*d));
		d = &k->directories[k->directory_count++];
		*d = (struct watched_directory){.wd = wd, .path = must_strndup(path, n)};
	}
	if (d->wd != wd)
		inotify_rm_watch(k->inotify, d->wd);
	d->wd = wd;
	d->seen = true;
}

static void forget_directory(struct keys *k, struct watched_directory *d)
{
	free(d->path);
	*d = k->directories[--k->directory_count];
}

/*
 * A watch for each directory: an event names the file in it. procfs does not tell when a directory goes with its
 * interface, nor that another one came under its name, so all are looked up again; the kernel has one watch for each.
 */
static void watch_directories(struct keys *k)
{
	for (size_t i = 0; i < k->directory_count; i++)
		k->directories[i].seen = false;
	for (size_t i = 0; i < k->count; i++) {
		const char *below = k->list[i].path + strlen("proc/sys/"), *end = strrchr(below, '/');

		if (end)
			watch_directory(k, below, (size_t)(end - below));
	}
	for (size_t i = k->directory_count; i-- > 0;)
		if (!k->directories[i].seen) {
			inotify_rm_watch(k->inotify, k->directories[i].wd);
			forget_directory(k, &k->directories[i]);
		}
}

static bool is_expected(const struct sysctl_state *s, const struct ruleset *rules)
{
	if (s->systemd.raw || s->procps.raw)
		return true;
	for (size_t i = 0; i < rules->wanted_count; i++)
		if (rules->wanted[i].def == s->def)
			return true;
	for (size_t i = 0; i < rules->count; i++)
		if (rules->rules[i].key == s->def && !rules->rules[i].off)
			return true;
	return false;
}

/* Templates stand for no file; what applies to nothing is read-only, or means nothing. */
static bool is_watchable(const struct sysctl_state *s)
{
	return !strchr(s->key, '*') && !(s->def && s->def->applies && !strcmp(s->def->applies, "none"));
}

static struct watched_key *add(struct keys *k, const char *key)
{
	struct watched_key w = {.key = must_strdup(key), .path = path_of(key)};

	k->list = must_realloc(k->list, k->count + 1, sizeof(w));
	k->list[k->count] = w;
	return &k->list[k->count++];
}

/* Those that no newer facts know: of an interface that went, of a file that was taken away. */
static void drop_unseen(struct keys *k)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->count; i++)
		if (k->list[i].seen)
			k->list[kept++] = k->list[i];
		else
			key_clear(&k->list[i]);
	k->count = kept;
}

static void count_polled(struct keys *k)
{
	k->polled = 0;
	for (size_t i = 0; i < k->count; i++)
		k->polled += k->list[i].polled;
}

size_t keys_take(struct keys *k, const struct facts *f, const struct ruleset *rules)
{
	size_t changed = 0, known = k->count;

	for (size_t i = 0; i < k->count; i++)
		k->list[i].seen = false;
	for (size_t i = 0; i < f->sysctl_count; i++) {
		const struct sysctl_state *s = &f->sysctls[i];
		struct watched_key wanted = {.key = (char *)s->key}, *w;

		if (!is_watchable(s))
			continue;
		w = known ? bsearch(&wanted, k->list, known, sizeof(wanted), by_key) : NULL;
		if (!w)
			w = add(k, s->key);
		w->seen = true;
		w->polled = is_expected(s, rules);
		changed += set_raw(w, s->state == VALUE_KNOWN ? s->raw : NULL);
	}
	drop_unseen(k);
	if (k->count)
		qsort(k->list, k->count, sizeof(*k->list), by_key);
	count_polled(k);
	if (k->inotify >= 0)
		watch_directories(k);
	return changed;
}

size_t keys_poll(struct keys *k, bool all)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	size_t changed = 0;

	for (size_t i = 0; i < k->count; i++) {
		struct watched_key *w = &k->list[i];

		if (!w->hinted && !(all && w->polled))
			continue;
		w->hinted = false;
		if (root_read(k->root, w->path, VALUE_MAX, &t) < 0) {
			set_raw(w, NULL);
			continue;
		}
		text_squeeze(t.s);
		changed += set_raw(w, t.s);
	}
	return changed;
}

static size_t hint_all(struct keys *k)
{
	for (size_t i = 0; i < k->count; i++)
		k->list[i].hinted = true;
	return k->count;
}

static char *key_of(const char *directory, const char *name)
{
	_cleanup_text_ struct text key = TEXT_NULL;

	text_addf(&key, "%s/%s", directory, name);
	swap_separators(key.s);
	return must_strdup(key.s);
}

static size_t hint(struct keys *k, const struct inotify_event *e)
{
	struct watched_directory *d = find_directory(k, e->wd);
	_cleanup_free_ char *key = NULL;
	struct watched_key *w;

	if (e->mask & IN_Q_OVERFLOW)
		return hint_all(k);
	if (d && e->mask & IN_IGNORED)
		forget_directory(k, d);
	if (!d || !(e->mask & IN_MODIFY) || !e->len)
		return 0;
	key = key_of(d->path, e->name);
	w = keys_find(k, key);
	if (w)
		w->hinted = true;
	return w != NULL;
}

/* Bounded: somebody may write faster than we read. */
size_t keys_listen(struct keys *k)
{
	char buf[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	size_t hints = 0;
	ssize_t n;

	for (unsigned i = 0; i < LISTEN_MAX && k->inotify >= 0 && (n = read(k->inotify, buf, sizeof(buf))) > 0; i++)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(buf + at);

			hints += hint(k, e);
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	return hints;
}

void keys_settle(struct keys *k)
{
	for (size_t i = 0; i < k->count; i++) {
		free(k->list[i].previous);
		k->list[i].previous = NULL;
	}
}
