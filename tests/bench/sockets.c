/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens and holds many loopback TCP connections in the network namespace it runs in, each after one
 * request and reply: a load to measure snapshots of the socket table against.
 */
#define _GNU_SOURCE 1

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT		5000
/* Twice this many descriptors, so it must stay below half of the usual hard limit of 20,000; and
 * below 14,116, the ports of the default range that connect() prefers for one destination. */
#define SHARE_MAX	9000
#define SPARE_FILES	32
#define HOLDERS_MAX	256
#define REQUEST_BYTES	64
#define REPLY_BYTES	512
#define EX_USAGE	64

#define _cleanup_(fn) __attribute__((cleanup(fn)))

struct holders {
	pid_t pid[HOLDERS_MAX];
	unsigned int count;
};

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int bring_loopback_up(void)
{
	_cleanup_(close_fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo" };

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -errno;
	if (request.ifr_flags & IFF_UP)
		return 0;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

/* Connections that one process can hold, after its limit is as high as it may go. */
static int share_size(unsigned int *ret)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (limit.rlim_cur < SPARE_FILES + 2)
		return -EMFILE;
	if (limit.rlim_cur >= SPARE_FILES + 2 * SHARE_MAX)
		*ret = SHARE_MAX;
	else
		*ret = (limit.rlim_cur - SPARE_FILES) / 2;
	return 0;
}

/* 127.NET.HOLDER.1: each process has addresses of its own, so no port range must be widened. */
static struct sockaddr_in address(unsigned int net, unsigned int holder, unsigned int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(127U << 24 | net << 16 | holder << 8 | 1),
	};
}

/* A reset at close leaves no TIME_WAIT behind to disturb the next measurement. */
static int reset_on_close(int fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0 ? -errno : 0;
}

static int open_listener(const struct sockaddr_in *server)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (const struct sockaddr *)server, sizeof(*server)) < 0 || listen(fd, 16) < 0)
		return -errno;
	return fd;
}

static int open_client(const struct sockaddr_in *client, const struct sockaddr_in *server)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) < 0 ||
	    bind(fd, (const struct sockaddr *)client, sizeof(*client)) < 0 ||
	    connect(fd, (const struct sockaddr *)server, sizeof(*server)) < 0)
		return -errno;
	return fd;
}

static int transfer(int from, int to, size_t length)
{
	char buffer[REPLY_BYTES] = {};
	ssize_t n = send(from, buffer, length, MSG_NOSIGNAL);

	if (n == (ssize_t)length)
		n = recv(to, buffer, length, MSG_WAITALL);
	if (n < 0)
		return -errno;
	return n == (ssize_t)length ? 0 : -EIO;
}

/* Both ends stay open in this process until it ends. */
static int open_pair(int listener, const struct sockaddr_in *client,
		     const struct sockaddr_in *server)
{
	int near, far, r;

	near = open_client(client, server);
	if (near < 0)
		return near;
	far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (far < 0)
		return -errno;
	r = reset_on_close(near);
	if (r == 0)
		r = reset_on_close(far);
	if (r == 0)
		r = transfer(near, far, REQUEST_BYTES);
	return r < 0 ? r : transfer(far, near, REPLY_BYTES);
}

static int open_share(unsigned int holder, unsigned int pairs)
{
	struct sockaddr_in server = address(1, holder, PORT), client = address(2, holder, 0);
	int listener = open_listener(&server);
	int r = listener < 0 ? listener : 0;

	while (r == 0 && pairs-- > 0)
		r = open_pair(listener, &client, &server);
	return r;
}

static _Noreturn void hold_share(unsigned int holder, unsigned int pairs, int ready, pid_t parent)
{
	int r = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;

	/* The parent may have died before the request: then nobody would end this process. */
	if (getppid() != parent)
		_exit(1);
	if (r == 0)
		r = open_share(holder, pairs);
	if (r == 0 && write(ready, "", 1) != 1)
		r = -errno;
	if (r < 0) {
		fprintf(stderr, "sockets: cannot open connections: %s\n", strerror(-r));
		_exit(1);
	}
	for (;;)
		pause();
}

static void end_holders(const struct holders *holders)
{
	for (unsigned int i = 0; i < holders->count; i++)
		kill(holders->pid[i], SIGKILL);
	for (unsigned int i = 0; i < holders->count; i++)
		waitpid(holders->pid[i], NULL, 0);
}

static int start_holders(struct holders *holders, unsigned int pairs, unsigned int share, int ready)
{
	pid_t parent = getpid();

	while (pairs > 0) {
		unsigned int part = pairs < share ? pairs : share;
		pid_t pid;

		if (holders->count == HOLDERS_MAX)
			return -EMFILE;
		pid = fork();
		if (pid < 0)
			return -errno;
		if (pid == 0)
			hold_share(holders->count, part, ready, parent);
		holders->pid[holders->count++] = pid;
		pairs -= part;
	}
	return 0;
}

/* Announces when all have reported; returns at the end of stdin, a signal, or a holder's death. */
static int hold(unsigned int holders, int ready, int signals)
{
	struct pollfd watch[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = ready, .events = POLLIN },
	};
	char scratch[HOLDERS_MAX];
	unsigned int reported = 0;

	for (;;) {
		struct signalfd_siginfo info;

		if (poll(watch, 3, -1) < 0)
			return -errno;
		if (watch[0].revents && read(STDIN_FILENO, scratch, sizeof(scratch)) <= 0)
			return 0;
		if (watch[1].revents) {
			if (read(signals, &info, sizeof(info)) != sizeof(info))
				return -EIO;
			return info.ssi_signo == SIGCHLD ? -ECHILD : 0;
		}
		if (watch[2].revents) {
			ssize_t n = read(ready, scratch, sizeof(scratch));

			if (n <= 0)
				return -EIO;
			reported += n;
			if (reported == holders && (puts("READY") < 0 || fflush(stdout)))
				return -EIO;
		}
	}
}

static int catch_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int run(unsigned int pairs)
{
	_cleanup_(end_holders) struct holders holders = {};
	unsigned int share = 0;
	int ready[2], signals, r;

	r = bring_loopback_up();
	if (r == 0)
		r = share_size(&share);
	if (r < 0)
		return r;
	signals = catch_signals();
	if (signals < 0)
		return signals;
	if (pipe(ready) < 0)
		return -errno;
	r = start_holders(&holders, pairs, share, ready[1]);
	return r < 0 ? r : hold(holders.count, ready[0], signals);
}

int main(int argc, char **argv)
{
	unsigned long pairs = 0;
	char *end = NULL;
	int r;

	errno = 0;
	if (argc == 2)
		pairs = strtoul(argv[1], &end, 10);
	if (!end || *end || errno || pairs == 0 || pairs > (unsigned long)SHARE_MAX * HOLDERS_MAX) {
		fputs("usage: sockets CONNECTIONS\n", stderr);
		return EX_USAGE;
	}
	r = run(pairs);
	if (r == -ECHILD)
		fputs("sockets: a process that holds connections died\n", stderr);
	else if (r < 0)
		fprintf(stderr, "sockets: %s\n", strerror(-r));
	return r < 0;
}
