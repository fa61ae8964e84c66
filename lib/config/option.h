/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/ini.h"

/* Take one line of tcpadvisor.conf; user is the struct config. */
int config_set(void *user, const struct ini_entry *e, struct diag *d);
