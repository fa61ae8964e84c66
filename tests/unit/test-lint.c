/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel makes of values in files, names that are known, and remarks above lines. */
#include "unit.h"

#include "collect/line-value.h"
#include "collect/sysctld.h"

#define TEXTS "title = t\nabout = a\napplies = now\nrefs = r\n"

static const char catalogue_text[] = "format = 1\n"
				     "[net.ipv4.one]\n" TEXTS "min = 1\nmax = 100\n"
				     "[net.ipv4.three]\n" TEXTS "elements = 3\nmin = 1\nmax = 1000000\norder = ascending\n"
				     "[net.ipv4.byte]\n" TEXTS "kernel-min = 1\nkernel-max = 255\nmin = 1\nmax = 100\n"
				     "[net.ipv4.pair]\n" TEXTS "elements = 2\nkernel-min = 1 2\nmin = 1\nmax = 9\norder = enforced\n"
				     "[net.ipv4.mode]\n" TEXTS "values = 0 1 2\n"
				     "[net.ipv4.ports]\n" TEXTS "type = ranges\n"
				     "[net.ipv4.word]\n" TEXTS "type = word\nwords = reno cubic\n"
				     "[net.ipv4.conf.*.rp_filter]\n" TEXTS "values = 0 1 2\ncombine = max\n";

struct shelf {
	struct arena arena;
	struct catalogue c;
};

static int open_shelf(void **state)
{
	struct shelf *s = calloc(1, sizeof(*s));
	struct diag d = {0};

	s->c.arena = &s->arena;
	if (catalogue_load(&s->c, "t", catalogue_text, strlen(catalogue_text), &d) < 0)
		fail_msg("%s", d.message);
	*state = s;
	return 0;
}

static int close_shelf(void **state)
{
	struct shelf *s = *state;

	arena_clear(&s->arena);
	free(s);
	return 0;
}

enum { REFUSED = 1, ODD = 2, RANGE = 4, NONSENSE = 8, UNORDERED = 16 };

/* taken, words: of numbers. */
static const struct {
	const char *key, *raw;
	unsigned is, taken, words;
	double first;
} values[] = {
	{"one", "60", 0, 1, 1, 60},	    {"one", "  60\t", 0, 1, 1, 60},	{"one", "0x3c", 0, 1, 1, 60},
	{"one", "060", ODD, 1, 1, 48},	    {"one", "07", 0, 1, 1, 7},		{"one", "089", ODD | REFUSED, 0, 0, 0},
	{"one", "", ODD | REFUSED, 0, 0, 0}, {"one", "60s", ODD | REFUSED, 0, 0, 0}, {"one", "+6", ODD | REFUSED, 0, 0, 0},
	{"one", "6 # x", ODD, 1, 1, 6},	    {"one", "6 ; x", ODD, 1, 1, 6},	{"one", "6 junk", ODD, 1, 1, 6},
	{"one", "6 7", 0, 1, 2, 6},	    {"one", "101", RANGE, 1, 1, 101},	{"one", "-1", RANGE | NONSENSE, 1, 1, -1},
	{"one", "2147483648", RANGE | NONSENSE | REFUSED, 1, 1, 2147483648.0},
	{"one", "99999999999999999999999", ODD | REFUSED, 0, 0, 0},
	{"three", "1 2 3", 0, 3, 3, 1},	    {"three", "1 2", 0, 2, 2, 1},	{"three", "1 2 3 4", 0, 3, 4, 1},
	{"three", "1,2,3", ODD | REFUSED, 0, 0, 0}, {"three", "3 2 1", UNORDERED, 3, 3, 3},
	{"three", "1 2 # 3", ODD | REFUSED, 2, 2, 1}, {"three", "2 2 2", 0, 3, 3, 2},
	{"byte", "255", RANGE, 1, 1, 255},  {"byte", "256", RANGE | NONSENSE | REFUSED, 1, 1, 256},
	{"byte", "0", RANGE | NONSENSE | REFUSED, 1, 1, 0}, {"pair", "1 2", 0, 2, 2, 1},
	{"pair", "1 1", RANGE | NONSENSE | REFUSED, 2, 2, 1}, {"pair", "5 3", RANGE | NONSENSE | REFUSED, 2, 2, 5},
	{"mode", "2", 0, 1, 1, 2},	    {"mode", "3", RANGE | NONSENSE, 1, 1, 3},
	{"ports", "80,90-91", 0, 0, 0, 0},  {"ports", "", 0, 0, 0, 0},		{"ports", "80, 90", ODD | REFUSED, 0, 0, 0},
	{"ports", "http", ODD | REFUSED, 0, 0, 0}, {"ports", "65536", RANGE | NONSENSE | REFUSED, 0, 0, 0},
	{"word", "cubic", 0, 0, 0, 0},	    {"word", "bbr9", RANGE | NONSENSE, 0, 0, 0}, {"word", "cubic # x", ODD | REFUSED, 0, 0, 0},
	{"word", "\"cubic\"", ODD | REFUSED, 0, 0, 0}, {"word", "cubic reno", ODD | REFUSED, 0, 0, 0}, {"word", "", ODD | REFUSED, 0, 0, 0},
};

static void values_are_read_as_the_kernel_reads_them(void **state)
{
	struct shelf *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct line_value v;
		unsigned is;

		line_value_read(&s->arena, catalogue_find(&s->c, arena_printf(&s->arena, "net.ipv4.%s", values[i].key)),
				values[i].raw, true, &v);
		is = (v.refused ? REFUSED : 0) | (v.malformed ? ODD : 0) | (v.out_of_range ? RANGE : 0) |
		     (v.nonsense ? NONSENSE : 0) | (v.unordered ? UNORDERED : 0);
		if (is != values[i].is || v.taken != values[i].taken || v.words != values[i].words ||
		    (v.taken && v.numbers[0] != values[i].first))
			fail_msg("%s = '%s': is %u, %u of %u, %g (%s)", values[i].key, values[i].raw, is, v.taken, v.words,
				 v.numbers[0], v.malformed ? v.malformed : v.out_of_range ? v.out_of_range : "");
	}
}

