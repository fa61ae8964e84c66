/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts: every fact of every subject, with value, unit and source; missing ones with the reason. */
#include "cli/session.h"
#include "render/facts-table.h"

static void fill(struct table *table, const struct report_part *part, const struct options *o)
{
	facts_table(table, part->facts, o->arg_count ? o->args[0] : NULL, &part->facts->arena);
}

static int show(struct session *s, const struct options *o, const struct render_options *ro, struct text *t)
{
	session_tables(s, o, ro, 1, fill, t);
	return EXIT_OK;
}

int verb_facts(const struct options *o)
{
	return session_show(o, show);
}
