/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot configuration of sysctls, as each of its two readers resolves it. systemd-sysctl and
 * procps' `sysctl --system` agree on most hosts and pick different winners on some
 * (/etc/sysctl.conf is read by one only, and last; an exclusion takes an assignment back in the
 * other only), so both are modelled, as of systemd 252 and procps 4.0.2. From procps 4.0.5 on an
 * exclusion may be a glob; that is not modelled.
 */
#pragma once

#include "base/arena.h"
#include "facts/fact.h"
#include "root/root.h"

enum sysctld_loader { LOADER_SYSTEMD, LOADER_PROCPS, LOADERS };

enum {
	SYSCTLD_FILE_MAX = 1024 * 1024,	      /* a larger file counts as unreadable */
	SYSCTLD_BYTES_MAX = 16 * 1024 * 1024, /* of all files together */
	SYSCTLD_FILES_MAX = 4096,	      /* in all directories together */
	SYSCTLD_ENTRIES_MAX = 65536,	      /* of each loader */
	SYSCTLD_REMARKS_MAX = 65536,
	SYSCTLD_UNREAD_MAX = 64,	      /* so do these */
	SYSCTLD_KEY_MAX = 4095,		      /* PATH_MAX: no longer key can be written */
};

/* One assignment, exclusion or glob as it stands in a file: untrusted bytes. */
struct sysctld_entry {
	/* Dots between components; a dot inside one is written '/' (net.ipv4.conf.eth0/100.x). */
	const char *key;
	const char *value; /* trimmed; NULL for an exclusion ("-net.ipv4.conf.eth0.rp_filter") */
	const char *file;  /* as people name it: "/etc/sysctl.d/99-x.conf" */
	unsigned line;
	bool glob;
	bool tolerant;	/* "-key = value": a failed write is no error */
	bool respelled; /* the file has idle separators in it ("/net//ipv4") */
	bool dropped;	/* systemd keeps one line for a key: repeated or overwritten */
};

enum sysctld_remark_kind {
	REMARK_SUPPRESSION, /* "# tcpadvisor: …"; text: what follows the colon */
	REMARK_NO_EQUALS,   /* neither comment nor assignment; text: the line */
	REMARK_NO_KEY,	    /* an assignment or exclusion of nothing; text: the line */
	REMARK_LONG_KEY,    /* longer than any path; text: the line */
};

/* What a file says besides its assignments. */
struct sysctld_remark {
	enum sysctld_remark_kind kind;
	const char *text; /* untrusted */
	const char *file;
	unsigned line;
	unsigned target; /* of a suppression: the assignment right below it; 0: there is none */
};

/* A file given by itself, not found in a directory. */
struct sysctld_file {
	const char *name;
	const char *bytes;
	size_t n;
};

struct sysctld {
	struct arena arena;
	/* As each loader reads them; it assigns in this order, save what is dropped. */
	struct sysctld_entry *entries[LOADERS];
	size_t count[LOADERS];
	/* The same by key, and those of one key in the order above. */
	struct sysctld_entry **by_key[LOADERS];
	struct sysctld_entry **globs[LOADERS]; /* those that are patterns, in the order above */
	size_t glob_count[LOADERS];
	struct sysctld_remark *remarks; /* in the order of files and lines */
	size_t remark_count;
	/* First assignments of files under sysctl.d that do not end in ".conf", which nobody reads. */
	struct sysctld_entry *unread;
	size_t unread_count;
	/* The first file that is no text or too large, or NULL. */
	const char *refused;
	/* Files and directories that are there and could not be read, or are too large. */
	size_t unreadable;
	const char *unreadable_names; /* of the first few, joined; or NULL */
	const char *odd;	      /* the first name under sysctl.d that is neither file nor mask, or NULL */
};

/*
 * Read every file that either loader would read. Missing directories are no error. -E2BIG beyond a
 * limit: half a configuration would name wrong winners.
 */
int sysctld_load(struct root *root, struct sysctld *ret) _must_check_;
/* The same for files given one by one: as one configuration, by their base names. 0 or -E2BIG. */
int sysctld_load_files(const struct sysctld_file *files, size_t n, struct sysctld *ret) _must_check_;
void sysctld_clear(struct sysctld *s);
/* May these bytes be a configuration? Text has no NUL byte and few that are no UTF-8. */
bool sysctld_is_text(const char *bytes, size_t n);

/*
 * The assignment that this loader would leave in force for a key, or a NULL raw value. Whether the
 * kernel knows the key and takes the value is for others to say. The strings live as long as s.
 */
struct boot_value sysctld_winner(const struct sysctld *s, enum sysctld_loader loader,
				 const char *key);

/*
 * For tests and the fuzzer: parse the bytes of one file in a loader's dialect, appending to
 * *entries (0 or -E2BIG); and, once all is parsed, fill by_key and find what is dropped.
 */
int sysctld_parse(struct arena *a, enum sysctld_loader loader, const char *file, const char *bytes,
		  size_t n, struct sysctld_entry **entries, size_t *count) _must_check_;
void sysctld_index(struct sysctld *s);
/* Append the remarks of a file, by the lines that systemd sees. Texts are from s->arena. 0 or -E2BIG. */
int sysctld_remark(struct sysctld *s, const char *file, const char *bytes, size_t n) _must_check_;
