/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan as lines of sysctl.d: a commented file, and the difference to what is in force. */
#include <string.h>
#include "plan/plan.h"
#include "render/layout.h"
#include "render/render.h"

enum { COMMENT_WIDTH = 100, COMMENT_MAX = 2000 };

/* A line that would silence lint is none that the administrator wrote. */
static const char *mark(const char *line)
{
	static const char word[] = "tcpadvisor:";

	return strncmp(line, word, strlen(word)) ? "# " : "# > ";
}

/* Escaped and wrapped, each line behind a mark: nothing of it can become a line of its own. */
static void comment(struct text *t, const char *s)
{
	_cleanup_text_ struct text escaped = TEXT_NULL, wrapped = TEXT_NULL;

	text_add_escaped(&escaped, s, COMMENT_MAX);
	layout_wrap(&wrapped, text_get(&escaped), 2, 0, COMMENT_WIDTH);
	text_add(t, mark(text_get(&wrapped)));
	for (const char *c = text_get(&wrapped); *c; c++) {
		text_addn(t, c, 1);
		if (*c == '\n')
			text_add(t, mark(c + 1));
	}
	text_add(t, "\n");
}

static void pair(struct text *t, const char *label, const char *s)
{
	_cleanup_text_ struct text line = TEXT_NULL;

	text_addf(&line, "%s: %s", label, s);
	comment(t, text_get(&line));
}

static void change(struct text *t, const struct plan_change *c)
{
	text_add(t, "\n");
	pair(t, c->why, c->message);
	pair(t, "Was", c->current);
	pair(t, "Takes effect", c->effect);
	if (c->memory_text)
		pair(t, "Memory", c->memory_text);
	if (c->note)
		pair(t, "Note", c->note);
	text_addf(t, "%s = %s\n", c->key, c->wanted);
}

void render_plan_sysctl(const struct plan *p, const struct report *report, const struct render_options *o, struct text *ret)
{
	const struct root_host *h = &report->parts[0].host;
	_cleanup_text_ struct text line = TEXT_NULL;

	(void)o;
	text_addf(&line, "Planned by tcpadvisor %s for %s, Linux %s, profile %s.", report->version, h->hostname, h->kernel,
		  report->rules->profile);
	comment(ret, text_get(&line));
	for (size_t i = 0; i < p->change_count; i++)
		change(ret, &p->changes[i]);
	for (size_t i = 0; i < p->left_count; i++) {
		text_add(ret, i ? "" : "\n");
		text_clear(&line);
		text_addf(&line, "Left out: %s%s%s: %s", p->left[i].key, p->left[i].wanted ? " = " : "",
			  p->left[i].wanted ? p->left[i].wanted : "", p->left[i].why);
		comment(ret, text_get(&line));
	}
}

void render_plan_diff(const struct plan *p, const struct report *report, const struct render_options *o, struct text *ret)
{
	(void)report;
	if (!p->change_count)
		return;
	text_addf(ret, "--- live\n+++ plan\n@@ -1,%zu +1,%zu @@\n", p->change_count, p->change_count);
	for (size_t i = 0; i < p->change_count; i++) {
		const struct plan_change *c = &p->changes[i];

		layout_colour(ret, o, "31");
		text_addf(ret, "-%s = ", c->key);
		text_add_escaped(ret, c->current, COMMENT_MAX);
		layout_colour(ret, o, "0");
		text_add(ret, "\n");
		layout_colour(ret, o, "32");
		text_addf(ret, "+%s = %s", c->key, c->wanted);
		layout_colour(ret, o, "0");
		text_add(ret, "\n");
	}
}
