/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escaping: whatever a name is, what is shown is printable and bounded. First byte: the limit. */
#include "fuzz.h"

#include "base/text.h"

static void check_shown(const char *s)
{
	while (*s) {
		size_t n = utf8_length(s, strlen(s));

		check(n > 0);
		check(n > 1 || ((unsigned char)*s >= 0x20 && *s != 0x7f));
		check(n != 2 || (unsigned char)s[0] != 0xc2 || (unsigned char)s[1] >= 0xa0);
		s += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_text_ struct text t = TEXT_NULL, again = TEXT_NULL;
	_cleanup_free_ char *name = size ? strndup((const char *)data + 1, size - 1) : NULL;

	if (!name)
		return 0;
	text_add(&t, "before ");
	text_add_escaped(&t, name, data[0]);
	check(t.len <= strlen("before ") + data[0] + strlen("…"));
	check_shown(text_get(&t));
	/* What fits is shown whole: as with no limit. */
	text_add_escaped(&again, name, SIZE_MAX / 2);
	check_shown(text_get(&again));
	if (again.len <= data[0])
		check(!strcmp(text_get(&t) + strlen("before "), text_get(&again)));
	return 0;
}
