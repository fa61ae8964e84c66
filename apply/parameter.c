/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/parameter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int parameter_open(const struct vetted *v)
{
	int fd = open(v->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

static void squeeze(char *s)
{
	char *to = s;

	for (const char *from = s; *from; from++) {
		bool blank = *from == ' ' || *from == '\t' || *from == '\n';

		if (!blank)
			*to++ = *from;
		else if (to > s && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > s && to[-1] == ' ')
		to--;
	*to = 0;
}

int parameter_read(int fd, char ret[PAPER_VALUE])
{
	char buf[2 * PAPER_VALUE];
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	if (n < 0)
		return -errno;
	buf[n] = 0;
	squeeze(buf);
	if ((size_t)n == sizeof(buf) - 1 || strlen(buf) >= PAPER_VALUE)
		return -EFBIG;
	strcpy(ret, buf);
	return 0;
}

int parameter_write(int fd, const char *value, char became[PAPER_VALUE])
{
	char line[PAPER_VALUE + 1];
	int n = snprintf(line, sizeof(line), "%s\n", value), r = 0;
	ssize_t written = pwrite(fd, line, (size_t)n, 0);

	if (written != n)
		r = written < 0 ? -errno : -EIO;
	if (parameter_read(fd, became) < 0) {
		*became = 0;
		return r < 0 ? r : -EIO;
	}
	return r < 0 ? r : strcmp(became, value) ? -ERANGE : 0;
}
