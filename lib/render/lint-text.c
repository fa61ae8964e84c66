/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lint for a terminal or a compiler's reader: file and line first, one file after the other. */
#include <string.h>
#include "render/layout.h"
#include "render/render.h"

enum { INDENT = 4, NAME_SHOWN = 400, SENTENCE_SHOWN = 2000 };

static const char *const colours[SEVERITIES] = {
	[SEVERITY_INFO] = "36",
	[SEVERITY_NOTICE] = "34;1",
	[SEVERITY_WARNING] = "33;1",
	[SEVERITY_ERROR] = "31;1",
};

struct rendering {
	const struct render_options *o;
	struct text *t;
};

static int by_place(const void *a, const void *b)
{
	const struct finding *x = *(const struct finding *const *)a, *y = *(const struct finding *const *)b;
	int r = strcmp(x->subject->file ? x->subject->file : "", y->subject->file ? y->subject->file : "");

	if (r)
		return r;
	if (x->subject->line != y->subject->line)
		return x->subject->line < y->subject->line ? -1 : 1;
	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	r = strcmp(x->rule->id, y->rule->id);
	return r ? r : x->order < y->order ? -1 : x->order > y->order;
}

static void paragraph(struct rendering *r, const char *word, const char *s)
{
	_cleanup_text_ struct text escaped = TEXT_NULL;
	size_t at = INDENT + strlen(word) + 2;

	text_add_escaped(&escaped, s, SENTENCE_SHOWN);
	layout_pad(r->t, INDENT);
	layout_colour(r->t, r->o, "2");
	text_addf(r->t, "%s: ", word);
	layout_colour(r->t, r->o, "0");
	layout_wrap(r->t, text_get(&escaped), at, INDENT + 2, r->o->width);
	text_add(r->t, "\n");
}

static void recommendation(struct rendering *r, const struct recommendation *rec)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	if (!rec->wanted)
		return;
	text_addf(&t, "%s = %s", rec->key, rec->wanted);
	paragraph(r, "set", text_get(&t));
}

/* "FILE:LINE: severity: message [rule]" */
static void finding(struct rendering *r, const struct finding *f)
{
	_cleanup_text_ struct text head = TEXT_NULL, body = TEXT_NULL;
	size_t at;

	text_add_escaped(&head, f->subject->file ? f->subject->file : f->subject->name, NAME_SHOWN);
	if (f->subject->line)
		text_addf(&head, ":%u", f->subject->line);
	layout_colour(r->t, r->o, "1");
	text_addf(r->t, "%s: ", text_get(&head));
	layout_colour(r->t, r->o, "0");
	layout_colour(r->t, r->o, colours[f->severity]);
	text_addf(r->t, "%s: ", severity_name(f->severity));
	layout_colour(r->t, r->o, "0");
	at = layout_columns(text_get(&head)) + strlen(severity_name(f->severity)) + 4;
	text_add_escaped(&body, f->message, SENTENCE_SHOWN);
	text_addf(&body, " [%s]", f->rule->id);
	layout_wrap(r->t, text_get(&body), at, INDENT, r->o->width);
	text_add(r->t, "\n");
	if (f->severity == SEVERITY_INFO && !r->o->verbose)
		return;
	for (unsigned i = 0; i < f->recommend_count; i++)
		recommendation(r, &f->recommend[i]);
	if (f->advise)
		paragraph(r, "do", f->advise);
	if (r->o->verbose)
		paragraph(r, "why", f->rule->because);
}

static void findings(struct rendering *r, const struct judgement *j)
{
	_cleanup_free_ const struct finding **sorted = calloc(j->count + 1, sizeof(*sorted));

	if (!sorted)
		abort();
	for (size_t i = 0; i < j->count; i++)
		sorted[i] = &j->findings[i];
	qsort(sorted, j->count, sizeof(*sorted), by_place);
	for (size_t i = 0; i < j->count; i++) {
		const char *file = sorted[i]->subject->file;

		if (i && file && sorted[i - 1]->subject->file && strcmp(file, sorted[i - 1]->subject->file))
			text_add(r->t, "\n");
		finding(r, sorted[i]);
	}
	if (j->count)
		text_add(r->t, "\n");
}

