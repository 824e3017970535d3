"""Table 2: the FLOP of one block, row by row, from the shapes of its matrix products."""

from sympy import Symbol

from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import d, ell, m

from . import block
from .matrices import Operator, attention, flop, heads
from .steps import Derivation, equal

FAMILIES = {
    "DiT ($a = 1$)": (0, 0, 1, 0),
    "PixArt ($c = 1$)": (0, 1, 0, 0),
    "MMDiT ($s = a = 1$)": (1, 0, 1, 0),
    "CogVideoX ($a = j = 1$)": (0, 0, 1, 1),
}
"""The four kinds of block in the catalogue, by their flags (s, c, a, j)."""


def derive() -> Derivation:
    """F_block is the sum of 2 m k n over the matrix products of a block, for every choice of the flags."""
    proof = Derivation(
        "FLOP of one block, Table 2",
        "Each row of Table 2 is the sum of $2 m k n$ over matrix products of shapes $(m \\times k)(k \\times n)$, for "
        "one output and one pass of the denoiser.",
    )
    _heads_cancel(proof)
    for name, flags in FAMILIES.items():
        operators = block.operators(*flags)
        proof.say(f"The products of one block of {name}:")
        proof.tabulate(("operator", "products", "FLOP"), [_row(operator) for operator in operators])
        proof.show(r"\text{sum}", flop(operators))
    proof.say(
        "A text and a latent stream that attend to each other ($s = 1$ or $j = 1$) form one sequence of $\\ell + m$ "
        "rows. Over all sixteen choices of the flags each group is one polynomial in them; Table 2 takes the adaLN "
        "modulation at its default size ($n_{\\mathrm{ada}} = 1$, $t = d$) and drops cross-attention if $s = 1$."
    )
    for group, symbol, rhs in _rows():
        proof.conclude(block.table_2(group), Equation(f"Table 2, {group}", symbol, rhs))
    everything = block.table_2(block.SELF_ATTENTION, block.CROSS_ATTENTION, block.MLP, block.ADALN)
    proof.conclude(everything, flops.block)
    return proof


def _heads_cancel(proof: Derivation) -> None:
    """Show that cutting d into h heads changes no count."""
    proof.say("In attention each of $h$ heads is $d/h$ wide. Over all heads, $\\ell$ queries against $m$ keys cost")
    scores, values = attention(block.CROSS_ATTENTION, ell, m, d)
    proof.check(r"F(Q K^T) = h \cdot 2 \, \ell \, \frac{d}{h} \, m", scores.flop, 2 * ell * m * d)
    proof.check(r"F(A V) = h \cdot 2 \, \ell \, m \, \frac{d}{h}", values.flop, 2 * ell * m * d)
    if not equal(scores.flop.diff(heads), 0):
        raise AssertionError("the FLOP of attention depend on the number of heads")
    proof.say("so $h$ cancels; against itself a sequence of $\\ell$ rows costs $4 \\ell^2 d$.")


def _row(operator: Operator) -> tuple[object, ...]:
    return operator.name, operator.shapes, operator.flop


def _rows() -> tuple[tuple[str, Symbol, object], ...]:
    """The rows of Table 2 as the package holds them, read when the derivation runs."""
    return (
        (block.SELF_ATTENTION, Symbol(r"F_{\mathrm{self}}"), flops.SELF_ATTENTION),
        (block.CROSS_ATTENTION, Symbol(r"F_{\mathrm{cross}}"), flops.CROSS_ATTENTION),
        (block.MLP, Symbol(r"F_{\mathrm{MLP}}"), flops.MLP),
        (block.ADALN, Symbol(r"F_{\mathrm{adaLN}}"), flops.ADALN),
    )
