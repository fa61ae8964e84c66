/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a census to destinations: what is judged for each source address and peer. */
#include <math.h>
#include <string.h>
#include "base/macro.h"
#include "collect/collect-private.h"
#include "collect/name.h"

enum {
	DESTINATIONS_MAX = 256,
	BINDERS_MIN = 100,    /* connections of a source before the parity of their ports says anything */
	TEN_SECONDS = TIME_WAIT_STEP_MS / 1000,
	INITIAL_WINDOW = 10,  /* segments, RFC 6928 */
	MSS_COMMON = 1448,
};

/* What one pass over all destinations finds, and each of them needs. */
struct overview {
	struct destination *ranked[DESTINATIONS_MAX];
	bool binds_first[DESTINATIONS_MAX];
	double source_ports[DESTINATIONS_MAX]; /* where binds_first: of its source, towards all destinations */
	size_t count;
	double bound;	    /* ports that bind() took, on any address */
	double unexplained; /* opens per second that no TIME_WAIT here tells of */
	double brief;	    /* connections that only one of the two samples saw */
	double reuse_delay; /* s in TIME_WAIT before connect() may take a port over */
	int reuse;	    /* tcp_tw_reuse where timestamps are on, else 0 */
};

static uint32_t live(const struct destination *d)
{
	uint32_t n = 0;

	for (unsigned state = STATE_ESTABLISHED; state < TCP_STATES; state++)
		n += state == STATE_TIME_WAIT ? 0 : d->states[state];
	return n;
}

/* connect() tries the ports of one parity first and goes on to the others when those are taken towards its peer. */
static bool spilled(const struct destination *d, double ports)
{
	return d->ports - d->odd >= 0.8 * ports / 2;
}

static bool same_source(const struct destination *a, const struct destination *b)
{
	return a->key.src.high == b->key.src.high && a->key.src.low == b->key.src.low && a->key.ifindex == b->key.ifindex;
}

static bool is_first_of_source(const struct overview *o, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_source(o->ranked[i], o->ranked[at]))
			return false;
	return true;
}

/*
 * bind() to port 0 without IP_BIND_ADDRESS_NO_PORT takes a port of the other parity (inet_csk_find_open_port()), and
 * takes it for the source address whatever the destination. The heaviest destination speaks for such a source.
 */
static void judge_source(struct overview *o, size_t at, double ports)
{
	double used = 0, odd = 0, open = 0;

	for (size_t i = at; i < o->count; i++) {
		const struct destination *d = o->ranked[i];

		if (!same_source(d, o->ranked[at]))
			continue;
		used += d->ports;
		open += d->ports - d->resting;
		odd += spilled(d, ports) ? 0 : d->odd;
	}
	o->binds_first[at] = odd >= BINDERS_MIN && odd >= 0.4 * open && used <= ports;
	o->source_ports[at] = used;
}

static double ports_bound(const struct collecting *c, const struct overview *o, double ports)
{
	double odd = c->latest->odd, distinct = 0;

	for (size_t i = 0; i < PORTS_BYTES; i++)
		distinct += __builtin_popcount(c->latest->odd_ports[i]);
	for (size_t i = 0; i < o->count; i++)
		odd -= spilled(o->ranked[i], ports) ? o->ranked[i]->odd : 0;
	return min_of(fmax(0, odd), distinct);
}

/* Connections that the first sample had, and the second not. */
static void note_gone(struct collecting *c)
{
	if (c->latest != &c->second)
		return;
	for (size_t i = 0; i < c->cohort.count; i++) {
		const struct flow *f = &c->cohort.flows[i];
		struct destination *d = f->seen_again ? NULL : census_destination(&c->second, f);

		if (!d)
			continue;
		d->gone += (float)(1ULL << (f->active ? c->cohort.active_shift : c->cohort.idle_shift));
		d->brief_seen++;
		d->brief_bytes += max_of(f->now.bytes_acked, f->now.bytes_received);
	}
}

