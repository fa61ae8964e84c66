/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcpadvisord: watches a host's TCP settings and sockets, and tells what changes. Writes no setting. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "daemon/memory.h"
#include "daemon/service.h"

enum { EXIT_USAGE = 64 };

static const char help[] =
	"tcpadvisord [OPTION…]\n\n"
	"Watches TCP settings and sockets of this host and tells the journal what changes.\n"
	"systemd starts it; by hand its lines go to standard error.\n\n"
	"  --proc-sys=DIR    where the host's /proc/sys is bound, to hear of writes at once\n"
	"                    (default: /proc/sys)\n"
	"  --control=PATH    make the control socket here, where systemd passes none\n"
	"  --textfile=PATH   write metrics here instead of what tcpadvisor.conf says; or no\n"
	"  --lock=PATH       keep a second instance away\n"
	"                    (default: /run/tcpadvisord/lock, where there is that directory)\n"
	"  --help, --version\n";

static const struct option options[] = {
	{"proc-sys", required_argument, NULL, 'p'}, {"control", required_argument, NULL, 'c'},
	{"textfile", required_argument, NULL, 't'}, {"lock", required_argument, NULL, 'l'},
	{"help", no_argument, NULL, 'h'},	    {"version", no_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

static int usage(void)
{
	fputs("tcpadvisord: see tcpadvisord --help\n", stderr);
	return EXIT_USAGE;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct service_options *o)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
		switch (c) {
		case 'p': o->proc_sys = optarg; break;
		case 'c': o->control = optarg; break;
		case 't': o->textfile = optarg; break;
		case 'l': o->lock = optarg; break;
		case 'h': return fputs(help, stdout) < 0 || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
		case 'v': return puts(PACKAGE_STRING) < 0 || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
		default: return usage();
		}
	return optind < argc ? usage() : -1;
}

int main(int argc, char **argv)
{
	const char *datadir = getenv("TCPADVISOR_DATADIR");
	struct service_options o = {
		.datadir = datadir && *datadir ? datadir : DATADIR,
		.proc_sys = "/proc/sys",
		.foreground = !getenv("NOTIFY_SOCKET"),
	};
	int r = parse(argc, argv, &o);

	if (r >= 0)
		return r;
	memory_keep_small();
	return service_run(&o) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
