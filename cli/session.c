/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "collect/collect.h"
#include "root/netns.h"

static const double default_window = 2;

static const char *find_datadir(void)
{
	const char *dir = getenv("TCPADVISOR_DATADIR");

	return dir && *dir ? dir : DATADIR;
}

/* "a=b=1Gbit/s": an interface's name may hold a '=', a rate never does. */
static int add_speeds(struct session *s, const struct options *o)
{
	for (size_t i = 0; i < o->speed_count; i++) {
		const char *equals = strrchr(o->speeds[i], '=');
		char interface[64];

		snprintf(interface, sizeof(interface), "%.*s", (int)(equals - o->speeds[i]), o->speeds[i]);
		if (config_add_speed(&s->config, interface, equals + 1) < 0) {
			complain("--speed=%s: INTERFACE=RATE, such as eth0=10Gbit/s", o->speeds[i]);
			return EXIT_USAGE;
		}
	}
	return 0;
}

static int open_with(struct session *s, const struct options *o, int (*open)(const char *, struct root **, struct diag *))
{
	struct diag d = {0};
	const char *profile;
	int r;

	*s = (struct session){.config = CONFIG_DEFAULT, .datadir = find_datadir()};
	r = open(o->root, &s->root, &d);
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
	config_apply(&s->config, &s->rules);
	s->report = (struct report){.version = PACKAGE_VERSION, .recorded = o->root != NULL, .rules = &s->rules};
	return 0;
}

int session_open(struct session *s, const struct options *o)
{
	return open_with(s, o, root_open);
}

int session_open_tree(struct session *s, const struct options *o)
{
	return open_with(s, o, root_open_tree);
}

static void show_progress(void *user, double left)
{
	(void)user;
	if (left > 0)
		fprintf(stderr, "\rsampling, %.1f s left ", left);
	else
		fputs("\r\033[K", stderr);
}

/* One namespace on its way from the first sample to the second. */
struct visit {
	char name[65];
	int fd; /* -1: where we are already */
	struct collecting *collecting;
};

struct visits {
	struct session *s;
	struct collect_options options;
	struct visit *list;
	size_t count;
};

static int enter(struct session *s, const struct visit *v)
{
	bool stay = v->fd < 0 || (!*v->name && s->report.count == 0 && !s->moved);
	int r = stay ? 0 : root_enter_netns(s->root, v->name, v->fd);

	s->moved |= !stay;

	if (r < 0)
		complain("network namespace %s: %s", *v->name ? v->name : "(own)", strerror(-r));
	return r < 0 ? EXIT_COULD_NOT_CHECK : 0;
}

static int begin(void *user, const char *name, int fd)
{
	struct visits *all = user;
	struct visit v = {.fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3)};
	int r;

	/* -1 would mean the namespace that we are in. */
	if (fd >= 0 && v.fd < 0) {
		complain("network namespace %s: %s", name, strerror(errno));
		return EXIT_COULD_NOT_CHECK;
	}
	snprintf(v.name, sizeof(v.name), "%s", name);
	r = enter(all->s, &v);
	if (!r && collect_begin(all->s->root, &all->options, &v.collecting) < 0)
		r = EXIT_COULD_NOT_CHECK;
	if (r) {
		closep(&v.fd);
		return r;
	}
	all->list = reallocarray(all->list, all->count + 1, sizeof(v));
	if (!all->list)
		abort();
	all->list[all->count++] = v;
	return 0;
}

static int end(struct visits *all, struct visit *v)
{
	struct session *s = all->s;
	struct report_part *part = &s->report.parts[s->report.count];
	int r = enter(s, v);

	if (r)
		return r;
	collect_end(v->collecting, &part->facts);
	part->facts->again = s->report.count > 0;
	v->collecting = NULL;
	part->host = *root_host(s->root);
	judge(&s->rules, part->facts, part->host.clock, &part->judgement);
	s->report.count++;
	return 0;
}

/* All first samples, one wait, all second samples: a hundred namespaces take one window. */
static int run_visits(struct visits *all)
{
	struct session *s = all->s;
	int r = 0;

	s->report.parts = calloc(all->count ? all->count : 1, sizeof(*s->report.parts));
	if (!s->report.parts)
		abort();
	if (all->count)
		collect_wait(all->list[all->count - 1].collecting);
	for (size_t i = 0; i < all->count && !r; i++)
		r = end(all, &all->list[i]);
	return r;
}

static void visits_clear(struct visits *all)
{
	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i].collecting)
			collect_abandon(all->list[i].collecting);
		closep(&all->list[i].fd);
	}
	free(all->list);
}

static struct collect_options collect_options(const struct session *s, const struct options *o)
{
	return (struct collect_options){
		.rules = &s->rules,
		.config = &s->config,
		.window = o->window >= 0	  ? o->window
			  : s->config.window >= 0 ? s->config.window
						  : default_window,
		.everything = s->everything,
		.owners = true,
		.borrow = !o->no_borrow && s->config.borrow,
		.progress = isatty(STDERR_FILENO) ? show_progress : NULL,
	};
}

/* What --netns asks for. */
static int begin_named(struct visits *all, const char *which)
{
	size_t denied;
	int r = netns_each(which, begin, all, &denied);

	if (r < 0) {
		complain("--netns=%s: %s", which,
			 r == -EINVAL ? "a process id, a name under /run/netns, or all" : strerror(-r));
		return EXIT_COULD_NOT_CHECK;
	}
	if (denied)
		complain("network namespaces of %zu process%s could not be entered (root may)", denied,
			 denied == 1 ? "" : "es");
	return r;
}

int session_judge(struct session *s, const struct options *o)
{
	_cleanup_(visits_clear) struct visits all = {.s = s, .options = collect_options(s, o)};
	int r;

	if (o->netns && o->root) {
		complain("--netns and --root do not go together: a record holds one namespace");
		return EXIT_USAGE;
	}
	s->report.one_namespace = !o->root && !o->netns;
	r = o->netns ? begin_named(&all, o->netns) : begin(&all, "", -1);
	return r ? r : run_visits(&all);
}

int session_show(const struct options *o,
		 int (*show)(struct session *s, const struct options *o, const struct render_options *ro, struct text *t))
{
	_cleanup_session_ struct session s = {0};
	_cleanup_text_ struct text t = TEXT_NULL;
	struct render_options ro = output_options(o);
	int r = session_open(&s, o), shown;

	if (r || (r = session_judge(&s, o)))
		return r;
	shown = show(&s, o, &ro, &t);
	r = output_write(&t);
	return r ? r : shown;
}

void session_tables(const struct session *s, const struct options *o, const struct render_options *ro, size_t n,
		    void (*fill)(struct table *tables, const struct report_part *part, const struct options *o),
		    struct text *t)
{
	size_t count = n * s->report.count;
	_cleanup_free_ struct table *tables = calloc(count ? count : 1, sizeof(*tables));

	if (!tables)
		abort();
	for (size_t i = 0; i < s->report.count; i++) {
		const struct report_part *part = &s->report.parts[i];

		fill(tables + i * n, part, o);
		for (size_t k = 0; k < n; k++)
			tables[i * n + k].netns = *part->host.netns ? part->host.netns : NULL;
	}
	render_tables(tables, count, o->format, ro, t);
	for (size_t i = 0; i < count; i++)
		table_clear(&tables[i]);
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