static double brief(const struct collecting *c, const struct destination *d)
{
	return d->gone + d->attempts + (double)d->fresh * (double)(1ULL << cohort_shift(&c->cohort));
}

/* Of the connections that the kernel counts as opened from here, by the second. */
static double unexplained_opens(const struct collecting *c)
{
	const struct value *opens = &c->facts->host->values[TCP_ACTIVE_OPENS];
	const struct value *fails = &c->facts->host->values[TCP_ATTEMPT_FAILS];
	double margin = 1.2; /* ten seconds of TIME_WAIT against a shorter window */

	if (c->latest != &c->second || !opens->has_delta || c->window <= 0)
		return 0;
	return fmax(0, (opens->delta - (fails->has_delta ? fails->delta : 0)) / c->window -
			       margin * c->second.ended / TEN_SECONDS);
}

static void look_over(struct collecting *c, struct overview *o)
{
	const struct value *ports = &c->facts->host->values[HOST_PORTS];
	struct value reuse = live_sysctl(c, "net.ipv4.tcp_tw_reuse", 0);
	struct value timestamps = live_sysctl(c, "net.ipv4.tcp_timestamps", 0);
	void *ranked[DESTINATIONS_MAX];

	o->count = topk_ranked(&c->latest->destinations, ranked, DESTINATIONS_MAX);
	for (size_t i = 0; i < o->count; i++) {
		o->ranked[i] = ranked[i];
		o->brief += brief(c, ranked[i]);
	}
	o->reuse = reuse.state == VALUE_KNOWN && timestamps.state == VALUE_KNOWN && timestamps.num ? (int)reuse.num : 0;
	o->reuse_delay = c->latest->options.reuse_age / 1e3;
	o->unexplained = unexplained_opens(c);
	if (ports->state != VALUE_KNOWN)
		return;
	o->bound = ports_bound(c, o, ports->num);
	for (size_t i = 0; i < o->count; i++)
		if (is_first_of_source(o, i))
			judge_source(o, i, ports->num);
}

/* tcp_twsk_unique(): with tcp_tw_reuse connect() takes over what rested for a second, on loopback by default. */
static bool reuses(const struct overview *o, const struct destination *d)
{
	return o->reuse == 1 || (o->reuse == 2 && (address_is_loopback(&d->key.dst) || address_is_loopback(&d->key.src)));
}

static void set_syn_facts(struct collecting *c, struct value *v, const struct destination *d)
{
	struct value retries = live_sysctl(c, "net.ipv4.tcp_syn_retries", 0);
	unsigned linear = c->latest->options.syn_linear;

	v[DESTINATION_SYN_SENT] = value_number(d->states[STATE_SYN_SENT]);
	v[DESTINATION_SYN_STUCK] = value_number(d->syn_stuck);
	v[DESTINATION_SYN_STUCK_FOR] = d->syn_stuck ? value_number(d->syn_stuck_since)
						    : value_missing(VALUE_ABSENT, "none is stuck");
	v[DESTINATION_SYN_GIVES_UP] = retries;
	if (retries.state == VALUE_KNOWN && retries.num >= 0 && retries.num < 256)
		v[DESTINATION_SYN_GIVES_UP] =
			value_number(syn_retransmission_time((unsigned)retries.num + linear + 1, linear));
}

static void set_last_ack(struct value *v, const struct destination *d)
{
	v[DESTINATION_LAST_ACK] = value_number(d->states[STATE_LAST_ACK]);
	v[DESTINATION_LAST_ACK_STUCK] = value_number(d->last_ack_stuck);
	v[DESTINATION_LAST_ACK_SILENCE] = d->last_ack_stuck ? value_number(d->last_ack_age_ms / 1e3)
							    : value_missing(VALUE_ABSENT, "none is stuck");
}

/* From now on, with what rests leaving TIME_WAIT and the last ten seconds going on: when are they taken? */
static struct value exhausted_in(const struct destination *d, double used, double ports)
{
	double opens = d->ends[0] / (double)TEN_SECONDS;

