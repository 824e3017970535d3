"""Exact counts: parameters and FLOP of every stage, from the operator lists of the released configuration.

The paper's Eqs. (1) and (2) keep the leading order; here nothing is dropped. One fused multiply-add is two FLOP.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, Unpack

from sympy import Expr, Integer

from ..architectures.network import Decoder, Tile
from ..architectures.operators import flop, total
from ..catalog.entries import Model
from ..catalog.stages import BESIDE, CONTROL, DECODER, DENOISER, ENCODER, STAGES, TEXT, Stages
from ..equations import pipeline
from ..equations.notation import B, F_block, H, N, P, S, W, ell, g, m, n_frames, n_latent, n_ref
from ..errors import InputError
from ..numerics.functions import compiled

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

BYTES = {"fp32": 4.0, "bf16": 2.0, "int8": 1.0, "int4": 0.5}
"""Bytes of a parameter; quantised formats without their scales."""
CONVENTION = "1 fused multiply-add = 2 FLOP; products, convolutions and attention scores, masks fully valid"
LARGEST = 2**31
"""Size of a request."""


class Work(TypedDict):
    """The sizes of a request: numbers, or arrays that broadcast."""

    height: "ArrayLike"
    width: "ArrayLike"
    frames: "ArrayLike"
    text_tokens: "ArrayLike"
    batch: "ArrayLike"
    steps: "ArrayLike"
    guidance: "ArrayLike"
    references: NotRequired["ArrayLike"]


@lru_cache(maxsize=256)
def expressions(networks: Stages, references: bool) -> Mapping[str, Expr]:
    """FLOP of one pass of each stage at batch 1; the text stage in two, prompt and negative prompt."""
    passes = networks.passes
    found = {stage: flop(passes[stage][0]) for stage in (CONTROL, DECODER) if stage in passes}
    found[DENOISER] = flop(networks.denoising(references))
    if (references or networks.images) and networks.encoder is not None:
        found[ENCODER] = flop(networks.encoder)
    if networks.text is not None:
        prompt = negative = Integer(0)
        for stage, operators in zip(networks.text, passes[TEXT], strict=True):
            one = flop(operators)
            seen = flop(networks.seen(stage)) if references else Integer(0)
            prompt += one.xreplace({m: stage.tokens()}) + seen
            negative += one.xreplace({m: stage.negative_tokens()}) + seen if stage.negative else 0
        found |= {TEXT: prompt, "negative": negative}
    return found


@lru_cache(maxsize=256)
def weights_of(networks: Stages) -> Mapping[str, int | None]:
    """Parameters of every stage; None where it is not known."""
    return networks.weights()


@lru_cache(maxsize=256)
def buffers_of(networks: Stages) -> int:
    """Elements that the denoiser keeps beside its parameters."""
    return int(total(networks.denoiser.operators()).buffers)


def flops(networks: Stages, **sizes: Unpack[Work]) -> dict[str, Any]:
    """FLOP of whole requests, by stage: ``denoiser_forward`` (one pass, batch 1), ``denoiser``, ``text_encoder``,
    ``vae_decoder``, ``total``; None where a stage is not known. ``controlnet`` and ``vae_encoder`` are there where they
    are at work.

    Sizes may be arrays that broadcast; the result then is one array each, from one vectorised call.

    >>> from ditcarbon_sym.catalog.stages import shipped
    >>> request = dict(height=1024, frames=1, text_tokens=512, batch=1, steps=28, guidance=1)
    >>> found = flops(shipped("flux.1-dev"), width=[512, 1024], **request)
    >>> [f"{x:.3e}" for x in found["denoiser_forward"]]
    ['3.766e+13', '7.438e+13']
    """
    given = _sizes(sizes)
    latent, tokens = latent_size(networks, given["height"], given["width"], given["frames"])
    has_references = bool(getattr(given["references"], "any", lambda: given["references"])())
    of_stage = expressions(networks, has_references)
    depth = -(-latent // networks.denoiser.patch_frames)
    values = {
        ell: tokens, m: given["text_tokens"], n_latent: depth,
        H: given["height"], W: given["width"], n_frames: given["frames"], n_ref: given["references"],
    }  # fmt: skip
    encoded = (TEXT, "negative")
    at = {stage: compiled((of_stage[stage],))(values)[0] for stage in encoded if stage in of_stage}
    padded: Any = networks.denoiser.text_rows
    in_rows = {**values, m: padded(given["text_tokens"])}
    at |= {x: compiled((of_stage[x],))(in_rows)[0] for x in (DENOISER, CONTROL) if x in of_stage}
    if networks.decoder is not None:
        at[DECODER] = decoded(networks.decoder, of_stage[DECODER], given["height"], given["width"], latent)
    batch, steps, passes = (1.0 * given[key] for key in ("batch", "steps", "guidance"))
    found: dict[str, Any] = {
        "denoiser_forward": at[DENOISER],
        DENOISER: batch * passes * steps * at[DENOISER],
        TEXT: batch * (at[TEXT] + (passes > 1) * at["negative"]) if TEXT in at else None,
        DECODER: batch * at[DECODER] if DECODER in at else None,
    }
    if CONTROL in at:
        found[CONTROL] = batch * steps * at[CONTROL]
    if has_references or networks.images:
        found[ENCODER] = batch * _encoded(networks, of_stage[ENCODER], given) if ENCODER in of_stage else None
    parts = [found[stage] for stage in (*STAGES, *BESIDE) if stage in found]
    found["total"] = None if any(part is None for part in parts) else sum(parts)
    shape = getattr(given["height"], "shape", ())
    return {key: x if x is None or not shape else _repeated(x, shape) for key, x in found.items()}


def _encoded(networks: Stages, expression: Expr, given: Mapping[str, Any]) -> Any:
    """FLOP of encoding the images of an output: references of their own size, others of the output's."""
    function = compiled((expression,))
    side = math.isqrt(networks.denoiser.reference_pixels)
    one = {n_frames: 1, n_latent: 1}
    found = given["references"] * function({H: side, W: side, **one})[0] if side else 0.0
    if networks.images:
        found = found + networks.images * function({H: given["height"], W: given["width"], **one})[0]
    return found


