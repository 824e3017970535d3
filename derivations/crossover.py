"""From how many tokens on do attention scores cost more than all other work of a block? In closed form."""

from collections.abc import Mapping

from sympy import Expr, Integer, Symbol, expand, sqrt, symbols

from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.notation import H, a, d, ell, f, m, n_latent, p, s, v_s

from . import block
from .examples import configurations, count
from .matrices import attention, flop
from .steps import Derivation, binary

ROWS, EVEN, SLOPE, OFFSET = symbols("r r_x b q", positive=True)
"""Rows in self-attention, their number at the crossover, and the two coefficients of r^2 = b r + q."""
TEXT, CROSS = symbols("u x", nonnegative=True)
"""Abbreviations: u = 1 if text tokens stand in the sequence, x = 1 if a cross-attention of its own reads them."""
ABBREVIATIONS = {TEXT: block.JOINT, CROSS: block.SEPARATE}

LINEAR = (2 + f) * d + CROSS * (d + m)
CONSTANT = 3 * a * (1 + s) * d + CROSS * ((1 - TEXT) * m * d - TEXT * m**2)
ROOT = (SLOPE + sqrt(SLOPE**2 + 4 * OFFSET)) / 2


def derive() -> Derivation:
    """r_x = (b + sqrt(b^2 + 4 q))/2, which is (2 + f) d to leading order: six times the hidden size for f = 4."""
    proof = Derivation(
        "Where attention scores overtake the dense work of a block",
        "With $r$ rows in self-attention, $4 r^2 d$ FLOP for scores equal all other FLOP of the block at "
        "$r_x = \\frac12 (b + \\sqrt{b^2 + 4q})$, close to $b$; without cross-attention $b = (2 + f) d$, six times the "
        "hidden size for $f = 4$, whatever the depth.",
    )
    scores = flop(attention(block.SELF_ATTENTION, ROWS, ROWS, d))
    proof.say("Both products of self-attention are quadratic in its rows, $r = \\ell + u m$ with $u$ for $s$ or $j$:")
    proof.show(r"F_{\mathrm{scores}}", scores)
    _coefficients(proof, scores)
    identity = scores + 4 * d * (LINEAR * ROWS + CONSTANT)
    proof.conclude(identity.subs(ROWS, ell + TEXT * m).subs(ABBREVIATIONS), flops.block)
    _root(proof)
    _table(proof)
    return proof


def tokens(values: Mapping[Symbol, Expr]) -> Expr:
    """Latent tokens of a model at the crossover."""
    slope, offset = (x.subs(ABBREVIATIONS).xreplace(values) for x in (LINEAR, CONSTANT))
    if offset < 0:
        raise AssertionError("q is negative: the crossover need not be the only one")
    return ROOT.subs({SLOPE: slope, OFFSET: offset}) - (block.JOINT * m).xreplace(values)


def _coefficients(proof: Derivation, scores: Expr) -> None:
    """The dense work of the matrices, as b r + q in units of 4 d."""
    everything = block.table_2(block.SELF_ATTENTION, block.CROSS_ATTENTION, block.MLP, block.ADALN)
    dense = binary(expand(expand(everything).subs(ell, ROWS - block.JOINT * m) - scores))
    proof.say(
        "All other work of the block, products with weights and cross-attention, is of first degree in $r$. With $x$ "
        "for $c (1 - s)$, it is $4 d (b r + q)$, where"
    )
    proof.check(SLOPE, LINEAR, dense.coeff(ROWS, 1) / (4 * d), where=ABBREVIATIONS)
    proof.check(OFFSET, CONSTANT, dense.coeff(ROWS, 0) / (4 * d), where=ABBREVIATIONS)


def _root(proof: Derivation) -> None:
    proof.say(
        "so $F_{\\mathrm{block}} = 4 d (r^2 + b r + q)$, and the two are equal where $r^2 = b r + q$. If $q \\ge 0$ "
        "(as in all models of the catalogue) the product of the roots is $-q$, so that just one is positive, and "
        "scores cost more beyond it:"
    )
    proof.show(EVEN, ROOT)
    proof.check(r"r_x^2 - b r_x - q", expand(ROOT**2 - SLOPE * ROOT - OFFSET), Integer(0))
    proof.say("Since $r_x = b + q/r_x$ it lies between $b$ and $b + q/b$.")


def _table(proof: Derivation) -> None:
    proof.say("In the catalogue, at each default request (the side is that of a square output with as many frames):")
    rows = []
    for name, values in configurations().items():
        at = tokens(values)
        side = (v_s * p * sqrt(at / n_latent)).xreplace(values)
        leading = ((2 + f) * d).xreplace(values)
        default = (f"{values[H]}", count(values[ell]), f"{float(values[ell] / at):.2f}")
        rows.append((name, count(at), count(leading), count(side), *default))
    header = ("model", r"$\ell_x$", "$(2+f) d$", "side, pixels", "default height", r"default $\ell$", r"$\ell/\ell_x$")
    proof.tabulate(header, rows)
