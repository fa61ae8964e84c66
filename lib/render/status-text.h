/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service says of itself, for a person: a few lines with their names in the margin, and what is open. */
#pragma once

#include "render/render.h"

struct status_line {
	const char *label;
	const char *text; /* escaped already */
};

/* Strings are escaped already, or NULL. */
struct status_finding {
	enum severity severity;
	const char *rule, *subject, *unit, *netns, *message;
	double age; /* seconds that it has been open */
};

struct status_view {
	const char *head;
	enum severity gravest; /* of the findings; SEVERITIES: there is none */
	const struct status_line *lines;
	size_t line_count;
	const struct status_finding *findings;
	size_t finding_count;
};

void render_status_text(const struct status_view *v, const struct render_options *o, struct text *ret);

/* One line for what happened: "2026-11-20 18:57:31  opened    warning  rule subject: message". */
struct status_event {
	const char *time, *kind;
	enum severity severity;
	const char *rule, *subject, *netns, *message; /* escaped already, or NULL */
};
void render_event_text(const struct status_event *e, const struct render_options *o, struct text *ret);

/* A time that went by, as people say it: "12 s", "2 h 48 min", "3 d 4 h". Returns buf. */
char *age_format(char *buf, size_t size, double seconds);
enum { AGE_MAX = 32 };
