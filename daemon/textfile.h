/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that readers find whole at any time: written beside its name, then renamed over it.
 *
 * It is not synced to disk: what a crash loses is stale a moment later, its directory is usually a tmpfs, and fsync()
 * may wait for a disk as long as that likes, which the service must not.
 */
#pragma once

#include "base/text.h"

/*
 * Replace path by these bytes, readable by all (0644, whatever the umask). 0, or -errno with the old file in place and
 * nothing of ours beside it; -EINVAL: the path is not absolute or names no file. Symbolic links in the directory's
 * path are followed, one at the file's own place is replaced; a name that somebody laid out for the new file is refused
 * to them. The directory is looked up anew each time: it may have gone and come back.
 */
int textfile_write(const char *path, const struct text *t) _must_check_;
/* Take away what a killed service may have left behind, and with `whole` the file too. Missing is no error. */
int textfile_remove(const char *path, bool whole) _must_check_;
