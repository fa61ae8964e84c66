/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/health-judge.h"

#include <math.h>
#include <string.h>

/* The margins; tcpadvisor-health(8) states them. */
static const double goodput_noise = 0.10, goodput_fell = 0.25; /* of what it was */
static const double latency_may_cost = 0.5;		       /* of the goodput, under profile latency */
static const double errors_noise = 2, errors_fell = 3;	       /* standard errors of the difference */
static const double too_varied = 0.5;			       /* such an error margin, of what it was, tells nothing */
static const double rtt_noise = 0.20, rtt_noise_s = 0.002;     /* of what it was, and s */
static const double rtt_rose = 0.50, rtt_rose_s = 0.010;
static const double power_fell = 0.75;			       /* goodput over round trip, of what it was */
static const double retrans_bound = 0.10, retrans_factor = 3;  /* of the bytes sent; of what it was */
static const double fair_share = 0.5;			       /* of what each flow would have if all had the same */
static const double mostly = 0.5;
static const double load_factor = 2;   /* more flows than that at a time are another load */
static const double count_factor = 3;  /* a counter's rate, of what it was */
static const double traffic_share = 0.5; /* of the traffic before, that must be proven */

enum health_profile health_profile_of(const char *list)
{
	static const struct {
		const char *name;
		enum health_profile profile;
	} known[] = {
		{"throughput", PROFILE_THROUGHPUT},
		{"latency", PROFILE_LATENCY},
		{"balanced", PROFILE_BALANCED},
	};

	for (const char *p = list; *p; p += strspn(p, ", ")) {
		size_t n = strcspn(p, ", ");

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (strlen(known[i].name) == n && !strncmp(known[i].name, p, n))
				return known[i].profile;
		p += n;
	}
	return PROFILE_BALANCED;
}

static double mbit(double bytes)
{
	return bytes * 8 / 1e6;
}

/* Of a mean over flows: those of one flow are no independent values. */
static double error_of(const struct health_flows *f)
{
	return f->flows ? f->deviation / sqrt(f->flows) : 0;
}

/*
 * Slower for each flow, while all of them together carry what they did: they share the path with more flows, or with
 * older ones that hold on to their part. The path is not the reason where a window or a buffer keeps a flow below half of
 * a fair part, or keeps flows slow that see no queue on the way.
 */
static enum health_outcome weigh_sharing(const struct health_path *p, const struct health_flows *a, bool fell,
					 char says[PAPER_TEXT])
{
	double flows = fmax(1, a->concurrent), fair = a->total / flows;
	bool small = a->goodput < fair_share * fair;
	size_t n = strlen(says);

	if (fell && ((small && a->held > mostly) || (p->out && a->held_free > mostly)))
		return HEALTH_WORSE;
	if (!small) {
		paper_print(says + n, PAPER_TEXT - n, ", where %.3g flows share %.3g Mbit/s", flows, mbit(a->total));
		return HEALTH_EQUAL;
	}
	paper_print(says + n, PAPER_TEXT - n, ", where older flows hold most of %.3g Mbit/s", mbit(a->total));
	return HEALTH_UNPROVEN;
}

static enum health_outcome weigh_fall(const struct health_path *p, const struct health_flows *a, bool fell,
				      char says[PAPER_TEXT])
{
	size_t n = strlen(says);

	if (a->total >= (1 - goodput_noise) * p->before.total)
		return weigh_sharing(p, a, fell, says);
	if (!fell) {
		paper_print(says + n, PAPER_TEXT - n, ": less, within what it may vary by");
		return HEALTH_UNPROVEN;
	}
	/* Whether a peer has more to send is not seen from here. */
	if (!p->out && a->held <= mostly) {
		paper_print(says + n, PAPER_TEXT - n, ": less, but no window of this host holds it");
		return HEALTH_UNPROVEN;
	}
	return HEALTH_WORSE;
}

/* loss: how much less is a fall. */
static enum health_outcome weigh_goodput(const struct health_path *p, const struct health_flows *a, double loss,
					 char says[PAPER_TEXT])
{
	const struct health_flows *b = &p->before;
	double error = hypot(error_of(b), error_of(a)), difference = a->goodput - b->goodput;
	double noise = fmax(goodput_noise * b->goodput, errors_noise * error);

	paper_print(says, PAPER_TEXT, "goodput per flow %.3g -> %.3g Mbit/s on %s, %s", mbit(b->goodput), mbit(a->goodput), p->name,
		    p->out ? "out" : "in");
	if (difference > noise)
		return HEALTH_GAIN;
	if (difference < -noise)
		return weigh_fall(p, a, -difference > fmax(loss * b->goodput, errors_fell * error), says);
	if (noise <= too_varied * b->goodput)
		return HEALTH_EQUAL;
	paper_print(says, PAPER_TEXT, "flows on %s differ too much from each other to be compared", p->name);
	return HEALTH_UNPROVEN;
}

