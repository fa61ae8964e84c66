/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The expression language: what it means, what it refuses, what is known if something is not. */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "base/text.h"
#include "catalogue/catalogue.h"
#include "expr/expr.h"
#include "rules/threshold.h"

#define ABOUT "title = t\nabout = a\napplies = now\nrefs = r\n"

static const char catalogue_text[] =
	"format = 1\n"
	"[net.ipv4.tcp_rmem]\n" ABOUT "elements = 3\nunit = bytes\nmin = 4096\n"
	"[net.core.somaxconn]\n" ABOUT "min = 1\n"
	"[net.ipv4.tcp_fin_timeout]\n" ABOUT "unit = seconds\nmin = 1\n"
	"[net.ipv4.tcp_congestion_control]\n" ABOUT "type = word\n"
	"[net.ipv4.tcp_available_congestion_control]\n" ABOUT "type = words\n";

enum { RMEM, SOMAXCONN, FIN_TIMEOUT, CONGESTION, AVAILABLE, KEYS };

static struct threshold threshold_rows[] = {
	{"bloat.queue", "t", DIM_SECONDS, 0.03},
	{"listen.share", "t", DIM_RATIO, 0.8},
	{"flows", "t", DIM_PURE, 3},
};
static const struct thresholds thresholds = {threshold_rows, ARRAY_SIZE(threshold_rows)};

struct fixture {
	struct arena arena;
	struct catalogue catalogue;
	struct facts *facts;
	struct subject *path;
	double in_effect[ARRAY_SIZE(threshold_rows)];
	struct expr_scope scope;
	struct expr_env env;
};

static void set_number(struct subject *s, int row, double v)
{
	s->values[row] = value_number(v);
}

static void fill_path(struct fixture *f)
{
	struct subject *interface = facts_add(f->facts, SUBJECT_INTERFACE, "eth0");

	f->path = facts_add(f->facts, SUBJECT_PATH, "eth0 192.0.2.0/24");
	f->path->interface = interface;
	set_number(interface, INTERFACE_MTU, 1500);
	set_number(f->path, PATH_FLOWS, 12);
	set_number(f->path, PATH_BDP, 1250000);
	set_number(f->path, PATH_SPEED, 1.25e8);
	set_number(f->path, PATH_MIN_RTT_P50, 0.01);
	set_number(f->path, PATH_RETRANSMIT_SHARE, 0.02);
	f->path->values[PATH_CONGESTION] = value_text("cubic bbr2 bbr");
	f->path->values[PATH_INTERFACE] = value_text("eth0");
	f->path->values[PATH_SRTT_P50] = value_missing(VALUE_FEW, NULL);
	f->path->values[PATH_SRTT_P95] = value_missing(VALUE_DENIED, "only root may read it");
}

