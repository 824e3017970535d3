"""A denoiser with symbols for its sizes: the same operator list, with width, heads and depth left in.

The operators of a family do arithmetic on its fields and no more, so that symbols may stand for numbers. Where a family
rounds (MLPs to a multiple, half of its blocks) what it rounds keeps its number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sympy import Expr, Integer, Max, Min, Rational, Symbol, ceiling, floor

from ..architectures.network import Denoiser
from ..architectures.operators import flop, total
from ..equations.equation import exact
from ..equations.notation import N, N_single, d, h

HEADS = ("num_attention_heads", "num_heads", "n_heads")
HEAD_WIDTH = "attention_head_dim"
WIDTHS = ("hidden_size", "dim", "cross_attention_dim", "caption_projection_dim")
"""Fields that are the width, where they have its number."""
CROSS_HEADS, CROSS_HEAD_WIDTH = "num_cross_attention_heads", "cross_attention_head_dim"
MLP, RATIO = "ffn_dim", "mlp_ratio"
DEPTHS: Mapping[str, Symbol] = {
    "num_layers": N, "num_mmdit_layers": N, "n_layers": N, "depth": N, "num_single_layers": N_single,
    "num_single_dit_layers": N_single,
}  # fmt: skip


@dataclass(frozen=True)
class SymbolicDenoiser:
    """A denoiser with symbols in some fields, and the numbers of the release for them."""

    network: Denoiser
    numbers: Mapping[Symbol, Expr]


def with_symbols(denoiser: Denoiser, *, heads: bool = True) -> SymbolicDenoiser:
    """Leave width, heads and depth in as symbols, as far as the class of the denoiser allows.

    Without ``heads`` the width of a head keeps its number, so that a wider network has more heads.

    >>> from ditcarbon_sym.catalog.stages import shipped
    >>> found = with_symbols(shipped("pixart-alpha").denoiser)
    >>> {x.name: int(value) for x, value in found.numbers.items()}
    {'d': 1152, 'N': 28}
    """
    wide, deep = _widths(denoiser, heads=heads), _depths(denoiser)
    for changed in ({**wide, **deep}, wide, deep):
        if changed and (found := _tried(denoiser, changed)) is not None:
            return found
    return SymbolicDenoiser(denoiser, {})


def _widths(denoiser: Any, *, heads: bool) -> dict[str, Any]:
    """Fields that have the width or the heads in them, written in symbols."""
    names = {x.name for x in fields(denoiser)}
    many = next((name for name in HEADS if name in names), None)
    if many is None:  # the heads follow from the width
        return {}
    count = getattr(denoiser, many)
    width = getattr(denoiser, "width", None) or next(getattr(denoiser, name) for name in WIDTHS if name in names)
    head = Integer(width) / count
    found: dict[str, Any] = {many: h if heads else d / head}
    if HEAD_WIDTH in names:
        found[HEAD_WIDTH] = d / h if heads else Integer(denoiser.attention_head_dim)
    found |= {name: d for name in WIDTHS if name in names and getattr(denoiser, name) == width}
    if CROSS_HEADS in names:
        found[CROSS_HEADS] = d / denoiser.cross_attention_head_dim
    if MLP in names:
        found[MLP] = Rational(denoiser.ffn_dim, width) * d
    if RATIO in names and hasattr(denoiser, "inner"):  # exactly: the product is rounded to a whole width
        found[RATIO] = Rational(denoiser.inner, width)
    return found


def _depths(denoiser: Denoiser) -> dict[str, Any]:
    return {x.name: DEPTHS[x.name] for x in fields(denoiser) if x.name in DEPTHS}  # type: ignore[arg-type]


def _tried(denoiser: Denoiser, changed: Mapping[str, Any]) -> SymbolicDenoiser | None:
    """The denoiser with these fields in symbols; None where its class rounds or compares them."""
    network = replace(denoiser, **changed)  # type: ignore[type-var]
    try:
        sums = total(network.operators())
    except (TypeError, ValueError):  # a symbol has no size to compare
        return None
    if (sums.flop + sums.parameters).has(floor, ceiling, Min, Max):
        return None
    numbers = _numbers(denoiser, changed)
    left = (sums.flop + sums.parameters).free_symbols & {d, h, N, N_single}
    if sums.flop.xreplace(numbers).expand() != flop(denoiser.operators()).expand():
        return None
    return SymbolicDenoiser(network, {x: value for x, value in numbers.items() if x in left})


def _numbers(denoiser: Any, changed: Mapping[str, Any]) -> dict[Symbol, Expr]:
    """The numbers of the release for the symbols in its fields."""
    found: dict[Symbol, Expr] = {}
    many = next((name for name in HEADS if name in changed), None)
    if many is not None:
        width = getattr(denoiser, "width", None) or next(
            getattr(denoiser, name) for name in WIDTHS if hasattr(denoiser, name)
        )
        found = {d: Integer(width), h: Integer(getattr(denoiser, many))}
    for name, symbol in DEPTHS.items():
        if name in changed:
            found[symbol] = exact(getattr(denoiser, name))
    return found
