/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/persister.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

enum { PROGRAM_MAX = 4096, NOTHING_KEPT = 3 /* tcpadvisor-persist(8) */ };

extern char **environ;

/* Exit status of the program, or -errno. What it prints is no part of our results. */
static int run(char *const argv[])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int status, r;
	pid_t pid;

	applier_spawn_attributes(&attributes);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	r = posix_spawnp(&pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (r)
		return -r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum { UNIT_MAX = 128 };

static void unit_name(char ret[UNIT_MAX], const char *id, bool withdraw)
{
	snprintf(ret, UNIT_MAX, "tcpadvisor-%s@%s.service", withdraw ? "withdraw" : "persist", id);
}

/* In its own sandbox. */
static int run_unit(const char *id, bool withdraw)
{
	char unit[UNIT_MAX];
	char *argv[] = {(char *)"systemctl", (char *)"start", unit, NULL};

	unit_name(unit, id, withdraw);
	return run(argv);
}

static int run_program(const struct options *o, const char *id, bool withdraw)
{
	char program[PROGRAM_MAX], socket[PROGRAM_MAX + 16];
	char *argv[5] = {program, socket};
	size_t n = 2;

	applier_program(program, sizeof(program), "tcpadvisor-persist");
	snprintf(socket, sizeof(socket), "--socket=%s", o->applier);
	if (withdraw)
		argv[n++] = (char *)"--withdraw";
	argv[n] = (char *)id;
	return run(argv);
}

enum persisting persister_run(const struct options *o, const char *id, bool withdraw)
{
	bool unit = applier_under_systemd() && !strcmp(o->applier, APPLY_SOCKET);
	int r = unit ? run_unit(id, withdraw) : run_program(o, id, withdraw);

	if (r == 0)
		return PERSIST_DONE;
	if (r < 0)
		complain("the persister cannot be started: %s", strerror(-r));
	else if (unit) {
		char name[UNIT_MAX];

		unit_name(name, id, withdraw);
		complain("%s: see journalctl -u %s", withdraw ? "not taken out" : "not kept", name);
	} else if (r != NOTHING_KEPT)
		complain("the persister failed with status %d", r);
	return PERSIST_FAILED;
}

json_t *persister_json(enum persisting p)
{
	return p == PERSIST_NOT_ASKED ? json_null() : json_boolean(p == PERSIST_DONE);
}
