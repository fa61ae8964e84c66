/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judging: how each rule ends, with what severity, evidence and words, and what waivers and profiles change. */
#include "unit-judge.h"

#define HOST_RULE "format = 1\n[a.b]\nfor = host\n" RULE_TEXTS

static void set_host(struct court *c, enum host_fact fact, double v)
{
	c->facts->host->values[fact] = value_number(v);
}

/* How rules end */

static void a_rule_that_does_not_hold_is_ok(void **state)
{
	_cleanup_court_ struct court c = {0};
	const struct judgement *j;

	court_open(&c, *state, HOST_RULE "when = host.memory < 1 GiB\n");
	set_host(&c, HOST_MEMORY, 4e9);
	j = court_judge(&c);
	assert_int_equal(j->count, 0);
	assert_int_equal(j->unjudged_count, 0);
	assert_int_equal(j->by_status[STATUS_OK], 1);
}

static void a_rule_that_holds_advises(void **state)
{
	_cleanup_court_ struct court c = {0};
	const struct finding *f;

	court_open(&c, *state, HOST_RULE "when = host.memory < 1 GiB\n");
	set_host(&c, HOST_MEMORY, 4e8);
	f = only_finding(court_judge(&c));
	assert_int_equal(f->status, STATUS_ADVISE);
	assert_int_equal(f->severity, SEVERITY_WARNING);
	assert_string_equal(f->rule->id, "a.b");
	assert_ptr_equal(f->subject, c.facts->host);
	assert_int_equal(c.judgement.by_status[STATUS_ADVISE], 1);
	assert_int_equal(c.judgement.by_severity[SEVERITY_WARNING], 1);
}

static void a_condition_that_does_not_hold_makes_a_rule_not_applicable(void **state)
{
	_cleanup_court_ struct court c = {0};
	const struct finding *f;

	court_open(&c, *state,
		   HOST_RULE
		   "applies = host.fd_used > 5\notherwise = few files are open\nwhen = host.memory < 1 GiB\n");
	set_host(&c, HOST_FD_USED, 1);
	f = only_unjudged(court_judge(&c));
	assert_int_equal(f->status, STATUS_NOT_APPLICABLE);
	assert_string_equal(f->reason, "few files are open");
	assert_int_equal(c.judgement.by_status[STATUS_NOT_APPLICABLE], 1);
}

static const struct {
	enum value_state state;
	const char *reason;
	enum finding_status status;
	const char *says;
} missing[] = {
	{VALUE_ABSENT, "this kernel counts none", STATUS_NOT_APPLICABLE, "host.memory: this kernel counts none"},
	{VALUE_ABSENT, NULL, STATUS_NOT_APPLICABLE, "host.memory: it does not exist here"},
	{VALUE_DENIED, NULL, STATUS_UNKNOWN, "host.memory: reading it was denied"},
	{VALUE_FEW, "no flow has measured one", STATUS_UNKNOWN, "host.memory: no flow has measured one"},
	{VALUE_NO_WINDOW, NULL, STATUS_UNKNOWN, "host.memory: it needs two samples"},
	{VALUE_GARBLED, NULL, STATUS_UNKNOWN, "host.memory: what was read was not understood"},
	{VALUE_UNREAD, "/proc/meminfo: I/O error", STATUS_UNKNOWN, "host.memory: /proc/meminfo: I/O error"},
};

/* Unknown is not ok, absent is not a failure; each has its sentence. */
static void a_missing_fact_leaves_the_verdict_open(void **state)
{
	static const char *const rules[] = {
		HOST_RULE "when = host.memory < 1 GiB\n",
		HOST_RULE "applies = host.memory < 1 GiB\nwhen = host.fd_used > 0\n",
	};

	for (size_t k = 0; k < ARRAY_SIZE(rules); k++)
		for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
			_cleanup_court_ struct court c = {0};
			const struct finding *f;

			court_open(&c, *state, rules[k]);
			set_host(&c, HOST_FD_USED, 1);
			c.facts->host->values[HOST_MEMORY] = value_missing(missing[i].state, missing[i].reason);
			f = only_unjudged(court_judge(&c));
			assert_int_equal(f->status, missing[i].status);
			assert_non_null(strstr(f->reason, missing[i].says));
			assert_int_equal(c.judgement.by_status[missing[i].status], 1);
		}
}

