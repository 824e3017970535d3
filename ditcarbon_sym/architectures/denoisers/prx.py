"""PRX: latents attend to themselves and to the text in one attention; the text stays as it is (Photoroom, 2025).

Released as diffusers' ``PRXTransformer2DModel`` (src/diffusers/models/transformers/transformer_prx.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Rational, Symbol

from ...equations.notation import a, c, ell, f, m
from ..adaln import adaptive_output, modulated, modulation
from ..attentions import Heads, head_norms, rotations
from ..layers import FREQUENCIES, mlp, mlp_of_llama
from ..network import Denoiser
from ..operators import Operator, Size, attention, dense, repeated, rms_norm, within


@dataclass(frozen=True, kw_only=True)
class PRXTransformer2DModel(Denoiser):
    """``depth`` blocks; ``bottleneck_size`` is the width between two layers in, where pixels are the latent."""

    in_channels: int
    patch_size: int
    context_in_dim: int
    hidden_size: int
    num_heads: int
    depth: int
    mlp_ratio: float = 3.5
    bottleneck_size: int | None = None
    resolution_embeds: bool = False

    passed_over = frozenset({"axes_dim", "theta", "time_factor", "time_max_period"})
    vae_factors: ClassVar[tuple[int, int]] = (8, 1)

    @property
    def width(self) -> Any:
        return self.hidden_size

    @property
    def blocks(self) -> Any:
        return self.depth

    def operators(self) -> list[Operator]:
        width, area = self.width, self.patch_size**2
        return [
            dense("txt_in", m, self.context_in_dim, width),
            *self.layer_in(area * self.in_channels),
            *mlp("time_in", FREQUENCIES, width),
            *(mlp("resolution_embedder.mlp", FREQUENCIES, width) if self.resolution_embeds else []),
            *repeated("blocks", self.depth, self.block()),
            *adaptive_output(width, width, area * self.outputs),
        ]

    def layer_in(self, inputs: Size) -> list[Operator]:
        """One layer in, or two with a bottleneck between them."""
        narrow = self.bottleneck_size
        if narrow is None:
            return [dense("img_in", ell, inputs, self.width)]
        return [dense("img_in.0", ell, inputs, narrow), dense("img_in.1", ell, narrow, self.width)]

    def block(self) -> list[Operator]:
        """One block: queries of the latents, keys and values of text and latents."""
        width, heads = self.width, Heads(self.num_heads, self.hidden_size // self.num_heads)
        scored = [
            dense("img_qkv_proj", ell, width, 3 * width, bias=False),
            *head_norms(ell, heads),
            dense("txt_kv_proj", m, width, 2 * width, bias=False),
            rms_norm("norm_added_k", m * heads.number, heads.width),
            *rotations(ell, width),
            attention("scores", ell, ell + m, heads.number, heads.width),
            dense("to_out", ell, width, width, bias=False),
        ]
        feed = mlp_of_llama("mlp", ell, width, self.inner)
        return [
            *modulation("modulation", width, width, 6),
            *modulated("img_pre_norm", "attention", ell, width, within("attention", scored)),
            *modulated("post_attention_layernorm", "mlp", ell, width, feed),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """As if the attention to the text were one of its own; the gated MLP counts as one of 3/2 its ratio."""
        return {**super().leading_order(), a: 1, c: 1, f: Rational(3, 2) * self.inner / self.width}
