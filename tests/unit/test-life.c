/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of findings: what is told when, what closes and what must not, and that nothing grows. */
#include "unit-judge.h"

#include <malloc.h>
#include <time.h>

#include "base/hash.h"
#include "daemon/life.h"

#define QUEUE_RULE                                                                                         \
	"format = 1\n[a.queue]\nfor = listener\nwhen = listener.queue > 3\nseverity = notice\n"            \
	"warning-when = listener.queue > 5\nerror-when = listener.queue > 7\n"                             \
	"title = Queue is long\nmessage = {listener.queue} wait\nadvise = Look.\nbecause = b\nrefs = r\n"
#define SETTING_RULE                                                                                       \
	"[a.setting]\nfor = sysctl net.core.somaxconn\nwhen = sysctl.net.core.somaxconn < 4096\n"          \
	"severity = warning\ntitle = Too small\nmessage = it is {sysctl.net.core.somaxconn}\n"             \
	"recommend = net.core.somaxconn >= 4096\nbecause = b\nrefs = r\n"
#define MEASURED_RULE                                                                                      \
	"[a.measured]\nfor = sysctl net.ipv4.tcp_mtu_probing\n"                                            \
	"when = sysctl.net.ipv4.tcp_mtu_probing = 0 and host.fd_used > 5\n" RULE_TEXTS
#define DRIFT                                                                                              \
	"[sysctl.drift]\nfor = sysctl\nwhen = key.boot_differs or key.wanted_unmet\nseverity = notice\n"   \
	"warning-when = key.boot_differs\ntitle = Not as meant\nmessage = it drifted\nadvise = Set it.\n"  \
	"because = b\nrefs = r\n"

/* A host that is judged again and again, and all that was told of it: "opened a.queue one notice: …" */
struct watch {
	struct court court;
	struct life life;
	struct text told;
	struct event last; /* its strings are only good for what was compared in time */
	size_t count;
	const char *denied; /* rule that may not be judged */
	char actual[64], expected[64], previous[64], message[512], boot_file[64];
};

static void hear(void *user, const struct event *e)
{
	struct watch *w = user;

	text_addf(&w->told, "%s %s %s %s: %s\n", event_defs[e->kind].name, e->rule, e->subject ? e->subject : "-",
		  severity_name(e->severity), e->message);
	w->last = *e;
	w->count++;
	snprintf(w->actual, sizeof(w->actual), "%s", e->actual ? e->actual : "-");
	snprintf(w->expected, sizeof(w->expected), "%s", e->expected ? e->expected : "-");
	snprintf(w->previous, sizeof(w->previous), "%s", e->previous ? e->previous : "-");
	snprintf(w->message, sizeof(w->message), "%s", e->message);
	snprintf(w->boot_file, sizeof(w->boot_file), "%s", e->boot_file ? e->boot_file : "-");
}

static bool may(void *user, const struct rule *r, const struct subject *s)
{
	const struct watch *w = user;

	(void)s;
	return !w->denied || strcmp(r->id, w->denied);
}

static void watch_clear(struct watch *w)
{
	life_clear(&w->life);
	text_clear(&w->told);
	court_clear(&w->court);
}
#define _cleanup_watch_ _cleanup_(watch_clear)

static void watch_texts(struct watch *w, const struct tree *t, const struct texts *x)
{
	court_load(&w->court, t, x);
	court_facts(&w->court);
	w->life.hold = 300;
}

static void watch_open(struct watch *w, const struct tree *t, const char *rules)
{
	watch_texts(w, t, &(struct texts){.rules = rules});
}

/* Forget what was told before, judge, and what was told must be this. */
static void _expect(struct watch *w, double now, const char *told, int line)
{
	text_clear(&w->told);
	life_update(&w->life, "", court_judge(&w->court), now, may, hear, w);
	if (strcmp(text_get(&w->told), told)) {
		print_error("at %g told:\n%sand not:\n%s", now, text_get(&w->told), told);
		_fail(__FILE__, line);
	}
	assert_int_equal(w->life.opened - w->life.closed, w->life.count);
}
#define expect(w, now, told) _expect(w, now, told, __LINE__)

static struct subject *listener(struct watch *w, const char *name)
{
	return add_subject(&w->court, SUBJECT_LISTENER, name);
}

static void set_queue(struct subject *s, double n)
{
	s->values[LISTENER_QUEUE] = value_number(n);
}

/* Opening and closing */