static void without_subjects_a_rule_does_not_apply(void **state)
{
	_cleanup_court_ struct court c = {0};
	const struct finding *f;

	court_open(&c, *state, "format = 1\n[a.b]\nfor = listener\nwhen = listener.queue > 0\n" RULE_TEXTS);
	f = only_unjudged(court_judge(&c));
	assert_int_equal(f->status, STATUS_NOT_APPLICABLE);
	assert_string_equal(f->reason, "there is no listener here");
	assert_null(f->subject);
}

static void subjects_that_could_not_be_told_are_unknown(void **state)
{
	_cleanup_court_ struct court c = {0};
	const struct finding *f;

	court_open(&c, *state, "format = 1\n[a.b]\nfor = listener\nwhen = listener.queue > 0\n" RULE_TEXTS);
	c.facts->untold[SUBJECT_LISTENER] = "the dump failed";
	f = only_unjudged(court_judge(&c));
	assert_int_equal(f->status, STATUS_UNKNOWN);
	assert_string_equal(f->reason, "the dump failed");
	assert_int_equal(c.judgement.by_status[STATUS_UNKNOWN], 1);
}

/* Subjects: 'q' is a number, '?' denied, '-' absent. */
static void add_listeners(struct court *c, const char *queues)
{
	char name[2] = "a";

	for (; *queues; queues++, name[0]++) {
		struct subject *s = add_subject(c, SUBJECT_LISTENER, name);

		s->values[LISTENER_QUEUE] = *queues == '?'   ? value_missing(VALUE_DENIED, NULL)
					    : *queues == '-' ? value_missing(VALUE_ABSENT, NULL)
							     : value_number(*queues - '0');
	}
}

static const struct {
	const char *queues;
	enum finding_status status;
	size_t findings, unjudged;
} mixtures[] = {
	{"000", STATUS_OK, 0, 0},      {"0-", STATUS_OK, 0, 1},	      {"--", STATUS_NOT_APPLICABLE, 0, 1},
	{"0-?", STATUS_UNKNOWN, 0, 2}, {"0??", STATUS_UNKNOWN, 0, 1}, {"?5-", STATUS_ADVISE, 1, 2},
	{"505", STATUS_ADVISE, 2, 0},
};

static void the_gravest_subject_makes_the_status_of_a_rule(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mixtures); i++) {
		_cleanup_court_ struct court c = {0};
		const struct judgement *j;

		court_open(&c, *state, "format = 1\n[a.b]\nfor = listener\nwhen = listener.queue > 0\n" RULE_TEXTS);
		add_listeners(&c, mixtures[i].queues);
		j = court_judge(&c);
		if (j->by_status[mixtures[i].status] != 1 || j->count != mixtures[i].findings ||
		    j->unjudged_count != mixtures[i].unjudged)
			fail_msg("%s: %zu findings, %zu not judged", mixtures[i].queues, j->count,
				 j->unjudged_count);
	}
}

static void a_rule_for_one_key_judges_no_other(void **state)
{
	_cleanup_court_ struct court c = {0};

	court_open(&c, *state,
		   "format = 1\n[a.b]\nfor = sysctl net.core.somaxconn\n"
		   "when = sysctl.net.core.somaxconn < 4096\n" RULE_TEXTS);
	set_live(&c, "net.core.somaxconn", "128");
	set_live(&c, "net.core.free", "1");
	assert_string_equal(only_finding(court_judge(&c))->subject->name, "net.core.somaxconn");
}

static void a_rule_for_a_pattern_judges_the_keys_that_match(void **state)
{
	_cleanup_court_ struct court c = {0};

	court_open(&c, *state, "format = 1\n[a.b]\nfor = sysctl net.core.som*\nwhen = known(key.live)\n" RULE_TEXTS);
	set_live(&c, "net.core.somaxconn", "128");
	set_live(&c, "net.core.free", "1");
	for (struct subject *s = c.facts->first[SUBJECT_SYSCTL]; s; s = s->next)
		s->values[KEY_LIVE] = value_text("1");
	assert_string_equal(only_finding(court_judge(&c))->subject->name, "net.core.somaxconn");
}

