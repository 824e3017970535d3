"""ConsisID: CogVideoX with a face that stays the same, read by a small network beside it (Yuan et al., 2024).

Released as diffusers' ``ConsisIDTransformer3DModel``
(src/diffusers/models/transformers/consisid_transformer_3d.py). Its face reader is at work in every step.
"""

from dataclasses import dataclass

from ...equations.notation import ell
from ..attentions import Heads
from ..operators import Operator, Size, activation, dense, elementwise, norm, product, repeated, residual, table, within
from .cogvideox import CogVideoXBlocks

VIEW_TOKENS = 577
"""Tokens of a face in EVA-CLIP, of 336 pixels a side: 24 x 24 patches and the class token."""


def perceive(rows: Size, others: Size, width: Size, heads: Heads, others_width: Size) -> list[Operator]:
    """Attention of rows to others whose scores are two products, without biases."""
    number, inner = heads.number, heads.total
    return [
        dense("to_q", rows, width, inner, bias=False),
        dense("to_kv", others, others_width, 2 * inner, bias=False),
        elementwise("scale", rows + others, inner),
        product("scores", rows, heads.width, others, times=number),
        elementwise("softmax", rows, others * number, operations=5),
        product("values", rows, others, heads.width, times=number),
        dense("to_out", rows, inner, width, bias=False),
    ]


@dataclass(frozen=True, kw_only=True)
class FaceReader:
    """The sizes of the face's reader (``LocalFacialExtractor``), and what it does."""

    LFE_id_dim: int = 1280
    LFE_vit_dim: int = 1024
    LFE_depth: int = 10
    LFE_dim_head: int = 64
    LFE_num_heads: int = 16
    LFE_num_id_token: int = 5
    LFE_num_querie: int = 32
    LFE_output_dim: int = 2048
    LFE_ff_mult: int = 4
    LFE_num_scale: int = 5

    def reader(self) -> list[Operator]:
        """Queries that attend to features of several depths, together with the face's own tokens."""
        width, own, latents = self.LFE_vit_dim, self.LFE_num_id_token, self.LFE_num_querie + self.LFE_num_id_token
        heads, seen = Heads(self.LFE_num_heads, self.LFE_dim_head), self.LFE_num_id_token + VIEW_TOKENS
        layer = [
            norm("norm1", seen, width, vectors=2),
            norm("norm2", latents, width, vectors=2),
            *perceive(latents, seen + latents, width, heads, width),
            residual("attn.add", latents, width),
            norm("ff.norm", latents, width, vectors=2),
            dense("ff.in", latents, width, self.LFE_ff_mult * width, bias=False),
            activation("ff.act", latents, self.LFE_ff_mult * width),
            dense("ff.out", latents, self.LFE_ff_mult * width, width, bias=False),
            residual("ff.add", latents, width),
        ]
        return [
            table("latents", self.LFE_num_querie * width),
            *within("id_embedding_mapping", mapping(1, self.LFE_id_dim, width, own * width)),
            *repeated("mapping", self.LFE_num_scale, mapping(VIEW_TOKENS, width, width, width)),
            *repeated("layers", self.LFE_depth, layer),
            dense("proj_out", self.LFE_num_querie, width, self.LFE_output_dim, bias=False),
        ]


@dataclass(frozen=True, kw_only=True)
class ConsisIDTransformer3DModel(FaceReader, CogVideoXBlocks):
    """``is_train_face`` switches on the face's reader, and attention to it in each ``cross_attn_interval``-th block."""

    is_train_face: bool = False
    cross_attn_interval: int = 2
    cross_attn_dim_head: int = 128
    cross_attn_num_heads: int = 16

    passed_over = CogVideoXBlocks.passed_over | {"is_kps", "local_face_scale"}

    def operators(self) -> list[Operator]:
        return [*super().operators(), *(self.face() if self.is_train_face else [])]

    def face(self) -> list[Operator]:
        """The reader of the face, and the attention of the video to what it read."""
        heads = Heads(self.cross_attn_num_heads, self.cross_attn_dim_head)
        rows, others, others_width = ell, self.LFE_num_querie, int(self.width / 3 * 2)
        attended = [
            norm("norm1", others, others_width, vectors=2),
            norm("norm2", rows, self.width, vectors=2),
            *perceive(rows, others, self.width, heads, others_width),
            elementwise("add", rows, self.width, operations=2, reads=3, writes=2),
        ]
        times = self.num_layers // self.cross_attn_interval
        return [
            *within("local_facial_extractor", self.reader()),
            *repeated("perceiver_cross_attention", times, attended),
        ]


def mapping(rows: Size, inputs: Size, width: Size, outputs: Size) -> list[Operator]:
    """Three layers with norms between them."""
    return [
        dense("0", rows, inputs, width),
        norm("1", rows, width, vectors=2),
        activation("2", rows, width),
        dense("3", rows, width, width),
        norm("4", rows, width, vectors=2),
        activation("5", rows, width),
        dense("6", rows, width, outputs),
    ]