static void unjudged(struct rendering *r, const struct judgement *j)
{
	for (size_t i = 0; i < j->unjudged_count; i++) {
		const struct finding *f = &j->unjudged[i];
		_cleanup_text_ struct text t = TEXT_NULL;

		if (f->status == STATUS_NOT_APPLICABLE || (f->status == STATUS_WAIVED && !r->o->verbose))
			continue;
		text_addf(&t, "%s%s%s: %s", f->rule->id, f->subject ? ", " : "", f->subject ? f->subject->name : "", f->reason);
		paragraph(r, status_name(f->status), text_get(&t));
	}
}

static void header(struct rendering *r, const struct report *report)
{
	const struct report_part *p = &report->parts[0];
	_cleanup_text_ struct text t = TEXT_NULL;
	struct kernel_version known = report->rules->catalogue.known_through;
	char memory[QUANTITY_MAX];

	text_addf(&t, "tcpadvisor %s · Linux ", report->version);
	text_add_escaped(&t, p->host.kernel, 100);
	text_addf(&t, "%s · memory %s%s · profile ",
		  report->kernel_taken ? " (the newest known: --kernel)"
		  : p->host.version[0] && kernel_at_least(p->host.version, (struct kernel_version){known.major, known.minor + 1})
			  ? " (newer than the catalogue: its defaults are not known)"
			  : "",
		  quantity_format(memory, sizeof(memory), DIM_BYTES, report->memory), report->memory_taken ? " (taken: --memory)" : "");
	text_add_escaped(&t, report->rules->profile, 100);
	layout_colour(r->t, r->o, "2");
	layout_wrap(r->t, text_get(&t), 0, 0, r->o->width);
	layout_colour(r->t, r->o, "0");
	text_add(r->t, "\n\n");
}

static void summary(struct rendering *r, const struct report *report)
{
	struct report_totals t = report_totals(report);
	_cleanup_text_ struct text s = TEXT_NULL;
	size_t lines = 0, waived = 0;

	for (const struct subject *l = report->parts[0].facts->first[SUBJECT_LINE]; l; l = l->next)
		lines++;
	for (size_t i = 0; i < report->parts[0].judgement.unjudged_count; i++)
		waived += report->parts[0].judgement.unjudged[i].status == STATUS_WAIVED;
	text_addf(&s, "%zu line%s: %u error%s, %u warning%s, %u notice%s, %u info; %zu waived", lines, lines == 1 ? "" : "s",
		  t.by_severity[SEVERITY_ERROR], t.by_severity[SEVERITY_ERROR] == 1 ? "" : "s", t.by_severity[SEVERITY_WARNING],
		  t.by_severity[SEVERITY_WARNING] == 1 ? "" : "s", t.by_severity[SEVERITY_NOTICE],
		  t.by_severity[SEVERITY_NOTICE] == 1 ? "" : "s", t.by_severity[SEVERITY_INFO], waived);
	layout_colour(r->t, r->o, "1");
	layout_wrap(r->t, text_get(&s), 0, 0, r->o->width);
	layout_colour(r->t, r->o, "0");
	text_add(r->t, "\n");
}

void render_lint_text(const struct report *report, const struct render_options *o, struct text *ret)
{
	struct rendering r = {.o = o, .t = ret};
	const struct report_part *p = &report->parts[0];

	header(&r, report);
	findings(&r, &p->judgement);
	unjudged(&r, &p->judgement);
	for (size_t k = 0; k < p->facts->note_count; k++)
		paragraph(&r, "note", p->facts->notes[k]);
	summary(&r, report);
}
