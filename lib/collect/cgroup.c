/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits on memory that press on sockets: memory.max and memory.high, which count socket memory with all other, or the
 * old hierarchy's limit on TCP memory alone. Only of the owners with most sockets.
 */
#include "collect/cgroup.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include "collect/collect-private.h"
#include "collect/name.h"

enum { DEPTH_MAX = 8, FILE_MAX = 64 * 1024, PATH_MAX_ = 400 };

struct cgroup_reading {
	uint64_t id;
	bool old;	  /* memory.kmem.tcp.* */
	const char *root; /* "sys/fs/cgroup" or below */
	char path[CGROUP_NAME_MAX]; /* whose limit is the tightest; "" where none has one */
	double limit, hits, throttled;
	bool has_hits, has_throttled;
	int error; /* what kept us from reading a limit that is there */
};

int cgroup_bytes(const char *bytes, double *ret)
{
	const double unlimited = 9e18; /* PAGE_COUNTER_MAX pages */
	const char *end;
	double v;

	if (!strcmp(bytes, "max\n") || !strcmp(bytes, "max")) {
		*ret = HUGE_VAL;
		return 0;
	}
	if (decimal_scan(bytes, &end, &v) < 0 || (*end && *end != '\n') || v < 0)
		return -EBADMSG;
	*ret = v >= unlimited ? HUGE_VAL : v;
	return 0;
}

int cgroup_word(const char *bytes, const char *name, double *ret)
{
	size_t n = strlen(name);

	for (const char *p = bytes; *p; p += *p == '\n') {
		const char *end;
		double v;

		if (!strncmp(p, name, n) && p[n] == ' ') {
			if (decimal_scan(p + n + 1, &end, &v) < 0 || (*end && *end != '\n') || v < 0)
				return -EBADMSG;
			*ret = v;
			return 0;
		}
		p += strcspn(p, "\n");
	}
	return -ENOENT;
}

static int read_file(struct collecting *c, const char *root, const char *path, const char *name, struct text *t)
{
	char whole[PATH_MAX_];

	if (snprintf(whole, sizeof(whole), "%s%s/%s", root, strcmp(path, "/") ? path : "", name) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	return root_read(c->root, whole, FILE_MAX, t);
}

static int read_bytes(struct collecting *c, const char *root, const char *path, const char *name, double *ret)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	int r = read_file(c, root, path, name, &t);

	return r < 0 ? r : cgroup_bytes(t.s, ret);
}

static void consider(struct cgroup_reading *g, const char *path, double limit)
{
	if (limit >= g->limit)
		return;
	g->limit = limit;
	snprintf(g->path, sizeof(g->path), "%s", path);
}

/* A limit holds for all below it, so the tightest on the way up is the one that presses. */
static bool find_limit(struct collecting *c, struct cgroup_reading *g, const char *path)
{
	static const char *const names[] = {"memory.max", "memory.high"}, *const old[] = {"memory.kmem.tcp.limit_in_bytes"};
	char at[CGROUP_NAME_MAX];
	bool there = false;

	snprintf(at, sizeof(at), "%s", path);
	for (unsigned depth = 0; depth < DEPTH_MAX && at[0] && strcmp(at, "/"); depth++) {
		char *slash;

		for (size_t i = 0; i < (g->old ? ARRAY_SIZE(old) : ARRAY_SIZE(names)); i++) {
			double limit = HUGE_VAL;
			int r = read_bytes(c, g->root, at, g->old ? old[i] : names[i], &limit);

			there |= r != -ENOENT;
			if (r < 0 && r != -ENOENT)
				g->error = r;
			else if (r == 0)
				consider(g, at, limit);
		}
		/* A cgroup without the controller of its own is held by those above it. */
		slash = strrchr(at, '/');
		if (!slash)
			break;
		*slash = 0;
	}
	return there;
}

static void read_events(struct collecting *c, struct cgroup_reading *g)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	double max, high;

	/* Kernels from 6.13 or so on leave this count at zero; drops then have to tell. */
	if (g->old) {
		g->has_throttled = read_bytes(c, g->root, g->path, "memory.kmem.tcp.failcnt", &g->throttled) == 0;
		return;
	}
	if (read_file(c, g->root, g->path, "memory.events", &t) < 0)
		return;
	g->has_hits = cgroup_word(t.s, "max", &max) == 0 && cgroup_word(t.s, "high", &high) == 0;
	if (g->has_hits)
		g->hits = max + high;
	/* Newer kernels: reclaim told the cgroup's sockets to hold back (vmpressure()). */
	g->has_throttled = cgroup_word(t.s, "sock_throttled", &g->throttled) == 0;
}

