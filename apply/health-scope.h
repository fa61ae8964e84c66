/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a change is about: the paths that it was made for, or how connections are opened and given up. */
#pragma once

#include "apply/paper.h"

/* Does one of the changes name this path as its reason, and act on what goes that way? */
bool scope_wants(const struct paper *request, const char *path, bool out);
/* Does one of them name any path? */
bool scope_names_paths(const struct paper *request);
/* Do all of the changes act on how connections are opened and given up, and none on flows that run? */
bool scope_is_connections(const struct paper *request);
