/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preflight: what stands against applying a plan on this host. Pure: looks at what was collected, and at nothing else. The
 * applier checks again whatever it can see; what needs eyes (other managers, sysctl.d) is checked here alone.
 */
#pragma once

#include "plan/plan.h"

/* The one file that the persister writes. */
#define PREFLIGHT_DROP_IN "/etc/sysctl.d/95-tcpadvisor.conf"

enum hindrance_severity { HINDRANCE_WARN, HINDRANCE_REFUSE };

struct hindrance {
	enum hindrance_severity severity;
	const char *key;      /* NULL: of the host */
	const char *sentence; /* untrusted names in it */
	const char *option;   /* that overrides it, or NULL */
};

struct preflight {
	struct arena arena;
	struct hindrance *list; /* those of the host first, then in the order of the changes */
	size_t count;
};

struct preflight_options {
	bool denied;	      /* [apply] allow = no */
	bool frozen;	      /* /etc/tcpadvisor/freeze is there */
	bool persist;	      /* the change is to hold after a reboot */
	bool despite_manager;
};

/* j is what the plan was made of, and must outlive the result. */
void preflight_make(const struct judgement *j, const struct plan *p, const struct preflight_options *o, struct preflight *ret);
void preflight_clear(struct preflight *p);
bool preflight_refuses(const struct preflight *p);
