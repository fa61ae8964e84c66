/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/service-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#define LOCK_PATH "/run/tcpadvisord/lock"

static const double drift_gap_least = 0.1, drift_gap_most = 0.8; /* seconds; what is written is told within one */
enum { USEC = 1000000, CONTROL_BACKLOG = 16, WRITER_MEMORY = 5 /* seconds, and a tick */ };

static int fail(int r, const char *what)
{
	fprintf(stderr, "tcpadvisord: %s: %s\n", what, strerror(-r));
	return r;
}

/* A timer may wait for this long, to wake together with others. */
static uint64_t slack(double seconds)
{
	return (uint64_t)(seconds * USEC / 20);
}

static int arm(sd_event_source *timer, double seconds)
{
	int r = sd_event_source_set_time_relative(timer, (uint64_t)(seconds * USEC));

	return r < 0 ? r : sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

/* The first judgement is done: systemd may start what waits for us. */
static void become_ready(struct service *s)
{
	struct service_stats st;
	size_t open = engine_life(s->engine)->count;
	_cleanup_text_ struct text line = TEXT_NULL;

	service_stats(s, &st);
	text_addf(&line, "Watching %u sysctls and %lu sockets of %u network namespace%s by profile %s; %zu finding%s open",
		  st.keys_watched, st.sockets, st.namespaces, st.namespaces == 1 ? "" : "s", st.profile,
		  open, open == 1 ? " is" : "s are");
	s->ready = true;
	sd_event_source_set_time_accuracy(s->beat, slack(1));
	sd_notify(false, "READY=1");
	service_say(s, EVENT_STARTED, SEVERITY_INFO, text_get(&line));
}

/* What is measured moves with passes; between them only findings do. */
static void show(struct service *s, bool passed)
{
	const struct life *l = engine_life(s->engine);
	unsigned long transitions = l->opened + l->closed;

	if (!passed && transitions == s->shown)
		return;
	s->shown = transitions;
	service_write_textfile(s);
	service_notify_status(s);
}

static int on_beat(sd_event_source *source, uint64_t usec, void *user)
{
	struct service *s = user;
	struct engine_time t = engine_now();
	struct service_stats before, after;
	int r;

	(void)usec;
	engine_stats(s->engine, &t, &before);
	engine_beat(s->engine, &t);
	engine_stats(s->engine, &t, &after);
	if (!s->ready && engine_ready(s->engine))
		become_ready(s);
	if (after.ticks != before.ticks || after.passes != before.passes) {
		service_tell_held(s);
		show(s, after.passes != before.passes);
	}
	t = engine_now();
	r = arm(source, engine_wait(s->engine, &t));
	/* Without its beat it would live, feed the watchdog, and look at nothing. */
	return r < 0 ? sd_event_exit(s->event, r) : r;
}

/* Somebody who writes all the time is looked at less often, so that he cannot keep us busy. */
static int on_drift(sd_event_source *source, uint64_t usec, void *user)
{
	struct service *s = user;
	struct engine_time t = engine_now();

	(void)source;
	(void)usec;
	s->drift_gap = t.mono - s->drifted < 5 ? min_of(s->drift_gap * 1.5, drift_gap_most) : drift_gap_least;
	s->drifted = t.mono;
	engine_listen(s->engine);
	engine_drift(s->engine, &t);
	return sd_event_source_set_enabled(s->inotify, SD_EVENT_ON);
}

/*
 * A short while, for several keys are often written in one go, and the tracer's word may come after inotify's. What comes
 * meanwhile waits in the kernel.
 */
static int on_inotify(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct service *s = user;
	int r = sd_event_source_set_enabled(source, SD_EVENT_OFF);

	(void)fd;
	(void)events;
	return r < 0 ? r : arm(s->drift, s->drift_gap);
}

/* "file:12: what is wrong"; a file that is wrong as a whole has no line. */
static void add_diag(struct text *t, const struct diag *d)
{
	text_add(t, d->file);
	if (d->line)
		text_addf(t, ":%u", d->line);
	text_addf(t, ": %s", d->message);
}

static int on_reload(sd_event_source *source, uint64_t usec, void *user)
{
	struct service *s = user;
	_cleanup_(setup_freep) struct setup *setup = NULL;
	_cleanup_text_ struct text line = TEXT_NULL;
	struct engine_time t = engine_now();
	struct diag d = {0};

	(void)source;
	(void)usec;
	s->reloaded = t.mono;
	sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)(t.mono * USEC));
	if (setup_load(s->root, s->options->datadir, &setup, &d) < 0) {
		s->reloads_failed++;
		text_add(&line, "Not reloaded, the rules and settings in force stay: ");
		add_diag(&line, &d);
		service_say(s, EVENT_RELOAD_FAILED, SEVERITY_ERROR, text_get(&line));
	} else {
		_cleanup_text_ struct text changes = TEXT_NULL;

		if (!setup_compare(engine_setup(s->engine), setup, &changes))
			text_add(&changes, "nothing changed");
		engine_reload(s->engine, setup, &t);
		setup = NULL;
		service_limits(s);
		s->reloads++;
		text_addf(&line, "Reloaded: %s", text_get(&changes));
		service_say(s, EVENT_RELOADED, SEVERITY_NOTICE, text_get(&line));
	}
	if (s->ready)
		sd_notify(false, "READY=1");
	return arm(s->beat, 0);
}

