/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tcpadvisor-trace tells tcpadvisord: one datagram for each write to a sysctl, on a socket that systemd makes
 * (TRACE_SOCKET). Both run on one host and come from one build, so it is a plain structure; the version guards against a
 * half upgrade. Strings may be cut and end with a NUL byte. The kernel part of the tracer fills it too: types of a fixed
 * size only, and no padding.
 *
 * A write is told as it is tried: the kernel may refuse it, and it may go to another network namespace than the reader's.
 */
#pragma once

#include <stdint.h>

#define TRACE_SOCKET "/run/tcpadvisor/trace"

enum { TRACE_VERSION = 1 };

struct writer_message {
	uint32_t version;
	uint32_t kind;	  /* enum writer_kind */
	uint32_t pid;	  /* in the initial pid namespace; 0: not known */
	uint32_t uid;	  /* in the initial user namespace */
	uint64_t cgroup;  /* id: the inode of its directory */
	uint64_t when;	  /* ns of CLOCK_MONOTONIC */
	uint64_t lost;	  /* writes that could not be told, ever */
	char command[16]; /* untrusted; "" where not known */
	char key[128];	  /* as the kernel names it: "net/ipv4/tcp_rmem" */
	char value[64];	  /* that was written; untrusted; "" where it is a secret */
};

enum writer_kind {
	WRITER_HELLO, /* the tracer is at work; repeated every 30 s */
	WRITER_WROTE,
};