static void a_path_is_judged_with_its_interface(void **state)
{
	_cleanup_court_ struct court c = {0};
	struct subject *nic, *path;
	const struct finding *f;

	court_open(&c, *state, "format = 1\n[a.b]\nfor = path\nwhen = interface.mtu < 1500 B\n" RULE_TEXTS);
	nic = add_subject(&c, SUBJECT_INTERFACE, "eth0");
	nic->values[INTERFACE_MTU] = value_number(1280);
	path = add_subject(&c, SUBJECT_PATH, "eth0 192.0.2.0/24");
	path->interface = nic;
	add_subject(&c, SUBJECT_PATH, "? 203.0.113.0/24"); /* no route: no interface */
	f = only_finding(court_judge(&c));
	assert_ptr_equal(f->subject, path);
	assert_int_equal(c.judgement.unjudged_count, 1);
	assert_int_equal(c.judgement.unjudged[0].status, STATUS_NOT_APPLICABLE);
}

/* Severity */

#define RAISED                                                                                                     \
	HOST_RULE "when = host.fd_used > 0\nseverity = notice\n"                                                   \
		  "warning-when = host.fd_used > 10\nerror-when = host.fd_used > host.fd_max\n"

static const struct {
	double used, max;    /* max negative: denied */
	const char *profile; /* value of the rule in it, or NULL */
	enum severity severity;
} severities[] = {
	{5, 100, NULL, SEVERITY_NOTICE},   {11, 100, NULL, SEVERITY_WARNING}, {101, 100, NULL, SEVERITY_ERROR},
	{9, 8, NULL, SEVERITY_ERROR},	   {11, -1, NULL, SEVERITY_WARNING},  {5, -1, NULL, SEVERITY_NOTICE},
	{101, 100, "info", SEVERITY_INFO}, {5, 100, "error", SEVERITY_ERROR}, {11, 100, "on", SEVERITY_WARNING},
};

static void severity_rises_with_what_holds(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(severities); i++) {
		_cleanup_court_ struct court c = {0};
		char profile[128] = "format = 1\n[profile]\nsummary = s\n";

		if (severities[i].profile)
			snprintf(profile + strlen(profile), sizeof(profile) - strlen(profile),
				 "[rules]\na.b = %s\n", severities[i].profile);
		court_load(&c, *state, &(struct texts){.rules = RAISED, .profile = profile});
		court_facts(&c);
		set_host(&c, HOST_FD_USED, severities[i].used);
		c.facts->host->values[HOST_FD_MAX] =
			severities[i].max < 0 ? value_missing(VALUE_DENIED, NULL) : value_number(severities[i].max);
		if (only_finding(court_judge(&c))->severity != severities[i].severity)
			fail_msg("row %zu: %s", i, severity_name(c.judgement.findings[0].severity));
		assert_int_equal(c.judgement.by_severity[severities[i].severity], 1);
	}
}

static void a_rule_that_is_off_is_not_judged(void **state)
{
	_cleanup_court_ struct court c = {0};
	const struct judgement *j;

	court_load(&c, *state,
		   &(struct texts){.rules = RAISED,
				   .profile = "format = 1\n[profile]\nsummary = s\n[rules]\na.b = off\n"});
	court_facts(&c);
	set_host(&c, HOST_FD_USED, 5);
	j = court_judge(&c);
	assert_int_equal(j->count + j->unjudged_count, 0);
	for (int s = 0; s < STATUSES; s++)
		assert_int_equal(j->by_status[s], 0);
}

static void the_gravest_come_first(void **state)
{
	static const char rules[] =
		"format = 1\n"
		"[b.b]\nfor = listener\nwhen = listener.queue > 0\nerror-when = listener.queue > 7\n" RULE_TEXTS
		"[a.a]\nfor = listener\nwhen = listener.queue > 0\nseverity = info\n" RULE_TEXTS
		"[c.c]\nfor = host\nwhen = host.fd_used > 0\n" RULE_TEXTS;
	static const char *const order[] = {"b.b b", "b.b a", "b.b c", "c.c host", "a.a a", "a.a b", "a.a c"};
	_cleanup_court_ struct court c = {0};
	const struct judgement *j;

	court_open(&c, *state, rules);
	set_host(&c, HOST_FD_USED, 1);
	add_listeners(&c, "181");
	j = court_judge(&c);
	assert_int_equal(j->count, ARRAY_SIZE(order));
	for (size_t i = 0; i < j->count; i++) {
		char got[64];

		snprintf(got, sizeof(got), "%s %s", j->findings[i].rule->id, j->findings[i].subject->name);
		assert_string_equal(got, order[i]);
	}
}

