/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The judgement: measured cases in which a change was right or wrong, and what must not fool it. */
#include "unit.h"

#include <math.h>

#include "apply/health-judge.h"

enum { KINDS = 3 };

/* Flows of one path in the units of people; 0 where a row says nothing. */
struct seen {
	double mbit, rtt, retrans; /* of one flow; ms; % */
	unsigned flows;		   /* new ones at a time; 0: one */
	unsigned windows;	   /* 0: eight */
	double total, concurrent;  /* Mbit/s; 0: of these flows alone */
	double deviation;	   /* Mbit/s */
	double held, held_free;	   /* shares */
	double least, most;	   /* Mbit/s; 0: not known */
	double others, others_concurrent; /* other paths: Mbit/s; flows */
};

static struct health_flows flows_of(const struct seen *s)
{
	unsigned flows = s->flows ? s->flows : 1, windows = s->windows ? s->windows : 8;

	if (s->mbit <= 0)
		return (struct health_flows){0};
	return (struct health_flows){
		.windows = windows,
		.bulk = windows * flows,
		.timed = s->rtt > 0 ? windows * flows : 0,
		.flows = flows,
		.goodput = s->mbit * 1e6 / 8,
		.deviation = s->deviation * 1e6 / 8,
		.least = s->least * 1e6 / 8,
		.most = (s->most > 0 ? s->most : s->mbit) * 1e6 / 8,
		.total = (s->total > 0 ? s->total : s->mbit * flows) * 1e6 / 8,
		.concurrent = s->concurrent > 0 ? s->concurrent : flows,
		.others = s->others * 1e6 / 8,
		.others_concurrent = s->others_concurrent,
		.retrans = s->retrans / 100,
		.held = s->held,
		.held_free = s->held_free,
		.srtt = s->rtt / 1e3,
		.min_rtt = 0.08,
	};
}

enum { T = 1 << PROFILE_THROUGHPUT, L = 1 << PROFILE_LATENCY, B = 1 << PROFILE_BALANCED, ALL = T | L | B };

#define GAIN	 HEALTH_GAIN
#define EQUAL	 HEALTH_EQUAL
#define WORSE	 HEALTH_WORSE
#define UNPROVEN HEALTH_UNPROVEN

