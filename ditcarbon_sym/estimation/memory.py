"""Peak memory of a request: the weights of all stages, and what is alive beside them while one of them works.

Nothing is offloaded, and the VAE decodes in the pieces that the released pipeline does (`Decoder.tiles`). While the
denoiser works, a fixed multiple of what its largest dense layer reads and writes is alive; while the VAE decodes, of
what its largest convolution does:

    peak = weights + B max(denoiser alive, decoder alive),   alive = multiple x 2 bytes x (inputs + outputs)

Guidance passes that the pipeline runs as one batch are alive together. Text encoders count with their weights alone.
The multiples are those of published peaks of eager diffusers pipelines (sources below). In other code, and in what the
allocator holds back, they differ: that is the interval.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from types import MappingProxyType

from sympy import Expr, Integer, Symbol

from ..architectures.operators import CONVOLUTION, DENSE, Operator
from ..catalog.entries import Gpu, Model
from ..catalog.stages import DECODER, DENOISER, Stages
from ..equations import pipeline
from ..equations.notation import (
    P_VAE,
    REQUEST_FIELDS,
    B,
    H,
    P,
    P_enc,
    Q_host,
    Q_step,
    W,
    b_weight,
    d,
    ell,
    f,
    g,
    m,
    n_frames,
    n_latent,
    n_ref,
)
from ..equations.parallel.symbols import n_gpu
from ..numerics.functions import compiled
from .counting import BYTES, latent_size, tile_sizes, weights_of
from .service import Quantity

GIB = 2.0**30
"""Accelerators are sold in units of this, whatever the label says: an H100 of 80 GB has 79.6 of them."""
DENOISER_ALIVE = 3.1
"""Of the largest dense layer: 2.95 (FLUX.1-dev), 3.10 (Wan 2.1 14B), 3.29 (LTX-Video 13B): the peak of a forward pass
less the weights, diffusers2025benchmarks."""
DECODER_ALIVE = 3.5
"""Of the largest convolution, between what tensors need and what the allocator takes while there is room: 2.0
(PixArt-Sigma and Stable Diffusion 3, hf2024quanto), 4.4 (the latter, in the same text), 4.7 (FLUX.1-dev,
hf2025quantization), 6.2 and 6.9 (CogVideoX-2B, diffusers2024cogvideox). Their geometric mean is 3.9; batches that ran
in 40 and 80 GB (mlenergy2025) ask for less."""
SPREAD = 0.5
"""Standard deviation of the logarithm of what is alive: of those six. The denoiser's is surer, and taken alike."""
AT_ONCE: Mapping[str, int] = {"AutoencoderKLCogVideoX": 3, "AutoencoderKLMagvit": 2, "AutoencoderKLWan": 2}
"""Latent frames that a decoder has in work at a time, where it goes through them in order (diffusers' ``_decode``)."""
PIXELS_OF_KL = 512
"""Channels in and out of the largest convolution of Stable Diffusion's VAE, at full size; for a VAE that is unknown."""
LEVEL = 0.9
NOTHING: Mapping[Symbol, float] = MappingProxyType({})
ONE_AFTER_ANOTHER = frozenset({
    "WanTransformer3DModel", "WanTransformer3DModelExpandedTimesteps", "CosmosTransformer3DModel",
    "Lumina2Transformer2DModel", "CogView4Transformer2DModel", "QwenImageTransformer2DModel",
    "ChromaTransformer2DModel", "HunyuanVideoTransformer3DModel",
})  # fmt: skip
"""Classes whose pipelines run the guidance passes one after another; all others run them as one batch."""


@dataclass(frozen=True)
class Memory:
    """Memory in GiB: weights, of all stages and of the denoiser; what an output keeps alive while each of two works."""

    weights: float
    of_denoiser: float
    denoiser: float
    decoder: float
    turns: bool = False

    @property
    def alive(self) -> float:
        """What an output adds to the peak."""
        return max(self.denoiser, self.decoder)

    def peak(self, batch: float) -> Quantity:
        """The peak with so many outputs at once, and its interval; ``turns`` if each stage is loaded in turn.

        >>> Memory(30.0, 20.0, 0.5, 4.5).peak(2).value
        39.0
        """
        return self.in_turn(batch) if self.turns else _with_interval(self.weights, batch * self.alive)

    def in_turn(self, batch: float) -> Quantity:
        """The same where each stage is loaded for its own work only: the denoiser, then the decoder."""
        return max(
            (_with_interval(self.of_denoiser, batch * self.denoiser), _with_interval(0.0, batch * self.decoder)),
            key=lambda x: x.value or 0.0,
        )


def _with_interval(weights: float, alive: float) -> Quantity:
    factor = math.exp(NormalDist().inv_cdf((1 + LEVEL) / 2) * SPREAD)
    return Quantity(weights + alive, weights + alive / factor, weights + alive * factor)


