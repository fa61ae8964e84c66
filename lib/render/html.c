/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/html.h"

#include <string.h>

enum { TEXT_MAX = 4096 };

/* What has a meaning in markup, and the two characters that XML has not. */
static const struct {
	const char *from, *to;
} entities[] = {
	{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}, {"\xef\xbf\xbe", "\\xef\\xbf\\xbe"},
	{"\xef\xbf\xbf", "\\xef\\xbf\\xbf"},
};

void html_text(struct text *t, const char *s)
{
	_cleanup_text_ struct text plain = TEXT_NULL;

	text_add_escaped(&plain, s, TEXT_MAX);
	for (const char *p = text_get(&plain); *p;) {
		size_t n = strcspn(p, "&<>\"'\xef"), e = 0;

		text_addn(t, p, n);
		p += n;
		while (*p && e < ARRAY_SIZE(entities) && strncmp(p, entities[e].from, strlen(entities[e].from)))
			e++;
		if (*p && e < ARRAY_SIZE(entities)) {
			text_add(t, entities[e].to);
			p += strlen(entities[e].from);
		} else if (*p) {
			text_addn(t, p++, 1);
		}
	}
}

void html_element(struct text *t, const char *tag, const char *class, const char *s)
{
	if (!s)
		return;
	text_addf(t, "<%s", tag);
	if (class)
		text_addf(t, " class=\"%s\"", class);
	text_add(t, ">");
	html_text(t, s);
	text_addf(t, "</%s>", tag);
}

void html_heading(struct html *h, unsigned below, const char *s)
{
	text_addf(h->t, "<h%u%s>", h->level + below, below == 1 ? " class=\"group\"" : "");
	html_text(h->t, s);
	text_addf(h->t, "</h%u>\n", h->level + below);
}

void html_section(struct html *h, const char *id, const char *title)
{
	text_addf(h->t, "<section id=\"%s-%u\" aria-labelledby=\"%s-%u-h\">\n<h%u class=\"title\" id=\"%s-%u-h\">%s</h%u>\n", id, h->number,
		  id, h->number, h->level, id, h->number, title, h->level);
}

void html_value(struct text *t, const struct value *v, enum dim dim)
{
	char buf[QUANTITY_MAX];

	if (v->state != VALUE_KNOWN) {
		text_add(t, "<span class=\"unknown\">? (");
		html_text(t, value_reason(v));
		text_add(t, ")</span>");
	} else {
		html_text(t, v->text ? v->text : quantity_format(buf, sizeof(buf), dim, v->num));
	}
}

void html_count(struct text *t, size_t n, const char *one, const char *many)
{
	text_addf(t, "%zu %s", n, n == 1 ? one : many);
}

void html_severity(struct text *t, enum severity s)
{
	static const char *const shapes[SEVERITIES] = {
		[SEVERITY_INFO] = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM7 7h2v5H7zM7 4h2v2H7z",
		[SEVERITY_NOTICE] = "M8 .5 15.5 8 8 15.5 .5 8zM7 4h2v5H7zM7 10.5h2v2H7z",
		[SEVERITY_WARNING] = "M8 1 15.8 15H.2zM7 6h2v4.5H7zM7 11.7h2v2H7z",
		[SEVERITY_ERROR] = "M5 .5h6L15.5 5v6L11 15.5H5L.5 11V5zM5.4 4 4 5.4 6.6 8 4 10.6 5.4 12 8 9.4 10.6 12 12 10.6 "
				   "9.4 8 12 5.4 10.6 4 8 6.6z",
	};

	text_addf(t, "<svg class=\"sign\" width=\"16\" height=\"16\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path fill-rule=\"evenodd\" d=\"%s\"/></svg>%s",
		  shapes[s], severity_name(s));
}

size_t html_anchor(const struct judgement *j, size_t finding)
{
	while (finding && j->findings[finding - 1].rule == j->findings[finding].rule &&
	       j->findings[finding - 1].severity == j->findings[finding].severity)
		finding--;
	return finding;
}

const struct finding *html_finding_about(const struct judgement *j, const struct subject *s)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->findings[i].subject == s)
			return &j->findings[i];
	return NULL;
}

enum severity html_flag(struct html *h, const struct subject *s)
{
	const struct judgement *j = &h->part->judgement;
	const struct finding *f = html_finding_about(j, s);

	if (!f)
		return SEVERITIES;
	text_addf(h->t, " <a class=\"flag %s\" href=\"#f%u-%zu\">", severity_name(f->severity), h->number,
		  html_anchor(j, (size_t)(f - j->findings)));
	html_severity(h->t, f->severity);
	text_add(h->t, ": ");
	html_text(h->t, f->rule->id);
	text_add(h->t, "</a>");
	return f->severity;
}
