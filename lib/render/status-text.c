/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/status-text.h"

#include <math.h>
#include <string.h>
#include "render/layout.h"

enum { MARGIN = 12, INDENT = 10, KIND = 14 };

char *age_format(char *buf, size_t size, double seconds)
{
	double s = isfinite(seconds) && seconds > 0 ? floor(min_of(seconds, 1e11)) : 0;

	if (s < 60)
		snprintf(buf, size, "%.0f s", s);
	else if (s < 3600)
		snprintf(buf, size, "%.0f min", floor(s / 60));
	else if (s < 86400)
		snprintf(buf, size, "%.0f h %.0f min", floor(s / 3600), floor(fmod(s, 3600) / 60));
	else
		snprintf(buf, size, "%.0f d %.0f h", floor(s / 86400), floor(fmod(s, 86400) / 3600));
	return buf;
}

static void add_head(const struct status_view *v, const struct render_options *o, struct text *ret)
{
	static const char *const colours[SEVERITIES + 1] = {
		[SEVERITY_INFO] = "32;1",    [SEVERITY_NOTICE] = "32;1", [SEVERITY_WARNING] = "33;1",
		[SEVERITY_ERROR] = "31;1", [SEVERITIES] = "32;1",
	};

	layout_colour(ret, o, colours[v->gravest]);
	text_add(ret, "● ");
	layout_colour(ret, o, "0");
	layout_wrap(ret, v->head, 2, 2, o->width);
	text_add(ret, "\n");
}

static void add_line(const struct status_line *l, const struct render_options *o, struct text *ret)
{
	size_t n = layout_columns(l->label);

	layout_pad(ret, n < MARGIN ? MARGIN - n : 0);
	layout_colour(ret, o, "2");
	text_add(ret, l->label);
	layout_colour(ret, o, "0");
	text_add(ret, "  ");
	layout_wrap(ret, l->text, MARGIN + 2, MARGIN + 2, o->width);
	text_add(ret, "\n");
}

static void add_word(struct text *ret, const struct render_options *o, const char *before, const char *word, size_t *at)
{
	size_t n;

	if (!word || !*word)
		return;
	n = layout_columns(before) + layout_columns(word);
	if (*at + 2 + n > o->width) {
		text_add(ret, "\n");
		layout_pad(ret, INDENT);
		*at = INDENT;
	} else {
		text_add(ret, "  ");
		*at += 2;
	}
	text_add(ret, before);
	layout_wrap(ret, word, *at + layout_columns(before), INDENT, o->width);
	*at += n;
}

static void add_finding(const struct status_finding *f, const struct render_options *o, struct text *ret)
{
	size_t at = INDENT + layout_columns(f->rule);
	char age[AGE_MAX];

	layout_severity(ret, o, f->severity, INDENT);
	layout_colour(ret, o, "1");
	text_add(ret, f->rule);
	layout_colour(ret, o, "0");
	add_word(ret, o, "", f->subject, &at);
	if (f->unit && (!f->subject || strcmp(f->unit, f->subject)))
		add_word(ret, o, "", f->unit, &at);
	add_word(ret, o, "in network namespace ", f->netns, &at);
	layout_colour(ret, o, "2");
	add_word(ret, o, "open for ", age_format(age, sizeof(age), f->age), &at);
	layout_colour(ret, o, "0");
	text_add(ret, "\n");
	if (!f->message || !*f->message)
		return;
	layout_pad(ret, INDENT);
	layout_wrap(ret, f->message, INDENT, INDENT, o->width);
	text_add(ret, "\n");
}

void render_status_text(const struct status_view *v, const struct render_options *o, struct text *ret)
{
	add_head(v, o, ret);
	for (size_t i = 0; i < v->line_count; i++)
		add_line(&v->lines[i], o, ret);
	/* The gravest first; of each severity, in the order of their opening. */
	for (enum severity s = SEVERITIES; s-- > 0;)
		for (size_t i = 0; i < v->finding_count; i++) {
			if (v->findings[i].severity != s)
				continue;
			text_add(ret, "\n");
			add_finding(&v->findings[i], o, ret);
		}
}

void render_event_text(const struct status_event *e, const struct render_options *o, struct text *ret)
{
	size_t n = layout_columns(e->kind);

	layout_colour(ret, o, "2");
	text_addf(ret, "%s  ", e->time);
	layout_colour(ret, o, "0");
	text_add(ret, e->kind);
	layout_pad(ret, n < KIND ? KIND - n : 1);
	layout_severity(ret, o, e->severity, INDENT - 1);
	if (e->rule) {
		layout_colour(ret, o, "1");
		text_add(ret, e->rule);
		layout_colour(ret, o, "0");
		text_addf(ret, "%s%s%s%s: ", e->subject ? " " : "", e->subject ? e->subject : "", e->netns ? " @" : "",
			  e->netns ? e->netns : "");
	}
	text_addf(ret, "%s\n", e->message ? e->message : "");
}
