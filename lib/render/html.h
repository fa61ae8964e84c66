/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of a page, shared by the files of the HTML report. The markup is well-formed XML too: every element is closed and
 * every attribute quoted. Whatever comes from outside passes html_text().
 */
#pragma once

#include "render/render.h"

/* A page in the making, and the part of the report that it is at. */
struct html {
	struct text *t;
	const struct report *report;
	const struct report_part *part;
	unsigned number;   /* of that part, in ids */
	unsigned level;	   /* of the headings of its sections: one lower where there are several parts */
	unsigned pictures; /* so far, for their ids */
	bool verbose;
};

/* Untrusted text, escaped for people and for markup, in elements and in quoted attributes. */
void html_text(struct text *t, const char *s);
/* <tag class="class">s</tag>; class may be NULL, s is untrusted, and nothing is added where it is NULL. */
void html_element(struct text *t, const char *tag, const char *class, const char *s);
/* A heading so many levels below those of the part's sections. */
void html_heading(struct html *h, unsigned below, const char *s);
/* Begin a section of the part, with a heading that names it: id is made unique by the part's number. */
void html_section(struct html *h, const char *id, const char *title);
/* The value for people, or why it is missing. */
void html_value(struct text *t, const struct value *v, enum dim dim);
/* "3 errors": the count and the noun in the right number. */
void html_count(struct text *t, size_t n, const char *one, const char *many);
/* A severity's sign, whose shape tells it apart without colour, and its name. */
void html_severity(struct text *t, enum severity s);
/* Where the finding stands, in this part: finding 3 is told at #f0-3, or with those of its rule before it. */
size_t html_anchor(const struct judgement *j, size_t finding);
/* A link to the gravest finding about a subject, if there is one. Its severity, or SEVERITIES. */
enum severity html_flag(struct html *h, const struct subject *s);
/* The gravest finding about a subject, or NULL. */
const struct finding *html_finding_about(const struct judgement *j, const struct subject *s);

/* One line of a picture: a label and a value above it, and from..to of the width are filled. */
struct lane {
	const char *label; /* trusted */
	char value[2 * QUANTITY_MAX + 8];
	double from, to;
	double spot; /* a mark within; negative: none */
	bool known;  /* else nothing is filled */
	bool range;  /* it has a beginning: drawn with round ends */
	bool beyond; /* it goes on past the right edge */
	bool tight;  /* somebody waits for it */
};

struct tick {
	double at;
	char label[QUANTITY_MAX + 8];
	bool strong;
};

enum { LANES_MAX = 6, TICKS_MAX = 16 };

struct picture {
	const char *title; /* trusted */
	struct lane lanes[LANES_MAX];
	unsigned lane_count;
	struct tick ticks[TICKS_MAX];
	unsigned tick_count;
};

/* A new lane, unknown as yet; the last is used again where there is no room. */
struct lane *picture_lane(struct picture *p, const char *label);
void picture_tick(struct picture *p, double at, bool strong, const char *label);
/* The picture as a figure, its numbers also as text alternative. */
void html_picture(struct html *h, const struct picture *p);
/* A bar beside numbers that say the same: hidden from those who listen. severity SEVERITIES: none. */
void html_bar(struct text *t, double share, enum severity severity);

/* Sections of a part, in the order of the page. */
void html_findings(struct html *h);
void html_paths(struct html *h);
void html_sockets(struct html *h);
void html_unjudged(struct html *h);

extern const char *const html_style[]; /* the sheet, in pieces; ends with NULL */
