/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/young.h"

#include "daemon/macro.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static void add(struct young *y, const char *name, double now)
{
	y->list = must_realloc(y->list, y->count + 1, sizeof(*y->list));
	y->list[y->count++] = (struct young_interface){must_strdup(name), now};
}

static void forget_old(struct young *y, double now, double settle)
{
	size_t kept = 0;

	for (size_t i = 0; i < y->count; i++)
		if (now - y->list[i].since < settle)
			y->list[kept++] = y->list[i];
		else
			free(y->list[i].name);
	y->count = kept;
}

void young_take(struct young *y, const struct facts *f, double now, double settle)
{
	char **names = NULL;
	size_t n = 0, size = 0;

	for (const struct subject *s = f->first[SUBJECT_INTERFACE]; s; s = s->next) {
		if (n == size) {
			size = size ? 2 * size : 16;
			names = must_realloc(names, size, sizeof(*names));
		}
		names[n++] = must_strdup(s->name);
		if (y->started && !bsearch(&names[n - 1], y->known, y->known_count, sizeof(*y->known), by_name))
			add(y, s->name, now);
	}
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	free_names(y->known, y->known_count);
	y->known = names;
	y->known_count = n;
	y->started = true;
	forget_old(y, now, settle);
}

/* In a key a dot of the interface's name is written as a slash. */
static bool is_component(const char *component, size_t n, const char *name)
{
	if (strlen(name) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (component[i] != name[i] && !(component[i] == '/' && name[i] == '.'))
			return false;
	return true;
}

bool young_has_key(const struct young *y, const char *key)
{
	const char *at = strstr(key, ".conf."), *end;

	at = at ? at + strlen(".conf.") : strstr(key, ".neigh.");
	if (!at)
		return false;
	if (*at == '.')
		at += strlen(".neigh.");
	end = strchr(at, '.');
	for (size_t i = 0; end && i < y->count; i++)
		if (is_component(at, (size_t)(end - at), y->list[i].name))
			return true;
	return false;
}

void young_clear(struct young *y)
{
	for (size_t i = 0; i < y->count; i++)
		free(y->list[i].name);
	free(y->list);
	free_names(y->known, y->known_count);
	*y = (struct young){0};
}
