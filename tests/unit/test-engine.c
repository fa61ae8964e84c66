/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine over a host of files, by a clock of the test's own. */
#include "unit-host.h"

#include "daemon/engine.h"

#define RULES                                                                                              \
	"format = 1\n"                                                                                     \
	"[sysctl.drift]\nfor = sysctl\nwhen = (key.boot_differs or key.wanted_unmet) and not key.pending\n" \
	"severity = notice\ntitle = Drift\nmessage = {key.live} is not as meant\nbecause = b\nrefs = r\n"     \
	"[a.files]\nfor = host\nwhen = host.fd_used > 100\nseverity = warning\ntitle = Many files\n"       \
	"message = {host.fd_used} files\nbecause = b\nrefs = r\n"                                          \
	"[a.partly]\nfor = host\nwhen = host.fd_used > 1000\nseverity = warning\ntitle = Many files\n"     \
	"message = {host.fd_used} files, {sockets.total} sockets\nbecause = b\nrefs = r\n"                \
	"[a.open]\nfor = host\nwhen = sockets.established >= 1\nseverity = notice\ntitle = Open\n"          \
	"message = {sockets.established} connections\nbecause = b\nrefs = r\n"
#define KEYS                                                                                               \
	"format = 1\n[net.core.somaxconn]\ntitle = t\nabout = a\napplies = new\nrefs = r\nmin = 1\n"       \
	"[net.ipv4.tcp_fin_timeout]\ntitle = t\nabout = a\napplies = new\nrefs = r\nunit = seconds\nmin = 1\n"

struct bed {
	struct tree *tree;
	struct host host;
	struct root *root;
	struct engine *engine;
	struct engine_time now;
	struct text told;
	char last_previous[64];
};

static void hear(void *user, const struct event *e)
{
	struct bed *b = user;

	text_addf(&b->told, "%s %s|", event_defs[e->kind].name, e->rule ? e->rule : e->key ? e->key : "-");
	snprintf(b->last_previous, sizeof(b->last_previous), "%s", e->previous ? e->previous : "");
}

static struct setup *load(struct bed *b)
{
	struct setup *setup = NULL;
	struct diag d = {0};
	char datadir[4200];

