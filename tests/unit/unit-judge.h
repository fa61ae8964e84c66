/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the tests of judging and rendering: rules from texts, facts made by hand, and what comes of both. */
#pragma once

#include "unit-host.h"

#include "config/config.h"
#include "judge/judge.h"
#include "render/render.h"

#define RULE_TEXTS "title = t\nmessage = m\nbecause = b\nrefs = r\n"

static const char court_catalogue[] =
	"format = 1\n"
	"[net.ipv4.tcp_rmem]\n" HOST_KEY_TEXTS
	"elements = 3\nunit = bytes\nmin = 4096 4096 65536\nmax = 1073741824\n"
	"order = ascending\nnever-below-default = yes\n"
	"[net.core.somaxconn]\n" HOST_KEY_TEXTS "min = 128\nmax = 65535\napply = vetted\n"
	"[net.core.free]\n" HOST_KEY_TEXTS "apply = never\n"
	"[net.ipv4.tcp_rto_max_ms]\n" HOST_KEY_TEXTS "unit = milliseconds\nmin = 1000\nmax = 120000\n"
	"[net.ipv4.tcp_mtu_probing]\n" HOST_KEY_TEXTS "values = 0 1 2\n"
	"[net.ipv4.tcp_congestion_control]\n" HOST_KEY_TEXTS "type = word\n";

struct court {
	struct ruleset rules;
	struct facts *facts;
	struct judgement judgement;
	double clock;
};

static inline void court_clear(struct court *c)
{
	judgement_clear(&c->judgement);
	facts_free(c->facts);
	ruleset_clear(&c->rules);
}

#define _cleanup_court_ _cleanup_(court_clear)

/* Texts of the files; a profile or waivers NULL: none. */
struct texts {
	const char *rules, *profile, *waivers;
};

static inline void court_load(struct court *c, const struct tree *t, const struct texts *x)
{
	_cleanup_(root_freep) struct root *r = NULL;
	struct diag d = {0};
	char datadir[4200];

	tree_write(t, "r/etc/tcpadvisor/rules/sysctl/t.sysctl", court_catalogue);
	tree_write(t, "r/etc/tcpadvisor/rules/t.rule", x->rules);
	tree_write(t, "r/etc/tcpadvisor/profiles/p.profile",
		   x->profile ? x->profile : "format = 1\n[profile]\nsummary = s\n");
	if (x->waivers)
		tree_write(t, "r/etc/tcpadvisor/waivers/t.waiver", x->waivers);
	r = open_record(t, PLAIN);
	if (config_load_rules(r, tree_path(t, "none", datadir, sizeof(datadir)), "p", &c->rules, &d) < 0)
		fail_msg("%s:%u: %s", d.file, d.line, d.message);
}

/* Facts of a host of which nothing is known yet but that the catalogue's keys are there to be judged. */
static inline void court_facts(struct court *c)
{
	const struct catalogue *cat = &c->rules.catalogue;

	c->facts = facts_new();
	c->facts->sysctls = arena_array(&c->facts->arena, struct sysctl_state, cat->count + 1);
	c->facts->sysctl_count = cat->count;
	for (size_t i = 0; i < cat->count; i++) {
		struct sysctl_state *s = &c->facts->sysctls[i];

		*s = (struct sysctl_state){.def = &cat->defs[i], .key = cat->defs[i].key, .reason = "this kernel has no such key"};
		facts_add(c->facts, SUBJECT_SYSCTL, cat->defs[i].key)->key = s;
	}
}

static inline void court_open(struct court *c, const struct tree *t, const char *rules)
{
	court_load(c, t, &(struct texts){.rules = rules});
	court_facts(c);
}

static inline struct sysctl_state *court_key(const struct court *c, const char *key)
{
	for (size_t i = 0; i < c->facts->sysctl_count; i++)
		if (!strcmp(c->facts->sysctls[i].def->key, key))
			return &c->facts->sysctls[i];
	fail_msg("no key %s", key);
	return NULL;
}

/* As collect_sysctls() would have read it. */
static inline void set_live(const struct court *c, const char *key, const char *raw)
{
	struct sysctl_state *s = court_key(c, key);
	char *at = arena_strdup(&c->facts->arena, raw);

	s->state = VALUE_KNOWN;
	s->raw = arena_strdup(&c->facts->arena, raw);
	if (!dim_is_number(s->def->dim)) {
		s->elements[0] = value_text(s->raw);
		return;
	}
	for (unsigned i = 0; i < s->def->elements; i++) {
		char *end;
		double v = strtod(at, &end);

		s->elements[i] = end == at ? value_missing(VALUE_GARBLED, NULL) : value_number(v / s->def->scale);
		at = end;
	}
}

static inline void set_default(const struct court *c, const char *key, unsigned element, double v)
{
	court_key(c, key)->defaults[element] = value_number(v);
}

static inline struct subject *add_subject(struct court *c, enum subject_type type, const char *name)
{
	return facts_add(c->facts, type, name);
}

static inline const struct judgement *court_judge(struct court *c)
{
	judgement_clear(&c->judgement);
	judge(&c->rules, c->facts, c->clock, &c->judgement);
	return &c->judgement;
}

/* The only finding, or the first of those not judged. */
static inline const struct finding *only_finding(const struct judgement *j)
{
	assert_int_equal(j->count, 1);
	return &j->findings[0];
}

static inline const struct finding *only_unjudged(const struct judgement *j)
{
	assert_int_equal(j->count, 0);
	assert_int_equal(j->unjudged_count, 1);
	return &j->unjudged[0];
}
