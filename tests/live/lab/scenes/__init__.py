# SPDX-License-Identifier: GPL-2.0-or-later
"""Every scene, in the order of the rule catalogue."""
from . import buffers, keys, listeners, ports, settings, states, wolves

ALL = (*listeners.SCENES, *states.SCENES, *ports.SCENES, *buffers.SCENES, *settings.SCENES,
       *keys.SCENES, *wolves.SCENES)
