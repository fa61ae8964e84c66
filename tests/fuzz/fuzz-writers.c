/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message of the tracer, and after it a live value: what is taken has ends, refusals leave no trace, a key is the
 * kernel's in one spelling only, and a value agrees with itself.
 */
#include "fuzz.h"

#include "daemon/writers.h"

static void check_key(const char *kernel)
{
	_cleanup_free_ char *ours = strdup(kernel), *longer = NULL;

	check(ours != NULL);
	for (char *p = ours; *p; p++)
		*p = *p == '/' ? '.' : *p == '.' ? '/' : *p;
	check(writer_key_is(kernel, ours));
	check(strpbrk(kernel, "./") == NULL || !writer_key_is(kernel, kernel));
	check(asprintf(&longer, "%s.", ours) > 0);
	check(!writer_key_is(kernel, longer));
	if (*ours) {
		ours[strlen(ours) - 1] = 0;
		check(!writer_key_is(kernel, ours));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct writer_message m, untouched;
	size_t n = size < sizeof(m) ? size : sizeof(m);
	_cleanup_free_ char *live = strndup((const char *)data + n, size - n);

	memset(&m, 0xa5, sizeof(m));
	untouched = m;
	check(live != NULL);
	if (writer_message_parse(data, n, &m) < 0) {
		check(!memcmp(&m, &untouched, sizeof(m)));
		return 0;
	}
	check(n == sizeof(m) && m.version == TRACE_VERSION && (int)m.pid >= 0);
	check(strlen(m.command) < sizeof(m.command) && strlen(m.key) < sizeof(m.key) && strlen(m.value) < sizeof(m.value));
	check(m.kind == WRITER_HELLO || *m.key);
	check_key(m.key);
	check(writer_value_agrees(m.value, m.value) && writer_value_agrees("", live));
	check(writer_value_agrees(live, live));
	writer_value_agrees(m.value, live);
	writer_value_agrees(live, m.value);
	return 0;
}