static void fill_host(struct fixture *f)
{
	struct subject *host = f->facts->host;
	struct sysctl_state *keys = arena_array(&f->facts->arena, struct sysctl_state, KEYS);

	set_number(host, HOST_MEMORY, 8.0 * 1024 * 1024 * 1024);
	set_number(host, HOST_WINDOW_RATIO, 0.5);
	host->values[TCPEXT_LISTEN_OVERFLOWS] =
		(struct value){.state = VALUE_KNOWN, .num = 100, .has_delta = true, .delta = 20};
	set_number(host, TCPEXT_LISTEN_DROPS, 100);
	f->facts->window = 2;
	f->facts->sysctls = keys;
	f->facts->sysctl_count = KEYS;
	for (int i = 0; i < KEYS; i++)
		keys[i].def = &f->catalogue.defs[i];
	for (int i = 0; i < 3; i++) {
		keys[RMEM].elements[i] = value_number(4096 << (8 * i));
		keys[RMEM].defaults[i] = value_number(8192 << (8 * i));
	}
	keys[RMEM].state = keys[SOMAXCONN].state = keys[CONGESTION].state = keys[AVAILABLE].state =
		VALUE_KNOWN;
	keys[SOMAXCONN].elements[0] = value_number(4096);
	keys[CONGESTION].elements[0] = value_text("cubic");
	keys[AVAILABLE].elements[0] = value_text("reno cubic");
	keys[FIN_TIMEOUT].state = VALUE_DENIED;
	keys[FIN_TIMEOUT].reason = "hidden by a container";
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct diag d = {0};

	*state = f;
	f->catalogue.arena = &f->arena;
	if (catalogue_load(&f->catalogue, "t.sysctl", catalogue_text, strlen(catalogue_text), &d) <
	    0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
	f->facts = facts_new();
	fill_path(f);
	fill_host(f);
	for (size_t i = 0; i < ARRAY_SIZE(threshold_rows); i++)
		f->in_effect[i] = threshold_rows[i].value;
	f->scope = (struct expr_scope){
		.arena = &f->arena,
		.catalogue = &f->catalogue,
		.thresholds = &thresholds,
		.subjects =
			{[SUBJECT_HOST] = true, [SUBJECT_PATH] = true, [SUBJECT_INTERFACE] = true},
		.file = "t.rule",
		.line = 7,
	};
	f->env = (struct expr_env){f->facts, f->path, f->in_effect};
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	facts_free(f->facts);
	arena_clear(&f->arena);
	free(f);
	return 0;
}

static const struct expr *parse(struct fixture *f, const char *s)
{
	const struct expr *e = NULL;
	struct diag d = {0};

	if (expr_parse(&f->scope, s, &e, &d) < 0)
		fail_msg("'%s': %s", s, d.message);
	return e;
}

static void assert_number(struct fixture *f, const char *s, enum dim dim, double want)
{
	const struct expr *e = parse(f, s);
	struct value v = expr_eval(e, &f->env);

	if (expr_dim(e) != dim || v.state != VALUE_KNOWN || v.num != want)
		fail_msg("'%s' is %.17g %s (state %d)", s, v.num, dim_name(expr_dim(e)), v.state);
}

static void assert_truth(struct fixture *f, const char *s, bool want)
{
	assert_number(f, s, DIM_BOOL, want);
}

static void assert_unknown(struct fixture *f, const char *s, enum value_state state,
			   const char *reason)
{
	struct value v = expr_eval(parse(f, s), &f->env);

	if (v.state != state || !strstr(value_reason(&v), reason))
		fail_msg("'%s' has state %d, value %g: %s", s, v.state, v.num, value_reason(&v));
}

static void assert_refused(struct fixture *f, const char *s, const char *says)
{
	const struct expr *e = NULL;
	struct diag d = {0};

	if (expr_parse(&f->scope, s, &e, &d) != -EINVAL || e)
		fail_msg("'%.200s' is accepted", s);
	assert_diag(&d, "t.rule", 7, says);
}

/* Units */

static void a_bandwidth_delay_product_is_bytes(void **state)
{
	assert_number(*state, "1 Gbit/s * 10 ms", DIM_BYTES, 1250000);
	assert_number(*state, "10 ms * 1 Gbit/s", DIM_BYTES, 1250000);
	assert_number(*state, "10 Gbit/s * 80 ms", DIM_BYTES, 1e8);
	assert_number(*state, "path.speed * path.min_rtt.p50", DIM_BYTES, 1250000);
	assert_truth(*state, "path.bdp = 1.25 MB", true);
	assert_truth(*state, "path.bdp = 1 Gbit/s * 10 ms", true);
	assert_number(*state, "path.bdp / path.speed", DIM_SECONDS, 0.01);
	assert_number(*state, "path.bdp / 10 ms", DIM_RATE, 1.25e8);
	assert_number(*state, "path.bdp / 125 kB", DIM_RATIO, 10);
}

/* The mistakes that this language exists to make impossible. */
static void dimensions_do_not_mix(void **state)
{
	assert_refused(*state, "path.bdp + 5 s", "bytes and seconds cannot be added");
	assert_refused(*state, "path.bdp - path.min_rtt.p50", "bytes and seconds cannot be added");
	assert_refused(*state, "path.bdp > 5 s", "bytes and seconds cannot be compared");
	assert_refused(*state, "path.bdp > 10 Gbit/s", "bytes and bytes/second cannot be compared");
	assert_refused(*state, "path.speed < 1 GB", "bytes/second and bytes cannot be compared");
	assert_refused(*state, "path.bdp > 65536", "bytes and number cannot be compared");
	assert_refused(*state, "path.flows > 20 %", "count and ratio cannot be compared");
	assert_refused(*state, "path.bdp * path.bdp", "bytes × bytes has no meaning");
	assert_refused(*state, "path.bdp * path.speed", "bytes × bytes/second has no meaning");
	assert_refused(*state, "path.min_rtt.p50 / path.speed",
		       "seconds / bytes/second has no meaning");
	assert_refused(*state, "path.flows / 1 Gbit/s", "count / bytes/second has no meaning");
	assert_refused(*state, "path.interface * 2", "text × number has no meaning");
	assert_refused(*state, "sysctl.net.ipv4.tcp_rmem[2] > threshold.bloat.queue",
		       "bytes and seconds cannot be compared");
}

/* Who writes a unit that is none must be told the units, with a blank before it or without. */
static void a_unit_that_is_none_is_explained(void **state)
{
	assert_refused(*state, "path.speed > 10Mbps", "unit");
	assert_refused(*state, "path.speed > 10 Mbps", "unit");
	assert_refused(*state, "path.bdp > 64 KB", "unit");
	assert_refused(*state, "path.bdp > 64 bytes and yes", "unit");
	assert_refused(*state, "path.bdp > 8 Mbit", "unit");
	assert_refused(*state, "path.min_rtt.p50 > 5 sec", "unit");
	assert_refused(*state, "1.2.3 ms > 1 s", "unit");
}

static void bare_numbers_fit_counts_and_ratios(void **state)
{
	assert_truth(*state, "path.flows >= 12", true);
	assert_truth(*state, "path.retransmit_share < 0.05", true);
	assert_truth(*state, "path.retransmit_share < 5 %", true);
	assert_number(*state, "2 * path.flows", DIM_COUNT, 24);
	assert_number(*state, "path.flows / 4", DIM_COUNT, 3);
	assert_number(*state, "4 / 2 s", DIM_PER_SECOND, 2);
	assert_number(*state, "path.flows / sysctl.net.core.somaxconn", DIM_RATIO, 12.0 / 4096);
	assert_number(*state, "path.flows - 2", DIM_COUNT, 10);
}

static void a_result_must_have_the_dimension_that_is_needed(void **state)
{
	struct fixture *f = *state;
	const struct expr *e = NULL;
	struct diag d = {0};

	assert_int_equal(expr_parse_as(&f->scope, "2 * path.bdp", DIM_BYTES, &e, &d), 0);
	assert_int_equal(expr_parse_as(&f->scope, "3", DIM_COUNT, &e, &d), 0);
	assert_int_equal(expr_parse_as(&f->scope, "3", DIM_RATIO, &e, &d), 0);
	e = NULL;
	assert_int_equal(expr_parse_as(&f->scope, "3", DIM_BYTES, &e, &d), -EINVAL);
	assert_diag(&d, "t.rule", 7, "'3' is a number, and a bytes is needed");
	assert_int_equal(expr_parse_as(&f->scope, "path.bdp", DIM_BOOL, &e, &d), -EINVAL);
	assert_diag(&d, "t.rule", 7, "'path.bdp' is a bytes, and a truth is needed");
	assert_int_equal(expr_parse_as(&f->scope, "path.bdp +", DIM_BYTES, &e, &d), -EINVAL);
	assert_diag(&d, "t.rule", 7, "a value expected");
	assert_null(e);
}

/* Grammar */

static void operators_bind_as_everybody_expects(void **state)
{
	assert_number(*state, "2 + 3 * 4", DIM_PURE, 14);
	assert_number(*state, "(2 + 3) * 4", DIM_PURE, 20);
	assert_number(*state, "10 - 2 - 3", DIM_PURE, 5);
	assert_number(*state, "100 / 10 / 2", DIM_PURE, 5);
	assert_number(*state, "-2 + 5", DIM_PURE, 3);
	assert_number(*state, "- - 2 * 3", DIM_PURE, 6);
	assert_number(*state, "\t2+3 ", DIM_PURE, 5);
	assert_truth(*state, "1 + 1 = 2", true);
	assert_truth(*state, "yes or no and no", true);
	assert_truth(*state, "(yes or no) and no", false);
	assert_truth(*state, "not no and no", false);
	assert_truth(*state, "not (no and no)", true);
	assert_truth(*state, "not 1 = 2", true);
	assert_truth(*state, "not not yes", true);
}

static void comparisons_compare(void **state)
{
	assert_truth(*state, "1 < 2", true);
	assert_truth(*state, "2 < 2", false);
	assert_truth(*state, "2 <= 2", true);
	assert_truth(*state, "3 <= 2", false);
	assert_truth(*state, "2 >= 2", true);
	assert_truth(*state, "1 >= 2", false);
	assert_truth(*state, "3 > 2", true);
	assert_truth(*state, "2 > 2", false);
	assert_truth(*state, "2 = 2", true);
	assert_truth(*state, "2 != 2", false);
	assert_truth(*state, "yes != no", true);
	assert_truth(*state, "(1 < 2) = yes", true);
	assert_truth(*state, "path.interface = \"eth0\"", true);
	assert_truth(*state, "path.interface != \"eth0\"", false);
	assert_truth(*state, "path.interface = \"eth\"", false);
	assert_truth(*state, "sysctl.net.ipv4.tcp_congestion_control = \"cubic\"", true);
	assert_truth(*state, "path.congestion_control = path.congestion_control", true);
}

/* A list as a whole is text: above all, is it empty? */
static void a_list_is_compared_as_a_whole(void **state)
{
	struct fixture *f = *state;

	assert_truth(*state, "path.congestion_control = \"cubic bbr2 bbr\"", true);
	assert_truth(*state, "path.congestion_control = \"cubic\"", false);
	assert_truth(*state, "path.congestion_control != \"\"", true);
	f->path->values[PATH_CONGESTION] = value_text("");
	assert_truth(*state, "path.congestion_control = \"\"", true);
}

static void bits_are_picked_from_a_mask(void **state)
{
	static const struct {
		const char *expression;
		double bits;
	} rows[] = {
		{"bitand(1027, 2)", 2},	   {"bitand(1027, 1024)", 1024}, {"bitand(1027, 4)", 0},
		{"bitand(1027, 1536)", 1024}, {"bitand(6.9, 3)", 2},	 {"bitand(0, 7)", 0},
		{"bitand(-1, 7)", 0}, {"bitand(sysctl.net.core.somaxconn, 4096)", 4096},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_number(*state, rows[i].expression, DIM_PURE, rows[i].bits);
}

static void a_kernel_is_at_least_a_version(void **state)
{
	static const struct {
		const char *expression;
		bool is;
	} rows[] = {
		{"kernel(\"6.18\")", true},  {"kernel(\"6.6\")", true},   {"kernel(\"4.19\")", true},
		{"kernel(\"6.19\")", false}, {"kernel(\"7.0\")", false},  {"not kernel(\"7.0\")", true},
		{"kernel(\"6.100\")", false},
	};
	struct fixture *f = *state;

	f->facts->host->values[HOST_KERNEL] = value_text("6.18.44");
	f->facts->host->values[HOST_KERNEL].num = kernel_number((struct kernel_version){6, 18});
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_truth(*state, rows[i].expression, rows[i].is);
}

static void functions_do_what_they_say(void **state)
{
	assert_number(*state, "min(3, 2)", DIM_PURE, 2);
	assert_number(*state, "max(1 KiB, 1 kB)", DIM_BYTES, 1024);
	assert_number(*state, "max(path.flows, 3)", DIM_COUNT, 12);
	assert_number(*state, "roundup(2 * path.bdp, 64 KiB)", DIM_BYTES, 39 * 65536);
	assert_number(*state, "roundup(128 KiB, 64 KiB)", DIM_BYTES, 131072);
	assert_number(*state, "roundup(3, 0)", DIM_PURE, 3);
	assert_number(*state, "if(path.flows > 3, 1 s, 2 s)", DIM_SECONDS, 1);
	assert_number(*state, "if(path.flows > 30, 1 s, 2 s)", DIM_SECONDS, 2);
	assert_truth(*state, "if(yes, path.interface, \"x\") = \"eth0\"", true);
	assert_number(*state, "window(sysctl.net.ipv4.tcp_rmem[2])", DIM_BYTES, 134217728);
	assert_number(*state, "default(sysctl.net.ipv4.tcp_rmem[1])", DIM_BYTES, 2097152);
	assert_number(*state, "sysctl.net.ipv4.tcp_rmem[0]", DIM_BYTES, 4096);
	assert_number(*state, "sysctl.net.core.somaxconn[0]", DIM_COUNT, 4096);
	assert_number(*state, "threshold.bloat.queue", DIM_SECONDS, 0.03);
	assert_number(*state, "interface.mtu", DIM_BYTES, 1500);
}

static void lists_hold_words(void **state)
{
	assert_truth(*state, "has(path.congestion_control, \"bbr\")", true);
	assert_truth(*state, "has(path.congestion_control, \"cubic\")", true);
	assert_truth(*state, "has(path.congestion_control, \"bbr2\")", true);
	assert_truth(*state, "has(path.congestion_control, \"cub\")", false);
	assert_truth(*state, "has(path.congestion_control, \"br\")", false);
	assert_truth(*state, "has(path.congestion_control, \"\")", false);
	assert_truth(*state,
		     "has(sysctl.net.ipv4.tcp_available_congestion_control, "
		     "sysctl.net.ipv4.tcp_congestion_control)",
		     true);
}

static void counters_grow_over_the_window(void **state)
{
	struct fixture *f = *state;

	assert_number(f, "tcpext.ListenOverflows", DIM_COUNT, 100);
	assert_number(f, "delta(tcpext.ListenOverflows)", DIM_COUNT, 20);
	assert_number(f, "rate(tcpext.ListenOverflows)", DIM_PER_SECOND, 10);
	assert_truth(f, "rate(tcpext.ListenOverflows) > 9 /s", true);
	assert_unknown(f, "delta(tcpext.ListenDrops)", VALUE_NO_WINDOW, "two samples");
	assert_unknown(f, "rate(tcpext.ListenDrops)", VALUE_NO_WINDOW, "two samples");
	assert_unknown(f, "rate(tcpext.TCPTimeouts)", VALUE_ABSENT, "does not exist");
	f->facts->window = 0;
	assert_unknown(f, "rate(tcpext.ListenOverflows)", VALUE_NO_WINDOW, "two samples");
}

/* What is not known */

static void logic_is_three_valued(void **state)
{
	static const struct {
		const char *expr;
		int want; /* -1: unknown */
	} rows[] = {
		{"yes and yes", 1},
		{"yes and no", 0},
		{"yes and path.speed_sure", -1},
		{"no and yes", 0},
		{"no and no", 0},
		{"no and path.speed_sure", 0},
		{"path.speed_sure and yes", -1},
		{"path.speed_sure and no", 0},
		{"path.speed_sure and path.speed_sure", -1},
		{"yes or yes", 1},
		{"yes or no", 1},
		{"yes or path.speed_sure", 1},
		{"no or yes", 1},
		{"no or no", 0},
		{"no or path.speed_sure", -1},
		{"path.speed_sure or yes", 1},
		{"path.speed_sure or no", -1},
		{"path.speed_sure or path.speed_sure", -1},
		{"not yes", 0},
		{"not no", 1},
		{"not path.speed_sure", -1},
		{"known(path.speed_sure)", 0},
		{"not known(path.speed_sure) or path.speed_sure", 1},
		{"if(path.speed_sure, yes, yes)", -1},
		{"if(yes, no, path.speed_sure)", 0},
		{"if(no, no, path.speed_sure)", -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].want < 0)
			assert_unknown(*state, rows[i].expr, VALUE_ABSENT, "");
		else
			assert_truth(*state, rows[i].expr, rows[i].want);
	}
}

static void the_unknown_says_why(void **state)
{
	struct fixture *f = *state;

	assert_unknown(f, "path.srtt.p50", VALUE_FEW, "too few samples");
	assert_unknown(f, "path.srtt.p95 > 5 ms", VALUE_DENIED, "only root may read it");
	assert_unknown(f, "2 * path.srtt.p95 + 1 s < 3 s and yes", VALUE_DENIED,
		       "only root may read it");
	assert_unknown(f, "path.srtt.p50 > path.srtt.p95", VALUE_FEW, "too few samples");
	assert_unknown(f, "min(1 s, path.srtt.p95)", VALUE_DENIED, "only root may read it");
	assert_unknown(f, "-path.srtt.p95", VALUE_DENIED, "only root may read it");
	assert_unknown(f, "sysctl.net.ipv4.tcp_fin_timeout", VALUE_DENIED, "hidden by a container");
	assert_unknown(f, "path.queue.p50", VALUE_ABSENT, "does not exist");
	assert_unknown(f, "1 / (path.flows - 12)", VALUE_ABSENT, "divide by zero");
	assert_unknown(f, "path.flows / 0 > 1 or no", VALUE_ABSENT, "divide by zero");
	f->facts->host->values[HOST_WINDOW_RATIO] = value_missing(VALUE_GARBLED, NULL);
	assert_unknown(f, "window(1 MB)", VALUE_GARBLED, "not understood");
}

/* "path.srtt.p95: reading it was denied" needs the name, however deep it stood. */
static void the_unknown_has_a_name(void **state)
{
	static const char *const rows[][2] = {
		{"2 * path.srtt.p95 + 1 s < 3 s and yes", "path.srtt.p95"},
		{"no or sysctl.net.ipv4.tcp_fin_timeout > 1 s", "net.ipv4.tcp_fin_timeout"},
		{"interface.speed > 1 Gbit/s", "interface.speed"},
		{"delta(tcpext.ListenDrops) > 0", "tcpext.ListenDrops"},
		{"rate(tcpext.TCPTimeouts) > 1 /s", "tcpext.TCPTimeouts"},
		{"default(sysctl.net.core.somaxconn) > 4", "net.core.somaxconn"},
		{"rate(tcpext.ListenOverflows) > 1 /s", "tcpext.ListenOverflows"},
		{"window(1 MB) > 1 B", "host.window_ratio"},
	};
	struct fixture *f = *state;

	f->facts->window = 0;
	f->facts->host->values[HOST_WINDOW_RATIO] = value_missing(VALUE_GARBLED, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct value v = expr_eval(parse(f, rows[i][0]), &f->env);

		assert_int_not_equal(v.state, VALUE_KNOWN);
		if (!v.what || !strstr(v.what, rows[i][1]))
			fail_msg("'%s' waits for '%s'", rows[i][0], v.what ? v.what : "(nothing)");
	}
}

static void default_may_be_unknown(void **state)
{
	assert_truth(*state, "known(default(sysctl.net.core.somaxconn))", false);
	assert_unknown(*state, "default(sysctl.net.core.somaxconn) > 4", VALUE_ABSENT, "");
	assert_truth(*state, "known(sysctl.net.ipv4.tcp_fin_timeout)", false);
	assert_truth(*state, "known(sysctl.net.core.somaxconn)", true);
}

static void facts_come_from_the_subject_that_is_judged(void **state)
{
	struct fixture *f = *state;
	struct subject *listener = facts_add(f->facts, SUBJECT_LISTENER, "[::]:80");
	struct subject *bare = facts_add(f->facts, SUBJECT_PATH, "wg0 2001:db8::/48");

	f->env.subject = listener;
	assert_unknown(f, "path.bdp", VALUE_ABSENT, "");
	f->env.subject = bare;
	assert_unknown(f, "interface.mtu", VALUE_ABSENT, "");
	f->env.subject = NULL;
	assert_unknown(f, "path.bdp", VALUE_ABSENT, "");
	assert_truth(f, "host.memory = 8 GiB", true);
}

static void a_source_is_named(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(expr_source(parse(f, "path.bdp")), "sock_diag");
	assert_string_equal(expr_source(parse(f, "rate(tcpext.ListenOverflows)")),
			    "/proc/net/netstat");
	assert_string_equal(expr_source(parse(f, "sysctl.net.core.somaxconn")), "/proc/sys");
	assert_string_equal(expr_source(parse(f, "threshold.flows")), "profile");
	assert_string_equal(expr_source(parse(f, "2 * path.bdp")), "computed");
	assert_string_equal(expr_source(parse(f, "3")), "computed");
}

/* Refusals */

static void malformed_expressions_are_refused(void **state)
{
	static const char *const rows[][2] = {
		{"", "a value expected, and the expression ends"},
		{"  ", "a value expected, and the expression ends"},
		{"1 +", "a value expected, and the expression ends"},
		{"1 + * 2", "a value expected"},
		{"1 == 2", "a value expected"},
		{"1 & 2", "nothing more expected"},
		{"1 2", "nothing more expected"},
		{"1 < 2 < 3", "nothing more expected"},
		{"(1", "')' expected"},
		{"1)", "nothing more expected"},
		{"path.interface = \"eth0", "closing '\"' expected"},
		{"yes and", "a value expected, and the expression ends"},
		{"yes and 3", "'and' joins conditions"},
		{"3 or yes", "'or' joins conditions"},
		{"not 3", "'not' needs a condition"},
		{"-path.interface", "minus needs a number"},
		{"-yes", "minus needs a number"},
		{"path.interface + path.interface", "text and text cannot be added"},
		{"yes + yes", "truth and truth cannot be added"},
		{"path.interface < \"eth0\"", "text has no order"},
		{"yes >= no", "truth has no order"},
		{"\"bbr\" = path.congestion_control", "text and list cannot be compared"},
		{"\"a\" = 1", "text and number cannot be compared"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_refused(*state, rows[i][0], rows[i][1]);
}

static void unknown_names_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "path.bpd > 1 B", "no fact is named 'path.bpd'");
	assert_refused(f, "path.flows-1", "no fact is named 'path.flows-1'");
	assert_refused(f, "bdp", "no fact is named 'bdp'");
	assert_refused(f, "and", "no fact is named 'and'");
	assert_refused(
		f, "listener.queue > 1",
		"'listener.queue' is a fact of a listener, which this expression does not judge");
	assert_refused(f, "threshold.bloat", "no threshold is named 'bloat'");
	assert_refused(f, "median(1, 2)", "no function is named 'median'");
	assert_refused(f, "sysctl.net.ipv4.tcp_rmen[2]",
		       "'net.ipv4.tcp_rmen' is not in the catalogue");
	assert_refused(f, "sysctl.net.ipv4.tcp_rmem",
		       "'net.ipv4.tcp_rmem' has 3 elements: name one as [0] to [2]");
	assert_refused(f, "sysctl.net.ipv4.tcp_rmem[3]", "has 3 elements");
	assert_refused(f, "sysctl.net.ipv4.tcp_rmem[-1]", "has 3 elements");
	assert_refused(f, "sysctl.net.ipv4.tcp_rmem[]", "has 3 elements");
	assert_refused(f, "sysctl.net.ipv4.tcp_rmem[2", "has 3 elements");
	assert_refused(f, "sysctl.net.core.somaxconn[1]", "has 1 elements");
	f->scope.catalogue = NULL;
	f->scope.thresholds = NULL;
	f->scope.subjects[SUBJECT_PATH] = false;
	assert_refused(f, "sysctl.net.core.somaxconn", "is not in the catalogue");
	assert_refused(f, "threshold.flows", "no threshold is named 'flows'");
	assert_refused(f, "path.bdp", "a fact of a path, which this expression does not judge");
}

static void wrong_arguments_are_refused(void **state)
{
	static const char *const rows[][2] = {
		{"min(1)", "min() takes 2 arguments"},
		{"min()", "a value expected"},
		{"min(1, 2, 3)", "min() takes 2 arguments"},
		{"if(yes, 1)", "if() takes 3 arguments"},
		{"known(1, 2)", "known() takes 1 argument"},
		{"known(1", "')' expected"},
		{"min(1 s, 1 B)", "min(): both arguments must be numbers of one dimension"},
		{"max(yes, no)", "max(): both arguments must be numbers of one dimension"},
		{"roundup(path.bdp, 65536)",
		 "roundup(): both arguments must be numbers of one dimension"},
		{"if(1, 2, 3)", "if(): it takes a condition and two values of one dimension"},
		{"if(yes, 1 B, 1 s)", "if(): it takes a condition and two values of one dimension"},
		{"has(path.interface, \"x\")", "has(): it takes a list and a text"},
		{"has(path.congestion_control, 3)", "has(): it takes a list and a text"},
		{"delta(path.bdp)", "delta(): it takes the name of a counter"},
		{"delta(3)", "delta(): it takes the name of a counter"},
		{"delta(tcpext.ListenOverflows + 0)", "delta(): it takes the name of a counter"},
		{"rate(path.flows)", "rate(): it takes the name of a counter"},
		{"default(path.bdp)", "default(): it takes the name of a sysctl"},
		{"default(2 * sysctl.net.core.somaxconn)",
		 "default(): it takes the name of a sysctl"},
		{"window(path.flows)", "window(): it takes bytes"},
		{"kernel(6.6)", "kernel(): it takes a version such as \"6.6\""},
		{"kernel(\"six\")", "kernel(): it takes a version such as \"6.6\""},
		{"bitand(1 B, 1)", "bitand(): it takes two plain numbers"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_refused(*state, rows[i][0], rows[i][1]);
}

static void add_times(struct text *t, const char *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		text_add(t, s);
}

/* before × n, what is in the middle, after × n */
static void nest(struct text *t, const char *before, const char *middle, const char *after,
		 unsigned n)
{
	t->len = 0;
	add_times(t, before, n);
	text_add(t, middle);
	add_times(t, after, n);
}

static void nesting_is_bounded(void **state)
{
	static const struct {
		const char *before, *middle, *after;
		enum dim dim;
	} rows[] = {
		{"(", "1", ")", DIM_PURE},	{"- ", "1", "", DIM_PURE},
		{"not ", "yes", "", DIM_BOOL},	{"min(1, ", "1", ")", DIM_PURE},
		{"known(", "1", ")", DIM_BOOL}, {"if(yes, 1, ", "1", ")", DIM_PURE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		nest(&t, rows[i].before, rows[i].middle, rows[i].after, 10);
		assert_int_equal(expr_dim(parse(*state, text_get(&t))), rows[i].dim);
		nest(&t, rows[i].before, rows[i].middle, rows[i].after, EXPR_DEPTH_MAX + 1);
		assert_refused(*state, text_get(&t), "nested too deeply");
		nest(&t, rows[i].before, rows[i].middle, rows[i].after, 1000);
		assert_refused(*state, text_get(&t), "nested too deeply");
		nest(&t, rows[i].before, "", "", 1000);
		assert_refused(*state, text_get(&t), "nested too deeply");
	}
}

static void length_is_bounded(void **state)
{
	static const char *const chains[] = {" + 1", " * 1", " - 1", " / 1"};

	for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		nest(&t, "", "1", chains[i], 127);
		parse(*state, text_get(&t));
		nest(&t, "", "1", chains[i], 128);
		assert_refused(*state, text_get(&t), "expression too long");
	}
	for (int any = 0; any < 2; any++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		nest(&t, "", "yes", any ? " or yes" : " and yes", 127);
		assert_truth(*state, text_get(&t), true);
		nest(&t, "", "yes", any ? " or yes" : " and yes", 128);
		assert_refused(*state, text_get(&t), "expression too long");
	}
}

static void names_are_bounded(void **state)
{
	_cleanup_free_ char *longest = repeat('n', EXPR_NAME_MAX - 1),
			    *longer = repeat('n', EXPR_NAME_MAX);

	assert_refused(*state, longest, "no fact is named 'nnnn");
	assert_refused(*state, longer, "name too long");
}

static void a_refusal_shows_the_place(void **state)
{
	assert_refused(*state, "path.flows > 3 and path.bdp > 5 s",
		       "at column 34 of 'path.flows > 3 and path.bdp > 5 s'");
	assert_refused(*state, "1 + $", "at column 5 of '1 + $'");
}

#define in_fixture(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_fixture(a_bandwidth_delay_product_is_bytes),
		in_fixture(dimensions_do_not_mix),
		in_fixture(a_unit_that_is_none_is_explained),
		in_fixture(bare_numbers_fit_counts_and_ratios),
		in_fixture(a_result_must_have_the_dimension_that_is_needed),
		in_fixture(operators_bind_as_everybody_expects),
		in_fixture(comparisons_compare),
		in_fixture(a_list_is_compared_as_a_whole),
		in_fixture(bits_are_picked_from_a_mask),
		in_fixture(a_kernel_is_at_least_a_version),
		in_fixture(functions_do_what_they_say),
		in_fixture(lists_hold_words),
		in_fixture(counters_grow_over_the_window),
		in_fixture(logic_is_three_valued),
		in_fixture(the_unknown_says_why),
		in_fixture(the_unknown_has_a_name),
		in_fixture(default_may_be_unknown),
		in_fixture(facts_come_from_the_subject_that_is_judged),
		in_fixture(a_source_is_named),
		in_fixture(malformed_expressions_are_refused),
		in_fixture(unknown_names_are_refused),
		in_fixture(wrong_arguments_are_refused),
		in_fixture(nesting_is_bounded),
		in_fixture(length_is_bounded),
		in_fixture(names_are_bounded),
		in_fixture(a_refusal_shows_the_place),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
