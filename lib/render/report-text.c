/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An audit for a person at a terminal: the gravest first, its evidence below it, what to do, and why. */
#include <string.h>
#include "render/layout.h"
#include "render/render.h"

enum { INDENT = 10, NAME_SHOWN = 200, SUBJECTS_SHOWN = 8, PARAGRAPH_MAX = 2000, VALUE_MIN = 12, VALUE_PADDED = 18 };

struct rendering {
	const struct render_options *o;
	struct text *t;
};

/* "evidence  " in the margin, then the text wrapped beside it. */
static void paragraph(struct rendering *r, const char *margin, const char *s)
{
	size_t n = layout_columns(margin);

	layout_pad(r->t, 2);
	layout_colour(r->t, r->o, "2");
	text_add(r->t, margin);
	layout_colour(r->t, r->o, "0");
	layout_pad(r->t, n + 2 < INDENT ? INDENT - n - 2 : 1);
	layout_wrap(r->t, s, INDENT, INDENT, r->o->width);
	text_add(r->t, "\n");
}

static void untrusted(struct rendering *r, const char *margin, const char *s)
{
	_cleanup_text_ struct text escaped = TEXT_NULL;

	text_add_escaped(&escaped, s, PARAGRAPH_MAX);
	paragraph(r, margin, text_get(&escaped));
}

/* Two blanks and the name, or where it does not fit, a line of its own. */
static void add_name(struct rendering *r, const char *name, size_t *at)
{
	_cleanup_text_ struct text escaped = TEXT_NULL;

	text_add_escaped(&escaped, name, NAME_SHOWN);
	if (*at + 2 + layout_columns(text_get(&escaped)) > r->o->width) {
		text_add(r->t, "\n");
		layout_pad(r->t, INDENT);
		*at = INDENT;
	} else {
		text_add(r->t, "  ");
		*at += 2;
	}
	layout_wrap(r->t, text_get(&escaped), *at, INDENT, r->o->width);
	*at += layout_columns(text_get(&escaped));
}

static void headline(struct rendering *r, const struct finding *f)
{
	size_t at;

	layout_severity(r->t, r->o, f->severity, INDENT);
	layout_colour(r->t, r->o, "1");
	text_add(r->t, f->rule->id);
	layout_colour(r->t, r->o, "0");
	at = INDENT + layout_columns(f->rule->id);
	if (f->subject->type != SUBJECT_HOST)
		add_name(r, f->subject->name, &at);
	if (f->subject->unit && strcmp(f->subject->unit, f->subject->name))
		add_name(r, f->subject->unit, &at);
	if (f->subject->process)
		add_name(r, f->subject->process, &at);
	text_add(r->t, "\n");
}

/* Name, value and source in columns; on a narrow terminal the value goes below its name. */
static void evidence_line(struct rendering *r, const struct evidence *e, size_t name_width)
{
	_cleanup_text_ struct text value = TEXT_NULL;
	size_t at = INDENT + name_width + 2, used;

	layout_value(&value, &e->value, e->dim);
	if (e->value.state != VALUE_KNOWN) {
		text_add(&value, " (");
		text_add_escaped(&value, value_reason(&e->value), NAME_SHOWN);
		text_add(&value, ")");
	}
	layout_pad(r->t, INDENT);
	if (at + VALUE_MIN > r->o->width) {
		text_addf(r->t, "%s\n", e->fact);
		at = INDENT + 2;
		layout_pad(r->t, at);
	} else {
		text_addf(r->t, "%-*s  ", (int)name_width, e->fact);
	}
	used = layout_columns(text_get(&value));
	layout_wrap(r->t, text_get(&value), at, at, r->o->width);
	if (e->value.state == VALUE_KNOWN &&
	    at + max_of(used, (size_t)VALUE_PADDED) + 2 + layout_columns(e->source) <= r->o->width) {
		layout_pad(r->t, used < VALUE_PADDED ? VALUE_PADDED - used : 0);
		layout_colour(r->t, r->o, "2");
		text_addf(r->t, "  %s", e->source);
		layout_colour(r->t, r->o, "0");
	}
	text_add(r->t, "\n");
}

static void evidence(struct rendering *r, const struct finding *f)
{
	size_t width = 0;

	for (unsigned i = 0; i < f->evidence_count; i++)
		width = max_of(width, strlen(f->evidence[i].fact));
	width = min_of(width, (size_t)44);
	for (unsigned i = 0; i < f->evidence_count; i++)
		evidence_line(r, &f->evidence[i], width);
}

static void recommendation(struct rendering *r, const struct recommendation *rec)
{
	_cleanup_text_ struct text t = TEXT_NULL;

	if (!rec->wanted) {
		text_addf(&t, "%s stays as it is: %s", rec->key, rec->note ? rec->note : "nothing to gain");
		untrusted(r, "set", text_get(&t));
		return;
	}
	text_addf(&t, "%s = %s", rec->key, rec->wanted);
	text_addf(&t, "  (now %s%s%s)", rec->current, rec->note ? "; " : "", rec->note ? rec->note : "");
	untrusted(r, "set", text_get(&t));
}

/* Two elements of one key are written, and so shown, as one. */
static bool said_before(const struct finding *f, unsigned at)
{
	const struct recommendation *r = &f->recommend[at];

	for (unsigned i = 0; i < at && r->wanted; i++)
		if (f->recommend[i].wanted && !strcmp(f->recommend[i].wanted, r->wanted) &&
		    !strcmp(f->recommend[i].constraint->key, r->constraint->key))
			return true;
	return false;
}

