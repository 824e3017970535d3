"""One transformer block, operator by operator: the matrices behind Table 1 and Table 2.

Here architectures branch, as a network's code does; the package's equations multiply by flags instead, and the
derivations show that the two are the same.
"""

from functools import cache
from itertools import product

from sympy import Expr, Integer

from ditcarbon_sym.equations.notation import c, d, ell, f, j, m, n_ada, s, t

from .matrices import Linear, Operator, attention, flop, linear, of
from .steps import FLAGS, in_flags

SELF_ATTENTION, CROSS_ATTENTION, MLP, ADALN = "self-attention", "cross-attention", "MLP", "adaLN"
ONE_ROW = Integer(1)
SQUARE = Linear(d, d)

# Table 2 counts the modulation at its default size; Eq. (1) does not (see left_out_flops.py).
DEFAULT_MODULATION = {n_ada: Integer(1), t: d}

JOINT = s + j - s * j
"""1 if the text tokens stand in the sequence of self-attention (s or j), else 0."""
SEPARATE = c * (1 - s)
"""1 if a cross-attention of its own reads them, else 0."""

EVERY_BLOCK = tuple(product((0, 1), repeat=4))
"""All values of the flags (s, c, a, j)."""


def operators(dual: int, cross: int, modulated: int, joint: int, bias: bool = False) -> tuple[Operator, ...]:
    """Return the operators of one block, applied to one output."""
    streams = _streams(dual, joint)
    sequence = sum((rows for _, rows in streams), Integer(0))
    found: list[Operator] = []
    for name, rows in streams:
        found.append(linear(f"Q, K, V, output{name}", SELF_ATTENTION, SQUARE, rows, Integer(4), bias))
    found += attention(SELF_ATTENTION, sequence, sequence, d)
    if cross:
        found += _cross_attention(bias)
    for name, rows in streams:
        found.append(linear(f"MLP up{name}", MLP, Linear(d, f * d), rows, bias=bias))
        found.append(linear(f"MLP down{name}", MLP, Linear(f * d, d), rows, bias=bias))
    if modulated:
        for name, _ in streams:
            found.append(linear(f"modulation{name}", ADALN, Linear(t, 6 * d), ONE_ROW, n_ada, bias))
    return tuple(found)


@cache
def table_2(*groups: str) -> Expr:
    """FLOP of these groups as one polynomial in the flags, under Table 2's two conventions: a dual-stream block has no
    separate cross-attention, and its modulation is one module on a conditioning vector of width d.
    """
    values = {
        (dual, cross, modulated, joint): flop(of(operators(dual, cross and not dual, modulated, joint), *groups))
        for dual, cross, modulated, joint in EVERY_BLOCK
    }
    return in_flags({bits: value.subs(DEFAULT_MODULATION) for bits, value in values.items()}, FLAGS)


def _streams(dual: int, joint: int) -> tuple[tuple[str, Expr], ...]:
    """The sets of weights a block has, with the tokens (rows) that each is applied to."""
    if dual:
        return ((", latent stream", ell), (", text stream", m))
    return (("", ell + m if joint else ell),)


def _cross_attention(bias: bool) -> tuple[Operator, ...]:
    """Queries from the latent tokens, keys and values from the text tokens, with weights of their own."""
    return (
        linear("Q, output (cross)", CROSS_ATTENTION, SQUARE, ell, Integer(2), bias),
        linear("K, V (cross)", CROSS_ATTENTION, SQUARE, m, Integer(2), bias),
        *attention(CROSS_ATTENTION, ell, m, d),
    )
