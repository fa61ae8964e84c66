/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot configuration of sysctls. What is expected of each loader was seen from systemd-sysctl
 * (252) and `sysctl --system` (procps 4.0.2) themselves, with these files in a network namespace.
 */
#include "unit.h"

#include <errno.h>

#include "collect/sysctld.h"

#define TIME	"net.ipv4.tcp_keepalive_time"
#define INTVL	"net.ipv4.tcp_keepalive_intvl"
#define TAG(i)	"net.ipv4.conf." i ".tag"
#define A	"/etc/sysctl.d/a.conf"
#define ETC	"r/etc/sysctl.d/"

static void write_a(void **state, const char *text)
{
	tree_write(*state, ETC "a.conf", text);
}

static struct sysctld load(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	struct sysctld s = {0};

	assert_int_equal(sysctld_load(r, &s), 0);
	return s;
}

/* want: "value file:line", or NULL where nothing sets the key. */
static void assert_winner(const struct sysctld *s, enum sysctld_loader loader, const char *key,
			  const char *want)
{
	struct boot_value v = sysctld_winner(s, loader, key);
	_cleanup_text_ struct text got = TEXT_NULL;

	if (v.raw)
		text_addf(&got, "%s %s:%u", v.raw, v.file, v.line);
	if (strcmp(text_get(&got), want ? want : ""))
		fail_msg("%s, %s: '%s' expected, got '%s'",
			 loader == LOADER_SYSTEMD ? "systemd" : "procps", key, want ? want : "",
			 text_get(&got));
}

static void assert_winners(const struct sysctld *s, const char *key, const char *systemd,
			   const char *procps)
{
	assert_winner(s, LOADER_SYSTEMD, key, systemd);
	assert_winner(s, LOADER_PROCPS, key, procps);
}

static void assert_both(const struct sysctld *s, const char *key, const char *want)
{
	assert_winners(s, key, want, want);
}

/* Load what the tree holds and judge one key. */
static void expect(void **state, const char *key, const char *systemd, const char *procps)
{
	struct sysctld s = load(state);

	assert_int_equal(s.unreadable, 0);
	assert_winners(&s, key, systemd, procps);
	sysctld_clear(&s);
}

/* Files */

static void nothing_is_set_where_there_is_no_file(void **state)
{
	expect(state, TIME, NULL, NULL);
}

static void sysctl_conf_is_read_last_by_procps_only(void **state)
{
	tree_write(*state, "r/etc/sysctl.conf", TIME "=13\n");
	expect(state, TIME, NULL, "13 /etc/sysctl.conf:1");
	tree_link(*state, ETC "99-sysctl.conf", "../sysctl.conf");
	expect(state, TIME, "13 /etc/sysctl.d/99-sysctl.conf:1", "13 /etc/sysctl.conf:1");
	tree_write(*state, ETC "99-z.conf", TIME "=14\n");
	expect(state, TIME, "14 /etc/sysctl.d/99-z.conf:1", "13 /etc/sysctl.conf:1");
}

static void systemd_reads_a_linked_sysctl_conf_once(void **state)
{
	struct sysctld s;

	tree_write(*state, "r/etc/sysctl.conf", TIME "=13\n");
	tree_link(*state, ETC "99-sysctl.conf", "/etc/sysctl.conf");
	s = load(state);
	assert_int_equal(s.count[LOADER_SYSTEMD], 1);
	assert_int_equal(s.count[LOADER_PROCPS], 2);
	sysctld_clear(&s);
}

/* From the last directory to the first, each new file hides the one before it. */
static void the_first_directory_with_a_name_has_it(void **state)
{
	static const char *const dirs[] = {"/lib", "/usr/lib", "/usr/local/lib", "/run", "/etc"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		char path[64], text[64], want[64];

		snprintf(path, sizeof(path), "r%s/sysctl.d/50-a.conf", dirs[i]);
		snprintf(text, sizeof(text), "%s=%zu\n", TIME, i);
		snprintf(want, sizeof(want), "%zu %s/sysctl.d/50-a.conf:1", i, dirs[i]);
		tree_write(*state, path, text);
		expect(state, TIME, want, want);
	}
}

