/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command once with its output thrown away and prints what it cost, as one JSON object. It
 * is a small program of its own because a command inherits the peak memory of whoever starts it.
 */
#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EX_USAGE	64
#define EX_NOEXEC	127

struct cost {
	double wall;
	double first_byte; /* negative: not asked, or no output */
	struct rusage usage;
	int status;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

static _Noreturn void execute(char **argv, int output)
{
	if (dup2(output, STDOUT_FILENO) >= 0)
		execvp(argv[0], argv);
	fprintf(stderr, "measure: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(EX_NOEXEC);
}

/* Returns when the first byte came, or a negative time if the other end closed before. */
static double drain(int fd)
{
	static char scratch[65536];
	double first = -1;
	ssize_t n;

	while ((n = read(fd, scratch, sizeof(scratch))) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0 && first < 0)
			first = now();
	}
	return first;
}

static int open_output(bool watch, int fds[2])
{
	if (watch)
		return pipe2(fds, O_CLOEXEC) < 0 ? -errno : 0;
	fds[0] = -1;
	fds[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return fds[1] < 0 ? -errno : 0;
}

static int measure(char **argv, bool watch, struct cost *cost)
{
	int output[2], r;
	double start;
	pid_t pid;

	r = open_output(watch, output);
	if (r < 0)
		return r;
	start = now();
	/* Not vfork: the child would account this process's memory as its own peak. */
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		execute(argv, output[1]);
	close(output[1]);
	if (watch)
		cost->first_byte = drain(output[0]) - start;
	while (wait4(pid, &cost->status, 0, &cost->usage) < 0)
		if (errno != EINTR)
			return -errno;
	cost->wall = now() - start;
	return 0;
}

static void print_cost(const struct cost *cost)
{
	bool exited = WIFEXITED(cost->status);

	printf("{\"user_s\":%.6f,\"system_s\":%.6f,\"wall_s\":%.6f,\"peak_rss_bytes\":%ld,",
	       seconds(cost->usage.ru_utime), seconds(cost->usage.ru_stime), cost->wall,
	       cost->usage.ru_maxrss * 1024L);
	if (cost->first_byte >= 0)
		printf("\"first_byte_s\":%.6f,", cost->first_byte);
	else
		printf("\"first_byte_s\":null,");
	printf("\"exit\":%d}\n",
	       exited ? WEXITSTATUS(cost->status) : 128 + WTERMSIG(cost->status));
}

int main(int argc, char **argv)
{
	bool watch = argc > 1 && strcmp(argv[1], "--first-byte") == 0;
	struct cost cost = { .first_byte = -1 };
	int r;

	if (argc < 2 + watch) {
		fputs("usage: measure [--first-byte] COMMAND [ARGUMENT]...\n", stderr);
		return EX_USAGE;
	}
	r = measure(argv + 1 + watch, watch, &cost);
	if (r < 0) {
		fprintf(stderr, "measure: %s\n", strerror(-r));
		return 1;
	}
	print_cost(&cost);
	return 0;
}