static void a_finding_is_told_once(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct subject *s;

	watch_open(&w, *state, QUEUE_RULE);
	s = listener(&w, "0.0.0.0:80");
	s->unit = "nginx.service";
	set_queue(s, 4);
	expect(&w, 1000, "opened a.queue 0.0.0.0:80 notice: Queue is long (0.0.0.0:80, nginx.service): 4 wait\n");
	assert_string_equal(w.last.subject_type, "listener");
	assert_string_equal(w.last.unit, "nginx.service");
	assert_string_equal(w.last.advise, "Look.");
	assert_null(w.last.netns);
	assert_null(w.last.key);
	assert_true(w.last.when == 1000);
	set_queue(s, 5);
	expect(&w, 1010, "");
	assert_string_equal(w.life.findings[0].message, "5 wait");
	assert_true(w.life.findings[0].opened == 1000 && w.life.findings[0].seen == 1010);
}

static void it_closes_once_it_was_well_for_long_enough(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct subject *s;

	watch_open(&w, *state, QUEUE_RULE);
	s = listener(&w, "one");
	set_queue(s, 4);
	expect(&w, 1000, "opened a.queue one notice: Queue is long (one): 4 wait\n");
	set_queue(s, 0);
	for (double now = 1100; now < 1400; now += 20)
		expect(&w, now, "");
	expect(&w, 1400, "closed a.queue one notice: a.queue (one) is over after 7 min: Queue is long\n");
	assert_int_equal(w.life.count, 0);
	expect(&w, 1500, "");
	set_queue(s, 4);
	expect(&w, 1600, "opened a.queue one notice: Queue is long (one): 4 wait\n");
}

/* Once a minute for a day: one line, not 1,440. */
static void flapping_is_one_finding(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct subject *s;

	watch_open(&w, *state, QUEUE_RULE);
	s = listener(&w, "one");
	for (unsigned i = 0; i < 1440; i++) {
		set_queue(s, i % 2 ? 0 : 4);
		life_update(&w.life, "", court_judge(&w.court), 1000 + 60 * i, may, hear, &w);
	}
	assert_int_equal(w.count, 1);
	assert_int_equal(w.life.count, 1);
}

static void what_could_not_be_judged_stays(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct subject *s;

	watch_open(&w, *state, QUEUE_RULE);
	s = listener(&w, "one");
	set_queue(s, 4);
	expect(&w, 1000, "opened a.queue one notice: Queue is long (one): 4 wait\n");
	s->values[LISTENER_QUEUE] = value_missing(VALUE_DENIED, NULL);
	for (double now = 1100; now < 9000; now += 100)
		expect(&w, now, "");
	assert_int_equal(w.life.count, 1);
	/* It is no well day that ends the count of those before it. */
	set_queue(s, 0);
	expect(&w, 9000, "");
	expect(&w, 9150, "");
	s->values[LISTENER_QUEUE] = value_missing(VALUE_DENIED, NULL);
	expect(&w, 9300, "");
	set_queue(s, 0);
	expect(&w, 9310, "closed a.queue one notice: a.queue (one) is over after 2 h: Queue is long\n");
}

static void a_subject_that_is_gone_closes_its_findings(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct facts *with, *without = facts_new();

	watch_open(&w, *state, QUEUE_RULE);
	set_queue(listener(&w, "one"), 4);
	expect(&w, 1000, "opened a.queue one notice: Queue is long (one): 4 wait\n");
	with = w.court.facts;
	w.court.facts = without;
	without->untold[SUBJECT_LISTENER] = "the dump failed";
	expect(&w, 1100, "");
	expect(&w, 2000, "");
	without->untold[SUBJECT_LISTENER] = NULL;
	expect(&w, 2100, "");
	expect(&w, 2250, "");
	expect(&w, 2400, "closed a.queue one notice: a.queue (one) is over after 23 min: Queue is long; it is gone\n");
	facts_free(with);
}

