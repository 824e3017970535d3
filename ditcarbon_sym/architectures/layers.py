"""Small groups of operators that many families share, under the names of the released code."""

from ..equations.notation import ell
from .operators import (
    Operator,
    Size,
    activation,
    attention,
    dense,
    elementwise,
    gate,
    gated_residual,
    modulate,
    norm,
    residual,
    rms_norm,
    rotary,
    table,
    within,
)

FREQUENCIES = 256
"""Sine and cosine features of a timestep, in most families."""


def mlp(
    name: str, inputs: Size, width: Size, outputs: Size | None = None, *, rows: Size = 1, bias: bool = True
) -> list[Operator]:
    """Two linear layers with an activation between them: timestep, pooled-text and caption embeddings."""
    last = width if outputs is None else outputs
    return within(
        name,
        [
            dense("linear_1", rows, inputs, width, bias=bias),
            activation("act", rows, width),
            dense("linear_2", rows, width, last, bias=bias),
        ],
    )


def feed_forward(
    name: str, rows: Size, width: Size, inner: Size, *, gated: bool = False, bias: bool = True
) -> list[Operator]:
    """The MLP of a block: width to inner and back; ``gated`` (GEGLU, SwiGLU) makes two inner halves and multiplies."""
    return within(
        name,
        [
            dense("in", rows, width, 2 * inner if gated else inner, bias=bias),
            gate("act", rows, inner) if gated else activation("act", rows, inner),
            dense("out", rows, inner, width, bias=bias),
        ],
    )


def modulation(name: str, condition: Size, width: Size, chunks: int, *, bias: bool = True) -> list[Operator]:
    """AdaLN: from the condition to ``chunks`` vectors of shift, scale or gate."""
    return within(name, [activation("silu", 1, condition), dense("linear", 1, condition, chunks * width, bias=bias)])


def queries_keys_values(
    rows: Size, width: Size, heads: Size, head_width: Size, *, kv_heads: Size | None = None, bias: bool = True,
    prefix: str = "to_", keys_rows: Size | None = None, keys_width: Size | None = None,
) -> list[Operator]:  # fmt: skip
    """The three projections; keys and values may come from other rows (cross-attention) or be fewer (grouped)."""
    groups = heads if kv_heads is None else kv_heads
    kept, other = (rows if keys_rows is None else keys_rows), (width if keys_width is None else keys_width)
    return [
        dense(f"{prefix}q", rows, width, heads * head_width, bias=bias),
        dense(f"{prefix}k", kept, other, groups * head_width, bias=bias),
        dense(f"{prefix}v", kept, other, groups * head_width, bias=bias),
    ]


def head_norms(
    rows: Size, heads: Size, head_width: Size, *, kv_heads: Size | None = None, suffix: str = ""
) -> list[Operator]:
    """Root-mean-square norms of queries and keys over each head, with a trained scale."""
    groups = heads if kv_heads is None else kv_heads
    return [
        rms_norm(f"norm_{suffix}q", rows * heads, head_width),
        rms_norm(f"norm_{suffix}k", rows * groups, head_width),
    ]


def rotations(rows: Size, width: Size, keys_width: Size | None = None) -> list[Operator]:
    """Rotary positions of queries and keys."""
    return [rotary("rope_q", rows, width), rotary("rope_k", rows, width if keys_width is None else keys_width)]


def self_attention(
    name: str, rows: Size, width: Size, heads: Size, head_width: Size, *, bias: bool = True, out_bias: bool = True
) -> list[Operator]:
    """Plain self-attention: projections, scores and values, output."""
    return within(
        name,
        [
            *queries_keys_values(rows, width, heads, head_width, bias=bias),
            attention("scores", rows, rows, heads, head_width),
            dense("to_out", rows, heads * head_width, width, bias=out_bias),
        ],
    )


def cross_attention(
    name: str, rows: Size, keys_rows: Size, width: Size, keys_width: Size, heads: Size, head_width: Size, *,
    bias: bool = True, out_bias: bool = True,
) -> list[Operator]:  # fmt: skip
    """Attention of latent rows to text rows."""
    return within(
        name,
        [
            *queries_keys_values(rows, width, heads, head_width, bias=bias, keys_rows=keys_rows, keys_width=keys_width),
            attention("scores", rows, keys_rows, heads, head_width),
            dense("to_out", rows, heads * head_width, width, bias=out_bias),
        ],
    )


def mlp_of_llama(name: str, rows: Size, width: Size, inner: Size, *, bias: bool = False) -> list[Operator]:
    """SwiGLU with three separate matrices: two up, one down."""
    return within(
        name,
        [
            dense("gate_proj", rows, width, inner, bias=bias),
            dense("up_proj", rows, width, inner, bias=bias),
            gate("act", rows, inner),
            dense("down_proj", rows, inner, width, bias=bias),
        ],
    )


def single_modulation(
    width: Size, attention: list[Operator], cross: list[Operator], feed: list[Operator], *, vectors: Size = 0,
    conditions: Size = 1,
) -> list[Operator]:  # fmt: skip
    """A block under adaLN-single (PixArt): its table is added to the one modulation that all blocks share, once for
    each of ``conditions``; cross-attention, if any, is not modulated. ``vectors`` are those of an affine norm.
    """
    return [
        table("scale_shift_table", 6 * width),
        elementwise("scale_shift_table.add", conditions, 6 * width, reads=2),
        norm("norm1", ell, width, vectors=vectors),
        modulate("norm1.modulate", ell, width),
        *attention,
        gated_residual("attn1.gate", ell, width),
        *cross,
        *([residual("attn2.add", ell, width)] if cross else []),
        norm("norm2", ell, width, vectors=vectors),
        modulate("norm2.modulate", ell, width),
        *feed,
        gated_residual("ff.gate", ell, width),
    ]


def sandwich(rows: Size, width: Size, inner: Size, attention: list[Operator]) -> list[Operator]:
    """A block with a norm before and after each sublayer (Lumina 2 and Z-Image), the MLP that of Llama."""
    return [
        rms_norm("attention_norm1", rows, width),
        *attention,
        rms_norm("attention_norm2", rows, width),
        residual("attention.add", rows, width),
        rms_norm("ffn_norm1", rows, width),
        *mlp_of_llama("feed_forward", rows, width, inner),
        rms_norm("ffn_norm2", rows, width),
        residual("feed_forward.add", rows, width),
    ]


def modulated_sandwich(rows: Size, width: Size, inner: Size, attention: list[Operator]) -> list[Operator]:
    """The same under modulation: a scale before each sublayer, a gate after it; the modulation itself is not here."""
    return [
        rms_norm("attention_norm1", rows, width),
        elementwise("attention_norm1.scale", rows, width),
        *attention,
        rms_norm("attention_norm2", rows, width),
        gated_residual("attention.gate", rows, width),
        rms_norm("ffn_norm1", rows, width),
        elementwise("ffn_norm1.scale", rows, width),
        *mlp_of_llama("feed_forward", rows, width, inner),
        rms_norm("ffn_norm2", rows, width),
        gated_residual("feed_forward.gate", rows, width),
    ]


__all__ = [
    "FREQUENCIES", "cross_attention", "feed_forward", "head_norms", "mlp", "mlp_of_llama", "modulated_sandwich",
    "modulation", "norm", "queries_keys_values", "residual", "rotations", "sandwich", "self_attention",
    "single_modulation",
]  # fmt: skip
