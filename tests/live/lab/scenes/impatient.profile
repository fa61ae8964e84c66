# Balanced, with ages and counts that a test need not wait minutes for.
format = 1

[profile]
summary = Balanced, with FIN_WAIT_2 judged after two seconds
include = balanced

[thresholds]
fin-wait.age = 2 s
fin-wait.ending = 200