/* A round trip under load is comparable only under a like load. */
static enum health_outcome weigh_rtt(const struct health_path *p, const struct health_flows *a, char says[PAPER_TEXT])
{
	const struct health_flows *b = &p->before;
	double difference = a->srtt - b->srtt;
	bool more = a->concurrent > load_factor * b->concurrent, less = a->total < b->total / load_factor;
	size_t n;

	paper_print(says, PAPER_TEXT, "RTT under load %.3g -> %.3g ms on %s, %s", b->srtt * 1e3, a->srtt * 1e3, p->name,
		    p->out ? "out" : "in");
	n = strlen(says);
	if (fabs(difference) <= fmax(rtt_noise * b->srtt, rtt_noise_s))
		return HEALTH_EQUAL;
	if (difference < 0 && !less)
		return HEALTH_GAIN;
	if (difference > fmax(rtt_rose * b->srtt, rtt_rose_s) && !more)
		return HEALTH_WORSE;
	paper_print(says + n, PAPER_TEXT - n,
		    difference < 0 ? ", with less load than before"
		    : more	   ? ", with more flows than before"
				   : ": more, within what it may vary by");
	return HEALTH_UNPROVEN;
}

static bool enough_bulk(const struct health_path *p, const struct health_flows *a, unsigned windows)
{
	return p->before.bulk && a->windows >= windows && a->bulk >= windows;
}

static bool enough_timed(const struct health_path *p, const struct health_flows *a, unsigned windows)
{
	return p->before.timed && a->windows >= windows && a->timed >= windows;
}

/* More of what is sent is sent again, far more, and nothing was won by it. */
static enum health_outcome weigh_retrans(const struct health_path *p, const struct health_flows *a,
					 enum health_outcome outcome, char says[PAPER_TEXT])
{
	if (outcome != HEALTH_EQUAL || a->retrans <= retrans_bound || a->retrans <= retrans_factor * p->before.retrans)
		return outcome;
	paper_print(says, PAPER_TEXT, "retransmitted share %.3g -> %.3g %% on %s, for no gain", p->before.retrans * 100,
		    a->retrans * 100, p->name);
	return HEALTH_WORSE;
}

static enum health_outcome judge_latency(const struct health_path *p, const struct health_flows *a, unsigned windows,
					 char says[PAPER_TEXT])
{
	enum health_outcome rtt, goodput;
	char other[PAPER_TEXT];

	if (!enough_timed(p, a, windows)) {
		paper_print(says, PAPER_TEXT, "no round trip was measured on %s", p->name);
		return HEALTH_UNPROVEN;
	}
	rtt = weigh_rtt(p, a, says);
	if (rtt == HEALTH_WORSE || rtt == HEALTH_UNPROVEN || !enough_bulk(p, a, windows))
		return rtt;
	goodput = weigh_goodput(p, a, latency_may_cost, other);
	if (goodput == HEALTH_WORSE) {
		paper_print(says, PAPER_TEXT, "%s", other);
		return goodput;
	}
	return weigh_retrans(p, a, rtt, says);
}

/*
 * Both count: by their quotient, which is what a queue that brings no goodput makes smaller (Kleinrock's power), and
 * what a window that was too small leaves low.
 */
static enum health_outcome judge_balanced(const struct health_path *p, const struct health_flows *a,
					  enum health_outcome goodput, char says[PAPER_TEXT])
{
	enum health_outcome rtt;
	char other[PAPER_TEXT];
	double power;

	if (goodput != HEALTH_GAIN && goodput != HEALTH_EQUAL)
		return goodput;
	if (!enough_timed(p, a, 1) || p->before.srtt <= 0)
		return goodput;
	rtt = weigh_rtt(p, a, other);
	if (rtt != HEALTH_WORSE) {
		if (rtt == HEALTH_GAIN && goodput == HEALTH_EQUAL) {
			paper_print(says, PAPER_TEXT, "%s", other);
			return rtt;
		}
		return goodput;
	}
	power = a->goodput / p->before.goodput * p->before.srtt / a->srtt;
	if (power >= 1)
		return goodput;
	paper_print(says, PAPER_TEXT, "%s, for goodput per flow %.3g -> %.3g Mbit/s", other, mbit(p->before.goodput),
		    mbit(a->goodput));
	return power < power_fell ? HEALTH_WORSE : HEALTH_UNPROVEN;
}

