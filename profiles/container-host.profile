# Nodes with containers or virtual machines: what their networks need, and nothing that breaks them.
format = 1

[profile]
summary = A host of containers or virtual machines: forwarding on, no strict reverse path filter
include = balanced

[thresholds]
# Pods' answers may leave by another link than their questions came in on.
hardening.rp-filter = 2

[rules]
# Here forwarding is the host's work, even before the first container runs.
hardening.forwarding = off

[sysctl]
net.ipv4.ip_forward = = 1 # containers reach the network through this host
net.ipv4.conf.all.rp_filter = one of 0 2 # with 1 every interface that is left at 0 is strict, and drops traffic of pods
