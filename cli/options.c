/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include "cli/applier.h"
#include "cli/service.h"

/* Of tables. */
static int set_format(struct options *o, const char *v)
{
	o->format = v;
	return !strcmp(v, "text") || !strcmp(v, "json") ? 0 : -EINVAL;
}

static int set_report_format(struct options *o, const char *v)
{
	o->format = v;
	return report_format_find(v) ? 0 : -EINVAL;
}

static int set_lint_format(struct options *o, const char *v)
{
	o->format = v;
	return lint_format_find(v) ? 0 : -EINVAL;
}

static int set_plan_format(struct options *o, const char *v)
{
	o->format = v;
	return !strcmp(v, "text") || !strcmp(v, "json") || !strcmp(v, "sysctl") ? 0 : -EINVAL;
}

static int set_kernel(struct options *o, const char *v)
{
	struct kernel_version version;
	size_t n = strspn(v, "0123456789"), m = v[n] == '.' ? strspn(v + n + 1, "0123456789") : 0;
	char pair[16];

	/* "6.1", or a whole release such as 6.1.0-18-amd64 */
	snprintf(pair, sizeof(pair), "%.*s", (int)min_of(n + 1 + m, sizeof(pair) - 1), v);
	o->kernel = v;
	return m && kernel_version_parse(pair, &version) == 0 && version.major ? 0 : -EINVAL;
}

static int set_memory(struct options *o, const char *v)
{
	return quantity_parse(v, DIM_BYTES, &o->memory) < 0 || o->memory < 1 << 20 || o->memory > 1e18 ? -EINVAL : 0;
}

static int set_profile(struct options *o, const char *v)
{
	o->profile = v;
	return v[strspn(v, ", ")] ? 0 : -EINVAL;
}

static int set_root(struct options *o, const char *v)
{
	o->root = v;
	return *v ? 0 : -EINVAL;
}

static int set_netns(struct options *o, const char *v)
{
	o->netns = v;
	return *v ? 0 : -EINVAL;
}

/* "0" needs no unit. */
static int parse_seconds(const char *v, double max, double *ret)
{
	int r = !strcmp(v, "0") ? (*ret = 0, 0) : quantity_parse(v, DIM_SECONDS, ret);

	return r < 0 || *ret > max ? -EINVAL : 0;
}

static int set_window(struct options *o, const char *v)
{
	return parse_seconds(v, 3600, &o->window);
}

static int set_speed(struct options *o, const char *v)
{
	if (o->speed_count == DECLARED_SPEEDS_MAX || !strchr(v, '=') || strchr(v, '=') == v)
		return -EINVAL;
	o->speeds[o->speed_count++] = v;
	return 0;
}

static int set_fail_on(struct options *o, const char *v)
{
	if (!strcmp(v, "unknown")) {
		o->fail_on_unknown = true;
		return 0;
	}
	return severity_from_name(v, &o->fail_on) ? 0 : -EINVAL;
}

static int set_open_fail_on(struct options *o, const char *v)
{
	return severity_from_name(v, &o->fail_on) ? 0 : -EINVAL;
}

static int set_control(struct options *o, const char *v)
{
	o->control = v;
	return *v ? 0 : -EINVAL;
}

static int set_no_color(struct options *o, const char *v)
{
	(void)v;
	o->no_color = true;
	return 0;
}

static int set_no_borrow(struct options *o, const char *v)
{
	(void)v;
	o->no_borrow = true;
	return 0;
}

static int set_mask(struct options *o, const char *v)
{
	(void)v;
	o->mask = true;
	return 0;
}

static int set_verbose(struct options *o, const char *v)
{
	(void)v;
	o->verbose = true;
	return 0;
}

static int set_rate(struct options *o, const char *v)
{
	return quantity_parse(v, DIM_RATE, &o->rate) < 0 || o->rate <= 0 ? -EINVAL : 0;
}

static int set_rtt(struct options *o, const char *v)
{
	return parse_seconds(v, 3600, &o->rtt);
}

static int set_flows(struct options *o, const char *v)
{
	return quantity_parse(v, DIM_COUNT, &o->flows) < 0 || o->flows != floor(o->flows) || o->flows < 1 || o->flows > 1e9 ? -EINVAL : 0;
}

/* "KEY,KEY": the list is cut where it stands, among the program's own arguments. */
static int set_only(struct options *o, const char *v)
{
	char *list = (char *)v, *key;

	while ((key = strsep(&list, ", "))) {
		if (!*key)
			continue;
		if (o->only_count == ONLY_MAX)
			return -EINVAL;
		o->only[o->only_count++] = key;
	}
	return o->only_count ? 0 : -EINVAL;
}

