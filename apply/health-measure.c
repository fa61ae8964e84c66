/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/health-measure.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include "base/hash.h"

enum { CANDIDATE_SETS = 16 };

static uint32_t microseconds(double s)
{
	return (uint32_t)fmin(s * 1e6, UINT32_MAX);
}

static void group_add_flow(struct group *g, const struct moved *m)
{
	g->sent += m->sent;
	g->retrans += m->retrans;
	if (m->rtt > 0) {
		histogram_add(&g->rtt, microseconds(m->rtt));
		histogram_add(&g->min_rtt, microseconds(m->min_rtt));
	}
	if (!m->bulk)
		return;
	g->least = g->bulk ? fmin(g->least, m->goodput) : m->goodput;
	g->most = fmax(g->most, m->goodput);
	g->bulk++;
	g->sum += m->goodput;
	g->squares += m->goodput * m->goodput;
	g->busy += m->busy;
	g->rwnd += m->rwnd;
	g->sndbuf += m->sndbuf;
	g->held += m->held;
	g->held_free += m->held && m->free;
}

static void histogram_merge(struct histogram *h, const struct histogram *add)
{
	if (!add->total)
		return;
	h->min = h->total ? min_of(h->min, add->min) : add->min;
	h->max = max_of(h->max, add->max);
	h->total += add->total;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->count[i] += add->count[i];
}

static void group_merge(struct group *g, const struct group *add)
{
	if (add->bulk)
		g->least = g->bulk ? fmin(g->least, add->least) : add->least;
	g->most = fmax(g->most, add->most);
	g->windows += add->windows;
	g->bulk += add->bulk;
	g->flows = max_of(g->flows, add->flows);
	g->held += add->held;
	g->held_free += add->held_free;
	g->sum += add->sum;
	g->squares += add->squares;
	g->total += add->total;
	g->concurrent += add->concurrent;
	g->others += add->others;
	g->others_concurrent += add->others_concurrent;
	g->sent += add->sent;
	g->retrans += add->retrans;
	g->busy += add->busy;
	g->rwnd += add->rwnd;
	g->sndbuf += add->sndbuf;
	histogram_merge(&g->rtt, &add->rtt);
	histogram_merge(&g->min_rtt, &add->min_rtt);
}

/* The end of a window, in which every path together did that: true where the group has something of it. */
static bool group_close(struct group *g, const struct group *every)
{
	g->windows = g->bulk || g->rtt.total;
	g->flows = g->bulk;
	g->others = fmax(0, every->total - g->total);
	g->others_concurrent = fmax(0, every->concurrent - g->concurrent);
	return g->windows;
}

static double share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

static struct health_flows group_summary(const struct group *g)
{
	struct health_flows f = {.windows = g->windows, .bulk = g->bulk, .timed = g->rtt.total, .flows = g->flows,
				 .least = g->least, .most = g->most};

	f.goodput = share(g->sum, g->bulk);
	f.deviation = sqrt(fmax(0, share(g->squares, g->bulk) - f.goodput * f.goodput));
	f.total = share(g->total, g->windows);
	f.concurrent = share(g->concurrent, g->windows);
	f.others = share(g->others, g->windows);
	f.others_concurrent = share(g->others_concurrent, g->windows);
	f.retrans = share(g->retrans, g->sent);
	f.rwnd = share(g->rwnd, g->busy);
	f.sndbuf = share(g->sndbuf, g->busy);
	f.held = share(g->held, g->bulk);
	f.held_free = share(g->held_free, g->bulk);
	f.srtt = histogram_quantile(&g->rtt, 0.5) / 1e6;
	f.min_rtt = histogram_quantile(&g->min_rtt, 0.5) / 1e6;
	return f;
}

/* Of all flows of a path, whether they are of the group or not. */
static void count_traffic(struct group *g, const struct moved *m)
{
	g->total += m->goodput * m->weight;
	g->concurrent += m->bulk ? m->weight : 0;
}

static struct path_key key_of(const struct moved *m)
{
	return (struct path_key){m->network, m->out};
}

static struct group *group_of(struct measure *m, const struct moved *moved)
{
	struct path_key key = key_of(moved);
	struct candidate *c;

	if (!m->paths) {
		c = topk_touch(&m->candidates, &key, hash_two(hash_two(key.network.high, key.network.low), key.out),
			       (uint64_t)(moved->goodput * moved->weight));
		return &c->now;
	}
	for (unsigned i = 0; i < m->path_count; i++)
		if (!m->paths[i].all && !memcmp(&m->paths[i].key, &key, sizeof(key)))
			return &m->paths[i].now;
	return NULL;
}

static void on_moved(void *user, const struct moved *moved)
{
	struct measure *m = user;
	struct group *groups[] = {&m->every_now[moved->out], group_of(m, moved)};

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (!groups[i])
			continue;
		count_traffic(groups[i], moved);
		if (moved->grown && moved->fresh == m->judged)
			group_add_flow(groups[i], moved);
	}
}