/* Settings are not left to chance; what a rule measures beside them is. */
static void settings_close_at_once_and_measures_do_not(void **state)
{
	_cleanup_watch_ struct watch w = {0};

	watch_open(&w, *state, "format = 1\n" SETTING_RULE MEASURED_RULE);
	set_live(&w.court, "net.core.somaxconn", "128");
	set_live(&w.court, "net.ipv4.tcp_mtu_probing", "0");
	w.court.facts->host->values[HOST_FD_USED] = value_number(9);
	expect(&w, 1000,
	       "opened a.measured net.ipv4.tcp_mtu_probing warning: t (net.ipv4.tcp_mtu_probing): m\n"
	       "opened a.setting net.core.somaxconn warning: Too small (net.core.somaxconn): it is 128\n");
	assert_string_equal(w.actual, "128");
	assert_string_equal(w.expected, "4096");
	set_live(&w.court, "net.core.somaxconn", "4096");
	w.court.facts->host->values[HOST_FD_USED] = value_number(1);
	expect(&w, 1010, "closed a.setting net.core.somaxconn warning: a.setting (net.core.somaxconn) is over after 10 s: Too small\n");
	assert_string_equal(w.actual, "4096");
	expect(&w, 1160, "");
	expect(&w, 1310,
	       "closed a.measured net.ipv4.tcp_mtu_probing warning: a.measured (net.ipv4.tcp_mtu_probing) is over after 5 min: t\n");
}

/* Severity */

static void a_graver_severity_is_told_at_once_and_a_lesser_one_later(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct subject *s;

	watch_open(&w, *state, QUEUE_RULE);
	s = listener(&w, "one");
	set_queue(s, 4);
	expect(&w, 1000, "opened a.queue one notice: Queue is long (one): 4 wait\n");
	set_queue(s, 8);
	expect(&w, 1010, "changed a.queue one error: Severity is error now, was notice: Queue is long (one): 8 wait\n");
	set_queue(s, 6);
	expect(&w, 1100, "");
	assert_int_equal(w.life.findings[0].severity, SEVERITY_ERROR);
	set_queue(s, 9); /* as grave as told: the count begins again */
	expect(&w, 1200, "");
	set_queue(s, 6);
	expect(&w, 1350, "");
	expect(&w, 1499, "");
	expect(&w, 1500, "changed a.queue one warning: Severity is warning now, was error: Queue is long (one): 6 wait\n");
	set_queue(s, 8);
	expect(&w, 1501, "changed a.queue one error: Severity is error now, was warning: Queue is long (one): 8 wait\n");
}

/* Up and down every minute for a day: no more than the first rise. */
static void a_severity_that_flaps_is_told_once(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct subject *s;

	watch_open(&w, *state, QUEUE_RULE);
	s = listener(&w, "one");
	for (unsigned i = 0; i < 1440; i++) {
		set_queue(s, i % 2 ? 4 : 8);
		life_update(&w.life, "", court_judge(&w.court), 1000 + 60 * i, may, hear, &w);
	}
	assert_int_equal(w.count, 1);
	assert_int_equal(w.last.severity, SEVERITY_ERROR);
}

/* Drift */

static void set_boot(const struct watch *w, const char *key, const char *raw, bool differs)
{
	struct sysctl_state *s = court_key(&w->court, key);

	s->systemd = (struct boot_value){raw, "/etc/sysctl.d/90-own.conf", 2};
	for (struct subject *x = w->court.facts->first[SUBJECT_SYSCTL]; x; x = x->next)
		if (x->key == s)
			x->values[KEY_BOOT_DIFFERS] = value_number(differs);
}

static void drift_is_told_with_what_was_meant(void **state)
{
	_cleanup_watch_ struct watch w = {0};

	watch_open(&w, *state, "format = 1\n" DRIFT);
	set_live(&w.court, "net.core.somaxconn", "128");
	set_boot(&w, "net.core.somaxconn", "4096", true);
	expect(&w, 1000,
	       "drift sysctl.drift net.core.somaxconn warning: net.core.somaxconn is \"128\": "
	       "/etc/sysctl.d/90-own.conf:2 sets \"4096\" at boot\n");
	assert_string_equal(w.last.key, "net.core.somaxconn");
	assert_string_equal(w.last.boot, "4096");
	assert_int_equal(w.last.boot_line, 2);
	assert_string_equal(w.boot_file, "/etc/sysctl.d/90-own.conf");
	assert_string_equal(w.actual, "128");
	assert_string_equal(w.expected, "4096");
	assert_string_equal(w.previous, "-");
	assert_string_equal(w.last.advise, "Set it.");
	expect(&w, 1002, "");
	/* From bad to worse. */
	set_live(&w.court, "net.core.somaxconn", "64");
	expect(&w, 1004,
	       "drift sysctl.drift net.core.somaxconn warning: net.core.somaxconn is \"64\", no longer \"128\": "
	       "/etc/sysctl.d/90-own.conf:2 sets \"4096\" at boot\n");
	assert_string_equal(w.previous, "128");
	expect(&w, 1006, "");
	set_live(&w.court, "net.core.somaxconn", "4096");
	set_boot(&w, "net.core.somaxconn", "4096", false);
	expect(&w, 1720,
	       "restored sysctl.drift net.core.somaxconn warning: net.core.somaxconn is \"4096\" again after 12 min, no longer \"64\"\n");
	assert_string_equal(w.actual, "4096");
	assert_string_equal(w.expected, "4096");
	assert_string_equal(w.previous, "64");
}

