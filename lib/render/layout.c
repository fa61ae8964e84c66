/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/layout.h"

#include <string.h>

enum { NAME_MAX_SHOWN = 400 };

size_t layout_columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void layout_pad(struct text *t, size_t columns)
{
	while (columns--)
		text_addn(t, " ", 1);
}

void layout_wrap(struct text *t, const char *s, size_t at, size_t indent, size_t width)
{
	for (bool first = true; *s; first = false) {
		size_t n = strcspn(s, " \n");
		char word[512];
		size_t columns;

		snprintf(word, sizeof(word), "%.*s", (int)min_of(n, sizeof(word) - 1), s);
		columns = layout_columns(word);
		if ((!first || at > indent) && at + !first + columns > width && n) {
			text_add(t, "\n");
			layout_pad(t, indent);
			at = indent;
		} else if (!first) {
			text_add(t, " ");
			at++;
		}
		text_addn(t, s, n);
		at += columns;
		s += n;
		s += strspn(s, " \n");
	}
}

void layout_colour(struct text *t, const struct render_options *o, const char *sgr)
{
	if (o->colour)
		text_addf(t, "\033[%sm", sgr);
}

void layout_severity(struct text *t, const struct render_options *o, enum severity s, size_t width)
{
	static const char *const colours[SEVERITIES] = {
		[SEVERITY_INFO] = "36",
		[SEVERITY_NOTICE] = "34;1",
		[SEVERITY_WARNING] = "33;1",
		[SEVERITY_ERROR] = "31;1",
	};
	size_t n = strlen(severity_name(s));

	layout_colour(t, o, colours[s]);
	text_add(t, severity_name(s));
	layout_colour(t, o, "0");
	layout_pad(t, width > n ? width - n : 0);
}

void layout_value(struct text *t, const struct value *v, enum dim dim)
{
	char buf[QUANTITY_MAX];

	if (v->state != VALUE_KNOWN)
		text_add(t, "?");
	else if (v->text)
		text_add_escaped(t, v->text, NAME_MAX_SHOWN);
	else
		text_add(t, quantity_format(buf, sizeof(buf), dim, v->num));
}

void layout_header(const struct report *report, const struct report_part *p, const struct render_options *o, struct text *t)
{
	_cleanup_text_ struct text line = TEXT_NULL;

	text_addf(&line, "tcpadvisor %s · ", report->version);
	text_add_escaped(&line, p->host.hostname, 100);
	text_add(&line, " · Linux ");
	text_add_escaped(&line, p->host.kernel, 100);
	text_add(&line, " · profile ");
	text_add_escaped(&line, report->rules->profile, 100);
	if (p->facts->window > 0)
		text_addf(&line, " · window %.1f s", p->facts->window);
	else
		text_add(&line, " · one sample");
	if (report->recorded)
		text_add(&line, " · recorded");
	if (*p->host.netns) {
		text_add(&line, " · network namespace ");
		text_add_escaped(&line, p->host.netns, 100);
	}
	layout_colour(t, o, "2");
	layout_wrap(t, text_get(&line), 0, 0, o->width);
	layout_colour(t, o, "0");
	text_add(t, "\n\n");
}
