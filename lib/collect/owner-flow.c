/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the flows of the cohort say against their owners. The samples choose suspects; a suspect is looked at again,
 * and asked through a borrowed descriptor for what sock_diag hides. Neither happens where nothing is suspicious.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include "base/macro.h"
#include "collect/collect-private.h"
#include "collect/flow-fault.h"
#include "collect/name.h"
#include "root/root-borrow.h"

enum {
	SUSPECTS_KEPT = 4, /* of each fault of each owner: the worst first */
	SUSPECTS_MAX = 64, /* of a host: each costs a descriptor */
	LOOKED_AT_MAX = 16,
	LOOKS = 7, /* with LOOK_PAUSE: a little longer than a delayed acknowledgement */
	LOOK_PAUSE_NS = 7000000,
	ROUTES_ASKED_MAX = 256,
};

struct suspect {
	struct flow *flow;
	int holder; /* in c->holders; -1: none */
	unsigned held, looks;
	double weight;
	const struct borrowed *borrowed; /* NULL: not tried */
};

struct tally {
	unsigned count, kept;
	struct suspect suspects[SUSPECTS_KEPT];
};

struct owner_flows {
	struct owner_key key;
	struct subject *subject;
	unsigned timed; /* flows that were there in both samples */
	uint32_t held_ms;
	struct tally tallies[FLOW_FAULTS];
};

struct flow_judging {
	struct flow_limits limits;
	struct owner_flows *owners;
	size_t owner_count, suspect_count;
	unsigned routes_asked;
	int borrow_error; /* of all */
	struct borrowed borrowed[SUSPECTS_MAX];
};

void owner_flows_free(struct flow_judging *j)
{
	if (j)
		free(j->owners);
	free(j);
}

static double known_or(struct value v, double otherwise)
{
	return v.state == VALUE_KNOWN ? v.num : otherwise;
}

static struct flow_limits read_limits(const struct collecting *c)
{
	double rmem = known_or(live_sysctl(c, "net.ipv4.tcp_rmem", 2), 0);

	return (struct flow_limits){
		.window = c->window,
		.rmem_max = rmem,
		.wmem_max = known_or(live_sysctl(c, "net.ipv4.tcp_wmem", 2), 0),
		.window_ratio = known_or(c->facts->host->values[HOST_WINDOW_RATIO], 0.5),
		.autotuning = known_or(live_sysctl(c, "net.ipv4.tcp_moderate_rcvbuf", 0), 1) != 0,
		.wscale = rmem > 0 ? (int)scale_of_window(fmax(rmem, known_or(live_sysctl(c, "net.core.rmem_max", 0), 0)))
				   : -1,
		.nagle_delay = threshold_value(c, "nagle.delay", 0.01),
		.near = threshold_value(c, "nagle.near", 0.01),
		.reader_wait = threshold_value(c, "slow-reader.wait", 1),
		.stalled_for = threshold_value(c, "send-queue.stalled", 1),
		.retries = (unsigned)fmin(255, fmax(0, known_or(live_sysctl(c, "net.ipv4.tcp_retries2", 0), 15))),
		.rto_max = fmax(1, known_or(live_sysctl(c, "net.ipv4.tcp_rto_max_ms", 0), 120)),
	};
}

void owner_flows_add(struct collecting *c, const struct owner_key *key, struct subject *s, size_t of)
{
	struct flow_judging *j = c->flow_judging;

	if (!j) {
		c->flow_judging = j = calloc(1, sizeof(*j));
		if (j)
			j->owners = calloc(of, sizeof(*j->owners));
		if (!j || !j->owners)
			abort();
	}
	j->owners[j->owner_count].key = *key;
	j->owners[j->owner_count++].subject = s;
}

static struct owner_flows *owner_of(struct flow_judging *j, const struct flow *f)
{
	struct owner_key key = owner_key_of(f->cgroup, f->uid);

	for (size_t i = 0; i < j->owner_count; i++)
		if (j->owners[i].key.cgroup == key.cgroup && j->owners[i].key.uid == key.uid)
			return &j->owners[i];
	return NULL;
}