static void values_of_unknown_keys_are_suspect_only_where_no_key_could_mean_them(void **state)
{
	static const char *const bad[] = {"10 # x", "\"10\"", "128K", "8MB"};
	static const char *const good[] = {"10", "", "|/bin/x %P # y", "4 4 1 7", "0-3", "1,2", "ff", "10 20", "9p"};
	struct shelf *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!line_value_suspect(&s->arena, bad[i]))
			fail_msg("'%s' passes", bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (line_value_suspect(&s->arena, good[i]))
			fail_msg("'%s': %s", good[i], line_value_suspect(&s->arena, good[i]));
}

static int add_names(struct shelf *s, const char *text, struct diag *d)
{
	return catalogue_add_names(&s->c, "n", text, strlen(text), d);
}

static void names_are_known_with_their_modules(void **state)
{
	struct shelf *s = *state;
	struct diag d = {0};
	const char *module = "?";

	assert_int_equal(add_names(s, "# c\nformat = 1\nvm.swappiness\nnet.nf.max nf\nnet.ipv6.conf.*.autoconf\ndev.*.speed\n"
				   "net.ipv4.gone removed:4.11\nnet.ipv4.old before:5.6\nkernel.shield foreign\n", &d), 0);
	assert_true(catalogue_knows(&s->c, "vm.swappiness", &module));
	assert_null(module);
	assert_true(catalogue_knows(&s->c, "net.nf.max", &module));
	assert_string_equal(module, "nf");
	assert_true(catalogue_knows(&s->c, "net.ipv6.conf.eth0.autoconf", NULL));
	assert_true(catalogue_knows(&s->c, "dev.cd0.speed", NULL));
	assert_true(catalogue_knows(&s->c, "net.ipv4.one", NULL));
	assert_int_equal(catalogue_name(&s->c, "net.ipv4.gone")->removed.minor, 11);
	assert_false(catalogue_name(&s->c, "net.ipv4.gone")->before);
	assert_true(catalogue_name(&s->c, "net.ipv4.old")->before);
	assert_false(catalogue_knows(&s->c, "kernel.shield", NULL));
	assert_null(catalogue_nearest(&s->c, "kernel.shield", &s->arena));
	assert_null(catalogue_name(&s->c, "net.ipv4.none"));
	assert_false(catalogue_knows(&s->c, "vm.swapiness", NULL));
	assert_string_equal(catalogue_nearest(&s->c, "vm.swapiness", &s->arena), "vm.swappiness");
	assert_string_equal(catalogue_nearest(&s->c, "net.ipv4.conf.eth0.rp_filtre", &s->arena), "net.ipv4.conf.eth0.rp_filter");
	assert_null(catalogue_nearest(&s->c, "something.else.altogether", &s->arena));
}

static void broken_names_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} bad[] = {{"vm.swappiness\n", 1}, {"format = 1\nswappiness\n", 2}, {"format = 1\nvm.a b c\n", 2}, {"format = 1\nvm.a removed:x\n", 2}, {"format = 1\nvm.a gone:4.1\n", 2}, {"format = 1\nvm.\x1b[1m\n", 2}};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct diag d = {0};

		if (add_names(*state, bad[i].text, &d) == 0 || d.line != bad[i].line)
			fail_msg("'%s': line %u, %s", bad[i].text, d.line, d.message);
	}
}

static void remarks_find_the_line_below_them(void **state)
{
	static const char text[] = "# tcpadvisor: ignore a.b: c\n; tcpadvisor: ignore d.e: f\n# another comment\nnet.x = 1\n"
				   "# tcpadvisor: ignore g.h: i\n\nnet.y = 1\nnet.z 1\n";
	struct sysctld s = {.arena = ARENA_NULL};

	(void)state;
	assert_int_equal(sysctld_remark(&s, "/f", text, strlen(text)), 0);
	assert_int_equal(s.remark_count, 4);
	assert_int_equal(s.remarks[0].target, 4);
	assert_string_equal(s.remarks[0].text, "ignore a.b: c");
	assert_int_equal(s.remarks[1].target, 4);
	assert_int_equal(s.remarks[2].target, 0);
	assert_int_equal(s.remarks[3].kind, REMARK_NO_EQUALS);
	assert_int_equal(s.remarks[3].line, 8);
	sysctld_clear(&s);
}

static void text_is_told_from_what_is_none(void **state)
{
	(void)state;
	assert_true(sysctld_is_text("", 0));
	assert_true(sysctld_is_text("# caf\xe9 in Latin-1\nnet.x = 1\n", 28));
	assert_false(sysctld_is_text("net.x = 1\0\n", 11));
	assert_false(sysctld_is_text("\x7f" "ELF\xff\xfe\x80\x81\x82", 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values_are_read_as_the_kernel_reads_them, open_shelf, close_shelf),
		cmocka_unit_test_setup_teardown(values_of_unknown_keys_are_suspect_only_where_no_key_could_mean_them, open_shelf, close_shelf),
		cmocka_unit_test_setup_teardown(names_are_known_with_their_modules, open_shelf, close_shelf),
		cmocka_unit_test_setup_teardown(broken_names_are_refused_with_their_line, open_shelf, close_shelf),
		cmocka_unit_test(remarks_find_the_line_below_them),
		cmocka_unit_test(text_is_told_from_what_is_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
