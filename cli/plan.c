/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/plan.h"

#include <string.h>

static const struct {
	const char *name;
	void (*render)(const struct plan *p, const struct report *r, const struct render_options *o, struct text *ret);
} formats[] = {
	{"text", render_plan_text},
	{"json", render_plan_json},
	{"sysctl", render_plan_sysctl},
};

/* A key that no rule can ask for was mistyped, or is not this program's to change. */
static int check_only(const struct session *s, const struct options *o)
{
	for (size_t i = 0; i < o->only_count; i++) {
		struct arena a = ARENA_NULL;
		const char *nearest;

		if (catalogue_find(&s->rules.catalogue, o->only[i]))
			continue;
		nearest = catalogue_nearest(&s->rules.catalogue, o->only[i], &a);
		complain("--only=%s: not in the catalogue of sysctls%s%s%s", o->only[i], nearest ? ": was it meant to be " : "",
			 nearest ? nearest : "", nearest ? "?" : "");
		arena_clear(&a);
		return EXIT_USAGE;
	}
	return 0;
}

int session_plan(struct session *s, const struct options *o, struct plan *ret)
{
	struct plan_options only = {.only = o->only, .only_count = o->only_count};
	int r;

	if (o->netns && !strcmp(o->netns, "all")) {
		complain("--netns=all: a plan is of one network namespace");
		return EXIT_USAGE;
	}
	if (o->diff && strcmp(o->format, "text")) {
		complain("--diff is a form of its own: it does not go with --format=%s", o->format);
		return EXIT_USAGE;
	}
	r = session_open(s, o);
	if (r || (r = check_only(s, o)) || (r = session_judge(s, o)))
		return r;
	plan_make(&s->report.parts[0].judgement, &only, ret);
	return 0;
}

void plan_show(const struct session *s, const struct options *o, const struct plan *p, struct text *t)
{
	struct render_options ro = output_options(o);

	if (o->diff) {
		render_plan_diff(p, &s->report, &ro, t);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, o->format))
			formats[i].render(p, &s->report, &ro, t);
}
