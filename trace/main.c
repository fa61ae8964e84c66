/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcpadvisor-trace: tells the service who writes a sysctl. A program of a few instructions in the kernel sees each write
 * and lets it pass; this one hands what it saw to the service. Once that program is attached no capability is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include "trace/program.h"
#include "trace/teller.h"

enum { EXIT_TROUBLE = 1, EXIT_WRONG_USAGE = 64, EXIT_NOT_AVAILABLE = 77, HELLO_S = 30 };

struct tracer {
	const char *cgroup, *socket; /* options; cgroup NULL: the root of the hierarchy */
	struct program *program;
	struct teller teller;
	bool sees_processes; /* our /proc has the pids that the kernel tells */
	double next_hello;   /* seconds of CLOCK_MONOTONIC */
};

_printf_(1, 2) static void say(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "tcpadvisor-trace: %s\n", line);
}

static int say_nothing(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Attached programs stay without any right of ours. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &header, none) < 0)
		return -errno;
	return 0;
}

static int open_cgroup(const char *path)
{
	static const char *const roots[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	int fd;

	if (path) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		struct statfs fs;

		fd = open(roots[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}

/* In a pid namespace of its own the kernel's pids would name the wrong processes. */
static bool sees_processes(void)
{
	static const char initial[] = "pid:[4026531836]"; /* PROC_PID_INIT_INO */
	char name[64] = "";

	return readlink("/proc/self/ns/pid", name, sizeof(name) - 1) > 0 && !strcmp(name, initial);
}

/* Best effort: whoever wrote may be gone by now, or hidden from us. */
static void ask_command(struct writer_message *m)
{
	_cleanup_close_ int fd = -1;
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/comm", m->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, m->command, sizeof(m->command) - 1);
	m->command[n > 0 ? n : 0] = 0;
	m->command[strcspn(m->command, "\n")] = 0;
}

/* Keys of which the journal should hold no value. */
static bool is_secret(const char *key)
{
	static const char *const names[] = {"/tcp_fastopen_key", "/stable_secret"};
	size_t n = strlen(key);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (n > strlen(names[i]) && !strcmp(key + n - strlen(names[i]), names[i]))
			return true;
	return false;
}

static uint64_t lost(const struct tracer *t)
{
	return program_lost(t->program) + t->teller.dropped;
}

static int tell(void *user, const struct writer_message *seen)
{
	struct tracer *t = user;
	struct writer_message m = *seen;

	m.lost = lost(t);
	if (!m.command[0] && m.pid && t->sees_processes)
		ask_command(&m);
	if (is_secret(m.key))
		memset(m.value, 0, sizeof(m.value));
	return teller_send(&t->teller, &m) == -EAGAIN ? -EAGAIN : 0;
}

static void say_hello(struct tracer *t)
{
	struct writer_message m = {.version = TRACE_VERSION, .kind = WRITER_HELLO, .pid = (uint32_t)getpid(), .uid = getuid()};

	m.when = (uint64_t)(now() * 1e9);
	m.lost = lost(t);
	t->next_hello = now() + HELLO_S;
	teller_send(&t->teller, &m);
}

/* While a message is held the ring keeps what comes: it is the larger buffer of the two. */
static void step(struct tracer *t, short ring, short socket)
{
	if (t->teller.has_held && socket && teller_resume(&t->teller) == -EAGAIN)
		return;
	if (t->teller.has_held)
		return;
	if (now() >= t->next_hello)
		say_hello(t);
	if (!t->teller.has_held && (ring || socket))
		program_consume(t->program);
}

static int run(struct tracer *t, int signals)
{
	say_hello(t);
	for (;;) {
		bool held = t->teller.has_held;
		struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
				       {.fd = held ? -1 : program_fd(t->program), .events = POLLIN},
				       {.fd = held ? t->teller.fd : -1, .events = POLLOUT}};
		double left = t->next_hello - now();

		if (poll(fds, ARRAY_SIZE(fds), held ? -1 : (int)(left > 0 ? left * 1e3 + 1 : 0)) < 0 && errno != EINTR) {
			say("poll: %s", strerror(errno));
			return EXIT_TROUBLE;
		}
		if (fds[0].revents)
			return 0;
		step(t, fds[1].revents, fds[2].revents);
	}
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

static int not_available(int r)
{
	static const struct {
		int error;
		const char *why;
	} reasons[] = {
		{-EPERM, "CAP_BPF and CAP_NET_ADMIN are needed, and no program that wants to be alone on the cgroup"},
		{-ENOSYS, "this kernel has no BPF"},
		{-EINVAL, "this kernel is too old, or has no BPF for cgroups"},
		{-ENOENT, "there is no such cgroup, or no unified hierarchy"},
		{-EBADF, "it is not a cgroup of the unified hierarchy"},
	};
	const char *why = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].error == r)
			why = reasons[i].why;
	say("not available: %s%s%s%s", strerror(-r), why ? " (" : "", why ? why : "", why ? ")" : "");
	return EXIT_NOT_AVAILABLE;
}

static int trace(struct tracer *t)
{
	_cleanup_close_ int signals = open_signals(), cgroup = open_cgroup(t->cgroup);
	int r = cgroup;

	if (signals < 0) {
		say("signals: %s", strerror(-signals));
		return EXIT_TROUBLE;
	}
	if (r >= 0)
		r = program_attach(cgroup, tell, t, &t->program);
	if (r >= 0)
		r = drop_capabilities();
	if (r < 0)
		return not_available(r);
	t->sees_processes = !program_knows_command(t->program) && sees_processes();
	r = run(t, signals);
	teller_close(&t->teller);
	return r;
}

static int print_help(void)
{
	printf("tcpadvisor-trace [OPTION…]\n\n"
	       "Tells tcpadvisord who writes a sysctl. Changes nothing.\n\n"
	       "  --cgroup=DIR            trace the processes of this cgroup (default: all of the unified hierarchy)\n"
	       "  --socket=PATH           where to tell (default: " TRACE_SOCKET ")\n"
	       "  --verbose               also say what libbpf and the kernel say of the program\n"
	       "  --help                  this text\n"
	       "  --version               its version\n\n"
	       "Exit status: 0 ended by a signal, 1 trouble, 64 usage, 77 not available here.\n");
	return fflush(stdout) ? EXIT_TROUBLE : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"cgroup", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'},
		{"verbose", no_argument, NULL, 'v'},	  {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},	  {0},
	};
	struct tracer t = {.socket = TRACE_SOCKET};
	bool verbose = false;
	int c, r;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (c) {
		case 'c':
			t.cgroup = optarg;
			break;
		case 's':
			t.socket = optarg;
			break;
		case 'v':
			verbose = true;
			break;
		case 'h':
			return print_help();
		case 'V':
			return printf("tcpadvisor-trace %s\n", PACKAGE_VERSION) < 0 || fflush(stdout) ? EXIT_TROUBLE : 0;
		default:
			return EXIT_WRONG_USAGE;
		}
	if (optind < argc) {
		say("no argument is expected: %s", argv[optind]);
		return EXIT_WRONG_USAGE;
	}
	if (!verbose)
		libbpf_set_print(say_nothing);
	t.teller = TELLER(t.socket);
	r = trace(&t);
	program_free(t.program);
	return r;
}
