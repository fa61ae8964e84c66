/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/setup.h"

#include <errno.h>
#include <string.h>

enum { NAMES_TOLD = 8 };

int setup_load(struct root *root, const char *datadir, struct setup **ret, struct diag *d)
{
	_cleanup_(setup_freep) struct setup *s = calloc(1, sizeof(*s));
	const char *profile;
	int r;

	if (!s)
		return -ENOMEM;
	r = config_load(&s->config, root, d);
	if (r < 0)
		return r;
	profile = s->config.profile ? s->config.profile : "balanced";
	r = config_load_rules(root, datadir, profile, &s->rules, d);
	if (r < 0)
		return r;
	config_apply(&s->config, &s->rules);
	*ret = s;
	s = NULL;
	return 0;
}

struct setup *setup_free(struct setup *s)
{
	if (!s)
		return NULL;
	ruleset_clear(&s->rules);
	config_clear(&s->config);
	free(s);
	return NULL;
}

/* "; rules changed: a, b and 3 more", as names come. */
struct listing {
	struct text *text;
	const char *what;
	size_t count;
};

static void list(struct listing *l, const char *name)
{
	if (l->count++ == 0)
		text_addf(l->text, "%s%s ", l->text->len ? "; " : "", l->what);
	else if (l->count <= NAMES_TOLD)
		text_add(l->text, ", ");
	if (l->count <= NAMES_TOLD)
		text_add_escaped(l->text, name, 256);
}

