"""Eq. (1) and Table 1: the parameters of N equal blocks are the entries of their weight matrices."""

from sympy import Expr, Integer, Rational, Symbol

from ditcarbon_sym.equations import parameters
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import N, a, c, d, f, n_ada, s, t

from . import block
from .matrices import Operator, weights
from .steps import Derivation, demand_equal, in_flags

TABLE_1: dict[str, tuple[dict[Symbol, Expr], Expr]] = {
    "DiT-XL/2": ({s: 0, c: 0, a: 1, n_ada: 1, t: d}, Integer(18)),
    "PixArt-α": ({s: 0, c: 1, a: 0}, Integer(16)),
    "SD3 Medium": ({s: 1, c: 0, a: 1, n_ada: 1, t: d}, Integer(36)),
    "SD3.5 Large": ({s: 1, c: 0, a: 1, n_ada: 1, t: d}, Integer(36)),
    "CogVideoX-2B": ({s: 0, c: 0, a: 1, n_ada: 2, t: 512, d: 1920}, Rational(76, 5)),
}
"""The flags and sizes of each row, f = 4 throughout, and the coefficient that the matrices give."""


def derive() -> Derivation:
    """P = N d^2 kappa, with kappa the entries of one block's weight matrices in units of d^2."""
    proof = Derivation(
        "Parameters of the denoiser, Eq. (1) and Table 1",
        "To leading order the parameters of a diffusion transformer are those of the weight matrices of its $N$ "
        "blocks; in units of $d^2$ one block has $4$ for self-attention, $2f$ for the MLP and "
        r"$6\,n_{\mathrm{ada}}\,t/d$ for adaLN, all twice with two streams, and $4$ for a cross-attention.",
    )
    proof.say("A weight matrix of shape $a \\times b$ has $ab$ entries. The matrices of a block that has everything:")
    everything = block.operators(dual=0, cross=1, modulated=1, joint=0)
    proof.tabulate(("operator", "products", "weights"), [_row(operator) for operator in everything])
    proof.say(
        "The two products of attention have no weights: they multiply activations. A dual-stream block has a second "
        "copy of everything but the cross-attention. Joint attention ($j = 1$) sends more rows through the same "
        "matrices, so it changes no count."
    )
    one_block = _in_flags()
    proof.show(r"\text{weights of one block}", one_block)
    proof.say("Divided by $d^2$ this is the coefficient; it holds for all sixteen choices of the flags.")
    proof.conclude(one_block / d**2, parameters.coefficient)
    _table_1(proof)
    proof.say("The blocks are equal, and nothing else repeats with $N$; what is left out is in `left_out_parameters`.")
    proof.conclude(N * one_block, parameters.parameters)
    proof.say(
        "A reading that no model tests: for $s = c = 1$ Eq. (1) counts a cross-attention ($4 d^2$ weights) that "
        "Table 2 gives no FLOP, since there a dual-stream block has none."
    )
    return proof


def _row(operator: Operator) -> tuple[object, ...]:
    return operator.name, operator.shapes, operator.weights


def _in_flags() -> Expr:
    """Weights of one block as a polynomial in s, c and a, the same for j = 0 and j = 1."""
    values: dict[tuple[int, ...], Expr] = {}
    for dual, cross, modulated, joint in block.EVERY_BLOCK:
        entries = weights(block.operators(dual, cross, modulated, joint))
        demand_equal("weights for j = 1", values.setdefault((dual, cross, modulated), entries), entries)
    return in_flags(values, (s, c, a))


def _table_1(proof: Derivation) -> None:
    """Check every row of Table 1, on the matrices and on the package's coefficient."""
    proof.say("With $f = 4$ the rows of Table 1 follow:")
    rows = []
    for name, (values, expected) in TABLE_1.items():
        flags = {x: values[x] for x in (s, c, a)}
        entries = weights(block.operators(flags[s], flags[c], flags[a], 0)) / d**2
        derived = entries.subs(values).subs(f, 4).subs(values)
        demand_equal(f"Table 1, {name}", derived, expected)
        package: Equation = parameters.coefficient
        demand_equal(f"Table 1, {name}", package.rhs.subs(values).subs(f, 4).subs(values), expected)
        rows.append((name, *(str(flags[x]) for x in (s, c, a)), expected))
    proof.tabulate(("model", "$s$", "$c$", "$a$", r"$\kappa$"), rows)
