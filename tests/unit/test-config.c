/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where rules, profiles, waivers and settings come from, and whose are refused. */
#include "unit-rules.h"

#include <errno.h>

#include "config/config.h"
#include "config/search.h"

#define RULE(id, title)                                                                            \
	"format = 1\n[" id "]\nwhen = yes\ntitle = " title "\nmessage = m\nbecause = b\nrefs = r\n"
#define PROFILE(value) "format = 1\n[profile]\nsummary = s\n[thresholds]\nx.y = " value "\n"

/* What a package installs: a catalogue, two rules, a threshold, two profiles. */
static void add_package(const struct tree *t)
{
	tree_write(t, "data/rules/sysctl/small.sysctl", small_catalogue);
	tree_write(t, "data/rules/a.rule", RULE("a.a", "packaged"));
	tree_write(t, "data/rules/b.rule", RULE("b.b", "packaged"));
	tree_write(t, "data/rules/z.rule", "format = 1\n[threshold x.y]\nvalue = 1\nabout = a\n");
	tree_write(t, "data/profiles/one.profile", PROFILE("11"));
	tree_write(t, "data/profiles/two.profile", PROFILE("22"));
}

static int load(const struct tree *t, const char *profiles, struct ruleset *set, struct diag *d)
{
	_cleanup_(root_freep) struct root *r = open_record(t, PLAIN);
	char datadir[4200];

	return config_load_rules(r, tree_path(t, "data", datadir, sizeof(datadir)), profiles, set,
				 d);
}

static void load_well(const struct tree *t, const char *profiles, struct ruleset *set)
{
	struct diag d = {0};

	if (load(t, profiles, set, &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
}

/* The end of the file's path must be as given: where the tree lies is nobody's business. */
static void load_badly(const struct tree *t, const char *profiles, const char *file,
		       const char *says)
{
	struct ruleset set;
	struct diag d = {0};
	size_t n = strlen(file);

	if (load(t, profiles, &set, &d) != -EINVAL)
		fail_msg("'%s' is accepted", file);
	assert_int_equal(set.count, 0);
	if (strlen(d.file) < n || strcmp(d.file + strlen(d.file) - n, file) ||
	    !strstr(d.message, says))
		fail_msg("'%s' in %s expected, got %s:%u: %s", says, file, d.file, d.line,
			 d.message);
}

static void assert_titles(const struct tree *t, const char *a, const char *b)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	const struct rule *r;

	load_well(t, "", set);
	r = ruleset_find(set, "a.a");
	assert_string_equal(r ? r->title : "(none)", a);
	r = ruleset_find(set, "b.b");
	assert_string_equal(r ? r->title : "(none)", b);
}

/* The search order */

static void the_administrator_wins(void **state)
{
	add_package(*state);
	assert_titles(*state, "packaged", "packaged");
	tree_write(*state, "r/run/tcpadvisor/rules/a.rule", RULE("a.a", "run"));
	assert_titles(*state, "run", "packaged");
	tree_write(*state, "r/etc/tcpadvisor/rules/a.rule", RULE("a.a", "etc"));
	assert_titles(*state, "etc", "packaged");
	/* as a whole: what the lower file said besides is gone */
	tree_write(*state, "r/etc/tcpadvisor/rules/b.rule", RULE("c.c", "etc"));
	assert_titles(*state, "etc", "(none)");
}

static void files_add_to_the_packaged_ones(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};

	add_package(*state);
	tree_write(*state, "r/etc/tcpadvisor/rules/sysctl/more.sysctl",
		   "format = 1\n[net.more]\n" KEY_TEXTS "min = 1\n");
	tree_write(*state, "r/etc/tcpadvisor/rules/more.rule",
		   "format = 1\n[c.c]\nwhen = sysctl.net.more > threshold.x.y\n" RULE_TEXTS);
	tree_write(*state, "r/etc/tcpadvisor/rules/.hidden.rule", "not read\n");
	tree_write(*state, "r/etc/tcpadvisor/rules/.rule", "not read\n");
	tree_write(*state, "r/etc/tcpadvisor/rules/old.rule~", "not read\n");
	tree_write(*state, "r/etc/tcpadvisor/rules/README", "not read\n");
	load_well(*state, "", set);
	assert_int_equal(set->count, 3);
	assert_non_null(ruleset_find(set, "c.c"));
}