int measure_begin(struct measure *m)
{
	int r;

	measure_clear(m);
	r = flows_begin(&m->flows, on_moved, m);
	if (r < 0)
		return r;
	topk_init(&m->candidates, sizeof(struct candidate), sizeof(struct path_key), CANDIDATE_SETS);
	return 0;
}

void measure_clear(struct measure *m)
{
	flows_clear(&m->flows);
	topk_clear(&m->candidates);
	free(m->paths);
	*m = (struct measure){0};
}

void measure_dump_begin(struct measure *m, double now)
{
	flows_dump_begin(&m->flows, now);
}

static void close_window(struct group *now, const struct group *every, struct group *before)
{
	if (group_close(now, every))
		group_merge(before, now);
	*now = (struct group){0};
}

static void close_before(struct measure *m)
{
	void *ranked[CANDIDATE_SETS * TOPK_WAYS];
	size_t n = topk_ranked(&m->candidates, ranked, ARRAY_SIZE(ranked));

	for (size_t i = 0; i < n; i++) {
		struct candidate *c = ranked[i];

		close_window(&c->now, &m->every_now[c->key.out], &c->before);
	}
	for (unsigned out = 0; out < 2; out++)
		close_window(&m->every_now[out], &m->every_now[out], &m->every[out]);
}

/* All paths together stand last: each of the others is compared with them. */
static void close_after(struct measure *m)
{
	for (unsigned i = 0; i < m->path_count; i++) {
		struct measured *p = &m->paths[i];
		struct group *every = &m->every_now[p->key.out], *now = p->all ? every : &p->now;

		p->closed = !m->quiet && group_close(now, every);
		if (p->closed)
			p->recent[p->windows++ % RECENT_WINDOWS] = *now;
		*now = (struct group){0};
	}
}

void measure_dump_end(struct measure *m)
{
	flows_dump_end(&m->flows);
	if (m->paths)
		close_after(m);
	else
		close_before(m);
}

static void name_path(struct measured *p)
{
	char text[ADDRESS_TEXT_MAX];

	if (p->all)
		snprintf(p->name, sizeof(p->name), "all");
	else
		snprintf(p->name, sizeof(p->name), "%s/%d", address_text(&p->key.network, -1, text),
			 address_is_v4(&p->key.network) ? 24 : 48);
}

int measure_baseline_done(struct measure *m, measure_wanted_fn wanted, void *user)
{
	void *ranked[PATHS_MAX];
	size_t n = topk_ranked(&m->candidates, ranked, PATHS_MAX);
	struct measured *paths = calloc(HEALTH_PATHS, sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct candidate *c = ranked[i];

		paths[i].key = c->key;
		paths[i].before = c->before;
		name_path(&paths[i]);
		paths[i].wanted = wanted(user, paths[i].name, c->key.out);
	}
	for (unsigned out = 0; out < 2; out++, n++) {
		paths[n].all = true;
		paths[n].key.out = out;
		paths[n].before = m->every[out];
		name_path(&paths[n]);
	}
	m->paths = paths;
	m->path_count = (unsigned)n;
	m->quiet = true;
	topk_clear(&m->candidates);
	return 0;
}

void measure_watch(struct measure *m)
{
	m->flows.learning = false;
	m->quiet = false;
	m->judged = true;
}

static struct health_flows recent_summary(const struct measured *p)
{
	struct group sum = {0};

	for (unsigned i = 0; i < min_of(p->windows, (unsigned)RECENT_WINDOWS); i++)
		group_merge(&sum, &p->recent[i]);
	return group_summary(&sum);
}

unsigned measure_numbers(const struct measure *m, struct health_path *paths)
{
	for (unsigned i = 0; i < m->path_count; i++) {
		const struct measured *p = &m->paths[i];

		paths[i] = (struct health_path){.name = p->name, .out = p->key.out, .wanted = p->wanted, .all = p->all};
		paths[i].before = group_summary(&p->before);
		paths[i].recent = recent_summary(p);
		if (p->closed)
			paths[i].last = group_summary(&p->recent[(p->windows - 1) % RECENT_WINDOWS]);
	}
	return m->path_count;
}

void measure_format(const struct health_path *p, const struct health_flows *f, char *buf, size_t size)
{
	snprintf(buf, size,
		 "path=%s way=%s flows=%u windows=%u goodput=%.3g retrans=%.2g srtt=%.3g min_rtt=%.3g rwnd=%.2g "
		 "sndbuf=%.2g total=%.3g",
		 p->name, p->out ? "out" : "in", f->flows, f->bulk, f->goodput, f->retrans, f->srtt, f->min_rtt, f->rwnd,
		 f->sndbuf, f->total);
}
