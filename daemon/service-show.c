/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "daemon/macro.h"
#include "daemon/metrics.h"
#include "daemon/service-private.h"
#include "daemon/textfile.h"

/* Second number of statm, in pages. */
static double resident(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages;

	return f && fscanf(f, "%*u %lu", &pages) == 1 ? (double)pages * (double)sysconf(_SC_PAGESIZE) : 0;
}

const struct life *service_life(void *user)
{
	const struct service *s = user;

	return engine_life(s->engine);
}

const struct report *service_report(void *user)
{
	const struct service *s = user;

	return engine_report(s->engine);
}

void service_stats(void *user, struct service_stats *ret)
{
	const struct service *s = user;
	struct engine_time t = engine_now();
	struct varlink_counts counts = s->control ? control_counts(s->control) : (struct varlink_counts){0};

	*ret = (struct service_stats){
		.started = s->started,
		.uptime = t.mono - s->started_mono,
		.cpu = engine_cpu(),
		.rss = resident(),
		.journal_sent = s->journal.sent,
		.journal_dropped = s->journal.dropped,
		.journal_held = s->limit.held,
		.reloads = s->reloads,
		.reloads_failed = s->reloads_failed,
		.connections = counts.accepted,
		.connections_refused = counts.refused,
		.traced = writers_alive(s->writers, t.mono),
		.version = PACKAGE_VERSION,
	};
	engine_stats(s->engine, &t, ret);
}

void service_metrics(void *user, struct text *ret)
{
	struct service *s = user;
	struct service_stats stats;

	service_stats(s, &stats);
	metrics_document(engine_report(s->engine), &stats, METRICS_OPENMETRICS, ret);
}

static const char *textfile_path(const struct service *s)
{
	const char *path = s->options->textfile ? s->options->textfile : engine_setup(s->engine)->config.textfile;

	return strcmp(path, "no") ? path : NULL;
}

void service_remove_textfile(struct service *s)
{
	if (s->textfile && textfile_remove(s->textfile, true) < 0)
		s->textfile_failed = true;
	free(s->textfile);
	s->textfile = NULL;
}

/* By the next settings the metrics may go elsewhere. */
static void keep_path(struct service *s, const char *path)
{
	if (s->textfile && path && !strcmp(s->textfile, path))
		return;
	service_remove_textfile(s);
	s->textfile = path ? must_strdup(path) : NULL;
}

void service_write_textfile(struct service *s)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	const char *path = textfile_path(s);
	struct service_stats stats;
	char line[512];
	int r;

	keep_path(s, path);
	if (!path)
		return;
	service_stats(s, &stats);
	metrics_document(engine_report(s->engine), &stats, METRICS_PROMETHEUS, &t);
	r = textfile_write(path, &t);
	if (r < 0 && !s->textfile_failed) {
		snprintf(line, sizeof(line), "metrics cannot be written to %s: %s", path, strerror(-r));
		service_say(s, EVENT_TROUBLE, SEVERITY_WARNING, line);
	}
	s->textfile_failed = r < 0;
}

void service_notify_status(struct service *s)
{
	struct service_stats st;

	service_stats(s, &st);
	sd_notifyf(false, "STATUS=%lu errors, %lu warnings, %lu notices; %u sysctls not as meant; a pass every %.0f s over %lu sockets",
		   st.open_by_severity[SEVERITY_ERROR], st.open_by_severity[SEVERITY_WARNING],
		   st.open_by_severity[SEVERITY_NOTICE], st.drifted, st.pass, st.sockets);
}
