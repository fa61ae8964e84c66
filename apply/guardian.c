/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <syslog.h>

enum {
	START_PATIENCE = 20, /* s for the applier's first sign of life: it may have to undo first */
	HANG_PATIENCE = 30,  /* s without one after which it hangs */
};

struct guardian {
	const struct guardian_options *options;
	int listen, health_listen;
	int alive[2]; /* pipe: the applier's signs of life */
	int started;  /* pipe: to the caller, who waits; -1: nobody */
	pid_t applier, health;
	sigset_t signals, before;
};

/* Its directory is made, for it may be in /run: open to all, since others have their sockets there. */
static int make_parent(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char *slash;
	mode_t before;
	int r;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return 0;
	*slash = 0;
	before = umask(0022);
	r = mkdir(dir, 0755) < 0 && errno != EEXIST ? -errno : 0;
	umask(before);
	return r;
}

/* For this user alone. */
static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = make_parent(path), result;

	if (fd < 0)
		return -errno;
	if (r < 0 || strlen(path) >= sizeof(address.sun_path))
		return r < 0 ? r : -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return -EADDRINUSE;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(0077);
	if (r < 0 || listen(fd, 16) < 0)
		return -errno;
	result = fd;
	fd = -1;
	return result;
}

static pid_t fork_child(const struct guardian *g)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	/* Whatever ends the guardian ends what it guards: the applier undoes first. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	sigprocmask(SIG_SETMASK, &g->before, NULL);
	return 0;
}

static void start_applier(struct guardian *g)
{
	struct applier_options o = {g->options->state, g->options->freeze, g->listen,
				    g->health_listen,  g->alive[1],	   false, !g->options->foreground};

	g->applier = fork_child(g);
	if (g->applier == 0)
		_exit(applier_exit_status(applier_run(&o)));
	closep(&g->alive[1]);
}

/* Is there a sign of life within so many seconds? An applier that ended gives none. */
static bool is_alive(struct guardian *g, int patience)
{
	struct pollfd p = {g->alive[0], POLLIN, 0};
	char signs[64];

	return poll(&p, 1, patience * 1000) == 1 && read(g->alive[0], signs, sizeof(signs)) > 0;
}

static void start_health(struct guardian *g)
{
	if (!strcmp(g->options->health, "no"))
		return;
	g->health = fork_child(g);
	if (g->health == 0) {
		execl(g->options->health, g->options->health, "--socket", g->options->health_socket, (char *)NULL);
		applier_log(LOG_ERR, "%s: %s", g->options->health, strerror(errno));
		_exit(EXIT_FAILURE);
	}
}

static bool ended_with(int status, int exit_status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == exit_status;
}

/* In a process of its own, as often as it needs: this one keeps nothing that could fail. */
static void recover(const struct guardian *g)
{
	for (unsigned tries = 0;; tries++) {
		pid_t pid = fork_child(g);
		int status;

		if (pid == 0)
			_exit(applier_exit_status(applier_recover(g->options->state, false)));
		if (pid > 0 && waitpid(pid, &status, 0) == pid &&
		    (ended_with(status, EXIT_SUCCESS) || ended_with(status, EX_CONFIG)))
			return;
		sleep(min_of(tries, 60u));
	}
}

/* What its children have come to; true once the applier has ended. */
static bool reap(struct guardian *g, int *status)
{
	pid_t pid;

	while ((pid = waitpid(-1, status, WNOHANG)) > 0) {
		if (pid == g->applier)
			return true;
		if (pid == g->health) {
			/* It cannot be started too often: each end of it ends a transaction. */
			sleep(1);
			start_health(g);
		}
	}
	return false;
}

/* Until the applier has ended: what its end leaves is undone. */
static int guard(struct guardian *g)
{
	const struct timespec pause = {.tv_sec = ALIVE_EACH};
	uint64_t alive = applier_now();
	int status;

	for (;;) {
		int signal = sigtimedwait(&g->signals, NULL, &pause);

		if (reap(g, &status))
			return status;
		if (signal == SIGTERM || signal == SIGINT)
			kill(g->applier, SIGTERM);
		if (is_alive(g, 0))
			alive = applier_now();
		if (applier_now() - alive < HANG_PATIENCE * 1000)
			continue;
		applier_log(LOG_CRIT, "the applier hangs");
		kill(g->applier, SIGKILL);
	}
}

/* Nobody is behind the sockets any more: who asks now may start another guardian, whose applier tries the same undo. */
static void turn_away(struct guardian *g)
{
	unlink(g->options->socket);
	unlink(g->options->health_socket);
	closep(&g->listen);
	closep(&g->health_listen);
	g->listen = g->health_listen = -1;
}

static int run(struct guardian *g)
{
	int status;

	if (pipe2(g->alive, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	start_applier(g);
	if (g->applier < 0)
		return -errno;
	if (is_alive(g, START_PATIENCE) && g->started >= 0) {
		(void)!write(g->started, "+", 1);
		closep(&g->started);
		applier_fall_silent();
	}
	start_health(g);
	status = guard(g);
	if (g->health > 0)
		kill(g->health, SIGTERM);
	if (status && !ended_with(status, EX_CONFIG)) {
		applier_log(LOG_ERR, "the applier was killed, or failed: what it left open is undone");
		turn_away(g);
		recover(g);
	} else
		turn_away(g);
	return status != 0;
}

/* 1: in the daemon. In the caller: 0 once it is at work, or -ECHILD where it has said why it is not. */
static int daemonize(struct guardian *g)
{
	int started[2];
	char sign;
	pid_t pid;

	if (pipe2(started, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	closep(&started[pid == 0 ? 0 : 1]);
	if (pid == 0) {
		g->started = started[1];
		setsid();
		return 1;
	}
	if (pid < 0)
		return -errno;
	return read(started[0], &sign, 1) == 1 ? 0 : -ECHILD;
}

int guardian_run(const struct guardian_options *o)
{
	struct guardian g = {.options = o, .health = -1, .started = -1};
	int r;

	if (mkdir(o->state, 0700) < 0 && errno != EEXIST)
		return -errno;
	sigemptyset(&g.signals);
	sigaddset(&g.signals, SIGCHLD);
	sigaddset(&g.signals, SIGTERM);
	sigaddset(&g.signals, SIGINT);
	sigprocmask(SIG_BLOCK, &g.signals, &g.before);
	signal(SIGHUP, SIG_IGN);
	g.listen = listen_at(o->socket);
	if (g.listen < 0)
		return g.listen;
	g.health_listen = listen_at(o->health_socket);
	if (g.health_listen < 0)
		return g.health_listen;
	r = o->foreground ? 1 : daemonize(&g);
	if (r <= 0)
		return r;
	r = run(&g);
	if (!o->foreground)
		_exit(r ? EXIT_FAILURE : EXIT_SUCCESS);
	return r;
}
