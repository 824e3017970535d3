r"""The work of a request where only flags and sizes are known: Table 2 told apart, and what blocks usually do besides.

Dense products and attention are Table 2's own terms, text encoder and VAE decoder those of Section 3.2. What they leave
out is taken as usual among the catalogue's models: elements that norms and elementwise passes move, for each row and
channel of a block; kernels launched in a block; the width of a head, by which scores become exponentials. How far that
is off, on the models whose FLOP the leading order has right, widens the interval (`fits/flags_alone.py`).
"""

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Expr, Integer

from ..equations import flops, pipeline
from ..equations.equation import Equation
from ..equations.notation import F_attn, F_block, F_dense, N, Q_elem, c, d, ell, m, n_exp, n_launch, s

FROM = 2048
"""Hidden size from which networks count as wide: they are younger, too, normalise queries and keys and turn them by
position, and so move more.
"""
MOVED = (33, 52)
"""Elements of 16 bits moved by norms and elementwise passes, for each row and channel of a block: narrow, wide."""
HEAD = (72, 128)
"""Channels of a head, likewise."""
LAUNCHED = 24
"""Kernels launched in a block."""
SCATTER: Mapping[str, float] = MappingProxyType({"time": 0.17, "energy": 0.11})
"""Root mean square of the logarithm by which time and energy are off."""

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
