"""The deep-compression VAE of SANA, its decoder: linear attention near the latent (Chen et al., 2024).

Released as diffusers' ``AutoencoderDC`` (src/diffusers/models/autoencoders/autoencoder_dc.py; its attention is
``SanaMultiscaleLinearAttention`` in src/diffusers/models/attention_processor.py). Queries, keys and values are also
taken from neighbourhoods by depthwise convolutions, which give further heads. SANA's latent has 32 x 32 pixels of the
image to one of its own. Frames of a video are images to it, decoded side by side.
"""

from dataclasses import dataclass
from typing import Literal

from sympy import Expr, Piecewise, Rational

from ...equations.notation import H, W, n_frames
from ..layers import convolutional_mlp
from ..network import Decoder
from ..operators import (
    LINEAR_ATTENTION,
    RMS_NORM,
    Operator,
    Size,
    activation,
    buffer,
    convolution,
    dense,
    elementwise,
    norm,
    product,
    repeated,
    residual,
    within,
)
from .blocks import PIXEL, SQUARE, interpolation

BlockType = Literal["ResBlock", "EfficientViTBlock"]
"""Two convolutions, or attention and a convolutional gated MLP."""
NormType = Literal["rms_norm", "batch_norm"]
"""Norms over the channels of a pixel, or with averages that were stored in training."""
EXPANSION = 4
"""Inner width of the gated MLP to its width."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderDC(Decoder):
    """Stages from the latent to the image, each of one kind of block; one kind given alone is that of all stages."""

    latent_channels: int
    decoder_block_out_channels: tuple[int, ...]
    decoder_layers_per_block: tuple[int, ...]
    decoder_block_types: BlockType | tuple[BlockType, ...] = "ResBlock"
    decoder_qkv_multiscales: tuple[tuple[int, ...], ...] = ((), (), (), (5,), (5,), (5,))
    decoder_norm_types: NormType | tuple[NormType, ...] = "rms_norm"
    attention_head_dim: int = 32
    in_channels: int = 3
    upsample_block_type: Literal["pixel_shuffle", "interpolate"] = "pixel_shuffle"
    decoder_in_shortcut: bool = True

    passed_over = Decoder.passed_over | {
        "encoder_block_types", "encoder_block_out_channels", "encoder_layers_per_block", "encoder_qkv_multiscales",
        "downsample_block_type", "decoder_act_fns", "encoder_out_shortcut", "decoder_conv_act_fn",
    }  # fmt: skip

    @property
    def stages(self) -> int:
        """Sizes of the image that may have blocks, from the full one to the latent's."""
        return len(self.decoder_block_out_channels)

    @property
    def spatial_factor(self) -> int:
        return int(2 ** (self.stages - 1))

    def pixels(self, stage: int) -> Expr:
        """Pixels of one frame at this stage; stage 0 has the full size."""
        return H * W * Rational(1, 4**stage)

    def operators(self) -> list[Operator]:
        widths, channels, last = self.decoder_block_out_channels, self.latent_channels, self.stages - 1
        latent = n_frames * self.pixels(last)
        shortcut = [residual("in_shortcut", latent, widths[-1])] if self.decoder_in_shortcut else []
        return [
            convolution("conv_in", latent, channels, widths[-1], SQUARE),
            *shortcut,
            *(x for stage in range(last, -1, -1) for x in self.up_block(stage)),
            *self.output(),
        ]

    def output(self) -> list[Operator]:
        """The image out; the last doubling is part of it where the full size has no blocks."""
        stage = 0 if self.decoder_layers_per_block[0] > 0 else 1
        width, rows = self.decoder_block_out_channels[stage], n_frames * self.pixels(stage)
        if stage == 0:
            last = [convolution("conv_out", rows, width, self.in_channels, SQUARE)]
        else:
            last = within("conv_out", self.doubled(rows, width, self.in_channels))
        return [
            norm("norm_out", rows, width, vectors=2, operations=RMS_NORM),
            activation("conv_act", rows, width),
            *last,
        ]

    def up_block(self, stage: int) -> list[Operator]:
        """The blocks of one stage, after its sides were doubled."""
        layers, width = self.decoder_layers_per_block[stage], self.decoder_block_out_channels[stage]
        if layers == 0:
            return []
        kind = self.decoder_block_types
        attends = (kind if isinstance(kind, str) else kind[stage]) == "EfficientViTBlock"
        block = [*within("attn", self.attention(stage)), *within("conv_out", self.convolutional_mlp(stage))]
        doubled: list[Operator] = []
        if stage < self.stages - 1:
            rows, inputs = n_frames * self.pixels(stage + 1), self.decoder_block_out_channels[stage + 1]
            doubled = [
                *within("0", self.doubled(rows, inputs, width)),
                elementwise("0.shortcut", 4 * rows, width, operations=0, reads=2, writes=2),
                residual("0.add", 4 * rows, width),
            ]
        repetitions = repeated("", layers, block if attends else self.residual_block(stage))
        return repeated(f"up_blocks.{stage}", 1, [*doubled, *repetitions])

    def doubled(self, rows: Size, inputs: Size, outputs: Size) -> list[Operator]:
        """Twice the height and width: a convolution of repeated pixels, or one that makes four pixels' channels."""
        if self.upsample_block_type == "interpolate":
            return [
                interpolation("interpolate", 4 * rows, inputs),
                convolution("conv", 4 * rows, inputs, outputs, SQUARE),
            ]
        return [
            convolution("conv", rows, inputs, 4 * outputs, SQUARE),
            elementwise("pixel_shuffle", rows, 4 * outputs, operations=0),
        ]

    def residual_block(self, stage: int) -> list[Operator]:
        """Two convolutions, the norm after them."""
        width, rows = self.decoder_block_out_channels[stage], n_frames * self.pixels(stage)
        return [
            convolution("conv1", rows, width, width, SQUARE),
            activation("nonlinearity", rows, width),
            convolution("conv2", rows, width, width, SQUARE, bias=False),
            *self.norm("norm", stage),
            residual("add", rows, width),
        ]

    def attention(self, stage: int) -> list[Operator]:
        """ReLU of queries and keys in place of the softmax, in heads of every pixel and heads of its neighbourhoods."""
        width, head, rows = (
            self.decoder_block_out_channels[stage],
            self.attention_head_dim,
            n_frames * self.pixels(stage),
        )
        heads, scales = width // head, self.decoder_qkv_multiscales[stage]
        inner = heads * head
        scaled = [
            x
            for place, size in enumerate(scales)
            for x in (
                convolution(
                    f"to_qkv_multiscale.{place}.proj_in", rows, 3 * inner, 3 * inner, (size, size), groups=3 * inner,
                    bias=False,
                ),
                convolution(
                    f"to_qkv_multiscale.{place}.proj_out", rows, 3 * inner, 3 * inner, PIXEL, groups=3 * heads,
                    bias=False,
                ),
            )
        ]  # fmt: skip
        every = 1 + len(scales)
        return [
            *(dense(name, rows, width, inner, bias=False) for name in ("to_q", "to_k", "to_v")),
            *scaled,
            elementwise("concatenate", rows, 3 * inner * (1 + every), operations=0),
            activation("relu_q", rows, every * inner),
            activation("relu_k", rows, every * inner),
            *self.products(stage, n_frames * heads * every),
            elementwise("divide", rows, every * inner),
            dense("to_out", rows, every * inner, width, bias=False),
            *self.norm("norm_out", stage),
            residual("add", rows, width),
        ]

    def products(self, stage: int, times: Size) -> list[Operator]:
        """Values times keys, times queries: one small matrix for each head and frame, in fact the scores themselves
        where pixels are no more than a head is wide.

        A row of ones among the values makes the denominator, so that they are one wider than the head; the scores are
        summed instead.
        """
        head, pixels = self.attention_head_dim, self.pixels(stage)
        columns = Piecewise((pixels, pixels <= head), (head + 1, True))
        return [
            elementwise("pad_v", n_frames * pixels, times / n_frames * (head + 1), operations=0),
            product("values_keys", pixels, head, columns, times=times, kind=LINEAR_ATTENTION),
            product("scores_queries", pixels, head, columns, times=times, kind=LINEAR_ATTENTION),
        ]

    def convolutional_mlp(self, stage: int) -> list[Operator]:
        """A gated MLP, the norm after it."""
        width, rows = self.decoder_block_out_channels[stage], n_frames * self.pixels(stage)
        return [
            *convolutional_mlp(rows, width, EXPANSION * width),
            norm("norm", rows, width, vectors=2, operations=RMS_NORM),
            residual("add", rows, width),
        ]

    def norm(self, name: str, stage: int) -> list[Operator]:
        """The norm of this stage's blocks, with scale and shift; one over batches keeps means, variances, a counter."""
        width, rows, kinds = (
            self.decoder_block_out_channels[stage],
            n_frames * self.pixels(stage),
            self.decoder_norm_types,
        )
        normed = norm(name, rows, width, vectors=2, operations=RMS_NORM)
        if (kinds if isinstance(kinds, str) else kinds[stage]) == "rms_norm":
            return [normed]
        return [normed, buffer(f"{name}.running", 2 * width + 1)]
