/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watch: what is open, then a line for each transition, until it is interrupted or the service leaves. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include "cli/service.h"
#include "render/status-text.h"

struct watching {
	struct varlink_client *client;
	const struct options *o;
	struct render_options ro;
};

/* One object a line: {"finding": …} for what is open already, {"event": …} for what happens. */
static void add_json(const char *name, const json_t *value, struct text *ret)
{
	_cleanup_(json_decrefp) json_t *o = json_object();
	_cleanup_free_ char *line = NULL;

	json_object_set(o, name, (json_t *)value);
	line = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(16));
	text_add(ret, line ? line : "{}");
	text_add(ret, "\n");
}

static int add(const struct watching *w, const json_t *o, const char *name, const char *kind, const char *when,
	       struct text *ret)
{
	const json_t *subject = json_object_get(o, "subject");
	char time[SERVICE_TIME_MAX], spelt[32];
	struct status_event e = {
		.time = time,
		.kind = spelt,
		.rule = service_string(o, "rule"),
		.subject = service_string(subject, "name"),
		.netns = service_string(o, "netns"),
		.message = service_string(o, "message"),
	};

	if (!kind || !service_severity(o, &e.severity))
		return service_complain_answer();
	if (!strcmp(w->o->format, "json")) {
		add_json(name, o, ret);
		return 0;
	}
	service_time(json_number_value(json_object_get(o, when)), time, sizeof(time));
	snprintf(spelt, sizeof(spelt), "%s", kind);
	for (char *p = strchr(spelt, '_'); p; p = strchr(p, '_'))
		*p = ' ';
	render_event_text(&e, &w->ro, ret);
	return 0;
}

static int add_news(const struct watching *w, const json_t *parameters, struct text *ret)
{
	const json_t *findings = json_object_get(parameters, "findings"), *event = json_object_get(parameters, "event");
	const json_t *f;
	size_t i;
	int r = 0;

	json_array_foreach(findings, i, f) {
		r = add(w, f, "finding", "open", "opened_time_s", ret);
		if (r)
			return r;
	}
	return json_is_object(event) ? add(w, event, "event", service_string(event, "kind"), "time_s", ret) : 0;
}

/* All that is there. 0: wait for more. */
static int show_news(const struct watching *w)
{
	for (;;) {
		_cleanup_(json_decrefp) json_t *parameters = NULL;
		_cleanup_text_ struct text t = TEXT_NULL;
		_cleanup_free_ char *error = NULL;
		bool continues;
		int r = varlink_client_receive(w->client, &parameters, &error, &continues);

		if (r == -EAGAIN)
			return 0;
		if (r == -EPIPE)
			complain("the service left");
		else if (r < 0)
			service_complain(r);
		else if (error)
			complain("the service refused: %s", error);
		if (r < 0 || error)
			return EXIT_COULD_NOT_CHECK;
		service_clean(parameters);
		r = add_news(w, parameters, &t);
		if (!r && t.len)
			r = output_write(&t);
		if (r)
			return r;
	}
}

static int run(const struct watching *w, int signals)
{
	struct pollfd p[] = {{.fd = varlink_client_fd(w->client), .events = POLLIN}, {.fd = signals, .events = POLLIN}};

	for (;;) {
		int r = show_news(w);

		if (r)
			return r;
		if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR) {
			complain("waiting: %s", strerror(errno));
			return EXIT_COULD_NOT_CHECK;
		}
		if (p[1].revents)
			return EXIT_OK;
	}
}

int verb_watch(const struct options *o)
{
	_cleanup_(varlink_client_freep) struct varlink_client *client = NULL;
	_cleanup_close_ int signals = -1;
	struct watching w;
	sigset_t set;
	int r = service_connect(o, &client);

	if (r || (r = service_call(client, "io.tcpadvisor.Subscribe", true)))
		return r;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0) {
		complain("signals: %s", strerror(errno));
		return EXIT_COULD_NOT_CHECK;
	}
	varlink_client_set_nonblock(client);
	w = (struct watching){client, o, output_options(o)};
	return run(&w, signals);
}
