"""A video twice as long costs more than twice as much.

Energy of one video of Wan 2.1 against its frames, with the 90 % interval. Attention over all frames makes it grow
faster than the length: the grey line is what proportional growth would be.
"""

from matplotlib import pyplot as plt

from ditcarbon_sym import estimate

FRAMES = (17, 33, 49, 65, 81, 97, 113, 129, 145, 161)
found = [estimate("wan2.1-t2v-14b", gpu="h100-sxm-80gb", height=480, width=832, frames=n).energy_wh for n in FRAMES]
figure, axes = plt.subplots(figsize=(6.4, 3.6))
axes.fill_between(FRAMES, [x.low for x in found], [x.high for x in found], color="#0072B2", alpha=0.2, lw=0)
axes.plot(FRAMES, [x.value for x in found], "o-", color="#0072B2", label="Wan 2.1 14B, 480 x 832")
axes.plot(FRAMES, [found[0].value * n / FRAMES[0] for n in FRAMES], color="0.5", ls="--", label="in proportion")
axes.set(xlabel="output frames", ylabel="energy of one video, accelerator (Wh)")
axes.set_ylim(bottom=0)
axes.legend()
print(f"81 frames: {found[4].value:.0f} Wh; 161 frames: {found[-1].value / found[4].value:.1f} times as much")
