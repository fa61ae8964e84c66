/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The search order over configuration directories. */
#pragma once

#include "root/root.h"

enum { SEARCH_FILES_MAX = 512 };

struct search_file {
	char *name; /* basename */
	char *path;  /* for people: absolute, as the host has it */
	bool packaged;
	bool masked; /* a link to /dev/null, or empty */
};

struct search {
	struct search_file *files; /* sorted by name, one for each; masked ones stay, marked */
	size_t count;
};

/* All files named *suffix in etc/tcpadvisor/sub, run/tcpadvisor/sub and datadir/sub. */
int search_files(struct root *root, const char *datadir, const char *sub, const char *suffix,
		 struct search *ret) _must_check_;
void search_clear(struct search *s);
DEFINE_CLEANUP(struct search *, search_clear)
/* Read one; refuses what anybody may write. */
int search_read(struct root *root, const struct search_file *f, struct text *ret, struct diag *d) _must_check_;
/* A link to /dev/null, or an empty file: what it hides is not there. */
bool search_is_masked(struct root *root, const char *path);
/* Read a file by its path as the caller's system has it (a profile given by path). */
int search_read_path(const char *path, struct text *ret, struct diag *d) _must_check_;
