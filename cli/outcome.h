/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What apply, confirm and rollback print: tcpadvisor.apply/1, or the same for people. */
#pragma once

#include "cli/persister.h"
#include "cli/transaction.h"
#include "plan/preflight.h"

enum outcome_kind {
	OUTCOME_NOTHING,     /* there is nothing to change */
	OUTCOME_WOULD_CHANGE, /* --check */
	OUTCOME_REFUSED,
	OUTCOME_OPEN,	     /* applied, and waiting for a person */
	OUTCOME_CONFIRMED,
	OUTCOME_UNDONE,
	OUTCOMES,
};

struct outcome {
	enum outcome_kind kind;
	const struct plan *plan;	     /* or NULL: of apply alone */
	const struct preflight *preflight;   /* or NULL */
	const struct paper *transactions;    /* of this call, in their order */
	size_t transaction_count;
	enum paper_error error;		     /* of the applier; `said` is its sentence */
	const char *said;
	enum persisting persisted;
};

json_t *outcome_json(const char *verb, const struct outcome *r);
/* Hindrances, one below the other. */
void hindrances_add_text(const struct preflight *p, const struct render_options *ro, struct text *t);
