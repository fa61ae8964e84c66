/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An audit to look at, to print and to pass on: one page that needs no network and no script. */
#include <math.h>
#include <string.h>
#include <time.h>
#include "render/html.h"

/* Nothing may be loaded and nothing run, whatever might have got into the page. */
static const char policy[] = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

static void add_head(struct html *h)
{
	struct text *t = h->t;

	text_add(t, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
	text_addf(t, "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\"/>\n", policy);
	text_add(t, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		    "<meta name=\"color-scheme\" content=\"light dark\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n<title>");
	html_text(t, h->report->parts[0].host.hostname);
	text_add(t, " · tcpadvisor</title>\n<style>\n");
	for (const char *const *s = html_style; *s; s++)
		text_add(t, *s);
	text_add(t, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the findings</a>\n");
}

static void add_term(struct html *h, const char *name, const char *s)
{
	text_addf(h->t, "<div><dt>%s</dt>", name);
	html_element(h->t, "dd", NULL, s);
	text_add(h->t, "</div>\n");
}

/* "2026-11-20 22:48 UTC" */
static void add_time(struct html *h, double clock)
{
	char shown[32], machine[32];
	time_t seconds;
	struct tm tm;

	if (!(clock > 0 && clock < 1e11))
		return;
	seconds = (time_t)clock;
	if (!gmtime_r(&seconds, &tm) || !strftime(shown, sizeof(shown), "%F %H:%M UTC", &tm) ||
	    !strftime(machine, sizeof(machine), "%FT%TZ", &tm))
		return;
	text_addf(h->t, "<div><dt>Looked at</dt><dd><time datetime=\"%s\">%s</time></dd></div>\n", machine, shown);
}

static void add_host(struct html *h)
{
	const struct report *r = h->report;
	const struct root_host *host = &r->parts[0].host;
	_cleanup_text_ struct text kernel = TEXT_NULL, window = TEXT_NULL;

	text_addf(&kernel, "Linux %s, %s", host->kernel, host->machine);
	if (r->parts[0].facts->window > 0)
		text_addf(&window, "two samples, %.1f s apart", r->parts[0].facts->window);
	else
		text_add(&window, "one sample");
	text_add(h->t, "<dl class=\"host\">\n");
	add_term(h, "Kernel", text_get(&kernel));
	add_term(h, "Profile", r->rules->profile);
	add_term(h, "Measured", text_get(&window));
	add_time(h, host->clock);
	add_term(h, "Source", r->recorded ? "a recorded host" : "the running host");
	text_add(h->t, "</dl>\n");
}

/* The whole in a sentence, from the gravest down. */
static void add_verdict(struct html *h, const struct report_totals *t)
{
	static const char *const names[SEVERITIES][2] = {
		{"remark", "remarks"}, {"notice", "notices"}, {"warning", "warnings"}, {"error", "errors"}};
	unsigned left = 0;

	text_add(h->t, "<p class=\"verdict\">");
	for (enum severity s = SEVERITY_NOTICE; s < SEVERITIES; s++)
		left += t->by_severity[s] > 0;
	if (!left)
		text_add(h->t, "Nothing here costs latency, throughput or connections, as far as could be judged");
	for (enum severity s = SEVERITIES; s-- > SEVERITY_NOTICE && left;) {
		if (!t->by_severity[s])
			continue;
		html_count(h->t, t->by_severity[s], names[s][0], names[s][1]);
		left--;
		text_add(h->t, left > 1 ? ", " : left ? " and " : "");
	}
	text_add(h->t, ".</p>\n");
}

static void add_tiles(struct html *h, const struct report_totals *t)
{
	text_add(h->t, "<ul class=\"tiles\" aria-label=\"Findings by severity\">\n");
	for (enum severity s = SEVERITIES; s-- > 0;) {
		text_addf(h->t, "<li class=\"%s%s\"><b>%u</b> <span class=\"badge\">", severity_name(s),
			  t->by_severity[s] ? "" : " none", t->by_severity[s]);
		html_severity(h->t, s);
		text_add(h->t, "</span></li>\n");
	}
	text_add(h->t, "</ul>\n");
}

static const struct {
	enum finding_status status;
	const char *name;
} verdicts[] = {
	{STATUS_OK, "ok"},
	{STATUS_ADVISE, "with findings"},
	{STATUS_UNKNOWN, "unknown"},
	{STATUS_WAIVED, "waived"},
	{STATUS_NOT_APPLICABLE, "not applicable"},
};

/* What became of the rules, as one bar; the legend has the numbers. */
static void add_rules(struct html *h, const struct report_totals *t)
{
	unsigned all = 0;
	double at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
		all += t->by_status[verdicts[i].status];
	text_addf(h->t, "<div class=\"rules\">\n<p>%u rules", all / (unsigned)h->report->count);
	if (h->report->count > 1)
		text_addf(h->t, " in each of %zu network namespaces", h->report->count);
	text_add(h->t, "</p>\n<svg class=\"stack\" aria-hidden=\"true\" width=\"100%\" height=\"10\">");
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		double share = all ? 100.0 * t->by_status[verdicts[i].status] / all : 0;

		text_addf(h->t, "<rect class=\"v%zu\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"10\"/>", i, at, share);
		at += share;
	}
	text_add(h->t, "</svg>\n<ul>\n");
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
		text_addf(h->t,
			  "<li><svg class=\"key\" aria-hidden=\"true\" width=\"10\" height=\"10\"><rect class=\"v%zu\" width=\"10\" "
			  "height=\"10\"/></svg> %u %s</li>\n",
			  i, t->by_status[verdicts[i].status], verdicts[i].name);
	text_add(h->t, "</ul>\n</div>\n");
}

static const struct {
	const char *id, *name;
} contents[] = {
	{"findings", "Findings"}, {"paths", "Paths"},	       {"ports", "Ports"},	   {"queues", "Queues"},
	{"links", "Links"},	  {"states", "Sockets by state"}, {"unjudged", "Not judged"},
};

static void add_namespace(struct html *h, const struct report_part *p)
{
	text_add(h->t, "Network namespace ");
	html_text(h->t, *p->host.netns ? p->host.netns : "of the caller");
}

static void add_contents(struct html *h)
{
	text_add(h->t, "<nav aria-label=\"Contents\">\n");
	for (unsigned i = 0; i < h->report->count; i++) {
		text_add(h->t, "<ul>\n");
		if (h->report->count > 1) {
			text_addf(h->t, "<li><a href=\"#netns-%u\">", i);
			add_namespace(h, &h->report->parts[i]);
			text_add(h->t, "</a></li>\n");
		}
		for (size_t k = 0; k < ARRAY_SIZE(contents); k++)
			text_addf(h->t, "<li><a href=\"#%s-%u\">%s</a></li>\n", contents[k].id, i, contents[k].name);
		text_add(h->t, "</ul>\n");
	}
	text_add(h->t, "</nav>\n");
}

static void add_part(struct html *h)
{
	if (h->report->count > 1) {
		text_addf(h->t, "<section class=\"netns\" id=\"netns-%u\" aria-labelledby=\"netns-%u-h\">\n<h2 id=\"netns-%u-h\">", h->number,
			  h->number, h->number);
		add_namespace(h, h->part);
		text_add(h->t, "</h2>\n");
	}
	html_findings(h);
	html_paths(h);
	html_sockets(h);
	html_unjudged(h);
	if (h->report->count > 1)
		text_add(h->t, "</section>\n");
}

static void add_scope(struct html *h)
{
	const struct report *r = h->report;

	text_add(h->t, "<section id=\"scope\" aria-labelledby=\"scope-h\">\n<h2 id=\"scope-h\">Scope</h2>\n<ul class=\"scope\">\n");
	if (r->one_namespace)
		text_add(h->t, "<li>One network namespace was judged; containers have others (<code>--netns=all</code>).</li>\n");
	else
		text_addf(h->t, "<li>%zu network namespace%s judged.</li>\n", r->count, r->count == 1 ? " was" : "s were");
	if (!r->parts[0].host.privileged)
		text_add(h->t, "<li>Not run as root: processes of others stay unnamed, some values unread.</li>\n");
	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < r->parts[i].facts->note_count; k++) {
			html_element(h->t, "li", NULL, r->parts[i].facts->notes[k]);
			text_add(h->t, "\n");
		}
	text_add(h->t, "<li>This page is a look at one moment. <code>tcpadvisor explain RULE</code> on the host says more of a "
		       "rule, and what it says now.</li>\n</ul>\n</section>\n");
}

void render_report_html(const struct report *report, const struct render_options *o, struct text *ret)
{
	struct html h = {.t = ret, .report = report, .level = report->count > 1 ? 3 : 2, .verbose = o->verbose};
	struct report_totals totals = report_totals(report);

	add_head(&h);
	text_add(ret, "<header>\n<p class=\"brand\">tcpadvisor</p>\n");
	html_element(ret, "h1", NULL, *report->parts[0].host.hostname ? report->parts[0].host.hostname : "a host without name");
	text_add(ret, "\n");
	add_verdict(&h, &totals);
	add_host(&h);
	add_tiles(&h, &totals);
	add_rules(&h, &totals);
	add_contents(&h);
	text_add(ret, "</header>\n<main id=\"main\">\n");
	for (; h.number < report->count; h.number++) {
		h.part = &report->parts[h.number];
		add_part(&h);
	}
	add_scope(&h);
	text_add(ret, "</main>\n<footer>\n");
	text_addf(ret, "<p>tcpadvisor %s</p>\n</footer>\n</body>\n</html>\n", report->version);
}