/* However many of them come: once a second. */
static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *user)
{
	struct service *s = user;
	double since = engine_now().mono - s->reloaded;
	int enabled;

	(void)source;
	(void)si;
	if (sd_event_source_get_enabled(s->reload, &enabled) >= 0 && enabled != SD_EVENT_OFF)
		return 0;
	return arm(s->reload, since < 1 ? 1 - since : 0);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *si, void *user)
{
	struct service *s = user;

	(void)si;
	service_say(s, EVENT_STOPPED, SEVERITY_INFO, "Stopped watching");
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int add_signals(struct service *s)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	r = sd_event_add_signal(s->event, NULL, SIGTERM, on_stop, s);
	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGINT, on_stop, s);
	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGHUP, on_hangup, s);
	return r;
}

static int add_timers(struct service *s)
{
	int r = sd_event_add_time_relative(s->event, &s->beat, CLOCK_MONOTONIC, 0, 1, on_beat, s);

	if (r >= 0)
		r = sd_event_add_time_relative(s->event, &s->drift, CLOCK_MONOTONIC, 0, slack(1), on_drift, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->drift, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(s->event, &s->reload, CLOCK_MONOTONIC, 0, 1, on_reload, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->reload, SD_EVENT_OFF);
	if (r >= 0 && engine_inotify(s->engine) >= 0)
		r = sd_event_add_io(s->event, &s->inotify, engine_inotify(s->engine), EPOLLIN, on_inotify, s);
	return r;
}

/* Ours, of an instance that was killed: a living one would hold the lock. What is no socket is not ours. */
static int take_away_socket(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	return unlink(path) < 0 ? -errno : 0;
}

static int make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (fd < 0)
		return -errno;
	r = take_away_socket(path);
	if (r < 0)
		return r;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, CONTROL_BACKLOG) < 0)
		return -errno;
	r = fd;
	fd = -1;
	return r;
}

/* Takes the descriptor. */
static int serve(struct service *s, int fd)
{
	int r;

	s->source = (struct control_source){.user = s, .life = service_life, .stats = service_stats,
					    .report = service_report, .metrics = service_metrics};
	r = s->control ? 0 : control_new(s->event, &s->source, &s->control);
	if (r < 0)
		close(fd);
	return r < 0 ? r : control_add(s->control, fd);
}

/* The sockets that systemd made, by the names of their units. */
static int take_sockets(struct service *s)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(true, &names), r = n < 0 ? n : 0;

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		if (r >= 0 && !strcmp(names[i], "varlink"))
			r = serve(s, fd);
		else if (r >= 0 && !strcmp(names[i], "trace"))
			r = writers_open(s->event, fd, s->root, &s->writers);
		else
			close(fd);
		free(names[i]);
	}
	free(names);
	if (r >= 0 && s->options->control) {
		int fd = make_socket(s->options->control);

		s->made_socket = fd >= 0;
		r = fd < 0 ? fail(fd, s->options->control) : serve(s, fd);
	}
	return r;
}

/* Without one named, and without the service's directory or its rights, we are somebody's trial on the side. */
static int take_lock(struct service *s)
{
	const char *path = s->options->lock ? s->options->lock : LOCK_PATH;

	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return s->options->lock || !s->options->foreground ? fail(-errno, path) : 0;
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return fail(-errno, path);
	fprintf(stderr, "tcpadvisord: another instance runs already (it holds %s)\n", path);
	return -EBUSY;
}

static const struct writer *find_writer(void *user, const char *key, const char *value)
{
	struct service *s = user;

	writers_drain(s->writers);
	return writers_find(s->writers, key, value, engine_now().mono - WRITER_MEMORY - engine_setup(s->engine)->config.tick);
}

static int open_engine(struct service *s)
{
	const struct engine_options o = {.tell = service_tell, .writer = find_writer, .user = s,
					 .proc_sys = s->options->proc_sys};
	struct setup *setup;
	struct diag d = {0};
	int r = root_open(NULL, &s->root, &d);

	if (r < 0)
		return fail(r, "/");
	r = setup_load(s->root, s->options->datadir, &setup, &d);
	if (r < 0) {
		_cleanup_text_ struct text line = TEXT_NULL;

		add_diag(&line, &d);
		fprintf(stderr, "tcpadvisord: %s\n", text_get(&line));
		return r;
	}
	r = engine_new(s->root, setup, &o, &s->engine);
	return r < 0 ? fail(r, "cannot start") : 0;
}

static void service_clear(struct service *s)
{
	control_free(s->control);
	writers_free(s->writers);
	engine_free(s->engine);
	root_free(s->root);
	sd_event_source_unref(s->beat);
	sd_event_source_unref(s->drift);
	sd_event_source_unref(s->inotify);
	sd_event_source_unref(s->reload);
	unsaid_clear(&s->unsaid);
	sd_event_unref(s->event);
	journal_close(&s->journal);
	service_remove_textfile(s);
	if (s->made_socket)
		unlink(s->options->control);
	closep(&s->lock);
}

static int start(struct service *s)
{
	int r = take_lock(s);

	if (r < 0)
		return r;
	r = open_engine(s);
	if (r < 0)
		return r;
	service_limits(s);
	if (!s->options->foreground)
		journal_open(&s->journal, JOURNAL_PATH);
	r = sd_event_new(&s->event);
	if (r >= 0)
		r = add_signals(s);
	if (r >= 0)
		r = add_timers(s);
	if (r >= 0)
		r = take_sockets(s);
	if (r >= 0)
		r = sd_event_set_watchdog(s->event, true);
	return r < 0 ? fail(r, "cannot start") : 0;
}

int service_run(const struct service_options *o)
{
	_cleanup_(service_clear) struct service s = {
		.options = o,
		.journal = {.fd = -1},
		.lock = -1,
		.drift_gap = drift_gap_least,
		.started = engine_now().real,
		.started_mono = engine_now().mono,
	};
	int r = start(&s);

	if (r < 0)
		return r;
	r = sd_event_loop(s.event);
	sd_notify(false, "STOPPING=1");
	return r < 0 ? fail(r, "event loop") : 0;
}
