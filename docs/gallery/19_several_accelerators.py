"""Faster, and for more energy: several accelerators to one video.

Time and energy of one video of Wan 2.1 14B on one to eight H100, with 90 % intervals. The dotted lines are what would
be if the work divided without loss. The intervals are wide: they hold models that the law had not seen.
"""

from matplotlib import pyplot as plt

from ditcarbon_sym import estimate

GPUS = (1, 2, 4, 8)
found = [estimate("wan2.1-t2v-14b", gpu="h100-sxm-80gb", height=480, width=832, gpus=n) for n in GPUS]
figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.2))
times, energies = [x.time_s for x in found], [x.energy_wh for x in found]
ideal = [times[0].value / n for n in GPUS], [energies[0].value] * len(GPUS)
for axes, values, least, words in ((left, times, ideal[0], "time (s)"), (right, energies, ideal[1], "energy (Wh)")):
    axes.fill_between(GPUS, [x.low for x in values], [x.high for x in values], color="#0072B2", alpha=0.2, lw=0)
    axes.plot(GPUS, [x.value for x in values], "o-", color="#0072B2")
    axes.plot(GPUS, least, ":", color="0.4")
    axes.set(xscale="log", xlabel="accelerators", ylabel=f"{words} of one video", ylim=(0, None))
    axes.set_xticks(GPUS, [str(n) for n in GPUS])
    axes.minorticks_off()
faster, more = times[0].value / times[3].value, energies[3].value / energies[0].value
print(f"on 8: {faster:.1f} times as fast, {more:.2f} times the energy")