static void the_other_side_may_give_way(void **state)
{
	_cleanup_watch_ struct watch w = {0};

	watch_open(&w, *state, "format = 1\n" DRIFT);
	set_live(&w.court, "net.core.somaxconn", "128");
	set_boot(&w, "net.core.somaxconn", "4096", true);
	life_update(&w.life, "", court_judge(&w.court), 1000, may, hear, &w);
	set_boot(&w, "net.core.somaxconn", "128", false);
	expect(&w, 1010,
	       "restored sysctl.drift net.core.somaxconn warning: net.core.somaxconn is \"128\" as it is meant to be now, after 10 s\n");
	set_live(&w.court, "net.core.somaxconn", "64");
	set_boot(&w, "net.core.somaxconn", "128", true);
	life_update(&w.life, "", court_judge(&w.court), 1012, may, hear, &w);
	set_live(&w.court, "net.core.somaxconn", "128");
	set_boot(&w, "net.core.somaxconn", "128", false);
	expect(&w, 1012.4,
	       "restored sysctl.drift net.core.somaxconn warning: net.core.somaxconn is \"128\" again within a second, no longer \"64\"\n");
}

static void a_profile_asks_too(void **state)
{
	static const char profile[] = "format = 1\n[profile]\nsummary = s\n[sysctl]\nnet.core.somaxconn = >= 4096  # because r\n"
				      "net.ipv4.tcp_mtu_probing = = 1  # because r\n";
	_cleanup_watch_ struct watch w = {0};

	watch_texts(&w, *state, &(struct texts){.rules = "format = 1\n" DRIFT, .profile = profile});
	set_live(&w.court, "net.core.somaxconn", "128");
	expect(&w, 1000,
	       "drift sysctl.drift net.core.somaxconn notice: net.core.somaxconn is \"128\": the profile asks for >= 4096\n");
	assert_string_equal(w.expected, ">= 4096");
	assert_null(w.last.boot_file);
	set_boot(&w, "net.core.somaxconn", "256", true);
	set_live(&w.court, "net.ipv4.tcp_mtu_probing", "0");
	expect(&w, 1010,
	       "changed sysctl.drift net.core.somaxconn warning: Severity is warning now, was notice: Not as meant (net.core.somaxconn): it drifted\n"
	       "drift sysctl.drift net.ipv4.tcp_mtu_probing notice: net.ipv4.tcp_mtu_probing is \"0\": the profile asks for 1\n");
	assert_string_equal(w.expected, "1");
	set_live(&w.court, "net.ipv4.tcp_mtu_probing", "1");
	set_live(&w.court, "net.core.somaxconn", "129");
	expect(&w, 1012,
	       "drift sysctl.drift net.core.somaxconn warning: net.core.somaxconn is \"129\", no longer \"128\": "
	       "/etc/sysctl.d/90-own.conf:2 sets \"256\" at boot, and the profile asks for >= 4096\n"
	       "restored sysctl.drift net.ipv4.tcp_mtu_probing notice: net.ipv4.tcp_mtu_probing is \"1\" again after 2 s, no longer \"0\"\n");
}

static void a_key_that_cannot_be_read_is_not_restored(void **state)
{
	_cleanup_watch_ struct watch w = {0};

	watch_open(&w, *state, "format = 1\n" DRIFT);
	set_live(&w.court, "net.core.somaxconn", "128");
	set_boot(&w, "net.core.somaxconn", "4096", true);
	life_update(&w.life, "", court_judge(&w.court), 1000, may, hear, &w);
	court_key(&w.court, "net.core.somaxconn")->state = VALUE_DENIED;
	for (struct subject *s = w.court.facts->first[SUBJECT_SYSCTL]; s; s = s->next)
		s->values[KEY_BOOT_DIFFERS] = value_missing(VALUE_DENIED, NULL);
	expect(&w, 5000, "");
	assert_int_equal(w.life.count, 1);
}

