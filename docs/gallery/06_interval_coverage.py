"""Do the intervals hold what was measured?

Each of the paper's architectures is left out of the production fit, and predicted by the others. The dots are its
measured efficiencies over the prediction, the bars the 90 % interval that was given before.
"""

import numpy as np
from matplotlib import pyplot as plt

from fits import section_4_3
from fits.coverage import coverage

figure, axes = plt.subplots(figsize=(6.4, 3.2))
found, held_out = coverage(), section_4_3.held_out()
for row, x in enumerate(found):
    fit, data = held_out[x.architecture]
    off = 100 * (data.observed / fit.predict(data) - 1)
    axes.barh(row, 2 * x.half_width_percent, left=-x.half_width_percent, height=0.6, color="#56B4E9", alpha=0.4)
    axes.plot(off, row + np.linspace(-0.2, 0.2, len(off)), "o", color="#0072B2", ms=3)
    axes.text(31, row, f"{x.inside} of {x.rows} inside", va="center", fontsize=7)
axes.set_yticks(range(len(found)), [x.architecture for x in found])
axes.axvline(0, color="0.4", lw=0.8)
axes.set(xlabel="measured efficiency over the prediction, less one (%)", xlim=(-30, 45))
inside, rows = np.sum([(x.inside, x.rows) for x in found], axis=0)
print(f"{inside} of {rows} measured values of architectures that the fit has not seen lie in their intervals")
