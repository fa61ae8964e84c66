/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens a TUN device with super-packets inside a network namespace. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/if_tun.h>

#include "delaybox.h"

static int netns_open(const char *netns)
{
	char path[PATH_MAX];
	int fd;

	if (strchr(netns, '/'))
		snprintf(path, sizeof(path), "%s", netns);
	else if (netns[strspn(netns, "0123456789")] == '\0')
		snprintf(path, sizeof(path), "/proc/%s/ns/net", netns);
	else
		snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The device belongs to the namespace in which /dev/net/tun was opened. */
static int tun_open_here(const char *ifname)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
	unsigned int offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	_cleanup_(close_fd) int fd = -1;
	int r;

	if (strlen(ifname) >= sizeof(ifr.ifr_name))
		return -ENAMETOOLONG;
	memcpy(ifr.ifr_name, ifname, strlen(ifname));
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, TUNSETIFF, &ifr) < 0 || ioctl(fd, TUNSETOFFLOAD, offload) < 0)
		return -errno;
	r = fd;
	fd = -1;
	return r;
}

int tun_open(const struct endpoint_spec *end)
{
	_cleanup_(close_fd) int own = -1, target = -1;
	int fd;

	own = netns_open("/proc/thread-self/ns/net");
	if (own < 0)
		return own;
	target = netns_open(end->netns);
	if (target < 0)
		return target;
	if (setns(target, CLONE_NEWNET) < 0)
		return -errno;
	fd = tun_open_here(end->ifname);
	if (setns(own, CLONE_NEWNET) < 0) {
		if (fd >= 0)
			close(fd);
		return -errno;
	}
	return fd;
}
