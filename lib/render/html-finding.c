/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings, the gravest first: those of one rule in one frame, with its reasons said once. */
#include <string.h>
#include "render/html.h"

enum { SUBJECTS_SHOWN = 12 };

static void subject_line(struct html *h, const struct finding *f)
{
	const struct subject *s = f->subject;

	if (s->type == SUBJECT_HOST && !s->unit && !s->process)
		return;
	text_addf(h->t, "<p class=\"subject\"><span class=\"kind\">%s</span> ", subject_defs[s->type].name);
	html_element(h->t, "code", NULL, s->name);
	if (s->unit && strcmp(s->unit, s->name)) {
		text_add(h->t, " of ");
		html_element(h->t, "code", NULL, s->unit);
	}
	if (s->process) {
		text_add(h->t, ", process ");
		html_element(h->t, "code", NULL, s->process);
	}
	text_add(h->t, "</p>\n");
}

/* "path.min_rtt.p50", "/proc/net/netstat": may be broken behind such characters, where the page is narrow. */
static void breakable(struct text *t, const char *s, const char *behind)
{
	while (*s) {
		size_t n = strcspn(s, behind);
		_cleanup_text_ struct text piece = TEXT_NULL;

		n += s[n] != 0;
		text_addn(&piece, s, n);
		html_text(t, text_get(&piece));
		text_add(t, "<wbr/>");
		s += n;
	}
}

static void evidence_row(struct text *t, const struct evidence *e)
{
	text_add(t, "<tr><th scope=\"row\">");
	breakable(t, e->fact, "._");
	text_add(t, "</th><td>");
	html_value(t, &e->value, e->dim);
	text_add(t, "</td><td>");
	breakable(t, e->source, "/");
	text_add(t, "</td></tr>\n");
}

static void evidence(struct html *h, const struct finding *f)
{
	struct text *t = h->t;

	if (!f->evidence_count)
		return;
	text_addf(t, "<details class=\"evidence\"%s><summary>Evidence</summary>\n<table>\n<caption class=\"unseen\">Evidence</caption>\n",
		  f->severity >= SEVERITY_NOTICE ? " open=\"open\"" : "");
	text_add(t, "<thead><tr><th scope=\"col\">fact</th><th scope=\"col\">value</th><th scope=\"col\">source</th></tr></thead>\n<tbody>\n");
	for (unsigned i = 0; i < f->evidence_count; i++)
		evidence_row(t, &f->evidence[i]);
	text_add(t, "</tbody>\n</table>\n</details>\n");
}

static void recommendation(struct html *h, const struct recommendation *r)
{
	struct text *t = h->t;

	if (!r->wanted) {
		text_add(t, "<p>");
		html_element(t, "code", NULL, r->key);
		text_add(t, " stays as it is: ");
		html_text(t, r->note ? r->note : "nothing to gain");
		text_add(t, "</p>\n");
		return;
	}
	text_add(t, "<pre><code>");
	html_text(t, r->key);
	text_add(t, " = ");
	html_text(t, r->wanted);
	text_add(t, "</code></pre>\n<p class=\"now\">now ");
	html_element(t, "code", NULL, r->current);
	if (r->note) {
		text_add(t, "; ");
		html_text(t, r->note);
	}
	text_add(t, "</p>\n");
}

/* Two elements of one key are written, and so shown, as one. */
static bool said_before(const struct finding *f, unsigned at)
{
	const struct recommendation *r = &f->recommend[at];

	for (unsigned i = 0; i < at && r->wanted; i++)
		if (f->recommend[i].wanted && !strcmp(f->recommend[i].wanted, r->wanted) && !strcmp(f->recommend[i].key, r->key))
			return true;
	return false;
}

/* Advice that the finding before, of the same rule, gave in the same words, and nothing to set, is not said again. */
static void fix(struct html *h, const struct finding *f, const struct finding *before)
{
	if (!f->recommend_count && (!f->advise || (before && before->advise && !strcmp(before->advise, f->advise))))
		return;
	text_add(h->t, "<div class=\"fix\">\n");
	html_heading(h, 3, "Fix");
	for (unsigned i = 0; i < f->recommend_count; i++)
		if (!said_before(f, i))
			recommendation(h, &f->recommend[i]);
	html_element(h->t, "p", NULL, f->advise);
	text_add(h->t, "</div>\n");
}

static void told(struct html *h, const struct finding *f, const struct finding *before)
{
	text_add(h->t, "<div class=\"case\">\n<div>\n");
	subject_line(h, f);
	html_element(h->t, "p", "message", f->message);
	text_add(h->t, "\n");
	fix(h, f, before);
	text_add(h->t, "</div>\n");
	evidence(h, f);
	text_add(h->t, "</div>\n");
}

static void term(struct text *t, const char *name, const char *s)
{
	if (!s)
		return;
	text_addf(t, "<div><dt>%s</dt>", name);
	html_element(t, "dd", NULL, s);
	text_add(t, "</div>\n");
}

static void reasons(struct html *h, const struct finding *f)
{
	text_add(h->t, "<dl class=\"reasons\">\n");
	term(h->t, "Why", f->rule->because);
	term(h->t, "Risk", f->recommend_count ? f->rule->risk : NULL);
	term(h->t, "Sources", f->rule->refs);
	term(h->t, "Asked for by", f->rule->controls);
	text_add(h->t, "</dl>\n");
}

/* n findings of one rule and severity. */
static void of_rule(struct html *h, const struct finding *f, size_t n, size_t at)
{
	struct text *t = h->t;

	text_addf(t, "<article class=\"finding %s\" id=\"f%u-%zu\" aria-labelledby=\"f%u-%zu-h\">\n", severity_name(f->severity),
		  h->number, at, h->number, at);
	text_addf(t, "<div class=\"head\">\n<h%u id=\"f%u-%zu-h\">", h->level + 2, h->number, at);
	html_text(t, f->rule->title);
	text_addf(t, "</h%u>\n<p class=\"badge\">", h->level + 2);
	html_severity(t, f->severity);
	text_add(t, "</p>\n");
	html_element(t, "p", "id", f->rule->id);
	text_add(t, "\n</div>\n");
	for (size_t i = 0; i < n && i < SUBJECTS_SHOWN; i++)
		told(h, &f[i], i ? &f[i - 1] : NULL);
	if (n > SUBJECTS_SHOWN)
		text_addf(t, "<p class=\"more\">and %zu more of the kind, which <code>--format=json</code> shows</p>\n",
			  n - SUBJECTS_SHOWN);
	reasons(h, f);
	text_add(t, "</article>\n");
}

static void of_severity(struct html *h, enum severity s)
{
	static const char *const names[SEVERITIES] = {"Good to know", "Notices", "Warnings", "Errors"};
	const struct judgement *j = &h->part->judgement;
	size_t n;

	if (!j->by_severity[s])
		return;
	html_heading(h, 1, names[s]);
	for (size_t i = 0; i < j->count; i += n) {
		for (n = 1; i + n < j->count && html_anchor(j, i + n) == html_anchor(j, i);)
			n++;
		if (j->findings[i].severity == s)
			of_rule(h, &j->findings[i], n, i);
	}
}

void html_findings(struct html *h)
{
	html_section(h, "findings", "Findings");
	for (enum severity s = SEVERITIES; s-- > 0;)
		of_severity(h, s);
	if (!h->part->judgement.count)
		text_add(h->t, "<p class=\"empty\">None: every rule that could be judged is content.</p>\n");
	text_add(h->t, "</section>\n");
}