static int set_diff(struct options *o, const char *v)
{
	(void)v;
	o->diff = true;
	return 0;
}

static int set_applier(struct options *o, const char *v)
{
	o->applier = v;
	return *v ? 0 : -EINVAL;
}

static int set_state(struct options *o, const char *v)
{
	o->state = v;
	return *v == '/' ? 0 : -EINVAL;
}

static int set_check(struct options *o, const char *v)
{
	(void)v;
	o->check = true;
	return 0;
}

static int set_within(struct options *o, const char *v)
{
	return parse_seconds(v, 24 * 3600, &o->within) < 0 || o->within < 10 ? -EINVAL : 0;
}

static int set_persist(struct options *o, const char *v)
{
	(void)v;
	o->persist = true;
	return 0;
}

static int set_wait(struct options *o, const char *v)
{
	(void)v;
	o->wait = true;
	return 0;
}

static int set_converge(struct options *o, const char *v)
{
	(void)v;
	o->converge = true;
	return 0;
}

static int set_despite_manager(struct options *o, const char *v)
{
	(void)v;
	o->despite_manager = true;
	return 0;
}

static int set_help(struct options *o, const char *v)
{
	(void)v;
	o->help = true;
	return 0;
}

const struct option_def option_defs[] = {
	{"profile", "NAME[,NAME]", TAKES_PROFILE, set_profile, "profiles to judge by (default: balanced)"},
	{"window", "TIME", TAKES_HOST, set_window, "time between the two samples (default: 2s; 0: one sample)"},
	{"speed", "IFACE=RATE", TAKES_HOST, set_speed, "declare a link's speed, such as eth0=10Gbit/s; may be repeated"},
	{"netns", "PID|NAME|all", TAKES_HOST, set_netns, "judge other network namespaces (root)"},
	{"no-borrow", NULL, TAKES_HOST, set_no_borrow, "do not borrow other processes' descriptors to ask for socket options"},
	{"mask", NULL, TAKES_RECORD, set_mask, "replace what tells whose host it is: addresses, names and ids"},
	{"root", "DIR", TAKES_HOST | TAKES_FILES, set_root, "a host recorded by `tcpadvisor record` instead of this one"},
	{"kernel", "VERSION", TAKES_LINT, set_kernel, "judge for this kernel, such as 6.1"},
	{"memory", "SIZE (KiB, MiB, GiB or TiB)", TAKES_LINT, set_memory, "judge for a host of this size, such as 64GiB"},
	{"fail-on", "LEVEL", TAKES_VERDICT, set_fail_on, "exit 2 from this severity on (info, notice, warning, error); "
							  "or unknown: count what could not be judged"},
	{"fail-on", "LEVEL", TAKES_OPEN, set_open_fail_on, "exit 2 while a finding of this severity or above is open "
							   "(default: warning)"},
	{"control", "PATH", TAKES_SERVICE, set_control, "socket of the service (default: " CONTROL_SOCKET ")"},
	{"verbose", NULL, TAKES_VERDICT, set_verbose, "also say which rules do not apply here, and why"},
	{"only", "KEY[,KEY]", TAKES_PLAN, set_only, "change no other keys than these; may be repeated"},
	{"diff", NULL, TAKES_PLAN, set_diff, "the changes as a unified diff"},
	{"check", NULL, TAKES_APPLY, set_check, "change nothing: what would be changed, and what stands against it"},
	{"confirm-within", "TIME (10s to 24h)", TAKES_APPLY, set_within, "undo it after so long unless it is confirmed (default: 10min)"},
	{"persist", NULL, TAKES_APPLY, set_persist, "keep it over reboots, once it is confirmed"},
	{"wait", NULL, TAKES_APPLY, set_wait, "follow it to its end: exit 0 confirmed, 2 undone"},
	{"converge", NULL, TAKES_APPLY, set_converge, "go on step by step, and confirm each, for as long as new flows gain"},
	{"despite-manager", NULL, TAKES_APPLY, set_despite_manager, "also keys that tuned or bpftune sets"},
	{"applier", "PATH", TAKES_APPLIER, set_applier, "socket of the applier (default: " APPLY_SOCKET ")"},
	{"state", "DIR", TAKES_APPLIER, set_state, "its journal's directory, where it is started without systemd"},
	{"rate", "RATE", TAKES_WHAT_IF, set_rate, "rate of the path, such as 10Gbit/s"},
	{"rtt", "TIME", TAKES_WHAT_IF, set_rtt, "round trip of the path, such as 80ms"},
	{"flows", "N", TAKES_WHAT_IF, set_flows, "flows that fill their buffers at the same time (default: 1)"},
	{"format", "text|json|sarif|junit", TAKES_LINT, set_lint_format, "form of the output"},
	{"format", "text|json|metrics|prometheus|html|junit|markdown|ansible", TAKES_REPORT, set_report_format, "form of the output"},
	{"format", "text|json|sysctl", TAKES_CHANGES, set_plan_format, "form of the output"},
	{"format", "text|json", TAKES_OUTPUT, set_format, "form of the output"},
	{"no-color", NULL, TAKES_OUTPUT | TAKES_REPORT | TAKES_FILES | TAKES_CHANGES, set_no_color, "plain text; as is the environment variable NO_COLOR"},
	{"help", NULL, ~0u, set_help, "this text"},
	{NULL, NULL, 0, NULL, NULL},
};