	if (setup_load(b->root, tree_path(b->tree, "data", datadir, sizeof(datadir)), &setup, &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
	return setup;
}

static void bed_make(struct bed *b, void **state, const char *conf)
{
	const struct engine_options o = {.tell = hear, .user = b};

	b->tree = *state;
	b->host.tree = *state;
	tree_write(b->tree, "data/rules/t.rule", RULES);
	tree_write(b->tree, "data/rules/sysctl/t.sysctl", KEYS);
	tree_write(b->tree, "data/profiles/balanced.profile", "format = 1\n[profile]\nsummary = s\n");
	tree_write(b->tree, "r/etc/tcpadvisor/tcpadvisor.conf", conf);
	tree_write(b->tree, "r/etc/sysctl.d/a.conf", "net.core.somaxconn = 4096\n");
	tree_write(b->tree, "r/proc/sys/net/core/somaxconn", "4096\n");
	tree_write(b->tree, "r/proc/sys/net/ipv4/tcp_fin_timeout", "60\n");
	tree_write(b->tree, "r/proc/sys/fs/file-nr", "50 0 1000\n");
	host_write(&b->host);
	b->root = host_open(&b->host);
	b->now = (struct engine_time){1000, 2e9, 5000};
	assert_int_equal(engine_new(b->root, load(b), &o, &b->engine), 0);
}

static void bed_clear(struct bed *b)
{
	engine_free(b->engine);
	root_free(b->root);
	text_clear(&b->told);
}

static void pass_time(struct bed *b, double seconds)
{
	for (double left = seconds; left > 0; left -= ENGINE_BEAT) {
		b->now.mono += ENGINE_BEAT;
		b->now.real += ENGINE_BEAT;
		b->now.boot += ENGINE_BEAT;
		engine_beat(b->engine, &b->now);
	}
}

static void assert_told(struct bed *b, const char *what)
{
	if (strcmp(text_get(&b->told), what))
		fail_msg("told: '%s', not '%s'", text_get(&b->told), what);
	b->told.len = 0;
	if (b->told.s)
		b->told.s[0] = 0;
}

static struct service_stats stats_of(struct bed *b)
{
	struct service_stats s = {0};

	engine_stats(b->engine, &b->now, &s);
	return s;
}

static void nothing_is_told_twice(void **state)
{
	struct bed b = {0};

	bed_make(&b, state, "format = 1\n");
	tree_write(b.tree, "r/proc/sys/fs/file-nr", "500 0 1000\n");
	assert_false(engine_ready(b.engine));
	assert_null(engine_report(b.engine));
	pass_time(&b, 4);
	assert_true(engine_ready(b.engine));
	assert_non_null(engine_report(b.engine));
	assert_told(&b, "opened a.files|");
	pass_time(&b, 200);
	assert_told(&b, "");
	assert_true(stats_of(&b).ticks >= 19);
	assert_int_equal(stats_of(&b).passes, 4);
	bed_clear(&b);
}

/* However many there are, and in whatever order they come again; a reload asks anew. */
static void troubles_are_told_once(void **state)
{
	struct bed b = {0};

	bed_make(&b, state, "format = 1\n[service]\nnetns = no-such-one, nor-this\n");
	pass_time(&b, 200);
	assert_true(stats_of(&b).passes >= 3);
	assert_told(&b, "trouble -|");
	engine_reload(b.engine, load(&b), &b.now);
	pass_time(&b, 200);
	assert_told(&b, "trouble -|");
	bed_clear(&b);
}

/* What is gone is over after `hold`, by ticks alone: passes are far apart here. */
static void what_ticks_see_closes_between_passes(void **state)
{
	struct bed b = {0};

	bed_make(&b, state, "format = 1\n[service]\ntick = 10 s\npass = 1 h\nhold = 60 s\n");
	tree_write(b.tree, "r/proc/sys/fs/file-nr", "500 0 1000\n");
	pass_time(&b, 4);
	assert_told(&b, "opened a.files|");
	tree_write(b.tree, "r/proc/sys/fs/file-nr", "50 0 1000\n");
	pass_time(&b, 40);
	assert_told(&b, "");
	pass_time(&b, 60);
	assert_told(&b, "closed a.files|");
	assert_int_equal(stats_of(&b).passes, 1);
	bed_clear(&b);
}

/* What a tick cannot say whole it leaves to the next pass, and what a pass said it does not spoil. */
static void ticks_say_nothing_half(void **state)
{
	struct bed b = {0};

	bed_make(&b, state, "format = 1\n[service]\ntick = 10 s\npass = 60 s\nhold = 20 s\n");
	pass_time(&b, 4);
	tree_write(b.tree, "r/proc/sys/fs/file-nr", "2000 0 9000\n");
	pass_time(&b, 40);
	assert_told(&b, "opened a.files|");
	pass_time(&b, 20);
	assert_told(&b, "opened a.partly|");
	pass_time(&b, 30);
	assert_string_equal(engine_life(b.engine)->findings[1].message, "2000 files, 0 sockets");
	tree_write(b.tree, "r/proc/sys/fs/file-nr", "50 0 9000\n");
	pass_time(&b, 40);
	assert_int_equal(engine_life(b.engine)->count, 0);
	bed_clear(&b);
}

static void drift_is_told_at_the_next_beat(void **state)
{
	struct bed b = {0};

	bed_make(&b, state, "format = 1\n");
	pass_time(&b, 4);
	assert_told(&b, "");
	tree_write(b.tree, "r/proc/sys/net/core/somaxconn", "128\n");
	pass_time(&b, 2);
	assert_told(&b, "drift sysctl.drift|");
	assert_string_equal(b.last_previous, "4096");
	assert_int_equal(stats_of(&b).drifted, 1);
	tree_write(b.tree, "r/proc/sys/net/core/somaxconn", "256\n");
	pass_time(&b, 2);
	assert_told(&b, "drift sysctl.drift|");
	assert_string_equal(b.last_previous, "128");
	tree_write(b.tree, "r/proc/sys/net/core/somaxconn", "4096\n");
	pass_time(&b, 2);
	assert_told(&b, "restored sysctl.drift|");
	assert_int_equal(stats_of(&b).drifted, 0);
	pass_time(&b, 120);
	assert_told(&b, "");
	bed_clear(&b);
}

/* A pass whose samples were taken before the change must not say that all is well again. */
static void a_pass_under_way_does_not_take_drift_back(void **state)
{
	struct bed b = {0};

	bed_make(&b, state, "format = 1\n[audit]\nwindow = 10 s\n[service]\npass = 14 s\n");
	pass_time(&b, 14);
	for (int i = 0; i < 40; i++) {
		tree_write(b.tree, "r/proc/sys/net/core/somaxconn", "128\n");
		pass_time(&b, 2);
		assert_told(&b, "drift sysctl.drift|");
		pass_time(&b, i % 16);
		assert_told(&b, "");
		tree_write(b.tree, "r/proc/sys/net/core/somaxconn", "4096\n");
		pass_time(&b, 2);
		assert_told(&b, "restored sysctl.drift|");
	}
	bed_clear(&b);
}

static void a_key_of_which_nothing_is_asked(void **state)
{
	struct bed b = {0};

	bed_make(&b, state, "format = 1\n");
	pass_time(&b, 4);
	tree_write(b.tree, "r/proc/sys/net/ipv4/tcp_fin_timeout", "30\n");
	pass_time(&b, 12);
	assert_told(&b, "key-changed net.ipv4.tcp_fin_timeout|");
	assert_string_equal(b.last_previous, "60");
	pass_time(&b, 120);
	assert_told(&b, "");
	bed_clear(&b);
}

static void drift_waits_for_boot_to_settle(void **state)
{
	struct bed b = {0};

	bed_make(&b, state, "format = 1\n[service]\nsettle = 60 s\n");
	b.now.boot = 5;
	tree_write(b.tree, "r/proc/sys/net/core/somaxconn", "128\n");
	pass_time(&b, 20);
	tree_write(b.tree, "r/proc/sys/net/ipv4/tcp_fin_timeout", "30\n");
	pass_time(&b, 20);
	assert_told(&b, "");
	assert_true(stats_of(&b).settling);
	pass_time(&b, 40);
	assert_told(&b, "drift sysctl.drift|");
	assert_false(stats_of(&b).settling);
	bed_clear(&b);
}

static void a_reload_keeps_what_is_open(void **state)
{
	struct bed b = {0};

	bed_make(&b, state, "format = 1\n");
	tree_write(b.tree, "r/proc/sys/fs/file-nr", "500 0 1000\n");
	tree_write(b.tree, "r/proc/sys/net/core/somaxconn", "128\n");
	pass_time(&b, 4);
	assert_int_equal(engine_life(b.engine)->count, 2);
	b.told.len = 0;
	tree_write(b.tree, "r/etc/tcpadvisor/rules/t.rule",
		   "format = 1\n[a.files]\nfor = host\nwhen = host.fd_used > 10\nseverity = warning\n"
		   "title = Many files\nmessage = m\nbecause = b\nrefs = r\n");
	engine_reload(b.engine, load(&b), &b.now);
	assert_null(engine_report(b.engine));
	assert_told(&b, "restored sysctl.drift|"); /* its rule is gone */
	pass_time(&b, 6);
	assert_told(&b, "");
	assert_non_null(engine_report(b.engine));
	assert_int_equal(engine_life(b.engine)->count, 1);
	bed_clear(&b);
}

static void what_changed_is_named(void **state)
{
	struct bed b = {0};
	_cleanup_(setup_freep) struct setup *new = NULL, *same = NULL;
	_cleanup_text_ struct text t = TEXT_NULL, none = TEXT_NULL;

	bed_make(&b, state, "format = 1\n[service]\ntick = 20 s\n[interface eth0]\nspeed = 1 Gbit/s\n");
	same = load(&b);
	assert_false(setup_compare(engine_setup(b.engine), same, &none));
	tree_write(b.tree, "r/etc/tcpadvisor/tcpadvisor.conf", "format = 1\n[service]\npass = 90 s\n");
	tree_write(b.tree, "r/etc/tcpadvisor/rules/u.rule",
		   "format = 1\n[threshold x]\nvalue = 1\nabout = a\n[b.new]\nfor = host\nwhen = 1 > 2\n"
		   "title = t\nmessage = m\nbecause = b\nrefs = r\nseverity = notice\n");
	new = load(&b);
	assert_true(setup_compare(engine_setup(b.engine), new, &t));
	for (const char *const *w = (const char *const[]){"tick is the default, was 20 s", "pass is 90 s, was the default",
							  "no speed is declared any more for eth0", "new rules: b.new", NULL};
	     *w; w++)
		if (!strstr(text_get(&t), *w))
			fail_msg("'%s' is not in: %s", *w, text_get(&t));
	bed_clear(&b);
}

/* A budget that this pass cannot keep moves the next one away. */
static void passes_keep_their_budget(void **state)
{
	struct bed b = {0};
	struct service_stats s;

	bed_make(&b, state, "format = 1\n[service]\npass = 4 s\nbudget = 0.01 %\n");
	pass_time(&b, 4);
	s = stats_of(&b);
	assert_int_equal(s.passes, 1);
	assert_true(s.pass_cpu > 0);
	assert_true(s.pass >= s.pass_cpu / 0.0001 * 0.999 && s.pass >= 4);
	pass_time(&b, s.pass - 6);
	assert_int_equal(stats_of(&b).passes, 1);
	pass_time(&b, 12);
	assert_int_equal(stats_of(&b).passes, 2);
	bed_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(nothing_is_told_twice),
		in_tree(troubles_are_told_once),
		in_tree(what_ticks_see_closes_between_passes),
		in_tree(ticks_say_nothing_half),
		in_tree(drift_is_told_at_the_next_beat),
		in_tree(a_pass_under_way_does_not_take_drift_back),
		in_tree(a_key_of_which_nothing_is_asked),
		in_tree(drift_waits_for_boot_to_settle),
		in_tree(a_reload_keeps_what_is_open),
		in_tree(what_changed_is_named),
		in_tree(passes_keep_their_budget),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