/* judge.h: "most severe first, then by rule and in the order of subjects", which is from the heaviest on. */
static void subjects_of_a_rule_keep_their_order(void **state)
{
	_cleanup_court_ struct court c = {0};
	const struct judgement *j;

	court_open(&c, *state,
		   "format = 1\n[a.b]\nfor = destination\nwhen = destination.connections > 0\n" RULE_TEXTS);
	add_subject(&c, SUBJECT_DESTINATION, "the heaviest")->values[DESTINATION_CONNECTIONS] = value_number(9);
	add_subject(&c, SUBJECT_DESTINATION, "a light one")->values[DESTINATION_CONNECTIONS] = value_number(1);
	j = court_judge(&c);
	assert_int_equal(j->count, 2);
	assert_string_equal(j->findings[0].subject->name, "the heaviest");
}

/* Words and evidence */

static void a_message_is_filled_in_with_units(void **state)
{
	_cleanup_court_ struct court c = {0};

	court_open(&c, *state,
		   "format = 1\n[a.b]\nfor = path\nwhen = path.flows > 0\ntitle = t\nbecause = b\nrefs = r\n"
		   "message = {path.flows} flows, {path.bdp} in {path.min_rtt.p50} at {path.speed},\n"
		   "  {path.interface}, {path.queue.p50}\n"
		   "advise = Wait {path.min_rtt.p50}.\n");
	add_subject(&c, SUBJECT_PATH, "p")->values[PATH_FLOWS] = value_number(3);
	c.facts->first[SUBJECT_PATH]->values[PATH_BDP] = value_number(1250000);
	c.facts->first[SUBJECT_PATH]->values[PATH_MIN_RTT_P50] = value_number(0.01);
	c.facts->first[SUBJECT_PATH]->values[PATH_SPEED] = value_number(125e6);
	c.facts->first[SUBJECT_PATH]->values[PATH_INTERFACE] = value_text("eth0");
	assert_string_equal(only_finding(court_judge(&c))->message,
			    "3 flows, 1.25 MB in 10 ms at 1 Gbit/s, eth0, ?");
	assert_string_equal(c.judgement.findings[0].advise, "Wait 10 ms.");
}

static void evidence_has_source_unit_and_reason(void **state)
{
	_cleanup_court_ struct court c = {0};
	const struct finding *f;

	court_open(&c, *state,
		   HOST_RULE "when = host.memory > 0 B\n"
			     "evidence = host.memory host.fd_used host.fd_max tcpext.TW delta(tcpext.TW)\n"
			     "  sysctl.net.core.somaxconn\n");
	set_host(&c, HOST_MEMORY, 1024);
	c.facts->host->values[HOST_MEMORY].source = "a guess";
	c.facts->host->values[HOST_FD_USED] = value_missing(VALUE_DENIED, "not for us");
	c.facts->host->values[HOST_FD_MAX] = value_missing(VALUE_ABSENT, NULL);
	c.facts->host->values[TCPEXT_TW] =
		(struct value){.state = VALUE_KNOWN, .num = 9, .has_delta = true, .delta = 2};
	set_live(&c, "net.core.somaxconn", "128");
	f = only_finding(court_judge(&c));
	assert_int_equal(f->evidence_count, 5); /* what is merely absent is none */
	assert_string_equal(f->evidence[0].fact, "host.memory");
	assert_int_equal(f->evidence[0].dim, DIM_BYTES);
	assert_string_equal(f->evidence[0].source, "a guess");
	assert_missing(f->evidence[1].value, VALUE_DENIED, "not for us");
	assert_string_equal(f->evidence[2].source, "/proc/net/netstat");
	assert_number(f->evidence[3].value, 2);
	assert_string_equal(f->evidence[3].fact, "delta(tcpext.TW)");
	assert_string_equal(f->evidence[4].source, "/proc/sys");
}

