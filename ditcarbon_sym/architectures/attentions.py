"""Attention as the families have it: heads, their norms and positions, one stream or two.

What a family does to queries and keys before the scores (norms, positions) is a list of operators that it passes in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sympy import Integer

from ..equations.notation import ell, m
from .operators import RMS_NORM, Operator, Size, attention, dense, norm, rms_norm, rotary, within


@dataclass(frozen=True)
class Heads:
    """So many heads of this width. ``groups`` counts those of keys and values, where they are fewer than of queries."""

    number: Size
    width: Size
    groups: Size | None = None

    @property
    def of_keys(self) -> Size:
        """Heads of keys, and of values."""
        return self.number if self.groups is None else self.groups

    @property
    def total(self) -> Size:
        """Width of all heads together."""
        return self.number * self.width

    @property
    def keys_total(self) -> Size:
        """Width of all heads of keys together."""
        return self.of_keys * self.width


def queries_keys_values(
    rows: Size, width: Size, heads: Heads, *, bias: bool = True, prefix: str = "to_", keys: Size | None = None,
    keys_width: Size | None = None,
) -> list[Operator]:  # fmt: skip
    """The three projections; keys and values may come from ``keys`` other rows, of another width."""
    others, wide = (rows if keys is None else keys), (width if keys_width is None else keys_width)
    return [
        dense(f"{prefix}q", rows, width, heads.total, bias=bias),
        dense(f"{prefix}k", others, wide, heads.keys_total, bias=bias),
        dense(f"{prefix}v", others, wide, heads.keys_total, bias=bias),
    ]


def head_norms(
    rows: Size, heads: Heads, suffix: str = "", *, keys: Size | None = None, vectors: int = 1,
    operations: int = RMS_NORM,
) -> list[Operator]:  # fmt: skip
    """Norms of queries and keys over each head: root mean square with a trained scale, unless said otherwise."""
    others = rows if keys is None else keys
    return [
        norm(f"norm_{suffix}q", rows * heads.number, heads.width, vectors=vectors, operations=operations),
        norm(f"norm_{suffix}k", others * heads.of_keys, heads.width, vectors=vectors, operations=operations),
    ]


def norms_across_heads(rows: Size, heads: Heads, suffix: str = "", *, keys: Size | None = None) -> list[Operator]:
    """Root-mean-square norms of queries and keys over all heads together, with a trained scale."""
    others = rows if keys is None else keys
    return [
        rms_norm(f"norm_{suffix}q", rows, heads.total),
        rms_norm(f"norm_{suffix}k", others, heads.keys_total),
    ]


def rotations(
    rows: Size, width: Size, keys_width: Size | None = None, *, as_complex: bool = False
) -> list[Operator]:  # fmt: skip
    """Rotary positions of queries and keys, as products of complex numbers or of real ones."""
    keys = width if keys_width is None else keys_width
    return [rotary("rope_q", rows, width, as_complex=as_complex), rotary("rope_k", rows, keys, as_complex=as_complex)]


def attend(
    name: str, rows: Size, width: Size, heads: Heads, before: Iterable[Operator] = (), *, keys: Size | None = None,
    keys_width: Size | None = None, sequences: Size = 1, bias: bool = True, out_bias: bool = True,
) -> list[Operator]:  # fmt: skip
    """Projections, what comes ``before`` the scores, scores and values, output.

    Rows attend to themselves, or to ``keys`` other rows of width ``keys_width`` (cross-attention). Both kinds of row
    are split into ``sequences`` that do not see each other: frames, or places.
    """
    others = rows if keys is None else keys
    share = Integer(1) / sequences
    scores = attention("scores", rows * share, others * share, heads.number, heads.width)
    return within(
        name,
        [
            *queries_keys_values(rows, width, heads, bias=bias, keys=keys, keys_width=keys_width),
            *before,
            replace(scores, times=sequences, together=sequences),
            dense("to_out", rows, heads.total, width, bias=out_bias),
        ],
    )


def joint_attention(
    name: str, width: Size, heads: Heads, before: Iterable[Operator] = (), *, text: Size = m,
    text_width: Size | None = None, bias: bool = True, out_bias: bool = True, text_output: bool = True,
) -> list[Operator]:  # fmt: skip
    """Attention over latents and ``text`` rows together, each with projections of its own.

    The text may be of another width; a block that makes no text output has no matrix for it.
    """
    narrow, rows = (width if text_width is None else text_width), ell + text
    return within(
        name,
        [
            *queries_keys_values(ell, width, heads, bias=bias),
            *queries_keys_values(text, narrow, heads, bias=bias, prefix="add_"),
            *before,
            attention("scores", rows, rows, heads.number, heads.width),
            dense("to_out", ell, heads.total, width, bias=out_bias),
            *([dense("to_add_out", text, heads.total, narrow, bias=out_bias)] if text_output else []),
        ],
    )
