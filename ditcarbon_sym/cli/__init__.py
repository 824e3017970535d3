"""The command line: parse, call, print. No arithmetic.

Read `app` first: the app, its entry point, and the list of commands. `options` holds the options that several commands
share; `printing` puts tables and warnings on the screen. The commands stand in files named after the room they call:
`estimation`, `catalog`, `equations`, `calibration`, `measure`, `analysis`, `sweeps`. What a command needs loads inside
its function, so that ``--help`` needs neither sympy nor numpy.
"""
