/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An audit for a ticket: GitHub's Markdown, which GitLab, Gitea and most trackers read too. */
#include <string.h>
#include "render/render.h"

enum { TEXT_SHOWN = 4000, SUBJECTS_SHOWN = 20 };

static bool is_special(const char *s, const char *p)
{
	if (strchr("\\`*_[]<>|~^$", *p))
		return true;
	/* What begins a line could be a list or a heading; addresses would become links by themselves. */
	if (p == s)
		return strchr("+-=", *p);
	if (strchr(".)", *p) && strspn(s, "0123456789") == (size_t)(p - s))
		return true;
	return (*p == ':' && p[1] == '/') || (*p == '.' && p - s >= 3 && !strncasecmp(p - 3, "www", 3));
}

/*
 * Untrusted text as text: nothing in it is markup, no user is told of it, and no other ticket is referred to. A comment
 * that is empty stands behind what would do that; a backslash would not help, since it is looked for in what was made.
 */
static void add_text(struct text *t, const char *untrusted)
{
	_cleanup_text_ struct text plain = TEXT_NULL;
	const char *s;

	text_add_escaped(&plain, untrusted, TEXT_SHOWN);
	s = text_get(&plain);
	for (const char *p = s; *p; p++) {
		if (*p == '&')
			text_add(t, "&amp;");
		else if (strchr("@#!", *p))
			text_addf(t, "%s%c<!-- -->", p == s && *p == '#' ? "\\" : "", *p);
		else
			text_addf(t, "%s%c", is_special(s, p) ? "\\" : "", *p);
	}
}

/* As code: fenced by more backticks than it has in a row. A table would be split by a bar even so. */
static void add_code(struct text *t, const char *untrusted)
{
	_cleanup_text_ struct text plain = TEXT_NULL;
	size_t longest = 0, run = 0;
	char fence[64];

	text_add_escaped(&plain, untrusted, TEXT_SHOWN);
	for (const char *p = text_get(&plain); *p; p++) {
		run = *p == '`' ? run + 1 : 0;
		longest = max_of(longest, run);
	}
	if (longest + 2 > sizeof(fence) || strchr(text_get(&plain), '|') || !plain.len) {
		add_text(t, untrusted);
		return;
	}
	memset(fence, '`', longest + 1);
	fence[longest + 1] = 0;
	text_addf(t, longest ? "%s %s %s" : "%s%s%s", fence, text_get(&plain), fence);
}

static void add_labelled(struct text *t, const char *label, const char *s)
{
	if (!s || !*s)
		return;
	text_addf(t, "**%s** ", label);
	add_text(t, s);
	text_add(t, "\n\n");
}

static void add_evidence(struct text *t, const struct finding *f)
{
	if (!f->evidence_count)
		return;
	text_add(t, "| evidence | value | source |\n|---|---|---|\n");
	for (unsigned i = 0; i < f->evidence_count; i++) {
		const struct evidence *e = &f->evidence[i];
		char buf[QUANTITY_MAX];

		text_add(t, "| ");
		add_code(t, e->fact);
		text_add(t, " | ");
		if (e->value.state != VALUE_KNOWN)
			add_text(t, value_reason(&e->value));
		else
			add_code(t, e->value.text ? e->value.text : quantity_format(buf, sizeof(buf), e->dim, e->value.num));
		text_add(t, " | ");
		add_text(t, e->source);
		text_add(t, " |\n");
	}
	text_add(t, "\n");
}

static void add_recommendations(struct text *t, const struct finding *f)
{
	for (unsigned i = 0; i < f->recommend_count; i++) {
		const struct recommendation *r = &f->recommend[i];
		_cleanup_text_ struct text line = TEXT_NULL;

		text_addf(&line, "%s = %s", r->key, r->wanted ? r->wanted : "");
		text_add(t, r->wanted ? "- set " : "- leave ");
		add_code(t, r->wanted ? text_get(&line) : r->key);
		if (r->current) {
			text_add(t, ", now ");
			add_code(t, r->current);
		}
		if (r->note) {
			text_add(t, ": ");
			add_text(t, r->note);
		}
		text_add(t, "\n");
	}
	if (f->recommend_count)
		text_add(t, "\n");
}

static void add_subject(struct text *t, const struct finding *f)
{
	add_code(t, f->subject->name);
	if (f->subject->unit) {
		text_add(t, " of ");
		add_code(t, f->subject->unit);
	}
	if (f->subject->process) {
		text_add(t, ", ");
		add_code(t, f->subject->process);
	}
	text_add(t, "\n\n");
}