static void what_is_waived_is_over_at_once(void **state)
{
	_cleanup_watch_ struct watch w = {0};

	watch_texts(&w, *state,
		    &(struct texts){.rules = QUEUE_RULE DRIFT,
				    .waivers = "format = 1\n[a.queue]\nreason = r\nexpires = 2027-01-31\n"
					       "[sysctl.drift]\nreason = r\nexpires = 2027-01-31\n"});
	w.court.clock = 1900000000; /* after that day */
	set_queue(listener(&w, "one"), 4);
	set_live(&w.court, "net.core.somaxconn", "128");
	set_boot(&w, "net.core.somaxconn", "4096", true);
	life_update(&w.life, "", court_judge(&w.court), 1000, may, hear, &w);
	assert_int_equal(w.life.count, 2);
	w.court.clock = 1700000000;
	expect(&w, 1060,
	       "restored sysctl.drift net.core.somaxconn warning: The drift of net.core.somaxconn is over after 60 s: it is waived\n"
	       "closed a.queue one notice: a.queue (one) is over after 60 s: Queue is long; it is waived\n");
}

/* Namespaces, reloads, permission */

static void what_may_not_be_judged_is_left_alone(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct subject *s;

	watch_open(&w, *state, QUEUE_RULE SETTING_RULE);
	s = listener(&w, "one");
	set_queue(s, 4);
	set_live(&w.court, "net.core.somaxconn", "128");
	w.denied = "a.setting";
	expect(&w, 1000, "opened a.queue one notice: Queue is long (one): 4 wait\n");
	w.denied = "a.queue";
	set_queue(s, 0);
	expect(&w, 1100, "opened a.setting net.core.somaxconn warning: Too small (net.core.somaxconn): it is 128\n");
	expect(&w, 1250, "");
	expect(&w, 9000, "");
	w.court.facts->first[SUBJECT_LISTENER] = NULL;
	expect(&w, 9300, "");
	assert_int_equal(w.life.count, 2);
	assert_true(w.life.findings[0].well_since == 0);
}

static void namespaces_live_apart(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct subject *s;

	watch_open(&w, *state, QUEUE_RULE);
	s = listener(&w, "one");
	set_queue(s, 4);
	life_update(&w.life, NULL, court_judge(&w.court), 1000, NULL, hear, &w);
	life_update(&w.life, "blue", &w.court.judgement, 1000, NULL, hear, &w);
	life_update(&w.life, "red", &w.court.judgement, 1000, NULL, hear, &w);
	assert_int_equal(w.life.count, 3);
	assert_string_equal(w.last.netns, "red");
	assert_non_null(strstr(w.message, "(one, network namespace red)"));
	set_queue(s, 0);
	for (double now = 1100; now <= 1500; now += 100)
		life_update(&w.life, "red", court_judge(&w.court), now, NULL, hear, &w);
	assert_int_equal(w.life.count, 2);
	text_clear(&w.told);
	life_forget(&w.life, "blue", 1600, hear, &w);
	assert_string_equal(text_get(&w.told), "closed a.queue one notice: a.queue (one, network namespace blue) is over "
					       "after 10 min: Queue is long; the network namespace is gone, or not watched any more\n");
	life_forget(&w.life, "green", 1600, hear, &w);
	assert_int_equal(w.life.count, 1);
	assert_string_equal(w.life.findings[0].netns, "");
}

static void a_reload_keeps_what_is_still_judged(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	_cleanup_court_ struct court next = {0};
	struct court old;

	watch_open(&w, *state, QUEUE_RULE "[b.gone]\nfor = listener\nwhen = listener.queue > 1\n" RULE_TEXTS);
	set_queue(listener(&w, "one"), 4);
	life_update(&w.life, "", court_judge(&w.court), 1000, may, hear, &w);
	assert_int_equal(w.life.count, 2);
	court_open(&next, *state, QUEUE_RULE "[b.new]\nfor = listener\nwhen = listener.queue > 100\n" RULE_TEXTS);
	old = w.court;
	w.court = next;
	next = (struct court){0};
	court_clear(&old); /* nothing of it may be needed */
	text_clear(&w.told);
	life_prune(&w.life, &w.court.rules, 1010, hear, &w);
	assert_string_equal(text_get(&w.told), "closed b.gone one warning: b.gone (one) is over after 10 s: t; the rule is off\n");
	set_queue(listener(&w, "one"), 4);
	expect(&w, 1020, "");
	ruleset_find(&w.court.rules, "a.queue")->off = true;
	expect(&w, 5000, "");
	text_clear(&w.told);
	life_prune(&w.life, &w.court.rules, 5000, hear, &w);
	assert_string_equal(text_get(&w.told), "closed a.queue one notice: a.queue (one) is over after 67 min: Queue is long; the rule is off\n");
}

