/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The applier's loop: who connects, what falls due, and how it ends. */
#include "apply/applier-private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum { FD_SIGNAL, FD_DEADLINE, FD_LISTEN, FD_HEALTH_LISTEN, FD_HEALTH, FD_CLIENTS, FDS = FD_CLIENTS + APPLIER_CLIENTS };

uint64_t applier_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void applier_log(int severity, const char *fmt, ...)
{
	char text[3 * PAPER_TEXT], line[sizeof(text) + 32];
	va_list ap;
	int n;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (getenv("JOURNAL_STREAM"))
		n = snprintf(line, sizeof(line), "<%d>%s\n", severity, text);
	else
		n = snprintf(line, sizeof(line), "tcpadvisor-apply: %s\n", text);
	/* A journal that hangs must not hold an undo up: what cannot be said at once is not said. */
	if (send(STDERR_FILENO, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == ENOTSOCK)
		(void)!write(STDERR_FILENO, line, (size_t)n);
}

void applier_fall_silent(void)
{
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && null >= 0; fd++)
		dup2(null, fd);
}

static int accept_one(int fd)
{
	int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	return c < 0 ? -errno : c;
}

/* The socket's mode keeps others out already. */
static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

static void drop_client(struct applier *a, size_t i)
{
	if (a->applicant == a->clients[i])
		applier_applicant_gone(a);
	close(a->clients[i]);
	a->clients[i] = -1;
	a->idle = applier_now() + IDLE_PATIENCE * 1000;
}

/* A place that is free; else of the others by turns, but who waits for an answer. */
static size_t find_room(struct applier *a)
{
	for (size_t i = 0; i < APPLIER_CLIENTS; i++)
		if (a->clients[i] < 0)
			return i;
	do
		a->victim = (a->victim + 1) % APPLIER_CLIENTS;
	while (a->clients[a->victim] == a->applicant);
	return a->victim;
}

static void welcome_client(struct applier *a)
{
	int fd = accept_one(a->options->listen);
	size_t i;

	if (fd < 0)
		return;
	if (!may_ask(fd)) {
		close(fd);
		return;
	}
	i = find_room(a);
	if (a->clients[i] >= 0)
		drop_client(a, i);
	a->clients[i] = fd;
}

static void welcome_health(struct applier *a)
{
	int fd = accept_one(a->options->health_listen);

	if (fd < 0)
		return;
	if (a->health >= 0) {
		close(fd); /* there is one */
		return;
	}
	a->health = fd;
	if (a->stage == STAGE_HEALTH)
		applier_ask_health(a);
}

static bool is_used(const struct applier *a)
{
	for (size_t i = 0; i < APPLIER_CLIENTS; i++)
		if (a->clients[i] >= 0)
			return true;
	return a->stage != STAGE_IDLE;
}

static int timeout(const struct applier *a)
{
	uint64_t now = applier_now(), at = a->stage != STAGE_IDLE ? a->due : a->idle;

	if (a->stage == STAGE_IDLE && is_used(a))
		return a->watchdog ? (int)a->watchdog : -1;
	at = a->watchdog ? min_of(at, now + a->watchdog) : at;
	return at > now ? (int)(at - now) : 0;
}

static void fill(const struct applier *a, int signals, struct pollfd fds[FDS])
{
	fds[FD_SIGNAL] = (struct pollfd){signals, POLLIN, 0};
	fds[FD_DEADLINE] = (struct pollfd){a->deadline, POLLIN, 0};
	fds[FD_LISTEN] = (struct pollfd){a->options->listen, POLLIN, 0};
	fds[FD_HEALTH_LISTEN] = (struct pollfd){a->options->health_listen, POLLIN, 0};
	fds[FD_HEALTH] = (struct pollfd){a->health, POLLIN, 0};
	for (size_t i = 0; i < APPLIER_CLIENTS; i++)
		fds[FD_CLIENTS + i] = (struct pollfd){a->clients[i], POLLIN, 0};
}

static void take_signal(struct applier *a, int signals)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return;
	a->ending = true;
	applier_stop(a);
}

/* Who asked for a change may have left in the moment in which the measures for it came. */
static void look_for_applicant(struct applier *a, const struct pollfd fds[FDS])
{
	for (size_t i = 0; i < APPLIER_CLIENTS; i++)
		if (fds[FD_CLIENTS + i].revents & POLLHUP && a->clients[i] == a->applicant)
			applier_applicant_gone(a);
}

static void take_deadline(struct applier *a)
{
	uint64_t times;

	if (read(a->deadline, &times, sizeof(times)) == sizeof(times) && a->stage == STAGE_WATCH)
		applier_undo(a, "it was not confirmed in time");
}