static void a_link_to_dev_null_masks(void **state)
{
	add_package(*state);
	tree_link(*state, "r/etc/tcpadvisor/rules/a.rule", "/dev/null");
	assert_titles(*state, "(none)", "packaged");
	tree_link(*state, "r/run/tcpadvisor/rules/b.rule", "/dev/null");
	tree_write(*state, "r/etc/tcpadvisor/rules/b.rule", RULE("b.b", "etc"));
	assert_titles(*state, "(none)", "etc");
}

static void an_empty_file_masks(void **state)
{
	add_package(*state);
	tree_write(*state, "r/run/tcpadvisor/rules/a.rule", "");
	assert_titles(*state, "(none)", "packaged");
	tree_write(*state, "r/etc/tcpadvisor/rules/b.rule", "");
	tree_write(*state, "r/etc/tcpadvisor/rules/c.rule", RULE("c.c", "etc"));
	assert_titles(*state, "(none)", "(none)");
}

static void the_found_files_are_sorted_and_marked(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_(search_clearp) struct search *s = &(struct search){0};
	char datadir[4200];

	add_package(*state);
	tree_write(*state, "r/run/tcpadvisor/rules/aa.rule", RULE("c.c", "run"));
	tree_link(*state, "r/etc/tcpadvisor/rules/b.rule", "/dev/null");
	assert_int_equal(search_files(r, tree_path(*state, "data", datadir, sizeof(datadir)),
				      "rules", ".rule", s),
			 0);
	assert_int_equal(s->count, 4);
	assert_string_equal(s->files[0].name, "a.rule");
	assert_true(s->files[0].packaged && s->files[0].path[0] == '/');
	assert_string_equal(s->files[1].path, "/run/tcpadvisor/rules/aa.rule");
	assert_false(s->files[1].packaged || s->files[1].masked);
	assert_true(s->files[2].masked);
	assert_string_equal(s->files[3].name, "z.rule");
}

static void too_many_files_are_refused(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_(search_clearp) struct search *s = &(struct search){0};
	char path[64];

	for (int i = 0; i < SEARCH_FILES_MAX; i++) {
		snprintf(path, sizeof(path), "r/etc/tcpadvisor/rules/%d.rule", i);
		tree_write(*state, path, "");
	}
	assert_int_equal(search_files(r, NULL, "rules", ".rule", s), 0);
	assert_int_equal(s->count, SEARCH_FILES_MAX);
	search_clear(s);
	tree_write(*state, "r/etc/tcpadvisor/rules/one-more.rule", "");
	assert_int_equal(search_files(r, NULL, "rules", ".rule", s), -E2BIG);
	assert_int_equal(s->count, 0);
}

/* A name too long for the record of what was found must not vanish without a word. */
static void long_names_do_not_vanish(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	_cleanup_free_ char *name = repeat('n', 200);
	struct diag d = {0};
	char path[300];

	add_package(*state);
	snprintf(path, sizeof(path), "r/etc/tcpadvisor/rules/%s.rule", name);
	tree_write(*state, path, RULE("c.c", "etc"));
	if (load(*state, "", set, &d) == 0)
		assert_non_null(ruleset_find(set, "c.c"));
}

/* A data directory with a long path is searched or refused; it is never another directory. */
static void a_long_data_directory_is_no_other(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	_cleanup_free_ char *part = repeat('d', 100);
	struct diag d = {0};
	char sub[400], path[4600];

	snprintf(sub, sizeof(sub), "%s/%s/%s/", part, part, part);
	snprintf(path, sizeof(path), "%srules/a.rule", sub);
	tree_write(*state, path, RULE("a.a", "packaged"));
	if (config_load_rules(r, tree_path(*state, sub, path, sizeof(path)), "", set, &d) < 0)
		assert_null(strstr(d.message, "no rule was found"));
	else
		assert_int_equal(set->count, 1);
}

/* Whose files are refused */

