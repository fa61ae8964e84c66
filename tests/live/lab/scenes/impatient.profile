# Balanced, with ages and time-outs that a test need not wait minutes for.
format = 1

[profile]
summary = Balanced, with silence judged after two seconds
include = balanced

[thresholds]
fin-wait.age = 2 s
fin-wait.ending = 200
idle-timeout = 2 s
