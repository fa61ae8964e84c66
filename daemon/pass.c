/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Full passes: every socket of every namespace that is watched, twice, a window apart. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>
#include "daemon/engine-private.h"
#include "root/netns.h"

enum { INTERVAL_MAX = 3600 /* seconds between passes that are cheap by themselves */ };

/* The next pass may cost more than this one did. */
static const double headroom = 0.95;

/* A descriptor of a namespace, or a socket in it, would keep it alive after its owner let it go. */
static void leave(struct watch *w)
{
	if (w->pass)
		collect_abandon(w->pass);
	w->pass = NULL;
	if (!*w->name)
		return;
	w->root = root_free(w->root);
	closep(&w->fd);
	w->fd = -1;
}

void watches_clear(struct engine *e)
{
	for (size_t i = 0; i < e->watch_count; i++)
		leave(&e->watches[i]);
	if (e->watch_count)
		closep(&e->watches[0].fd);
	free(e->watches);
	e->watches = NULL;
	e->watch_count = 0;
}

static struct watch *find_watch(struct engine *e, const char *name)
{
	for (size_t i = 0; i < e->watch_count; i++)
		if (!strcmp(e->watches[i].name, name))
			return &e->watches[i];
	return NULL;
}

static struct watch *find_inode(struct engine *e, uint64_t inode)
{
	for (size_t i = 0; i < e->watch_count; i++)
		if (e->watches[i].inode == inode)
			return &e->watches[i];
	return NULL;
}

/* 0, or -errno: it is not looked at this time, which does not mean that it is gone. */
static int prepare(struct engine *e, struct watch *w, int fd)
{
	struct diag d = {0};
	int r;

	w->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	r = w->fd < 0 ? -errno : *w->name ? root_open(NULL, &w->root, &d) : 0;
	if (r == 0)
		return 0;
	closep(&w->fd);
	w->fd = -1;
	snprintf(e->blind, sizeof(e->blind), "network namespace %s: %s", w->name, strerror(-r));
	return r;
}

static void add_watch(struct engine *e, const char *name, int fd, uint64_t inode)
{
	struct watch w = {.inode = inode, .again = true};

	snprintf(w.name, sizeof(w.name), "%s", name);
	if (!*name)
		w.root = e->root;
	if (prepare(e, &w, fd) < 0)
		return;
	e->watches = must_realloc(e->watches, e->watch_count + 1, sizeof(w));
	e->watches[e->watch_count++] = w;
}

/*
 * A namespace that was deleted and made anew under its name is another one; one that was known by a process that ended
 * keeps that name.
 */
static int found(void *user, const char *name, int fd)
{
	struct engine *e = user;
	struct watch *w;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return 0;
	w = find_inode(e, st.st_ino);
	if (w) {
		w->again = true;
		if (w->fd < 0)
			prepare(e, w, fd);
		return 0;
	}
	/* The old one stays unfound and is dropped below. */
	add_watch(e, name, fd, st.st_ino);
	return 0;
}

static void add_own(struct engine *e)
{
	_cleanup_close_ int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct stat st = {0};

	if (fd >= 0 && fstat(fd, &st) == 0)
		add_watch(e, "", fd, st.st_ino);
	if (e->watch_count)
		return;
	/* Without a /proc of processes there is no way back from another namespace, so none is visited. */
	e->watches = must_calloc(1, sizeof(*e->watches));
	e->watches[0] = (struct watch){.fd = -1, .root = e->root};
	e->watch_count = 1;
}

static bool is_among(const struct watch *watches, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(watches[i].name, name))
			return true;
	return false;
}

static void drop_unfound(struct engine *e, const struct engine_time *t)
{
	struct outlook outlook = {.engine = e, .time = t};
	size_t kept = 1;

	for (size_t i = 1; i < e->watch_count; i++) {
		struct watch *w = &e->watches[i];

		/* Findings are known by the name: a process of another namespace that was given it has to wait. */
		if (w->again && !is_among(e->watches, kept, w->name)) {
			e->watches[kept++] = *w;
			continue;
		}
		if (!w->again && find_watch(e, w->name) == w)
			life_forget(&e->life, w->name, t->real, drift_tell, &outlook);
		leave(w);
	}
	e->watch_count = kept;
}

