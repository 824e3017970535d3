"""What the stages of a pipeline do.

Share of the FLOP of a request: text encoder, denoiser, VAE decoder. The denoiser is nearly all of it where many steps
are taken; with four steps the VAE counts.
"""

import numpy as np
from matplotlib import pyplot as plt

from ditcarbon_sym import count

MODELS = ("dit-xl-2-256", "pixart-sigma", "sd3-medium", "flux.1-dev", "flux.1-schnell", "sana-1.6b", "z-image-turbo",
          "cogvideox-2b", "wan2.1-t2v-14b")  # fmt: skip
STAGES = {"text_encoder": "#E69F00", "denoiser": "#0072B2", "vae_decoder": "#009E73"}
work = [count(model).flops for model in MODELS]
shares = {stage: np.array([100 * (x[stage] or 0) / x["total"] for x in work]) for stage in STAGES}
figure, axes = plt.subplots(figsize=(6.4, 3.6))
left = np.zeros(len(MODELS))
for stage, colour in STAGES.items():
    axes.barh(MODELS, shares[stage], left=left, color=colour, label=stage.replace("_", " "))
    left += shares[stage]
axes.set(xlabel="share of the FLOP of a request (%)", xlim=(0, 100))
axes.invert_yaxis()
figure.legend(loc="outside lower center", ncols=3)
