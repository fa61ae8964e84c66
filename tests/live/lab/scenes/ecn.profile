# A network whose queues mark.
format = 1

[profile]
summary = Balanced, in a network whose queues mark
include = balanced

[rules]
congestion.ecn = on