	for (unsigned t = 1; t <= TIME_WAIT_STEPS * TEN_SECONDS; t++) {
		used += opens - d->ends[TIME_WAIT_STEPS - 1 - (t - 1) / TEN_SECONDS] / (double)TEN_SECONDS;
		if (used >= ports)
			return value_number(t);
	}
	return value_missing(VALUE_ABSENT, "the ports last at this rate");
}

static void set_ports(struct collecting *c, struct value *v, const struct overview *o, size_t at)
{
	const struct value *ports = &c->facts->host->values[HOST_PORTS];
	const struct destination *d = o->ranked[at];
	bool certain = d->ports > d->head.error, reused = reuses(o, d), binds = o->binds_first[at];
	double used = !certain ? 0 : binds ? o->source_ports[at] : d->ports - (reused ? d->resting - d->unripe : 0);
	double elsewhere = 0;

	if (!binds && ports->state == VALUE_KNOWN)
		elsewhere = fmax(0, o->bound - (spilled(d, ports->num) ? 0 : d->odd));
	v[DESTINATION_USED] = value_number(used);
	v[DESTINATION_TIME_WAIT] = value_number(d->resting);
	v[DESTINATION_BINDS_FIRST] = value_number(binds);
	v[DESTINATION_PORT_HOLD] = value_number(reused ? o->reuse_delay : TIME_WAIT_MS / 1e3);
	if (ports->state != VALUE_KNOWN) {
		v[DESTINATION_PORTS] = v[DESTINATION_USED_SHARE] = v[DESTINATION_EXHAUSTED_IN] = *ports;
		return;
	}
	v[DESTINATION_PORTS] = value_number(fmax(0, ports->num - elsewhere));
	v[DESTINATION_USED_SHARE] = v[DESTINATION_PORTS].num > 0
					    ? value_number(used / v[DESTINATION_PORTS].num)
					    : value_missing(VALUE_ABSENT, "the local port range is empty");
	v[DESTINATION_EXHAUSTED_IN] =
		reused || !certain ? value_missing(VALUE_ABSENT, "ports in TIME_WAIT are taken over")
				   : exhausted_in(d, used, v[DESTINATION_PORTS].num);
}

/* Who closes first holds the TIME_WAIT; only where those rows were read do they say that it was the other side. */
static struct value closes_first(const struct collecting *c, const struct destination *d, double opens)
{
	const struct value *tw = &c->facts->host->values[SOCKETS_TIME_WAIT];
	double ends = d->ends[0] / (double)TEN_SECONDS;

	if (opens <= 0)
		return value_missing(VALUE_FEW, "no connection was seen to be opened and closed");
	if (ends >= 0.5 * opens)
		return value_text("this side");
	if (c->latest->has_time_wait || (tw->state == VALUE_KNOWN && tw->num < opens * 2))
		return value_text("the far side");
	return value_missing(VALUE_FEW, "TIME_WAIT has not been filled long enough to say");
}

static void set_bytes(const struct collecting *c, struct value *v, const struct destination *d)
{
	double mss = d->mss ? d->mss : MSS_COMMON, bytes;

	if (!d->brief_seen) {
		v[DESTINATION_BYTES_EACH] = v[DESTINATION_ROUNDS] =
			c->latest == &c->second
				? value_missing(VALUE_FEW, "no connection of a short life was open when looked at")
				: value_missing(VALUE_NO_WINDOW, NULL);
		return;
	}
	bytes = (double)d->brief_bytes / d->brief_seen;
	v[DESTINATION_BYTES_EACH] = value_number(bytes);
	/* Slow start from ten segments, doubling: RFC 6928, RFC 5681 section 3.1. */
	v[DESTINATION_ROUNDS] = value_number(ceil(log2(bytes / (INITIAL_WINDOW * mss) + 1)));
}

