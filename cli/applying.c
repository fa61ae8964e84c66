/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/applying.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

enum {
	LOST_MOST = 3, /* s that the applier may not answer: it is started anew, and has to recover then */
};

/* Is something there, whatever it is? Where it cannot be told the applier, which may look, decides. */
static bool is_frozen(struct root *root)
{
	char target[16];
	int r = root_readlink(root, APPLY_FREEZE + 1, target, sizeof(target));

	return r != -ENOENT && r != -ENOTDIR && r != -EACCES && r != -EPERM;
}

static void keep_measured(struct plan *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->change_count; i++)
		if (p->changes[i].measured)
			p->changes[kept++] = p->changes[i];
	p->change_count = kept;
}

int applying_prepare(struct applying *a, const struct options *o, bool only_measured)
{
	struct preflight_options po = {.persist = o->persist, .despite_manager = o->despite_manager};
	int r;

	*a = (struct applying){.o = o};
	r = session_plan(&a->session, o, &a->plan);
	if (r)
		return r;
	if (only_measured)
		keep_measured(&a->plan);
	po.denied = !a->session.config.allow;
	po.frozen = is_frozen(a->session.root);
	preflight_make(&a->session.report.parts[0].judgement, &a->plan, &po, &a->preflight);
	return 0;
}

void applying_clear(struct applying *a)
{
	preflight_clear(&a->preflight);
	plan_clear(&a->plan);
	session_close(&a->session);
}

static bool fits(const struct plan_change *c)
{
	return strlen(c->key) < PAPER_KEY && strlen(c->current) < PAPER_VALUE && strlen(c->wanted) < PAPER_VALUE;
}

/* The health watcher judges by the first that it knows: "site,throughput,balanced", what is included behind what includes. */
static void name_profiles(const struct ruleset *rules, struct paper *p)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	for (size_t i = rules->profile_count; i-- > 0;) {
		if (t.len + strlen(rules->profiles[i]) + 2 > sizeof(p->profile))
			break;
		text_addf(&t, "%s%s", t.len ? "," : "", rules->profiles[i]);
	}
	paper_set(p->profile, "%s", t.len ? text_get(&t) : "balanced");
}

static int fill_request(const struct applying *a, struct paper *p)
{
	const struct options *o = a->o;

	p->verb = VERB_APPLY;
	p->netns = a->session.report.parts[0].host.netns_inode;
	p->within = (unsigned)(o->within >= 0 ? o->within : a->session.config.confirm_within);
	p->persist = o->persist;
	name_profiles(&a->session.rules, p);
	for (size_t i = 0; i < a->plan.change_count; i++) {
		const struct plan_change *from = &a->plan.changes[i];
		struct paper_change *to = &p->changes[p->change_count];

		if (i == PAPER_CHANGES || !fits(from)) {
			complain(i == PAPER_CHANGES ? "the plan has more changes than can be undone as one: choose with --only"
						    : "%s: its value is too long to be applied", from->key);
			return EXIT_COULD_NOT_CHECK;
		}
		paper_set(to->key, "%s", from->key);
		paper_set(to->old, "%s", from->current);
		paper_set(to->new, "%s", from->wanted);
		paper_set(to->why, "%s", from->why);
		p->change_count++;
	}
	return 0;
}

int applying_submit(struct applying *a, int signals, struct paper *ret)
{
	_cleanup_free_ struct paper *request = calloc(1, sizeof(*request));
	bool terminal = isatty(STDERR_FILENO);
	int r;

	if (!request)
		abort();
	r = fill_request(a, request);
	if (r)
		return r;
	if (poll(&(struct pollfd){.fd = signals, .events = POLLIN}, 1, 0) > 0) {
		complain("interrupted: nothing was asked for");
		return EXIT_COULD_NOT_CHECK;
	}
	if (terminal)
		fputs("\rmeasuring before the change ", stderr);
	r = applier_call(a->o, request, signals, ret);
	if (terminal)
		fputs("\r\033[K", stderr);
	return r;
}

int interruptions(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		complain("signals: %s", strerror(errno));
	return fd;
}

/* Wait a second. -EINTR: a signal came. */
static int pause_a_second(int signals)
{
	struct pollfd p = {.fd = signals, .events = POLLIN};

	return poll(&p, 1, 1000) > 0 ? -EINTR : 0;
}

/* As it is now: asked quietly, or in the way that starts what is gone and tells what is wrong. */
static int look_again(const struct options *o, const char *id, int signals, bool quietly, struct paper *now)
{
	_cleanup_free_ struct paper *request = calloc(1, sizeof(*request));
	int r;

	if (!request)
		abort();
	request->verb = VERB_SHOW;
	strcpy(request->id, id);
	r = quietly ? applier_try(o, request, signals, now) : applier_call(o, request, signals, now);
	return r ? r : applier_refused(now);
}

int follow(const struct options *o, struct paper *p, int signals, bool (*news)(void *user, const struct paper *p), void *user)
{
	_cleanup_free_ struct paper *now = calloc(1, sizeof(*now));
	unsigned lost = 0;

	if (!now)
		abort();
	for (;;) {
		int r = pause_a_second(signals);
		bool new;

		if (!r)
			r = look_again(o, p->id, signals, lost < LOST_MOST, now);
		if (r > 0 || r == -EINTR)
			return r;
		if (r < 0) {
			lost++;
			continue;
		}
		lost = 0;
		new = now->verdict != p->verdict || strcmp(now->signal, p->signal) || now->state != p->state;
		*p = *now;
		if ((new && !news(user, p)) || p->state != STATE_OPEN)
			return 0;
	}
}
