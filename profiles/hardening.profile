# What CIS, STIG and ANSSI ask of a host, judged by what is in force. With container-host on a node of containers.
format = 1

[profile]
summary = The hardening guides' network settings (CIS, STIG, ANSSI), as they are in force on each interface
include = balanced

[rules]
# Each rule names its controls; router and container host are told apart by what is there.
hardening.* = on

[sysctl]
# What is in force now is judged for each interface; these are for interfaces to come.
net.ipv4.conf.default.accept_redirects = = 0 # a new interface begins with it, and on a host its own value suffices
net.ipv6.conf.default.accept_redirects = = 0 # a new interface begins with it, and nothing else counts for IPv6
net.ipv6.conf.default.accept_ra = = 0 # a new interface begins with it, and conf.all does nothing
