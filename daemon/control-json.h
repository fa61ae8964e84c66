/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The types of io.tcpadvisor, as JSON. */
#pragma once

#include "daemon/control.h"
#include "render/facts-table.h"

/* Each gives a new reference. rules: where titles come from, or NULL. */
json_t *control_status_json(const struct service_stats *s);
json_t *control_findings_json(const struct life *l, const struct ruleset *rules);
json_t *control_fact_json(const struct fact_row *r, const char *netns);
json_t *control_event_json(const struct event *e);
