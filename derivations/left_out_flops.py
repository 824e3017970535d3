"""What Table 2 leaves out: matrix products outside of the blocks, adaLN at its true width, and non-matrix work."""

from collections.abc import Mapping

from sympy import Expr, Rational, Symbol

from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import F_block, N, d, ell, f, m, n_ada, t

from . import block
from .examples import by_group, percent
from .matrices import attention, flop, heads, of
from .released import DROPPED, FAMILIES, NORMS, Family, head, released_models
from .steps import Derivation

CHARGE = Symbol("w", positive=True)
"""FLOP that one counts for each number that non-matrix work touches."""
MODULATION = "adaLN at its true size"
MATRIX_GROUPS = tuple(group for group in DROPPED if group != NORMS)


def derive() -> Derivation:
    """Beyond N F_block one pass has matrix products of order ell d and d^2, a difference in adaLN, and softmax."""
    proof = Derivation(
        "What the FLOP count leaves out",
        "Matrix products outside of the blocks are of order $\\ell d + m d^2$, against $N \\ell d^2$. Table 2's adaLN "
        "row takes $n_{\\mathrm{ada}} t = d$. The softmax alone does not vanish with the size of a model: at $w$ FLOP "
        "for each score it is $w/(4 d_h)$ of the score products, with $d_h$ the width of one head.",
    )
    for make in FAMILIES:
        _family(proof, make())
    _adaln(proof)
    _softmax(proof)
    _table(proof)
    return proof


def dropped(family: Family) -> dict[str, Expr]:
    """FLOP of one pass outside of N F_block, by group; a negative group is counted too high."""
    modulated = flop(of(family.blocks, block.ADALN))
    groups = {MODULATION: modulated - modulated.subs(block.DEFAULT_MODULATION)}
    groups |= {group: flop(of(family.others, group)) for group in DROPPED}
    return {group: work for group, work in groups.items() if work != 0}


def _family(proof: Derivation, family: Family) -> None:
    proof.say(f"**{family.name}.** One pass through the blocks of Table 2:")
    as_counted = flop(family.blocks).subs(block.DEFAULT_MODULATION) / N
    package = flops.block.rhs.subs(family.substitution)
    proof.conclude(as_counted, Equation(f"Table 2 for {family.name}", F_block, package))
    proof.say("All other matrix products of one pass of the released model:")
    proof.tabulate(("group", "FLOP"), list(dropped(family).items()))


def _adaln(proof: Derivation) -> None:
    """The modulation's FLOP are 2 per weight, since it is applied to one row."""
    proof.say(
        "The modulation is applied to one row, the conditioning vector, so it costs two FLOP for each of the "
        "$6 n_{\\mathrm{ada}} t d$ weights that Eq. (1) counts:"
    )
    exact = flop(of(block.operators(0, 0, 1, 0), block.ADALN))
    proof.show(r"F_{\mathrm{adaLN}}", exact)
    proof.check(r"F_{\mathrm{adaLN}} / 12 d^2", n_ada * t / d, exact / (12 * d**2))
    proof.say("For CogVideoX-2B the row is too high by almost a factor of two, and too small in either case to matter.")


def _softmax(proof: Derivation) -> None:
    """Softmax against the two products it stands between."""
    proof.say(
        "Softmax touches $h \\ell^2$ scores, with $h = d/d_h$ heads; the two products around it cost $4 \\ell^2 d$:"
    )
    scores = flop(attention(block.SELF_ATTENTION, ell, ell, d))
    share = (CHARGE * heads * ell**2 / scores).subs(heads, d / head)
    proof.check(r"\frac{w\, h\, \ell^2}{4 \ell^2 d}", share, CHARGE / (4 * head))
    proof.say(
        "Head width is 64 or 72 in all models of the catalogue, large or small, so each FLOP that one counts per score "
        "adds "
        + " or ".join(percent(Rational(1, 4 * width)) for width in (64, 72))
        + " to the score products. Biases, norms, activations and residuals touch of the order of $\\ell d$ numbers in "
        "a block, a part of order $1/d$."
    )


def touched(values: Mapping[Symbol, Expr], width: int) -> tuple[Expr, Expr]:
    """Numbers that softmax touches in one block, and those that biases, activation, norms and residuals do."""
    rows = ell + block.JOINT * m
    softmax = d / width * (rows**2 + block.SEPARATE * ell * m)
    biases = rows * (5 + f) * d + block.SEPARATE * 2 * (ell + m) * d
    others = rows * f * d + (4 + 2 * block.SEPARATE) * rows * d
    return softmax.xreplace(values), (biases + others).xreplace(values)


def _table(proof: Derivation) -> None:
    """Shares of one pass at the default requests."""
    rows, shares = [], {}
    for model in released_models().values():
        kept = (N * flops.block.rhs).xreplace(model.values)
        whole = model.at(flop((*model.family.blocks, *model.family.others)))
        parts = model.parts(whole, kept, dropped(model.family))
        passes = (model.values[N] * x for x in touched(model.values, model.widths[head]))
        rows.append((model.name, percent((whole - kept) / whole), *(percent(x / whole) for x in passes)))
        shares[model.name] = {group: percent(work / whole, digits=4) for group, work in parts.items()}
    proof.say("One pass at the default request, and what one FLOP for each touched number would add:")
    proof.tabulate(("model", "matrix products left out", "softmax, per $w$", "other elements, per $w$"), rows)
    proof.say("Matrix products left out, as shares of the pass (negative: Table 2 counts too much):")
    proof.tabulate(*by_group(shares, (MODULATION, *MATRIX_GROUPS)))
