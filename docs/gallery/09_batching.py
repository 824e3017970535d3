"""What batching saves.

Carbon per image against the batch, relative to a batch of one, on a B200. A small image leaves an accelerator waiting
for the launches of kernels, and a batch fills it; a large image fills it alone.
"""

from matplotlib import pyplot as plt

from ditcarbon_sym import estimate

BATCHES = (1, 2, 4, 8, 16, 32)
REQUESTS = {("dit-xl-2-256", 256): "#D55E00", ("pixart-alpha", 256): "#E69F00", ("sd3-medium", 1024): "#0072B2"}
figure, axes = plt.subplots(figsize=(6.4, 3.6))
for (model, side), colour in REQUESTS.items():
    found = [estimate(model, gpu="b200-sxm", resolution=side, batch=x) for x in BATCHES]
    grams = [x.operational_g.value / x.request["outputs"] for x in found]
    axes.plot(BATCHES, [x / grams[0] for x in grams], "o-", color=colour, label=f"{model}, {side} x {side}")
axes.set(xscale="log", xlabel="batch", ylabel="operational carbon per image, batch of one = 1")
axes.set_xticks(BATCHES, [str(x) for x in BATCHES])
axes.minorticks_off()
axes.set_ylim(0, 1.05)
axes.legend()
