# For scenes that cannot wait ten minutes.
format = 1

[profile]
summary = A pooled connection is idle after three seconds
include = balanced

[thresholds]
pool.idle = 3 s