static void what_anybody_may_write_is_refused(void **state)
{
	static const char *const paths[][2] = {
		{"data/rules/w.rule", "data/rules/w.rule"},
		{"r/run/tcpadvisor/rules/w.rule", "/run/tcpadvisor/rules/w.rule"},
		{"r/etc/tcpadvisor/rules/w.rule", "/etc/tcpadvisor/rules/w.rule"},
		{"r/etc/tcpadvisor/rules/sysctl/w.sysctl", "/etc/tcpadvisor/rules/sysctl/w.sysctl"},
		{"r/etc/tcpadvisor/waivers/w.waiver", "/etc/tcpadvisor/waivers/w.waiver"},
		{"r/etc/tcpadvisor/profiles/one.profile", "/etc/tcpadvisor/profiles/one.profile"},
	};
	struct tree *t = *state;

	add_package(t);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		tree_write(t, paths[i][0], "format = 1\n[profile]\nsummary = s\n");
		tree_mode(t, paths[i][0], 0646);
		load_badly(t, "one", paths[i][1], "anybody may write it: refused");
		assert_int_equal(unlinkat(t->fd, paths[i][0], 0), 0);
	}
	assert_titles(t, "packaged", "packaged");
}

/* Whose link it is does not matter: the file behind it does. */
static void a_link_to_what_anybody_may_write_is_refused(void **state)
{
	add_package(*state);
	tree_write(*state, "r/tmp/evil", RULE("c.c", "evil"));
	tree_mode(*state, "r/tmp/evil", 0666);
	tree_link(*state, "r/etc/tcpadvisor/rules/c.rule", "/tmp/evil");
	load_badly(*state, "", "/etc/tcpadvisor/rules/c.rule", "anybody may write it: refused");
}

static void what_cannot_be_read_is_refused(void **state)
{
	_cleanup_free_ char *big = repeat('#', 1024 * 1024 + 1);
	struct tree *t = *state;

	alarm(HANG_S);
	add_package(t);
	tree_write(t, "r/etc/tcpadvisor/rules/big.rule", big);
	load_badly(t, "", "/etc/tcpadvisor/rules/big.rule", "larger than 1 MiB");
	assert_int_equal(unlinkat(t->fd, "r/etc/tcpadvisor/rules/big.rule", 0), 0);
	tree_write(t, "data/rules/big.rule", big);
	load_badly(t, "", "data/rules/big.rule", "larger than 1 MiB");
	assert_int_equal(unlinkat(t->fd, "data/rules/big.rule", 0), 0);
	assert_int_equal(mkfifoat(t->fd, "data/rules/f.rule", 0644), 0);
	load_badly(t, "", "data/rules/f.rule", "not a regular file");
	assert_int_equal(unlinkat(t->fd, "data/rules/f.rule", 0), 0);
	assert_int_equal(mkfifoat(t->fd, "r/etc/tcpadvisor/rules/f.rule", 0644), 0);
	load_badly(t, "", "/etc/tcpadvisor/rules/f.rule", "cannot be read");
	assert_int_equal(unlinkat(t->fd, "r/etc/tcpadvisor/rules/f.rule", 0), 0);
	tree_link(t, "r/etc/tcpadvisor/rules/l.rule", "../../../../data/rules/a.rule");
	load_badly(t, "", "/etc/tcpadvisor/rules/l.rule", "cannot be read");
	alarm(0);
}

static void faults_name_their_file_and_line(void **state)
{
	struct ruleset set;
	struct diag d = {0};

	add_package(*state);
	tree_write(*state, "r/etc/tcpadvisor/rules/bad.rule",
		   "format = 1\n[c.c]\nfor = path\nwhen = path.bdp > 5 s\n");
	assert_int_equal(load(*state, "", &set, &d), -EINVAL);
	assert_diag(&d, "/etc/tcpadvisor/rules/bad.rule", 4, "bytes and seconds cannot be compared");
	load_badly(*state, "", "/etc/tcpadvisor/rules/bad.rule", "cannot be compared");
	tree_write(*state, "r/etc/tcpadvisor/rules/bad.rule", RULE("a.a", "twice"));
	load_badly(*state, "", "/etc/tcpadvisor/rules/bad.rule", "[a.a] is there already");
}

