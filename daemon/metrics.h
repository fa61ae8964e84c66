/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the service says of itself as metrics, behind those of the last audit. */
#pragma once

#include "daemon/stats.h"
#include "render/metrics.h"

/* Between metrics_report() and metrics_end(). */
void metrics_service(struct metrics *m, const struct service_stats *s);
/* The most samples that it writes. */
size_t metrics_service_most(void);
/* A whole document; r NULL: nothing was judged yet. Added to ret. */
void metrics_document(const struct report *r, const struct service_stats *s, enum metrics_dialect dialect,
		      struct text *ret);
