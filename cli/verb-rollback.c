/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rollback: what was applied is undone, now. */
#include <string.h>
#include "cli/outcome.h"
#include "render/json.h"

/* The one that was named, or that is open; *before as it is now. */
static int find(const struct options *o, struct paper *before)
{
	char id[PAPER_ID];
	int r;

	if (o->arg_count && (r = transaction_find(o, o->args[0], id)))
		return r;
	r = transaction_show(o, o->arg_count ? id : NULL, before);
	if (r || (o->arg_count && (r = applier_refused(before))))
		return r;
	if (!o->arg_count && !transaction_is_open(before)) {
		complain("no transaction is open: name the one that is to be undone (`tcpadvisor history` lists them)");
		return EXIT_COULD_NOT_CHECK;
	}
	return 0;
}

static bool was_undone(const struct paper *p)
{
	return p->state == STATE_UNDONE || p->state == STATE_REBOOTED;
}

static void add_text(const struct options *o, const struct paper *p, bool before, enum persisting withdrawn, struct text *t)
{
	struct render_options ro = output_options(o);

	transaction_add_summary(p, &ro, t);
	if (before)
		text_add(t, "It was undone before.\n");
	if (withdrawn == PERSIST_DONE)
		text_add(t, "Its lines are taken out of " PREFLIGHT_DROP_IN " too.\n");
	else if (withdrawn == PERSIST_FAILED)
		text_add(t, "A reboot brings it back: its lines are still in " PREFLIGHT_DROP_IN "\n");
}

int verb_rollback(const struct options *o)
{
	_cleanup_free_ struct paper *p = calloc(2, sizeof(*p));
	struct paper *after = p + 1;
	struct outcome result = {.kind = OUTCOME_REFUSED, .transactions = after};
	_cleanup_text_ struct text t = TEXT_NULL;
	int r;

	if (!p)
		abort();
	r = find(o, p);
	if (r)
		return r;
	r = applier_ask(o, VERB_ROLLBACK, p->id, after);
	if (r && p->persist && p->state == STATE_CONFIRMED)
		complain("its lines are still in " PREFLIGHT_DROP_IN ": roll it back again, or a reboot brings it back");
	if (r)
		return r;
	result.error = after->error;
	result.said = after->said;
	result.transaction_count = after->state != STATE_NONE;
	/* One that is undone may have lines left from when they could not be taken out. */
	if (p->persist && p->state != STATE_OPEN && (after->error == PAPER_DONE || after->error == ERROR_TOO_LATE))
		result.persisted = persister_run(o, p->id, true);
	/* It was undone before, or now nothing keeps it any more: that is what was asked for. */
	if (after->error == ERROR_TOO_LATE && (was_undone(p) || result.persisted == PERSIST_DONE)) {
		*after = *p;
		result.error = PAPER_DONE;
		result.transaction_count = 1;
	}
	if (after->error == PAPER_DONE) {
		result.kind = OUTCOME_UNDONE;
		add_text(o, after, was_undone(p), result.persisted, &t);
	}
	if (!strcmp(o->format, "json")) {
		text_clear(&t);
		json_finish(outcome_json("rollback", &result), &t);
	}
	r = applier_output(after, &t);
	if (!r)
		r = applier_refused(after);
	return r ? r : result.persisted == PERSIST_FAILED ? EXIT_COULD_NOT_CHECK : EXIT_OK;
}
