# Full pipes on long paths.
format = 1

[profile]
summary = Throughput before response time: windows for long fat paths, bulk transfers
include = balanced

[thresholds]
# A bulk host accepts more queueing before it is called a fault.
bloat.queue = 200 ms

[sysctl]
# tcp_rmem, tcp_wmem and congestion control follow the paths that are measured: the rules window.* and congestion.* tell.
net.ipv4.tcp_notsent_lowat = <= max(128 KiB, host.delivery_rate * 2 ms) # enough unsent to keep the link busy, and no more
net.ipv4.tcp_slow_start_after_idle = = if(sysctl.net.ipv4.tcp_congestion_control = "bbr",
    sysctl.net.ipv4.tcp_slow_start_after_idle, 0) # transfers with pauses keep their window; BBR ignores it
net.core.default_qdisc = one of fq fq_codel cake # pacing and fair queueing between bulk flows
