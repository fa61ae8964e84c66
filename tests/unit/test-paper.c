/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The paper: what is written is read back, and nothing else passes. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>

#include "apply/paper.h"

static const char id[] = "00112233445566778899aabbccddeeff";

static struct paper sample(void)
{
	struct paper p = {.verb = VERB_JOURNAL, .netns = 4026531840, .state = STATE_OPEN, .asked = 1790000000000,
			  .deadline = 600000, .within = 600, .persist = true, .begun = 1, .verdict = VERDICT_WORSE,
			  .error = ERROR_STALE, .change_count = 2, .listed_count = 1};

	paper_set(p.id, "%s", id);
	paper_set(p.listed[0], "%s", id);
	paper_set(p.boot, "0b0d1c4e-5a0f-4c3b-9f43-2f6f3b1f7a11");
	paper_set(p.profile, "throughput");
	paper_set(p.reason, "worse: 5 %% and \x1b[31m");
	paper_set(p.changes[0].key, "net.ipv4.tcp_rmem");
	paper_set(p.changes[0].old, "4096 131072 6291456");
	paper_set(p.changes[0].new, "4096 131072 20971520");
	paper_set(p.changes[0].why, "window.receive-below-bdp/wan0");
	paper_set(p.changes[1].key, "net.ipv4.ip_local_reserved_ports");
	paper_set(p.changes[1].new, "8080");
	paper_set(p.changes[1].taken, "9090");
	paper_add_measure(&p, MEASURED_BEFORE, "path=10.0.0.0/24 goodput=1.5e+06");
	paper_add_measure(&p, MEASURED_AFTER, "path=10.0.0.0/24 goodput=9e+07");
	return p;
}

static int format(const struct paper *p, char buf[PAPER_MAX])
{
	int n = paper_format(p, buf, PAPER_MAX);

	assert_true(n > 0);
	return n;
}

static void what_is_written_is_read_back(void **state)
{
	char buf[PAPER_MAX], again[PAPER_MAX];
	struct paper p = sample(), q;
	int n = format(&p, buf);

	(void)state;
	assert_int_equal(paper_parse(buf, (size_t)n, &q), 0);
	assert_int_equal(q.deadline, 600000);
	assert_true(q.persist);
	assert_int_equal(q.error, ERROR_STALE);
	assert_string_equal(q.reason, "worse: 5 % and ?[31m");
	assert_string_equal(q.changes[1].old, "");
	assert_string_equal(q.changes[1].taken, "9090");
	assert_int_equal(q.measures[1].when, MEASURED_AFTER);
	assert_int_equal(format(&q, again), n);
	assert_memory_equal(buf, again, n);
}

static void a_full_paper_fits(void **state)
{
	char buf[PAPER_MAX];
	struct paper p = sample(), q;

	(void)state;
	for (p.change_count = 0; p.change_count < PAPER_CHANGES; p.change_count++) {
		struct paper_change *c = &p.changes[p.change_count];

		memset(c, 'x', sizeof(*c));
		c->key[PAPER_KEY - 1] = c->old[PAPER_VALUE - 1] = c->new[PAPER_VALUE - 1] = 0;
		c->why[PAPER_TEXT - 1] = c->taken[PAPER_VALUE - 1] = 0;
	}
	while (paper_add_measure(&p, MEASURED_AFTER, p.changes[0].why))
		;
	for (p.listed_count = 0; p.listed_count < PAPER_LISTED; p.listed_count++)
		paper_set(p.listed[p.listed_count], "%s", id);
	assert_int_equal(paper_parse(buf, (size_t)format(&p, buf), &q), 0);
	assert_int_equal(q.change_count, PAPER_CHANGES);
}

