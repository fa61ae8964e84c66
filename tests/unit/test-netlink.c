/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink: the kernel's answers, and their replay from a record, which may be hostile. */
#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <linux/rtnetlink.h>

struct got {
	unsigned count, bytes, answer_at;
	uint32_t last;
	bool disorder;
};

/* Reads all of a message, so that a sanitizer sees where it ends; numbers must come in order. */
static int take(void *user, const struct nlmsghdr *h)
{
	struct got *g = user;
	const volatile unsigned char *bytes = (const unsigned char *)h;

	for (uint32_t i = 0; i < h->nlmsg_len; i++)
		(void)bytes[i];
	g->bytes += h->nlmsg_len;
	if (g->count++ && h->nlmsg_seq <= g->last)
		g->disorder = true;
	g->last = h->nlmsg_seq;
	return g->count == g->answer_at ? -ECANCELED : 0;
}

static void add_message(struct text *t, uint16_t type, uint16_t flags, uint32_t sequence,
			const void *payload, size_t n)
{
	struct nlmsghdr h = {
		.nlmsg_len = (uint32_t)NLMSG_LENGTH(n),
		.nlmsg_type = type,
		.nlmsg_flags = flags,
		.nlmsg_seq = sequence,
	};

	text_addn(t, (const char *)&h, sizeof(h));
	if (n)
		text_addn(t, payload, n);
	text_addn(t, "\0\0\0", NLMSG_ALIGN(n) - n);
}

static void add_error(struct text *t, int error)
{
	struct nlmsgerr e = {.error = error};

	add_message(t, NLMSG_ERROR, 0, 1, &e, sizeof(e));
}

/* A heap copy of exactly that size, so that reading on is found out. */
static ssize_t walk(const void *bytes, size_t n, struct got *g, struct root_netlink_stats *stats)
{
	_cleanup_free_ void *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	*stats = (struct root_netlink_stats){0};
	return root_walk_messages(copy, n, take, g, stats);
}

static void a_walk_passes_every_message(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct root_netlink_stats stats;
	struct got g = {0};

	(void)state;
	add_message(&t, 20, NLM_F_MULTI, 1, "abcd", 4);
	add_message(&t, 20, NLM_F_MULTI | NLM_F_DUMP_INTR, 2, "a", 1);
	add_message(&t, NLMSG_NOOP, NLM_F_MULTI, 3, NULL, 0);
	add_message(&t, 20, NLM_F_MULTI, 4, NULL, 0);
	add_message(&t, NLMSG_DONE, NLM_F_MULTI, 5, "\0\0\0", 4);
	add_message(&t, 21, 0, 6, "abc", 3);
	assert_int_equal(walk(t.s, t.len, &g, &stats), (ssize_t)t.len);
	assert_int_equal(g.count, 4);
	assert_int_equal(g.bytes, 4 * 16 + 8);
	assert_false(g.disorder);
	assert_int_equal(stats.messages, 4);
	assert_int_equal(stats.interrupted, 1);
	assert_int_equal(stats.discarded, 0);
}

static void a_walk_ends_before_a_message_that_is_not_whole(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct root_netlink_stats stats;

	(void)state;
	add_message(&t, 20, 0, 1, "abcdefgh", 8);
	add_message(&t, 20, 0, 2, "abcdefgh", 8);
	for (size_t n = 0; n < t.len; n++) {
		struct got g = {0};

		assert_int_equal(walk(t.s, n, &g, &stats), n < 24 ? 0 : 24);
		assert_int_equal(g.count, n < 24 ? 0 : 1);
	}
}

static int walk_impossible_lengths(struct root *unused)
{
	static const uint32_t lengths[] = {
		0,	    1,		15,	    49,		0x7fffffff, 0x80000000, 0x80000010,
		0x80000020, 0x80000024, 0xc0000000, 0xffffffc0, 0xfffffff0, 0xfffffffc, 0xffffffff};
	struct root_netlink_stats stats = {0};

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct nlmsghdr *h = calloc(1, 48);
		struct got g = {0};

		h->nlmsg_len = lengths[i];
		h->nlmsg_type = 20;
		if (root_walk_messages(h, 48, take, &g, &stats) != 0 || g.count)
			return (int)i + 1;
		free(h);
	}
	return 0;
}

