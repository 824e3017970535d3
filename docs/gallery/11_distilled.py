"""What distillation saves, and how surely.

Carbon of one image relative to FLUX.1-dev on the same accelerator. Errors that both requests share cancel in the ratio,
so that its interval is narrower than those of the two estimates.
"""

from matplotlib import pyplot as plt

from ditcarbon_sym import compare
from ditcarbon_sym.equations.notation import C_output

MODELS = ("flux.1-schnell", "z-image-turbo", "sana-1.6b", "sd3.5-medium", "sd3.5-large", "qwen-image")
found = compare([f"{x}@1024" for x in ("flux.1-dev", *MODELS)], gpu="h100-sxm-80gb")
figure, axes = plt.subplots(figsize=(6.4, 3.2))
for row, (model, ratios) in enumerate(zip(MODELS, found.ratios, strict=True)):
    ratio = next(x for x in ratios if x.output == C_output)
    axes.plot([ratio.low, ratio.high], [row, row], color="0.6")
    axes.plot(ratio.value, row, "o", color="#0072B2" if ratio.known else "white", mec="#0072B2")
    print(f"{model}: {ratio.verdict}")
axes.axvline(1, color="0.3", lw=0.8)
axes.set_yticks(range(len(MODELS)), MODELS)
axes.set(xscale="log", xlabel="carbon of one image over that of FLUX.1-dev")
axes.set_xticks([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5], ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5"])
axes.minorticks_off()