/* Torn at every byte, and with every bit turned. */
static void a_paper_that_was_damaged_is_refused(void **state)
{
	char buf[PAPER_MAX];
	struct paper p = sample(), q = {.netns = 7};
	int n = format(&p, buf);

	(void)state;
	for (int i = 0; i < n; i++)
		assert_true(paper_parse(buf, (size_t)i, &q) < 0);
	for (int i = 0; i < 8 * n; i++) {
		buf[i / 8] ^= (char)(1 << i % 8);
		if (paper_parse(buf, (size_t)n, &q) == 0)
			fail_msg("bit %d makes no difference", i);
		buf[i / 8] ^= (char)(1 << i % 8);
	}
	assert_int_equal(q.netns, 7);
	assert_int_equal(paper_parse(buf, (size_t)n, &q), 0);
}

/* A sum that is right does not make sense of nonsense. */
static int parse_with_sum(const char *lines)
{
	_cleanup_free_ char *all = NULL;
	struct paper q;
	uint32_t crc = ~0u;

	for (const char *s = lines; *s; s++) {
		crc ^= (unsigned char)*s;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	if (asprintf(&all, "%send %08x\n", lines, ~crc) < 0)
		abort();
	return paper_parse(all, strlen(all), &q);
}

static void only_known_lines_pass(void **state)
{
	static const char *const wrong[] = {
		"tcpadvisor-apply 1\n",				      /* no verb */
		"tcpadvisor-apply 1\nverb sing\n",
		"tcpadvisor-apply 1\nverb apply\nverb apply\n",	      /* twice */
		"tcpadvisor-apply 1\nverb apply\nexec /bin/sh\n",
		"tcpadvisor-apply 1\nverb apply\nold 1\n",	      /* of no change */
		"tcpadvisor-apply 1\nverb apply\nwithin -1\n",
		"tcpadvisor-apply 1\nverb apply\nwithin 4294967296\n",
		"tcpadvisor-apply 1\nverb apply\nwithin 007\n",
		"tcpadvisor-apply 1\nverb confirm\nid 0011\n",
		"tcpadvisor-apply 1\nverb confirm\nid ../../../../etc/shadow_________ \n",
		"tcpadvisor-apply 1\nverb apply\nsaid a\tb\n",
		"tcpadvisor-apply 1\nverb apply\n\n",
		"tcpadvisor-apply 1\nverb\n",
		"verb apply\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (parse_with_sum(wrong[i]) != -EBADMSG)
			fail_msg("passed: %s", wrong[i]);
	assert_int_equal(parse_with_sum("tcpadvisor-apply 1\nverb list\n"), 0);
	assert_int_equal(parse_with_sum("tcpadvisor-apply 2\nverb list\n"), -EPROTO);
}

static void what_the_format_cannot_hold_is_not_written(void **state)
{
	char buf[PAPER_MAX];
	struct paper p = sample();

	(void)state;
	snprintf(p.changes[0].new, PAPER_VALUE, "1\nverb confirm");
	assert_int_equal(paper_format(&p, buf, sizeof(buf)), -EINVAL);
	p = sample();
	assert_int_equal(paper_format(&p, buf, 100), -EMSGSIZE);
	p.change_count = PAPER_CHANGES + 1;
	assert_int_equal(paper_format(&p, buf, sizeof(buf)), -EINVAL);
}

static void a_paper_is_one_packet(void **state)
{
	struct paper p = sample(), q;
	int s[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, s), 0);
	assert_int_equal(paper_send(s[0], &p), 0);
	assert_int_equal(paper_receive(s[1], &q), 0);
	assert_string_equal(q.id, id);
	assert_int_equal(paper_receive(s[1], &q), -EAGAIN);
	assert_int_equal(send(s[0], "hello", 5, 0), 5);
	assert_int_equal(paper_receive(s[1], &q), -EBADMSG);
	close(s[0]);
	assert_int_equal(paper_receive(s[1], &q), -EPIPE);
	assert_int_equal(paper_send(s[1], &p), -EPIPE);
	close(s[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_full_paper_fits),
		cmocka_unit_test(a_paper_that_was_damaged_is_refused),
		cmocka_unit_test(only_known_lines_pass),
		cmocka_unit_test(what_the_format_cannot_hold_is_not_written),
		cmocka_unit_test(a_paper_is_one_packet),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
