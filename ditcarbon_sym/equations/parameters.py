r"""Parameters of the denoiser from four flags and five sizes: paper Eq. (1) and Table 1.

In units of d^2, one block holds 4 for the Q, K, V and output projections of self-attention, 2f for the MLP, 6a
n_ada t/d for adaLN, all twice in a dual-stream block, and 4c for the projections of a separate cross-attention.
Leading order: patch embedding, timestep and caption MLPs, final layer, biases and norms are left out (they do not
repeat with N). The count is derived from the weight matrices in ``derivations/``.
"""

from .equation import Equation
from .notation import N, P, a, c, d, f, kappa, n_ada, s, t

coefficient = Equation("Table 1", kappa, (2 * f + 4 + 6 * a * n_ada * t / d) * (1 + s) + 4 * c)
parameters = Equation("1", P, coefficient.rhs * N * d**2)