static double weight_of(const struct flow *f, enum flow_fault fault, const struct flow_limits *l)
{
	switch (fault) {
	case FAULT_NAGLE:
		return f->now.rtt;
	case FAULT_PINNED_RECEIVE:
	case FAULT_FROZEN:
		return flow_rate_in(f, l->window);
	case FAULT_PINNED_SEND:
		return flow_rate_out(f, l->window);
	case FAULT_SLOW_READER:
		return f->now.rqueue;
	case FAULT_STALLED:
		return flow_stall(&f->now, l, 0).since;
	default:
		return f->now.wqueue;
	}
}

/* The heaviest few, the heaviest first; of equals the first that came. */
static void tally(struct tally *t, struct flow *f, double weight)
{
	unsigned at = min_of(t->kept, (unsigned)SUSPECTS_KEPT);

	t->count++;
	while (at > 0 && t->suspects[at - 1].weight < weight)
		at--;
	if (at == SUSPECTS_KEPT)
		return;
	t->kept = min_of(t->kept + 1, (unsigned)SUSPECTS_KEPT);
	memmove(&t->suspects[at + 1], &t->suspects[at], (t->kept - at - 1) * sizeof(*t->suspects));
	t->suspects[at] = (struct suspect){.flow = f, .weight = weight, .holder = -1};
}

static const struct link *link_of(struct collecting *c, const struct flow *f)
{
	uint32_t index = f->ifindex ? f->ifindex : links_route(c->root, &f->dst, &f->src);

	return index ? links_find(&c->links, index) : NULL;
}

/* A limit costs nothing where there is no link, or where the link is full. */
static bool could_be_faster(struct collecting *c, const struct flow *f, double rate)
{
	const struct link *l;

	if (address_is_loopback(&f->dst) || c->flow_judging->routes_asked++ >= ROUTES_ASKED_MAX)
		return false;
	l = link_of(c, f);
	return l && !l->loopback && (!l->rate_sure || rate < 0.9 * l->rate);
}

static unsigned drop_harmless(struct collecting *c, const struct flow *f, unsigned faults)
{
	const unsigned receive = 1u << FAULT_PINNED_RECEIVE | 1u << FAULT_FROZEN, send = 1u << FAULT_PINNED_SEND;

	if (faults & receive && !could_be_faster(c, f, flow_rate_in(f, c->window)))
		faults &= ~receive;
	if (faults & send && !could_be_faster(c, f, flow_rate_out(f, c->window)))
		faults &= ~send;
	return faults;
}

static void note_held(struct owner_flows *o, const struct flow_sample *s)
{
	if (flow_holds_small_write(s))
		o->held_ms = max_of(o->held_ms, s->last_data_sent);
}

static void judge_flow(struct collecting *c, struct flow *f)
{
	struct flow_judging *j = c->flow_judging;
	unsigned faults = drop_harmless(c, f, flow_faults(f, &j->limits));
	bool thinned = c->cohort.idle_shift || c->cohort.active_shift;
	struct owner_flows *o = faults || (thinned && f->seen_again) ? owner_of(j, f) : NULL;

	if (!o)
		return;
	o->timed += f->seen_again;
	for (unsigned i = 0; i < FLOW_FAULTS; i++)
		if (faults & 1u << i)
			tally(&o->tallies[i], f, weight_of(f, i, &j->limits));
	if (faults & 1u << FAULT_NAGLE) {
		note_held(o, &f->now);
		if (f->seen_again)
			note_held(o, &f->before);
	}
}

/* Looks: the samples are moments, and chance may show anybody with a small write under way. */

struct look {
	struct suspect *suspect;
	struct owner_flows *owner;
	unsigned number;
};

static void on_look(void *user, const struct tcp_socket *s)
{
	struct look *l = user;
	struct flow_sample now;

	/* A replay tells of every socket that was looked at. */
	if (s->cookie != l->suspect->flow->cookie || !s->info_len || l->suspect->looks > l->number)
		return;
	flow_sample_take(s, &now);
	l->suspect->looks++;
	l->suspect->held += flow_holds_small_write(&now);
	note_held(l->owner, &now);
}

