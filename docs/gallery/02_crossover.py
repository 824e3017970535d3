"""Where attention overtakes the MLP.

The share of the FLOP of a pass that attention scores take, against the tokens. The dots are where scores and MLP are
equal: `derive` gives the place in closed form, from the exact list of operators.
"""

import numpy as np
from matplotlib import pyplot as plt
from sympy import lambdify

from ditcarbon_sym import derive, load
from ditcarbon_sym.equations.notation import ell

MODELS = ("pixart-alpha", "sd3-medium", "flux.1-dev", "cogvideox-5b", "wan2.1-t2v-14b")
tokens = np.geomspace(256, 2e5, 200)
figure, axes = plt.subplots(figsize=(6.4, 3.8))
for colour, model in zip(("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00"), MODELS, strict=True):
    forms = derive(model, numbers=True, crossovers=("scores=MLP",))
    share = lambdify(ell, 100 * forms.parts["scores"] / forms.whole)
    place = forms.crossovers[0].tokens
    axes.plot(tokens, share(tokens), color=colour, label=load().model(model).name)
    axes.plot(place, share(place), "o", color=colour)
    print(f"{model}: {place:,.0f} latent tokens")
axes.set(xscale="log", xlabel="latent tokens of one output", ylabel="attention scores, share of the FLOP (%)")
axes.set_xticks([500, 2000, 5000, 20000, 50000, 200000], ["500", "2,000", "5,000", "20,000", "50,000", "200,000"])
axes.minorticks_off()
axes.legend()
