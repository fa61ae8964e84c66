# Only the rule that the scene is about.
format = 1

[profile]
summary = Balanced, for an application of small writes
include = balanced

[rules]
latency.autocorking = on