static void a_recommendation_that_is_met_already_is_none(void **state)
{
	_cleanup_court_ struct court c = {0};
	const struct finding *f;

	court_open(&c, *state,
		   HOST_RULE "when = host.memory > 0 B\n"
			     "recommend = net.core.somaxconn >= 128\nrecommend.2 = net.core.somaxconn >= 4096\n"
			     "recommend.3 = net.core.free = 1\n");
	set_host(&c, HOST_MEMORY, 1);
	set_live(&c, "net.core.somaxconn", "1024");
	f = only_finding(court_judge(&c));
	assert_int_equal(f->recommend_count, 2);
	assert_string_equal(f->recommend[0].wanted, "4096");
	assert_string_equal(f->recommend[0].current, "1024");
	assert_null(f->recommend[1].wanted);
	assert_string_equal(f->recommend[1].note, "this kernel has no such key");
}

/* Waivers */

#define WAIVED		     HOST_RULE "when = host.memory > 0 B\n"
#define WAIVER(subject, day) "format = 1\n[a.b]\nsubject = " subject "\nreason = we know\nexpires = " day "\n"

/* 2027-01-31 and the day after, 00:00 UTC. */
static const double day = 1801353600, next_day = 1801440000;

static const struct {
	const char *waivers;
	double clock;
	bool waived;
	double left;
} waivings[] = {
	{WAIVER("*", "2027-01-31"), 1801353600 - 86400 * 100, true, 101 * 86400.0},
	{WAIVER("*", "2027-01-31"), day, true, 86400},
	{WAIVER("*", "2027-01-31"), next_day - 0.5, true, 0.5},
	{WAIVER("*", "2027-01-31"), next_day, false, 0},
	{WAIVER("*", "2027-01-31"), next_day + 1e9, false, -1e9},
	{WAIVER("host", "2027-01-31"), day, true, 86400},
	{WAIVER("h?s[st]", "2027-01-31"), day, true, 86400},
	{WAIVER("other", "2027-01-31"), day, false, 86400},
	{"format = 1\n[a.b]\nreason = we know\nexpires = 2027-01-31\n", day, true, 86400},
};

static void a_waiver_excuses_until_the_end_of_its_day(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(waivings); i++) {
		_cleanup_court_ struct court c = {.clock = waivings[i].clock};
		const struct judgement *j;
		const struct value *v;

		court_load(&c, *state, &(struct texts){.rules = WAIVED, .waivers = waivings[i].waivers});
		court_facts(&c);
		set_host(&c, HOST_MEMORY, 1);
		j = court_judge(&c);
		if (j->by_status[STATUS_WAIVED] != waivings[i].waived || j->count == waivings[i].waived)
			fail_msg("row %zu: %u waived, %zu findings", i, j->by_status[STATUS_WAIVED], j->count);
		if (waivings[i].waived)
			assert_string_equal(only_unjudged(j)->reason, "we know");
		v = c.facts->first[SUBJECT_WAIVER]->values;
		assert_float_equal(v[WAIVER_LEFT].num, waivings[i].left, 1e-6);
		assert_string_equal(v[WAIVER_EXPIRES].text, "2027-01-31");
		assert_string_equal(v[WAIVER_RULE].text, "a.b");
		assert_string_equal(v[WAIVER_REASON].text, "we know");
		assert_string_equal(v[WAIVER_AT].text, "/etc/tcpadvisor/waivers/t.waiver:2");
	}
}

static void a_waiver_excuses_its_subjects_alone(void **state)
{
	_cleanup_court_ struct court c = {.clock = day};
	const struct judgement *j;

	court_load(&c, *state,
		   &(struct texts){
			   .rules = "format = 1\n[a.b]\nfor = listener\nwhen = listener.queue > 0\n" RULE_TEXTS
				    "[c.d]\nfor = listener\nwhen = listener.queue > 0\n" RULE_TEXTS,
			   .waivers = WAIVER("b", "2027-01-31"),
		   });
	court_facts(&c);
	add_listeners(&c, "55");
	j = court_judge(&c);
	assert_int_equal(j->count, 3);
	assert_int_equal(j->unjudged_count, 1);
	assert_int_equal(j->unjudged[0].status, STATUS_WAIVED);
	assert_string_equal(j->unjudged[0].subject->name, "b");
	assert_int_equal(j->by_status[STATUS_ADVISE], 2);
}

