# A load balancer on the way that forgets idle connections.
format = 1

[profile]
summary = Balanced, behind a load balancer with an idle time-out
include = balanced

[thresholds]
idle-timeout = 350 s