static enum health_outcome judge_windows(enum health_profile profile, const struct health_path *p,
					 const struct health_flows *a, unsigned windows, char says[PAPER_TEXT])
{
	enum health_outcome outcome;

	if (profile == PROFILE_LATENCY)
		return judge_latency(p, a, windows, says);
	if (!enough_bulk(p, a, windows)) {
		/* Small exchanges only: what they can tell is their round trip. */
		if (profile == PROFILE_BALANCED && !p->before.bulk && enough_timed(p, a, windows))
			return weigh_rtt(p, a, says);
		paper_print(says, PAPER_TEXT,
			    p->before.bulk ? "too few windows of flows on %s that were opened after the change (%u of %d)"
					   : "no flow carried much on %s before the change",
			    p->name, a->bulk, HEALTH_WINDOWS);
		return HEALTH_UNPROVEN;
	}
	outcome = weigh_goodput(p, a, goodput_fell, says);
	if (profile == PROFILE_BALANCED)
		outcome = judge_balanced(p, a, outcome, says);
	return weigh_retrans(p, a, outcome, says);
}

/* All paths together are of use only where many flows even out how much those differ. */
static bool is_judged(const struct health_path *p, const struct health_flows *a)
{
	return !p->all || (p->before.flows >= HEALTH_ALL_FLOWS && a->flows >= HEALTH_ALL_FLOWS);
}

enum health_outcome health_judge_flows(enum health_profile profile, const struct health_path *p,
				       const struct health_flows *a, char says[PAPER_TEXT])
{
	enum health_outcome outcome;
	size_t n;

	if (!is_judged(p, a)) {
		paper_print(says, PAPER_TEXT, "too few flows on %s", p->name);
		return HEALTH_UNPROVEN;
	}
	outcome = judge_windows(profile, p, a, HEALTH_WINDOWS, says);
	n = strlen(says);
	if (outcome == HEALTH_GAIN || outcome == HEALTH_EQUAL)
		paper_print(says + n, PAPER_TEXT - n, ", %u windows", a->windows);
	return outcome;
}

bool health_counter_is_worse(enum counter c, const struct health_counts *b, const struct health_counts *a)
{
	double before = counter_rate(b, c), after = counter_rate(a, c), opens_before, opens_after;

	if (!b->known[c] || !a->known[c] || counter_defs[c].least <= 0)
		return false;
	if (after < counter_defs[c].least || after < count_factor * before)
		return false;
	if (!counter_defs[c].opening)
		return true;
	opens_before = counter_rate(b, COUNT_ACTIVE_OPENS) + counter_rate(b, COUNT_PASSIVE_OPENS);
	opens_after = counter_rate(a, COUNT_ACTIVE_OPENS) + counter_rate(a, COUNT_PASSIVE_OPENS);
	/* As many of each hundred as before: more connections are opened, that is all. */
	return after * opens_before >= count_factor * before * opens_after || opens_after <= 0;
}

/* Bad windows in a row make it worse; a window that says nothing of a path says nothing. True: it is. */
static bool path_is_worse(struct health_state *state, enum health_profile profile, const struct health_numbers *n,
			  bool *gained, char signal[PAPER_TEXT])
{
	char says[PAPER_TEXT];

	for (unsigned i = 0; i < n->path_count && i < HEALTH_PATHS; i++) {
		const struct health_path *p = &n->paths[i];
		enum health_outcome outcome = HEALTH_UNPROVEN;

		if (!p->last.windows || !is_judged(p, &p->last))
			continue;
		outcome = judge_windows(profile, p, &p->last, 1, says);
		*gained = *gained || outcome == HEALTH_GAIN;
		state->paths[i] = outcome == HEALTH_WORSE ? state->paths[i] + 1 : 0;
		if (state->paths[i] < HEALTH_BAD_WINDOWS)
			continue;
		paper_print(signal, PAPER_TEXT, "worse: %s, %u windows in a row", says, state->paths[i]);
		return true;
	}
	return false;
}

static bool counter_is_worse(struct health_state *state, const struct health_numbers *n, bool gained,
			     char signal[PAPER_TEXT])
{
	for (unsigned i = 0; i < COUNTERS; i++) {
		bool bad = health_counter_is_worse(i, &n->before, &n->last) && !(gained && counter_defs[i].excused);

		state->counters[i] = bad ? state->counters[i] + 1 : 0;
		if (state->counters[i] < HEALTH_BAD_WINDOWS)
			continue;
		paper_print(signal, PAPER_TEXT, "worse: %s %.3g -> %.3g a second, %u windows in a row", counter_defs[i].name,
			    counter_rate(&n->before, i), counter_rate(&n->last, i), state->counters[i]);
		return true;
	}
	return false;
}