static void a_length_beyond_the_bytes_is_never_believed(void **state)
{
	(void)state;
	assert_child(walk_impossible_lengths, NULL);
}

static void a_walk_ends_with_the_kernels_error(void **state)
{
	static const struct {
		int error, result;
	} rows[] = {{-ENOENT, -ENOENT}, {-EPERM, -EPERM}, {5, -EBADMSG}, {INT_MAX, -EBADMSG}};
	struct root_netlink_stats stats;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		struct got g = {0};

		add_message(&t, 20, 0, 1, NULL, 0);
		add_error(&t, rows[i].error);
		add_message(&t, 20, 0, 2, NULL, 0);
		assert_int_equal(walk(t.s, t.len, &g, &stats), rows[i].result);
		assert_int_equal(g.count, 1);
		assert_int_equal(stats.discarded, rows[i].error > 0);
	}
}

/* An error that no kernel sends must not reach those who negate it or look up its name. */
static void an_error_is_an_errno(void **state)
{
	static const int errors[] = {INT_MIN, INT_MIN + 1, -4096, -1000000};
	struct root_netlink_stats stats;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;
		struct got g = {0};
		ssize_t r;

		add_error(&t, errors[i]);
		r = walk(t.s, t.len, &g, &stats);
		if (r >= 0 || r < -4095)
			fail_msg("%d becomes %zd", errors[i], r);
	}
}

static void a_malformed_error_is_refused(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct root_netlink_stats stats;
	struct got g = {0};

	(void)state;
	add_message(&t, NLMSG_ERROR, 0, 1, "\0\0\0", 4);
	assert_int_equal(walk(t.s, t.len, &g, &stats), -EBADMSG);
	assert_int_equal(stats.discarded, 1);
	text_clear(&t);
	add_message(&t, NLMSG_ERROR, 0, 1, NULL, 0);
	assert_int_equal(walk(t.s, t.len, &g, &stats), -EBADMSG);
}

static void acknowledgements_overruns_and_callbacks_end_or_not(void **state)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct root_netlink_stats stats;
	struct got g = {0};

	(void)state;
	add_error(&t, 0);
	add_message(&t, 20, 0, 1, NULL, 0);
	add_message(&t, 20, 0, 2, NULL, 0);
	assert_int_equal(walk(t.s, t.len, &g, &stats), (ssize_t)t.len);
	assert_int_equal(g.count, 2);
	g = (struct got){.answer_at = 1};
	assert_int_equal(walk(t.s, t.len, &g, &stats), -ECANCELED);
	assert_int_equal(g.count, 1);
	add_message(&t, NLMSG_OVERRUN, 0, 3, NULL, 0);
	g = (struct got){0};
	assert_int_equal(walk(t.s, t.len, &g, &stats), -ENOBUFS);
}

/* Replay */

static int replay(struct root *r, struct got *g)
{
	struct nlmsghdr request = {.nlmsg_len = sizeof(request), .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP};

	*g = (struct got){0};
	*root_netlink_stats(r) = (struct root_netlink_stats){0};
	return root_netlink(r, NETLINK_SOCK_DIAG, "tcp.diag", &request, take, g);
}

/* Larger than any buffer, in messages of every length. */
static void a_long_record_replays_each_message_once(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_text_ struct text t = TEXT_NULL;
	_cleanup_free_ char *payload = repeat('p', 1000);
	unsigned bytes = 0;
	struct got g;

	for (unsigned i = 1; i <= 3000; i++) {
		size_t n = i * 7 % 1000;

		add_message(&t, 20, NLM_F_MULTI, i, payload, n);
		bytes += (unsigned)NLMSG_LENGTH(n);
	}
	add_message(&t, NLMSG_DONE, NLM_F_MULTI, 3001, NULL, 0);
	tree_write_bytes(*state, "r/netlink/tcp.diag", t.s, t.len);
	assert_int_equal(replay(r, &g), 0);
	assert_int_equal(g.count, 3000);
	assert_int_equal(g.bytes, bytes);
	assert_false(g.disorder);
	assert_int_equal(root_netlink_stats(r)->messages, 3000);
	assert_int_equal(root_netlink_stats(r)->discarded, 0);
	/* Twice gives the same. */
	assert_int_equal(replay(r, &g), 0);
	assert_int_equal(g.count, 3000);
}

