"""Modes of running: the software stack, attention kernel, number format, cache and offloading of one request.

Read `choice` first (from options to a `Mode`), then `stack` (a mode put into the law, and what it is called). Their
equations are in `equations/software.py`, their constants from `fits/software.py`.
"""
