"""Spectrogram diffusion: notes to sound with T5's decoder, modulated by the timestep (Hawthorne et al., 2022).

Released as diffusers' ``T5FilmDecoder`` (src/diffusers/models/transformers/t5_film_transformer.py). Text rows are those
of the notes and of the sound before, which two encoders make; a frame is a step of the spectrogram.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Rational, Symbol

from ...equations.notation import a, c, ell, f, m, n_ada, t
from ..attentions import Heads, attend
from ..layers import added, mlp_of_llama
from ..network import Sound
from ..operators import Operator, Size, activation, dense, elementwise, modulate, repeated, residual, rms_norm, table


@dataclass(frozen=True, kw_only=True)
class T5FilmDecoder(Sound):
    """No biases; self-attention and MLP are scaled and shifted, and nothing is gated."""

    input_dims: int = 128
    targets_length: int = 256
    d_model: int = 768
    num_layers: int = 12
    num_heads: int = 12
    d_kv: int = 64
    d_ff: int = 2048

    passed_over = frozenset({"max_decoder_noise_time", "dropout_rate"})
    condition_ratio: ClassVar[int] = 4
    """Width of the condition over that of the rows."""

    @property
    def in_channels(self) -> int:
        """Numbers of a step of the spectrogram."""
        return self.input_dims

    @property
    def width(self) -> Any:
        return self.d_model

    @property
    def condition(self) -> int:
        """Width of the condition."""
        return self.condition_ratio * self.d_model

    def operators(self) -> list[Operator]:
        width, wide = self.width, self.condition
        return [
            dense("conditioning_emb.0", 1, width, wide, bias=False),
            activation("conditioning_emb.1", 1, wide),
            dense("conditioning_emb.2", 1, wide, wide, bias=False),
            activation("conditioning_emb.3", 1, wide),
            table("position_encoding", self.targets_length * width),
            dense("continuous_inputs_projection", ell, self.input_dims, width, bias=False),
            residual("position_encoding.add", ell, width),
            elementwise("mask", ell, m),
            *repeated("decoders", self.num_layers, self.block()),
            rms_norm("decoder_norm", ell, width),
            dense("spec_out", ell, width, self.input_dims, bias=False),
        ]

    def block(self) -> list[Operator]:
        """Modulated self-attention, plain cross-attention, modulated MLP of T5 v1.1."""
        width, heads = self.width, Heads(self.num_heads, self.d_kv)
        own = attend("layer.0", ell, width, heads, bias=False, out_bias=False)
        cross = attend("layer.1", ell, width, heads, keys=m, bias=False, out_bias=False)
        feed = mlp_of_llama("layer.2", ell, width, self.d_ff)
        return [
            *added("layer.0.layer_norm", "layer.0", ell, width, [*self.film("layer.0"), *own]),
            elementwise("layer.1.mask", ell, m),
            *added("layer.1.layer_norm", "layer.1", ell, width, cross),
            *added("layer.2.layer_norm", "layer.2", ell, width, [*self.film("layer.2"), *feed]),
        ]

    def film(self, name: str) -> list[Operator]:
        """Scale and shift from the condition."""
        return [
            dense(f"{name}.scale_bias", 1, self.condition, 2 * self.width, bias=False),
            modulate(f"{name}.modulate", ell, self.width),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """Two of six chunks are made, twice, from a condition that is wider."""
        ratio = Rational(3, 2) * self.d_ff / self.width
        return {**super().leading_order(), a: 1, c: 1, n_ada: 1, t: self.width, f: ratio}
