# Full pipes on long paths.
format = 1

[profile]
summary = Throughput before response time: windows for long fat paths, bulk transfers
include = balanced

[thresholds]
# A bulk host accepts more queueing before it is called a fault.
bloat.queue = 200 ms
# Where losses without a queue hold the senders of a long path, all new connections may use BBR.
congestion.switch = 1

[sysctl]
# tcp_rmem, tcp_wmem and congestion control follow the paths that are measured: the rules window.* and congestion.* tell.
# So does tcp_slow_start_after_idle, where a pause costs something (latency.idle-restart). What is unsent takes nothing
# from throughput. A path that runs at its limit leaves nothing to change.
net.core.default_qdisc = one of fq fq_codel cake # pacing and fair queueing between bulk flows
