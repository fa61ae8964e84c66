/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/event.h"

/* Made with `systemd-id128 new`; what people's filters and the catalogue know. Never change one. */
const struct event_def event_defs[EVENT_KINDS] = {
	[EVENT_OPENED] = {"opened", "aa6b3bc2e5ae4a7d87ce6e7140a46e95"},
	[EVENT_CHANGED] = {"changed", "28ef4111138846bb88456a9538564716"},
	[EVENT_CLOSED] = {"closed", "e040c30432ff4e84a358c0f6ac3b163a"},
	[EVENT_DRIFT] = {"drift", "edcdcaa1e4ef4582ba002edfbe1b1001"},
	[EVENT_RESTORED] = {"restored", "2799e515058f41d3a21e407e1c127dc7"},
	[EVENT_KEY_CHANGED] = {"key-changed", "da846b1677d34517b09716ee9d914f1a"},
	[EVENT_STARTED] = {"started", "86ea5d9197b444c7a21281c6b5dad61c"},
	[EVENT_STOPPED] = {"stopped", "5d43293773ce459d8829917835490937"},
	[EVENT_RELOADED] = {"reloaded", "8cc1563a74384a468eb98e196965150f"},
	[EVENT_RELOAD_FAILED] = {"reload-failed", "9bcded28d8ec4d8da8b3d07eae341d28"},
	[EVENT_HELD_BACK] = {"held-back", "97050b919bf3420f95ee3cdbf7e05d37"},
	[EVENT_TROUBLE] = {"trouble", "05a72b5c1acf4fe596f6fb5ccb7d43f2"},
};
