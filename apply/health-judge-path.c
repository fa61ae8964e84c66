/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One path: the flows of before against those that were opened after the change. */
#include "apply/health-judge.h"

#include <math.h>
#include <string.h>

/* The margins; tcpadvisor-health(8) states them. */
static const double goodput_noise = 0.10, goodput_fell = 0.25; /* of what it was */
static const double latency_may_cost = 0.5;		       /* of the goodput, under profile latency */
static const double errors_noise = 2, errors_fell = 3;	       /* standard errors of the difference */
static const double apart = 0.5;			       /* of the least that there was */
static const double too_varied = 0.5;			       /* such an error margin, of what it was, tells nothing */
static const double rtt_noise = 0.20, rtt_noise_s = 0.002;     /* of what it was, and s */
static const double rtt_rose = 0.50, rtt_rose_few = 1.20, rtt_rose_s = 0.010;
enum { RTT_FLOWS = 8 };
static const double power_fell = 0.75;			       /* goodput over round trip, of what it was */
static const double retrans_bound = 0.10, retrans_factor = 3;  /* of the bytes sent; of what it was */
static const double fair_share = 0.5;			       /* of what each flow would have if all had the same */
static const double mostly = 0.5;
static const double more_flows = 1.5, less_load = 0.5; /* of what there was at a time: another load */

static double mbit(double bytes)
{
	return bytes * 8 / 1e6;
}

/* Of a mean over flows: those of one flow are no independent values. */
static double error_of(const struct health_flows *f)
{
	return f->flows ? f->deviation / sqrt(f->flows) : 0;
}

/* How much two windows vary is hardly known: at least as much, to scale, as those of the newer flows do. */
static double error_before(const struct health_flows *b, const struct health_flows *a)
{
	double scale = a->goodput > 0 ? b->goodput / a->goodput : 0;

	return fmax(error_of(b), b->bulk ? scale * a->deviation / sqrt(b->bulk) : 0);
}

/* A window or a buffer of this host keeps it below half of a fair part, or keeps it slow where there is no queue. */
static bool is_held(const struct health_path *p, const struct health_flows *a, double fair)
{
	return (a->goodput < fair_share * fair && a->held > mostly) || (p->out && a->held_free > mostly);
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

	if (fell && is_held(p, a, fair))
		return HEALTH_WORSE;
	if (!small) {
		paper_print(says + n, PAPER_TEXT - n, ", where %.3g flows share %.3g Mbit/s", flows, mbit(a->total));
		return HEALTH_EQUAL;
	}
	paper_print(says + n, PAPER_TEXT - n, ", where older flows hold most of %.3g Mbit/s", mbit(a->total));
	return HEALTH_UNPROVEN;
}

/*
 * What the path lost, other paths won: they may share a link, which is no harm. More than others vary by; and a flow that
 * the change itself holds back leaves room to others too.
 */
static enum health_outcome weigh_others(const struct health_path *p, const struct health_flows *a, char says[PAPER_TEXT])
{
	const struct health_flows *b = &p->before;
	double won = a->others - b->others, more = fmax(0, a->others_concurrent - b->others_concurrent);
	double fair = (a->total + won) / fmax(1, a->concurrent + more);
	size_t n = strlen(says);

	if (won <= goodput_noise * b->others || a->total + won < (1 - goodput_noise) * b->total || is_held(p, a, fair))
		return HEALTH_WORSE;
	paper_print(says + n, PAPER_TEXT - n, ", while other paths carry %.3g Mbit/s more", mbit(won));
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
	return weigh_others(p, a, says);
}

/* Whatever it varies by: the best is below half of the worst that there was. */
static bool is_apart(const struct health_flows *b, const struct health_flows *a)
{
	return a->most < apart * b->least;
}

/* loss: how much less is a fall. */
static enum health_outcome weigh_goodput(const struct health_path *p, const struct health_flows *a, double loss,
					 char says[PAPER_TEXT])
{
	const struct health_flows *b = &p->before;
	double error = hypot(error_before(b, a), error_of(a)), difference = a->goodput - b->goodput;
	double noise = fmax(goodput_noise * b->goodput, errors_noise * error);

	paper_print(says, PAPER_TEXT, "goodput per flow %.3g -> %.3g Mbit/s on %s, %s", mbit(b->goodput), mbit(a->goodput), p->name,
		    p->out ? "out" : "in");
	/* A flow that is still getting faster varies much, and is faster all the same. */
	if (difference > noise || (a->least > (1 + goodput_noise) * b->most && b->most > 0))
		return HEALTH_GAIN;
	if (difference < -noise || is_apart(b, a))
		return weigh_fall(p, a, -difference > fmax(loss * b->goodput, errors_fell * error) || is_apart(b, a), says);
	if (noise <= too_varied * b->goodput)
		return HEALTH_EQUAL;
	paper_print(says, PAPER_TEXT, "flows on %s differ too much from each other to be compared", p->name);
	return HEALTH_UNPROVEN;
}

