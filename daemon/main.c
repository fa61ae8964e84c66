/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/event.h"

int main(void)
{
	return event_defs[EVENT_OPENED].name == NULL;
}