static void an_empty_package_is_told(void **state)
{
	load_badly(*state, "", "data", "no rule was found");
}

/* Waivers and profiles */

static void waivers_are_the_administrators_alone(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};

	add_package(*state);
	tree_write(*state, "data/waivers/p.waiver",
		   "format = 1\n[a.a]\nreason = packaged\nexpires = 2030-01-01\n");
	tree_write(*state, "r/etc/tcpadvisor/waivers/e.waiver",
		   "format = 1\n[b.b]\nreason = etc\nexpires = 2030-01-01\n");
	load_well(*state, "", set);
	assert_int_equal(set->waiver_count, 1);
	assert_string_equal(set->waivers[0].rule, "b.b");
	assert_string_equal(set->waivers[0].file, "/etc/tcpadvisor/waivers/e.waiver");
}

static void assert_threshold(const struct tree *t, const char *profiles, double want)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};

	load_well(t, profiles, set);
	assert_true(set->threshold_values[0] == want);
}

static void profiles_are_found_by_name_and_by_path(void **state)
{
	char path[4200];

	add_package(*state);
	assert_threshold(*state, "one", 11);
	tree_write(*state, "r/etc/tcpadvisor/profiles/one.profile", PROFILE("33"));
	assert_threshold(*state, "one", 33);
	tree_write(*state, "mine.profile", PROFILE("44"));
	assert_threshold(*state, tree_path(*state, "mine.profile", path, sizeof(path)), 44);
	tree_write(*state, "mine.profile", "format = 1\n[profile]\nsummary = s\ninclude = two\n");
	assert_threshold(*state, path, 22);
}

static void profiles_are_separated_by_commas_and_blanks(void **state)
{
	add_package(*state);
	tree_write(*state, "data/profiles/three.profile", "format = 1\n[profile]\nsummary = s\n");
	assert_threshold(*state, "one,three", 11);
	assert_threshold(*state, "one, three", 11);
}

static void profiles_that_are_not_there_are_told(void **state)
{
	char path[4200];

	add_package(*state);
	load_badly(*state, "four", "four", "no profile has this name");
	load_badly(*state, "one,four", "four", "no profile has this name");
	load_badly(*state, "one.profile", "one.profile", "no profile has this name");
	tree_link(*state, "r/etc/tcpadvisor/profiles/one.profile", "/dev/null");
	load_badly(*state, "one", "one", "no profile has this name");
	tree_path(*state, "absent.profile", path, sizeof(path));
	load_badly(*state, path, "absent.profile", "cannot be read");
	tree_write(*state, "absent.profile", PROFILE("1"));
	tree_mode(*state, "absent.profile", 0666);
	load_badly(*state, path, "absent.profile", "anybody may write it: refused");
	tree_path(*state, "data", path, sizeof(path));
	load_badly(*state, path, "data", "not a regular file");
}

/* config.h: an empty file masks. So it does for a profile. */
static void an_empty_profile_is_masked(void **state)
{
	add_package(*state);
	tree_write(*state, "r/etc/tcpadvisor/profiles/one.profile", "");
	load_badly(*state, "one", "one", "no profile has this name");
}

/* A recorded root is untrusted, and nothing is read outside it. Its own profiles are part of it. */
static void a_recorded_profile_includes_no_file_of_this_host(void **state)
{
	_cleanup_(ruleset_clearp) struct ruleset *set = &(struct ruleset){0};
	char outside[4200], text[4400];
	struct diag d = {0};

	add_package(*state);
	tree_write(*state, "outside.profile", PROFILE("66"));
	tree_path(*state, "outside.profile", outside, sizeof(outside));
	assert_true(strlen(outside) < 150);
	snprintf(text, sizeof(text), "format = 1\n[profile]\nsummary = s\ninclude = %s\n", outside);
	tree_write(*state, "r/etc/tcpadvisor/profiles/one.profile", text);
	if (load(*state, "one", set, &d) >= 0)
		fail_msg("a file outside the record is read: threshold %g",
			 set->threshold_values[0]);
}

