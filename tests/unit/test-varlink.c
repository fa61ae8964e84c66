/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Varlink: where messages end, and which calls are understood. */
#include <errno.h>

#include "unit.h"
#include "varlink/message.h"

static void test_frames(void **state)
{
	(void)state;
	assert_int_equal(varlink_frame("", 0, 10), 0);
	assert_int_equal(varlink_frame("{}", 2, 10), 0);
	assert_int_equal(varlink_frame("{}\0{}", 5, 10), 3);
	assert_int_equal(varlink_frame("\0", 1, 10), 1);
	/* The longest that may be, whole and not, and one byte more. */
	assert_int_equal(varlink_frame("0123456789", 10, 10), 0);
	assert_int_equal(varlink_frame("0123456789\0", 11, 10), 11);
	assert_int_equal(varlink_frame("0123456789a", 11, 10), -EMSGSIZE);
	assert_int_equal(varlink_frame("0123456789a\0", 12, 10), -EMSGSIZE);
}

static int parse(const char *s, struct varlink_request *ret)
{
	*ret = (struct varlink_request){.method = "untouched"};
	return varlink_parse_request(s, strlen(s), ret);
}

static void test_calls(void **state)
{
	static const struct {
		const char *call, *method, *parameters;
		bool more, oneway, upgrade;
	} good[] = {
		{"{\"method\":\"a.b.C\"}", "a.b.C", "{}"},
		{" {\"method\":\"a.b.C\", \"parameters\":null}\n", "a.b.C", "{}"},
		{"{\"parameters\":{\"a\":[1,{}]},\"method\":\"x\",\"more\":true}", "x", "{\"a\":[1,{}]}", .more = true},
		{"{\"method\":\"x\",\"oneway\":true,\"more\":false}", "x", "{}", .oneway = true},
		{"{\"method\":\"x\",\"upgrade\":true,\"oneway\":null}", "x", "{}", .upgrade = true},
		{"{\"method\":\"x\",\"com.example.vendor\":{\"a\":1}}", "x", "{}"},
		{"{\"method\":\"\\u00fc\"}", "ü", "{}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_(json_decrefp) json_t *expected = json_loads(good[i].parameters, 0, NULL);
		struct varlink_request r;

		if (parse(good[i].call, &r) != 0)
			fail_msg("refused: %s", good[i].call);
		assert_string_equal(r.method, good[i].method);
		assert_true(json_equal(r.parameters, expected));
		assert_int_equal(r.more, good[i].more);
		assert_int_equal(r.oneway, good[i].oneway);
		assert_int_equal(r.upgrade, good[i].upgrade);
		json_decref(r.parameters);
	}
}

static void test_refused_calls(void **state)
{
	static const char *const bad[] = {
		"", " ", "{", "[]", "null", "1", "\"x\"", "{}x", "{\"method\":\"x\"} {}",
		"{\"method\":\"\"}", "{\"method\":1}", "{\"method\":null}", "{\"parameters\":{}}",
		"{\"method\":\"x\",\"parameters\":[]}", "{\"method\":\"x\",\"parameters\":\"{}\"}",
		"{\"method\":\"x\",\"more\":1}", "{\"method\":\"x\",\"oneway\":\"true\"}",
		/* What cannot be meant together, said twice, or changes what is meant in a way not known. */
		"{\"method\":\"x\",\"more\":true,\"oneway\":true}", "{\"method\":\"x\",\"more\":true,\"upgrade\":true}",
		"{\"method\":\"x\",\"oneway\":true,\"upgrade\":true}", "{\"method\":\"x\",\"method\":\"y\"}",
		"{\"method\":\"x\",\"dryrun\":true}",
		"{\"method\":\"\xff\"}", "{\"method\":\"\\u0000\"}", "{\"method\":\"x\",\"parameters\":{\"a\":\"\\ud800\"}}",
		"{\"method\":\"x\",\"parameters\":{\"a\":1e999}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct varlink_request r;

		if (parse(bad[i], &r) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
		assert_string_equal(r.method, "untouched");
	}
}

static void test_method_length(void **state)
{
	struct varlink_request r;

	(void)state;
	for (size_t n = 255; n <= 256; n++) {
		_cleanup_free_ char *name = repeat('m', n);
		_cleanup_text_ struct text t = TEXT_NULL;

		text_addf(&t, "{\"method\":\"%s\"}", name);
		assert_int_equal(parse(t.s, &r), n == 255 ? 0 : -EBADMSG);
		if (n == 255) {
			assert_string_equal(r.method, name);
			json_decref(r.parameters);
		}
	}
}

/* The call itself and its parameters are two levels. */
static void test_depth(void **state)
{
	struct varlink_request r;

	(void)state;
	for (size_t n = VARLINK_DEPTH_MAX - 2; n <= VARLINK_DEPTH_MAX; n++) {
		_cleanup_free_ char *open = repeat('[', n), *close = repeat(']', n);
		_cleanup_text_ struct text t = TEXT_NULL;

		text_addf(&t, "{\"method\":\"x\",\"parameters\":{\"a\":%s%s}}", open, close);
		if (n == VARLINK_DEPTH_MAX - 2) {
			assert_int_equal(parse(t.s, &r), 0);
			json_decref(r.parameters);
		} else {
			assert_int_equal(parse(t.s, &r), -EBADMSG);
		}
	}
}

/* Brackets in strings do not nest, whatever is escaped before them. */
static void test_depth_in_strings(void **state)
{
	_cleanup_free_ char *open = repeat('[', 10000);
	static const char *const before[] = {"", "\\\\", "\\\"", "\\\\\\\""};
	struct varlink_request r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		text_addf(&t, "{\"method\":\"x\",\"parameters\":{\"a\":\"%s%s\"}}", before[i], open);
		assert_int_equal(parse(t.s, &r), 0);
		json_decref(r.parameters);
		text_clear(&t);
		text_addf(&t, "{\"method\":\"x\",\"parameters\":{\"a\":\"%s\",\"b\":%s}}", before[i], open);
		assert_int_equal(parse(t.s, &r), -EBADMSG);
	}
}

static void test_replies(void **state)
{
	static const struct {
		const char *reply, *error;
		bool good, continues;
	} cases[] = {
		{"{}", NULL, true, false},
		{"{\"parameters\":{\"a\":1},\"continues\":true}", NULL, true, true},
		{"{\"error\":\"a.b.C\",\"parameters\":{}}", "a.b.C", true, false},
		{"{\"error\":null,\"new\":1}", NULL, true, false},
		{"{\"error\":\"a.b.C\",\"continues\":true}", NULL, false, false},
		{"{\"error\":1}", NULL, false, false},
		{"{\"parameters\":1}", NULL, false, false},
		{"[]", NULL, false, false},
		{"", NULL, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct varlink_answer a;
		int r = varlink_parse_reply(cases[i].reply, strlen(cases[i].reply), &a);

		if (!cases[i].good) {
			assert_int_equal(r, -EBADMSG);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(a.continues, cases[i].continues);
		assert_true(json_is_object(a.parameters));
		if (cases[i].error)
			assert_string_equal(a.error, cases[i].error);
		else
			assert_null(a.error);
		json_decref(a.parameters);
		free(a.error);
	}
}

/* What is written can be read again with its type. */
static void test_dump(void **state)
{
	json_t *o = json_pack("{s:f, s:f, s:s}", "when", 1763660000.123456, "whole", 10.0, "name", "Grüße");
	_cleanup_text_ struct text t = TEXT_NULL;

	(void)state;
	varlink_dump(o, &t);
	json_decref(o);
	assert_int_equal(t.s[t.len - 1], 0);
	assert_string_equal(t.s, "{\"when\":1763660000.123456,\"whole\":10.0,\"name\":\"Grüße\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),	      cmocka_unit_test(test_calls),
		cmocka_unit_test(test_refused_calls), cmocka_unit_test(test_method_length),
		cmocka_unit_test(test_depth),	      cmocka_unit_test(test_depth_in_strings),
		cmocka_unit_test(test_replies),	      cmocka_unit_test(test_dump),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