static void look_at(struct collecting *c, struct look *l)
{
	const struct flow *f = l->suspect->flow;
	struct tcp_socket s = {.src = f->src, .dst = f->dst, .sport = f->sport, .dport = f->dport,
			       .cookie = f->cookie, .ifindex = f->ifindex};

	/* One that closed meanwhile answers nothing, and is no offender any more. */
	sockdiag_look(c->root, &s, l->number + 1, on_look, l);
}

static size_t choose_looks(struct flow_judging *j, struct look *looks)
{
	size_t n = 0;

	for (size_t i = 0; i < j->owner_count; i++) {
		struct tally *t = &j->owners[i].tallies[FAULT_NAGLE];

		for (unsigned k = 0; k < t->kept && n < LOOKED_AT_MAX; k++)
			looks[n++] = (struct look){.suspect = &t->suspects[k], .owner = &j->owners[i]};
	}
	return n;
}

/* Held in most looks, the samples among them. A record of before there were looks has only those. */
static bool stays_held(const struct suspect *s)
{
	const struct flow *f = s->flow;
	unsigned looks = s->looks + 1 + f->seen_again;
	unsigned held = s->held + flow_holds_small_write(&f->now) + (f->seen_again && flow_holds_small_write(&f->before));

	return 2 * held > looks;
}

static void drop_chance_hits(struct flow_judging *j)
{
	for (size_t i = 0; i < j->owner_count; i++) {
		struct tally *t = &j->owners[i].tallies[FAULT_NAGLE];
		unsigned kept = 0;

		for (unsigned k = 0; k < t->kept; k++)
			if (stays_held(&t->suspects[k]))
				t->suspects[kept++] = t->suspects[k];
		t->count = kept ? t->count - (t->kept - kept) : 0;
		t->kept = kept;
	}
}

static void look_again(struct collecting *c)
{
	const struct timespec pause = {.tv_nsec = LOOK_PAUSE_NS};
	struct look looks[LOOKED_AT_MAX];
	size_t n = choose_looks(c->flow_judging, looks);

	for (unsigned k = 0; n && k < LOOKS; k++) {
		for (size_t i = 0; i < n; i++) {
			looks[i].number = k;
			look_at(c, &looks[i]);
		}
		if (!root_is_recorded(c->root))
			nanosleep(&pause, NULL);
	}
	drop_chance_hits(c->flow_judging);
}

void derive_owner_flows(struct collecting *c)
{
	struct flow_judging *j = c->flow_judging;

	if (!j)
		return;
	j->limits = read_limits(c);
	for (size_t i = 0; i < c->cohort.count; i++)
		/* Gone before the second sample: not to be looked at. */
		if (c->window <= 0 || c->cohort.flows[i].seen_again)
			judge_flow(c, &c->cohort.flows[i]);
	look_again(c);
	for (size_t i = 0; i < j->owner_count; i++)
		for (unsigned k = 0; k < FLOW_FAULTS; k++)
			for (unsigned n = 0; n < j->owners[i].tallies[k].kept; n++) {
				struct suspect *s = &j->owners[i].tallies[k].suspects[n];

				s->holder = holder_wanted(c, j->owners[i].subject, s->flow->inode);
			}
}

/* Which faults a socket option confirms or excuses. */
static bool worth_asking(enum flow_fault fault)
{
	return fault == FAULT_NAGLE || fault == FAULT_PINNED_RECEIVE || fault == FAULT_PINNED_SEND ||
	       fault == FAULT_FROZEN || fault == FAULT_STALLED;
}

