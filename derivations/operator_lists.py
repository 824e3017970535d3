"""Eq. (1) and Table 2 out of the operator lists of the released networks: what is left at leading order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sympy import Expr, Integer, Poly, Symbol, symbols

from ditcarbon_sym.architectures.denoisers.cogvideox import CogVideoXTransformer3DModel
from ditcarbon_sym.architectures.denoisers.dit import DiTTransformer2DModel
from ditcarbon_sym.architectures.denoisers.pixart import PixArtTransformer2DModel
from ditcarbon_sym.architectures.denoisers.sd3 import SD3Transformer2DModel
from ditcarbon_sym.architectures.network import Denoiser
from ditcarbon_sym.architectures.operators import Operator, total
from ditcarbon_sym.equations import flops, parameters
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import NOTATION, F_block, N, P, d, ell, m, t

from .steps import Derivation, demand_equal

heads, e = symbols("h e", positive=True)
SIZES = (d, ell, m, t)
"""What grows together where the order of a term is told; the text's own width e and the channels do not."""
LEADING = 3
"""Order of rows d^2 and rows^2 d, the two kinds of term that Table 2 keeps with the rows in them."""


@dataclass(frozen=True)
class Case:
    """A released class with symbols for its sizes, and the flags it has in the paper."""

    name: str
    network: Denoiser
    spare: str = ""
    """Operators whose name begins so are copies that the released class holds in every block."""
    modulation_as_printed: bool = True
    """Whether Table 2's row of the modulation, without n_ada and t, is that of this family."""


def cases() -> tuple[Case, ...]:
    """The four families of the paper; depth N, width d in h heads, conditioning width t where it is a width apart."""
    shape = {"num_attention_heads": heads, "attention_head_dim": d / heads, "num_layers": N, "patch_size": 2}
    dit = DiTTransformer2DModel(**shape, in_channels=4, sample_size=32, out_channels=8)
    pixart = PixArtTransformer2DModel(
        **shape, in_channels=4, cross_attention_dim=d, sample_size=128, caption_channels=e
    )  # fmt: skip
    sd3 = SD3Transformer2DModel(
        **shape, in_channels=16, sample_size=128, joint_attention_dim=e, caption_projection_dim=d,
        pooled_projection_dim=2048,
    )  # fmt: skip
    cogvideox = CogVideoXTransformer3DModel(**shape, in_channels=16, time_embed_dim=t, text_embed_dim=e)
    return (
        Case("DiT", dit, spare="norm1.emb"),
        Case("PixArt", pixart),
        Case("MMDiT (SD3)", sd3),
        Case("CogVideoX", cogvideox, modulation_as_printed=False),
    )


def derive() -> Derivation:
    """The part of an operator list that grows with N is Eq. (1) and Table 2, and terms of a lower order."""
    proof = Derivation(
        "Equation (1) and Table 2 from the operator lists",
        "The exact counts are sums over the operators of the released networks, with symbols for their sizes. Of what "
        "repeats with $N$, the leading order in $d$, $\\ell$ and $m$ is the paper's: all other terms are of a lower "
        "order, and none of them is dropped in the exact count.",
    )
    proof.say(
        "An operator list is linear in the number of blocks $N$; its slope is one block. The networks are those of "
        "`ditcarbon_sym.architectures`, the very lists that count the released models, with $d$ in place of a number."
    )
    for case in cases():
        _case(proof, case)
    return proof


def per_block(operators: Iterable[Operator]) -> tuple[Expr, Expr]:
    """Parameters and FLOP of one block: the slopes in N."""
    totals = total(operators)
    return tuple(_slope(x) for x in (totals.parameters, totals.flop))


def _slope(x: Expr) -> Expr:
    polynomial = Poly(x.expand(), N)
    if polynomial.degree() > 1:
        raise AssertionError(f"{x} is not linear in N")
    return polynomial.coeff_monomial(N)


def order(x: Expr, sizes: Iterable[Symbol] = SIZES) -> int:
    """The largest joint power of the sizes in an expression; that of zero is below all."""
    generators = tuple(sizes)
    return -1 if x == 0 else max(sum(powers) for powers in Poly(x.expand(), *generators).monoms())


def _flags(network: Denoiser) -> Mapping[Symbol, Expr]:
    return {x: Integer(1) * value for x, value in network.leading_order().items()}


def _case(proof: Derivation, case: Case) -> None:
    operators = [x for x in case.network.operators() if not (case.spare and x.name.startswith(case.spare))]
    flags = _flags(case.network)
    size, work = per_block(operators)
    kept_size = parameters.parameters.rhs.subs(flags) / N
    kept_work = flops.block.rhs.subs(flags)
    rest_size, rest_work = (size - kept_size).expand(), (work - kept_work).expand()
    proof.say(f"**{case.name}.**" + (" Without the copies of its embedders in every block." if case.spare else ""))
    leading_size = _leading(size, 2, (d, t))
    proof.conclude(N * leading_size, Equation(f"Eq. (1) for {case.name}", P, parameters.parameters.rhs.subs(flags)))
    if case.modulation_as_printed:
        proof.conclude(work, Equation(f"Table 2 for {case.name}", F_block, kept_work))
    else:
        demand_equal(f"{case.name}: Table 2", _leading(work, LEADING), _leading(kept_work, LEADING))
        proof.check(
            rf"\text{{leading order of }} {NOTATION[F_block].latex}",
            _leading(work, LEADING),
            _leading(kept_work, LEADING),
        )
        proof.say("Below the leading order Table 2 has no $n_{\\mathrm{ada}}$ and $t$ in the modulation; the list has.")
    if order(rest_size, (d, t)) >= 2 or order(rest_work) >= LEADING:
        raise AssertionError(f"{case.name}: {rest_size} or {rest_work} is not of a lower order")
    proof.tabulate(
        ("one block", "the paper keeps", "the list has more"),
        [("parameters", kept_size.expand(), rest_size), ("FLOP", kept_work.expand(), rest_work)],
    )


def _leading(x: Expr, degree: int, sizes: Iterable[Symbol] = SIZES) -> Expr:
    """The terms of this joint degree."""
    generators = tuple(sizes)
    polynomial = Poly(x.expand(), *generators)
    return sum(
        (
            coefficient * _monomial(generators, powers)
            for powers, coefficient in polynomial.terms()
            if sum(powers) == degree
        ),
        Integer(0),
    )


def _monomial(generators: tuple[Symbol, ...], powers: tuple[int, ...]) -> Expr:
    product = Integer(1)
    for generator, power in zip(generators, powers, strict=True):
        product *= generator**power
    return product
