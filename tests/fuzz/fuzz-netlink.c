/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk over recorded netlink messages: inside the bytes given, whole ones only, counted. */
#include "fuzz.h"

#include "root/root.h"

struct walk {
	const uint8_t *begin, *end, *at;
	unsigned long messages;
};

static int on_message(void *user, const struct nlmsghdr *h)
{
	struct walk *w = user;
	const volatile uint8_t *bytes = (const uint8_t *)h;

	check(bytes >= w->at && h->nlmsg_len >= sizeof(*h) &&
	      h->nlmsg_len <= (size_t)(w->end - bytes));
	for (uint32_t i = 0; i < h->nlmsg_len; i++)
		(void)bytes[i];
	w->at = (const uint8_t *)h + h->nlmsg_len;
	w->messages++;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct root_netlink_stats stats = {0};
	struct walk w = {.begin = data, .end = data + size, .at = data};
	ssize_t used = root_walk_messages(data, size, on_message, &w, &stats);

	check(stats.messages == w.messages);
	if (used < 0) {
		check(used >= -4095);
		return 0;
	}
	check((size_t)used <= size && w.at <= data + used);
	/* What is left cannot be walked either: a replay that gets no further must end. */
	if ((size_t)used < size && used % 4 == 0)
		check(root_walk_messages(data + used, size - (size_t)used, on_message, &w,
					 &stats) == 0);
	return 0;
}