static void finding(struct rendering *r, const struct finding *f, bool again)
{
	headline(r, f);
	untrusted(r, "", f->message);
	/* What is merely good to know is said in a sentence; explain and --verbose tell the rest. */
	if (f->severity == SEVERITY_INFO && !r->o->verbose) {
		text_add(r->t, "\n");
		return;
	}
	evidence(r, f);
	for (unsigned i = 0; i < f->recommend_count; i++)
		if (!said_before(f, i))
			recommendation(r, &f->recommend[i]);
	if (f->advise)
		untrusted(r, "do", f->advise);
	if (!again)
		paragraph(r, "why", f->rule->because);
	if (!again && f->rule->risk && f->recommend_count)
		paragraph(r, "risk", f->rule->risk);
	text_add(r->t, "\n");
}

static void findings(struct rendering *r, const struct judgement *j)
{
	size_t of_rule = 0;

	for (size_t i = 0; i < j->count; i++) {
		const struct finding *f = &j->findings[i];
		bool again = i && j->findings[i - 1].rule == f->rule && j->findings[i - 1].severity == f->severity;

		of_rule = again ? of_rule + 1 : 1;
		if (of_rule <= SUBJECTS_SHOWN) {
			finding(r, f, again);
			continue;
		}
		if (i + 1 == j->count || j->findings[i + 1].rule != f->rule || j->findings[i + 1].severity != f->severity) {
			text_addf(r->t, "%-*s%s: %zu more (--format=json shows all)\n\n", INDENT, "", f->rule->id,
				  of_rule - SUBJECTS_SHOWN);
		}
	}
}

static bool same_cause(const struct finding *a, const struct finding *b)
{
	return a->status == b->status && !strcmp(a->cause, b->cause);
}

/* What keeps ten rules from a verdict is said once, with their names behind it. */
static void unjudged_group(struct rendering *r, const struct judgement *j, size_t at, struct text *t)
{
	const struct finding *first = &j->unjudged[at];
	const struct rule *last = NULL;
	size_t rules = 0;

	for (size_t i = at; i < j->unjudged_count; i++)
		if (same_cause(&j->unjudged[i], first) && j->unjudged[i].rule != last) {
			last = j->unjudged[i].rule;
			text_addf(t, "%s%s", rules++ ? ", " : "", last->id);
		}
	if (rules == 1) {
		text_clear(t);
		text_addf(t, "%s: %s", first->rule->id, first->reason);
	} else {
		text_addf(t, ": %s", first->cause);
	}
	untrusted(r, first->status == STATUS_NOT_APPLICABLE ? "n/a" : status_name(first->status), text_get(t));
}

static void unjudged(struct rendering *r, const struct judgement *j)
{
	for (enum finding_status s = STATUSES; s-- > STATUS_OK;)
		for (size_t i = 0; i < j->unjudged_count; i++) {
			_cleanup_text_ struct text t = TEXT_NULL;
			bool said = false;

			if (j->unjudged[i].status != s || (s == STATUS_NOT_APPLICABLE && !r->o->verbose))
				continue;
			for (size_t k = 0; k < i && !said; k++)
				said = same_cause(&j->unjudged[k], &j->unjudged[i]);
			if (!said)
				unjudged_group(r, j, i, &t);
		}
}

static void scope(struct rendering *r, const struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct report_part *p = &report->parts[i];

		for (size_t k = 0; k < p->facts->note_count; k++)
			untrusted(r, "note", p->facts->notes[k]);
	}
	if (report->one_namespace)
		paragraph(r, "scope", "one network namespace was judged; containers have others (--netns=all)");
	if (!report->parts[0].host.privileged)
		paragraph(r, "scope", "not run as root: processes of others stay unnamed, some values unread");
}

static void summary(struct rendering *r, const struct report *report)
{
	struct report_totals t = report_totals(report);
	_cleanup_text_ struct text s = TEXT_NULL;

	layout_colour(r->t, r->o, "1");
	text_addf(&s, "%u error%s, %u warning%s, %u notice%s, %u info", t.by_severity[SEVERITY_ERROR],
		  t.by_severity[SEVERITY_ERROR] == 1 ? "" : "s", t.by_severity[SEVERITY_WARNING],
		  t.by_severity[SEVERITY_WARNING] == 1 ? "" : "s", t.by_severity[SEVERITY_NOTICE],
		  t.by_severity[SEVERITY_NOTICE] == 1 ? "" : "s", t.by_severity[SEVERITY_INFO]);
	text_addf(&s, "; %u rules ok, %u not applicable, %u unknown, %u waived", t.by_status[STATUS_OK],
		  t.by_status[STATUS_NOT_APPLICABLE], t.by_status[STATUS_UNKNOWN], t.by_status[STATUS_WAIVED]);
	layout_wrap(r->t, text_get(&s), 0, 0, r->o->width);
	layout_colour(r->t, r->o, "0");
	text_add(r->t, "\n");
}

void render_report_text(const struct report *report, const struct render_options *o, struct text *ret)
{
	struct rendering r = {.o = o, .t = ret};

	for (size_t i = 0; i < report->count; i++) {
		layout_header(report, &report->parts[i], o, ret);
		findings(&r, &report->parts[i].judgement);
		unjudged(&r, &report->parts[i].judgement);
	}
	scope(&r, report);
	summary(&r, report);
}
