/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcpadvisor-apply: changes sysctls, and undoes what nobody confirms. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include "apply/guardian.h"

static const char help[] =
	"tcpadvisor-apply [OPTION…]\n\n"
	"Changes sysctls for `tcpadvisor apply`, and undoes what nobody confirms. systemd starts\n"
	"it; without systemd `tcpadvisor apply` does, with --guardian.\n\n"
	"  --guardian             look after the applier and the health watcher, as a daemon\n"
	"  --foreground           the same, and stay\n"
	"  --recover              undo what an applier that was killed has left, and end\n"
	"  --only-netns           a journal of another network namespace is of one that is gone\n"
	"  --socket=PATH          of the command (default: " APPLY_SOCKET ")\n"
	"  --health-socket=PATH   of the health watcher (default: " HEALTH_SOCKET ")\n"
	"  --state=DIR            of the journal (default: " APPLY_STATE ")\n"
	"  --freeze=FILE          nothing is applied while it exists (default: " APPLY_FREEZE ")\n"
	"  --health=PROGRAM       that the guardian starts, or no\n"
	"  --help, --version\n";

struct command {
	struct guardian_options guardian;
	bool guard, recover, only_netns;
};

static int fail(int error, const char *what)
{
	fprintf(stderr, "tcpadvisor-apply: %s: %s\n", what, strerror(-error));
	return EXIT_FAILURE;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct command *c)
{
	static const struct option options[] = {
		{"guardian", no_argument, NULL, 'g'},	      {"foreground", no_argument, NULL, 'f'},
		{"recover", no_argument, NULL, 'r'},	      {"only-netns", no_argument, NULL, 'n'},
	      {"socket", required_argument, NULL, 's'},
		{"health-socket", required_argument, NULL, 'h'}, {"state", required_argument, NULL, 'd'},
		{"freeze", required_argument, NULL, 'z'},     {"health", required_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'H'},	      {"version", no_argument, NULL, 'V'},
		{0},
	};
	struct guardian_options *g = &c->guardian;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (o) {
		case 'g': c->guard = true; break;
		case 'f': c->guard = g->foreground = true; break;
		case 'r': c->recover = true; break;
		case 'n': c->only_netns = true; break;
		case 's': g->socket = optarg; break;
		case 'h': g->health_socket = optarg; break;
		case 'd': g->state = optarg; break;
		case 'z': g->freeze = optarg; break;
		case 'p': g->health = optarg; break;
		case 'H': return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
		case 'V': return puts(PACKAGE_STRING) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
		default: return EX_USAGE;
		}
	}
	if (optind == argc && !(c->guard && c->recover))
		return -1;
	fputs("tcpadvisor-apply: what is asked for? See tcpadvisor-apply --help\n", stderr);
	return EX_USAGE;
}

/* The sockets that systemd made, by their names. */
static int take_sockets(struct applier_options *o)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(true, &names);

	for (int i = 0; i < n; i++) {
		if (!strcmp(names[i], "apply"))
			o->listen = SD_LISTEN_FDS_START + i;
		else if (!strcmp(names[i], "health"))
			o->health_listen = SD_LISTEN_FDS_START + i;
		free(names[i]);
	}
	free(names);
	return n < 0 ? n : o->listen < 0 || o->health_listen < 0 ? -ENOTCONN : 0;
}

static int run(const struct command *c)
{
	struct applier_options o = {c->guardian.state, c->guardian.freeze, -1, -1, -1, c->only_netns, false};
	int r;

	if (c->recover)
		return applier_exit_status(applier_recover(o.state, c->only_netns));
	if (c->guard) {
		r = guardian_run(&c->guardian);
		if (r == -ECHILD)
			return EXIT_FAILURE; /* the applier has said why */
		if (r == -EADDRINUSE) {
			fail(r, "an applier is at work here");
			return EX_TEMPFAIL;
		}
		if (r < 0)
			return fail(r, c->guardian.state);
		return r ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	r = take_sockets(&o);
	if (r < 0)
		return fail(r, "it is started by systemd, with two sockets, or with --guardian");
	return applier_exit_status(applier_run(&o));
}

int main(int argc, char **argv)
{
	struct command c = {.guardian = {.socket = APPLY_SOCKET, .health_socket = HEALTH_SOCKET, .state = APPLY_STATE,
					 .freeze = APPLY_FREEZE, .health = LIBEXECDIR "/tcpadvisor-health"}};
	int r = parse(argc, argv, &c);

	umask(0077);
	return r >= 0 ? r : run(&c);
}