def _repeated(x: Any, shape: tuple[int, ...]) -> Any:
    import numpy as np

    return np.broadcast_to(x, shape)


def _sizes(sizes: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes of requests as whole numbers of one shape, checked; no references where none are given."""
    sizes = {"references": 0, **sizes}
    missing = [key for key in Work.__required_keys__ if key not in sizes]
    if missing:
        raise InputError(f"no value for {', '.join(sorted(missing))}")
    if all(isinstance(value, int | float) for value in sizes.values()):
        for key, value in sizes.items():
            least = _least(key)
            if not (least <= value <= LARGEST and value == int(value)):
                raise InputError(f"{key} must be whole numbers of at least {least}")
        return {key: int(value) for key, value in sizes.items()}
    import numpy as np

    try:
        arrays = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in sizes.values()))
    except (TypeError, ValueError):
        raise InputError("sizes of requests must be numbers, or arrays that broadcast") from None
    for key, array in zip(sizes, arrays, strict=True):
        if not np.all((array >= _least(key)) & (array == np.floor(array)) & (array <= LARGEST)):
            raise InputError(f"{key} must be whole numbers of at least {_least(key)}")
    return {key: array.astype(np.int64)[()] for key, array in zip(sizes, arrays, strict=True)}


def _least(key: str) -> int:
    return 0 if key in ("text_tokens", "references") else 1


def decoded(decoder: Decoder, expression: Expr, height: Any, width: Any, latent: Any) -> Any:
    """FLOP of decoding an output, tile by tile; NaN where the output is smaller than a tile. Sizes may be arrays."""
    function = compiled((expression,))
    found = sum(tile.times * function(tile_sizes(tile, decoder))[0] for tile in decoder.tiles(height, width, latent))
    if isinstance(found, int | float):
        return found or math.nan
    import numpy as np

    return np.where(np.asarray(found) == 0, np.nan, found)[()]


def tile_sizes(tile: Tile, decoder: Decoder) -> dict[Any, Any]:
    """The symbols of a decoder's operators for one piece of an output."""
    frames = (tile.latent_frames - 1) * decoder.temporal_factor + 1
    return {H: tile.height, W: tile.width, n_latent: tile.latent_frames, n_frames: frames}


def latent_size(networks: Stages, height: Any, width: Any, frames: Any) -> tuple[Any, Any]:
    """Latent frames and latent tokens of outputs of these sizes."""
    space, time = networks.factors
    if networks.decoder is not None and networks.denoiser.is_video:
        latent = networks.decoder.latent_frames(frames)
    else:
        latent = (frames - 1) // time + 1 if networks.denoiser.is_video else frames
    rows: Any = networks.denoiser.rows
    return latent, rows(height // space, width // space, latent)


def known(found: Mapping[str, Any]) -> dict[str, float | None]:
    """Counts as plain numbers; None where a stage is not known, or no tile of its decoder fits."""
    return {key: None if x is None or math.isnan(x) else float(x) for key, x in found.items()}


def networks_of(model: Model) -> Stages:
    """The stages of a model, or `InputError` if it is known by its flags alone."""
    if model.networks is None:
        raise InputError(
            f"model {model.id!r} is given by flags, so that only its leading order is known; "
            "for the exact count name a released model or give --config"
        )
    return model.networks()


def leading_order(model: Model, numbers: Mapping[Any, float], parameters: int, forward: float) -> dict[str, float]:
    """What Eq. (1) and Table 2 give for the denoiser, and their relative errors against the exact count."""
    values = {**model.values, **numbers, B: 1.0, g: 1.0, S: 1.0}
    approximate = pipeline.evaluate(values, (P, F_block))
    flop = float(approximate[F_block] * values[N])
    return {
        "parameters": float(approximate[P]),
        "denoiser_forward": flop,
        "parameters_error": float(approximate[P]) / parameters - 1,
        "denoiser_forward_error": flop / forward - 1,
    }
