/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of this folder only. */
#pragma once

#include "mask/mask.h"

struct mask {
	uint8_t key[MASK_KEY_SIZE];
	const struct catalogue *catalogue;
	struct text published; /* "\nNAME\n…" */
	char **files;	       /* of sysctl.d, in byte order: the place is the new name */
	size_t file_count, file_size;
	unsigned looks; /* for the nearest name: each compares with all */
};

/* What a number or a name is: the same digits mean another thing elsewhere. */
enum mask_kind {
	MASK_IPV4,
	MASK_IPV6,
	MASK_PID,
	MASK_UID,
	MASK_INODE,
	MASK_CGROUP,
	MASK_VLAN,
	MASK_NAME,
};

/* A keyed hash: SipHash-2-4. */
uint64_t mask_hash(struct mask *m, enum mask_kind kind, const void *bytes, size_t n);
/* One number for each, within the range of its kind; those that mean something (0, the process 1) stay. */
uint64_t mask_number(struct mask *m, enum mask_kind kind, uint64_t v);

/* Prefix-preserving: what shares n bits before shares n after. Kinds of addresses stay. In place. */
void mask_ipv4(struct mask *m, uint8_t address[4]);
void mask_ipv6(struct mask *m, uint8_t address[16]);
/* "10.0.0.1", "[::1]:80", "10.0.0.0/24". False, and nothing added, where the word is no address. */
bool mask_address_word(struct mask *m, const char *word, size_t n, struct text *ret);

/* Prefix and eight digits, for a name of n bytes. */
void mask_name(struct mask *m, const char *prefix, const char *name, size_t n, struct text *ret);
bool mask_is_published(struct mask *m, const char *name, size_t n);
/* "eth0" and its like stay; "veth12ab34c" keeps its kind. A pattern stays where it names a kind alone. */
void mask_interface(struct mask *m, const char *name, size_t n, struct text *ret);
/* A path of cgroups: slices and units that every host has stay, and the suffixes of the others. */
void mask_cgroup(struct mask *m, const char *path, size_t n, struct text *ret);
/* Of a process. */
void mask_command(struct mask *m, const char *name, size_t n, struct text *ret);
/* Names of profiles, tuned's or ours, among blanks and commas. */
void mask_profiles(struct mask *m, const char *names, size_t n, struct text *ret);
/* A file of sysctl.d. */
void mask_ranked(struct mask *m, const char *name, struct text *ret);
/* What a finding is about, as a waiver names it. */
void mask_subject(struct mask *m, const char *subject, size_t n, struct text *ret);

/* A key of sysctl in canonical spelling: dots between components, and slashes in them. */
void mask_key(struct mask *m, const char *key, struct text *ret);
void mask_value(struct mask *m, const char *key, const char *value, size_t n, struct text *ret);
/* "key = value", as sysctl.d and tuned have it. */
void mask_assignment(struct mask *m, const char *line, size_t n, struct text *ret);
/* Dots become slashes and slashes dots. In place. */
void mask_swap_separators(char *key);

/* Each adds a whole file's masked text. */
typedef void (*mask_text_fn)(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret);
void mask_sysctl_file(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret);
void mask_modules(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret);
void mask_udev(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret);
void mask_tuned(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret);
void mask_own(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret);
void mask_netlink(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret);

/* Call fn for each line, without its end; what it adds gets the same end. */
void mask_lines(struct mask *m, const char *bytes, size_t n, struct text *ret,
		void (*fn)(struct mask *m, void *user, const char *line, size_t n, struct text *ret), void *user);
