/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A caller of the applier that may say anything: sends stdin as one packet, and prints the packet that comes back.
 *
 * usage: client [--raw] [--wait=SECONDS] SOCKET
 *
 * To what it reads it adds the last line of a paper, "end CRC-32"; with --raw nothing. Exit status: 0 the answer has no
 * error, 2 it has one, 1 there was none.
 */
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "apply/paper.h"

enum { ROOM = 4 * PAPER_MAX }; /* more than the applier takes, to see it refuse */

static uint32_t crc32(const char *s, size_t n)
{
	uint32_t c = ~0u;

	for (size_t i = 0; i < n; i++) {
		c ^= (unsigned char)s[i];
		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
	}
	return ~c;
}

static int complain(const char *what)
{
	fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
	return 1;
}

static int connect_to(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int exchange(const char *path, char *buf, size_t n, unsigned seconds)
{
	_cleanup_close_ int fd = connect_to(path);
	struct timeval patience = {.tv_sec = seconds};
	ssize_t got;

	if (fd < 0)
		return complain(path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, buf, n, MSG_NOSIGNAL) < 0)
		return complain("send");
	got = recv(fd, buf, ROOM - 1, 0);
	if (got < 0)
		return complain("recv");
	buf[got] = 0;
	fputs(buf, stdout);
	return !got ? 1 : strstr(buf, "\nerror ") ? 2 : 0;
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {{"raw", no_argument, NULL, 'r'}, {"wait", required_argument, NULL, 'w'}, {0}};
	_cleanup_free_ char *buf = calloc(1, ROOM);
	unsigned seconds = 60;
	bool raw = false;
	size_t n;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r')
			raw = true;
		else if (c == 'w')
			seconds = (unsigned)atoi(optarg);
		else
			return 64;
	}
	if (optind + 1 != argc || !buf) {
		fputs("usage: client [--raw] [--wait=SECONDS] SOCKET <PAPER\n", stderr);
		return 64;
	}
	n = fread(buf, 1, ROOM - 32, stdin);
	if (!raw)
		n += (size_t)snprintf(buf + n, 32, "end %08x\n", crc32(buf, n));
	return exchange(argv[optind], buf, n, seconds);
}
