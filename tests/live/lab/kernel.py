# SPDX-License-Identifier: GPL-2.0-or-later
"""System calls that Python 3.9 does not offer, and the view an audit is run in."""
import ctypes
import os
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15

BOOT_DIRECTORY = "/etc/sysctl.d"
HOST_DIRECTORIES = (
    BOOT_DIRECTORY, "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d",
    "/lib/sysctl.d", "/etc/tcpadvisor", "/run/tcpadvisor",
)

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def setns(fd):
    """Moves this process, which has one thread, into a network namespace."""
    _check(_libc.setns(fd, CLONE_NEWNET), "setns")


def unshare(flags):
    """Leaves the namespaces that flags name for new ones."""
    _check(_libc.unshare(flags), "unshare")


def mount(source, target, fstype, flags=0):
    """mount(2) without data."""
    encode = [text.encode() if text else None for text in (source, target, fstype)]
    _check(_libc.mount(*encode, ctypes.c_ulong(flags), None), f"mount on {target}")


def name_process(name):
    """The name that /proc/PID/comm shows."""
    _libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


def die_with_parent():
    """A bench that is killed leaves no process, and so no namespace, behind."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _hide_host_configuration():
    for path in sorted({os.path.realpath(path) for path in HOST_DIRECTORIES}):
        if os.path.isdir(path):
            mount("tmpfs", path, "tmpfs")
    if os.path.exists("/etc/sysctl.conf"):
        empty = os.path.join(BOOT_DIRECTORY, ".empty")
        with open(empty, "w", encoding="utf-8"):
            pass
        mount(empty, "/etc/sysctl.conf", None, MS_BIND)
        os.unlink(empty)


def _mount_sysfs():
    """A sysfs of this network namespace; ip netns exec would hide the cgroups here."""
    cgroup = os.open("/sys/fs/cgroup", os.O_PATH) if os.path.isdir("/sys/fs/cgroup") else -1
    mount("sysfs", "/sys", "sysfs")
    if cgroup >= 0:
        mount(f"/proc/self/fd/{cgroup}", "/sys/fs/cgroup", None, MS_BIND | MS_REC)
        os.close(cgroup)


def own_mounts():
    """Mounts of its own; fails in a chroot, whose root is no mount point."""
    unshare(CLONE_NEWNS)
    mount(None, "/", None, MS_REC | MS_PRIVATE)


def _become_nobody():
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)


def _write_files(files):
    """Files of the view; what else is in /etc and /run is not there then."""
    for path in ("/etc", "/run") if files else ():
        mount("tmpfs", path, "tmpfs")
    for path, text in files.items():
        if not path.startswith(("/etc/", "/run/")):
            raise ValueError(f"{path} would be the machine's own")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def enter_view(netns, boot, files=(), nobody=False):
    """
    Enters a namespace as a host of its own whose boot configuration is the dict boot, and which
    has these files below /etc and /run.
    """
    setns(netns)
    own_mounts()
    _mount_sysfs()
    _write_files(dict(files))
    if files:
        os.makedirs(BOOT_DIRECTORY)
    _hide_host_configuration()
    for name, text in boot.items():
        with open(os.path.join(BOOT_DIRECTORY, name), "w", encoding="utf-8") as file:
            file.write(text)
    if nobody:
        _become_nobody()
