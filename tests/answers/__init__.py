"""What the package answers today, kept: nothing that a user reads changes unnoticed.

A file of ``kept`` is a transcript: command lines after ``$``, each with what it prints. ``equations.csv`` has the value
of each named equation at one point, ``signatures.txt`` the options of each function. They do not say that an answer is
right, which other tests do; they say which answers a change moves, and by how much. ``python -m tests.answers`` writes
them anew: a commit then shows what moved.
"""
