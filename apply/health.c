/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcpadvisor-health: measures how TCP does before and after a change, and tells the applier whether the change helps.
 * It needs no right, writes nothing, and ends when the applier does.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include "apply/health-watcher.h"

enum { EXIT_TROUBLE = 1, EXIT_WRONG_USAGE = 64, CONNECT_S = 10, CONNECT_PAUSE_MS = 100 };

_printf_(1, 2) static void say(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "tcpadvisor-health: %s\n", line);
}

static int connect_once(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;
	int ret;

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	ret = fd;
	fd = -1;
	return ret;
}

/* The applier may be a moment behind. */
static int connect_applier(const char *path)
{
	double end = watcher_now() + CONNECT_S;
	int fd;

	for (;;) {
		fd = connect_once(path);
		if (fd != -ENOENT && fd != -ECONNREFUSED && fd != -EAGAIN)
			return fd;
		if (watcher_now() >= end)
			return fd;
		poll(NULL, 0, CONNECT_PAUSE_MS);
	}
}

/* One paper. 1: the applier has closed. */
static int obey(struct watcher *w, struct paper *p)
{
	int r = paper_receive(w->fd, p);

	if (r == -EPIPE)
		return 1;
	if (r == -EAGAIN)
		return 0;
	return r < 0 ? r : watcher_obey(w, p);
}

static int serve(struct watcher *w, struct paper *p)
{
	int r = 0;

	while (r == 0) {
		struct pollfd fd = {.fd = w->fd, .events = POLLIN};
		double left = w->next - watcher_now();
		int timeout = w->stage == WATCH_IDLE ? -1 : (int)(max_of(left, 0.0) * 1e3) + 1;

		if (poll(&fd, 1, timeout) < 0 && errno != EINTR)
			return -errno;
		if (fd.revents)
			r = obey(w, p);
		if (r == 0 && w->stage != WATCH_IDLE && watcher_now() >= w->next)
			r = watcher_tick(w);
	}
	return r == 1 || r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

static int run(const char *path)
{
	_cleanup_free_ struct watcher *w = calloc(1, sizeof(*w));
	_cleanup_free_ struct paper *p = calloc(1, sizeof(*p));
	_cleanup_(root_freep) struct root *root = NULL;
	_cleanup_close_ int fd = -1;
	struct diag d = {0};
	int r;

	if (!w || !p)
		return -ENOMEM;
	r = root_open(NULL, &root, &d);
	if (r < 0)
		return r;
	fd = connect_applier(path);
	if (fd < 0) {
		say("%s: %s", path, strerror(-fd));
		return fd;
	}
	w->root = root;
	w->fd = fd;
	r = serve(w, p);
	measure_clear(&w->measure);
	if (r < 0)
		say("%s", strerror(-r));
	return r;
}

static int print_help(void)
{
	printf("tcpadvisor-health [OPTION…]\n\n"
	       "Judges for tcpadvisor-apply whether a change helps. Changes nothing.\n\n"
	       "  --socket=PATH   where the applier listens (default: " HEALTH_SOCKET ")\n"
	       "  --help          this text\n"
	       "  --version       its version\n\n"
	       "Exit status: 0 the applier is done, 1 trouble, 64 usage.\n");
	return fflush(stdout) ? EXIT_TROUBLE : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	const char *path = HEALTH_SOCKET;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 's':
			path = optarg;
			break;
		case 'h':
			return print_help();
		case 'V':
			return printf("tcpadvisor-health %s\n", PACKAGE_VERSION) < 0 || fflush(stdout) ? EXIT_TROUBLE : 0;
		default:
			return EXIT_WRONG_USAGE;
		}
	if (optind < argc) {
		say("no argument is expected: %s", argv[optind]);
		return EXIT_WRONG_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	return run(path) < 0 ? EXIT_TROUBLE : 0;
}
