"""What one image costs, model by model.

One image of 1024 x 1024 pixels from each image model of the catalogue, on an H100 in an average place of the United
States, with the steps and guidance of its release. The lines are 90 % intervals of the operator law; they do not hold
the uncertainty of the grid or of embodied carbon.
"""

from matplotlib import pyplot as plt

from ditcarbon_sym import InputError, estimate, load

found = []
for name, model in load().models.items():
    if model.networks is not None and not model.is_video:
        try:
            found.append(estimate(name, gpu="h100-sxm-80gb", resolution=1024))
        except InputError:  # a size that the network does not take
            continue
found.sort(key=lambda x: x.per_output_g.value)
figure, axes = plt.subplots(figsize=(6.4, 5.2))
for row, x in enumerate(found):
    grams = x.per_output_g
    axes.plot([grams.low, grams.high], [row, row], color="0.6")
    axes.plot(grams.value, row, "o", color="#0072B2")
axes.set_yticks(range(len(found)), [x.model for x in found])
axes.set(xscale="log", xlabel="carbon of one image (gCO₂eq)")
axes.set_xticks([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2], ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"])
axes.minorticks_off()
least, most = found[0], found[-1]
print(f"{least.model}: {least.per_output_g.value:.3f} g; {most.model}: {most.per_output_g.value:.2f} g")