static const struct {
	const char *what;
	struct seen before, after;
	unsigned profiles; /* in which it is so */
	enum health_outcome expected;
	bool in; /* this host receives */
	const char *says;
} rows[] = {
	/* 1 Gbit/s × 80 ms */
	{"256 KiB -> 2 x BDP", {17, 80, 0, .held = 1, .held_free = 1}, {941, 113}, T | B, GAIN,
	 .says = "goodput per flow 17 -> 941 Mbit/s on 10.77.0.0/24, out"},
	{"256 KiB -> 2 x BDP, at the receiver", {17, 80, .held = 1}, {923, 113}, T | B, GAIN, .in = true,
	 .says = "goodput per flow 17 -> 923 Mbit/s on 10.77.0.0/24, in"},
	{"256 KiB -> a large buffer, and a queue", {17, 80}, {941, 148, 0.3}, T | B, GAIN},
	{"a queue instead of an empty path is worse where latency counts", {2, 80, .flows = 8}, {117, 148, .flows = 8}, L, WORSE,
	 .says = "RTT under load 80 -> 148 ms"},
	{"one flow may have found it empty by chance", {17, 80}, {941, 148}, L, UNPROVEN},
	{"4 MB -> 2 x BDP", {347, 80}, {941, 94}, T | B, GAIN},
	{"the same, within what latency may vary by", {347, 80}, {941, 94}, L, EQUAL},
	{"a larger buffer for nothing", {941, 80}, {941, 148}, T, EQUAL},
	{"a larger buffer for nothing but a queue", {941, 80}, {941, 148}, B | L, UNPROVEN, .says = "RTT under load 80 -> 148 ms"},
	{"the same for many flows", {94, 80, .flows = 10}, {94, 148, .flows = 10}, B | L, WORSE, .says = "RTT under load 80 -> 148 ms"},
	{"one flow at a queue of one BDP", {47, 21.5}, {47, 39.3}, B | L, UNPROVEN},
	{"CUBIC -> BBR at 0.1 % loss", {6.2, 80.4, 0.1}, {785, 92, 6.9}, T | B, GAIN},
	{"CUBIC -> BBR at 0.1 % loss, small buffers", {6.2, 80.4, 0.1}, {191, 81, 0.2}, T | B, GAIN},
	{"CUBIC -> BBR at 0.1 % loss, latency", {6.2, 80.4, 0.1}, {785, 92, 6.9}, L, EQUAL},
	{"CUBIC -> BBR on a clean path costs a little", {941, 113}, {904, 90}, T, EQUAL},
	{"CUBIC -> BBR on a clean path: less queue", {941, 148}, {904, 90}, B | L, GAIN, .says = "RTT under load 148 -> 90 ms"},
	{"BBR erratic on a clean path", {941, 113}, {762, 110, 7}, T | B, UNPROVEN},
	{"rmem[2] cut to 256 KiB", {900, 113}, {17, 80, .held = 1, .held_free = 1}, ALL, WORSE, .in = true,
	 .says = "goodput per flow 900 -> 17 Mbit/s on 10.77.0.0/24, in"},
	{"wmem[2] cut to 256 KiB", {941, 113}, {24.6, 80, .held = 1, .held_free = 1}, ALL, WORSE},
	{"window scaling off", {941, 113}, {6.5, 80, .held = 1, .held_free = 1}, ALL, WORSE},
	{"a popular static profile's 16 MB at 2.5 Gbit/s", {2354, 94}, {1104, 80, .held = 1, .held_free = 1}, ALL, WORSE},
	{"BBR -> CUBIC at 0.1 % loss", {785, 92, 6.9}, {6.2, 80, 0.1}, ALL, WORSE},
	/* 50 Mbit/s × 20 ms */
	{"BBR -> CUBIC at a deep queue", {46.1, 22.8}, {47.1, 107}, B | L, WORSE},
	{"BBR -> CUBIC at a deep queue, for throughput", {46.1, 22.8}, {47.1, 107}, T, EQUAL},
	{"CUBIC -> BBR at a deep queue", {47.1, 107}, {46.1, 22.8}, B | L, GAIN},
	{"RTT under load from 20 to 150 ms", {47, 20}, {47, 150}, L | B, WORSE, .says = "RTT under load 20 -> 150 ms"},
	{"the receiver's window capped", {47.1, 107}, {47, 58.5, .held = 1}, B | L, GAIN},
	{"a queue of a few ms on a short path", {940, 0.3}, {940, 1.9}, ALL, EQUAL},
	{"retransmits soar, and nothing is won", {941, 80, 0.1}, {930, 82, 14}, ALL, WORSE, .says = "retransmitted share"},
	{"retransmits that were there before", {90, 80, 8}, {92, 82, 14}, ALL, EQUAL},
	{"retransmits that bring goodput", {90, 80, 0.1}, {400, 82, 14}, T | B, GAIN},
	/* Noise */
	{"within ten percent", {941, 80}, {870, 80}, ALL, EQUAL},
	{"a fifth less", {941, 80}, {750, 80}, T | B, UNPROVEN},
	{"three tenths less", {941, 80}, {640, 80}, T | B, WORSE},
	{"latency may cost some goodput", {47, 100}, {30, 22}, L, GAIN},
	{"but not most of it", {47, 100}, {15, 22}, L, WORSE, .says = "goodput per flow 47 -> 15 Mbit/s"},
	{"flows that differ from each other", {50, 80, .flows = 4, .deviation = 60}, {40, 80, .flows = 4, .deviation = 50}, T,
	 UNPROVEN, .says = "differ too much"},
	{"a flow that is getting faster", {26, 80}, {214, 85, .deviation = 120, .least = 60}, T | B, GAIN},
	{"a flow that varies much", {8, 80, .windows = 2, .deviation = 0.2}, {5.5, 80, .deviation = 1.5}, T | B, UNPROVEN},
	{"many such flows", {50, 80, .flows = 400, .deviation = 60}, {52, 80, .flows = 400, .deviation = 50}, T, EQUAL},
	{"many such flows, slower", {50, 80, .flows = 400, .deviation = 60}, {30, 80, .flows = 400, .deviation = 50}, T | B,
	 WORSE},
	/* Others on the path */
	{"a new flow and an old one share the link", {941, 113}, {470, 120, .total = 941, .concurrent = 2}, T, EQUAL,
	 .says = "where 2 flows share 941 Mbit/s"},
	{"an old flow does not let go", {941, 113}, {120, 120, .total = 941, .concurrent = 2}, T | B, UNPROVEN,
	 .says = "older flows hold most"},
	{"an old flow fills what a cut leaves free", {941, 113}, {17, 80, .total = 941, .concurrent = 2, .held = 1}, T | B,
	 WORSE},
	{"the same at the receiver", {941, 113}, {17, 80, .total = 941, .concurrent = 2, .held = 1}, T | B, WORSE, .in = true},
	{"three times the flows, each with half the window", {17, 80, .flows = 10, .held = 1, .held_free = 1},
	 {8.5, 80, .flows = 30, .held = 1, .held_free = 1}, T | B, WORSE},
	{"more flows fill the link", {235, 110, .flows = 4}, {118, 112, .flows = 8}, T, EQUAL},
	{"fewer flows", {235, 110, .flows = 4}, {941, 110}, T | B, GAIN},
	{"a peer sends less, and no window of ours is the reason", {900, 80}, {50, 80}, T | B, UNPROVEN, .in = true,
	 .says = "no window of this host holds it"},
	{"more load makes a longer queue", {5, 22}, {5, 100, .total = 40, .concurrent = 8}, L, UNPROVEN,
	 .says = "with more flows than before"},
	{"less load makes a shorter one", {5, 100, .flows = 8}, {5, 22}, L, UNPROVEN, .says = "with less load"},
	/* Others on the link */
	{"a backup to another network shares the link", {19.3, 20}, {5.86, 21, .others = 13.4, .others_concurrent = 1}, ALL & ~L,
	 UNPROVEN, .says = "while other paths carry 13.4 Mbit/s more"},
	{"a backup of many flows", {19.3, 20}, {2, 21, .others = 17.5, .others_concurrent = 8}, T | B, UNPROVEN},
	{"the same for a receiver", {19.3, 20}, {5.86, 21, .held = 1, .others = 13.4, .others_concurrent = 1}, T | B, UNPROVEN,
	 .in = true},
	{"other paths go on as before", {19.3, 20, .others = 13.4, .others_concurrent = 1},
	 {5.86, 21, .others = 13.4, .others_concurrent = 1}, T | B, WORSE},
	{"others win less than was lost", {19.3, 20}, {5.86, 21, .others = 5, .others_concurrent = 1}, T | B, WORSE},
	{"others vary by more than was lost", {19.3, 20, .others = 900, .others_concurrent = 9},
	 {5.86, 21, .others = 960, .others_concurrent = 9}, T | B, WORSE},
	{"an old flow to another network fills what a cut leaves free", {470, 113, .others = 470, .others_concurrent = 1},
	 {17, 113, .held = 1, .others = 923, .others_concurrent = 1}, ALL, WORSE},
	{"the same without a queue", {470, 113, .others = 470, .others_concurrent = 1},
	 {300, 80, .held = 1, .held_free = 1, .others = 640, .others_concurrent = 1}, T | B, WORSE},
	{"a cut, and a backup of many flows begins", {941, 113},
	 {17, 80, .held = 1, .held_free = 1, .others = 923, .others_concurrent = 54}, ALL, WORSE},
	/* Missing data is never healthy. */
	{"nothing before", {0}, {941, 80}, ALL, UNPROVEN},
	{"nothing after", {941, 80}, {0}, ALL, UNPROVEN},
	{"nothing at all", {0}, {0}, ALL, UNPROVEN},
	{"two windows only", {17, 80}, {941, 90, .windows = 2}, ALL, UNPROVEN},
	{"round trips not measured", {941, 0}, {941, 0}, L, UNPROVEN, .says = "no round trip"},
	{"round trips not measured, goodput is", {17, 0}, {941, 0}, T | B, GAIN},
};