def memory_of(model: Model, numbers: Mapping[Symbol, float]) -> Memory:
    """Return the memory of a model's requests of this size on an accelerator; stages that are not known are left out.

    Where several share a request, each holds all weights and its part of what the denoiser keeps alive.

    >>> from ditcarbon_sym.catalog.loading import load
    >>> flux = load().model("flux.1-dev")
    >>> found = memory_of(flux, {**flux.request, n_latent: 1.0})
    >>> round(found.weights, 1), round(found.peak(1).value, 1)
    (31.4, 34.9)
    """
    if model.networks is None:
        return _of_flags(model, numbers)
    networks = model.networks()
    sizes = {x: int(numbers.get(x, 0)) for x in REQUEST_FIELDS}
    latent, tokens = latent_size(networks, sizes[H], sizes[W], sizes[n_frames])
    depth = -(-int(latent) // networks.denoiser.patch_frames)
    rows = {
        ell: int(tokens), m: networks.denoiser.text_rows(sizes[m]), n_latent: depth, n_ref: sizes[n_ref],
        H: sizes[H], W: sizes[W], n_frames: sizes[n_frames],
    }  # fmt: skip
    alive = _largest(_dense(networks, sizes[n_ref] > 0), rows) / numbers.get(n_gpu, 1)
    passes = 1 if type(networks.denoiser).__name__ in ONE_AFTER_ANOTHER else sizes[g]
    decoding = DECODER_ALIVE * _decoding(networks, sizes, int(latent))
    loaded = _weights(networks, numbers.get(b_weight, float(BYTES["bf16"])))
    if Q_step in numbers:  # a layer of the denoiser at a time
        loaded = (loaded[0] - loaded[1], 0.0)
    return Memory(*loaded, DENOISER_ALIVE * passes * alive, decoding, Q_host in numbers)


def _weights(networks: Stages, width: float = 2.0) -> tuple[float, float]:
    """GiB of the weights of all known stages, at 16 bits, and of the denoiser, at ``width`` bytes."""
    weights = weights_of(networks)
    denoiser = weights[DENOISER] or 0
    others = BYTES["bf16"] * sum(x or 0 for stage, x in weights.items() if stage != DENOISER)
    return (others + networks.copies * width * denoiser) / GIB, width * denoiser / GIB


def _of_flags(model: Model, numbers: Mapping[Symbol, float]) -> Memory:
    """The same of a model that is known by its flags: rows of width d, and the VAE of Stable Diffusion."""
    found = pipeline.evaluate({**model.values, **numbers}, (P, ell))
    values = model.values
    weights = float(found[P]) + values.get(P_enc, 0.0) + values.get(P_VAE, 0.0)
    widest = (float(found[ell]) + numbers[m]) / numbers.get(n_gpu, 1) * values[d] * (1 + values[f])
    pixels = PIXELS_OF_KL * numbers[H] * numbers[W] * min(numbers[n_frames], 8.0)
    scale = BYTES["bf16"] / GIB
    own = scale * float(found[P])
    return Memory(scale * weights, own, DENOISER_ALIVE * scale * numbers[g] * widest, DECODER_ALIVE * scale * pixels)


def _decoding(networks: Stages, sizes: Mapping[Symbol, int], latent: int) -> float:
    """GiB that the largest convolution of the decoder reads and writes, in the largest piece that it decodes."""
    decoder = networks.decoder
    if decoder is None:
        return 0.0
    together = min(latent, AT_ONCE.get(type(decoder).__name__, latent))
    pieces = [tile for tile in decoder.tiles(sizes[H], sizes[W], together) if tile.times]
    return max((_largest(_convolutions(networks), tile_sizes(tile, decoder)) for tile in pieces), default=0.0)


@lru_cache(maxsize=256)
def _dense(networks: Stages, references: bool) -> tuple[Expr, ...]:
    return _moved(networks.denoising(references), DENSE)


@lru_cache(maxsize=256)
def _convolutions(networks: Stages) -> tuple[Expr, ...]:
    return _moved(networks.passes[DECODER][0] if networks.decoder is not None else [], CONVOLUTION)


def _moved(operators: list[Operator], kind: str) -> tuple[Expr, ...]:
    """What operators of a kind read and write, each expression once."""
    return tuple(dict.fromkeys(Integer(1) * x.moved for x in operators if x.kind == kind))


def _largest(moved: tuple[Expr, ...], sizes: Mapping[Symbol, float]) -> float:
    """GiB of the largest of these, at two bytes an element."""
    return BYTES["bf16"] * max((float(x) for x in compiled(moved)(sizes)), default=0.0) / GIB


def weight_notes(model: Model, device: Gpu, numbers: Mapping[Symbol, float] = NOTHING) -> tuple[str, ...]:
    """Say where the weights of a model do not fit an accelerator, whatever it is asked for, in the format they have."""
    if device.memory_gb is None or model.networks is None or Q_step in numbers:
        return ()
    all_stages, denoiser = _weights(model.networks(), numbers.get(b_weight, 2.0))
    bits = f"{8 * numbers.get(b_weight, 2.0):g} bits"
    widths = "" if b_weight in numbers else " at 16 bits"
    if denoiser > device.memory_gb:
        return (
            f"{model.id} does not fit {device.id}: the denoiser's weights take {denoiser:.1f} GiB at {bits}, the "
            f"accelerator has {device.memory_gb:g}",
        )
    if all_stages > device.memory_gb and Q_host not in numbers:
        return (
            f"all stages of {model.id} together take {all_stages:.1f} GiB{widths} and {device.id} has "
            f"{device.memory_gb:g}: they fit one after another only",
        )
    return ()


def peak_notes(model: Model, numbers: Mapping[Symbol, float], device: Gpu) -> tuple[str, ...]:
    """Say where the weights fit but the request does not, or may not."""
    if device.memory_gb is None or weight_notes(model, device, numbers):
        return ()
    needed, room, batch = memory_of(model, numbers), device.memory_gb, numbers[B]
    peak, low, high = (x or 0.0 for x in vars(needed.peak(batch)).values())
    if peak <= room:
        return ()
    fits = "does not fit" if low > room else "probably does not fit"
    return (
        f"{model.id} in a batch of {batch:g} {fits} {device.id}: at its peak it takes {peak:.0f} GiB "
        f"({100 * LEVEL:g} %: {low:.0f} to {high:.0f}; with stages loaded in turn {needed.in_turn(batch).value:.0f}), "
        f"the accelerator has {room:g}",
    )
