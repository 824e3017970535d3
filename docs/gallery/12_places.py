"""The same image in other places.

One image of FLUX.1-dev on an H100 in every place of the catalogue: operational carbon goes with the grid and the PUE,
embodied carbon does not.
"""

from matplotlib import pyplot as plt

from ditcarbon_sym import estimate, load

BOARD = "cradle-to-gate board"
found = [estimate("flux.1-dev", gpu="h100-sxm-80gb", datacenter=x, embodied_boundary=BOARD) for x in load().datacenters]
found.sort(key=lambda x: x.total_g.value)
names = [x.datacenter for x in found]
figure, axes = plt.subplots(figsize=(6.4, 3.4))
axes.barh(names, [x.operational_g.value for x in found], color="#0072B2", label="operational")
left = [x.operational_g.value for x in found]
axes.barh(
    names, [x.embodied_g.value for x in found], left=left, color="#D55E00", label="embodied, board from cradle to gate"
)
axes.set(xlabel="carbon of one image (gCO₂eq)")
axes.legend()
