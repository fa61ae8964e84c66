# SPDX-License-Identifier: GPL-2.0-or-later
"""Every scene, in the order of the rule catalogue."""
from . import (buffers, churn, hardening, host, keys, listeners, losses, owners, paths, ports,
               settings, setup, states, wolves)

ALL = (*listeners.SCENES, *states.SCENES, *ports.SCENES, *buffers.SCENES, *paths.SCENES,
       *losses.SCENES, *owners.SCENES, *settings.SCENES, *keys.SCENES, *churn.SCENES,
       *setup.SCENES, *host.SCENES, *hardening.SCENES, *wolves.SCENES)
