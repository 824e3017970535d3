"""Modulation: how the timestep reaches a block (adaLN; Peebles and Xie, 2023).

From the condition come vectors of shift, scale and gate. A block makes its own (adaLN-Zero), or adds a table of its own
to those that are made once for all blocks (adaLN-single; Chen et al., 2023).
"""

from ..equations.notation import ell
from .layers import FREQUENCIES, mlp, mlp_of_llama
from .operators import (
    LAYER_NORM,
    Operator,
    Size,
    activation,
    dense,
    elementwise,
    gated_residual,
    modulate,
    norm,
    residual,
    rms_norm,
    table,
    within,
)


def modulation(
    name: str, condition: Size, width: Size, chunks: Size, *, rows: Size = 1, bias: bool = True
) -> list[Operator]:
    """From the condition to ``chunks`` vectors of shift, scale or gate, for each of ``rows`` conditions."""
    return within(
        name, [activation("silu", rows, condition), dense("linear", rows, condition, chunks * width, bias=bias)]
    )


def adaptive_norm(
    name: str, rows: Size, condition: Size, width: Size, chunks: Size, *, bias: bool = True, vectors: int = 0
) -> list[Operator]:
    """The vectors, and a norm that the first two of them scale and shift."""
    return [
        *modulation(name, condition, width, chunks, bias=bias),
        norm(f"{name}.norm", rows, width, vectors=vectors),
        modulate(f"{name}.modulate", rows, width),
    ]


def adaptive_output(
    condition: Size, width: Size, outputs: Size, *, bias: bool = True, vectors: int = 0
) -> list[Operator]:
    """The latents out of the network: an adaptive norm, then a matrix to the ``outputs`` numbers of a patch."""
    made = modulation("norm_out", condition, width, 2, bias=bias)
    return modulated_output(made, width, outputs, bias=bias, trained=vectors)


def modulated_output(
    vectors: list[Operator], width: Size, outputs: Size, *, name: str = "norm_out.norm", bias: bool = True,
    trained: int = 0,
) -> list[Operator]:  # fmt: skip
    """The latents out with the ``vectors`` of shift and scale; the norm has so many ``trained`` ones, too."""
    return [
        *vectors,
        norm(name, ell, width, vectors=trained),
        modulate("norm_out.modulate", ell, width),
        dense("proj_out", ell, width, outputs, bias=bias),
    ]


def modulated(
    before: str, name: str, rows: Size, width: Size, sublayer: list[Operator], *, vectors: int = 0,
    operations: int = LAYER_NORM,
) -> list[Operator]:  # fmt: skip
    """A sublayer under modulation: normed, scaled and shifted ``before``; gated after it and added to its input."""
    return [
        norm(before, rows, width, vectors=vectors, operations=operations),
        modulate(f"{before}.modulate", rows, width),
        *sublayer,
        gated_residual(f"{name}.gate", rows, width),
    ]


def shared_vectors(name: str, width: Size, others: list[Operator] | None = None) -> list[Operator]:
    """The vectors that all blocks share, made of the timestep and of what else is embedded beside it."""
    return [
        *mlp(f"{name}.emb.timestep_embedder", FREQUENCIES, width),
        *(others or []),
        *modulation(name, width, width, 6),
    ]


def shifts_and_scales(chunks: int, width: Size, conditions: Size = 1) -> list[Operator]:
    """A table of shift, scale and gate, added to the shared vectors of each of ``conditions``."""
    return [
        table("scale_shift_table", chunks * width),
        elementwise("scale_shift_table.add", conditions, chunks * width, reads=2),
    ]


def single_block(
    width: Size, attention: list[Operator], cross: list[Operator], feed: list[Operator], *, vectors: int = 0,
    operations: int = LAYER_NORM, conditions: Size = 1,
) -> list[Operator]:  # fmt: skip
    """A block under adaLN-single: attention and MLP are modulated; cross-attention, if any, has no norm before it."""
    return [
        *shifts_and_scales(6, width, conditions),
        *modulated("norm1", "attn1", ell, width, attention, vectors=vectors, operations=operations),
        *cross,
        *([residual("attn2.add", ell, width)] if cross else []),
        *modulated("norm2", "ff", ell, width, feed, vectors=vectors, operations=operations),
    ]


def single_output(vectors: list[Operator], width: Size, outputs: Size) -> list[Operator]:
    """The latents out under adaLN-single, with the ``vectors`` of shift and scale."""
    return modulated_output(vectors, width, outputs, name="norm_out")


def enclosed(
    name: str, rows: Size, width: Size, sublayer: list[Operator], *, scaled: bool, vectors: int = 1
) -> list[Operator]:
    """A sublayer with a norm before and after it; ``scaled`` by the condition before, and then gated, too."""
    add = gated_residual if scaled else residual
    return [
        rms_norm(f"{name}_norm1", rows, width, vectors=vectors),
        *([elementwise(f"{name}_norm1.scale", rows, width)] if scaled else []),
        *sublayer,
        rms_norm(f"{name}_norm2", rows, width, vectors=vectors),
        add(f"{name}.add", rows, width),
    ]


def sandwich(rows: Size, width: Size, inner: Size, attention: list[Operator], *, scaled: bool) -> list[Operator]:
    """A block of Lumina 2 and Z-Image: attention and the MLP of Llama, each between two norms."""
    return [
        *enclosed("attention", rows, width, attention, scaled=scaled),
        *enclosed("ffn", rows, width, mlp_of_llama("feed_forward", rows, width, inner), scaled=scaled),
    ]