static void a_name_hides_the_whole_file(void **state)
{
	struct sysctld s;

	tree_write(*state, ETC "50-a.conf", TIME "=20\n");
	tree_write(*state, "r/usr/lib/sysctl.d/50-a.conf", TIME "=21\n" INTVL "=22\n");
	s = load(state);
	assert_both(&s, TIME, "20 /etc/sysctl.d/50-a.conf:1");
	assert_both(&s, INTVL, NULL);
	sysctld_clear(&s);
}

static void files_sort_by_name_over_all_directories(void **state)
{
	tree_write(*state, ETC "10-a.conf", TIME "=40\n");
	tree_write(*state, "r/run/sysctl.d/50-c.conf", TIME "=42\n");
	tree_write(*state, "r/usr/lib/sysctl.d/90-b.conf", TIME "=41\n");
	expect(state, TIME, "41 /usr/lib/sysctl.d/90-b.conf:1", "41 /usr/lib/sysctl.d/90-b.conf:1");
	tree_write(*state, ETC "Z.conf", TIME "=44\n");
	tree_write(*state, ETC "a.conf", TIME "=43\n");
	expect(state, TIME, "43 " A ":1", "43 " A ":1");
}

static void a_file_is_masked_by_what_holds_no_line(void **state)
{
	static const char *const names[] = {"null", "empty", "dangling", "directory"};

	tree_link(*state, ETC "null.conf", "/dev/null");
	tree_write(*state, ETC "empty.conf", "");
	tree_link(*state, ETC "dangling.conf", "nowhere");
	tree_directory(*state, ETC "directory.conf");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64];

		snprintf(path, sizeof(path), "r/usr/lib/sysctl.d/%s.conf", names[i]);
		tree_write(*state, path, TIME "=50\n");
		expect(state, TIME, NULL, NULL);
	}
}

static void a_mask_is_recorded(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	struct tapped tapped = {0};
	struct sysctld s;

	tree_link(*state, ETC "50-a.conf", "/dev/null");
	tree_write(*state, "r/usr/lib/sysctl.d/50-a.conf", TIME "=50\n");
	tree_write(*state, ETC "60-b.conf", "x=1\n");
	set_tap(r, &tapped);
	assert_int_equal(sysctld_load(r, &s), 0);
	assert_string_equal(text_get(&tapped.text), "link etc/sysctl.d/50-a.conf /dev/null\n"
						    "file etc/sysctl.d/60-b.conf x=1\n\n");
	sysctld_clear(&s);
	free_tapped(&tapped);
}

static void only_names_in_conf_count(void **state)
{
	tree_write(*state, ETC "a.conf.bak", TIME "=90\n");
	tree_write(*state, ETC "a", TIME "=91\n");
	tree_write(*state, ETC "a.CONF", TIME "=92\n");
	tree_write(*state, ETC "conf", TIME "=93\n");
	expect(state, TIME, NULL, NULL);
}

static void hidden_files_are_for_procps_only(void **state)
{
	struct sysctld s;

	tree_write(*state, ETC ".a.conf", TIME "=88\n");
	tree_write(*state, ETC ".conf", INTVL "=89\n");
	s = load(state);
	assert_winners(&s, TIME, NULL, "88 /etc/sysctl.d/.a.conf:1");
	assert_winners(&s, INTVL, NULL, "89 /etc/sysctl.d/.conf:1");
	sysctld_clear(&s);
}

static void a_credential_is_read_last_by_systemd_only(void **state)
{
	write_a(state, TIME "=102\n");
	tree_write(*state, "r/run/credentials/systemd-sysctl.service/sysctl.extra", TIME "=103\n");
	expect(state, TIME, "103 /run/credentials/systemd-sysctl.service/sysctl.extra:1",
	       "102 " A ":1");
}

