"""Wan2.2-Animate: a character moves as in a given video, whose poses and face the network reads (Wan Team, 2025).

Released as diffusers' ``WanAnimateTransformer3DModel`` (src/diffusers/models/transformers/transformer_wan_animate.py).
A pass is that of one segment of a film; a frame of the given character stands before its latent frames. The face is
read again in every pass.
"""

from dataclasses import dataclass

from ...equations.notation import ell, n_latent
from ..attentions import attend, head_norms
from ..layers import patches
from ..operators import (
    Operator,
    Size,
    activation,
    at_rows,
    convolution,
    dense,
    elementwise,
    norm,
    product,
    repeated,
    residual,
    table,
    within,
)
from .wan import WanTransformer3DModel

CHANNELS = {4: 512, 8: 512, 16: 512, 32: 512, 64: 256, 128: 128, 256: 64, 512: 32, 1024: 16}
"""Channels of the motion encoder at each side of its pictures."""
FACES = 4 * n_latent - 3
"""Pictures of the face: one for each output frame of a segment, four to a latent frame but the first."""
BLUR, MOTION_LAYERS = 4, 5
"""Side of the filter before pictures are halved; linear layers after the last picture."""


@dataclass(frozen=True, kw_only=True)
class MotionEncoder:
    """The sizes of what reads the face (``WanAnimateMotionEncoder``), with the channels that it has by default."""

    motion_encoder_channel_sizes: None = None
    motion_encoder_size: int = 512
    motion_style_dim: int = 512
    motion_dim: int = 20
    motion_encoder_dim: int = 512

    def motion(self) -> list[Operator]:
        """From pictures of the face to a vector for each: halved until they are four to a side, then linear layers."""
        side, style, found = self.motion_encoder_size, self.motion_style_dim, list[Operator]()
        found += leaky("conv_in", side, 3, CHANNELS[side], 1)
        while side > BLUR:
            found += halved(f"res_blocks.{side}", side, CHANNELS[side], CHANNELS[side // 2])
            side //= 2
        last = self.motion_dim
        return [
            *found,
            convolution(
                "conv_out", FACES, CHANNELS[side], style, (BLUR, BLUR), bias=False, inputs_read=FACES * side**2
            ),
            *repeated("motion_network", MOTION_LAYERS - 1, [dense("linear", FACES, style, style)]),
            dense("motion_network.last", FACES, style, last),
            table("motion_synthesis_weight", self.motion_encoder_dim * last),
            product("motion_synthesis", FACES * last, last, self.motion_encoder_dim),
            elementwise("motion_sum", FACES * last, self.motion_encoder_dim),
        ]


@dataclass(frozen=True, kw_only=True)
class WanAnimateTransformer3DModel(MotionEncoder, WanTransformer3DModel):
    """Wan with an embedder of poses, and attention to the face after every ``inject_face_latents_blocks`` blocks."""

    in_channels: int = 36
    latent_channels: int = 16
    image_dim: int | None = 1280
    face_encoder_hidden_dim: int = 1024
    face_encoder_num_heads: int = 4
    inject_face_latents_blocks: int = 5

    passed_over = WanTransformer3DModel.passed_over | {"motion_encoder_batch_size"}

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of a segment, and of the frame of the given character before it."""
        return super().rows(height, width, frames + self.patch_frames)

    def operators(self) -> list[Operator]:
        frames = n_latent + 1
        poses = [
            patches("pose_patch_embedding", self.latent_channels, self.width, self.patch_size),
            residual("pose_patch_embedding.add", ell, self.width),
        ]
        return [
            *at_rows(poses, {ell: ell * n_latent / frames}),
            *super().operators(),
            *within("motion_encoder", self.motion()),
            *within("face_encoder", self.face()),
            *repeated("face_adapter", self.num_layers // self.inject_face_latents_blocks, self.adapter(frames)),
        ]

    def adapter(self, frames: Size) -> list[Operator]:
        """Attention of each frame's rows to those of its face, which has one row to a head and one that is trained."""
        width, heads, rows = self.width, self.heads, frames * (self.face_encoder_num_heads + 1)
        before = head_norms(ell, heads, keys=rows)
        return [
            norm("pre_norm_q", ell, width),
            norm("pre_norm_kv", rows, width),
            *attend("attn", ell, width, heads, before, keys=rows, sequences=frames),
            residual("add", ell, width),
        ]

    def face(self) -> list[Operator]:
        """Convolutions along time, of which two halve it, in as many parts as there are heads."""
        parts, hidden, kernel = self.face_encoder_num_heads, self.face_encoder_hidden_dim, (3,)
        steps = (FACES, 2 * n_latent - 1, n_latent)
        found = [convolution("conv1_local", FACES, self.motion_encoder_dim, parts * hidden, kernel)]
        for number, rows in enumerate(steps, 1):
            if number > 1:
                found.append(convolution(f"conv{number}", parts * rows, hidden, hidden, kernel))
            found += [norm(f"norm{number}", parts * rows, hidden), activation(f"act{number}", parts * rows, hidden)]
        out = dense("out_proj", parts * n_latent, hidden, self.width)
        return [*found, out, table("padding_tokens", self.width)]


def leaky(name: str, side: int, inputs: int, outputs: int, kernel: int) -> list[Operator]:
    """A convolution and a leaky nonlinearity with a bias of its own, on pictures of this side."""
    rows = FACES * side**2
    return [
        convolution(name, rows, inputs, outputs, (kernel, kernel)),
        elementwise(f"{name}.act", rows, outputs, operations=2, reads=2, writes=2),
    ]


def halved(name: str, side: int, inputs: int, outputs: int) -> list[Operator]:
    """Pictures of half the side, by two ways that are added up; before each halving a fixed filter blurs."""
    half = side // 2
    return [
        *leaky(f"{name}.conv1", side, inputs, inputs, 3),
        blurred(f"{name}.conv2.blur", side + 1, inputs),
        *leaky(f"{name}.conv2", half, inputs, outputs, 3),
        blurred(f"{name}.conv_skip.blur", side - 1, inputs),
        convolution(f"{name}.conv_skip", FACES * half**2, inputs, outputs, (1, 1), bias=False),
        elementwise(f"{name}.add", FACES * half**2, outputs, operations=2, reads=3, writes=2),
    ]


def blurred(name: str, side: int, channels: int) -> Operator:
    """A fixed filter on each channel, which is not trained."""
    made = convolution(name, FACES * side**2, channels, channels, (BLUR, BLUR), groups=channels, bias=False)
    return Operator(**{**vars(made), "parameters": 0})