static void flows_are_judged_by_profile(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct health_path p = {.name = "10.77.0.0/24", .out = !rows[i].in, .before = flows_of(&rows[i].before)};
		struct health_flows after = flows_of(&rows[i].after);

		for (unsigned profile = 0; profile < KINDS; profile++) {
			char says[PAPER_TEXT] = "";
			enum health_outcome outcome;

			if (!(rows[i].profiles & 1u << profile))
				continue;
			outcome = health_judge_flows(profile, &p, &after, HEALTH_WINDOWS, says);
			if (outcome != rows[i].expected || (rows[i].says && !strstr(says, rows[i].says)))
				fail_msg("%s (profile %u): %u, expected %u: %s", rows[i].what, profile, outcome, rows[i].expected, says);
		}
	}
}

static const struct seen small_window = {17, 80, .held = 1, .held_free = 1}, full = {941, 113};

/* One path, and what each call of the judge is given. */
struct trial {
	struct health_state state;
	struct health_path path;
	struct health_numbers n;
	char signal[PAPER_TEXT];
};

static struct trial trial(const struct seen *before)
{
	struct trial t = {.path = {.name = "10.77.0.0/24", .out = true, .before = flows_of(before)}};

	t.n.before = t.n.after = t.n.last = (struct health_counts){.seconds = 4};
	for (unsigned i = 0; i < COUNTERS; i++)
		t.n.before.known[i] = t.n.after.known[i] = t.n.last.known[i] = true;
	return t;
}

