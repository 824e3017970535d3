r"""The work of a request where only flags and sizes are known: the terms of Table 2, and usual values for the rest.

Dense products and attention are Table 2's terms; text encoder and VAE decoder are those of Section 3.2. Three things
are not in Table 2, and take the usual value among the catalogue's models: the elements that norms and elementwise
passes move, for each row and channel of a block; the kernels launched in a block; the width of a head, which turns
scores into exponentials. `fits/flags_alone.py` measures the error of this on the models whose FLOP the leading order
has right; it widens the interval.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Expr, Integer

from ..equations import flops, pipeline
from ..equations.equation import Equation
from ..equations.notation import F_attn, F_block, F_dense, N, Q_elem, c, d, ell, m, n_exp, n_launch, q_VAE, s

FROM = 2048
"""Hidden size from which networks count as wide. Those are younger, too: they normalise and rotate queries and keys,
and so move more elements.
"""
MOVED = (34, 52)
"""Elements of 16 bits moved by norms and elementwise passes, for each row and channel of a block: narrow, wide."""
HEAD = (72, 128)
"""Channels of a head: narrow, wide."""
LAUNCHED = 27
"""Kernels launched in a block."""
SCATTER: Mapping[str, float] = MappingProxyType({"time": 0.15, "energy": 0.15})
"""Root mean square error of the logarithm of time and of energy."""

_SCORES = flops.rows**2 + c * (1 - s) * ell * m
_LABEL = "Table 2, told apart"


def equations(hidden_size: float, head_multiple: int = 1) -> tuple[Equation, ...]:
    """Parameters, tokens, work and FLOP of a model's requests, in the symbols of its flags and sizes;
    ``head_multiple`` pads the width of attention heads.

    >>> [x.lhs.name for x in equations(1152)][-5:]
    ['F_dense', 'F_attn', 'n_exp', 'Q_elem', 'n_launch']
    """
    moved, head = (Integer(pair[hidden_size >= FROM]) for pair in (MOVED, HEAD))
    padded = -(-head // head_multiple) * head_multiple / head
    attention: Expr = 4 * N * d * _SCORES
    return (
        *pipeline.WORK,
        Equation(_LABEL, q_VAE, Integer(1)),
        Equation(_LABEL, F_dense, N * F_block - attention),
        Equation(_LABEL, F_attn, padded * attention),
        Equation(_LABEL, n_exp, N * d / head * _SCORES),
        Equation(_LABEL, Q_elem, 2 * moved * N * d * flops.rows),
        Equation(_LABEL, n_launch, LAUNCHED * N),
    )


def words() -> str:
    """What to beware of."""
    time, energy = (f"{SCATTER[name]:.0%}" for name in ("time", "energy"))
    return (
        "its work is Table 2's; elements moved, launches and heads are taken as usual, which is off by about "
        f"{time} in time and {energy} in energy on the catalogue's models (in the interval)"
    )
