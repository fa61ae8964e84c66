/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a snapshot of all TCP sockets can cost: a sock_diag dump that asks for tcp_info
 * and socket memory and only counts what it receives by state.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel makes no dump buffer larger than this, however much the receiver offers. */
#define RECEIVE_BYTES	32768
/* Every state but TIME_WAIT (bit 6), which can outnumber all others and carries no attributes. */
#define STATES		0xFBF
#define EXTENSIONS	(1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_SKMEMINFO - 1))
#define EX_USAGE	64

static const char *const state_names[] = {
	"UNKNOWN",   "ESTABLISHED", "SYN_SENT",	  "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",
	"TIME_WAIT", "CLOSE",	    "CLOSE_WAIT", "LAST_ACK", "LISTEN",	   "CLOSING",
};

#define N_STATES (sizeof(state_names) / sizeof(state_names[0]))

struct census {
	uint64_t state[N_STATES];
};

/* One walk of the kernel's tables for both families: the old request type ignores the family. */
static int request_one_walk(int fd)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req body;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = TCPDIAG_GETSOCK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.body = { .idiag_ext = EXTENSIONS, .idiag_states = STATES },
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

static int request_family(int fd, uint8_t family)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.body = {
			.sdiag_family = family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_ext = EXTENSIONS,
			.idiag_states = STATES,
		},
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* NLMSG_ERROR and NLMSG_DONE both begin with a status; an early end of the dump is told there. */
static int status_of(const struct nlmsghdr *header)
{
	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(int)))
		return -EBADMSG;
	return *(const int *)NLMSG_DATA(header);
}

/* Returns 1 after the last message of the dump, 0 when more is to come, or -errno. */
static int count_messages(const void *buffer, size_t length, struct census *census)
{
	const struct nlmsghdr *header = buffer;
	const struct inet_diag_msg *socket;

	for (; NLMSG_OK(header, length); header = NLMSG_NEXT(header, length)) {
		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
			int r = status_of(header);

			return r < 0 ? r : 1;
		}
		if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*socket)))
			return -EBADMSG;
		socket = NLMSG_DATA(header);
		census->state[socket->idiag_state < N_STATES ? socket->idiag_state : 0]++;
	}
	return 0;
}

static int count_dump(int fd, struct census *census)
{
	static char buffer[RECEIVE_BYTES] __attribute__((aligned(16)));
	struct sockaddr_nl sender;
	int r = 0;

	while (r == 0) {
		struct iovec part = { .iov_base = buffer, .iov_len = sizeof(buffer) };
		struct msghdr message = {
			.msg_name = &sender,
			.msg_namelen = sizeof(sender),
			.msg_iov = &part,
			.msg_iovlen = 1,
		};
		ssize_t n = recvmsg(fd, &message, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (message.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		if (sender.nl_pid == 0)
			r = count_messages(buffer, n, census);
	}
	return r < 0 ? r : 0;
}

static int take_census(int fd, bool one_walk, struct census *census)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	int r;

	if (one_walk) {
		r = request_one_walk(fd);
		return r < 0 ? r : count_dump(fd, census);
	}
	for (size_t i = 0; i < sizeof(families); i++) {
		r = request_family(fd, families[i]);
		if (r == 0)
			r = count_dump(fd, census);
		if (r < 0)
			return r;
	}
	return 0;
}

static void print_census(const struct census *census)
{
	uint64_t total = 0;

	for (size_t i = 0; i < N_STATES; i++) {
		total += census->state[i];
		if (census->state[i])
			printf("%s %ju\n", state_names[i], (uintmax_t)census->state[i]);
	}
	printf("total %ju\n", (uintmax_t)total);
}

static int usage(void)
{
	fputs("usage: floor [--method=one-walk|two]\n", stderr);
	return EX_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "method", required_argument, NULL, 'm' },
		{},
	};
	struct census census = {};
	bool one_walk = true;
	int fd, r;

	while ((r = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (r != 'm' || (strcmp(optarg, "one-walk") && strcmp(optarg, "two")))
			return usage();
		one_walk = strcmp(optarg, "two");
	}
	if (optind != argc)
		return usage();

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	r = fd < 0 ? -errno : take_census(fd, one_walk, &census);
	if (r < 0) {
		fprintf(stderr, "floor: cannot dump TCP sockets: %s\n", strerror(-r));
		return 1;
	}
	print_census(&census);
	return 0;
}
