"""`clicktally reclassify`: the rules of today applied to stored events, and the counters corrected.

command.py      what it is asked for
run.py          day by day: reads, decides, writes, in a chain of its own
again.py        what changes, without I/O
corrections.py  the rows that say so
"""
