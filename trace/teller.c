/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/teller.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "base/macro.h"

static int open_socket(struct teller *t)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;

	if (strlen(t->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, t->path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	t->fd = fd;
	fd = -1;
	return 0;
}

static int try_send(struct teller *t, const struct writer_message *m)
{
	int r = t->fd < 0 ? open_socket(t) : 0;

	if (r < 0)
		return r;
	return send(t->fd, m, sizeof(*m), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The service made its socket anew: the one that we are connected to is nobody's. */
static bool is_stale(int r)
{
	return r == -ECONNREFUSED || r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE;
}

int teller_send(struct teller *t, const struct writer_message *m)
{
	bool connected = t->fd >= 0;
	int r = try_send(t, m);

	if (r < 0 && connected && is_stale(r)) {
		teller_close(t);
		r = try_send(t, m);
	}
	if (r == -EAGAIN && t->fd >= 0) {
		t->held = *m;
		t->has_held = true;
		return r;
	}
	if (r < 0) {
		teller_close(t);
		t->dropped++;
		return r;
	}
	t->sent++;
	return 0;
}

int teller_resume(struct teller *t)
{
	const struct writer_message m = t->held;

	if (!t->has_held)
		return 0;
	t->has_held = false;
	return teller_send(t, &m);
}

void teller_close(struct teller *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}
