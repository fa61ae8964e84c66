format = 1

[profile]
summary = Small buffers for many idle connections

[sysctl]
net.ipv4.tcp_rmem[2] = <= 1 MiB # many connections, little memory
net.core.somaxconn = <= 256 # short queues
