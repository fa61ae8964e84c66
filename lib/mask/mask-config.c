/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration besides sysctl.d: kernel modules, udev, tuned, and ours. What no rule asks for becomes an empty line. */
#include <ctype.h>
#include <string.h>
#include "mask/mask-private.h"

void mask_lines(struct mask *m, const char *bytes, size_t n, struct text *ret,
		void (*fn)(struct mask *m, void *user, const char *line, size_t n, struct text *ret), void *user)
{
	for (size_t i = 0, length; i < n; i += length) {
		const char *end = memchr(bytes + i, '\n', n - i);

		length = end ? (size_t)(end - bytes) - i : n - i;
		fn(m, user, bytes + i, length, ret);
		if (end) {
			text_add(ret, "\n");
			length++;
		}
	}
}

/* Is a module of the kernel asked for by name? A dash is an underscore to modprobe. */
static bool is_module(struct mask *m, const char *name, size_t n)
{
	for (size_t i = 0; i < m->catalogue->name_count; i++) {
		const char *module = m->catalogue->names[i].module;
		size_t at = 0;

		if (!module || strlen(module) != n)
			continue;
		while (at < n && (module[at] == name[at] || (module[at] == '_' && name[at] == '-')))
			at++;
		if (at == n)
			return true;
	}
	return false;
}

static void mask_module_line(struct mask *m, void *user, const char *line, size_t n, struct text *ret)
{
	(void)user;
	while (n && isspace((unsigned char)*line)) {
		line++;
		n--;
	}
	while (n && isspace((unsigned char)line[n - 1]))
		n--;
	if (is_module(m, line, n))
		text_addn(ret, line, n);
}

void mask_modules(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	(void)path;
	mask_lines(m, bytes, n, ret, mask_module_line, NULL);
}

/* KERNEL=="br_netfilter" is all that is asked for. */
static void mask_udev_line(struct mask *m, void *user, const char *line, size_t n, struct text *ret)
{
	static const char mark[] = "KERNEL==\"";
	const char *at = memmem(line, n, mark, strlen(mark)), *end;

	(void)user;
	if (!at)
		return;
	at += strlen(mark);
	end = memchr(at, '"', n - (size_t)(at - line));
	if (end && is_module(m, at, (size_t)(end - at)))
		text_addf(ret, "%s%.*s\"", mark, (int)(end - at), at);
}

void mask_udev(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	(void)path;
	mask_lines(m, bytes, n, ret, mask_udev_line, NULL);
}

struct place {
	const char *path;
	char section[64];
	bool within; /* a text that goes on in the next lines */
};

static void enter(struct place *p, const char *line, size_t n)
{
	const char *end = memchr(line, ']', n);

	snprintf(p->section, sizeof(p->section), "%.*s", (int)(end ? (size_t)(end - line - 1) : 0), line + 1);
	p->within = false;
}

/* Length of the key, and its value behind '='; 0: the line is no assignment. */
static size_t split(const char *line, size_t n, const char **value, size_t *value_n)
{
	const char *equals = memchr(line, '=', n);
	size_t key = equals ? (size_t)(equals - line) : 0;

	if (!equals)
		return 0;
	*value = equals + 1;
	*value_n = n - (size_t)(equals + 1 - line);
	while (*value_n && isspace((unsigned char)**value)) {
		++*value;
		--*value_n;
	}
	while (key && isspace((unsigned char)line[key - 1]))
		key--;
	return key;
}

static bool is_key(const char *line, size_t n, const char *key)
{
	return strlen(key) == n && !memcmp(line, key, n);
}

static void mask_tuned_line(struct mask *m, void *user, const char *line, size_t n, struct text *ret)
{
	struct place *p = user;
	const char *value = "";
	size_t key, value_n = 0;

	for (; n && isspace((unsigned char)*line); n--)
		line++;
	if (n && *line == '[') {
		enter(p, line, n);
		if (!strcmp(p->section, "main") || !strcmp(p->section, "sysctl"))
			text_addf(ret, "[%s]", p->section);
		else
			text_add(ret, "[other]");
		return;
	}
	key = n && *line != '#' && *line != ';' ? split(line, n, &value, &value_n) : 0;
	if (!strcmp(p->section, "main") && is_key(line, key, "include")) {
		text_add(ret, "include=");
		mask_profiles(m, value, value_n, ret);
	} else if (!strcmp(p->section, "sysctl") && is_key(line, key, "replace")) {
		text_addf(ret, "replace=%s", value_n && (*value == '1' || *value == 't' || *value == 'T') ? "1" : "0");
	} else if (!strcmp(p->section, "sysctl") && key) {
		mask_assignment(m, line, n, ret);
	}
}

