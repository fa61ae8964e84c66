# Short answers first: small queues, early notice of dead peers, no waiting to merge writes.
format = 1

[profile]
summary = Response time before throughput: short queues, quick restart after idle, early notice of dead peers
include = balanced

[thresholds]
# Queueing of ten milliseconds is felt in a chain of requests.
bloat.queue = 10 ms
# Five minutes and a half: what ten retransmissions take. Longer than a failover, shorter than a lunch break.
retries.hang = 330 s

[rules]
# Merging small writes is a loss here, where it is measured.
latency.autocorking = on
# Busy polling burns processors: named where some are idle, and no more than that.
latency.busy-poll = on
# What waits in the socket is older than what was written last.
latency.unsent-backlog = on

[sysctl]
# What the rules judge by measurement or threshold is theirs: buffers (window.*), tcp_retries2 (retries.hang),
# tcp_autocorking and busy polling (latency.*), tcp_tw_reuse and the port range (ports.*).
net.ipv4.tcp_notsent_lowat = <= max(16 KiB, host.delivery_rate * 1 ms) # unsent data is delay: a millisecond of it is enough
net.ipv4.tcp_slow_start_after_idle = = if(sysctl.net.ipv4.tcp_congestion_control = "bbr",
    sysctl.net.ipv4.tcp_slow_start_after_idle, 0) # a burst after idle starts at full window; BBR ignores it
net.ipv4.tcp_thin_linear_timeouts = = 1 # thin request streams retry at a steady pace instead of doubling
net.ipv4.tcp_keepalive_time = <= if(threshold.idle-timeout > 0 s, min(60 s, threshold.idle-timeout / 2),
    60 s) # notice dead peers within minutes, below the idle time-outs on the way
net.ipv4.tcp_keepalive_intvl = <= 10 s # with three probes: given up half a minute later
net.ipv4.tcp_keepalive_probes = <= 3 # with ten seconds between them, a dead peer is given up half a minute later
net.core.default_qdisc = one of fq fq_codel cake # no flow waits behind another's queue
