"""A million requests in one array.

Grams of one image over its side and the steps, on every pixel of the map one request: a sweep is a broadcast of the
same formulas, so that a million takes about as long as reading this sentence.
"""

import numpy as np
from matplotlib import pyplot as plt

from ditcarbon_sym import Grid, sweep

sides, steps = tuple(range(256, 2049, 16)), tuple(range(1, 101))
grid = Grid(("flux.1-dev",), resolution=tuple((x, x) for x in sides), steps=steps, batch=tuple(range(1, 89)),
            gpu=("h100-sxm-80gb",))  # fmt: skip
found = sweep(grid)
grams = found.array("per_output_g").squeeze()  # sides, batches, steps
figure, axes = plt.subplots(figsize=(6.4, 4.0))
levels = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
lines = axes.contour(sides, steps, grams[:, 0, :].T, levels=levels, cmap="viridis", norm="log")
axes.clabel(lines, fmt=lambda x: f"{x:g} g", fontsize=7)
axes.set(xlabel="side of a square image (pixels)", ylabel="denoising steps")
print(f"{np.prod(grams.shape):,} requests")
