/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/session.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include "cli/netns.h"
#include "collect/collect.h"

static const double default_window = 2;

static const char *find_datadir(void)
{
	const char *dir = getenv("TCPADVISOR_DATADIR");

	return dir && *dir ? dir : DATADIR;
}

static int add_speeds(struct session *s, const struct options *o)
{
	for (size_t i = 0; i < o->speed_count; i++) {
		const char *equals = strchr(o->speeds[i], '=');
		char interface[64];

		snprintf(interface, sizeof(interface), "%.*s", (int)(equals - o->speeds[i]), o->speeds[i]);
		if (config_add_speed(&s->config, interface, equals + 1) < 0) {
			complain("--speed=%s: INTERFACE=RATE, such as eth0=10Gbit/s", o->speeds[i]);
			return EXIT_USAGE;
		}
	}
	return 0;
}

int session_open(struct session *s, const struct options *o)
{
	struct diag d = {0};
	const char *profile;
	int r;

	*s = (struct session){.config = {.window = -1}, .datadir = find_datadir()};
	r = root_open(o->root, &s->root, &d);
	if (r < 0) {
		if (*d.message)
			complain_diag(&d);
		else
			complain("%s: %s", o->root ? o->root : "/", strerror(-r));
		return EXIT_COULD_NOT_CHECK;
	}
	if (config_load(&s->config, s->root, &d) < 0) {
		complain_diag(&d);
		return EXIT_COULD_NOT_CHECK;
	}
	r = add_speeds(s, o);
	if (r)
		return r;
	profile = o->profile ? o->profile : s->config.profile ? s->config.profile : "balanced";
	if (config_load_rules(s->root, s->datadir, profile, &s->rules, &d) < 0) {
		complain_diag(&d);
		return EXIT_COULD_NOT_CHECK;
	}
	s->report = (struct report){.version = PACKAGE_VERSION, .recorded = o->root != NULL, .rules = &s->rules};
	return 0;
}

static void show_progress(void *user, double left)
{
	(void)user;
	if (left > 0)
		fprintf(stderr, "\rsampling, %.1f s left ", left);
	else
		fputs("\r\033[K", stderr);
}

static int judge_one(struct session *s, const struct options *o)
{
	bool progress = isatty(STDERR_FILENO);
	struct collect_options c = {
		.rules = &s->rules,
		.config = &s->config,
		.window = o->window >= 0	  ? o->window
			  : s->config.window >= 0 ? s->config.window
						  : default_window,
		.owners = true,
		.progress = progress ? show_progress : NULL,
	};
	struct report_part *part = &s->report.parts[s->report.count];
	int r = collect(s->root, &c, &part->facts);

	if (r < 0) {
		complain("collecting: %s", strerror(-r));
		return EXIT_COULD_NOT_CHECK;
	}
	part->host = *root_host(s->root);
	judge(&s->rules, part->facts, part->host.clock, &part->judgement);
	s->report.count++;
	return 0;
}

static int judge_namespace(void *user, const char *name, int fd)
{
	void **pair = user;
	struct session *s = pair[0];
	int r;

	s->report.parts = reallocarray(s->report.parts, s->report.count + 1, sizeof(*s->report.parts));
	if (!s->report.parts)
		abort();
	s->report.parts[s->report.count] = (struct report_part){0};
	r = root_enter_netns(s->root, name, fd);
	if (r < 0) {
		complain("network namespace %s: %s", name, strerror(-r));
		return EXIT_COULD_NOT_CHECK;
	}
	return judge_one(s, pair[1]);
}

int session_judge(struct session *s, const struct options *o)
{
	void *pair[] = {s, (void *)o};

	if (o->netns && o->root) {
		complain("--netns and --root do not go together: a record holds one namespace");
		return EXIT_USAGE;
	}
	if (o->netns)
		return netns_each(o->netns, judge_namespace, pair);
	s->report.one_namespace = !o->root;
	s->report.parts = calloc(1, sizeof(*s->report.parts));
	if (!s->report.parts)
		abort();
	return judge_one(s, o);
}

void session_close(struct session *s)
{
	for (size_t i = 0; i < s->report.count; i++) {
		judgement_clear(&s->report.parts[i].judgement);
		facts_free(s->report.parts[i].facts);
	}
	free(s->report.parts);
	ruleset_clear(&s->rules);
	config_clear(&s->config);
	root_free(s->root);
	*s = (struct session){0};
}