/* How connections are opened: the counters are the evidence, once enough were opened. */
static enum paper_verdict judge_connections(const struct health_numbers *n, char signal[PAPER_TEXT])
{
	static const enum counter faults[] = {COUNT_LISTEN_OVERFLOWS, COUNT_LISTEN_DROPS, COUNT_ATTEMPT_FAILS,
					      COUNT_SYN_RETRANS};
	double opens = n->after.count[COUNT_ACTIVE_OPENS] + n->after.count[COUNT_PASSIVE_OPENS];

	if (opens < HEALTH_OPENS) {
		paper_print(signal, PAPER_TEXT, "unproven: %.0f of %d connections were opened since the change", opens,
			    HEALTH_OPENS);
		return VERDICT_UNPROVEN;
	}
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		double before = counter_rate(&n->before, faults[i]), after = counter_rate(&n->after, faults[i]);

		if (before < counter_defs[faults[i]].least || before < count_factor * after)
			continue;
		paper_print(signal, PAPER_TEXT, "gain: %s %.3g -> %.3g a second, %.0f connections opened",
			    counter_defs[faults[i]].name, before, after, opens);
		return VERDICT_OK;
	}
	paper_print(signal, PAPER_TEXT, "equal: %.0f connections opened, no more failures than before", opens);
	return VERDICT_OK;
}

struct proof {
	bool wanted;	    /* the change is made for a path that is known */
	double all, proven; /* bytes per second before the change */
	const struct health_path *best, *lacking;
	enum health_outcome outcome; /* of the best */
	char says[PAPER_TEXT], lacks[PAPER_TEXT];
};

static bool is_heavier(const struct health_path *p, const struct health_path *than)
{
	return !than || p->before.total > than->before.total;
}

static void weigh_proof(struct proof *proof, enum health_profile profile, const struct health_path *p)
{
	char says[PAPER_TEXT];
	enum health_outcome outcome = health_judge_flows(profile, p, &p->recent, says);

	if (!p->all)
		proof->all += p->before.total;
	if (outcome == HEALTH_UNPROVEN || outcome == HEALTH_WORSE) {
		if (p->all || !is_heavier(p, proof->lacking))
			return;
		proof->lacking = p;
		paper_print(proof->lacks, PAPER_TEXT, "%s", says);
		return;
	}
	proof->proven += p->all ? INFINITY : p->before.total;
	if (outcome < proof->outcome || (outcome == proof->outcome && !is_heavier(p, proof->best)))
		return;
	proof->best = p;
	proof->outcome = outcome;
	paper_print(proof->says, PAPER_TEXT, "%s", says);
}

/* What the change is made for must be proven; where that is not known, half of the traffic that there was. */
static enum paper_verdict judge_proof(enum health_profile profile, const struct health_numbers *n, char signal[PAPER_TEXT])
{
	struct proof proof = {0};

	for (unsigned i = 0; i < n->path_count; i++)
		proof.wanted = proof.wanted || n->paths[i].wanted;
	for (unsigned i = 0; i < n->path_count; i++)
		if (n->paths[i].wanted || !proof.wanted)
			weigh_proof(&proof, profile, &n->paths[i]);
	if (proof.best && (proof.wanted || proof.proven >= traffic_share * proof.all)) {
		paper_print(signal, PAPER_TEXT, "%s: %s", proof.outcome == HEALTH_GAIN ? "gain" : "equal", proof.says);
		return VERDICT_OK;
	}
	paper_print(signal, PAPER_TEXT, "unproven: %s",
		    proof.lacking ? proof.lacks : "no flow moved data before the change: there is nothing to compare with");
	return VERDICT_UNPROVEN;
}

enum paper_verdict health_judge(struct health_state *state, enum health_profile profile, const struct health_numbers *n,
				char signal[PAPER_TEXT])
{
	bool gained = false;

	if (n->missing) {
		paper_print(signal, PAPER_TEXT, "unproven: %s", n->missing);
		return VERDICT_UNPROVEN;
	}
	if (path_is_worse(state, profile, n, &gained, signal) || counter_is_worse(state, n, gained, signal))
		return VERDICT_WORSE;
	return n->connections ? judge_connections(n, signal) : judge_proof(profile, n, signal);
}
