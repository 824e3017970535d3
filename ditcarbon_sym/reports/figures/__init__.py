"""Figures as the bytes of a file. No window is opened, and no figure of the caller's is touched.

Read `drawing` first (the one way to draw), then a figure each: `calibration` (residuals), `validation` (ratios),
`pareto` (the front), `sensitivity` (bars and a tornado).
"""
