/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcpadvisor: which kernel setting or application habit costs this host latency, throughput or connections. */
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include "cli/verb.h"

enum { HOST_VERB = TAKES_OUTPUT | TAKES_HOST | TAKES_PROFILE };

const struct verb verbs[] = {
	{"audit", "", "judge this host, or a recorded one, once",
	 TAKES_REPORT | TAKES_HOST | TAKES_PROFILE | TAKES_VERDICT, 0, 0, verb_audit},
	{"explain", "RULE|SYSCTL|profile NAME", "what a rule or sysctl means, why, and what it says here", HOST_VERB, 1, 2,
	 verb_explain},
	{"paths", "", "measured round trip, speed, BDP, window and loss for each path", HOST_VERB, 0, 0, verb_paths},
	{"sockets", "", "states, listeners, destinations and owners", HOST_VERB, 0, 0, verb_sockets},
	{"bdp", "--rate RATE --rtt TIME", "what-if: BDP, buffers, sysctl lines and memory", TAKES_OUTPUT | TAKES_WHAT_IF, 0,
	 0, verb_bdp},
	{"lint", "[FILE…]", "judge sysctl.d files offline, for CI", TAKES_LINT | TAKES_FILES | TAKES_PROFILE | TAKES_VERDICT, 0, 4096,
	 verb_lint},
	{"which", "KEY", "who sets this sysctl: both loaders' winners, and what they shadow",
	 TAKES_OUTPUT | TAKES_FILES | TAKES_PROFILE, 1, 1, verb_which},
	{"plan", "", "the changes that the advice amounts to, and what they cost",
	 TAKES_CHANGES | TAKES_PLAN | TAKES_HOST | TAKES_PROFILE, 0, 0, verb_plan},
	{"apply", "", "make those changes, and undo them unless they help and are confirmed",
	 TAKES_OUTPUT | TAKES_PLAN | TAKES_APPLY | TAKES_APPLIER | TAKES_HOST | TAKES_PROFILE, 0, 0, verb_apply},
	{"confirm", "ID", "keep what was applied", TAKES_OUTPUT | TAKES_APPLIER, 0, 1, verb_confirm},
	{"rollback", "[ID]", "undo what was applied, now", TAKES_OUTPUT | TAKES_APPLIER, 0, 1, verb_rollback},
	{"history", "[ID]", "what was applied, what became of it, and what it did", TAKES_OUTPUT | TAKES_APPLIER, 0, 1,
	 verb_history},
	{"facts", "[PATTERN]", "what was measured, and what rules may use", HOST_VERB, 0, 1, verb_facts},
	{"metrics", "", "OpenMetrics of the service, or without one of an audit",
	 TAKES_SERVICE | TAKES_HOST | TAKES_PROFILE, 0, 0, verb_metrics},
	{"rules", "", "the rules that are loaded", TAKES_OUTPUT | TAKES_PROFILE, 0, 0, verb_rules},
	{"profiles", "", "the profiles that can be chosen", TAKES_OUTPUT, 0, 0, verb_profiles},
	{"record", "DIR", "write this host to a new directory that --root replays",
	 TAKES_HOST | TAKES_PROFILE | TAKES_RECORD, 1, 1, verb_record},
	{"status", "", "what the service watches, what it costs, and which findings are open",
	 TAKES_OUTPUT | TAKES_SERVICE | TAKES_OPEN, 0, 0, verb_status},
	{"watch", "", "the service's findings and drift, as they come and go", TAKES_OUTPUT | TAKES_SERVICE, 0, 0, verb_watch},
	{NULL, NULL, NULL, 0, 0, 0, NULL},
};

static int print_help(void)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	text_add(&t, "tcpadvisor VERB [OPTION…]\n\n"
		     "Says which kernel TCP setting or application habit costs this host latency,\n"
		     "throughput or connections, and proves it with what it measured.\n\n");
	for (const struct verb *v = verbs; v->name; v++)
		text_addf(&t, "  %-10s%s\n", v->name, v->summary);
	text_add(&t, "\nExit status: 0 all well, 2 findings, 1 could not check, 3 nothing could be judged,\n"
		     "64 usage. `tcpadvisor VERB --help` lists a verb's options.\n");
	return output_write(&t);
}

static int print_verb_help(const struct verb *v)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	text_addf(&t, "tcpadvisor %s%s%s\n\n%c%s.\n\n", v->name, *v->arguments ? " " : "", v->arguments,
		  v->summary[0] - 32, v->summary + 1);
	for (const struct option_def *d = option_defs; d->name; d++) {
		char name[128];

		if (!(d->group & v->takes))
			continue;
		snprintf(name, sizeof(name), "--%s%s%s", d->name, d->argument ? "=" : "", d->argument ? d->argument : "");
		text_addf(&t, "  %-23s %s\n", name, d->help);
	}
	return output_write(&t);
}

static int print_version(void)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	text_add(&t, PACKAGE_STRING "\n");
	return output_write(&t);
}

static const struct verb *find_verb(const char *name)
{
	for (const struct verb *v = verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

/* One descriptor for each network namespace that is visited. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct options o;
	const struct verb *v;
	int r;

	/* Only names of characters: numbers must read the same everywhere. */
	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_DFL);
	raise_file_limit();
	if (argc < 2) {
		complain("a verb is needed: tcpadvisor --help lists them");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return print_help();
	if (!strcmp(argv[1], "--version"))
		return print_version();
	v = find_verb(argv[1]);
	if (!v) {
		complain("no verb '%s': tcpadvisor --help lists them", argv[1]);
		return EXIT_USAGE;
	}
	r = options_parse(v, argc - 2, argv + 2, &o);
	if (r)
		return r;
	return o.help ? print_verb_help(v) : v->run(&o);
}
