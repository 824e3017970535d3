r"""Where embodied carbon equals operational carbon.

The share of embodied carbon in the total against the intensity of the grid, for two boundaries of the H100: the logic
die alone, and the board from cradle to gate. The dots are where both parts are equal, which has a closed form:
$I^{*} = C_{\mathrm{chip}} \tau / (L\,u\,E\,\mathrm{PUE})$.
"""

import numpy as np
from matplotlib import pyplot as plt

from ditcarbon_sym import estimate

grids = np.geomspace(0.1, 1000, 80)
figure, axes = plt.subplots(figsize=(6.4, 3.6))
for boundary, colour in (("die", "#0072B2"), ("cradle-to-gate board", "#D55E00")):
    one = estimate("flux.1-dev", gpu="h100-sxm-80gb", pue=1.2, grid=100, embodied_boundary=boundary)
    embodied, each = one.embodied_g.value, one.operational_g.value / 100
    axes.plot(grids, 100 * embodied / (embodied + each * grids), color=colour, label=boundary)
    axes.plot(embodied / each, 50, "o", color=colour)
    print(f"{boundary}: equal at {embodied / each:.1f} gCO2eq/kWh")
axes.set(xscale="log", xlabel="intensity of the grid (gCO₂eq/kWh)", ylabel="embodied share of the total (%)")
axes.set_xticks([0.1, 0.5, 2, 5, 20, 100, 500], ["0.1", "0.5", "2", "5", "20", "100", "500"])
axes.minorticks_off()
axes.legend()
