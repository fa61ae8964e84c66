/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a change did: the measures of the health watcher, before and after. Untrusted, and of names that are not promised. */
#pragma once

#include "apply/paper.h"
#include "render/render.h"

/*
 * One name=value of a measure; of long ones the beginning. The text goes on at *at. A word without '=' is a name of its own,
 * with the value "". false: nothing is left.
 */
struct measure_item {
	char name[32], value[128];
	double number; /* where `is_number` */
	bool is_number;
};
bool measure_next(const char **at, struct measure_item *ret);

/* A table: for each path, and the host, what was measured, and by how much it changed. */
void evidence_add_text(const struct paper *p, const struct render_options *ro, struct text *t);
