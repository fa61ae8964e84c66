/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue of sysctls: what a section may say, and what is refused. */
#include "unit.h"

#include <errno.h>

#include "base/text.h"
#include "catalogue/catalogue.h"

#define NEEDED	"title = t\nabout = a\napplies = now\nrefs = r\n"
#define SECTION "format = 1\n[net.ipv4.tcp_x]\n" NEEDED /* the next line is 7 */

static int load(struct catalogue *c, const char *s, struct diag *d)
{
	return catalogue_load(c, "t.sysctl", s, strlen(s), d);
}

/* The only section of that text. */
static const struct sysctl_def *load_one(struct arena *a, const char *s)
{
	struct catalogue *c = arena_new(a, struct catalogue);
	struct diag d = {0};

	c->arena = a;
	if (load(c, s, &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
	assert_int_equal(c->count, 1);
	return &c->defs[0];
}

static void a_section_describes_a_key(void **state)
{
	static const char text[] =
		"format = 1\nknown-through = 6.18\n"
		"[net.ipv4.tcp_rmem]\ntitle = Receive buffer\nabout = What a socket may hold.\n"
		"why = w\nrisk = Memory.\n"
		"refs = ip-sysctl.rst\nnames = min default max\napplies = new sockets\n"
		"inherits = i\neffect = e\n"
		"default-note = n\ntype = integer\nelements = 3\nunit = bytes\n"
		"min = 4096\nmax = 1e6 2e6 4e6\n"
		"order = ascending\nnetns = own\napply = raise\nnever-below-default = yes\n"
		"since = 2.4\n"
		"default = 4 KiB, 128 KiB, min(6 MiB, max(4 MiB, host.memory / 128))\n"
		"default@6.16 = min(4 KiB, 1 MiB), 128 KiB, 32 MiB\n";
	struct arena a = ARENA_NULL;
	const struct sysctl_def *def = load_one(&a, text);

	(void)state;
	assert_string_equal(def->key, "net.ipv4.tcp_rmem");
	assert_string_equal(def->path, "proc/sys/net/ipv4/tcp_rmem");
	assert_string_equal(def->title, "Receive buffer");
	assert_string_equal(def->names, "min default max");
	assert_string_equal(def->unit, "bytes");
	assert_int_equal(def->elements, 3);
	assert_int_equal(def->dim, DIM_BYTES);
	assert_true(def->min[0] == 4096 && def->min[2] == 4096 && def->max[1] == 2e6 &&
		    def->max[2] == 4e6);
	assert_true(def->bounded && def->ascending && def->never_below_default);
	assert_int_equal(def->apply, APPLY_RAISE);
	assert_int_equal(def->netns, NETNS_OWN);
	assert_int_equal(def->since.major, 2);
	assert_int_equal(def->default_count, 2);
	assert_int_equal(def->defaults[0].from.major, 0);
	assert_int_equal(def->defaults[1].from.minor, 16);
	assert_int_equal(def->line, 3);
	arena_clear(&a);
}

/* The kernel's own formula, with the memory of the host that is judged. */
static void a_default_is_a_formula(void **state)
{
	struct arena a = ARENA_NULL;
	const struct sysctl_def *def = load_one(
		&a, SECTION
		"unit = bytes\nmin = 1\ndefault = min(6 MiB, max(4 MiB, host.memory / 128))\n");
	_cleanup_(facts_freep) struct facts *f = facts_new();
	struct expr_env env = {.facts = f};

	(void)state;
	assert_int_not_equal(expr_eval(def->defaults[0].elements[0], &env).state, VALUE_KNOWN);
	f->host->values[HOST_MEMORY] = value_number(640.0 * 1024 * 1024);
	assert_true(expr_eval(def->defaults[0].elements[0], &env).num == 5 * 1024 * 1024);
	f->host->values[HOST_MEMORY] = value_number(1e12);
	assert_true(expr_eval(def->defaults[0].elements[0], &env).num == 6 * 1024 * 1024);
	arena_clear(&a);
}

static void units_have_a_dimension(void **state)
{
	static const struct {
		const char *unit;
		enum dim dim;
	} rows[] = {
		{"count", DIM_COUNT},	       {"bytes", DIM_BYTES},
		{"pages", DIM_COUNT},	       {"packets", DIM_COUNT},
		{"segments", DIM_COUNT},       {"ports", DIM_COUNT},
		{"seconds", DIM_SECONDS},      {"milliseconds", DIM_SECONDS},
		{"microseconds", DIM_SECONDS}, {"nanoseconds", DIM_SECONDS},
		{"percent", DIM_RATIO},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		struct arena a = ARENA_NULL;
		const struct sysctl_def *def;

		text_addf(&t, SECTION "unit = %s\nmin = 0\n", rows[i].unit);
		def = load_one(&a, text_get(&t));
		assert_string_equal(def->unit, rows[i].unit);
		assert_int_equal(def->dim, rows[i].dim);
		arena_clear(&a);
	}
}

/* A file's 700 and a profile's "700 ms" must be one number to the last bit: they are compared. */
static void raw_values_equal_the_same_quantity(void **state)
{
	static const char *const units[][2] = {{"milliseconds", "ms"},
					       {"microseconds", "us"},
					       {"nanoseconds", "ns"},
					       {"percent", "%"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		struct arena a = ARENA_NULL;
		const struct sysctl_def *def;

		text_addf(&t, SECTION "unit = %s\nmin = 0\n", units[i][0]);
		def = load_one(&a, text_get(&t));
		for (int raw = 0; raw < 2000; raw++) {
			char quantity[32];
			double v;

			snprintf(quantity, sizeof(quantity), "%d %s", raw, units[i][1]);
			assert_int_equal(quantity_parse(quantity, def->dim, &v), 0);
			if (raw / def->scale != v)
				fail_msg("%s is not %d %s", quantity, raw, units[i][0]);
		}
		arena_clear(&a);
	}
}

static void types_have_a_dimension(void **state)
{
	static const struct {
		const char *type;
		enum sysctl_type want;
		enum dim dim;
	} rows[] = {
		{"integer", SYSCTL_INTEGER, DIM_COUNT},
		{"unsigned", SYSCTL_UNSIGNED, DIM_COUNT},
		{"unsigned64", SYSCTL_UNSIGNED64, DIM_COUNT},
		{"bool", SYSCTL_BOOL, DIM_COUNT},
		{"mask", SYSCTL_MASK, DIM_COUNT},
		{"ranges", SYSCTL_RANGES, DIM_LIST},
		{"word", SYSCTL_WORD, DIM_TEXT},
		{"words", SYSCTL_WORDS, DIM_LIST},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		struct arena a = ARENA_NULL;
		const struct sysctl_def *def;

		text_addf(&t, SECTION "type = %s\nvalues = 0 1\n", rows[i].type);
		def = load_one(&a, text_get(&t));
		assert_int_equal(def->type, rows[i].want);
		assert_int_equal(def->dim, rows[i].dim);
		assert_string_equal(sysctl_type_name(def->type), rows[i].type);
		arena_clear(&a);
	}
}

/* A dot in a file name is written as a slash in the key, as sysctl(8) does. */
static void a_key_becomes_a_path(void **state)
{
	struct arena a = ARENA_NULL;
	const struct sysctl_def *def =
		load_one(&a, "format = 1\n[net.ipv4.conf.eth0/100.rp_filter]\n" NEEDED "min = 0\n");

	(void)state;
	assert_string_equal(def->path, "proc/sys/net/ipv4/conf/eth0.100/rp_filter");
	arena_clear(&a);
}

static void a_template_stands_for_every_interface(void **state)
{
	struct arena a = ARENA_NULL;
	struct catalogue c = {.arena = &a};
	struct diag d = {0};
	const struct sysctl_def *def;

	(void)state;
	assert_int_equal(load(&c, "format = 1\n[net.ipv4.conf.*.rp_filter]\n" NEEDED
				  "combine = max\ndevconf = 8\nmin = 0\nmax = 2\n", &d), 0);
	def = catalogue_find(&c, "net.ipv4.conf.eth0/100.rp_filter");
	assert_ptr_equal(def, &c.defs[0]);
	assert_ptr_equal(catalogue_find(&c, "net.ipv4.conf.all.rp_filter"), def);
	assert_int_equal(def->combine, COMBINE_MAX);
	assert_int_equal(def->devconf, 9);
	assert_null(catalogue_find(&c, "net.ipv4.conf.eth0.log_martians"));
	assert_null(catalogue_find(&c, "net.ipv4.conf..rp_filter"));
	assert_null(catalogue_find(&c, "net.ipv6.conf.eth0.rp_filter"));
	assert_int_equal(load(&c, "format = 1\n[net.ipv4.conf.*.arp_ignore]\n" NEEDED "min = 0\n", &d), -EINVAL);
	assert_diag(&d, "t.sysctl", 2, "'combine' belongs to keys with a '*'");
	arena_clear(&a);
}

static void many_keys_are_found(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct arena a = ARENA_NULL;
	struct catalogue c = {.arena = &a};
	struct diag d = {0};
	char key[64];

	(void)state;
	assert_null(catalogue_find(&c, "net.key1"));
	text_add(&t, "format = 1\n");
	for (int i = 0; i < CATALOGUE_MAX; i++)
		text_addf(&t, "[net.key%d]\n" NEEDED "min = %d\n", i, i);
	assert_int_equal(load(&c, text_get(&t), &d), 0);
	assert_int_equal(c.count, CATALOGUE_MAX);
	for (int i = 0; i < CATALOGUE_MAX; i++) {
		const struct sysctl_def *def;

		snprintf(key, sizeof(key), "net.key%d", i);
		def = catalogue_find(&c, key);
		assert_ptr_equal(def, &c.defs[i]);
		assert_true(def->min[0] == i);
	}
	assert_null(catalogue_find(&c, "net.key"));
	assert_int_equal(load(&c, "format = 1\n[net.one_more]\n" NEEDED, &d), -EINVAL);
	assert_diag(&d, "t.sysctl", 2, "more than 1024 keys");
	arena_clear(&a);
}

static void files_add_up_and_keys_are_unique(void **state)
{
	struct arena a = ARENA_NULL;
	struct catalogue c = {.arena = &a};
	struct diag d = {0};

	(void)state;
	assert_int_equal(load(&c, SECTION "min = 1\n", &d), 0);
	assert_int_equal(load(&c, "format = 1\n[net.other]\n" NEEDED "min = 1\n", &d), 0);
	assert_int_equal(c.count, 2);
	assert_int_equal(load(&c, "format = 1\n# again\n[net.ipv4.tcp_x]\n" NEEDED, &d), -EINVAL);
	assert_diag(&d, "t.sysctl", 3, "[net.ipv4.tcp_x] is there already");
	arena_clear(&a);
}

static void sections_that_say_too_little_are_refused(void **state)
{
	static const struct refusal rows[] = {
		{"format = 1\n[net.x]\ntitle = t\nabout = a\napplies = now\n", 2,
		 "needs title, about, applies and refs"},
		{"format = 1\n[net.x]\nmin = 1\n[net.y]\n" NEEDED "min = 1\n", 2,
		 "[net.x] needs title"},
		{"format = 1\n[net.x]\n" NEEDED "apply = raise\n", 2,
		 "[net.x] may be applied and has no bounds"},
		{"format = 1\n[net.x]\n" NEEDED "apply = vetted\n\n[net.y]\n" NEEDED, 2,
		 "has no bounds"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct arena a = ARENA_NULL;
		struct catalogue c = {.arena = &a};
		struct diag d = {0};

		assert_int_equal(load(&c, rows[i].input, &d), -EINVAL);
		assert_diag(&d, "t.sysctl", rows[i].line, rows[i].says);
		arena_clear(&a);
	}
}

static void malformed_fields_are_refused(void **state)
{
	static const struct refusal rows[] = {
		{"colour = red", 7, "unknown key 'colour'"},
		{"type = float", 7, "'type = float': takes integer, unsigned"},
		{"elements = 0", 7, "takes 1, 2 or 3"},
		{"elements = 4", 7, "takes 1, 2 or 3"},
		{"elements = 11", 7, "takes 1, 2 or 3"},
		{"unit = bits", 7, "'unit = bits': takes bytes, pages"},
		{"type = word\nunit = bytes", 8, "'unit = bytes': takes"},
		{"min =", 7, "a number, or one for each element"},
		{"min = 1x", 7, "a number, or one for each element"},
		{"max = 1, 2", 7, "a number, or one for each element"},
		{"max = 1 2 3 4", 7, "a number, or one for each element"},
		{"values = 1 2 3 4 5 6 7 8 9 10 11 12 13", 7, "at most 12 whole numbers"},
		{"values = one", 7, "at most 12 whole numbers"},
		{"values = 1.5", 7, "at most 12 whole numbers"},
		{"values =", 7, "at most 12 whole numbers"},
		{"order = descending", 7, "takes ascending"},
		{"netns = container", 7, "own, init, init-write or host"},
		{"apply = always", 7, "vetted, gated, raise or never"},
		{"never-below-default = maybe", 7, "yes or no"},
		{"since = six", 7, "a kernel version such as 6.16"},
		{"since = 6", 7, "a kernel version such as 6.16"},
		{"removed = 6.16.1", 7, "a kernel version such as 6.16"},
		{"inert-since = 2024.1", 7, "a kernel version such as 6.16"},
		{"default@next = 1", 7, "a version such as default@6.16"},
		{"default = 1, 2", 7, "more values than the key has elements"},
		{"elements = 3\ndefault = 1, 2", 8, "fewer values than the key has elements"},
		{"default = 1 MiB", 7, "is a bytes, and a count is needed"},
		{"unit = bytes\ndefault = 4096", 8, "is a number, and a bytes is needed"},
		{"unit = seconds\ndefault = 200 ms + 1 B", 8, "cannot be added"},
		{"default = host.memory +", 7, "a value expected"},
		{"default = path.bdp", 7, "which this expression does not judge"},
		{"default = sysctl.net.ipv4.tcp_x", 7, "not in the catalogue"},
		{"default =", 7, "a value expected"},
		{"default = 1\ndefault@3.1 = 1\ndefault@3.2 = 1\ndefault@3.3 = 1\ndefault@3.4 = 1\n"
		 "default@3.5 = 1\ndefault@3.6 = 1",
		 13, "more than 6 defaults"},
		{"[net.ipv4/../secret]\ntitle = t", 7,
		 "[net.ipv4/../secret] is not the name of a sysctl"},
		{"[net..ipv4]\ntitle = t", 7, "is not the name of a sysctl"},
		{"[net./ipv4]\ntitle = t", 7, "is not the name of a sysctl"},
		{"[/etc/passwd]\ntitle = t", 7, "is not the name of a sysctl"},
		{"[.net]\ntitle = t", 7, "is not the name of a sysctl"},
		{"[net ipv4]\ntitle = t", 7, "is not the name of a sysctl"},
		{"[net.ipv4.tcp_x]\ntitle = t", 7, "is there already"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		struct arena a = ARENA_NULL;
		struct catalogue c = {.arena = &a};
		struct diag d = {0};

		text_addf(&t, SECTION "%s\n", rows[i].input);
		if (load(&c, text_get(&t), &d) != -EINVAL)
			fail_msg("'%s' is accepted", rows[i].input);
		assert_diag(&d, "t.sysctl", rows[i].line, rows[i].says);
		arena_clear(&a);
	}
}

static void only_known_through_stands_before_a_section(void **state)
{
	struct arena a = ARENA_NULL;
	struct catalogue c = {.arena = &a};
	struct diag d = {0};

	(void)state;
	assert_int_equal(load(&c, "format = 1\nknown-through = 6.18\n", &d), 0);
	assert_int_equal(c.known_through.major, 6);
	assert_int_equal(c.known_through.minor, 18);
	assert_int_equal(load(&c, "format = 1\nknown-through = today\n", &d), -EINVAL);
	assert_diag(&d, "t.sysctl", 2, "only 'known-through = VERSION'");
	assert_int_equal(load(&c, "format = 1\n\ntitle = t\n", &d), -EINVAL);
	assert_diag(&d, "t.sysctl", 3, "only 'known-through = VERSION'");
	arena_clear(&a);
}

/* What a bound or a default means must not hang on the order in which its section says things. */
static void order_within_a_section_does_not_matter(void **state)
{
	static const char *const bad[] = {
		/* a default for one of three elements: the others would be no expression at all */
		SECTION "min = 1\ndefault = 1\nelements = 3\n",
		/* 200 seconds, where milliseconds are meant */
		SECTION "min = 1\ndefault = 200\nunit = milliseconds\n",
		SECTION "min = 1\ndefault = 4096\nunit = bytes\n",
		SECTION "min = 1\ndefault = 1\ntype = word\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct arena a = ARENA_NULL;
		struct catalogue c = {.arena = &a};
		struct diag d = {0};

		if (load(&c, bad[i], &d) >= 0)
			fail_msg("accepted: %s", bad[i]);
		arena_clear(&a);
	}
}

/* Bounds that nothing can satisfy, or that compare with nothing, protect nobody. */
static void impossible_bounds_are_refused(void **state)
{
	static const char *const bad[] = {
		SECTION "min = 10\nmax = 1\n",
		SECTION "min = nan\nmax = 1\n",
		SECTION "elements = 3\nmin = 1 2\n",
		SECTION "min = 1 2 3\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct arena a = ARENA_NULL;
		struct catalogue c = {.arena = &a};
		struct diag d = {0};

		if (load(&c, bad[i], &d) >= 0)
			fail_msg("accepted: %s", bad[i]);
		arena_clear(&a);
	}
}

static void versions_compare(void **state)
{
	static const unsigned v6_16[3] = {6, 16, 3}, v5_4[3] = {5, 4, 0}, none[3] = {0};
	struct kernel_version v = {9, 9};

	(void)state;
	assert_int_equal(kernel_version_parse("6.16", &v), 0);
	assert_true(v.major == 6 && v.minor == 16);
	assert_true(kernel_at_least(v6_16, v));
	assert_false(kernel_at_least(v5_4, v));
	assert_false(kernel_at_least(none, v));
	assert_true(kernel_at_least(v6_16, (struct kernel_version){5, 99}));
	assert_true(kernel_at_least(v6_16, (struct kernel_version){6, 2}));
	assert_false(kernel_at_least(v6_16, (struct kernel_version){6, 17}));
	assert_int_equal(kernel_version_parse("6.-1", &v), -EINVAL);
	assert_int_equal(kernel_version_parse("-6.1", &v), -EINVAL);
	assert_int_equal(kernel_version_parse("", &v), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_section_describes_a_key),
		cmocka_unit_test(a_default_is_a_formula),
		cmocka_unit_test(units_have_a_dimension),
		cmocka_unit_test(raw_values_equal_the_same_quantity),
		cmocka_unit_test(types_have_a_dimension),
		cmocka_unit_test(a_key_becomes_a_path),
		cmocka_unit_test(a_template_stands_for_every_interface),
		cmocka_unit_test(many_keys_are_found),
		cmocka_unit_test(files_add_up_and_keys_are_unique),
		cmocka_unit_test(sections_that_say_too_little_are_refused),
		cmocka_unit_test(malformed_fields_are_refused),
		cmocka_unit_test(only_known_through_stands_before_a_section),
		cmocka_unit_test(order_within_a_section_does_not_matter),
		cmocka_unit_test(impossible_bounds_are_refused),
		cmocka_unit_test(versions_compare),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
