/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of sysctls that the catalogue does not describe, so that a typo can be told from what is merely not ours. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include "base/nearest.h"
#include "catalogue/catalogue.h"

static bool is_name(const char *s, size_t n)
{
	return n && n < SYSCTL_KEY_MAX && memchr(s, '.', n) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-*") >= n;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct known_name *)a)->name, ((const struct known_name *)b)->name);
}

/* What stands behind a name. 0, or -EINVAL. */
static int read_mark(struct known_name *name, const char *word)
{
	const char *version = strchr(word, ':');

	if (!strcmp(word, "foreign")) {
		name->foreign = true;
		return 0;
	}
	if (version && (!strncmp(word, "removed:", 8) || !strncmp(word, "before:", 7))) {
		name->before = *word == 'b';
		return kernel_version_parse(version + 1, &name->removed);
	}
	if (version || name->module)
		return -EINVAL;
	name->module = word;
	return 0;
}

/* One line: a name, and perhaps a module and what became of it. */
static int add_line(struct catalogue *c, const char *file, unsigned number, char *line, struct diag *d)
{
	size_t n = strcspn(line, " ");
	struct known_name name = {.name = line};
	char *state = NULL, *word = line[n] ? strtok_r(line + n + 1, " ", &state) : NULL;
	bool good = is_name(line, n) && !strchr(line, '\t');

	for (; word && good; word = strtok_r(NULL, " ", &state))
		good = read_mark(&name, word) == 0;
	if (!good)
		return diag_set(d, file, number,
				"a line is the name of a sysctl, and perhaps the module that brings it, removed:VERSION, before:VERSION or foreign");
	if (c->name_count == KNOWN_NAMES_MAX)
		return diag_set(d, file, number, "more than %d names", KNOWN_NAMES_MAX);
	if (!c->names)
		c->names = arena_array(c->arena, struct known_name, KNOWN_NAMES_MAX);
	line[n] = 0;
	c->names[c->name_count++] = name;
	return 0;
}

int catalogue_add_names(struct catalogue *c, const char *file, const char *bytes, size_t n, struct diag *d)
{
	char *at = arena_strndup(c->arena, bytes, n), *next;
	bool format = false;
	int r = 0;

	if (strlen(at) != n)
		return diag_set(d, file, 0, "holds a NUL byte");
	for (unsigned number = 1; r == 0 && *at; at = next, number++) {
		size_t length = strcspn(at, "\n");

		next = at + length + (at[length] == '\n');
		at[length] = 0;
		if (!length || *at == '#')
			continue;
		if (length > NAMES_LINE_MAX)
			return diag_set(d, file, number, "a line has at most %d characters", NAMES_LINE_MAX);
		if (!format && strcmp(at, "format = 1"))
			return diag_set(d, file, number, "'format = 1' must come first");
		if (format)
			r = add_line(c, file, number, at, d);
		format = true;
	}
	if (r == 0 && c->name_count)
		qsort(c->names, c->name_count, sizeof(*c->names), by_name);
	return r;
}

static const struct known_name *find_name(const struct catalogue *c, const char *key)
{
	struct known_name wanted = {.name = key};
	char template[SYSCTL_KEY_MAX];
	const struct known_name *found = NULL;

	if (!c->name_count)
		return NULL;
	found = bsearch(&wanted, c->names, c->name_count, sizeof(wanted), by_name);
	if (found)
		return found;
	if (catalogue_template(key, template, sizeof(template))) {
		wanted.name = template;
		return bsearch(&wanted, c->names, c->name_count, sizeof(wanted), by_name);
	}
	for (size_t i = 0; i < c->name_count; i++)
		if (strchr(c->names[i].name, '*') && !fnmatch(c->names[i].name, key, 0))
			return &c->names[i];
	return NULL;
}

const struct known_name *catalogue_name(const struct catalogue *c, const char *key)
{
	return find_name(c, key);
}

bool catalogue_knows(const struct catalogue *c, const char *key, const char **module)
{
	const struct known_name *name = find_name(c, key);

	if (module)
		*module = name ? name->module : NULL;
	return (name && !name->foreign) || catalogue_find(c, key);
}

/* The interface of the key that was asked for, in the place of the template's '*'. */
static const char *with_interface(const char *template, const char *key, struct arena *a)
{
	const char *star = strchr(template, '*');
	size_t before = star ? (size_t)(star - template) : 0;

	if (!star || strncmp(template, key, before))
		return arena_strdup(a, template);
	return arena_printf(a, "%.*s%.*s%s", (int)before, template, (int)strcspn(key + before, "."), key + before, star + 1);
}

const char *catalogue_nearest(const struct catalogue *c, const char *key, struct arena *a)
{
	char template[SYSCTL_KEY_MAX];
	struct nearest n = NEAREST_NULL;
	const char *asked = key;

	/* A name of somebody's own kernel is no typo. */
	if (strlen(key) >= SYSCTL_KEY_MAX || find_name(c, key))
		return NULL;
	if (catalogue_template(key, template, sizeof(template)))
		asked = template;
	for (size_t i = 0; i < c->count; i++)
		nearest_offer(&n, asked, c->defs[i].key);
	for (size_t i = 0; i < c->name_count; i++)
		if (!c->names[i].foreign && !c->names[i].removed.major)
			nearest_offer(&n, asked, c->names[i].name);
	return n.name ? with_interface(n.name, key, a) : NULL;
}