void mask_tuned(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	struct place p = {.path = path};

	mask_lines(m, bytes, n, ret, mask_tuned_line, &p);
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && !strcmp(s + n - m, suffix);
}

/* Values that are prose, or name something of the site, by how they are masked. */
enum prose { PROSE_NONE, PROSE_TEXT, PROSE_PROFILES, PROSE_SUBJECT, PROSE_PATH };

static enum prose prose_of(const struct place *p, const char *key, size_t n)
{
	static const char *const texts[] = {"title", "because", "risk", "refs", "otherwise", "controls", "message", "advise", "about", "why",
					    "summary", "reason", "effect", "default-note"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (is_key(key, n, texts[i]))
			return PROSE_TEXT;
	if (is_key(key, n, "subject"))
		return PROSE_SUBJECT;
	if (is_key(key, n, "textfile"))
		return PROSE_PATH;
	if (is_key(key, n, "include") || is_key(key, n, "profile") || (is_key(key, n, "netns") && !strcmp(p->section, "service")))
		return PROSE_PROFILES;
	return PROSE_NONE;
}

/* A reason, or a remark, behind a value. */
static size_t without_remark(const char *value, size_t n, bool *remark)
{
	const char *hash = memmem(value, n, " #", 2), *semicolon = memmem(value, n, " ;", 2), *first;

	first = !hash || (semicolon && semicolon < hash) ? semicolon : hash;
	*remark = first != NULL;
	return first ? (size_t)(first - value) : n;
}

static void mask_own_value(struct mask *m, enum prose prose, const char *value, size_t n, struct text *ret)
{
	bool remark;

	switch (prose) {
	case PROSE_TEXT:
		text_add(ret, "masked");
		return;
	case PROSE_SUBJECT:
		mask_subject(m, value, n, ret);
		return;
	case PROSE_PATH:
		text_add(ret, n == 2 && !memcmp(value, "no", 2) ? "no" : "/masked");
		return;
	case PROSE_PROFILES:
		mask_profiles(m, value, without_remark(value, n, &remark), ret);
		return;
	case PROSE_NONE:
		text_addn(ret, value, without_remark(value, n, &remark));
		/* A profile's wish needs its reason. */
		text_add(ret, remark ? " # masked" : "");
		return;
	}
}

static void mask_section(struct mask *m, struct place *p, const char *line, size_t n, struct text *ret)
{
	static const char interface[] = "interface ";

	enter(p, line, n);
	if (!strncmp(p->section, interface, strlen(interface))) {
		text_addf(ret, "[%s", interface);
		mask_interface(m, p->section + strlen(interface), strlen(p->section + strlen(interface)), ret);
		text_add(ret, "]");
	} else {
		text_addf(ret, "[%s]", p->section);
	}
}

static void mask_own_line(struct mask *m, void *user, const char *line, size_t n, struct text *ret)
{
	struct place *p = user;
	const char *value = "";
	size_t key, value_n = 0;

	if (!n || *line == '#' || *line == ';')
		return;
	if (isspace((unsigned char)*line)) {
		/* It goes on. */
		text_addn(ret, line, p->within ? 0 : n);
		return;
	}
	if (*line == '[') {
		mask_section(m, p, line, n, ret);
		return;
	}
	key = split(line, n, &value, &value_n);
	if (!key)
		return;
	while (value_n && isspace((unsigned char)value[value_n - 1]))
		value_n--;
	p->within = prose_of(p, line, key) != PROSE_NONE;
	if (has_suffix(p->path, ".profile") && !strcmp(p->section, "sysctl")) {
		char name[SYSCTL_KEY_MAX];

		snprintf(name, sizeof(name), "%.*s", (int)min_of(key, sizeof(name) - 1), line);
		mask_key(m, name, ret);
	} else {
		text_addn(ret, line, key);
	}
	text_add(ret, " = ");
	mask_own_value(m, prose_of(p, line, key), value, value_n, ret);
}

void mask_own(struct mask *m, const char *path, const char *bytes, size_t n, struct text *ret)
{
	struct place p = {.path = path};

	mask_lines(m, bytes, n, ret, mask_own_line, &p);
}
