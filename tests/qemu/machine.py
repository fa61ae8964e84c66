# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine with Debian's own kernel, on a disk that outlives it; its power can be cut."""
import os
import pathlib
import re
import select
import shutil
import stat
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
BUILD = pathlib.Path(os.environ.get("TCPADVISOR_BUILDDIR", TESTS.parent / "build")).resolve()
PATIENCE = 180  # s; it is emulated
# In the order in which they are loaded.
MODULES = ("virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk",
           "crc16", "mbcache", "jbd2", "crc32c_generic", "libcrc32c", "ext4")
LATER = ("tcp_bbr", "sch_fq")
INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
for m in {modules}; do /bin/busybox insmod /$m.ko; done
n=0
until /bin/busybox mount -t ext4 /dev/vda /root; do
	n=$((n + 1)); [ $n -lt 50 ] || exec /bin/busybox poweroff -f
	/bin/busybox sleep 0.1
done
/bin/busybox mount --move /dev /root/dev
/bin/busybox umount /proc
exec /bin/busybox switch_root /root /t/boot
"""
# What a boot does that matters here: the kernel's values, then those of the boot files, then what a kill has left.
BOOT = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs run /run; mount -t tmpfs tmp /tmp
ip link set lo up
for m in {later}; do insmod /t/$m.ko; done
/lib/systemd/systemd-sysctl
exec python3 /t/guest.py
"""


class Skip(Exception):
    """This machine cannot run it; the text says why."""


def tool(*packages):
    """Where Debian packages are unpacked, without being installed."""
    done = subprocess.run([TESTS / "debian-tool", *packages], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8")
    if done.returncode:
        raise Skip(done.stderr.strip().splitlines()[-1])
    return pathlib.Path(done.stdout.strip())


def find_qemu():
    """How to start it: the installed one, or one that is only unpacked, with all that it needs."""
    if shutil.which("qemu-system-x86_64"):
        return ["qemu-system-x86_64"]
    plan = subprocess.run(["apt-get", "install", "-s", "--no-install-recommends", "qemu-system-x86"], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8").stdout
    packages = re.findall(r"^Inst (\S+)", plan, re.M)
    if not packages:
        raise Skip("there is no qemu, and apt knows none")
    root = tool(*packages)
    libraries = f"{root}/usr/lib/x86_64-linux-gnu:{root}/lib/x86_64-linux-gnu"
    return ["env", f"LD_LIBRARY_PATH={libraries}", f"{root}/usr/bin/qemu-system-x86_64",
            "-L", f"{root}/usr/share/seabios", "-L", f"{root}/usr/share/qemu"]


def find_kernel():
    """The unpacked package of Debian's kernel."""
    depends = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], check=False, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, encoding="utf-8").stdout
    found = re.search(r"Depends: (linux-image-[0-9]\S*)", depends)
    if not found:
        raise Skip("apt knows no kernel")
    return tool(found.group(1))


def archive(files):
    """{name: (mode, bytes)} as the kernel takes it for a first root (Documentation/driver-api/early-userspace)."""
    result = b""
    for number, (name, (mode, data)) in enumerate([*files.items(), ("TRAILER!!!", (0, b""))], 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        head += bytes(-len(head) % 4)
        result += head + data + bytes(-len(data) % 4)
    return result


class Machine:
    """Its disk, and its runs."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.disk = self.folder / "disk"
        self.first = self.folder / "first"
        self.qemu = find_qemu()
        package = find_kernel()
        self.kernel = next(package.glob("boot/vmlinuz-*"))
        self.modules = {path.name.split(".")[0]: path for path in package.glob("lib/modules/*/kernel/**/*.ko")}
        self.process = None
        self.said = b""

    def build(self):
        """The first root, and the disk with this build on it."""
        done = subprocess.run([TESTS / "e2e" / "mkroot", "--include=python3,strace,kmod,busybox-static",
                               self.folder / "root"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              encoding="utf-8")
        if done.returncode:
            raise Skip(done.stderr.strip().splitlines()[-1])
        root = self.folder / "root"
        own = root / "t"
        own.mkdir()
        for name in LATER:
            shutil.copy(self.modules[name], own / f"{name}.ko")
        for path in (HERE / "guest.py", TESTS / "apply" / "harness.py", BUILD / "tcpadvisor-apply", BUILD / "tcpadvisor-persist"):
            shutil.copy(path, own)
        (own / "boot").write_text(BOOT.format(later=" ".join(LATER)), encoding="ascii")
        (own / "boot").chmod(0o755)
        for name in ("t/work", "var/lib/tcpadvisor-apply"):
            (root / name).mkdir(mode=0o700)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", str(root), str(self.disk), "700M"], check=True,
                       stdout=subprocess.DEVNULL)
        files = {name: (stat.S_IFDIR | 0o755, b"") for name in ("bin", "dev", "proc", "root")}
        files["bin/busybox"] = (stat.S_IFREG | 0o755, (root / "bin" / "busybox").read_bytes())
        files["init"] = (stat.S_IFREG | 0o755, INIT.format(modules=" ".join(MODULES)).encode())
        for name in MODULES:
            files[f"{name}.ko"] = (stat.S_IFREG | 0o644, self.modules[name].read_bytes())
        self.first.write_bytes(archive(files))
        shutil.rmtree(root)

    def start(self, words):
        """Boot; the words are for the guest."""
        self.said = b""
        self.process = subprocess.Popen(  # pylint: disable=R1732
            [*self.qemu, "-accel", "tcg", "-cpu", "max", "-M", "q35", "-smp", "1", "-m", "384", "-nodefaults",
             "-no-user-config", "-display", "none", "-no-reboot", "-kernel", str(self.kernel), "-initrd", str(self.first),
             "-append", f"console=ttyS0 quiet panic=-1 mitigations=off guest={words}",
             "-drive", f"file={self.disk},if=virtio,format=raw", "-serial", "stdio"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def line(self, start):
        """The rest of the next line that starts so."""
        end = time.monotonic() + PATIENCE
        while True:
            found = re.search(rb"^" + start.encode() + rb"(.*?)\r?\n", self.said, re.M)
            if found:
                self.said = self.said[found.end():]
                return found.group(1).decode("ascii", "replace").strip()
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise RuntimeError(f"the guest does not say {start}: {self.said[-3000:].decode('ascii', 'replace')}")
            self.said += data

    def cut(self):
        """The power goes; afterwards the file system is mended, as a boot would."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        done = subprocess.run(["e2fsck", "-fy", str(self.disk)], check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8")
        if done.returncode > 2:
            raise RuntimeError(done.stdout)


if __name__ == "__main__":
    sys.exit("this is no program")
