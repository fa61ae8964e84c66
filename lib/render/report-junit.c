/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An audit or a lint for a CI server: JUnit's XML, in the form that Jenkins and its like describe by a schema. A suite is
 * a network namespace; a test case is a rule and a subject.
 */
#include <string.h>
#include "render/html.h"

struct suite {
	const struct report *report;
	const struct report_part *part;
	const struct render_options *o;
	struct text body;
	unsigned tests, failures, errors, skipped;
};

static void open_case(struct suite *s, const struct rule *r, const char *subject)
{
	s->tests++;
	text_add(&s->body, "<testcase classname=\"");
	html_text(&s->body, r->id);
	text_add(&s->body, "\" name=\"");
	html_text(&s->body, subject && *subject ? subject : r->title);
	text_add(&s->body, "\" time=\"0\"");
}

/* A line of the text that stands in an element. */
static void add_line(struct text *t, const char *label, const char *value)
{
	if (!value || !*value)
		return;
	text_add(t, label);
	html_text(t, value);
	text_add(t, "\n");
}

static void add_place(struct text *t, const struct subject *s)
{
	if (!s->file)
		return;
	html_text(t, s->file);
	text_addf(t, ":%u\n", s->line);
}

static void add_details(struct text *t, const struct finding *f)
{
	add_line(t, "", f->message);
	add_place(t, f->subject);
	for (unsigned i = 0; i < f->evidence_count; i++) {
		const struct evidence *e = &f->evidence[i];
		char buf[QUANTITY_MAX];

		html_text(t, e->fact);
		text_add(t, " = ");
		if (e->value.state == VALUE_KNOWN)
			html_text(t, e->value.text ? e->value.text : quantity_format(buf, sizeof(buf), e->dim, e->value.num));
		else
			html_text(t, value_reason(&e->value));
		text_add(t, "\n");
	}
	for (unsigned i = 0; i < f->recommend_count; i++) {
		const struct recommendation *r = &f->recommend[i];

		if (!r->wanted)
			continue;
		text_add(t, "set ");
		html_text(t, r->key);
		add_line(t, " = ", r->wanted);
	}
	add_line(t, "do ", f->advise);
	add_line(t, "why ", f->rule->because);
	add_line(t, "risk ", f->rule->risk);
}

/* What --fail-on lets pass is told in a test case that passed. */
static void add_finding(struct suite *s, const struct finding *f)
{
	const char *tag = f->severity < s->o->fail_on ? NULL : f->severity == SEVERITY_ERROR ? "error" : "failure";

	open_case(s, f->rule, f->subject->name);
	text_add(&s->body, ">\n");
	if (!tag) {
		text_addf(&s->body, "<system-out>%s\n", severity_name(f->severity));
	} else {
		s->errors += f->severity == SEVERITY_ERROR;
		s->failures += f->severity != SEVERITY_ERROR;
		text_addf(&s->body, "<%s type=\"%s\" message=\"", tag, severity_name(f->severity));
		html_text(&s->body, f->message ? f->message : f->rule->title);
		text_add(&s->body, "\">");
	}
	add_details(&s->body, f);
	text_addf(&s->body, "</%s>\n</testcase>\n", tag ? tag : "system-out");
}

static void add_unjudged(struct suite *s, const struct rule *r, const char *subject, enum finding_status status, const char *reason)
{
	bool fails = status == STATUS_UNKNOWN && s->o->fail_on_unknown;

	s->errors += fails;
	s->skipped += !fails;
	open_case(s, r, subject);
	text_addf(&s->body, ">\n<%s%s message=\"%s: ", fails ? "error" : "skipped", fails ? " type=\"unknown\"" : "", status_name(status));
	html_text(&s->body, reason ? reason : "no reason is known");
	text_add(&s->body, "\"/>\n</testcase>\n");
}

static const struct finding *find(const struct finding *list, size_t n, const struct rule *r, const struct subject *s,
				  enum finding_status status)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].rule == r && list[i].status == status && (!s || list[i].subject == s))
			return &list[i];
	return NULL;
}

