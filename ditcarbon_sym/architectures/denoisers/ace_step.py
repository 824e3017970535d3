"""ACE-Step 1.5: music under adaLN-single, with fewer heads of keys than of queries (Gong et al., 2026).

Released as diffusers' ``AceStepTransformer1DModel`` (src/diffusers/models/transformers/ace_step_transformer.py). Text
rows are those of prompt, lyrics and timbre that its condition encoder makes once. Attention within a window counts as
attention to every step, of which the others are masked.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Rational, Symbol

from ...equations.notation import c, ell, f, m
from ..adaln import modulated, shifts_and_scales
from ..attentions import attend, head_norms, rotations
from ..layers import FREQUENCIES, added, mlp, mlp_of_llama
from ..network import Sound
from ..operators import RMS_NORM, Operator, Size, activation, convolution, dense, modulate, repeated, residual, rms_norm
from .cosmos3 import MadeOfLanguageModel


@dataclass(frozen=True, kw_only=True)
class AceStepTransformer1DModel(Sound, MadeOfLanguageModel):
    """Two timesteps make the modulation: the present one, and how far a step goes."""

    hidden_size: int = 2048
    intermediate_size: int = 6144
    encoder_hidden_size: int | None = None
    num_hidden_layers: int = 24
    num_attention_heads: int = 16
    num_key_value_heads: int = 8
    in_channels: int = 192
    audio_acoustic_hidden_dim: int = 64
    patch_size: int = 2
    # This says how it was trained; it does not change the count.
    is_turbo: bool = False

    passed_over = MadeOfLanguageModel.passed_over | {"sliding_window", "layer_types", "model_version"}

    @property
    def out_channels(self) -> int:
        """Channels of the latent."""
        return self.audio_acoustic_hidden_dim

    @property
    def patch_frames(self) -> int:
        return self.patch_size

    def operators(self) -> list[Operator]:
        width, kernel = self.width, (self.patch_size,)
        read = ell * self.patch_size
        return [
            *(x for name in ("time_embed", "time_embed_r") for x in self.time_embedding(name)),
            residual("time_embed.add", 1, 7 * width),
            convolution("proj_in_conv", ell, self.in_channels, width, kernel, inputs_read=read),
            dense("condition_embedder", m, self.encoder_hidden_size or width, width),
            *repeated("layers", self.num_layers, self.block()),
            *shifts_and_scales(2, width),
            rms_norm("norm_out", ell, width),
            modulate("norm_out.modulate", ell, width),
            self.transposed(),
        ]

    def time_embedding(self, name: str) -> list[Operator]:
        """From a timestep to six vectors for all blocks."""
        width = self.width
        return [
            *mlp(name, FREQUENCIES, width),
            activation(f"{name}.act2", 1, width),
            dense(f"{name}.time_proj", 1, width, 6 * width),
        ]

    def transposed(self) -> Operator:
        """From rows to latent steps: each row makes as many as a patch has."""
        return convolution("proj_out_conv", ell, self.width, self.outputs, (self.patch_size,))

    def block(self) -> list[Operator]:
        """One block: self-attention, plain cross-attention, and the MLP of Llama."""
        width, heads, bias = self.width, self.heads, self.attention_bias
        before = [*head_norms(ell, heads), *rotations(ell, heads.total, heads.keys_total)]
        own = attend("self_attn", ell, width, heads, before, bias=bias, out_bias=bias)
        text = head_norms(ell, heads, keys=m)
        cross = attend("cross_attn", ell, width, heads, text, keys=m, bias=bias, out_bias=bias)
        feed = mlp_of_llama("mlp", ell, width, self.intermediate_size)
        return [
            *shifts_and_scales(6, width),
            *modulated("self_attn_norm", "self_attn", ell, width, own, vectors=1, operations=RMS_NORM),
            *added("cross_attn_norm", "cross_attn", ell, width, cross),
            *modulated("mlp_norm", "mlp", ell, width, feed, vectors=1, operations=RMS_NORM),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), c: 1, f: Rational(3, 2) * self.intermediate_size / self.width}