static enum paper_verdict judge(struct trial *t)
{
	t->n.paths = &t->path;
	t->n.path_count = 1;
	return health_judge(&t->state, PROFILE_THROUGHPUT, &t->n, t->signal);
}

static void one_bad_window_is_no_verdict(void **state)
{
	struct trial t = trial(&full);

	(void)state;
	t.path.recent = flows_of(&full);
	for (int i = 0; i < 5; i++) {
		t.path.last = flows_of(&small_window);
		assert_int_equal(judge(&t), VERDICT_OK);
		assert_int_equal(judge(&t), VERDICT_OK);
		t.path.last = flows_of(&full);
		assert_int_equal(judge(&t), VERDICT_OK);
	}
}

static void three_in_a_row_are(void **state)
{
	struct trial t = trial(&full);

	(void)state;
	t.path.last = t.path.recent = flows_of(&small_window);
	t.path.recent.windows = t.path.recent.bulk = 1;
	assert_int_equal(judge(&t), VERDICT_UNPROVEN);
	/* A window without new flows says nothing. */
	t.path.last = (struct health_flows){0};
	assert_int_equal(judge(&t), VERDICT_UNPROVEN);
	t.path.last = flows_of(&small_window);
	assert_int_equal(judge(&t), VERDICT_UNPROVEN);
	assert_int_equal(judge(&t), VERDICT_WORSE);
	assert_string_equal(t.signal, "worse: goodput per flow 941 -> 17 Mbit/s on 10.77.0.0/24, out, 3 windows in a row");
}

static void what_was_proven_is_said(void **state)
{
	struct trial t = trial(&small_window);

	(void)state;
	t.path.last = t.path.recent = flows_of(&full);
	assert_int_equal(judge(&t), VERDICT_OK);
	assert_string_equal(t.signal, "gain: goodput per flow 17 -> 941 Mbit/s on 10.77.0.0/24, out, 8 windows");
	t.path.recent = flows_of(&small_window);
	assert_int_equal(judge(&t), VERDICT_OK);
	assert_string_equal(t.signal, "equal: goodput per flow 17 -> 17 Mbit/s on 10.77.0.0/24, out, 8 windows");
}

enum { RING = 8, TRIALS = 200, TEN_MINUTES = 300 };

/* Of windows in which a flow varies by a quarter, as one does that loses a segment in a thousand. */
static double varying(double mean, uint64_t *seed)
{
	double sum = 0;

	for (int i = 0; i < 12; i++) {
		*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
		sum += (double)(*seed >> 33) / (1ULL << 31);
	}
	return fmax(0.2 * mean, mean * (1 + 0.25 * (sum - 6)));
}

static struct health_flows flows_over(const double *mbit, unsigned n)
{
	struct seen s = {.windows = n, .rtt = 80, .least = INFINITY};
	double squares = 0;