/* What is fine needs no excuse, and what cannot be told gets none. */
static void a_waiver_is_asked_only_for_what_holds(void **state)
{
	_cleanup_court_ struct court c = {.clock = day};

	court_load(&c, *state, &(struct texts){.rules = WAIVED, .waivers = WAIVER("*", "2027-01-31")});
	court_facts(&c);
	set_host(&c, HOST_MEMORY, 0);
	court_judge(&c);
	assert_int_equal(c.judgement.by_status[STATUS_OK], 1);
	c.facts->host->values[HOST_MEMORY] = value_missing(VALUE_DENIED, NULL);
	court_judge(&c);
	assert_int_equal(c.judgement.by_status[STATUS_UNKNOWN], 1);
}

/* What a profile wants */

#define DRIFT "format = 1\n[a.b]\nfor = sysctl\nwhen = key.wanted_unmet\nrecommend = wanted\n" RULE_TEXTS
#define WANT  "format = 1\n[profile]\nsummary = s\n[sysctl]\n"

static void what_a_profile_wants_is_judged_by_key(void **state)
{
	_cleanup_court_ struct court c = {0};
	const struct value *v;
	const struct finding *f;

	court_load(
		&c, *state,
		&(struct texts){
			.rules = DRIFT,
			.profile = WANT
			"net.core.somaxconn = >= 4096 # of bursts\nnet.ipv4.tcp_rmem[2] = >= 8 MiB # of long paths\n"
			"net.ipv4.tcp_congestion_control = one of bbr cubic # of taste\n"});
	court_facts(&c);
	set_live(&c, "net.core.somaxconn", "8192");
	set_live(&c, "net.ipv4.tcp_rmem", "4096 131072 6291456");
	set_live(&c, "net.ipv4.tcp_congestion_control", "cubic");
	f = only_finding(court_judge(&c));
	assert_string_equal(f->subject->name, "net.ipv4.tcp_rmem");
	assert_int_equal(f->recommend_count, 1);
	assert_string_equal(f->recommend[0].wanted, "4096 131072 8388608");
	v = f->subject->values;
	assert_text(v[KEY_WANTED], "[2] >= 8388608");
	assert_text(v[KEY_WANTED_BECAUSE], "of long paths");
	v = find_subject(c.facts, SUBJECT_SYSCTL, "net.core.somaxconn")->values;
	assert_number(v[KEY_WANTED_UNMET], 0);
	assert_missing(v[KEY_WANTED], VALUE_ABSENT, "asks for nothing");
}

/* Purity */

static void render_everything(struct court *c, struct text *ret)
{
	struct report_part part = {.facts = c->facts, .judgement = *court_judge(c)};
	struct report report = {.version = "1", .rules = &c->rules, .parts = &part, .count = 1};
	struct render_options o = {.width = 100, .verbose = true};

	render_report_json(&report, &o, ret);
	render_report_text(&report, &o, ret);
}

static void fill_in(struct court *c)
{
	court_facts(c);
	set_host(c, HOST_MEMORY, 1e9 / 3);
	set_host(c, HOST_FD_USED, 90);
	set_host(c, HOST_FD_MAX, 91);
	set_live(c, "net.core.somaxconn", "128");
	set_live(c, "net.ipv4.tcp_rmem", "4096 131072 6291456");
	add_listeners(c, "19?5-3");
}

#define MANY                                                                                                       \
	"format = 1\n[a.b]\nfor = listener\nwhen = listener.queue > 2\nerror-when = listener.queue > 8\n"          \
	"evidence = listener.queue host.memory\nrecommend = net.core.somaxconn >= 4096\n" RULE_TEXTS               \
	"[c.d]\nfor = host\nwhen = host.fd_used > 80 % * host.fd_max\nevidence = host.fd_used\n" RULE_TEXTS        \
	"[e.f]\nfor = sysctl\nwhen = key.wanted_unmet\nrecommend = wanted\n" RULE_TEXTS