static void only_root_can_say_that_a_credential_is_unreadable(void **state)
{
	static const char path[] = "r/run/credentials/systemd-sysctl.service/sysctl.extra";
	static const char *const confs[] = {PLAIN, PLAIN "privileged = yes\n"};

	tree_link(*state, path, "sysctl.extra");
	for (size_t i = 0; i < ARRAY_SIZE(confs); i++) {
		_cleanup_(root_freep) struct root *r = open_record(*state, confs[i]);
		struct sysctld s;

		assert_int_equal(sysctld_load(r, &s), 0);
		assert_int_equal(s.unreadable, i);
		sysctld_clear(&s);
	}
}

static void what_cannot_be_read_is_counted(void **state)
{
	_cleanup_free_ char *big = repeat('\n', SYSCTLD_FILE_MAX + 1);
	struct sysctld s;

	memcpy(big, TIME "=1", strlen(TIME "=1"));
	tree_write_bytes(*state, ETC "big.conf", big, SYSCTLD_FILE_MAX + 1);
	tree_link(*state, ETC "loop.conf", "loop.conf");
	tree_link(*state, "r/run/sysctl.d", "sysctl.d");
	tree_write(*state, "r/usr/lib/sysctl.d/loop.conf", TIME "=2\n");
	tree_write(*state, "r/usr/lib/sysctl.d/whole.conf", INTVL "=3\n");
	s = load(state);
	assert_int_equal(s.unreadable, 3);
	assert_both(&s, TIME, NULL);
	assert_both(&s, INTVL, "3 /usr/lib/sysctl.d/whole.conf:1");
	sysctld_clear(&s);
	tree_write_bytes(*state, ETC "big.conf", big, SYSCTLD_FILE_MAX);
	s = load(state);
	assert_int_equal(s.unreadable, 2);
	assert_both(&s, TIME, "1 /etc/sysctl.d/big.conf:1");
	sysctld_clear(&s);
}

static void links_do_not_leave_the_record(void **state)
{
	char outside[4200], target[4300];

	tree_write(*state, "outside.conf", TIME "=1\n");
	tree_link(*state, ETC "a.conf", "../../../outside.conf");
	tree_path(*state, "outside.conf", outside, sizeof(outside));
	snprintf(target, sizeof(target), "%s", outside);
	tree_link(*state, ETC "b.conf", target);
	expect(state, TIME, NULL, NULL);
}

static void half_a_configuration_is_refused(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_free_ char *line = repeat('x', SYSCTLD_FILE_MAX);
	struct sysctld s = {.unreadable = 77};
	char path[64];

	for (int i = 0; i < SYSCTLD_BYTES_MAX / SYSCTLD_FILE_MAX; i++) {
		snprintf(path, sizeof(path), ETC "%d.conf", i);
		tree_write_bytes(*state, path, line, SYSCTLD_FILE_MAX);
	}
	assert_int_equal(sysctld_load(r, &s), 0);
	sysctld_clear(&s);
	s.unreadable = 77;
	tree_write(*state, ETC "more.conf", "x");
	assert_int_equal(sysctld_load(r, &s), -E2BIG);
	assert_int_equal(s.unreadable, 77);
	assert_null(s.arena.last);
}

static void too_many_files_are_refused(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	struct sysctld s;
	char path[64];

	for (int i = 0; i <= SYSCTLD_FILES_MAX; i++) {
		if (i == SYSCTLD_FILES_MAX) {
			assert_int_equal(sysctld_load(r, &s), 0);
			sysctld_clear(&s);
		}
		snprintf(path, sizeof(path), "%s%d.conf", i % 2 ? ETC : "r/run/sysctl.d/", i);
		tree_write(*state, path, "");
	}
	assert_int_equal(sysctld_load(r, &s), -E2BIG);
}

/* Lines */

