/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wildcards in the keys of sysctl.d. */
#pragma once

#include <stdbool.h>

/* A pattern of *, ? and [] against a key; neither matches a dot. */
bool sysctld_match_glob(const char *pattern, const char *key);
/*
 * The same with alternatives in braces: systemd lets glob() expand them, in keys that have a wildcard as well; procps
 * does not. Each alternative takes one of *budget, and none is tried when that is gone.
 */
bool sysctld_match_braces(const char *pattern, const char *key, unsigned *budget);
/* *, ? and [] over a whole text, in which a dot is a character like any other. */
bool glob_match(const char *pattern, const char *text);