/* In the order of their gravity: what ends a transaction comes before what a caller wants of it. */
static void serve(struct applier *a, const struct pollfd fds[FDS])
{
	if (fds[FD_SIGNAL].revents) {
		take_signal(a, fds[FD_SIGNAL].fd);
		return;
	}
	look_for_applicant(a, fds);
	if (fds[FD_DEADLINE].revents)
		take_deadline(a);
	if (fds[FD_HEALTH].revents && a->health == fds[FD_HEALTH].fd && applier_hear(a) < 0)
		applier_health_gone(a);
	if (a->stage != STAGE_IDLE && applier_now() >= a->due)
		applier_overdue(a);
	for (size_t i = 0; i < APPLIER_CLIENTS; i++)
		if (fds[FD_CLIENTS + i].revents && applier_answer(a, a->clients[i]) < 0)
			drop_client(a, i);
	if (fds[FD_HEALTH_LISTEN].revents)
		welcome_health(a);
	if (fds[FD_LISTEN].revents)
		welcome_client(a);
}

static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* What is left of an applier before this one. Where it resists it is tried again, as any other. */
static int recover(struct applier *a)
{
	char said[2 * PAPER_TEXT];
	int r = transaction_recover(&a->transaction, &a->journal, a->options->only_netns, said);

	if (*said)
		applier_log(r < 0 ? LOG_CRIT : LOG_WARNING, "%s", said);
	if (r < 0 && a->transaction.open) {
		a->stage = STAGE_STUCK;
		a->due = applier_now();
		return 0;
	}
	transaction_clear(&a->transaction);
	return r;
}

static void show_life(const struct applier *a)
{
	if (a->options->alive >= 0)
		(void)!write(a->options->alive, "+", 1); /* a full pipe says it, too */
	else if (a->watchdog)
		sd_notify(false, "WATCHDOG=1");
}

static int loop(struct applier *a, int signals)
{
	struct pollfd fds[FDS];
	uint64_t usec;

	if (a->options->alive >= 0)
		a->watchdog = ALIVE_EACH * 1000;
	else if (sd_watchdog_enabled(false, &usec) > 0)
		a->watchdog = usec / 2000;
	show_life(a);
	if (a->options->background)
		applier_fall_silent();

	while (!a->ending) {
		fill(a, signals, fds);
		if (poll(fds, FDS, timeout(a)) < 0 && errno != EINTR)
			return -errno;
		serve(a, fds);
		show_life(a);
		if (a->stage == STAGE_IDLE && !is_used(a) && applier_now() >= a->idle)
			return 0;
	}
	return a->stage == STAGE_STUCK && !a->transaction.restored ? -EIO : 0;
}

static void clear(struct applier *a)
{
	for (size_t i = 0; i < APPLIER_CLIENTS; i++)
		closep(&a->clients[i]);
	closep(&a->health);
	closep(&a->deadline);
	transaction_clear(&a->transaction);
	journal_clear(&a->journal);
}

int applier_run(const struct applier_options *o)
{
	_cleanup_(clear) struct applier a = {.options = o, .journal = {-1, -1}, .health = -1, .applicant = -1, .deadline = -1};
	_cleanup_close_ int signals = -1;
	int r;

	memset(a.clients, 0xff, sizeof(a.clients));
	a.idle = applier_now() + IDLE_PATIENCE * 1000;
	r = journal_open(o->state, &a.journal);
	if (r < 0) {
		applier_log(LOG_ERR, "%s: %s", o->state, r == -EWOULDBLOCK ? "another applier is at work" : strerror(-r));
		return r;
	}
	signals = open_signals();
	if (signals < 0)
		return signals;
	a.deadline = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (a.deadline < 0)
		return -errno;
	r = recover(&a);
	if (r < 0)
		return r;
	sd_notify(false, "READY=1");
	r = loop(&a, signals);
	sd_notify(false, "STOPPING=1");
	return r;
}

int applier_exit_status(int r)
{
	if (r == -EPROTO || r == -EXDEV || r == -EPERM)
		return EX_CONFIG;
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int applier_recover(const char *state, bool only_netns)
{
	_cleanup_(journal_clear) struct journal j = {-1, -1};
	struct transaction t = {0};
	char said[2 * PAPER_TEXT];
	int r = journal_open(state, &j);

	if (r == -ENOENT || r == -EWOULDBLOCK)
		return 0; /* nothing was ever applied, or it is seen to */
	if (r < 0) {
		applier_log(LOG_ERR, "%s: %s", state, strerror(-r));
		return r;
	}
	r = transaction_recover(&t, &j, only_netns, said);
	if (*said)
		applier_log(r < 0 ? LOG_CRIT : LOG_WARNING, "%s", said);
	/* An undo that resists is worth another try, whatever resists: a key that says EPERM is no journal of somebody else's. */
	if (r < 0 && t.open)
		r = -EIO;
	transaction_clear(&t);
	return r;
}
