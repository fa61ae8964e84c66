# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel rarely does, done by a library before the applier's calls: a clock that is set, writes that go wrong.

INJECTED_CLOCK=FILE             CLOCK_REALTIME is that many seconds off
INJECTED_WRITE=WHAT:KEY[:FILE]  pwrite() to the key, while FILE is there: a number is a short count; an errno's name is that
                                error, with a + after half of the value was taken; clamp takes another value
INJECTED_OPEN=ENOENT:KEY        open() of the key
"""
import functools
import os
import subprocess
import tempfile

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* WHAT:KEY[:FILE] of a variable: is it about this path, now? */
static int concerns(const char *variable, const char *path, char what[16])
{
	const char *s = getenv(variable);
	char key[64] = "", file[256] = "", wanted[128];

	if (!s || sscanf(s, "%15[^:]:%63[^:]:%255s", what, key, file) < 2)
		return 0;
	snprintf(wanted, sizeof(wanted), "/proc/sys/%s", key);
	for (char *p = wanted + strlen("/proc/sys/"); *p; p++)
		if (*p == '.')
			*p = '/';
	return !strcmp(path, wanted) && (!*file || access(file, F_OK) == 0);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int (*next)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
	const char *path = getenv("INJECTED_CLOCK");
	FILE *f = path && clock == CLOCK_REALTIME ? fopen(path, "re") : NULL;
	long off = 0;
	int r = next(clock, t);

	if (f && fscanf(f, "%ld", &off) == 1)
		t->tv_sec += off;
	if (f)
		fclose(f);
	return r;
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t at)
{
	ssize_t (*next)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");
	char link[32], path[256], what[16];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	path[length < 0 ? 0 : length] = 0;
	if (!concerns("INJECTED_WRITE", path, what))
		return next(fd, buf, n, at);
	/* Only what is new is refused: an undo is not. */
	if (strcmp(what, "EROFS") && !memcmp(buf, "4096 16384", 10))
		return next(fd, buf, n, at);
	if (!strcmp(what, "clamp"))
		return next(fd, "8192 65536 8388608\n", 19, at) == 19 ? (ssize_t)n : -1;
	if (*what >= '0' && *what <= '9')
		return next(fd, buf, (size_t)atoi(what), at);
	if (what[strlen(what) - 1] == '+')
		(void)!next(fd, buf, n / 2, at);
	errno = !strcmp(what, "EROFS") ? EROFS : !strcmp(what, "EPERM") ? EPERM : EINVAL;
	return -1;
}

int open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
	char what[16];
	va_list ap;
	int mode;

	if (concerns("INJECTED_OPEN", path, what)) {
		errno = ENOENT;
		return -1;
	}
	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	return next(path, flags, mode);
}
"""


@functools.lru_cache(maxsize=None)
def library():
    """Path of the library, made once; None without a compiler."""
    folder = tempfile.mkdtemp(prefix="injected-")
    path = os.path.join(folder, "injected.so")
    try:
        done = subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", path, "-x", "c", "-", "-ldl"],
                              input=SOURCE, encoding="ascii", check=False, stderr=subprocess.PIPE)
    except FileNotFoundError:
        return None
    if done.returncode:
        raise RuntimeError(done.stderr)
    return path
