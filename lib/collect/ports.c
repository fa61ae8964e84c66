/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect/ports.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void ports_add(uint8_t *bitmap, const char *ranges)
{
	for (const char *p = ranges; isdigit((unsigned char)*p);) {
		char *end;
		unsigned long low = strtoul(p, &end, 10), high = low;

		if (*end == '-')
			high = strtoul(end + 1, &end, 10);
		for (unsigned long port = low; port <= high && port < 65536; port++)
			bitmap_set(bitmap, (uint16_t)port);
		p = end + strspn(end, ", ");
	}
}