#define CONF_NAME "/etc/tcpadvisor/tcpadvisor.conf"
#define CONF "r" CONF_NAME

static int load_config(const struct tree *t, struct config *c, struct diag *d)
{
	_cleanup_(root_freep) struct root *r = open_record(t, PLAIN);

	*c = CONFIG_DEFAULT;
	return config_load(c, r, d);
}

/* The packaged example, each of its options uncommented. */
static void read_example(char *ret, size_t size)
{
	const char *top = getenv("TCPADVISOR_SRCDIR");
	char path[4200], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/docs/tcpadvisor.conf.example", top ? top : ".");
	f = fopen(path, "re");
	assert_non_null(f);
	*ret = 0;
	while (fgets(line, sizeof(line), f))
		strncat(ret, line + (line[0] == '#' && line[1] > ' '), size - strlen(ret) - 1);
	fclose(f);
}

static void the_example_has_the_defaults(void **state)
{
	const struct config d = CONFIG_DEFAULT;
	struct diag diag = {0};
	struct config c;
	char text[8192];

	read_example(text, sizeof(text));
	tree_write(*state, CONF, text);
	if (load_config(*state, &c, &diag) < 0)
		fail_msg("%s:%u: %s", diag.file, diag.line, diag.message);
	/* Of these three the default is said elsewhere: by what asks for them. */
	assert_string_equal(c.profile, "balanced");
	assert_true(c.window == 2);
	assert_true(c.idle_timeout == 0);
	assert_int_equal(c.borrow, d.borrow);
	assert_true(c.flow_target == d.flow_target);
	assert_true(c.tick == d.tick);
	assert_true(c.pass == d.pass);
	assert_true(c.budget == d.budget);
	assert_true(c.hold == d.hold);
	assert_true(c.settle == d.settle);
	assert_string_equal(c.netns, d.netns);
	assert_string_equal(c.textfile, d.textfile);
	assert_int_equal(c.journal, d.journal);
	assert_int_equal(c.journal_level, d.journal_level);
	assert_true(c.journal_burst == d.journal_burst);
	assert_true(c.journal_rate == d.journal_rate);
	assert_int_equal(c.allow, d.allow);
	assert_true(c.confirm_within == d.confirm_within);
	config_clear(&c);
}

/* It is judged by profiles that it holds, or that are named on the command line. */
static void a_recorded_config_names_no_file_of_this_host(void **state)
{
	static const char *const profiles[] = {"/etc/shadow", "latency,/tmp/x.profile", "../x"};
	char text[100];

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct diag d = {0};
		struct config c;

		snprintf(text, sizeof(text), "format = 1\n[audit]\nprofile = %s\n", profiles[i]);
		tree_write(*state, CONF, text);
		if (load_config(*state, &c, &d) >= 0)
			fail_msg("'%s' is taken from a record", profiles[i]);
		assert_diag(&d, CONF_NAME, 3, "");
		config_clear(&c);
	}
}

static void list(const struct tree *t, char *ret, size_t size)
{
	_cleanup_(root_freep) struct root *r = open_record(t, PLAIN);
	struct arena a = ARENA_NULL;
	char datadir[4200];
	const char **names;
	size_t n;

	tree_path(t, "data", datadir, sizeof(datadir));
	assert_int_equal(config_list_profiles(r, datadir, &a, &names, &n), 0);
	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		strncat(ret, names[i], size - strlen(ret) - 1);
		strncat(ret, " ", size - strlen(ret) - 1);
	}
	arena_clear(&a);
}

static void profiles_are_listed(void **state)
{
	char names[256];

	list(*state, names, sizeof(names));
	assert_string_equal(names, "");
	add_package(*state);
	tree_write(*state, "r/etc/tcpadvisor/profiles/zebra.profile", PROFILE("1"));
	tree_write(*state, "r/run/tcpadvisor/profiles/one.profile", PROFILE("1"));
	tree_write(*state, "r/run/tcpadvisor/profiles/note.txt", "");
	list(*state, names, sizeof(names));
	assert_string_equal(names, "one two zebra ");
	tree_link(*state, "r/etc/tcpadvisor/profiles/one.profile", "/dev/null");
	list(*state, names, sizeof(names));
	assert_string_equal(names, "two zebra ");
	tree_write(*state, "r/etc/tcpadvisor/profiles/two.profile", "");
	list(*state, names, sizeof(names));
	assert_string_equal(names, "zebra ");
}

