/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was not judged: each reason once, with the rules that it keeps from a verdict. */
#include <string.h>
#include "render/html.h"

static bool same_cause(const struct finding *a, const struct finding *b)
{
	return a->status == b->status && !strcmp(a->cause, b->cause);
}

static bool said_before(const struct judgement *j, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_cause(&j->unjudged[i], &j->unjudged[at]))
			return true;
	return false;
}

/* One rule has its own words; several share the cause. */
static void add_group(struct html *h, size_t at)
{
	const struct judgement *j = &h->part->judgement;
	const struct finding *first = &j->unjudged[at];
	const struct rule *last = NULL;
	unsigned rules = 0;

	text_add(h->t, "<div><dt>");
	for (size_t i = at; i < j->unjudged_count; i++)
		if (same_cause(&j->unjudged[i], first) && j->unjudged[i].rule != last) {
			last = j->unjudged[i].rule;
			text_add(h->t, rules++ ? ", " : "");
			html_element(h->t, "code", NULL, last->id);
		}
	text_add(h->t, "</dt>");
	html_element(h->t, "dd", NULL, rules == 1 ? first->reason : first->cause);
	text_add(h->t, "</div>\n");
}

/* Rules that end so for a subject or more, be it worse with another. */
static unsigned rules_of(const struct judgement *j, enum finding_status status)
{
	const struct rule *last = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < j->unjudged_count; i++)
		if (j->unjudged[i].status == status && j->unjudged[i].rule != last) {
			last = j->unjudged[i].rule;
			n++;
		}
	return n;
}

static void add_status(struct html *h, enum finding_status status, const char *title, bool folded)
{
	const struct judgement *j = &h->part->judgement;
	unsigned rules = rules_of(j, status);

	if (!rules)
		return;
	if (folded)
		text_addf(h->t, "<details>\n<summary>%s (%u)</summary>\n", title, rules);
	else
		html_heading(h, 1, title);
	text_add(h->t, "<dl class=\"unjudged\">\n");
	for (size_t i = 0; i < j->unjudged_count; i++)
		if (j->unjudged[i].status == status && !said_before(j, i))
			add_group(h, i);
	text_add(h->t, folded ? "</dl>\n</details>\n" : "</dl>\n");
}

void html_unjudged(struct html *h)
{
	const struct judgement *j = &h->part->judgement;

	html_section(h, "unjudged", "Not judged");
	if (!j->unjudged_count)
		text_add(h->t, "<p class=\"empty\">Every rule was judged.</p>\n");
	add_status(h, STATUS_UNKNOWN, "Unknown, which is not the same as well", false);
	add_status(h, STATUS_WAIVED, "Waived", false);
	add_status(h, STATUS_NOT_APPLICABLE, "Not applicable here", !h->verbose);
	text_add(h->t, "</section>\n");
}