	for (unsigned i = 0; i < n; i++) {
		s.mbit += mbit[i] / n;
		squares += mbit[i] * mbit[i] / n;
		s.least = fmin(s.least, mbit[i]);
		s.most = fmax(s.most, mbit[i]);
	}
	s.deviation = sqrt(fmax(0, squares - s.mbit * s.mbit));
	return flows_of(&s);
}

/* Windows until it is worse, or that many without a verdict. */
static unsigned windows_until_worse(double before, double after, unsigned most, uint64_t *seed)
{
	double ring[RING], first[2] = {varying(before, seed), varying(before, seed)};
	struct trial t = trial(&full);

	t.path.before = flows_over(first, 2);
	for (unsigned i = 0; i < most; i++) {
		ring[i % RING] = varying(after, seed);
		t.path.last = flows_over(&ring[i % RING], 1);
		t.path.recent = flows_over(ring, min_of(i + 1, (unsigned)RING));
		if (judge(&t) == VERDICT_WORSE)
			return i + 1;
	}
	return most;
}

/* Ten minutes of a flow that varies by chance are no harm; a fall to a tenth is found at once. */
static void chance_is_told_from_harm(void **state)
{
	unsigned false_alarms = 0, late = 0;
	uint64_t seed = 42;

	(void)state;
	for (int i = 0; i < TRIALS; i++) {
		false_alarms += windows_until_worse(6.2, 6.2, TEN_MINUTES, &seed) < TEN_MINUTES;
		late += windows_until_worse(62, 6.2, TEN_MINUTES, &seed) > HEALTH_BAD_WINDOWS + 1;
	}
	if (false_alarms > TRIALS / 25 || late > TRIALS / 25)
		fail_msg("%u false alarms and %u late ones in %d", false_alarms, late, TRIALS);
}

/* What cannot be measured is told, whatever else was. */
static void missing_data_is_not_healthy(void **state)
{
	struct trial t = trial(&small_window);

	(void)state;
	t.path.last = t.path.recent = flows_of(&full);
	t.n.missing = "sockets cannot be read: Permission denied";
	assert_int_equal(judge(&t), VERDICT_UNPROVEN);
	assert_string_equal(t.signal, "unproven: sockets cannot be read: Permission denied");
	t = trial(&full);
	assert_int_equal(judge(&t), VERDICT_UNPROVEN);
	t.n.path_count = 0;
	assert_int_equal(health_judge(&t.state, PROFILE_BALANCED, &t.n, t.signal), VERDICT_UNPROVEN);
}

/* What the change is made for must be proven, not the path beside it. */
static void proof_is_of_the_path_that_the_change_is_for(void **state)
{
	struct trial t = trial(&full);
	struct health_path paths[2] = {t.path, t.path};

	(void)state;
	paths[0].name = "192.0.2.0/24";
	paths[0].last = paths[0].recent = flows_of(&full);
	paths[1].wanted = true;
	t.n.paths = paths;
	t.n.path_count = 2;
	t.n.aimed = true;
	assert_int_equal(health_judge(&t.state, PROFILE_THROUGHPUT, &t.n, t.signal), VERDICT_UNPROVEN);
	assert_non_null(strstr(t.signal, "10.77.0.0/24"));
	/* Nothing is known of the path. */
	paths[1].wanted = false;
	assert_int_equal(health_judge(&t.state, PROFILE_THROUGHPUT, &t.n, t.signal), VERDICT_UNPROVEN);
	assert_non_null(strstr(t.signal, "where the change is made for"));
	t.n.aimed = false;
	assert_int_equal(health_judge(&t.state, PROFILE_THROUGHPUT, &t.n, t.signal), VERDICT_OK);
	/* Not wanted, but most of the traffic is elsewhere. */
	paths[1].before.total *= 3;
	assert_int_equal(health_judge(&t.state, PROFILE_THROUGHPUT, &t.n, t.signal), VERDICT_UNPROVEN);
	/* Harm is harm wherever it is. */
	paths[1].wanted = true;
	paths[0].last = paths[0].recent = flows_of(&small_window);
	for (int i = 0; i < HEALTH_BAD_WINDOWS; i++)
		health_judge(&t.state, PROFILE_THROUGHPUT, &t.n, t.signal);
	assert_non_null(strstr(t.signal, "worse: goodput per flow 941 -> 17 Mbit/s on 192.0.2.0/24"));
}