static void choose_borrowed(struct collecting *c, struct tally *t)
{
	struct flow_judging *j = c->flow_judging;

	for (unsigned n = 0; n < t->kept && j->suspect_count < SUSPECTS_MAX; n++) {
		struct suspect *s = &t->suspects[n];
		const struct socket_holder *h = s->holder < 0 ? NULL : &c->holders[s->holder];

		j->borrowed[j->suspect_count] = (struct borrowed){
			.cookie = s->flow->cookie, .pid = h ? h->pid : 0, .fd = h ? h->fd : -1};
		s->borrowed = &j->borrowed[j->suspect_count++];
	}
}

static void borrow(struct collecting *c)
{
	struct flow_judging *j = c->flow_judging;

	for (size_t i = 0; i < j->owner_count; i++)
		for (unsigned k = 0; k < FLOW_FAULTS; k++)
			if (worth_asking(k))
				choose_borrowed(c, &j->owners[i].tallies[k]);
	if (j->suspect_count)
		j->borrow_error = root_borrow(c->root, j->borrowed, j->suspect_count);
}

/* An option of a suspect. 1: told, with *ret; 0: not. */
static bool option_of(const struct suspect *s, enum socket_option o, int *ret)
{
	if (!s->borrowed || s->borrowed->error || !(s->borrowed->known & 1u << o))
		return false;
	*ret = s->borrowed->values[o];
	return true;
}

static struct value why_not_asked(const struct collecting *c, const struct tally *t)
{
	const struct borrowed *b = t->kept ? t->suspects[0].borrowed : NULL;

	if (!t->count)
		return value_missing(VALUE_ABSENT, "no connection is suspected");
	if (!c->options->borrow)
		return value_missing(VALUE_DENIED, "descriptors are not to be borrowed");
	if (c->flow_judging->borrow_error)
		return value_missing(VALUE_UNREAD, "the record holds no socket options");
	if (b && b->error == ENOSYS)
		return value_missing(VALUE_UNREAD, "this kernel lends no descriptors: Linux 5.6 and later do");
	if (!root_host(c->root)->privileged)
		return value_missing(VALUE_DENIED, "borrowing descriptors needs root");
	if (b && (b->error == EPERM || b->error == EACCES))
		return value_missing(VALUE_DENIED, "the process lends no descriptors");
	return value_missing(VALUE_UNREAD, b && !b->error ? "this kernel does not tell the option"
							  : "the process that holds the socket was not found");
}

static struct value count_or_missing(const struct collecting *c, const struct owner_flows *o, double n)
{
	bool thinned = c->cohort.idle_shift || c->cohort.active_shift;

	if (c->window <= 0)
		return value_missing(VALUE_NO_WINDOW, NULL);
	if (thinned && !o->timed && o->subject->values[OWNER_ESTABLISHED].num > 0)
		return value_missing(VALUE_FEW, "none of its connections is in the sample");
	return value_number(n);
}

static struct value peer_of(struct collecting *c, const struct tally *t)
{
	char address[ADDRESS_TEXT_MAX];
	const struct flow *f = t->suspects[0].flow;

	address_text(&f->dst, f->dport, address);
	return value_text(t->count > 1 ? arena_printf(&c->facts->arena, "%s and %u more", address, t->count - 1)
				       : arena_strdup(&c->facts->arena, address));
}

static void none(struct value *v, enum owner_fact first, enum owner_fact last, const char *why)
{
	for (unsigned i = first; i <= last; i++)
		v[i] = value_missing(VALUE_ABSENT, why);
}

static void set_nagle(struct collecting *c, struct owner_flows *o)
{
	struct tally *t = &o->tallies[FAULT_NAGLE];
	struct value *v = o->subject->values;
	unsigned asked = 0, confirmed = 0;
	int nodelay, cork;

	for (unsigned i = 0; i < t->kept; i++)
		if (option_of(&t->suspects[i], BORROWED_NODELAY, &nodelay) &&
		    option_of(&t->suspects[i], BORROWED_CORK, &cork)) {
			asked++;
			confirmed += !nodelay && !cork;
		}
	none(v, OWNER_NAGLE_ASKED, OWNER_NAGLE_PEER, "no small write waits");
	v[OWNER_NAGLE] = t->count ? value_number(t->count) : c->window > 0 ? count_or_missing(c, o, 0) : value_number(0);
	v[OWNER_NAGLE_CONFIRMED] = asked ? value_number(confirmed) : why_not_asked(c, t);
	v[OWNER_NAGLE_ASKED] = value_number(asked);
	if (!t->count)
		return;
	v[OWNER_NAGLE_WAIT] = value_number(o->held_ms / 1e3);
	v[OWNER_NAGLE_SRTT] = value_number(t->suspects[0].flow->now.rtt / 1e6);
	v[OWNER_NAGLE_MIN_RTT] = value_number(t->suspects[0].flow->now.min_rtt / 1e6);
	v[OWNER_NAGLE_PEER] = peer_of(c, t);
}

