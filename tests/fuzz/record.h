/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the fuzz targets that look at a recorded host: one input is several files of a record, each written as
 * its number in a table, its length in two bytes (the lower first) and its bytes; `pack` makes such inputs.
 */
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "root/root.h"

static const char *const *record_paths;
static size_t record_count;
static char record_dir[64];
static int record_fd = -1;

enum { RECORD_PATHS_MAX = 64 };

static uint64_t record_hash[RECORD_PATHS_MAX]; /* of what lies there; 0: nothing */

/* Of this process alone, and in memory where the system has such a place. */
static inline void record_remove(void)
{
	char path[512];

	for (size_t i = 0; i < record_count; i++)
		unlinkat(record_fd, record_paths[i], 0);
	for (size_t i = 0; i < record_count; i++) {
		snprintf(path, sizeof(path), "%s", record_paths[i]);
		for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
			*slash = 0;
			unlinkat(record_fd, path, AT_REMOVEDIR);
		}
	}
	rmdir(record_dir);
}

static inline void record_init(const char *const *paths, size_t n)
{
	char path[512];

	if (record_fd >= 0)
		return;
	check(n <= RECORD_PATHS_MAX);
	record_paths = paths;
	record_count = n;
	snprintf(record_dir, sizeof(record_dir), "%s/fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	check(mkdtemp(record_dir) != NULL);
	record_fd = open(record_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(record_fd >= 0);
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s", paths[i]);
		for (char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
			*p = 0;
			mkdirat(record_fd, path, 0755);
			*p = '/';
		}
	}
	atexit(record_remove);
}

/* One input differs little from the one before: most files need not be written again. */
static inline void record_file(size_t i, const void *bytes, size_t n)
{
	uint64_t hash = hash_bytes(bytes, n) | 1;
	int fd;

	if (record_hash[i] == hash)
		return;
	fd = openat(record_fd, record_paths[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	check(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
	record_hash[i] = hash;
}

static inline void record_no_file(size_t i)
{
	if (record_hash[i])
		unlinkat(record_fd, record_paths[i], 0);
	record_hash[i] = 0;
}

/* Files that the input does not name are not there; of those that it names twice the last counts. */
static inline void record_unpack(const uint8_t *data, size_t size)
{
	const uint8_t *bytes[RECORD_PATHS_MAX] = {NULL};
	size_t length[RECORD_PATHS_MAX] = {0};

	while (size >= 3) {
		size_t i = data[0] % record_count, n = (size_t)data[1] | (size_t)data[2] << 8;

		bytes[i] = data + 3;
		length[i] = n = min_of(n, size - 3);
		data += 3 + n;
		size -= 3 + n;
	}
	for (size_t i = 0; i < record_count; i++)
		if (bytes[i])
			record_file(i, bytes[i], length[i]);
		else
			record_no_file(i);
}

/* NULL where the record is refused. */
static inline struct root *record_open(void)
{
	struct root *r = NULL;
	struct diag d = {0};

	if (root_open(record_dir, &r, &d) < 0) {
		check_diag(&d);
		return NULL;
	}
	return r;
}
