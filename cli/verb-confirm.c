/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confirm: what was applied stays. */
#include <string.h>
#include "cli/outcome.h"
#include "render/json.h"

/* Without an id: whoever confirms shall have seen what. */
static int ask_for_id(const struct options *o)
{
	_cleanup_free_ struct paper *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		abort();
	r = transaction_show(o, NULL, p);
	if (r)
		return r;
	if (transaction_is_open(p))
		complain("%.*s is open: `tcpadvisor history %.*s` shows it, `tcpadvisor confirm %.*s` keeps it", SHORT_ID, p->id,
			 SHORT_ID, p->id, SHORT_ID, p->id);
	else
		complain("there is nothing to confirm: no transaction is open");
	return transaction_is_open(p) ? EXIT_USAGE : EXIT_COULD_NOT_CHECK;
}

static void add_text(const struct options *o, const struct paper *p, enum persisting persisted, struct text *t)
{
	struct render_options ro = output_options(o);

	transaction_add_summary(p, &ro, t);
	evidence_add_text(p, &ro, t);
	if (persisted == PERSIST_DONE)
		text_add(t, "It holds after a reboot too: " PREFLIGHT_DROP_IN "\n");
	else if (persisted == PERSIST_FAILED)
		text_add(t, "It is not kept over a reboot: nothing of it was written to " PREFLIGHT_DROP_IN "\n");
}

int verb_confirm(const struct options *o)
{
	_cleanup_free_ struct paper *p = calloc(1, sizeof(*p));
	struct outcome result = {.kind = OUTCOME_REFUSED, .transactions = p};
	_cleanup_text_ struct text t = TEXT_NULL;
	char id[PAPER_ID];
	int r;

	if (!p)
		abort();
	if (!o->arg_count)
		return ask_for_id(o);
	r = transaction_find(o, o->args[0], id);
	if (r || (r = applier_ask(o, VERB_CONFIRM, id, p)))
		return r;
	result.error = p->error;
	result.said = p->said;
	result.transaction_count = p->state != STATE_NONE;
	if (p->error == PAPER_DONE) {
		result.kind = OUTCOME_CONFIRMED;
		result.persisted = p->persist ? persister_run(o, id, false) : PERSIST_NOT_ASKED;
		add_text(o, p, result.persisted, &t);
	}
	if (!strcmp(o->format, "json")) {
		text_clear(&t);
		json_finish(outcome_json("confirm", &result), &t);
	}
	r = applier_output(p, &t);
	if (!r)
		r = applier_refused(p);
	return r ? r : result.persisted == PERSIST_FAILED ? EXIT_COULD_NOT_CHECK : EXIT_OK;
}