static void the_same_input_gives_the_same_bytes(void **state)
{
	const struct texts x = {.rules = MANY,
				.profile = WANT "net.ipv4.tcp_rmem[2] = >= 8 MiB # of long paths\n",
				.waivers = WAIVER("d", "2027-01-31")};
	_cleanup_text_ struct text first = TEXT_NULL, again = TEXT_NULL, other = TEXT_NULL;
	_cleanup_court_ struct court c = {.clock = day}, d = {.clock = day};

	court_load(&c, *state, &x);
	fill_in(&c);
	render_everything(&c, &first);
	/* The facts gained what the profile wants: that must not matter either. */
	render_everything(&c, &again);
	assert_string_equal(first.s, again.s);
	court_load(&d, *state, &x);
	fill_in(&d);
	render_everything(&d, &other);
	assert_string_equal(first.s, other.s);
	assert_true(c.judgement.count >= 4);
}

/* One verdict by itself is that of the whole judgement, and leaves no trace in it. */
static void a_verdict_may_be_asked_for_by_itself(void **state)
{
	_cleanup_court_ struct court c = {0};
	const enum finding_status wanted[] = {STATUS_ADVISE, STATUS_OK, STATUS_UNKNOWN, STATUS_NOT_APPLICABLE, STATUS_WAIVED};
	const struct rule *queue, *key;
	const struct judgement *j;
	const struct subject *s;
	size_t i = 0;

	court_load(&c, *state,
		   &(struct texts){.rules = "format = 1\n[a.b]\nfor = listener\nwhen = listener.queue > 3\n" RULE_TEXTS
					    "[a.c]\nfor = sysctl net.core.somaxconn\nwhen = known(key.live)\n" RULE_TEXTS,
				   .waivers = "format = 1\n[a.b]\nsubject = e\nreason = r\nexpires = 2027-01-31\n"});
	court_facts(&c);
	add_listeners(&c, "50?-9");
	j = court_judge(&c);
	queue = ruleset_find(&c.rules, "a.b");
	key = ruleset_find(&c.rules, "a.c");
	assert_int_equal(j->count, 1);
	assert_int_equal(j->unjudged_count, 3);
	for (s = c.facts->first[SUBJECT_LISTENER]; s; s = s->next, i++) {
		assert_int_equal(judge_status(j, queue, s), wanted[i]);
		assert_int_equal(judge_status(j, key, s), STATUS_NOT_APPLICABLE);
	}
	assert_int_equal(i, ARRAY_SIZE(wanted));
	for (s = c.facts->first[SUBJECT_SYSCTL]; s; s = s->next)
		assert_int_equal(judge_status(j, key, s),
				 strcmp(s->name, "net.core.somaxconn") ? STATUS_NOT_APPLICABLE : STATUS_OK);
	assert_int_equal(j->count, 1);
	assert_int_equal(j->unjudged_count, 3);
	/* After the waiver's last day it counts again. */
	c.clock = 1900000000;
	j = court_judge(&c);
	for (s = c.facts->first[SUBJECT_LISTENER]; s->next; s = s->next)
		;
	assert_int_equal(judge_status(j, queue, s), STATUS_ADVISE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(a_rule_that_does_not_hold_is_ok),
		in_tree(a_rule_that_holds_advises),
		in_tree(a_condition_that_does_not_hold_makes_a_rule_not_applicable),
		in_tree(a_missing_fact_leaves_the_verdict_open),
		in_tree(a_verdict_may_be_asked_for_by_itself),
		in_tree(without_subjects_a_rule_does_not_apply),
		in_tree(subjects_that_could_not_be_told_are_unknown),
		in_tree(the_gravest_subject_makes_the_status_of_a_rule),
		in_tree(a_rule_for_one_key_judges_no_other),
		in_tree(a_rule_for_a_pattern_judges_the_keys_that_match),
		in_tree(a_path_is_judged_with_its_interface),
		in_tree(severity_rises_with_what_holds),
		in_tree(a_rule_that_is_off_is_not_judged),
		in_tree(the_gravest_come_first),
		in_tree(subjects_of_a_rule_keep_their_order),
		in_tree(a_message_is_filled_in_with_units),
		in_tree(evidence_has_source_unit_and_reason),
		in_tree(a_recommendation_that_is_met_already_is_none),
		in_tree(a_waiver_excuses_until_the_end_of_its_day),
		in_tree(a_waiver_excuses_its_subjects_alone),
		in_tree(a_waiver_is_asked_only_for_what_holds),
		in_tree(what_a_profile_wants_is_judged_by_key),
		in_tree(the_same_input_gives_the_same_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
