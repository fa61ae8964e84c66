# Many short connections with strangers far away: CDN edges, reverse proxies, public front ends.
format = 1

[profile]
summary = A server at the edge: many clients, long and lossy last miles, connections that come and go
include = balanced

[thresholds]
# A queue in a client's own last mile is not this host's fault, and nothing here ends it: only a long one is worth a word.
bloat.queue = 100 ms
# A client that vanished should not hold a worker for a quarter of an hour.
retries.hang = 330 s

[sysctl]
# Windows follow the BDP of the paths that are really in use: the window.* rules tell when, and to what.
net.ipv4.tcp_notsent_lowat = <= min(128 KiB, max(16 KiB, host.delivery_rate * 5 ms)) # what is unsent can still change: priorities, cancelled streams
net.ipv4.tcp_slow_start_after_idle = = if(sysctl.net.ipv4.tcp_congestion_control = "bbr",
    sysctl.net.ipv4.tcp_slow_start_after_idle, 0) # the second page of a visit starts at full window; BBR ignores it
net.ipv4.tcp_thin_linear_timeouts = = 1 # small answers over lossy last miles retry at a steady pace
net.ipv4.tcp_mtu_probing = >= 1 # some client is always behind a tunnel that swallows large packets and the message about it
net.ipv4.tcp_keepalive_time = <= if(threshold.idle-timeout > 0 s, min(120 s, threshold.idle-timeout / 2),
    120 s) # home routers forget idle connections within minutes
net.ipv4.tcp_keepalive_intvl = <= 15 s # with four probes: given up a minute later
net.ipv4.tcp_keepalive_probes = <= 4 # a dead client is given up within minutes
net.core.default_qdisc = one of fq fq_codel cake # fq paces, and no client waits behind another's download
