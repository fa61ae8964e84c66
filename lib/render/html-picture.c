/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures as SVG. Places along the width are percentages and those down the height pixels, so that a picture takes the
 * width that there is while its letters keep their size.
 */
#include <math.h>
#include <string.h>
#include "render/html.h"

enum { LANE = 42, LETTERS = 14, BAR_TOP = 21, BAR = 10, AXIS = 22 };

struct lane *picture_lane(struct picture *p, const char *label)
{
	struct lane *l = &p->lanes[p->lane_count < LANES_MAX ? p->lane_count++ : LANES_MAX - 1];

	*l = (struct lane){.label = label, .spot = -1};
	snprintf(l->value, sizeof(l->value), "not known");
	return l;
}

void picture_tick(struct picture *p, double at, bool strong, const char *label)
{
	struct tick *k = &p->ticks[p->tick_count];

	if (p->tick_count == TICKS_MAX)
		return;
	p->tick_count++;
	*k = (struct tick){.at = at, .strong = strong};
	snprintf(k->label, sizeof(k->label), "%s", label);
}

/* Per cent of the width, whatever the number is. */
static double place(double share)
{
	if (isnan(share) || share < 0)
		return 0;
	return share < 1 ? 100 * share : 100;
}

/* Names of the places, below the last lane. */
static void add_axis(struct text *t, const struct picture *p, unsigned bottom)
{
	for (unsigned i = 0; i < p->tick_count; i++) {
		const struct tick *k = &p->ticks[i];
		const char *anchor = k->at <= 0 ? "start" : k->at >= 1 ? "end" : "middle";

		text_addf(t, "<text class=\"%s\" x=\"%.2f%%\" y=\"%u\" text-anchor=\"%s\">", k->strong ? "strong" : "axis",
			  place(k->at), bottom + 17, anchor);
		html_text(t, k->label);
		text_add(t, "</text>\n");
	}
}

/* Plain places are notches in the track, behind what fills it; a strong one crosses both. Letters stay free of either. */
static void add_marks(struct text *t, const struct picture *p, bool strong, unsigned y)
{
	unsigned over = strong ? 4 : 0;

	for (unsigned i = 0; i < p->tick_count; i++) {
		const struct tick *k = &p->ticks[i];

		if (k->strong == strong && k->at > 0 && k->at < 1)
			text_addf(t, "<line class=\"%s\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%u\" y2=\"%u\"/>",
				  strong ? "goal" : "grid", place(k->at), place(k->at), y - over, y + BAR + over);
	}
}

static void add_filled(struct text *t, const struct lane *l, unsigned y)
{
	const char *class = l->tight ? "bar tight" : "bar";
	double from = place(l->from), to = place(l->to);

	if (l->range)
		text_addf(t, "<line class=\"%s\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%u\" y2=\"%u\"/>",
			  l->tight ? "span tight" : "span", from, max_of(from, to), y + BAR / 2, y + BAR / 2);
	else
		text_addf(t, "<rect class=\"%s\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"%u\" height=\"%d\"/>", class, from,
			  max_of(to - from, 0.0), y, BAR);
	if (l->spot >= 0)
		text_addf(t, "<circle class=\"spot\" cx=\"%.2f%%\" cy=\"%u\" r=\"4\"/>", place(l->spot), y + BAR / 2);
	/* The end of what goes on is cut like torn paper. */
	if (l->beyond)
		text_addf(t,
			  "<svg x=\"100%%\" y=\"%u\" overflow=\"visible\"><path class=\"torn\" "
			  "d=\"M-13 -1h4l3 6-3 6h-4l3-6z\"/></svg>",
			  y);
}

static void add_lane(struct text *t, const struct picture *p, const struct lane *l, unsigned top)
{
	unsigned y = top + BAR_TOP;

	text_addf(t, "<text x=\"0\" y=\"%u\">%s</text><text class=\"value\" x=\"100%%\" y=\"%u\" text-anchor=\"end\">",
		  top + LETTERS, l->label, top + LETTERS);
	html_text(t, l->value);
	text_addf(t, "</text><rect class=\"track\" x=\"0\" width=\"100%%\" y=\"%u\" height=\"%d\"/>", y, BAR);
	add_marks(t, p, false, y);
	if (l->known)
		add_filled(t, l, y);
	add_marks(t, p, true, y);
	text_add(t, "\n");
}

/* What the picture says, for those who do not see it. */
static void add_description(struct text *t, const struct picture *p)
{
	for (unsigned i = 0; i < p->lane_count; i++) {
		text_addf(t, "%s%s: ", i ? "; " : "", p->lanes[i].label);
		html_text(t, p->lanes[i].value);
	}
	for (unsigned i = 0; i < p->tick_count; i++)
		if (p->ticks[i].strong) {
			text_add(t, "; ");
			html_text(t, p->ticks[i].label);
		}
	text_add(t, ".");
}

void html_picture(struct html *h, const struct picture *p)
{
	unsigned bottom = p->lane_count * LANE - (LANE - BAR_TOP - BAR), id = h->pictures++;
	struct text *t = h->t;

	text_addf(t, "<figure>\n<figcaption>%s</figcaption>\n", p->title);
	text_addf(t,
		  "<svg class=\"picture\" role=\"img\" aria-labelledby=\"p%u-t p%u-d\" width=\"100%%\" height=\"%u\">"
		  "<title id=\"p%u-t\">%s</title><desc id=\"p%u-d\">",
		  id, id, bottom + AXIS, id, p->title, id);
	add_description(t, p);
	text_add(t, "</desc>\n");
	for (unsigned i = 0; i < p->lane_count; i++)
		add_lane(t, p, &p->lanes[i], i * LANE);
	add_axis(t, p, bottom);
	text_add(t, "</svg>\n</figure>\n");
}

void html_bar(struct text *t, double share, enum severity severity)
{
	text_addf(t,
		  "<svg class=\"meter\" aria-hidden=\"true\" width=\"100%%\" height=\"6\"><rect class=\"track\" width=\"100%%\" "
		  "height=\"6\"/><rect class=\"bar %s\" width=\"%.2f%%\" height=\"6\"/></svg>",
		  severity < SEVERITIES ? severity_name(severity) : "", place(share));
}
