/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recorded line of socket options: whatever it is, what was understood is written and read again the same. */
#include "fuzz.h"

#include "root/root-borrow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *line = strndup((const char *)data, size);
	_cleanup_text_ struct text first = TEXT_NULL, second = TEXT_NULL;
	struct borrowed b = {.pid = -7}, again;

	check(line != NULL);
	if (borrowed_parse(line, &b) < 0) {
		check(b.pid == -7);
		return 0;
	}
	check(b.error >= 0 && b.error <= 4095 && b.known < 1u << BORROWED_OPTIONS && b.pid == 0);
	check(memchr(b.congestion, 0, sizeof(b.congestion)) != NULL);
	borrowed_format(&b, &first);
	check(first.len > 0 && strchr(first.s, '\n') == first.s + first.len - 1);
	first.s[first.len - 1] = 0;
	/* It is cut in pieces, but what was written first is kept in numbers. */
	check(borrowed_parse(first.s, &again) == 0);
	borrowed_format(&again, &second);
	check(first.len == second.len && again.cookie == b.cookie && again.error == b.error);
	check(b.error || (again.known == b.known && !memcmp(again.values, b.values, sizeof(b.values))));
	return 0;
}
