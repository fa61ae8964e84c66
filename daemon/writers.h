/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who wrote a sysctl, as tcpadvisor-trace tells it over a datagram socket: the last writes, to be asked for by key. All
 * functions take NULL for a service that is not told.
 */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>
#include "daemon/event.h"
#include "root/root.h"
#include "trace/writer-message.h"

enum { WRITERS_MAX = 256 };

struct writers;

struct writers_counts {
	unsigned long received, rejected; /* ever; rejected: not from the tracer, or no message of this version */
	unsigned long lost;		  /* writes that the tracer could not tell, by its own count */
};

/*
 * Read messages from this datagram socket, which is taken; with -1 nobody will ever tell, and writers_find() says so.
 * The root must outlive it: it names the units behind cgroups. 0, or -errno with nothing taken.
 */
int writers_open(sd_event *e, int fd, struct root *root, struct writers **ret) _must_check_;
struct writers *writers_free(struct writers *w);
DEFINE_CLEANUP(struct writers *, writers_free)

/* Take in what waits in the socket; the event loop does so by itself. */
void writers_drain(struct writers *w);
/* Did the tracer speak within its time? now: seconds of CLOCK_MONOTONIC. */
bool writers_alive(const struct writers *w, double now);
struct writers_counts writers_counts(const struct writers *w);

/*
 * Who last wrote this key ("net.ipv4.conf.eth0/100.forwarding") since then (seconds of CLOCK_MONOTONIC). With a value,
 * the live one, writes of another value do not count: they failed, were overwritten, or went to a container's own key
 * of that name. NULL where nobody is known; else it holds until the next message is taken in.
 */
const struct writer *writers_find(struct writers *w, const char *key, const char *value, double since);

/* Pure, for tests and the fuzzer. */

/* 0, or -EBADMSG: cut, too long, of another version, or with a string that has no end. */
int writer_message_parse(const void *bytes, size_t n, struct writer_message *ret) _must_check_;
/* Is this the kernel's name ("net/ipv4/conf/eth0.100/forwarding") of our key? */
bool writer_key_is(const char *kernel, const char *key);
/* Could a write of this text have made the live value what it is? */
bool writer_value_agrees(const char *written, const char *live);