/* Settings */

static void config_is_optional(void **state)
{
	struct diag d = {0};
	struct config c;

	assert_int_equal(load_config(*state, &c, &d), 0);
	assert_null(c.profile);
	assert_true(c.window < 0 && c.flow_target == 0 && c.speed_count == 0);
	config_clear(&c);
}

static void config_is_understood(void **state)
{
	struct diag d = {0};
	struct config c;

	tree_write(
		*state, CONF,
		"format = 1\n[audit]\nprofile = latency,hardening\nwindow = 500 ms\n"
		   "[path]\nflow-target = 1 Gbit/s\n"
		"[interface eth0]\nspeed = 10 Gbit/s\n[interface eth0.100]\nspeed = 100 Mbit/s\n"
		"[interface eth0]\nspeed = 25 Gbit/s\n");
	assert_int_equal(load_config(*state, &c, &d), 0);
	assert_string_equal(c.profile, "latency,hardening");
	assert_true(c.window == 0.5);
	assert_true(c.flow_target == 125e6);
	assert_int_equal(c.speed_count, 2);
	assert_string_equal(c.speeds[0].interface, "eth0");
	assert_true(c.speeds[0].rate == 25e9 / 8);
	assert_string_equal(c.speeds[1].interface, "eth0.100");
	assert_true(c.speeds[1].rate == 12.5e6);
	config_clear(&c);
	assert_null(c.profile);
	assert_true(c.window < 0);
}