void complain(const char *fmt, ...)
{
	_cleanup_text_ struct text escaped = TEXT_NULL;
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	text_add_escaped(&escaped, line, sizeof(line) * 4);
	fprintf(stderr, "tcpadvisor: %s\n", text_get(&escaped));
}

void complain_diag(const struct diag *d)
{
	if (d->line)
		complain("%s:%u: %s", d->file, d->line, d->message);
	else
		complain("%s: %s", d->file, d->message);
}

static const struct option_def *find_option(const struct verb *v, const char *s, size_t n)
{
	for (const struct option_def *d = option_defs; d->name; d++)
		if ((d->group & v->takes || !strcmp(d->name, "help")) && strlen(d->name) == n && !strncmp(d->name, s, n))
			return d;
	return NULL;
}

static int parse_option(const struct verb *v, struct options *o, char **argv, int *i, int argc)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	size_t n = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_def *d = find_option(v, name, n);
	const char *value = equals ? equals + 1 : NULL;

	if (!d) {
		complain("%s has no option --%.*s (tcpadvisor %s --help)", v->name, (int)n, name, v->name);
		return EXIT_USAGE;
	}
	if (d->argument && !value && *i + 1 < argc)
		value = argv[++*i];
	if (!d->argument != !value) {
		complain(d->argument ? "--%s needs %s" : "--%s takes no value", d->name, d->argument);
		return EXIT_USAGE;
	}
	if (d->set(o, value) < 0) {
		complain("--%s=%s: %s expected", d->name, value ? value : "", d->argument ? d->argument : "nothing");
		return EXIT_USAGE;
	}
	return 0;
}

int options_parse(const struct verb *v, int argc, char **argv, struct options *ret)
{
	struct options o = {.format = "text", .window = -1, .rate = -1, .rtt = -1, .flows = 1,
			    .fail_on = SEVERITY_WARNING, .control = CONTROL_SOCKET,
			    .applier = APPLY_SOCKET, .state = APPLY_STATE, .within = -1};
	bool only_args = false;

	o.args = argv; /* moved to the front as they come */
	for (int i = 0; i < argc; i++) {
		int r = 0;

		if (!only_args && !strcmp(argv[i], "--"))
			only_args = true;
		else if (!only_args && !strcmp(argv[i], "-h"))
			o.help = true;
		else if (!only_args && !strncmp(argv[i], "--", 2))
			r = parse_option(v, &o, argv, &i, argc);
		else
			o.args[o.arg_count++] = argv[i];
		if (r)
			return r;
	}
	if (!o.help && (o.arg_count < v->min_args || o.arg_count > v->max_args)) {
		complain("usage: tcpadvisor %s%s%s", v->name, *v->arguments ? " " : "", v->arguments);
		return EXIT_USAGE;
	}
	*ret = o;
	return 0;
}

struct render_options output_options(const struct options *o)
{
	const char *no_color = getenv("NO_COLOR"), *columns = getenv("COLUMNS"), *term = getenv("TERM");
	bool terminal = isatty(STDOUT_FILENO);
	struct render_options r = {.width = 80, .verbose = o->verbose, .fail_on = o->fail_on, .fail_on_unknown = o->fail_on_unknown};
	struct winsize size;

	if (columns && atoi(columns) > 0)
		r.width = (unsigned)atoi(columns);
	else if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		r.width = size.ws_col;
	r.width = max_of(r.width, 40u);
	r.width = min_of(r.width, 140u);
	r.colour = terminal && !o->no_color && !(no_color && *no_color) && term && strcmp(term, "dumb");
	return r;
}

int output_write(const struct text *t)
{
	if (fwrite(text_get(t), 1, t->len, stdout) != t->len || fflush(stdout) != 0) {
		complain("standard output: %s", strerror(errno));
		return EXIT_COULD_NOT_CHECK;
	}
	return EXIT_OK;
}