/*
 * One loss-based flow fills and empties the queue by turns, and takes many seconds to fill it: at a queue of one BDP its
 * round trip doubles by itself. Many flows do so at different times.
 */
static double rtt_margin(const struct health_flows *b, const struct health_flows *a)
{
	double rose = min_of(b->concurrent, a->concurrent) >= RTT_FLOWS ? rtt_rose : rtt_rose_few;

	return fmax(rose * b->srtt, rtt_rose_s);
}

/* A round trip under load is comparable only under a like load. */
static enum health_outcome weigh_rtt(const struct health_path *p, const struct health_flows *a, char says[PAPER_TEXT])
{
	const struct health_flows *b = &p->before;
	double difference = a->srtt - b->srtt;
	bool more = a->concurrent > more_flows * b->concurrent, less = a->total < less_load * b->total;
	size_t n;

	paper_print(says, PAPER_TEXT, "RTT under load %.3g -> %.3g ms on %s, %s", b->srtt * 1e3, a->srtt * 1e3, p->name,
		    p->out ? "out" : "in");
	n = strlen(says);
	if (fabs(difference) <= fmax(rtt_noise * b->srtt, rtt_noise_s))
		return HEALTH_EQUAL;
	if (difference < 0 && !less)
		return HEALTH_GAIN;
	if (difference > rtt_margin(b, a) && !more)
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
	enum health_outcome outcome;

	if (!enough_timed(p, a, windows)) {
		paper_print(says, PAPER_TEXT, "no round trip was measured on %s", p->name);
		return HEALTH_UNPROVEN;
	}
	/* Whoever sends next to nothing has no queue. */
	if (enough_bulk(p, a, windows) && weigh_goodput(p, a, latency_may_cost, says) == HEALTH_WORSE)
		return HEALTH_WORSE;
	outcome = weigh_rtt(p, a, says);
	return enough_bulk(p, a, windows) ? weigh_retrans(p, a, outcome, says) : outcome;
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
	if (rtt != HEALTH_WORSE && !(rtt == HEALTH_UNPROVEN && a->srtt > p->before.srtt)) {
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
	return rtt == HEALTH_WORSE && power < power_fell ? HEALTH_WORSE : HEALTH_UNPROVEN;
}

/* Small exchanges only: what they can tell is their round trip. */
static enum health_outcome judge_few(enum health_profile profile, const struct health_path *p, const struct health_flows *a,
				     unsigned windows, char says[PAPER_TEXT])
{
	if (profile == PROFILE_BALANCED && !p->before.bulk && enough_timed(p, a, windows))
		return weigh_rtt(p, a, says);
	if (p->before.bulk)
		paper_print(says, PAPER_TEXT, "too few windows of flows on %s, %s, that were opened after the change (%u of %u)",
			    p->name, p->out ? "out" : "in", a->bulk, windows);
	else
		paper_print(says, PAPER_TEXT, "no flow carried much on %s before the change", p->name);
	return HEALTH_UNPROVEN;
}

/* All paths together are of use only where many flows even out how much those differ. */
static bool is_judged(const struct health_path *p, const struct health_flows *a)
{
	return !p->all || (p->before.flows >= HEALTH_ALL_FLOWS && a->flows >= HEALTH_ALL_FLOWS);
}

enum health_outcome health_judge_flows(enum health_profile profile, const struct health_path *p,
				       const struct health_flows *a, unsigned windows, char says[PAPER_TEXT])
{
	enum health_outcome outcome;

	if (!is_judged(p, a)) {
		paper_print(says, PAPER_TEXT, "too few flows on %s", p->name);
		return HEALTH_UNPROVEN;
	}
	if (profile == PROFILE_LATENCY)
		return judge_latency(p, a, windows, says);
	if (!enough_bulk(p, a, windows))
		return judge_few(profile, p, a, windows, says);
	outcome = weigh_goodput(p, a, goodput_fell, says);
	if (profile == PROFILE_BALANCED)
		outcome = judge_balanced(p, a, outcome, says);
	return weigh_retrans(p, a, outcome, says);
}
