/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracer's end of the socket to the service, which may come and go. Nothing here waits: what finds the service's
 * queue full is held, one message, until there is room; what finds no service is dropped and counted.
 */
#pragma once

#include <stdbool.h>
#include "trace/writer-message.h"

struct teller {
	const char *path; /* of the socket */
	int fd;		  /* -1: not connected */
	struct writer_message held;
	bool has_held;
	unsigned long sent, dropped;
};

#define TELLER(at) ((struct teller){.path = (at), .fd = -1})

/* 0; -EAGAIN: it is held, ask no more of the teller before teller_resume(); else it was dropped, for this reason. */
int teller_send(struct teller *t, const struct writer_message *m);
/* The socket has room (POLLOUT), or an error to tell: send what was held. As teller_send(). */
int teller_resume(struct teller *t);
void teller_close(struct teller *t);
