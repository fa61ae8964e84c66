/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by both ends: from bytes to messages and back. */
#pragma once

#include "base/text.h"
#include "varlink/varlink.h"

/* A JSON object that is not nested too deeply, as a new reference; else NULL. */
json_t *varlink_parse_object(const char *bytes, size_t n);

struct varlink_answer {
	json_t *parameters; /* a new reference; an object */
	char *error;	    /* to be freed; NULL: it is none */
	bool continues;
};
int varlink_parse_reply(const char *bytes, size_t n, struct varlink_answer *ret) _must_check_;

/* Add a message and the NUL byte that ends it. */
void varlink_dump(const json_t *message, struct text *ret);
