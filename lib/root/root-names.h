/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names behind the kernel's numbers: cgroup ids, and the processes that hold sockets. */
#pragma once

#include "root/root.h"

enum { NAMES_MAX = 512, CGROUP_NAME_MAX = 256 };

struct cgroup_name {
	uint64_t id; /* asked for */
	char path[CGROUP_NAME_MAX]; /* below the cgroup root, "" until found; untrusted */
};

/* Fill the paths of n ids by one walk of the cgroup tree that ends when all are found. */
int root_cgroups(struct root *r, struct cgroup_name *names, size_t n);

struct socket_holder {
	uint32_t inode; /* asked for */
	int pid;	/* 0 until found */
	int fd;		/* where it holds it; not recorded */
	char command[32]; /* untrusted */
	char cgroup[CGROUP_NAME_MAX]; /* of the process, below the cgroup root; "" where not known; untrusted */
};

/*
 * Fill in who holds n sockets by one scan of /proc/PID/fd. Others' processes need privilege. Of several that share a
 * socket the first is named; systemd only where there is no other, since it keeps what it opened for a service.
 */
int root_holders(struct root *r, struct socket_holder *holders, size_t n);

struct open_files {
	int pid;	    /* asked for */
	unsigned long used; /* descriptors */
	int error;	    /* 0, or -errno: it is gone, or it is not for us to see */
};

/* Count the open files of n processes. 0, or -errno where nothing could be asked. */
int root_open_files(struct root *r, struct open_files *files, size_t n);