/* Clocks */

static void a_clock_set_back_closes_nothing_and_breaks_nothing(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct subject *s;

	watch_open(&w, *state, QUEUE_RULE);
	s = listener(&w, "one");
	set_queue(s, 8);
	expect(&w, 1e9, "opened a.queue one error: Queue is long (one): 8 wait\n");
	set_queue(s, 0);
	expect(&w, 1e9 + 10, "");
	expect(&w, 5, "");
	expect(&w, 100, "");
	expect(&w, -1e12, "");
	expect(&w, -1e12 + 100, "");
	expect(&w, -1e12 + 250, "closed a.queue one error: a.queue (one) is over: Queue is long\n");
}

static void a_clock_set_forward_closes_nothing_by_itself(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct subject *s;

	watch_open(&w, *state, QUEUE_RULE);
	s = listener(&w, "one");
	set_queue(s, 8);
	expect(&w, 100, "opened a.queue one error: Queue is long (one): 8 wait\n");
	set_queue(s, 0);
	expect(&w, 110, "");
	expect(&w, 1.7e9, "");
	expect(&w, 1.7e9 + 10, "");
	set_queue(s, 8);
	expect(&w, 1.7e9 + 20, "");
	set_queue(s, 0);
	expect(&w, 1.8e9, "");
	expect(&w, 1.9e9, "");
	assert_int_equal(w.life.count, 1);
}

/* Names and numbers */

static void long_names_that_begin_alike_are_two(void **state)
{
	char *a = repeat('n', 5000), *b = repeat('n', 5000), *c = repeat('n', 255);
	_cleanup_watch_ struct watch w = {0};
	struct subject *s;

	b[4999] = 'm';
	watch_open(&w, *state, QUEUE_RULE);
	s = listener(&w, a);
	set_queue(s, 4);
	set_queue(listener(&w, b), 4);
	set_queue(listener(&w, c), 4);
	life_update(&w.life, "", court_judge(&w.court), 1000, may, hear, &w);
	life_update(&w.life, "", court_judge(&w.court), 1010, may, hear, &w);
	assert_int_equal(w.life.count, 3);
	assert_int_equal(w.count, 3);
	assert_true(strlen(w.life.findings[0].subject) <= LIFE_SUBJECT_MAX);
	set_queue(s, 0);
	for (double now = 1100; now <= 1400; now += 100)
		life_update(&w.life, "", court_judge(&w.court), now, may, hear, &w);
	assert_int_equal(w.life.count, 2);
	free(a);
	free(b);
	free(c);
}