/* Clients by the thousand, few of each network: all of them together tell something, if they are many. */
static void many_networks_are_judged_together(void **state)
{
	struct trial t = trial(&(struct seen){10, 80, .flows = 40, .deviation = 8});

	(void)state;
	t.path.all = true;
	t.path.recent = flows_of(&(struct seen){20, 80, .flows = 29});
	assert_int_equal(judge(&t), VERDICT_UNPROVEN);
	t.path.recent = flows_of(&(struct seen){20, 80, .flows = 30});
	assert_int_equal(judge(&t), VERDICT_OK);
}

static const struct {
	enum counter counter;
	double before, after; /* a second */
	double opens_before, opens_after;
	bool worse;
} counts[] = {
	{COUNT_ATTEMPT_FAILS, 0, 20, 50, 50, true},	  {COUNT_ATTEMPT_FAILS, 0, 4, 50, 50, false},
	{COUNT_ATTEMPT_FAILS, 20, 50, 50, 50, false},	  {COUNT_ATTEMPT_FAILS, 20, 100, 50, 50, true},
	{COUNT_ATTEMPT_FAILS, 20, 100, 50, 250, false}, /* as many of each hundred */
	{COUNT_SYN_RETRANS, 0.2, 30, 10, 10, true},	  {COUNT_LISTEN_DROPS, 0, 100, 100, 100, true},
	{COUNT_LISTEN_OVERFLOWS, 90, 100, 100, 100, false}, {COUNT_ABORT_ON_TIMEOUT, 0, 5, 10, 10, true},
	{COUNT_RESETS, 40, 100, 100, 100, false},	  {COUNT_RESETS, 5, 100, 100, 100, true},
	{COUNT_PRESSURES, 0, 1, 0, 0, true},		  {COUNT_ABORT_ON_MEMORY, 0, 1, 0, 0, true},
	{COUNT_RECEIVE_DROPS, 0, 10, 0, 0, true},	  {COUNT_ACTIVE_OPENS, 0, 1000, 0, 1000, false},
	{COUNT_SYN_RETRANS, 0, 10, 0, 0, true},
};

static struct health_counts counted(enum counter which, double rate, double opens)
{
	struct health_counts c = {.seconds = 2, .known = {[COUNT_ACTIVE_OPENS] = true, [COUNT_PASSIVE_OPENS] = true}};

	c.count[COUNT_PASSIVE_OPENS] = 2 * opens;
	c.known[which] = true;
	c.count[which] = 2 * rate;
	return c;
}

static void counters_that_surge_are_worse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct health_counts before = counted(counts[i].counter, counts[i].before, counts[i].opens_before),
				     after = counted(counts[i].counter, counts[i].after, counts[i].opens_after);

		if (health_counter_is_worse(counts[i].counter, &before, &after) != counts[i].worse)
			fail_msg("%s %g -> %g", counter_defs[counts[i].counter].name, counts[i].before, counts[i].after);
		before.known[counts[i].counter] = false;
		assert_false(health_counter_is_worse(counts[i].counter, &before, &after));
	}
}

/* Resets for strangers hid failures before, and do no longer: nobody knows how many there were. */
static void hidden_failures_are_no_surge(void **state)
{
	struct health_counts before = counted(COUNT_ATTEMPT_FAILS, 0, 50), after = counted(COUNT_ATTEMPT_FAILS, 20, 50);
	struct trial t = trial(&(struct seen){0});

	(void)state;
	assert_true(health_counter_is_worse(COUNT_ATTEMPT_FAILS, &before, &after));
	before.known[COUNT_RESETS_SENT] = true;
	before.count[COUNT_RESETS_SENT] = 2 * 20;
	assert_false(health_counter_is_worse(COUNT_ATTEMPT_FAILS, &before, &after));
	/* Nor is it a gain when strangers begin. */
	t.n.connections = true;
	t.n.before.count[COUNT_ATTEMPT_FAILS] = t.n.after.count[COUNT_RESETS_SENT] = 80;
	t.n.after.count[COUNT_PASSIVE_OPENS] = 300;
	assert_int_equal(judge(&t), VERDICT_OK);
	assert_non_null(strstr(t.signal, "equal: "));
	t.n.after.count[COUNT_RESETS_SENT] = 0;
	assert_int_equal(judge(&t), VERDICT_OK);
	assert_non_null(strstr(t.signal, "gain: AttemptFails"));
}