static void keys_and_values_are_trimmed(void **state)
{
	struct sysctld s;

	write_a(state, "  " TIME "\t=  1 2\t3 \n" INTVL " = 87 \r\n-" TAG("lo") "\t=x = y\n"
		       "  ; " TIME "=4\n\t#" TIME "=5\n" TIME " 6\n\n= 7\n-\n-=8\n" TIME "x =");
	s = load(state);
	assert_both(&s, TIME, "1 2\t3 " A ":1");
	assert_both(&s, INTVL, "87 " A ":2");
	assert_both(&s, TAG("lo"), "x = y " A ":3");
	assert_both(&s, TIME "x", " " A ":11");
	for (int loader = 0; loader < LOADERS; loader++) {
		assert_int_equal(s.count[loader], 4);
		assert_false(s.entries[loader][0].tolerant);
		assert_true(s.entries[loader][2].tolerant);
	}
	sysctld_clear(&s);
}

static void nothing_but_the_value_follows_the_equals_sign(void **state)
{
	write_a(state, TIME " = 0 # off ; \"x\"\n");
	expect(state, TIME, "0 # off ; \"x\" " A ":1", "0 # off ; \"x\" " A ":1");
}

static void lines_end_otherwise_for_each_loader(void **state)
{
	static const char text[] = "# x\r" TIME "=83\n\0" INTVL "=84\n\f" TAG("lo") "=85\r\n"
				   "\n\r\n\ra=1\0\0b=2\r\rc=3\n\nd=4\0\ne=5";
	struct sysctld s;

	tree_write_bytes(*state, ETC "a.conf", text, sizeof(text) - 1);
	s = load(state);
	assert_winners(&s, TIME, "83 " A ":2", NULL);
	assert_winners(&s, INTVL, "84 " A ":3", NULL);
	assert_winners(&s, TAG("lo"), NULL, "85 " A ":3");
	assert_winners(&s, "a", "1 " A ":7", "1 " A ":6");
	assert_winners(&s, "b", "2 " A ":9", NULL);
	assert_winners(&s, "c", "3 " A ":11", NULL);
	assert_winners(&s, "d", "4 " A ":13", "4 " A ":8");
	assert_winners(&s, "e", "5 " A ":15", "5 " A ":9");
	sysctld_clear(&s);
}

static void a_dash_is_read_otherwise_by_each_loader(void **state)
{
	write_a(state, "- " TIME "=80\n");
	expect(state, TIME, "80 " A ":1", NULL);
	write_a(state, "--" TIME "=81\n");
	expect(state, TIME, NULL, "81 " A ":1");
	write_a(state, "-" TIME " = 82\n");
	expect(state, TIME, "82 " A ":1", "82 " A ":1");
}

static void the_first_separator_says_how_a_key_is_written(void **state)
{
	struct sysctld s;

	write_a(state, "net.ipv4.conf.eth0/100.tag=74\nnet/ipv4/conf/eth0.100/medium_id=75\n"
		       "net.ipv4.conf.eth0.100.tag=76\nnet/ipv4.conf.eth0/100.tag=77\n"
		       "net/ipv4/tcp_keepalive_time=78\nkernel=79\n");
	s = load(state);
	assert_both(&s, TAG("eth0/100"), "74 " A ":1");
	assert_both(&s, "net.ipv4.conf.eth0/100.medium_id", "75 " A ":2");
	assert_both(&s, TAG("eth0.100"), "76 " A ":3");
	assert_both(&s, TIME, "78 " A ":5");
	assert_both(&s, "kernel", "79 " A ":6");
	sysctld_clear(&s);
}

