/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growable string, and the escaping that every name from the system passes before a person sees it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "base/macro.h"

struct text {
	char *s; /* NUL-terminated once anything was added, else NULL */
	size_t len, size;
};

#define TEXT_NULL ((struct text){NULL, 0, 0})

void text_add(struct text *t, const char *s);
void text_addn(struct text *t, const char *s, size_t n);
void text_addf(struct text *t, const char *fmt, ...) _printf_(2, 3);
void text_clear(struct text *t);
const char *text_get(const struct text *t);

static inline void text_donep(struct text *t)
{
	text_clear(t);
}
#define _cleanup_text_ _cleanup_(text_donep)

/*
 * Add an untrusted name: valid UTF-8 passes, control characters (C0, C1, DEL), bidirectional overrides and
 * bytes that are no UTF-8 become \xNN, and a backslash is doubled. What is then longer than max bytes is cut, between
 * characters, and ends with "…".
 */
void text_add_escaped(struct text *t, const char *s, size_t max);

/* Runs of white space become one blank, and none is left at the ends. In place. */
void text_squeeze(char *s);

/* Is it one of the words of a list that blanks separate? */
bool text_has_word(const char *list, const char *word);

/* Is this text that may be shown as it is: UTF-8 without control characters (but tabs) and the like? */
bool text_is_plain(const char *s, size_t n);
/* Length of the valid UTF-8 sequence at s (1..4), or 0; n bytes may be read. */
size_t utf8_length(const char *s, size_t n);
