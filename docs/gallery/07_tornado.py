"""What matters: a tornado.

Carbon per image of FLUX.1-dev on an H100, with each input at both ends of its documented range while all others stay.
The side of the image, the grid and the steps matter most; `ditcarbon sensitivity` names the source of each range.
"""

from matplotlib import pyplot as plt

from ditcarbon_sym import sensitivity

WORDS = {
    "side": "side of the image", "grid_gco2eq_per_kwh": "grid intensity", "law": "error of the law", "pue": "PUE",
    "joule_per_flop": "joules per FLOP", "joule_per_byte": "joules per byte", "embodied_gco2eq": "embodied carbon",
}  # fmt: skip
found = sensitivity("flux.1-dev", gpu="h100-sxm-80gb", with_sobol=False)
now = found.estimate.per_output_g.value
swings = [x for x in found.swings if abs(x.at_high - x.at_low) > 0.005 * now]
swings.sort(key=lambda x: abs(x.at_high - x.at_low))
figure, axes = plt.subplots(figsize=(6.4, 3.4))
for row, x in enumerate(swings):
    axes.barh(row, x.at_high - x.at_low, left=x.at_low, color="#0072B2", alpha=0.7)
axes.axvline(now, color="0.3", lw=0.8)
axes.set_yticks(range(len(swings)), [WORDS.get(x.knob, x.knob) for x in swings])
axes.set(xlabel="carbon per image (gCO₂eq)", xlim=(0, None))