static void idle_separators_count_for_procps_only(void **state)
{
	struct sysctld s;

	write_a(state, "/net/ipv4/conf/lo/tag=1\n" TAG("*") "=2\n" TAG(".eth0") "=3\n"
		       "net..ipv4.tcp_keepalive_time=4\nnet/./ipv4//tcp_keepalive_intvl=5\n"
		       "/=6\n./=7\n..=8\n");
	s = load(state);
	assert_winners(&s, TAG("lo"), "1 " A ":1", "2 " A ":2");
	assert_both(&s, TAG("eth0"), "3 " A ":3");
	assert_both(&s, TAG("eth1"), "2 " A ":2");
	assert_both(&s, TIME, "4 " A ":4");
	assert_both(&s, INTVL, "5 " A ":5");
	sysctld_clear(&s);
	write_a(state, TAG("*") "=2\n/net/ipv4/conf/lo/tag=1\n" TAG("eth0") "=4\n"
		       "/net/ipv4/conf/eth*/tag=3\n" TAG("eth0/100") "=5\n");
	s = load(state);
	assert_both(&s, TAG("lo"), "1 " A ":2");
	assert_winners(&s, TAG("eth0"), "4 " A ":3", "3 " A ":4");
	assert_both(&s, TAG("eth0/100"), "5 " A ":5");
	assert_both(&s, TAG("eth1"), "3 " A ":4");
	sysctld_clear(&s);
}

static void a_separator_at_the_end_counts_for_procps_only(void **state)
{
	struct sysctld s;

	write_a(state, TIME ".=1\nnet/ipv4/tcp_keepalive_intvl/=2\n" TAG("*") ".=3\n");
	s = load(state);
	assert_winners(&s, TIME, "1 " A ":1", NULL);
	assert_winners(&s, INTVL, "2 " A ":2", NULL);
	assert_both(&s, TAG("lo"), "3 " A ":3");
	sysctld_clear(&s);
}

/* Winners */

static void the_last_assignment_wins(void **state)
{
	write_a(state, TIME "=1\n" TIME "=2\n" TIME "=2\n");
	expect(state, TIME, "2 " A ":3", "2 " A ":3");
	tree_write(*state, ETC "b.conf", TIME "=1\n");
	expect(state, TIME, "1 /etc/sysctl.d/b.conf:1", "1 /etc/sysctl.d/b.conf:1");
}

static void an_exclusion_takes_back_for_systemd_only(void **state)
{
	write_a(state, TIME "=60\n-" TIME "\n");
	expect(state, TIME, NULL, "60 " A ":1");
	write_a(state, "-" TIME "\n" TIME "=61\n");
	expect(state, TIME, "61 " A ":2", "61 " A ":2");
}

static void a_line_that_names_the_key_keeps_globs_away(void **state)
{
	struct sysctld s;

	write_a(state, TAG("lo") "=62\n");
	tree_write(*state, ETC "b.conf", TAG("*") "=63\n-net/ipv4/conf/eth0.100/tag\n");
	s = load(state);
	assert_both(&s, TAG("lo"), "62 " A ":1");
	assert_both(&s, TAG("eth0"), "63 /etc/sysctl.d/b.conf:1");
	assert_both(&s, TAG("eth0/100"), NULL);
	assert_both(&s, "net.ipv4.conf.eth0.medium_id", NULL);
	sysctld_clear(&s);
}

static void the_last_matching_glob_wins(void **state)
{
	struct sysctld s;

	write_a(state, TAG("*") "=66\n" TAG("eth*") "=67\n");
	s = load(state);
	assert_both(&s, TAG("lo"), "66 " A ":1");
	assert_both(&s, TAG("eth0"), "67 " A ":2");
	sysctld_clear(&s);
}

static void a_glob_said_again_keeps_its_place_in_systemd(void **state)
{
	write_a(state, TAG("*") "=68\n" TAG("eth*") "=69\n" TAG("*") "=68\n");
	expect(state, TAG("eth0"), "69 " A ":2", "68 " A ":3");
	write_a(state, TAG("*") "=70\n" TAG("eth*") "=71\n" TAG("*") "=72\n");
	expect(state, TAG("eth0"), "72 " A ":3", "72 " A ":3");
}

static void a_glob_is_taken_back_for_systemd_only(void **state)
{
	write_a(state, TAG("*") "=73\n" TAG("*") "=73\n-" TAG("*") "\n");
	expect(state, TAG("lo"), NULL, "73 " A ":2");
	write_a(state, TAG("l*") "=73\n-" TAG("*") "\n");
	expect(state, TAG("lo"), "73 " A ":1", "73 " A ":1");
}

