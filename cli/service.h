/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs that ask the service share. */
#pragma once

#include "cli/verb.h"
#include "varlink/varlink.h"

#define CONTROL_SOCKET "/run/tcpadvisor/io.tcpadvisor"

/* Each returns 0, or an exit status after a line on stderr. */
int service_connect(const struct options *o, struct varlink_client **ret);
int service_call(struct varlink_client *c, const char *method, bool more);
/* The member of the next reply, as a new reference. */
int service_answer(struct varlink_client *c, const char *member, json_t **ret);
/* What went wrong when sending or receiving. */
int service_complain(int error);
/* The service said something that this program does not understand. */
int service_complain_answer(void);

/* Escape what a terminal should not see, in every string. Names that the service escaped already stay as they are. */
void service_clean(json_t *o);
/* A string that may be null or missing; what it points at belongs to o. */
const char *service_string(const json_t *o, const char *member);
/* "info" and so on; false: it is none. */
bool service_severity(const json_t *o, enum severity *ret);
/* "2026-11-20 18:57:31" here. */
void service_time(double epoch, char *buf, size_t size);
enum { SERVICE_TIME_MAX = 32 };
