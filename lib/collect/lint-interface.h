/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces of a configuration that is judged without its host. */
#pragma once

#include "collect/collect-private.h"
#include "collect/sysctld.h"

/*
 * Add a subject for each interface's key that a file sets, "*" standing for any interface, where a rule in force judges
 * such; and take the host's role from what the files say of forwarding. The sysctls must be there. 0, or -E2BIG.
 */
int lint_add_interfaces(struct collecting *c, const struct sysctld *d) _must_check_;