static void read_cgroup(struct collecting *c, uint64_t id, struct cgroup_reading *ret)
{
	static const struct {
		const char *root;
		bool old;
	} places[] = {{"sys/fs/cgroup", false}, {"sys/fs/cgroup/unified", false}, {"sys/fs/cgroup/memory", true}};
	const char *path = cgroup_path(c, id);

	*ret = (struct cgroup_reading){.id = id, .limit = HUGE_VAL};
	for (size_t i = 0; path && i < ARRAY_SIZE(places); i++) {
		ret->root = places[i].root;
		ret->old = places[i].old;
		if (find_limit(c, ret, path))
			break;
	}
	if (ret->path[0])
		read_events(c, ret);
}

void collect_cgroups_before(struct collecting *c)
{
	void *ranked[OWNERS_JUDGED];
	size_t n;

	if (!c->latest)
		return;
	look_up_cgroups(c);
	n = topk_ranked(&c->latest->owners, ranked, OWNERS_JUDGED);
	c->cgroup_readings = arena_array(&c->facts->arena, struct cgroup_reading, OWNERS_JUDGED);
	for (size_t i = 0; i < n; i++) {
		uint64_t id = ((const struct owner *)ranked[i])->key.cgroup;

		if (id > 1)
			read_cgroup(c, id, &c->cgroup_readings[c->cgroup_reading_count++]);
	}
}

static const struct cgroup_reading *reading_before(const struct collecting *c, const struct cgroup_reading *g)
{
	for (size_t i = 0; i < c->cgroup_reading_count; i++)
		if (c->cgroup_readings[i].id == g->id && !strcmp(c->cgroup_readings[i].path, g->path))
			return &c->cgroup_readings[i];
	return NULL;
}

static void set_counter(struct value *v, bool has, double now, bool had, double before)
{
	if (!has) {
		*v = value_missing(VALUE_ABSENT, "this kernel does not count it");
		return;
	}
	*v = value_number(now);
	v->has_delta = had;
	v->delta = had ? fmax(0, now - before) : 0;
}

static void miss(struct value *v, struct value why)
{
	v[OWNER_CGROUP] = v[OWNER_MEMORY_LIMIT] = v[OWNER_MEMORY_USED] = v[OWNER_MEMORY_SOCKETS] = why;
	v[OWNER_MEMORY_HITS] = v[OWNER_THROTTLED] = why;
}

static void set_usage(struct collecting *c, struct value *v, const struct cgroup_reading *g)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	const char *name = g->old ? "memory.kmem.tcp.usage_in_bytes" : "memory.current";
	double used, sockets;

	v[OWNER_MEMORY_USED] = read_bytes(c, g->root, g->path, name, &used) == 0 && used < HUGE_VAL
				       ? value_number(used)
				       : value_missing(VALUE_UNREAD, "its use could not be read");
	v[OWNER_MEMORY_SOCKETS] = v[OWNER_MEMORY_USED];
	if (!g->old)
		v[OWNER_MEMORY_SOCKETS] = read_file(c, g->root, g->path, "memory.stat", &t) == 0 &&
							  cgroup_word(t.s, "sock", &sockets) == 0
						  ? value_number(sockets)
						  : value_missing(VALUE_UNREAD, "memory.stat could not be read");
}

static void judge(struct collecting *c, struct value *v, uint64_t id)
{
	const struct cgroup_reading *before;
	struct cgroup_reading g;

	if (id > 1 && !cgroup_path(c, id)) {
		miss(v, value_missing(VALUE_UNREAD, "its cgroup cannot be seen from here"));
		return;
	}
	read_cgroup(c, id, &g);
	if (!g.path[0]) {
		miss(v, g.error ? value_missing(value_state_of(g.error), arena_printf(&c->facts->arena,
								       "the limits of its cgroup: %s", strerror(-g.error)))
				: value_missing(VALUE_ABSENT, "its cgroup has no limit on memory"));
		return;
	}
	before = c->latest == &c->second ? reading_before(c, &g) : NULL;
	v[OWNER_CGROUP] = value_text(arena_strdup(&c->facts->arena, g.path));
	v[OWNER_MEMORY_LIMIT] = value_number(g.limit);
	set_counter(&v[OWNER_MEMORY_HITS], g.has_hits, g.hits, before && before->has_hits, before ? before->hits : 0);
	set_counter(&v[OWNER_THROTTLED], g.has_throttled, g.throttled, before && before->has_throttled,
		    before ? before->throttled : 0);
	set_usage(c, v, &g);
}

void collect_cgroups(struct collecting *c)
{
	struct subject *s = c->facts->first[SUBJECT_OWNER];

	for (size_t i = 0; i < c->owner_count; i++)
		judge(c, c->owners[i].subject->values, c->owners[i].owner->key.cgroup);
	for (size_t i = 0; s; s = s->next, i++)
		if (i >= c->owner_count)
			miss(s->values, value_missing(VALUE_ABSENT, "only the owners with most sockets are looked at"));
}