/* An interface may be called what looks like a glob. */
static void a_pattern_does_not_name_the_key_it_looks_like(void **state)
{
	struct sysctld s;

	write_a(state, TAG("eth[*]") "=1\n" TAG("e*") "=2\n");
	s = load(state);
	assert_both(&s, TAG("eth[*]"), NULL);
	assert_both(&s, TAG("eth*"), "2 " A ":2");
	sysctld_clear(&s);
}

/* Globs */

struct glob_row {
	const char *glob, *key;
	bool systemd, procps;
};

static const struct glob_row glob_rows[] = {
	{TAG("*"), TAG("lo"), true, true},
	{TAG("**"), TAG("lo"), true, true},
	{TAG("*0*0*"), TAG("eth0/100"), true, true},
	{TAG("*0*1*1*"), TAG("eth0/100"), false, false},
	{TAG("eth?"), TAG("eth0"), true, true},
	{TAG("eth?"), TAG("eth"), false, false},
	{TAG("eth?"), TAG("eth00"), false, false},
	{TAG("eth0?"), TAG("eth0/100"), false, false},
	{TAG("eth0?100"), TAG("eth0/100"), true, true},
	{"net/ipv4/conf/*.100/tag", TAG("eth0/100"), true, true},
	{"net.ipv4.conf.*", TAG("lo"), false, false},
	{"net.*.tag", TAG("lo"), false, false},
	{"net.*.*.*.*", TAG("lo"), true, true},
	{"*.*.*.*.*.*", TAG("lo"), false, false},
	{TAG("*"), TAG("/hid"), false, false},
	{TAG("?hid"), TAG("/hid"), false, false},
	{TAG("[/]hid"), TAG("/hid"), false, false},
	{TAG("/*"), TAG("/hid"), true, true},
	{TAG("\\/hi*"), TAG("/hid"), true, true},
	{TAG("[el]*"), TAG("lo"), true, true},
	{TAG("[!e]*"), TAG("eth0"), false, false},
	{TAG("[^e]*"), TAG("lo"), true, true},
	{TAG("[]l]o"), TAG("lo"), true, true},
	{TAG("[l-o]?"), TAG("lo"), true, true},
	{TAG("[a-k]?"), TAG("lo"), false, false},
	{TAG("[!l-]?"), TAG("lo"), false, false},
	{TAG("[-l]?"), TAG("lo"), true, true},
	{TAG("[l-]o"), TAG("lo"), true, true},
	{TAG("[\\]l]o"), TAG("lo"), true, true},
	{TAG("[lo"), TAG("lo"), false, false},
	{TAG("[lo"), TAG("[lo"), false, false}, /* names the key, and is a glob: neither sets it */
	{TAG("l[o"), TAG("lo"), false, false},
	{TAG("[\\e]th0"), TAG("eth0"), true, true},
	{TAG("eth0[+-9]*"), TAG("eth0/100"), true, true}, /* '.' is between '+' and '9' */
	{"net/ipv4/conf/eth0[+-.]*/tag", TAG("eth0/100"), true, true},
	{TAG("eth0[0-9]*"), TAG("eth0/100"), false, false},
	{TAG("[[:alpha:]]o"), TAG("lo"), true, true},
	{TAG("eth[[:digit:]]"), TAG("eth0"), true, true},
	{TAG("eth[![:digit:]]"), TAG("eth0"), false, false},
	{TAG("eth[[:nonsense:]]"), TAG("eth0"), false, false},
	{TAG("eth\\*"), TAG("eth0"), false, false},
	{TAG("eth\\*"), TAG("eth*"), true, true},
	{TAG("eth\\0*"), TAG("eth0"), true, true},
	{TAG("{lo,eth0}"), TAG("lo"), false, false},
	{TAG("{lo,eth*}"), TAG("lo"), true, false},
	{TAG("{lo,eth*}"), TAG("eth0"), true, false},
	{TAG("{x,{y,{lo}}}*"), TAG("lo"), true, false},
	{TAG("{x,{y,{lo}}}*"), TAG("x"), true, false},
	{TAG("{,l}*o"), TAG("lo"), true, false},
	{TAG("{\\},lo}*"), TAG("lo"), true, false},
	{TAG("{lo,x*"), TAG("lo"), false, false},
	{TAG("{lo,x*"), TAG("{lo,xy"), true, true},
	{TAG("\\{lo,x}*"), TAG("{lo,x}"), true, true},
	{"net.ipv{4,6}.conf.*.{tag,x}", TAG("lo"), true, false},
	{"net.{ipv4.conf,x}.lo.ta*", TAG("lo"), true, false},
};