static void a_gain_excuses_timeouts_and_nothing_else(void **state)
{
	(void)state;
	for (unsigned c = 0; c < COUNTERS; c++) {
		struct trial t = trial(&small_window);
		enum paper_verdict verdict = VERDICT_NONE;

		if (counter_defs[c].least <= 0)
			continue;
		t.n.last.count[c] = 100 * t.n.last.seconds;
		t.path.last = t.path.recent = flows_of(&full);
		for (int i = 0; i < HEALTH_BAD_WINDOWS; i++)
			verdict = judge(&t);
		if (verdict != (c == COUNT_TIMEOUTS || c == COUNT_PRUNED ? VERDICT_OK : VERDICT_WORSE))
			fail_msg("%s", t.signal);
		if (verdict == VERDICT_WORSE && !strstr(t.signal, counter_defs[c].name))
			fail_msg("%s does not name %s", t.signal, counter_defs[c].name);
	}
}

static void opening_connections_is_proven_by_counters(void **state)
{
	struct trial t = trial(&(struct seen){0});

	(void)state;
	t.n.connections = true;
	t.n.before.count[COUNT_LISTEN_OVERFLOWS] = t.n.before.count[COUNT_LISTEN_DROPS] = 400;
	t.n.after.count[COUNT_PASSIVE_OPENS] = 49;
	assert_int_equal(judge(&t), VERDICT_UNPROVEN);
	assert_string_equal(t.signal, "unproven: 49 of 50 connections were opened since the change");
	t.n.after.count[COUNT_PASSIVE_OPENS] = 300;
	assert_int_equal(judge(&t), VERDICT_OK);
	assert_string_equal(t.signal, "gain: ListenOverflows 100 -> 0 a second, 300 connections opened");
	/* What flows do is no matter of keys that they do not see. */
	t.path.before = flows_of(&full);
	t.path.last = t.path.recent = flows_of(&small_window);
	for (int i = 0; i < HEALTH_BAD_WINDOWS; i++)
		assert_int_equal(judge(&t), VERDICT_OK);
	t.n.after.count[COUNT_LISTEN_OVERFLOWS] = t.n.after.count[COUNT_LISTEN_DROPS] = 390;
	assert_int_equal(judge(&t), VERDICT_OK);
	assert_non_null(strstr(t.signal, "equal: "));
}

static void profiles_are_found_in_lists(void **state)
{
	static const struct {
		const char *list;
		enum health_profile profile;
	} lists[] = {
		{"", PROFILE_BALANCED},		    {"balanced", PROFILE_BALANCED},	     {"throughput", PROFILE_THROUGHPUT},
		{"latency", PROFILE_LATENCY},	    {"edge-server,latency", PROFILE_LATENCY}, {"hardening", PROFILE_BALANCED},
		{"latency,throughput", PROFILE_LATENCY}, {"throughputs", PROFILE_BALANCED},  {"a, throughput", PROFILE_THROUGHPUT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		assert_int_equal(health_profile_of(lists[i].list), lists[i].profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_are_judged_by_profile),
		cmocka_unit_test(one_bad_window_is_no_verdict),
		cmocka_unit_test(three_in_a_row_are),
		cmocka_unit_test(what_was_proven_is_said),
		cmocka_unit_test(chance_is_told_from_harm),
		cmocka_unit_test(missing_data_is_not_healthy),
		cmocka_unit_test(proof_is_of_the_path_that_the_change_is_for),
		cmocka_unit_test(many_networks_are_judged_together),
		cmocka_unit_test(counters_that_surge_are_worse),
		cmocka_unit_test(hidden_failures_are_no_surge),
		cmocka_unit_test(a_gain_excuses_timeouts_and_nothing_else),
		cmocka_unit_test(opening_connections_is_proven_by_counters),
		cmocka_unit_test(profiles_are_found_in_lists),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
