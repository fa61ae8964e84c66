/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the plan. */
#pragma once

#include "plan/plan.h"

/* What one finding wants of one element of a key. */
struct ask {
	struct ask *next;
	const struct finding *finding; /* NULL: the profile's, which the value in force fulfils: it is to stay so */
	const struct constraint *constraint;
	const char *value; /* a word, or a number in the kernel's unit */
	const char *note;
};

/* A key, and all that is asked of it. */
struct request {
	const char *key, *current;
	const struct sysctl_def *def;
	size_t order; /* in which it was asked for */
	struct ask *asks; /* the gravest first */
	const char *withheld; /* why a finding names no value, or NULL */
	const struct finding *withheld_by;
};

/* A whole value that fulfils all, the nearest to the one in force; NULL with the reason where there is none. */
const char *merge_asks(struct arena *a, const struct request *r, const char **note, const char **why_not);
/* "net.core.somaxconn/…, …": the findings behind a request. */
const char *askers(struct arena *a, const struct request *r);
/* "window.send-below-bdp/wan0 10.77.0.0/24" */
const char *finding_name(struct arena *a, const struct finding *f);
const char *nth_element(const char *value, unsigned n);

/* NULL: it was not looked for. */
const struct sysctl_state *plan_state_of(const struct facts *f, const char *key);
/* Judged in a network namespace that is not the initial one? Keys that only that has are absent then. */
bool plan_is_child(const struct facts *f);

/* Memory that a change may take. */
void cost_change(struct arena *a, const struct facts *facts, struct plan_change *c);