static void globs_match_as_the_loaders_expand_them(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(glob_rows); i++) {
		const struct glob_row *row = &glob_rows[i];
		char text[128];

		snprintf(text, sizeof(text), "%s = 1\n", row->glob);
		write_a(state, text);
		print_message("# %s for %s\n", row->glob, row->key);
		expect(state, row->key, row->systemd ? "1 " A ":1" : NULL,
		       row->procps ? "1 " A ":1" : NULL);
	}
}

/* These take for ever where each star is backtracked, or all braces are expanded. */
static int match_hostile_globs(struct root *r)
{
	_cleanup_(sysctld_clear) struct sysctld s = {0};
	_cleanup_free_ char *key = repeat('a', 250);

	if (sysctld_load(r, &s) < 0)
		return 1;
	return sysctld_winner(&s, LOADER_SYSTEMD, key).raw ||
	       sysctld_winner(&s, LOADER_PROCPS, key).raw;
}

static void hostile_globs_end(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_text_ struct text t = TEXT_NULL;

	for (int i = 0; i < 100; i++)
		text_add(&t, "*a");
	text_add(&t, "b=1\n");
	for (int i = 0; i < 100; i++)
		text_add(&t, "{a,aa,aaa}");
	text_add(&t, "*b=1\n");
	for (int i = 0; i < 1000; i++)
		text_add(&t, "{");
	for (int i = 0; i < 1000; i++)
		text_add(&t, "}");
	text_add(&t, "*b=1\n");
	write_a(state, text_get(&t));
	assert_child(match_hostile_globs, r);
}

/* Parsing */

struct parsed {
	struct arena arena;
	struct sysctld_entry *entries;
	size_t count;
};

static void parse(struct parsed *p, enum sysctld_loader loader, const char *bytes, size_t n)
{
	int r = sysctld_parse(&p->arena, loader, "/f", bytes, n, &p->entries, &p->count);

	assert_int_equal(r, 0);
}

static void lines_of_any_length_are_read(void **state)
{
	_cleanup_free_ char *text = repeat('v', 900000);

	(void)state;
	memcpy(text, "a.b=", 4);
	for (int loader = 0; loader < LOADERS; loader++) {
		struct parsed p = {0};

		parse(&p, loader, text, 900000);
		assert_int_equal(p.count, 1);
		assert_int_equal(strlen(p.entries[0].value), 900000 - 4);
		arena_clear(&p.arena);
	}
}

static void keys_longer_than_a_path_are_left_out(void **state)
{
	_cleanup_free_ char *text = repeat('k', SYSCTLD_KEY_MAX + 3);

	(void)state;
	for (int loader = 0; loader < LOADERS; loader++) {
		struct parsed p = {0};

		strcpy(text + SYSCTLD_KEY_MAX, "=1");
		parse(&p, loader, text, strlen(text));
		assert_int_equal(p.count, 1);
		strcpy(text + SYSCTLD_KEY_MAX, "k=1");
		parse(&p, loader, text, strlen(text));
		assert_int_equal(p.count, 1);
		arena_clear(&p.arena);
	}
}