/* A burst that is over says nothing of now: what is being opened bounds the rate of the last ten seconds. */
static double going_on(const struct collecting *c, double ends)
{
	const struct value *opens = &c->facts->host->values[TCP_ACTIVE_OPENS];

	return c->window > 0 && opens->has_delta ? fmin(ends, opens->delta / c->window) : ends;
}

/* Little's law. What outlives the window comes and goes too seldom within it: then all that are open count. */
static struct value lifetime(const struct collecting *c, const struct destination *d, double at_a_time, double opens)
{
	if (opens <= 0)
		return value_missing(VALUE_ABSENT, "no connection was seen to be opened");
	if (c->window > 0 && at_a_time / opens > 0.8 * c->window)
		at_a_time = fmax(at_a_time, live(d));
	return value_number(at_a_time / opens);
}

static void set_churn(struct collecting *c, struct value *v, const struct overview *o, const struct destination *d)
{
	double both = brief(c, d), ends = d->ends[0] / (double)TEN_SECONDS, opens = going_on(c, ends);
	/* None in two looks: less than one at a time. */
	double at_a_time = c->latest == &c->second ? fmax(both, 1) / 2 : fmax(live(d), 1);

	/* One sighting may be chance. */
	if (both >= 2)
		opens += o->unexplained * both / o->brief;
	v[DESTINATION_ENDS] = value_number(ends);
	v[DESTINATION_OPENS] = value_number(opens);
	v[DESTINATION_BRIEF] = value_number(at_a_time);
	v[DESTINATION_LIFETIME] = lifetime(c, d, at_a_time, opens);
	v[DESTINATION_CLOSES_FIRST] = closes_first(c, d, opens);
	v[DESTINATION_MIN_RTT] = d->min_rtt ? value_number(d->min_rtt / 1e6)
					    : value_missing(VALUE_FEW, "no open connection was seen");
	set_bytes(c, v, d);
}

static void set_setups(const struct collecting *c, struct value *v, const struct destination *d)
{
	v[DESTINATION_FRESH] = c->latest == &c->second ? value_number(d->fresh) : value_missing(VALUE_NO_WINDOW, NULL);
	v[DESTINATION_SETUPS] = value_number(d->fresh + d->attempts + d->syn_retried);
	v[DESTINATION_SETUPS_SLOW] = value_number(d->fresh_slow + d->syn_retried);
}

/* Of one service: the same owner, source, port and network of the destination. */
static bool same_service(const struct destination *a, const struct destination *b)
{
	struct address m = address_network(&a->key.dst), n = address_network(&b->key.dst);

	return same_source(a, b) && a->key.port == b->key.port && a->cgroup == b->cgroup && m.high == n.high &&
	       m.low == n.low;
}

static void set_pool(struct value *v, const struct overview *o, size_t at)
{
	const struct destination *d = o->ranked[at];
	uint32_t next = 0, open, all = 0;
	unsigned backends = 0;

	for (size_t i = 0; i < o->count; i++) {
		if (!same_service(d, o->ranked[i]))
			continue;
		open = o->ranked[i]->states[STATE_ESTABLISHED];
		backends += open > 0;
		all += open;
		next = i == at ? next : max_of(next, open);
	}
	v[DESTINATION_IDLE] = value_number(d->idle);
	v[DESTINATION_BACKENDS] = value_number(backends);
	v[DESTINATION_BACKENDS_OPEN] = value_number(all);
	v[DESTINATION_BACKENDS_NEXT] = value_number(next);
}

