# The default: only what helps everybody, and advice only where something was measured.
format = 1

[profile]
summary = Advice on measured faults; no preference between latency and throughput

[sysctl]
# The kernel's own default since 5.4. Below it, a burst of clients meets a full accept queue for no gain.
net.core.somaxconn = >= 4096 # the default since Linux 5.4; an application may still ask for less
