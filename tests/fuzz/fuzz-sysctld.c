/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of sysctl.d with 0xff between them, in both dialects, and who wins the keys they name. */
#include <string.h>

#include "collect/sysctld.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LOOKUPS_MAX = 32 };

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_entry(const struct sysctld_entry *e)
{
	static const char blanks[] = " \t\r\n";
	const char *last;

	check(e->line && e->file);
	check(*e->key && *e->key != '.' && !strstr(e->key, ".."));
	check(strlen(e->key) <= SYSCTLD_KEY_MAX);
	check(e->glob == (strpbrk(e->key, "*?[") != NULL));
	check(!e->tolerant || e->value);
	if (!e->value || !*e->value)
		return;
	last = e->value + strlen(e->value) - 1;
	check(!strchr(blanks, *e->value) && !strchr(blanks, *last));
}

/* The winner is a line of the file, and one that can set the key. */
static void check_winner(const struct sysctld *s, enum sysctld_loader loader, const char *key)
{
	struct boot_value v = sysctld_winner(s, loader, key);

	if (!v.raw)
		return;
	for (size_t i = 0; i < s->count[loader]; i++) {
		const struct sysctld_entry *e = &s->entries[loader][i];

		if (e->value == v.raw && e->file == v.file && e->line == v.line) {
			check(e->glob || !strcmp(e->key, key));
			return;
		}
	}
	abort();
}

static void parse_files(struct sysctld *s, enum sysctld_loader loader, const char *bytes, size_t n)
{
	const char *end = bytes + n, *next;

	for (; bytes < end; bytes = next + 1) {
		next = memchr(bytes, 0xff, (size_t)(end - bytes));
		if (!next)
			next = end;
		if (sysctld_parse(&s->arena, loader, "/f", bytes, (size_t)(next - bytes),
				  &s->entries[loader], &s->count[loader]) < 0)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = {
		"net.ipv4.tcp_rmem",
		"net.ipv4.conf.all.rp_filter",
		"net.ipv4.conf.eth0/100.rp_filter",
		"net.core.somaxconn",
	};
	struct sysctld s = {.arena = ARENA_NULL};

	for (int loader = 0; loader < LOADERS; loader++)
		parse_files(&s, loader, (const char *)data, size);
	sysctld_index(&s);
	for (int loader = 0; loader < LOADERS; loader++) {
		for (size_t i = 0; i < s.count[loader]; i++)
			check_entry(&s.entries[loader][i]);
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			check_winner(&s, loader, keys[i]);
		for (size_t i = 0; i < s.count[loader] && i < LOOKUPS_MAX; i++)
			check_winner(&s, loader, s.entries[loader][i].key);
	}
	sysctld_clear(&s);
	return 0;
}