/* Two of one name, as two files' lines may be: the graver one counts, and it is over when both are well. */
static void subjects_of_one_name_are_one_finding(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	struct subject *a, *b;

	watch_open(&w, *state, QUEUE_RULE);
	a = listener(&w, "one");
	b = listener(&w, "one");
	set_queue(a, 4);
	set_queue(b, 8);
	expect(&w, 1000, "opened a.queue one error: Queue is long (one): 8 wait\n");
	expect(&w, 1010, "");
	set_queue(a, 0);
	b->values[LISTENER_QUEUE] = value_missing(VALUE_DENIED, NULL);
	for (double now = 1100; now <= 2000; now += 100)
		expect(&w, now, "");
	set_queue(b, 0);
	expect(&w, 2100, "");
	expect(&w, 2250, "");
	expect(&w, 2400, "closed a.queue one error: a.queue (one) is over after 23 min: Queue is long\n");
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* 6,000 at once, and all of them over at once: bounded, counted, and no quadratic work. */
static void a_flood_is_bounded_and_quick(void **state)
{
	enum { FLOOD = 6000 };
	_cleanup_watch_ struct watch w = {0};
	struct subject **all = calloc(FLOOD, sizeof(struct subject *));
	const struct judgement *j;
	double begin;
	char name[32];

	watch_open(&w, *state, QUEUE_RULE);
	for (unsigned i = 0; i < FLOOD; i++) {
		snprintf(name, sizeof(name), "listener-%u", i);
		all[i] = listener(&w, name);
		set_queue(all[i], 4);
	}
	j = court_judge(&w.court);
	begin = seconds();
	for (unsigned i = 0; i < 5; i++)
		life_update(&w.life, "", j, 1000 + i, may, hear, &w);
	assert_int_equal(w.life.count, LIFE_CROWD_MAX);
	assert_true(w.life.size <= LIFE_MAX);
	assert_int_equal(w.life.left_out, 5 * (FLOOD - LIFE_CROWD_MAX));
	assert_int_equal(w.count, LIFE_CROWD_MAX);
	for (unsigned i = 0; i < FLOOD; i++)
		set_queue(all[i], 0);
	j = court_judge(&w.court);
	for (unsigned i = 0; i < 5; i++)
		life_update(&w.life, "", j, 2000 + 100 * i, may, hear, &w);
	assert_int_equal(w.life.count, 0);
	assert_int_equal(w.count, 2 * LIFE_CROWD_MAX);
	/* 10 judgements of thousands took 16 ms where this was written; quadratic work would take seconds. */
	assert_true(seconds() - begin < 3);
	/* What is not needed any more is given back, by and by. */
	for (unsigned i = 0; i < 10; i++)
		life_update(&w.life, "", j, 3000 + i, may, hear, &w);
	assert_true(w.life.size <= 64);
	free(all);
}

/* However many listeners somebody makes: what is about the host itself finds room. */
static void a_crowd_hides_no_drift(void **state)
{
	_cleanup_watch_ struct watch w = {0};
	char name[32];

	watch_open(&w, *state, QUEUE_RULE DRIFT);
	for (unsigned i = 0; i < LIFE_MAX + 100; i++) {
		snprintf(name, sizeof(name), "listener-%u", i);
		set_queue(listener(&w, name), 8);
	}
	set_live(&w.court, "net.core.somaxconn", "4096");
	life_update(&w.life, "", court_judge(&w.court), 1000, may, hear, &w);
	life_update(&w.life, "blue", court_judge(&w.court), 1000, may, hear, &w);
	assert_int_equal(w.life.count, LIFE_CROWD_MAX);
	set_live(&w.court, "net.core.somaxconn", "128");
	set_boot(&w, "net.core.somaxconn", "4096", true);
	expect(&w, 1002,
	       "drift sysctl.drift net.core.somaxconn warning: net.core.somaxconn is \"128\": "
	       "/etc/sysctl.d/90-own.conf:2 sets \"4096\" at boot\n");
	/* Another namespace belongs to the crowd. */
	w.count = 0;
	life_update(&w.life, "blue", court_judge(&w.court), 1004, may, hear, &w);
	assert_int_equal(w.count, 0);
}

/* Judgements by hand, since only what they lead to counts: rule × subject in any mixture. */
struct storm {
	struct watch w;
	struct subject *subjects[60];
	struct finding *findings;
	uint64_t seed;
	size_t most;
};

enum { STORM_RULES = 100 };

static uint64_t chance(struct storm *s)
{
	return s->seed = hash_u64(s->seed + 0x9e3779b97f4a7c15ULL);
}

static void storm_setup(struct storm *s, const struct tree *t)
{
	_cleanup_text_ struct text rules = TEXT_NULL;
	char name[LIFE_SUBJECT_MAX * 2];

	text_add(&rules, "format = 1\n");
	for (unsigned i = 0; i < STORM_RULES; i++)
		text_addf(&rules, "[a.r%u]\nfor = listener\nwhen = listener.queue > 3\n" RULE_TEXTS, i);
	watch_open(&s->w, t, text_get(&rules));
	for (size_t i = 0; i < ARRAY_SIZE(s->subjects); i++) {
		snprintf(name, sizeof(name), "%0*zu", i % 7 ? 10 : 400, i);
		s->subjects[i] = listener(&s->w, name);
		set_queue(s->subjects[i], 0);
	}
	s->findings = calloc(STORM_RULES * ARRAY_SIZE(s->subjects), sizeof(*s->findings));
}

static void tally(void *user, const struct event *e)
{
	struct storm *s = user;

	assert_true(e->message && *e->message && e->rule && e->subject);
	s->w.count++;
}

/* Mostly a few, at times thousands; now and then the clock jumps, a value is unknown, a namespace goes, rules go. */
static void storm_step(struct storm *s, double *now)
{
	static const char *const spaces[] = {"", "", "", "blue", "red"};
	static char message[4096];
	struct judgement j = {.facts = s->w.court.facts, .rules = &s->w.court.rules, .findings = s->findings};
	size_t share = chance(s) % 1000 ? 2000 : 1;
	struct subject *any = s->subjects[chance(s) % ARRAY_SIZE(s->subjects)];

	for (size_t i = chance(s) % share; i < STORM_RULES * ARRAY_SIZE(s->subjects); i += 1 + chance(s) % (2 * share))
		s->findings[j.count++] = (struct finding){
			.rule = &s->w.court.rules.rules[i % STORM_RULES],
			.subject = s->subjects[i / STORM_RULES],
			.severity = (enum severity)(chance(s) % SEVERITIES),
			.message = message + chance(s) % sizeof(message),
		};
	*now += chance(s) % 100 ? (double)(chance(s) % 100) : (double)(int64_t)(chance(s) % 2000000) - 1000000;
	any->values[LISTENER_QUEUE] = chance(s) % 4 ? value_number(0) : value_missing(VALUE_DENIED, NULL);
	life_update(&s->w.life, spaces[chance(s) % ARRAY_SIZE(spaces)], &j, *now, NULL, tally, s);
	if (chance(s) % 500 == 0)
		life_forget(&s->w.life, spaces[chance(s) % ARRAY_SIZE(spaces)], *now, tally, s);
	ruleset_find(&s->w.court.rules, "a.r7")->off = chance(s) % 2;
	if (chance(s) % 50 == 0)
		life_prune(&s->w.life, &s->w.court.rules, *now, tally, s);
	memset(message, 'm', sizeof(message) - 1);
}

static void nothing_grows_over_100000_judgements(void **state)
{
	struct storm s = {.seed = 1};
	size_t before, after;
	double now = 1e9;

	storm_setup(&s, *state);
	for (unsigned i = 0; i < 2000; i++)
		storm_step(&s, &now);
	life_clear(&s.w.life);
	before = mallinfo2().uordblks;
	s.w.life.hold = 100;
	for (unsigned i = 0; i < 100000; i++) {
		storm_step(&s, &now);
		s.most = max_of(s.most, s.w.life.count);
		if (s.w.life.count > LIFE_MAX || s.w.life.size > LIFE_MAX || s.w.life.opened - s.w.life.closed != s.w.life.count)
			fail_msg("after %u judgements %zu findings, room for %zu, opened %lu, closed %lu", i, s.w.life.count,
				 s.w.life.size, s.w.life.opened, s.w.life.closed);
	}
	assert_int_equal(s.most, LIFE_CROWD_MAX); /* it was full at times */
	assert_true(s.w.life.left_out > 0);
	assert_true(s.w.count >= s.w.life.opened + s.w.life.closed);
	life_clear(&s.w.life);
	after = mallinfo2().uordblks;
	/* The allocator keeps up to seven blocks of each small size and counts them as used: 230 KB at most. */
	assert_true(after <= before + 256 * 1024);
	free(s.findings);
	watch_clear(&s.w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		in_tree(a_finding_is_told_once),
		in_tree(it_closes_once_it_was_well_for_long_enough),
		in_tree(flapping_is_one_finding),
		in_tree(what_could_not_be_judged_stays),
		in_tree(a_subject_that_is_gone_closes_its_findings),
		in_tree(settings_close_at_once_and_measures_do_not),
		in_tree(a_graver_severity_is_told_at_once_and_a_lesser_one_later),
		in_tree(a_severity_that_flaps_is_told_once),
		in_tree(drift_is_told_with_what_was_meant),
		in_tree(the_other_side_may_give_way),
		in_tree(a_profile_asks_too),
		in_tree(a_key_that_cannot_be_read_is_not_restored),
		in_tree(what_is_waived_is_over_at_once),
		in_tree(what_may_not_be_judged_is_left_alone),
		in_tree(namespaces_live_apart),
		in_tree(a_reload_keeps_what_is_still_judged),
		in_tree(a_clock_set_back_closes_nothing_and_breaks_nothing),
		in_tree(a_clock_set_forward_closes_nothing_by_itself),
		in_tree(long_names_that_begin_alike_are_two),
		in_tree(subjects_of_one_name_are_one_finding),
		in_tree(a_flood_is_bounded_and_quick),
		in_tree(a_crowd_hides_no_drift),
		in_tree(nothing_grows_over_100000_judgements),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
