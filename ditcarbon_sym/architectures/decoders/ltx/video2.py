"""The video VAE of LTX-2, its decoder: that of LTX-Video, whose blocks may double frames alone or sides alone.

Released as diffusers' ``AutoencoderKLLTX2Video`` (src/diffusers/models/autoencoders/autoencoder_kl_ltx2.py). Its norms
over channels have no weights (HaCohen et al., 2026).
"""

from dataclasses import dataclass
from typing import ClassVar

from .video import AutoencoderKLLTXVideo

GROWS: dict[str, tuple[bool, bool]] = {
    "spatial": (False, True), "temporal": (True, False), "spatiotemporal": (True, True),
}  # fmt: skip
"""What doubles by the name of a block's upsampling: frames, sides."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLLTX2Video(AutoencoderKLLTXVideo):
    """``upsample_type`` says what each block doubles, from the latent on; all else is listed from the output on."""

    latent_channels: int = 128
    decoder_block_out_channels: tuple[int, ...] = (256, 512, 1024)
    decoder_layers_per_block: tuple[int, ...] = (5, 5, 5, 5)
    decoder_spatio_temporal_scaling: tuple[bool, ...] = (True, True, True)
    decoder_inject_noise: tuple[bool, ...] = (False, False, False, False)
    upsample_type: tuple[str, ...] = ("spatiotemporal", "spatiotemporal", "spatiotemporal")
    upsample_residual: tuple[bool, ...] = (True, True, True)
    upsample_factor: tuple[int, ...] = (2, 2, 2)

    passed_over = AutoencoderKLLTXVideo.passed_over | {"encoder_spatial_padding_mode", "decoder_spatial_padding_mode"}
    slowdown: ClassVar[int] = 1

    @property
    def doublings(self) -> tuple[tuple[bool, bool], ...]:
        blocks = zip(self.upsample_type, self.decoder_spatio_temporal_scaling[::-1], strict=False)
        return tuple(GROWS[kind] if grows else (False, False) for kind, grows in blocks)
