/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A strict reader of pages, for tests and the fuzzer: markup that is well-formed as XML, of known elements and attributes
 * only, none of which runs or loads anything.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"

enum { HTML_DEPTH_MAX = 64, HTML_WORD_MAX = 32 };

struct html_read {
	char open[HTML_DEPTH_MAX][HTML_WORD_MAX];
	size_t depth, elements;
	char wrong[200]; /* the first thing; "" if none */
};

static const char *const html_tags[] = {
	"html", "head", "meta", "title", "style", "body", "header", "nav", "main", "footer", "section", "article", "div", "p", "a",
	"h1", "h2", "h3", "h4", "h5", "h6", "ul", "li", "dl", "dt", "dd", "b", "span", "code", "pre", "time", "wbr", "table",
	"caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure", "figcaption", "svg", "desc", "path", "rect",
	"line", "circle", "text",
};

static const char *const html_attributes[] = {
	"lang", "charset", "http-equiv", "name", "content", "class", "id", "href", "title", "datetime", "open", "scope", "role",
	"aria-label", "aria-labelledby", "aria-hidden", "width", "height", "viewBox", "fill-rule", "d", "x", "y", "x1", "x2", "y1",
	"y2", "cx", "cy", "r", "text-anchor", "overflow",
};

static inline _printf_(2, 3) void html_wrong(struct html_read *r, const char *fmt, ...)
{
	va_list ap;

	if (*r->wrong)
		return;
	va_start(ap, fmt);
	vsnprintf(r->wrong, sizeof(r->wrong), fmt, ap);
	va_end(ap);
}

static inline bool html_known(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return true;
	return false;
}

/* A word of letters, digits and '-' at *p; what follows in *p. */
static inline void html_word(const char **p, char *ret)
{
	size_t n = strspn(*p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

	snprintf(ret, HTML_WORD_MAX, "%.*s", (int)n, *p);
	*p += n;
}

/* An '&' at p must begin one of the five entities. */
static inline bool html_entity(const char *p)
{
	static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

	for (size_t i = 0; i < ARRAY_SIZE(entities); i++)
		if (!strncmp(p, entities[i], strlen(entities[i])))
			return true;
	return false;
}

/* name="value" */
static inline void html_attribute(struct html_read *r, const char **p)
{
	char name[HTML_WORD_MAX];
	const char *value;

	html_word(p, name);
	if (!html_known(html_attributes, ARRAY_SIZE(html_attributes), name))
		html_wrong(r, "an attribute '%s'", name);
	if (strncmp(*p, "=\"", 2)) {
		html_wrong(r, "%s is not quoted: %.40s", name, *p);
		return;
	}
	value = *p += 2;
	for (; **p && **p != '"'; (*p)++)
		if (**p == '<' || (**p == '&' && !html_entity(*p)))
			html_wrong(r, "%s holds %.20s", name, *p);
	if (!strcmp(name, "href") && *value != '#')
		html_wrong(r, "a link out: %.40s", value);
	*p += **p != 0;
}

static inline void html_close_tag(struct html_read *r, const char **p)
{
	char name[HTML_WORD_MAX];

	html_word(p, name);
	if (!r->depth || strcmp(r->open[r->depth - 1], name))
		html_wrong(r, "</%s> within <%s>", name, r->depth ? r->open[r->depth - 1] : "");
	else
		r->depth--;
	if (**p != '>')
		html_wrong(r, "</%s is not closed", name);
}

static inline void html_open_tag(struct html_read *r, const char **p)
{
	char *name = r->open[r->depth];

	html_word(p, name);
	r->elements++;
	if (!html_known(html_tags, ARRAY_SIZE(html_tags), name))
		html_wrong(r, "an element '%s' at %.40s", name, *p);
	while (**p == ' ' && !*r->wrong) {
		++*p;
		html_attribute(r, p);
	}
	if (!strncmp(*p, "/>", 2))
		++*p;
	else if (**p == '>' && r->depth + 1 < HTML_DEPTH_MAX)
		r->depth++;
	else
		html_wrong(r, "<%s is not closed, or nested too deep", name);
}

/* The whole of a page. */
static inline void html_read(struct html_read *r, const char *page)
{
	static const char doctype[] = "<!DOCTYPE html>\n";
	const char *p = page;

	*r = (struct html_read){0};
	if (strncmp(p, doctype, strlen(doctype)))
		html_wrong(r, "it begins with %.20s", p);
	else
		p += strlen(doctype);
	for (; *p && !*r->wrong; p++) {
		if (*p == '&' && !html_entity(p))
			html_wrong(r, "an unknown entity: %.20s", p);
		if (*p != '<')
			continue;
		p++;
		if (*p == '/') {
			p++;
			html_close_tag(r, &p);
		} else {
			html_open_tag(r, &p);
		}
	}
	if (r->depth)
		html_wrong(r, "<%s> is left open", r->open[r->depth - 1]);
}