static void list_end(const struct listing *l)
{
	if (l->count > NAMES_TOLD)
		text_addf(l->text, " and %zu more", l->count - NAMES_TOLD);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void compare_options(const struct config *a, const struct config *b, struct text *t)
{
	const char *was, *is;

	for (const struct config_option *o = config_options; o->key; o++) {
		was = a->texts[o - config_options];
		is = b->texts[o - config_options];
		if (same_text(was, is))
			continue;
		text_addf(t, "%s%s is ", t->len ? "; " : "", o->key);
		text_add_escaped(t, is ? is : "the default", 256);
		text_add(t, ", was ");
		text_add_escaped(t, was ? was : "the default", 256);
	}
}

static double speed_of(const struct config *c, const char *interface)
{
	for (size_t i = 0; i < c->speed_count; i++)
		if (!strcmp(c->speeds[i].interface, interface))
			return c->speeds[i].rate;
	return 0;
}

static void compare_speeds(const struct config *a, const struct config *b, struct text *t)
{
	struct listing changed = {t, "declared speeds changed:", 0}, gone = {t, "no speed is declared any more for", 0};

	for (size_t i = 0; i < b->speed_count; i++)
		if (speed_of(a, b->speeds[i].interface) != b->speeds[i].rate)
			list(&changed, b->speeds[i].interface);
	list_end(&changed);
	for (size_t i = 0; i < a->speed_count; i++)
		if (speed_of(b, a->speeds[i].interface) == 0)
			list(&gone, a->speeds[i].interface);
	list_end(&gone);
}

static bool same_message(const struct message *a, const struct message *b)
{
	bool same = a->count == b->count;

	for (unsigned i = 0; same && i < a->count; i++)
		same = same_text(a->parts[i].literal, b->parts[i].literal) && same_text(a->parts[i].source, b->parts[i].source);
	return same;
}

/* What a rule says and when; its file and line may move. */
static bool same_rule(const struct rule *a, const struct rule *b)
{
	bool same = a->severity == b->severity && a->off == b->off && a->has_override == b->has_override &&
		    a->override == b->override && a->recommend_count == b->recommend_count &&
		    same_text(a->title, b->title) && same_text(a->when_text, b->when_text) &&
		    same_text(a->applies_text, b->applies_text) && same_text(a->because, b->because) &&
		    same_text(a->risk, b->risk) && same_text(a->refs, b->refs) && same_text(a->keys, b->keys) &&
		    same_message(&a->message, &b->message) && same_message(&a->advise, &b->advise) &&
		    same_text(a->otherwise_text, b->otherwise_text);

	for (unsigned i = 0; same && i < a->recommend_count; i++)
		same = same_text(a->recommend_text[i], b->recommend_text[i]);
	for (size_t i = 0; same && i < SEVERITIES; i++)
		same = same_text(a->raised_text[i], b->raised_text[i]);
	return same;
}

static void compare_rules(const struct ruleset *a, const struct ruleset *b, struct text *t)
{
	struct listing new = {t, "new rules:", 0}, changed = {t, "rules changed:", 0}, gone = {t, "rules gone:", 0};

	for (size_t i = 0; i < b->count; i++)
		if (!ruleset_find(a, b->rules[i].id))
			list(&new, b->rules[i].id);
	list_end(&new);
	for (size_t i = 0; i < b->count; i++) {
		const struct rule *was = ruleset_find(a, b->rules[i].id);

		if (was && !same_rule(was, &b->rules[i]))
			list(&changed, b->rules[i].id);
	}
	list_end(&changed);
	for (size_t i = 0; i < a->count; i++)
		if (!ruleset_find(b, a->rules[i].id))
			list(&gone, a->rules[i].id);
	list_end(&gone);
}

static void compare_thresholds(const struct ruleset *a, const struct ruleset *b, struct text *t)
{
	struct listing changed = {t, "thresholds changed:", 0};

	for (size_t i = 0; i < b->thresholds.count; i++) {
		int was = threshold_find(&a->thresholds, b->thresholds.rows[i].name);

		if (was < 0 || a->threshold_values[was] != b->threshold_values[i])
			list(&changed, b->thresholds.rows[i].name);
	}
	list_end(&changed);
}

static bool wants_the_same(const struct ruleset *set, const struct constraint *c)
{
	for (size_t i = 0; i < set->wanted_count; i++)
		if (same_text(set->wanted[i].key, c->key) && set->wanted[i].element == c->element &&
		    same_text(set->wanted[i].text, c->text))
			return true;
	return false;
}

static void compare_wishes(const struct ruleset *a, const struct ruleset *b, struct text *t)
{
	struct listing new = {t, "the profile now asks for", 0}, gone = {t, "and no longer for", 0};

	for (size_t i = 0; i < b->wanted_count; i++)
		if (!wants_the_same(a, &b->wanted[i]))
			list(&new, b->wanted[i].key);
	list_end(&new);
	for (size_t i = 0; i < a->wanted_count; i++)
		if (!wants_the_same(b, &a->wanted[i]))
			list(&gone, a->wanted[i].key);
	list_end(&gone);
}

static bool waives_the_same(const struct ruleset *set, const struct waiver *w)
{
	for (size_t i = 0; i < set->waiver_count; i++) {
		const struct waiver *x = &set->waivers[i];

		if (same_text(x->rule, w->rule) && same_text(x->subject, w->subject) && same_text(x->reason, w->reason) &&
		    x->expires == w->expires)
			return true;
	}
	return false;
}

static void compare_waivers(const struct ruleset *a, const struct ruleset *b, struct text *t)
{
	struct listing new = {t, "new waivers of", 0}, gone = {t, "waivers gone of", 0};

	for (size_t i = 0; i < b->waiver_count; i++)
		if (!waives_the_same(a, &b->waivers[i]))
			list(&new, b->waivers[i].rule);
	list_end(&new);
	for (size_t i = 0; i < a->waiver_count; i++)
		if (!waives_the_same(b, &a->waivers[i]))
			list(&gone, a->waivers[i].rule);
	list_end(&gone);
}

bool setup_compare(const struct setup *old, const struct setup *new, struct text *ret)
{
	compare_options(&old->config, &new->config, ret);
	compare_speeds(&old->config, &new->config, ret);
	compare_rules(&old->rules, &new->rules, ret);
	compare_thresholds(&old->rules, &new->rules, ret);
	compare_wishes(&old->rules, &new->rules, ret);
	compare_waivers(&old->rules, &new->rules, ret);
	return ret->len > 0;
}