/* Subjects that share a reason have one entry: the first that gives it. */
static const char *reason_of(const struct judgement *j, const struct rule *r, const struct subject *s, enum finding_status status)
{
	const struct finding *f = find(j->unjudged, j->unjudged_count, r, s, status);

	f = f ? f : find(j->unjudged, j->unjudged_count, r, NULL, status);
	return f ? f->reason : NULL;
}

static void add_subject(struct suite *s, const struct rule *r, const struct subject *subject)
{
	const struct judgement *j = &s->part->judgement;
	enum finding_status status = judge_status(j, r, subject);
	const struct finding *f;

	switch (status) {
	case STATUS_OK:
		open_case(s, r, subject->name);
		text_add(&s->body, "/>\n");
		break;
	case STATUS_ADVISE:
		f = find(j->findings, j->count, r, subject, status);
		if (f)
			add_finding(s, f);
		break;
	case STATUS_WAIVED:
	case STATUS_UNKNOWN:
		add_unjudged(s, r, subject->name, status, reason_of(j, r, subject, status));
		break;
	default:
		break;
	}
}

/* What does not apply is one test case for each reason: a rule for one sysctl does not apply to all the others. */
static void add_rule(struct suite *s, const struct rule *r)
{
	const struct judgement *j = &s->part->judgement;

	for (const struct subject *subject = s->part->facts->first[r->subject]; subject; subject = subject->next)
		add_subject(s, r, subject);
	for (size_t i = 0; i < j->unjudged_count; i++) {
		const struct finding *f = &j->unjudged[i];

		/* Of files alone most rules have nothing to judge. */
		if (!f->subject && s->part->facts->offline)
			continue;
		if (f->rule == r && (f->status == STATUS_NOT_APPLICABLE || !f->subject))
			add_unjudged(s, r, f->subject ? f->subject->name : NULL, f->status, f->reason);
	}
}

static void add_property(struct text *t, const char *name, const char *value)
{
	text_addf(t, "<property name=\"%s\" value=\"", name);
	html_text(t, value);
	text_add(t, "\"/>\n");
}

static void add_suite(struct suite *s, struct text *ret)
{
	const struct root_host *h = &s->part->host;
	const struct ruleset *rules = s->report->rules;

	for (size_t i = 0; i < rules->count; i++)
		if (!rules->rules[i].off)
			add_rule(s, &rules->rules[i]);
	text_add(ret, "<testsuite name=\"tcpadvisor");
	text_add(ret, *h->netns ? " " : "");
	html_text(ret, h->netns);
	text_addf(ret, "\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"0\" hostname=\"", s->tests, s->failures,
		  s->errors, s->skipped);
	html_text(ret, h->hostname);
	text_add(ret, "\">\n<properties>\n");
	add_property(ret, "version", s->report->version);
	add_property(ret, "kernel", h->kernel);
	add_property(ret, "profile", rules->profile ? rules->profile : "");
	text_add(ret, "</properties>\n");
	text_add(ret, text_get(&s->body));
	text_add(ret, "</testsuite>\n");
}

void render_report_junit(const struct report *r, const struct render_options *o, struct text *ret)
{
	_cleanup_text_ struct text suites = TEXT_NULL;
	unsigned tests = 0, failures = 0, errors = 0;

	for (size_t i = 0; i < r->count; i++) {
		struct suite s = {.report = r, .part = &r->parts[i], .o = o, .body = TEXT_NULL};

		add_suite(&s, &suites);
		tests += s.tests;
		failures += s.failures;
		errors += s.errors;
		text_clear(&s.body);
	}
	text_addf(ret, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		       "<testsuites name=\"tcpadvisor\" tests=\"%u\" failures=\"%u\" errors=\"%u\" time=\"0\">\n%s</testsuites>\n",
		  tests, failures, errors, text_get(&suites));
}