static void add_destination(struct collecting *c, const struct overview *o, size_t at)
{
	char src[ADDRESS_TEXT_MAX], dst[ADDRESS_TEXT_MAX], name[2 * ADDRESS_TEXT_MAX + 80];
	const struct destination *d = o->ranked[at];
	const struct link *link;
	struct subject *s;
	struct value *v;

	link = d->key.ifindex ? links_find(&c->links, d->key.ifindex) : NULL;
	snprintf(name, sizeof(name), "%s → %s%s%s", address_text(&d->key.src, -1, src),
		 address_text(&d->key.dst, d->key.port ? (int)d->key.port : -1, dst), link ? " by " : "", link ? link->name : "");
	s = facts_add(c->facts, SUBJECT_DESTINATION, name);
	s->unit = unit_name(c, d->cgroup);
	v = s->values;
	v[DESTINATION_CONNECTIONS] = value_number((double)(d->head.weight - d->head.error));
	v[DESTINATION_ESTABLISHED] = value_number(d->states[STATE_ESTABLISHED]);
	v[DESTINATION_PRIVATE] = value_number(address_is_private(&d->key.dst));
	v[DESTINATION_LOOPBACK] = value_number(address_is_loopback(&d->key.dst));
	set_ports(c, v, o, at);
	set_churn(c, v, o, d);
	set_setups(c, v, d);
	set_pool(v, o, at);
	set_syn_facts(c, v, d);
	set_last_ack(v, d);
}

/*
 * connect() skips a port that somebody bound, on whatever address (inet_hash_connect(): tb->fastreuse >= 0). Those
 * below the default range are there only because it was widened over them.
 */
static void leave_out_listeners(struct collecting *c)
{
	enum { DEFAULT_LOW = 32768, NAMED_MAX = 8 };
	struct value *v = c->facts->host->values, *ports = &v[HOST_PORTS];
	struct text names = TEXT_NULL;
	unsigned exposed = 0;

	if (ports->state != VALUE_KNOWN) {
		v[HOST_PORTS_EXPOSED] = v[HOST_PORTS_EXPOSED_LIST] = *ports;
		return;
	}
	for (unsigned port = 0; port < 65536; port++) {
		if (!bitmap_has(c->local_ports, (uint16_t)port) || !bitmap_has(c->latest->listening, (uint16_t)port))
			continue;
		ports->num--;
		if (port < DEFAULT_LOW && exposed++ < NAMED_MAX)
			text_addf(&names, "%s%u", exposed > 1 ? " " : "", port);
	}
	v[HOST_PORTS_EXPOSED] = value_number(exposed);
	v[HOST_PORTS_EXPOSED_LIST] = exposed ? value_text(arena_strdup(&c->facts->arena, text_get(&names)))
					     : value_missing(VALUE_ABSENT, "there is none");
	text_clear(&names);
}

static double ports_needed(const struct collecting *c, const struct value *d)
{
	double ends = going_on(c, d[DESTINATION_ENDS].num);

	if (c->latest != &c->second)
		ends = fmin(ends, d[DESTINATION_TIME_WAIT].num / (TIME_WAIT_MS / 1e3));
	return ends * d[DESTINATION_PORT_HOLD].num;
}

/* The worst of all destinations: share of the ports used, and ports that the rate of closing here keeps taken. */
static void set_worst(struct collecting *c, double bound)
{
	struct value *v = c->facts->host->values;
	double share = 0, needed = 0;

	for (const struct subject *s = c->facts->first[SUBJECT_DESTINATION]; s; s = s->next) {
		const struct value *d = s->values;

		if (d[DESTINATION_USED_SHARE].state == VALUE_KNOWN)
			share = fmax(share, d[DESTINATION_USED_SHARE].num);
		needed = fmax(needed, ports_needed(c, d));
	}
	v[HOST_PORTS_WORST] = v[HOST_PORTS].state == VALUE_KNOWN ? value_number(share) : v[HOST_PORTS];
	v[HOST_PORTS_NEEDED] = value_number(needed);
	v[HOST_PORTS_BOUND] = value_number(bound);
}

void derive_destinations(struct collecting *c)
{
	struct overview o = {0};

	if (!c->latest)
		return;
	leave_out_listeners(c);
	note_gone(c);
	look_over(c, &o);
	for (size_t i = 0; i < o.count; i++)
		add_destination(c, &o, i);
	set_worst(c, o.bound);
}
