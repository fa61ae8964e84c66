/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan for a person at a terminal: what changes, what asks for it, and what is left out. */
#include <string.h>
#include "plan/plan.h"
#include "render/layout.h"
#include "render/render.h"

enum { INDENT = 12, PARAGRAPH_MAX = 2000 };

struct rendering {
	const struct render_options *o;
	struct text *t;
};

/* "memory    " in the margin, then the text wrapped beside it. */
static void paragraph(struct rendering *r, const char *margin, const char *s)
{
	_cleanup_text_ struct text escaped = TEXT_NULL;

	text_add_escaped(&escaped, s, PARAGRAPH_MAX);
	layout_pad(r->t, 2);
	layout_colour(r->t, r->o, "2");
	text_add(r->t, margin);
	layout_colour(r->t, r->o, "0");
	layout_pad(r->t, INDENT - 2 - layout_columns(margin));
	layout_wrap(r->t, text_get(&escaped), INDENT, INDENT, r->o->width);
	text_add(r->t, "\n");
}

static void bold(struct rendering *r, const char *s)
{
	layout_colour(r->t, r->o, "1");
	text_add(r->t, s);
	layout_colour(r->t, r->o, "0");
}

static void name(struct rendering *r, const char *key)
{
	_cleanup_text_ struct text escaped = TEXT_NULL;

	text_add_escaped(&escaped, key, PARAGRAPH_MAX);
	bold(r, text_get(&escaped));
	text_add(r->t, "\n");
}

static void from_to(struct rendering *r, const char *current, const char *wanted)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	text_addf(&t, "%s → %s", current ? current : "?", wanted);
	paragraph(r, "", text_get(&t));
}

static void change(struct rendering *r, const struct plan_change *c)
{
	name(r, c->key);
	from_to(r, c->current, c->wanted);
	paragraph(r, "asked by", c->why);
	paragraph(r, "", c->message);
	paragraph(r, "effect", c->effect);
	if (c->memory_text)
		paragraph(r, "memory", c->memory_text);
	if (c->note)
		paragraph(r, "note", c->note);
	text_add(r->t, "\n");
}

static void left(struct rendering *r, const struct plan_left *l)
{
	name(r, l->key);
	if (l->wanted)
		from_to(r, l->current, l->wanted);
	if (l->asked_by)
		paragraph(r, "asked by", l->asked_by);
	paragraph(r, "left out", l->why);
}

static void sentence(struct rendering *r, const char *s)
{
	layout_wrap(r->t, s, 0, 0, r->o->width);
	text_add(r->t, "\n");
}

void render_plan_text(const struct plan *p, const struct report *report, const struct render_options *o, struct text *ret)
{
	struct rendering r = {.o = o, .t = ret};
	_cleanup_text_ struct text count = TEXT_NULL;

	layout_header(report, &report->parts[0], o, ret);
	for (size_t i = 0; i < p->change_count; i++)
		change(&r, &p->changes[i]);
	if (p->left_count)
		bold(&r, "Left out:\n");
	for (size_t i = 0; i < p->left_count; i++)
		left(&r, &p->left[i]);
	if (p->left_count)
		text_add(ret, "\n");
	text_addf(&count, "%zu change%s", p->change_count, p->change_count == 1 ? "" : "s");
	bold(&r, p->change_count ? text_get(&count) : "Nothing to change");
	text_add(ret, "\n");
	if (p->change_count && !report->recorded && !o->refused)
		sentence(&r, "To make them on trial: tcpadvisor apply. What is not confirmed in time, or hurts, is undone.");
}
