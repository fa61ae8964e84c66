/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's allow-list of the applier, ReadWritePaths= of its units, is the table that is compiled in: both ways. */
#include "unit.h"

#include <string.h>
#include "apply/vetted.h"

enum { PATHS = 512 };

struct paths {
	char path[PATHS][128];
	size_t count;
};

static void read_unit(const char *name, struct paths *ret)
{
	static const char setting[] = "ReadWritePaths=-";
	const char *build = getenv("TCPADVISOR_BUILDDIR");
	_cleanup_fclose_ FILE *f = NULL;
	char line[512];

	snprintf(line, sizeof(line), "%s/units/%s", build ? build : "build", name);
	f = fopen(line, "re");
	assert_non_null(f);
	ret->count = 0;
	while (fgets(line, sizeof(line), f)) {
		assert_false(!strncmp(line, "ReadWritePaths=", 15) && strncmp(line, setting, strlen(setting)));
		if (strncmp(line, setting, strlen(setting)))
			continue;
		line[strcspn(line, "\n")] = 0;
		assert_true(ret->count < PATHS && strlen(line + strlen(setting)) < sizeof(ret->path[0]));
		strcpy(ret->path[ret->count++], line + strlen(setting));
	}
}

static bool has(const struct paths *p, const char *path)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->path[i], path))
			return true;
	return false;
}

static void same_as_table(void **state)
{
	static const char *const units[] = {"tcpadvisor-apply.service", "tcpadvisor-recover.service"};
	static struct paths p;

	(void)state;
	for (size_t u = 0; u < ARRAY_SIZE(units); u++) {
		read_unit(units[u], &p);
		for (size_t i = 0; i < vetted_count; i++)
			if (!has(&p, vetted_table[i].path))
				fail_msg("%s lacks %s", units[u], vetted_table[i].path);
		/* As many, and each of the table's is there: nothing else is. */
		assert_int_equal(p.count, vetted_count);
	}
}

/* No key but the network's, and each file is that of its key. */
static void paths_are_of_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < vetted_count; i++) {
		const char *path = vetted_table[i].path, *key = vetted_table[i].key;
		size_t n = strlen("/proc/sys/");

		assert_true(!strncmp(path, "/proc/sys/net/", n + 4) && strlen(path) == n + strlen(key));
		for (size_t k = 0; key[k]; k++)
			assert_int_equal(path[n + k], key[k] == '.' ? '/' : key[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_table),
		cmocka_unit_test(paths_are_of_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