static void parsing_appends(void **state)
{
	struct parsed p = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		parse(&p, LOADER_PROCPS, "\na=1\n-b*\n", 9);
	assert_int_equal(p.count, 2000);
	for (size_t i = 0; i < p.count; i++) {
		const struct sysctld_entry *e = &p.entries[i];

		assert_string_equal(e->key, i % 2 ? "b*" : "a");
		assert_string_equal(e->file, "/f");
		assert_int_equal(e->line, 2 + i % 2);
		assert_int_equal(e->glob, i % 2);
		assert_int_equal(!e->value, i % 2);
	}
	arena_clear(&p.arena);
}

static void more_entries_than_the_limit_are_refused(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct sysctld s = {0};

	(void)state;
	for (int i = 0; i < SYSCTLD_ENTRIES_MAX; i++)
		text_addf(&t, "k%d=%d\n", i % 1000, i);
	for (int loader = 0; loader < LOADERS; loader++) {
		struct sysctld_entry **entries = &s.entries[loader];
		size_t *count = &s.count[loader];
		int r = sysctld_parse(&s.arena, loader, "/f", t.s, t.len, entries, count);

		assert_int_equal(r, 0);
		r = sysctld_parse(&s.arena, loader, "/g", "a=1", 3, entries, count);
		assert_int_equal(r, -E2BIG);
		assert_int_equal(s.count[loader], SYSCTLD_ENTRIES_MAX);
	}
	sysctld_index(&s);
	assert_both(&s, "k7", "65007 /f:65008");
	assert_both(&s, "k999", "64999 /f:65000");
	sysctld_clear(&s);
}

static void an_empty_configuration_sets_nothing(void **state)
{
	struct sysctld s = {0};

	(void)state;
	assert_both(&s, TIME, NULL);
	sysctld_index(&s);
	assert_both(&s, TIME, NULL);
	sysctld_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_tree(nothing_is_set_where_there_is_no_file),
		in_tree(sysctl_conf_is_read_last_by_procps_only),
		in_tree(systemd_reads_a_linked_sysctl_conf_once),
		in_tree(the_first_directory_with_a_name_has_it),
		in_tree(a_name_hides_the_whole_file),
		in_tree(files_sort_by_name_over_all_directories),
		in_tree(a_file_is_masked_by_what_holds_no_line),
		in_tree(a_mask_is_recorded),
		in_tree(only_names_in_conf_count),
		in_tree(hidden_files_are_for_procps_only),
		in_tree(a_credential_is_read_last_by_systemd_only),
		in_tree(only_root_can_say_that_a_credential_is_unreadable),
		in_tree(what_cannot_be_read_is_counted),
		in_tree(links_do_not_leave_the_record),
		in_tree(half_a_configuration_is_refused),
		in_tree(too_many_files_are_refused),
		in_tree(keys_and_values_are_trimmed),
		in_tree(nothing_but_the_value_follows_the_equals_sign),
		in_tree(lines_end_otherwise_for_each_loader),
		in_tree(a_dash_is_read_otherwise_by_each_loader),
		in_tree(the_first_separator_says_how_a_key_is_written),
		in_tree(idle_separators_count_for_procps_only),
		in_tree(a_separator_at_the_end_counts_for_procps_only),
		in_tree(the_last_assignment_wins),
		in_tree(an_exclusion_takes_back_for_systemd_only),
		in_tree(a_line_that_names_the_key_keeps_globs_away),
		in_tree(the_last_matching_glob_wins),
		in_tree(a_glob_said_again_keeps_its_place_in_systemd),
		in_tree(a_glob_is_taken_back_for_systemd_only),
		in_tree(a_pattern_does_not_name_the_key_it_looks_like),
		in_tree(globs_match_as_the_loaders_expand_them),
		in_tree(hostile_globs_end),
		cmocka_unit_test(lines_of_any_length_are_read),
		cmocka_unit_test(keys_longer_than_a_path_are_left_out),
		cmocka_unit_test(parsing_appends),
		cmocka_unit_test(more_entries_than_the_limit_are_refused),
		cmocka_unit_test(an_empty_configuration_sets_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
