/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/applier.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>

enum {
	PATIENCE = 60, /* s: it measures before it writes, and may have to wait for what another asked for */
	PROGRAM_MAX = 4096,
};

extern char **environ;

static int open_connection(const char *path)
{
	struct timeval patience = {.tv_sec = PATIENCE};
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd, r;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int await(int fd, int signals)
{
	struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	int r;

	do
		r = poll(p, ARRAY_SIZE(p), PATIENCE * 1000);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	if (r == 0)
		return -ETIMEDOUT;
	return p[0].revents ? 0 : -EINTR;
}

static int converse(int fd, const struct paper *request, int signals, struct paper *reply)
{
	_cleanup_free_ struct paper *p = calloc(1, sizeof(*p));
	int r = p ? paper_send(fd, request) : -ENOMEM;

	if (r < 0 || (r = await(fd, signals)) < 0)
		return r;
	r = paper_receive(fd, p);
	if (r < 0)
		return r == -EAGAIN ? -ETIMEDOUT : r;
	if (p->verb != VERB_REPLY)
		return -EBADMSG;
	*reply = *p;
	return 0;
}

int applier_try(const struct options *o, const struct paper *request, int signals, struct paper *reply)
{
	_cleanup_close_ int fd = open_connection(o->applier);

	return fd < 0 ? fd : converse(fd, request, signals, reply);
}

bool applier_under_systemd(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

void applier_program(char *buf, size_t size, const char *name)
{
	const char *dir = getenv("TCPADVISOR_LIBEXECDIR");

	snprintf(buf, size, "%s/%s", dir && *dir ? dir : LIBEXECDIR, name);
}

/* Of a question nothing can have been done. */
static const char *aftermath(const struct paper *request)
{
	if (request->verb != VERB_SHOW && request->verb != VERB_LIST)
		return "what was asked for may have been done; `tcpadvisor history` tells";
	return applier_under_systemd() ? "see systemctl status tcpadvisor-apply" : "see what `pgrep -af tcpadvisor-apply` does";
}

static int complain_of(const struct options *o, const struct paper *request, int error)
{
	if (error == -ENOENT || error == -ECONNREFUSED) {
		if (applier_under_systemd())
			complain("the applier does not run here: systemctl enable --now tcpadvisor-apply.socket; "
				 "where that is enabled, systemctl restart it");
		else
			complain("the applier does not run here%s", geteuid() ? ", and only root may start it" : "");
	} else if (error == -EACCES || error == -EPERM)
		complain("%s: it answers root alone", o->applier);
	else if (error == -EPIPE || error == -ECONNRESET)
		complain("the applier hung up: %s", aftermath(request));
	else if (error == -ETIMEDOUT || error == -EAGAIN)
		complain("the applier does not answer: %s", aftermath(request));
	else if (error == -EINTR)
		complain("interrupted: %s", aftermath(request));
	else if (error == -EBADMSG || error == -EPROTO)
		complain("the applier's answer is not understood: is it of another version?");
	else
		complain("%s: %s", o->applier, strerror(-error));
	return EXIT_COULD_NOT_CHECK;
}

void applier_spawn_attributes(posix_spawnattr_t *ret)
{
	sigset_t none;

	sigemptyset(&none);
	posix_spawnattr_init(ret);
	posix_spawnattr_setsigmask(ret, &none);
	posix_spawnattr_setflags(ret, POSIX_SPAWN_SETSIGMASK);
}

/* "/run/x/apply" gives "/run/x/health". */
static void health_socket(char *buf, size_t size, const char *applier)
{
	const char *slash = strrchr(applier, '/');

	snprintf(buf, size, "%.*shealth", slash ? (int)(slash + 1 - applier) : 0, applier);
}

/* What it prints of its own start goes to our stderr. */
static int spawn_guardian(const struct options *o, pid_t *ret)
{
	char program[PROGRAM_MAX], watcher[PROGRAM_MAX], health[PROGRAM_MAX], options[4][PROGRAM_MAX + 32];
	char *argv[] = {program, (char *)"--guardian", options[0], options[1], options[2], options[3], NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	applier_program(program, sizeof(program), "tcpadvisor-apply");
	applier_program(watcher, sizeof(watcher), "tcpadvisor-health");
	health_socket(health, sizeof(health), o->applier);
	snprintf(options[0], sizeof(options[0]), "--socket=%s", o->applier);
	snprintf(options[1], sizeof(options[1]), "--health-socket=%s", health);
	snprintf(options[2], sizeof(options[2]), "--state=%s", o->state);
	snprintf(options[3], sizeof(options[3]), "--health=%s", watcher);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	applier_spawn_attributes(&attributes);
	r = posix_spawn(ret, program, &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		complain("%s cannot be started: %s; without it nobody would undo what hurts, and nothing is applied", program, strerror(r));
	return r ? EXIT_COULD_NOT_CHECK : 0;
}

/* It goes to the background once the applier is at work; before that it says on our stderr why it cannot. */
static int start_guardian(const struct options *o)
{
	int status, r;
	pid_t pid;

	r = spawn_guardian(o, &pid);
	if (r)
		return r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_COULD_NOT_CHECK;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL)
		complain("an applier is at work here, and its socket %s is gone: what is open is undone when its time is over, "
			 "or at once by ending the applier (pkill -TERM -f 'tcpadvisor-apply --guardian')", o->applier);
	else
		complain("the guardian ended; without it nobody would undo what hurts, and nothing is applied");
	return EXIT_COULD_NOT_CHECK;
}

int applier_call(const struct options *o, const struct paper *request, int signals, struct paper *reply)
{
	int r = applier_try(o, request, signals, reply);

	if ((r == -ENOENT || r == -ECONNREFUSED) && !applier_under_systemd() && geteuid() == 0) {
		r = start_guardian(o);
		if (r)
			return r;
		r = applier_try(o, request, signals, reply);
	}
	return r < 0 ? complain_of(o, request, r) : 0;
}

int applier_ask(const struct options *o, enum paper_verb verb, const char *id, struct paper *reply)
{
	_cleanup_free_ struct paper *request = calloc(1, sizeof(*request));

	if (!request)
		abort();
	request->verb = verb;
	paper_set(request->id, "%s", id);
	return applier_call(o, request, -1, reply);
}

int applier_output(const struct paper *done, const struct text *t)
{
	int r = output_write(t);

	if (r && done->error == PAPER_DONE && *done->id)
		complain("all the same: transaction %.8s is %s", done->id, paper_state_name(done->state));
	return r;
}

int applier_refused(const struct paper *reply)
{
	if (reply->error == PAPER_DONE)
		return 0;
	complain("the applier refused (%s): %s", paper_error_name(reply->error), *reply->said ? reply->said : "it does not say why");
	if (reply->error == ERROR_BUSY && reply->state == STATE_OPEN)
		complain("`tcpadvisor history %.8s` shows the one that is open", reply->id);
	return EXIT_COULD_NOT_CHECK;
}
