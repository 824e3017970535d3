"""A regime map: which term of the operator law rules where.

For DiT-XL/2 on an H100, over latent tokens and batch: launches of kernels, dense products, elementwise traffic or
attention (scores and exponentials). The white lines are where two terms that rule are equal, in closed form: traffic
grows with tokens times batch and launches do not, so that their boundary is a hyperbola; attention grows with the
square of the tokens, so that its boundary is a vertical line.
"""

import numpy as np
from matplotlib import pyplot as plt
from sympy import lambdify, solve

from ditcarbon_sym import operating_point
from ditcarbon_sym.equations import operator_law as law
from ditcarbon_sym.equations.notation import B, F_attn, Theta_peak, e_dense, ell, n_exp, r_attn, t_exp

point = operating_point("dit-xl-2-512", gpu="h100-sxm-80gb")
work = {x.lhs: x.rhs for x in point.route.equations if x.number == "operator list"}
numbers = {x: value for x, value in point.values.items() if x not in (B, ell)}
attention = law.passes * (F_attn / (r_attn * Theta_peak) + n_exp * t_exp) / e_dense
terms = {
    "launches": (law.LAUNCHES, "#BBBBBB"),
    "dense products": (law.PRODUCTS - attention, "#56B4E9"),
    "elementwise traffic": (law.TRAFFIC, "#009E73"),
    "attention": (attention, "#D55E00"),
}
seconds = {name: x.xreplace(work).xreplace(numbers) for name, (x, _) in terms.items()}
tokens, batch = np.meshgrid(np.geomspace(16, 3e5, 400), np.geomspace(1, 32, 200))
values = np.array([np.broadcast_to(lambdify((ell, B), x)(tokens, batch), tokens.shape) for x in seconds.values()])

figure, axes = plt.subplots(figsize=(6.4, 3.8))
axes.contourf(tokens, batch, values.argmax(axis=0), levels=np.arange(-0.5, 4), colors=[x for _, x in terms.values()])
(hyperbola,) = solve(seconds["elementwise traffic"] - seconds["launches"], B)
edge = max(solve((seconds["attention"] - seconds["elementwise traffic"]) / B, ell))
left = tokens[0] < edge
axes.plot(tokens[0][left], lambdify(ell, hyperbola)(tokens[0][left]), color="white")
axes.axvline(float(edge), color="white")
axes.set(xscale="log", yscale="log", ylim=(1, 32), xlabel="latent tokens of one output", ylabel="batch")
axes.set_xticks([20, 50, 200, 1000, 5000, 20000, 100000], ["20", "50", "200", "1,000", "5,000", "20,000", "100,000"])
axes.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
axes.minorticks_off()
for number, (name, (_, colour)) in enumerate(terms.items()):
    if (values.argmax(axis=0) == number).any():
        axes.plot([], [], "s", color=colour, label=name)
figure.legend(loc="outside lower center", ncols=4)
print(f"launches rule below a batch of {float((hyperbola * ell).subs(ell, 1024)):,.0f} over the tokens")
print(f"attention rules from {float(edge):,.0f} tokens on, whatever the batch")