/* Which of them are still there is not known. */
static void keep_all(struct engine *e)
{
	for (size_t i = 0; i < e->watch_count; i++)
		e->watches[i].again = true;
}

static void look_for_all(struct engine *e, const struct engine_time *t)
{
	size_t denied;
	int r = netns_each("all", found, e, &denied);
	char to[64];

	/* Processes that the sandbox hides are not even counted as denied: the first one stands for all. */
	if (readlink("/proc/1/ns/net", to, sizeof(to)) < 0) {
		snprintf(e->blind, sizeof(e->blind), "the processes of others cannot be seen (CAP_SYS_PTRACE)");
		engine_trouble(e, t, "netns is all, but %s; see tcpadvisord(8) for the drop-in that allows it", e->blind);
	}
	if (denied)
		snprintf(e->blind, sizeof(e->blind), "the network namespaces of %zu processes cannot be seen (CAP_SYS_PTRACE)", denied);
	if (r == 0)
		return;
	keep_all(e);
	snprintf(e->blind, sizeof(e->blind), "network namespaces: %s", strerror(-r));
	engine_trouble(e, t, "cannot look for network namespaces: %s", strerror(-r));
}

static void look_for_named(struct engine *e, const char *names, const struct engine_time *t)
{
	_cleanup_free_ char *copy = must_strdup(names);
	char *state = NULL;
	size_t denied;

	for (char *name = strtok_r(copy, ", ", &state); name; name = strtok_r(NULL, ", ", &state)) {
		int r = netns_each(name, found, e, &denied);

		if (r < 0) {
			struct watch *w = find_watch(e, name);

			if (w && r != -ENOENT)
				w->again = true;
			snprintf(e->blind, sizeof(e->blind), "network namespace %s: %s", name, strerror(-r));
			engine_trouble(e, t, "cannot look at network namespace %s: %s", name, strerror(-r));
		}
	}
}

/* Which namespaces there are now, as far as the settings ask. */
static void look_for_watches(struct engine *e, const struct engine_time *t)
{
	const char *netns = e->setup->config.netns;

	if (!e->watch_count)
		add_own(e);
	for (size_t i = 1; i < e->watch_count; i++)
		e->watches[i].again = false;
	*e->blind = 0;
	if (!strcmp(netns, "none"))
		snprintf(e->blind, sizeof(e->blind), "[service] netns is none: only the service's own network namespace is judged");
	else if (e->watches[0].fd < 0)
		snprintf(e->blind, sizeof(e->blind), "/proc/self/ns/net cannot be opened");
	else if (!strcmp(netns, "all"))
		look_for_all(e, t);
	else
		look_for_named(e, netns, t);
	drop_unfound(e, t);
}

static int enter(struct engine *e, struct watch *w, const struct engine_time *t)
{
	int r;

	/* At home already: to enter our own needs the same right as any other. */
	if (!e->away && !*w->name)
		return 0;
	if (w->fd < 0)
		return -EBADF;
	r = root_enter_netns(w->root, w->name, w->fd);
	if (r == 0) {
		e->away = *w->name != 0;
	} else {
		snprintf(e->blind, sizeof(e->blind), "network namespace %s cannot be entered: %s (CAP_SYS_ADMIN)", w->name, strerror(-r));
		engine_trouble(e, t, "cannot enter network namespace %s: %s; see tcpadvisord(8) for the capability that it needs",
			       w->name, strerror(-r));
	}
	return r;
}

static void go_home(struct engine *e, const struct engine_time *t)
{
	/* Judging the wrong namespace for our own would be worse than to be started again. */
	if (e->away && enter(e, &e->watches[0], t) < 0)
		abort();
}