/* How many of the suspects have this buffer fixed; negative where nobody could be asked. */
static int locked(const struct tally *t, int lock)
{
	int asked = 0, n = 0, v;

	for (unsigned i = 0; i < t->kept; i++)
		if (option_of(&t->suspects[i], BORROWED_BUF_LOCK, &v)) {
			asked++;
			n += (v & lock) != 0;
		}
	return asked ? n : -1;
}

static void set_pinned(struct collecting *c, struct owner_flows *o)
{
	const struct tally *in = &o->tallies[FAULT_PINNED_RECEIVE], *out = &o->tallies[FAULT_PINNED_SEND];
	int locked_in = locked(in, BORROWED_LOCK_RECEIVE), locked_out = locked(out, BORROWED_LOCK_SEND);
	bool sends = out->count && (!in->count || (locked_in <= 0 && locked_out >= locked_in));
	const struct tally *t = sends ? out : in;
	const struct flow_sample *s = t->count ? &t->suspects[0].flow->now : NULL;
	struct value *v = o->subject->values;
	const struct link *l;

	none(v, OWNER_PINNED_LOCKED, OWNER_PINNED_PEER, "no buffer that stands still limits a connection");
	v[OWNER_PINNED] = count_or_missing(c, o, in->count + out->count);
	if (!s)
		return;
	v[OWNER_PINNED_LOCKED] = locked_in >= 0 || locked_out >= 0
					 ? value_number(max_of(locked_in, 0) + max_of(locked_out, 0))
					 : why_not_asked(c, t);
	v[OWNER_PINNED_OPTION] = value_text(sends ? "SO_SNDBUF" : "SO_RCVBUF");
	v[OWNER_PINNED_BUFFER] = value_number(sends ? s->sndbuf : s->rcvbuf);
	v[OWNER_PINNED_RATE] = value_number(t->suspects[0].weight);
	v[OWNER_PINNED_MIN_RTT] = value_number(s->min_rtt / 1e6);
	v[OWNER_PINNED_PEER] = peer_of(c, t);
	l = link_of(c, t->suspects[0].flow);
	v[OWNER_PINNED_BDP] = l && l->rate_sure ? value_number(l->rate * s->min_rtt / 1e6)
						: value_missing(VALUE_ABSENT, "the speed of the link is not known for sure");
}

/* A receive buffer that the application fixed before the handshake has the scale that it asked for. */
static void drop_locked(struct tally *t)
{
	unsigned kept = 0;
	int v;

	for (unsigned i = 0; i < t->kept; i++)
		if (!option_of(&t->suspects[i], BORROWED_BUF_LOCK, &v) || !(v & BORROWED_LOCK_RECEIVE))
			t->suspects[kept++] = t->suspects[i];
	t->count = kept ? t->count - (t->kept - kept) : 0;
	t->kept = kept;
}

