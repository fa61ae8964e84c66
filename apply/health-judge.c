/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All paths and counters: the verdict. What is said of one path stands in health-judge-path.c. */
#include "apply/health-judge.h"

#include <math.h>
#include <string.h>

static const double count_factor = 3;	 /* a counter's rate, of what it was */
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

/* Resets that outsiders were sent at closed ports hide as many failures (counters_between()): at most so many there were. */
static double rate_at_most(const struct health_counts *c, enum counter which)
{
	return counter_rate(c, which) + (which == COUNT_ATTEMPT_FAILS ? counter_rate(c, COUNT_RESETS_SENT) : 0);
}

bool health_counter_is_worse(enum counter c, const struct health_counts *b, const struct health_counts *a)
{
	double before = rate_at_most(b, c), after = counter_rate(a, c), opens_before, opens_after;

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

/*
 * Bad windows in a row make it worse, if the newest windows taken together say so too: what varies much has bad windows in
 * a row sooner or later. A window without new flows says nothing. True: it is worse.
 */
static bool path_is_worse(struct health_state *state, enum health_profile profile, const struct health_numbers *n,
			  bool *gained, char signal[PAPER_TEXT])
{
	char says[PAPER_TEXT];

	for (unsigned i = 0; i < n->path_count && i < HEALTH_PATHS; i++) {
		const struct health_path *p = &n->paths[i];
		enum health_outcome outcome;

		if (!p->last.windows)
			continue;
		outcome = health_judge_flows(profile, p, &p->last, 1, says);
		*gained = *gained || outcome == HEALTH_GAIN;
		state->paths[i] = outcome == HEALTH_WORSE ? state->paths[i] + 1 : 0;
		if (state->paths[i] < HEALTH_BAD_WINDOWS ||
		    health_judge_flows(profile, p, &p->recent, 1, says) != HEALTH_WORSE)
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

/* How connections are opened and given up: the counters are the evidence, once enough were opened. */
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
		double before = counter_rate(&n->before, faults[i]), after = rate_at_most(&n->after, faults[i]);

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
	bool wanted;	    /* only what the change is made for counts */
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
	enum health_outcome outcome = health_judge_flows(profile, p, &p->recent, HEALTH_WINDOWS, says);

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
	paper_print(proof->says, PAPER_TEXT, "%s, %u windows", says, p->recent.windows);
}

/* What the change is made for must be proven; where that is not known, half of the traffic that there was. */
static enum paper_verdict judge_proof(enum health_profile profile, const struct health_numbers *n, char signal[PAPER_TEXT])
{
	struct proof proof = {.wanted = n->aimed};

	for (unsigned i = 0; i < n->path_count; i++)
		if (n->paths[i].wanted || !proof.wanted)
			weigh_proof(&proof, profile, &n->paths[i]);
	if (proof.best && (proof.wanted || proof.proven >= traffic_share * proof.all)) {
		paper_print(signal, PAPER_TEXT, "%s: %s", proof.outcome == HEALTH_GAIN ? "gain" : "equal", proof.says);
		return VERDICT_OK;
	}
	paper_print(signal, PAPER_TEXT, "unproven: %s",
		    proof.lacking  ? proof.lacks
		    : proof.wanted ? "no flow moved data before, where the change is made for: there is nothing to compare with"
				   : "no flow moved data before the change: there is nothing to compare with");
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
	if ((!n->connections && path_is_worse(state, profile, n, &gained, signal)) || counter_is_worse(state, n, gained, signal))
		return VERDICT_WORSE;
	return n->connections ? judge_connections(n, signal) : judge_proof(profile, n, signal);
}
