/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers on jansson, shared by the JSON renderers. */
#pragma once

#include <jansson.h>
#include "render/render.h"

/* A string of untrusted bytes: escaped as for people, so always valid UTF-8. NULL gives null. */
json_t *json_untrusted(const char *s);
/* A whole number where it is one, else a real; null where missing. */
json_t *json_value(const struct value *v);
json_t *json_number(double v);
/* Dump at the end of ret as jansson's flags say, and release it. */
void json_add(json_t *root, size_t flags, struct text *ret);
/* As documents are printed. */
void json_finish(json_t *root, struct text *ret);
/* A whole audit: schema tcpadvisor.audit/1. */
json_t *json_report(const struct report *r);
/* Parts of an audit that a lint has too. */
json_t *json_finding(const struct report_part *p, const struct finding *f);
json_t *json_unjudged(const struct report_part *p, const struct finding *f);
json_t *json_summary(const struct report *r);
json_t *json_strings(const char *const *s, size_t n);
