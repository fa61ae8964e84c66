# Balanced, on a host behind something that forgets connections after two seconds.
format = 1

[profile]
summary = Balanced, with an idle time-out of two seconds declared
include = balanced

[thresholds]
idle-timeout = 2 s
