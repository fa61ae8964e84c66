# Balanced, with an age that a test need not wait a minute for.
format = 1

[profile]
summary = Balanced, with leaks of CLOSE_WAIT judged after two seconds
include = balanced

[thresholds]
close-wait.age = 2 s