void pass_begin(struct engine *e, const struct engine_time *t)
{
	double before = engine_cpu();

	e->troubled = false;
	look_for_watches(e, t);
	for (size_t i = 0; i < e->watch_count; i++) {
		struct watch *w = &e->watches[i];

		if (enter(e, w, t) < 0 || collect_begin(w->root, &e->all, &w->pass) < 0)
			w->pass = NULL;
	}
	go_home(e, t);
	e->passing = true;
	e->pass_began = t->mono;
	e->pass_cpu_sum = engine_cpu() - before;
}

void pass_abandon(struct engine *e)
{
	for (size_t i = 0; i < e->watch_count; i++)
		leave(&e->watches[i]);
	e->passing = false;
}

void pass_drop_report(struct engine *e)
{
	for (size_t i = 0; i < e->report.count; i++) {
		judgement_clear(&e->report.parts[i].judgement);
		facts_free(e->report.parts[i].facts);
	}
	free(e->report.parts);
	e->report = (struct report){0};
	e->has_report = false;
}

static void judge_watch(struct engine *e, struct watch *w, const struct engine_time *t)
{
	struct report_part *part = &e->report.parts[e->report.count];
	/* The sysctls were read as the pass began: what was changed since, here at home, has been judged anew. */
	struct outlook outlook = {.engine = e, .time = t, .no_settings = !*w->name && e->changed >= e->pass_began};
	struct value sockets;

	collect_end(w->pass, &part->facts);
	w->pass = NULL;
	part->facts->again = e->report.count > 0;
	part->host = *root_host(w->root);
	part->host.clock = t->real;
	if (!*w->name)
		young_take(&e->young, part->facts, t->mono, e->setup->config.settle);
	if (!*w->name && !e->keys.count)
		keys_take(&e->keys, part->facts, &e->setup->rules);
	judge(&e->setup->rules, part->facts, t->real, &part->judgement);
	e->report.count++;
	life_update(&e->life, w->name, &part->judgement, t->real, drift_may, drift_tell, &outlook);
	sockets = part->facts->host->values[SOCKETS_TOTAL];
	e->sockets += sockets.state == VALUE_KNOWN ? (unsigned long)sockets.num : 0;
}

/*
 * The next one so far off that all that was used since the last one was scheduled, this one and what ticks and callers
 * took, is within the share of a core that the service may use. Where those alone take more, passes go on.
 */
static void schedule(struct engine *e)
{
	const struct config *c = &e->setup->config;
	double cpu = engine_cpu(), interval = (cpu - e->cpu_scheduled) / (headroom * c->budget);
	double most = max_of((double)INTERVAL_MAX, e->pass_cpu / (headroom * c->budget));

	e->cpu_scheduled = cpu;
	interval = min_of(interval, most);
	e->pass_interval = max_of(c->pass, interval);
	e->next_pass = e->pass_began + e->pass_interval;
}

void pass_end(struct engine *e, const struct engine_time *t)
{
	double before = engine_cpu();

	pass_drop_report(e);
	e->report = (struct report){.version = PACKAGE_VERSION, .rules = &e->setup->rules,
				    .parts = must_calloc(e->watch_count, sizeof(*e->report.parts)),
				    .one_namespace = !strcmp(e->setup->config.netns, "none")};
	e->sockets = 0;
	for (size_t i = 0; i < e->watch_count; i++)
		if (e->watches[i].pass && enter(e, &e->watches[i], t) == 0)
			judge_watch(e, &e->watches[i], t);
	go_home(e, t);
	pass_abandon(e);
	e->has_report = e->report.count > 0;
	/* What a pass needed at its peak goes back: between passes the service is small. */
	malloc_trim(0);
	e->pass_cpu = e->pass_cpu_sum + engine_cpu() - before;
	e->pass_ended = t->mono;
	e->passes += e->has_report;
	schedule(e);
}