static void assert_profile(const struct tree *t, const char *want)
{
	struct diag d = {0};
	struct config c;

	if (load_config(t, &c, &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
	assert_string_equal(c.profile ? c.profile : "(none)", want);
	config_clear(&c);
}

static void config_is_searched_like_the_rest(void **state)
{
	tree_write(*state, "r/run/tcpadvisor/tcpadvisor.conf",
		   "format = 1\n[audit]\nprofile = run\n");
	assert_profile(*state, "run");
	tree_write(*state, CONF, "format = 1\n[audit]\nprofile = etc\n");
	assert_profile(*state, "etc");
	tree_write(*state, CONF, "");
	assert_profile(*state, "(none)");
}

static void a_masked_config_is_none(void **state)
{
	struct tree *t = *state;

	tree_write(t, "r/run/tcpadvisor/tcpadvisor.conf", "format = 1\n[audit]\nprofile = run\n");
	tree_link(t, CONF, "/dev/null");
	assert_profile(t, "(none)");
	/* On a live root something is there, and no regular file. */
	tree_directory(t, "r/dev");
	assert_int_equal(mkfifoat(t->fd, "r/dev/null", 0644), 0);
	assert_profile(t, "(none)");
}

static void faults_of_config_are_told(void **state)
{
	static const struct refusal rows[] = {
		{"format = 1\n[audit]\ncolour = red\n", 3, "unknown option 'colour' in [audit]"},
		{"format = 1\n[audits]\nprofile = x\n", 3, "unknown option 'profile' in [audits]"},
		{"format = 1\nprofile = x\n", 2, "unknown option 'profile' in []"},
		{"format = 1\n[audit]\nwindow = 2\n", 3, "'window = 2': a time such as 2 s"},
		{"format = 1\n[audit]\nwindow = -2 s\n", 3, "a time such as 2 s"},
		{"format = 1\n[path]\nflow-target = 1 GB\n", 3,
		 "'flow-target = 1 GB': a rate such as"},
		{"format = 1\n[interface eth0]\nspeed = fast\n", 3,
		 "'speed = fast': a rate such as"},
		{"format = 1\n[interface eth0]\nspeed = 0 bit/s\n", 3,
		 "'speed = 0 bit/s': a rate such as"},
		{"format = 1\n[interface eth0]\nmtu = 9000\n", 3,
		 "unknown option 'mtu' in [interface eth0]"},
		{"format = 1\n[interface ]\nspeed = 1 Gbit/s\n", 3, ""},
		{"[audit]\nprofile = x\n", 2, "must begin with 'format = 1'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct diag d = {0};
		struct config c;

		tree_write(*state, CONF, rows[i].input);
		assert_int_equal(load_config(*state, &c, &d), -EINVAL);
		assert_diag(&d, CONF_NAME, rows[i].line, rows[i].says);
		config_clear(&c);
	}
}

static void a_config_that_is_no_file_is_refused(void **state)
{
	struct diag d = {0};
	struct config c;

	tree_directory(*state, CONF);
	assert_int_equal(load_config(*state, &c, &d), -EINVAL);
	assert_diag(&d, CONF_NAME, 0, "cannot be read");
}

/* It names the profile, which sets what is wanted: who may write it may write the rules. */
static void a_config_that_anybody_may_write_is_refused(void **state)
{
	struct diag d = {0};
	struct config c;

	tree_write(*state, CONF, "format = 1\n[audit]\nprofile = x\n");
	tree_mode(*state, CONF, 0666);
	if (load_config(*state, &c, &d) >= 0)
		fail_msg("accepted");
	assert_diag(&d, CONF_NAME, 0, "anybody may write it");
}

static void speeds_are_declared_within_limits(void **state)
{
	struct config c = CONFIG_DEFAULT;
	char name[16];

	(void)state;
	assert_int_equal(config_add_speed(&c, "", "1 Gbit/s"), -EINVAL);
	assert_int_equal(config_add_speed(&c, "eth0", "1 Gbit"), -EINVAL);
	assert_int_equal(config_add_speed(&c, "eth0", "1 GB"), -EINVAL);
	assert_int_equal(config_add_speed(&c, "eth0", "0 bit/s"), -EINVAL);
	assert_int_equal(c.speed_count, 0);
	for (int i = 0; i < DECLARED_SPEEDS_MAX; i++) {
		snprintf(name, sizeof(name), "eth%d", i);
		assert_int_equal(config_add_speed(&c, name, "1Gbit/s"), 0);
	}
	assert_int_equal(config_add_speed(&c, "one-more", "1 Gbit/s"), -E2BIG);
	assert_int_equal(config_add_speed(&c, "eth63", "2 Gbit/s"), 0);
	assert_true(c.speeds[63].rate == 2.5e8);
	assert_int_equal(c.speed_count, DECLARED_SPEEDS_MAX);
	config_clear(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(the_administrator_wins),
		in_tree(files_add_to_the_packaged_ones),
		in_tree(a_link_to_dev_null_masks),
		in_tree(an_empty_file_masks),
		in_tree(the_found_files_are_sorted_and_marked),
		in_tree(too_many_files_are_refused),
		in_tree(long_names_do_not_vanish),
		in_tree(a_long_data_directory_is_no_other),
		in_tree(what_anybody_may_write_is_refused),
		in_tree(a_link_to_what_anybody_may_write_is_refused),
		in_tree(what_cannot_be_read_is_refused),
		in_tree(faults_name_their_file_and_line),
		in_tree(an_empty_package_is_told),
		in_tree(waivers_are_the_administrators_alone),
		in_tree(profiles_are_found_by_name_and_by_path),
		in_tree(profiles_are_separated_by_commas_and_blanks),
		in_tree(profiles_that_are_not_there_are_told),
		in_tree(an_empty_profile_is_masked),
		in_tree(a_recorded_profile_includes_no_file_of_this_host),
		in_tree(a_recorded_config_names_no_file_of_this_host),
		in_tree(the_example_has_the_defaults),
		in_tree(profiles_are_listed),
		in_tree(config_is_optional),
		in_tree(config_is_understood),
		in_tree(config_is_searched_like_the_rest),
		in_tree(a_masked_config_is_none),
		in_tree(faults_of_config_are_told),
		in_tree(a_config_that_is_no_file_is_refused),
		in_tree(a_config_that_anybody_may_write_is_refused),
		cmocka_unit_test(speeds_are_declared_within_limits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