static void set_frozen(struct collecting *c, struct owner_flows *o)
{
	struct tally *t = &o->tallies[FAULT_FROZEN];
	struct value *v = o->subject->values;
	const struct flow_sample *s;

	drop_locked(t);
	none(v, OWNER_FROZEN_WINDOW, OWNER_FROZEN_PEER, "no receiver's scale limits it");
	v[OWNER_FROZEN] = count_or_missing(c, o, t->count);
	if (!t->count)
		return;
	s = &t->suspects[0].flow->now;
	v[OWNER_FROZEN_WINDOW] = value_number(window_of_scale(s->wscale >> 4));
	v[OWNER_FROZEN_SCALE] = value_number(s->wscale >> 4);
	v[OWNER_FROZEN_SCALE_NOW] = value_number(c->flow_judging->limits.wscale);
	v[OWNER_FROZEN_RATE] = value_number(t->suspects[0].weight);
	v[OWNER_FROZEN_MIN_RTT] = value_number(s->min_rtt / 1e6);
	v[OWNER_FROZEN_PEER] = peer_of(c, t);
}

static void set_slow_readers(struct collecting *c, struct owner_flows *o)
{
	const struct tally *t = &o->tallies[FAULT_SLOW_READER];
	struct value *v = o->subject->values;
	double rate;

	none(v, OWNER_SLOW_QUEUE, OWNER_SLOW_PEER, "no receive queue stays full");
	v[OWNER_SLOW_READERS] = count_or_missing(c, o, t->count);
	if (!t->count)
		return;
	rate = flow_read_rate(t->suspects[0].flow, c->window);
	v[OWNER_SLOW_QUEUE] = value_number(t->suspects[0].flow->now.rqueue);
	v[OWNER_SLOW_RATE] = value_number(rate);
	v[OWNER_SLOW_WAIT] = rate > 0 ? value_number(v[OWNER_SLOW_QUEUE].num / rate)
				      : value_missing(VALUE_ABSENT, "nothing was read");
	v[OWNER_SLOW_PEER] = peer_of(c, t);
}

static const char *fate_of(struct collecting *c, const struct stall *s)
{
	char buf[QUANTITY_MAX];

	if (s->fails_in < 0)
		return "keeps asking for ever";
	return arena_printf(&c->facts->arena, "gives up in %s",
			    quantity_format(buf, sizeof(buf), DIM_SECONDS, s->fails_in));
}

static void set_stalled(struct collecting *c, struct owner_flows *o)
{
	const struct tally *dead = &o->tallies[FAULT_STALLED], *closed = &o->tallies[FAULT_WINDOW_CLOSED];
	const struct tally *t = dead->count ? dead : closed;
	struct value *v = o->subject->values;
	struct stall stall;
	int timeout = 0;

	none(v, OWNER_STALLED_QUEUE, OWNER_STALLED_PEER, "no connection stalls");
	v[OWNER_STALLED] = count_or_missing(c, o, dead->count);
	v[OWNER_WINDOW_CLOSED] = count_or_missing(c, o, closed->count);
	if (!t->count)
		return;
	v[OWNER_STALLED_TIMEOUT] = option_of(&t->suspects[0], BORROWED_USER_TIMEOUT, &timeout)
					   ? value_number(max_of(timeout, 0) / 1e3)
					   : why_not_asked(c, t);
	stall = flow_stall(&t->suspects[0].flow->now, &c->flow_judging->limits, max_of(timeout, 0) / 1e3);
	v[OWNER_STALLED_QUEUE] = value_number(t->suspects[0].flow->now.wqueue);
	v[OWNER_STALLED_SINCE] = value_number(stall.since);
	v[OWNER_STALLED_FATE] = value_text(fate_of(c, &stall));
	v[OWNER_STALLED_FAILS] = stall.fails_in >= 0 ? value_number(stall.fails_in)
						     : value_missing(VALUE_ABSENT, "it does not give up");
	v[OWNER_STALLED_PEER] = peer_of(c, t);
}

void derive_owner_faults(struct collecting *c)
{
	struct flow_judging *j = c->flow_judging;

	if (!j)
		return;
	if (c->options->borrow)
		borrow(c);
	for (size_t i = 0; i < j->owner_count; i++) {
		set_nagle(c, &j->owners[i]);
		set_pinned(c, &j->owners[i]);
		set_frozen(c, &j->owners[i]);
		set_slow_readers(c, &j->owners[i]);
		set_stalled(c, &j->owners[i]);
	}
}
