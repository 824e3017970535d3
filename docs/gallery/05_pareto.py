"""The front of carbon and latency.

Requests for the same image on four accelerators, in batches of 1 to 8. A request on the front is beaten by no other in
carbon per output and latency together. Batching saves little carbon where one image fills the accelerator, and costs
latency in full.
"""

from matplotlib import pyplot as plt

from ditcarbon_sym import Grid, front, sweep

cards = ("h100-sxm-80gb", "b200-sxm", "l40s", "l4")
found = sweep(Grid(("sd3-medium",), batch=(1, 2, 4, 8), resolution=((1024, 1024),), gpu=cards))
best = front(found, ("operational_per_output_g", "time_s")).rows
figure, axes = plt.subplots(figsize=(6.4, 3.8))
for (gpu, rows), marker in zip(found.to_pandas().groupby("gpu", observed=True), "osD^", strict=True):
    axes.plot(rows["time_s"], rows["operational_per_output_g"], marker, color="0.6", label=gpu)
axes.plot(best["time_s"], best["operational_per_output_g"], "o-", color="#D55E00", mfc="none", ms=9, label="front")
axes.set(xscale="log", xlabel="latency of the batch (s)", ylabel="operational carbon per image (gCO₂eq)")
axes.set_xticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
axes.minorticks_off()
axes.set_ylim(0, 1.15 * max(found.array("operational_per_output_g").ravel()))
figure.legend(loc="outside lower center", ncols=5)