static void a_cut_record_replays_up_to_the_cut(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_text_ struct text t = TEXT_NULL;
	struct got g;

	for (unsigned i = 1; i <= 5000; i++)
		add_message(&t, 20, NLM_F_MULTI, i, "0123456789", 10);
	tree_write_bytes(*state, "r/netlink/tcp.diag", t.s, t.len - 13);
	assert_int_equal(replay(r, &g), 0);
	assert_int_equal(g.count, 4999);
	assert_int_equal(root_netlink_stats(r)->discarded, 1);
	/* Between two messages, or before the first, a cut is one too: an end is missing. */
	tree_write_bytes(*state, "r/netlink/tcp.diag", t.s, t.len / 5000 * 7);
	assert_int_equal(replay(r, &g), 0);
	assert_int_equal(g.count, 7);
	assert_int_equal(root_netlink_stats(r)->discarded, 1);
	tree_write_bytes(*state, "r/netlink/tcp.diag", t.s, 0);
	assert_int_equal(replay(r, &g), 0);
	assert_int_equal(g.count, 0);
	assert_int_equal(root_netlink_stats(r)->discarded, 1);
}

static int replay_hostile(struct root *r)
{
	struct got g;

	if (replay(r, &g) != 0 || g.count != 1 || root_netlink_stats(r)->discarded != 1)
		return 1;
	return 0;
}

static void a_hostile_record_is_discarded(void **state)
{
	static const uint32_t lengths[] = {0, 15, 70000, 0x7fffffff, 0x80000020, 0xfffffff0};
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_free_ char *zeros = calloc(1, 100000);

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		_cleanup_text_ struct text t = TEXT_NULL;

		add_message(&t, 20, 0, 1, "abcd", 4);
		add_message(&t, 20, 0, 2, "abcd", 4);
		memcpy(t.s + 20, &lengths[i], sizeof(lengths[i]));
		text_addn(&t, zeros, 100000);
		tree_write_bytes(*state, "r/netlink/tcp.diag", t.s, t.len);
		assert_child(replay_hostile, r);
	}
}

static void a_replay_gives_the_recorded_error(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_text_ struct text t = TEXT_NULL;
	struct got g;

	add_message(&t, 20, NLM_F_MULTI, 1, NULL, 0);
	add_error(&t, -EOPNOTSUPP);
	tree_write_bytes(*state, "r/netlink/tcp.diag", t.s, t.len);
	assert_int_equal(replay(r, &g), -EOPNOTSUPP);
	assert_int_equal(g.count, 1);
}

static void a_replay_reads_regular_files_inside_only(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_text_ struct text t = TEXT_NULL;
	struct tree *tree = *state;
	struct got g;

	alarm(HANG_S);
	assert_int_equal(replay(r, &g), -ENOENT);
	add_message(&t, 20, 0, 1, NULL, 0);
	tree_write_bytes(tree, "outside.diag", t.s, t.len);
	tree_link(tree, "r/netlink/tcp.diag", "../../outside.diag");
	assert_int_equal(replay(r, &g), -ENOENT);
	assert_int_equal(unlinkat(tree->fd, "r/netlink/tcp.diag", 0), 0);
	assert_int_equal(mkfifoat(tree->fd, "r/netlink/tcp.diag", 0644), 0);
	assert_int_equal(replay(r, &g), -EINVAL);
	assert_int_equal(unlinkat(tree->fd, "r/netlink/tcp.diag", 0), 0);
	tree_directory(tree, "r/netlink/tcp.diag");
	assert_int_equal(replay(r, &g), -EINVAL);
	assert_int_equal(g.count, 0);
	alarm(0);
}

static void dumps_of_each_sample_are_kept_apart(void **state)
{
	_cleanup_(root_freep) struct root *r = open_record(*state, PLAIN);
	_cleanup_text_ struct text t = TEXT_NULL;
	struct got g;

	tree_write_bytes(*state, "r/netlink/tcp.diag", "", 0);
	add_message(&t, 20, 0, 1, NULL, 0);
	tree_write_bytes(*state, "r/sample-2/netlink/tcp.diag", t.s, t.len);
	assert_int_equal(root_set_sample(r, 2), 0);
	assert_int_equal(replay(r, &g), 0);
	assert_int_equal(g.count, 1);
	assert_int_equal(root_set_sample(r, 1), 0);
	assert_int_equal(replay(r, &g), 0);
	assert_int_equal(g.count, 0);
}

