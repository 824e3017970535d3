"""The closed forms of a released network: FLOP of a denoiser pass by part, and where one part overtakes another.

They come from the exact operator list with symbols left in (`symbolic`), so that linear attention has no term in ell^2
and attention over single frames has its own. Nothing is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Integer, Poly, Symbol, collect, expand, factor, sqrt

from ..architectures.operators import ATTENTION, LINEAR_ATTENTION, Operator, total
from ..catalog.entries import Model
from ..display import Typeset
from ..equations.equation import Equation, exact
from ..equations.notation import ell, m, n_latent
from ..errors import InputError, nearest
from ..estimation.counting import networks_of
from ..estimation.request import resolve_request
from .symbolic import SymbolicDenoiser, with_symbols

SCORES, PROJECTIONS, MLP, CROSS, MODULATION, OUTSIDE = (
    "scores", "projections", "MLP", "cross-attention", "modulation", "outside blocks",
)  # fmt: skip
PARTS = (SCORES, PROJECTIONS, MLP, CROSS, MODULATION, OUTSIDE)
"""What a pass consists of. Scores are those of self-attention, with what weighs the values; projections make queries,
keys and values and their output; cross-attention is both at once."""
REST = "rest"
CROSSOVERS = ((SCORES, MLP), (SCORES, PROJECTIONS), (SCORES, REST))
"""What people mean by the crossover of attention."""
FUSED = {"to_qkv_mlp_proj": 3, "proj_out": 1, "to_out": 1}
"""Layers in which projections and MLP may be one matrix, and how many widths of its columns are projections."""
NO_BLOCKS = ("caption_projection", "context_", "distilled_guidance_layer")
"""What prepares text and modulation, in layers that repeat, is outside the blocks too."""


@dataclass(frozen=True)
class Crossover:
    """Where one part of a pass overtakes another: latent tokens in symbols and as a number, or why there is none."""

    one: str
    other: str
    closed: Equation | None
    tokens: float | None
    words: str


@dataclass(frozen=True)
class PassForms(Typeset):
    """The closed forms of one denoiser pass of one output."""

    model: str
    network: str
    numbers: Mapping[Symbol, Expr]
    parameters: Expr
    parts: Mapping[str, Expr]
    variable: Symbol
    whole: Expr
    coefficients: Mapping[int, Expr]
    crossovers: tuple[Crossover, ...]


def derive_pass(
    model: Model, variable: Symbol = ell, *, numbers: bool = False, wanted: tuple[tuple[str, str], ...] = CROSSOVERS
) -> PassForms:
    """Derive the closed forms of a model from its operator list; raises `InputError` if that is not known.

    >>> from ditcarbon_sym.catalog.loading import load
    >>> found = derive_pass(load().model("sana-1.6b"))
    >>> max(found.coefficients), found.crossovers[0].words
    (1, 'never: both grow in proportion to ell, scores takes 0.00392 of MLP')
    """
    chosen = with_symbols(networks_of(model).denoiser)
    at_release = {**chosen.numbers, **_tokens(model)}
    parts = split(chosen)
    values = {x: value for x, value in at_release.items() if x != variable} if numbers else {}
    shown = {name: expand(flop.xreplace(values)) for name, flop in parts.items() if flop != 0}
    whole = expand(sum(shown.values(), Integer(0)))
    if variable not in {*whole.free_symbols, ell} or not whole.is_polynomial(variable):
        choices = ", ".join(sorted(x.name for x in {*whole.free_symbols, ell} if whole.is_polynomial(x)))
        raise InputError(f"the FLOP of a pass are no polynomial in {variable.name} here; choose one of {choices}")
    terms = Poly(whole, variable).terms()
    return PassForms(
        model.id, type(chosen.network).__name__, at_release,
        expand(total(chosen.network.operators()).parameters.xreplace(values)),
        {name: collect(value, variable) for name, value in shown.items()}, variable,
        collect(whole, variable), {power: factor(value) for (power,), value in terms},
        tuple(crossover(parts, one, other, at_release) for one, other in wanted),
    )  # fmt: skip


def read_crossover(text: str) -> tuple[str, str]:
    """Read ``A=B``, two parts of a pass; raises `InputError` for anything else.

    >>> read_crossover("scores=MLP")
    ('scores', 'MLP')
    """
    names = {name.lower(): name for name in (*PARTS, REST)}
    one, equals, other = (piece.strip().lower() for piece in text.partition("="))
    if not equals:
        raise InputError(f"crossover {text[:40]!r}: expected A=B, such as scores=MLP")
    for name in (one, other):
        if name not in names:
            raise InputError(f"crossover {text[:40]!r}: unknown part {name[:40]!r}{nearest(name, names)}")
    if one in (other, REST):
        raise InputError(f"crossover {text[:40]!r}: expected a part, and another one or {REST}")
    return names[one], names[other]


def split(chosen: SymbolicDenoiser) -> dict[str, Expr]:
    """FLOP of a pass by part; their sum is that of the operator list."""
    operators = chosen.network.operators()
    crossed = {x.block for x in operators if x.name == "attn2.to_k" and not (Integer(1) * x.rows).has(ell)}
    width = getattr(chosen.network, "width", None)
    found: dict[str, Expr] = dict.fromkeys(PARTS, Integer(0))
    for x in operators:
        for part, flop in _shares(x, width, crossed=x.block in crossed):
            found[part] += Integer(1) * x.times * flop
    return {part: expand(flop) for part, flop in found.items()}


def _shares(x: Operator, width: Any, *, crossed: bool) -> list[tuple[str, Expr]]:
    """To which part the FLOP of an operator belong; of a fused matrix, to which two."""
    flop, last = Integer(1) * x.flop, x.name.rpartition(".")[2]
    if not x.block or x.block.startswith(NO_BLOCKS) or x.name.startswith(NO_BLOCKS):
        return [(OUTSIDE, flop)]
    if crossed and x.name.startswith("attn2."):
        return [(CROSS, flop)]
    if x.kind in (ATTENTION, LINEAR_ATTENTION):
        return [(SCORES, flop)]
    if x.rows == 1:
        return [(MODULATION, flop)]
    if width is not None and last in FUSED:
        projections = Integer(2) * x.rows * FUSED[last] * width**2
        return [(PROJECTIONS, projections), (MLP, flop - projections)]
    return [(PROJECTIONS if x.name.startswith("att") else MLP, flop)]


def crossover(parts: Mapping[str, Expr], one: str, other: str, numbers: Mapping[Symbol, Expr]) -> Crossover:
    """Solve for the latent tokens at which a part takes as many FLOP as another, or as all others together."""
    rest = sum((flop for part, flop in parts.items() if part != one), Integer(0))
    first, second = parts[one], rest if other == REST else parts[other]
    if 0 in (first, second):
        return Crossover(one, other, None, None, f"never: it has no {one if first == 0 else other}")
    in_tokens = Poly(expand(first - second), ell)
    if in_tokens.degree() > 2:
        raise InputError(f"{one} = {other}: the FLOP are of degree {in_tokens.degree()} in ell")
    a2, a1, a0 = (in_tokens.coeff_monomial(ell**power) for power in (2, 1, 0))
    if a2 == 0:
        ratio = float((first / second).xreplace({**numbers, ell: Integer(10**9)}))
        words = "never: both grow in proportion to ell" if a0 == 0 else "never: both grow alike with ell"
        return Crossover(one, other, None, None, f"{words}, {one} takes {ratio:.3g} of {other}")
    # Positive: scores grow faster and begin lower.
    closed = factor(-a1 / a2) if a0 == 0 else (-a1 + sqrt(factor(a1**2 - 4 * a2 * a0))) / (2 * a2)
    number = closed.xreplace(numbers)
    if not number.is_real or number <= 0:
        return Crossover(one, other, None, None, f"{one} is above {other} at every number of tokens")
    return Crossover(one, other, Equation("crossover", ell, closed), float(number), "")


def _tokens(model: Model) -> dict[Symbol, Expr]:
    """Text rows and latent frames of the release."""
    numbers, _ = resolve_request(model, {})
    rows = networks_of(model).denoiser.text_rows(int(numbers[m]))
    return {m: Integer(rows), n_latent: exact(numbers[n_latent])}