/* What is the rule's is said once, with the first of its subjects. */
static void add_finding(struct text *t, const struct finding *f, bool first)
{
	if (first) {
		text_addf(t, "### %s: ", severity_name(f->severity));
		add_text(t, f->rule->title);
		text_addf(t, " (`%s`)\n\n", f->rule->id);
	}
	add_subject(t, f);
	text_add(t, "> ");
	add_text(t, f->message);
	text_add(t, "\n\n");
	add_evidence(t, f);
	add_recommendations(t, f);
	add_labelled(t, "Do", f->advise);
	if (!first)
		return;
	add_labelled(t, "Why", f->rule->because);
	add_labelled(t, "Risk", f->rule->risk);
	add_labelled(t, "Sources", f->rule->refs);
}

/* A ticket that nobody reads to its end helps nobody: of one rule so many subjects. */
static void add_findings(struct text *t, const struct judgement *j)
{
	size_t same = 0;

	for (size_t i = 0; i < j->count; i++) {
		bool last = i + 1 == j->count || j->findings[i + 1].rule != j->findings[i].rule;

		same = i && j->findings[i - 1].rule == j->findings[i].rule ? same + 1 : 0;
		if (same < SUBJECTS_SHOWN)
			add_finding(t, &j->findings[i], same == 0);
		if (last && same >= SUBJECTS_SHOWN)
			text_addf(t, "And %zu more of `%s`.\n\n", same + 1 - SUBJECTS_SHOWN, j->findings[i].rule->id);
	}
}

static void add_unjudged(struct text *t, const struct judgement *j)
{
	bool any = false;

	for (size_t i = 0; i < j->unjudged_count; i++) {
		const struct finding *f = &j->unjudged[i];

		if (f->status == STATUS_NOT_APPLICABLE)
			continue;
		text_add(t, any ? "" : "### Not judged\n\n| rule | status | reason |\n|---|---|---|\n");
		any = true;
		text_addf(t, "| `%s` | %s | ", f->rule->id, status_name(f->status));
		add_text(t, f->reason ? f->reason : "");
		text_add(t, " |\n");
	}
	text_add(t, any ? "\n" : "");
}

static void add_part(struct text *t, const struct report *r, const struct report_part *p)
{
	if (*p->host.netns || r->count > 1) {
		text_add(t, "## Network namespace ");
		add_code(t, *p->host.netns ? p->host.netns : "of the host");
		text_add(t, "\n\n");
	}
	add_findings(t, &p->judgement);
	if (!p->judgement.count)
		text_add(t, "Nothing to advise.\n\n");
	add_unjudged(t, &p->judgement);
	for (size_t i = 0; i < p->facts->note_count; i++) {
		text_add(t, "- ");
		add_text(t, p->facts->notes[i]);
		text_add(t, i + 1 == p->facts->note_count ? "\n\n" : "\n");
	}
}

void render_report_markdown(const struct report *r, const struct render_options *o, struct text *ret)
{
	const struct root_host *h = &r->parts[0].host;
	struct report_totals t = report_totals(r);

	(void)o;
	text_add(ret, "# tcpadvisor on ");
	add_code(ret, h->hostname);
	text_addf(ret, "\n\nVersion %s, Linux ", r->version);
	add_code(ret, h->kernel);
	text_add(ret, ", profile ");
	add_code(ret, r->rules->profile ? r->rules->profile : "");
	text_add(ret, r->recorded ? ", recorded.\n\n" : ".\n\n");
	text_addf(ret,
		  "| errors | warnings | notices | info | ok | not applicable | unknown | waived |\n|---|---|---|---|---|---|---|---|\n"
		  "| %u | %u | %u | %u | %u | %u | %u | %u |\n\n",
		  t.by_severity[SEVERITY_ERROR], t.by_severity[SEVERITY_WARNING], t.by_severity[SEVERITY_NOTICE],
		  t.by_severity[SEVERITY_INFO], t.by_status[STATUS_OK], t.by_status[STATUS_NOT_APPLICABLE], t.by_status[STATUS_UNKNOWN],
		  t.by_status[STATUS_WAIVED]);
	for (size_t i = 0; i < r->count; i++)
		add_part(ret, r, &r->parts[i]);
	/* One line break at the end. */
	while (ret->len > 1 && ret->s[ret->len - 1] == '\n' && ret->s[ret->len - 2] == '\n')
		ret->s[--ret->len] = 0;
}