/* The kernel's own answers */

static int dump_links(struct root *r, struct got *g)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} request = {
		.h = {.nlmsg_len = sizeof(request),
		      .nlmsg_type = RTM_GETLINK,
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	};

	*root_netlink_stats(r) = (struct root_netlink_stats){0};
	return root_netlink(r, NETLINK_ROUTE, "links.route", &request.h, take, g);
}

/* Every message of a dump has the same number: order is not what `take` looks at here. */
static void what_the_kernel_answers_replays(void **state)
{
	_cleanup_(root_freep) struct root *live = NULL, *recorded = open_record(*state, PLAIN);
	_cleanup_(free_tapped) struct tapped t = {0};
	struct got first = {0}, again = {0};

	assert_int_equal(root_open(NULL, &live, NULL), 0);
	set_tap(live, &t);
	assert_int_equal(dump_links(live, &first), 0);
	assert_true(first.count >= 1);
	assert_string_equal(text_get(&t.text), "append netlink/links.route\n");
	tree_write_bytes(*state, "r/netlink/links.route", t.bytes.s, t.bytes.len);
	assert_int_equal(dump_links(recorded, &again), 0);
	assert_int_equal(again.count, first.count);
	assert_int_equal(again.bytes, first.bytes);
}

static void the_kernels_refusal_is_the_result(void **state)
{
	_cleanup_(root_freep) struct root *r = NULL;
	_cleanup_(free_tapped) struct tapped t = {0};
	struct nlmsghdr request = {
		.nlmsg_len = NLMSG_LENGTH(0), .nlmsg_type = 0x7ff0, .nlmsg_flags = NLM_F_REQUEST};
	struct got g = {0};

	(void)state;
	assert_int_equal(root_open(NULL, &r, NULL), 0);
	set_tap(r, &t);
	assert_int_equal(root_netlink(r, NETLINK_ROUTE, "x", &request, take, &g), -EOPNOTSUPP);
	assert_non_null(strstr(text_get(&t.text), "missing netlink/x 95\n"));
	assert_int_equal(root_netlink(r, 99, "x", &request, take, &g), -EPROTONOSUPPORT);
	assert_int_equal(root_netlink(r, -1, "x", &request, take, &g), -EPROTONOSUPPORT);
}

/* The rest of a dump that was given up must not answer the next question. */
static void an_abandoned_dump_leaves_nothing_behind(void **state)
{
	_cleanup_(root_freep) struct root *r = NULL;
	struct got whole = {0}, cut = {.answer_at = 1}, again = {0};

	(void)state;
	assert_int_equal(root_open(NULL, &r, NULL), 0);
	assert_int_equal(dump_links(r, &whole), 0);
	assert_int_equal(dump_links(r, &cut), -ECANCELED);
	assert_int_equal(dump_links(r, &again), 0);
	assert_int_equal(again.count, whole.count);
	assert_int_equal(root_netlink_stats(r)->discarded, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_passes_every_message),
		cmocka_unit_test(a_walk_ends_before_a_message_that_is_not_whole),
		cmocka_unit_test(a_length_beyond_the_bytes_is_never_believed),
		cmocka_unit_test(a_walk_ends_with_the_kernels_error),
		cmocka_unit_test(an_error_is_an_errno),
		cmocka_unit_test(a_malformed_error_is_refused),
		cmocka_unit_test(acknowledgements_overruns_and_callbacks_end_or_not),
		in_tree(a_long_record_replays_each_message_once),
		in_tree(a_cut_record_replays_up_to_the_cut),
		in_tree(a_hostile_record_is_discarded),
		in_tree(a_replay_gives_the_recorded_error),
		in_tree(a_replay_reads_regular_files_inside_only),
		in_tree(dumps_of_each_sample_are_kept_apart),
		in_tree(what_the_kernel_answers_replays),
		cmocka_unit_test(the_kernels_refusal_is_the_result),
		cmocka_unit_test(an_abandoned_dump_leaves_nothing_behind),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL) < 0;
}
