/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of cgroups and processes, and profiles of tuned: each input in the hands of every parser. */
#include "fuzz.h"

#include <errno.h>
#include <math.h>

#include "base/arena.h"
#include "collect/cgroup.h"
#include "collect/descriptor.h"
#include "collect/manager.h"

static void look_at_profile(char *bytes)
{
	static struct tuned_profile p;
	struct arena a = ARENA_NULL;
	char includes[64];

	p = (struct tuned_profile){.arena = &a};
	tuned_includes(bytes, includes, sizeof(includes));
	check(memchr(includes, 0, sizeof(includes)) && !strchr(includes, '\n'));
	tuned_parse(&p, "tuned.conf", bytes);
	check(p.count <= TUNED_KEYS_MAX);
	for (size_t i = 0; i < p.count; i++) {
		check(!strncmp(p.keys[i].key, "net.", 4) && !strchr(p.keys[i].key, '/'));
		check(p.keys[i].line > 0 && !strchr(p.keys[i].value, '\n'));
		for (size_t k = 0; k < i; k++)
			check(strcmp(p.keys[i].key, p.keys[k].key));
	}
	arena_clear(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	double v = -1;
	int r;

	check(copy != NULL);
	memcpy(copy, data, size);
	copy[size] = 0;
	r = cgroup_bytes(copy, &v);
	check(r == 0 ? v >= 0 : r == -EBADMSG && v == -1);
	v = -1;
	r = cgroup_word(copy, "sock", &v);
	check(r == 0 ? v >= 0 && isfinite(v) : (r == -EBADMSG || r == -ENOENT) && v == -1);
	v = -1;
	r = limits_open_files(copy, &v);
	check(r == 0 ? v >= 0 && isfinite(v) : r == -EBADMSG && v == -1);
	look_at_profile(copy);
	free(copy);
	return 0;
}
