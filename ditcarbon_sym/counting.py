"""Exact counts: parameters and FLOP of every stage, from the operator lists of the released configuration.

The paper's Eqs. (1) and (2) keep the leading order; here nothing is dropped. One fused multiply-add is two FLOP.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from sympy import Expr, Integer

from . import pipeline
from .architectures.network import Decoder, Tile
from .catalog import Model, load
from .evaluate import compiled
from .notation import NOTATION, REQUEST_FIELDS, B, F_block, H, InputError, N, P, S, W, ell, g, m, n_frames, n_latent
from .operators import flop, grouped, total
from .request import Request, resolve_request
from .stages import DECODER, DENOISER, STAGES, TEXT, Stages

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SCHEMA_VERSION = 1
BYTES = {"fp32": 4.0, "bf16": 2.0, "int8": 1.0, "int4": 0.5}
"""Bytes of a parameter; quantised formats without their scales."""
SIXTEEN_BITS = 2
"""Bytes of an element that is moved, activations and weights."""
CONVENTION = "1 fused multiply-add = 2 FLOP; products, convolutions and attention scores, masks fully valid"
LARGEST = 2**31
"""Size of a request."""
GROUPINGS = ("operator", "block", "stage")


class Work(TypedDict):
    """Sizes of a request, numbers or arrays that broadcast."""

    height: "ArrayLike"
    width: "ArrayLike"
    frames: "ArrayLike"
    text_tokens: "ArrayLike"
    batch: "ArrayLike"
    steps: "ArrayLike"
    guidance: "ArrayLike"


@dataclass(frozen=True)
class Share:
    """What a group of operators has and does in one pass at batch 1; ``bytes`` moved at 16 bits with weights."""

    stage: str
    name: str
    parameters: int
    flop: float
    elementwise: float
    bytes: float


@dataclass(frozen=True)
class Count:
    """The exact count of one request; None is unknown, never zero.

    ``flops`` holds ``denoiser_forward`` (one pass at batch 1), then ``text_encoder``, ``denoiser``, ``vae_decoder``
    and ``total`` for the whole request. ``parameters`` are the denoiser's, ``weights`` those of every stage.
    ``leading_order`` stands beside: what Eqs. (1) and (2) say of the denoiser, and the relative error of that.
    """

    model: str
    request: Mapping[str, int]
    tokens: Mapping[str, int]
    parameters: int
    buffers: int
    flops: Mapping[str, float | None]
    weights: Mapping[str, int | None]
    memory_gb: Mapping[str, float | None]
    leading_order: Mapping[str, float]
    shares: tuple[Share, ...]
    remarks: tuple[str, ...]
    sources: Mapping[str, str]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        plain = dict(vars(self))
        shares = [vars(share) for share in plain.pop("shares")]
        return {
            "schema_version": SCHEMA_VERSION,
            **plain,
            "convention": CONVENTION,
            "shares": shares,
            "warnings": list(self.warnings),
        }


@lru_cache(maxsize=64)
def _expressions(networks: "_ById") -> Mapping[str, Expr]:
    """FLOP of one pass of each stage at batch 1; the text stage in two, prompt and negative prompt."""
    passes = networks.stages.passes
    found = {stage: flop(passes[stage][0]) for stage in (DENOISER, DECODER) if stage in passes}
    if networks.stages.text is not None:
        prompt = negative = Integer(0)
        for stage, operators in zip(networks.stages.text, passes[TEXT], strict=True):
            one = flop(operators)
            prompt += one.xreplace({m: stage.tokens()})
            negative += one.xreplace({m: stage.negative_tokens()}) if stage.negative else 0
        found |= {TEXT: prompt, "negative": negative}
    return found


@lru_cache(maxsize=64)
def _weights(networks: "_ById") -> Mapping[str, int | None]:
    return networks.stages.weights()


@lru_cache(maxsize=64)
def _buffers(networks: "_ById") -> int:
    return int(total(networks.stages.denoiser.operators()).buffers)


@dataclass(frozen=True, eq=False)
class _ById:
    """A pipeline as a key: by identity, since its networks may hold what does not hash."""

    stages: Stages

    def __hash__(self) -> int:
        return id(self.stages)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.stages is self.stages


def flops(networks: Stages, **sizes: Unpack[Work]) -> dict[str, Any]:
    """FLOP of whole requests, by stage: ``denoiser_forward`` (one pass, batch 1), ``denoiser``, ``text_encoder``,
    ``vae_decoder``, ``total``; None where a stage is not known.

    Sizes may be arrays that broadcast; the result then is one array each, from one vectorised call.

    >>> from ditcarbon_sym.stages import shipped
    >>> request = dict(height=1024, frames=1, text_tokens=512, batch=1, steps=28, guidance=1)
    >>> found = flops(shipped("flux.1-dev"), width=[512, 1024], **request)
    >>> [f"{x:.3e}" for x in found["denoiser_forward"]]
    ['3.766e+13', '7.438e+13']
    """
    given = _sizes(sizes)
    latent, tokens = latent_size(networks, given["height"], given["width"], given["frames"])
    expressions = _expressions(_ById(networks))
    depth = -(-latent // networks.denoiser.patch_frames)
    values = {
        ell: tokens, m: given["text_tokens"], n_latent: depth,
        H: given["height"], W: given["width"], n_frames: given["frames"],
    }  # fmt: skip
    encoded = (TEXT, "negative")
    at = {stage: compiled((expressions[stage],))(values)[0] for stage in encoded if stage in expressions}
    padded: Any = networks.denoiser.text_rows
    at[DENOISER] = compiled((expressions[DENOISER],))({**values, m: padded(given["text_tokens"])})[0]
    if networks.decoder is not None:
        at[DECODER] = decoded(networks.decoder, expressions[DECODER], given["height"], given["width"], latent)
    batch, steps, passes = (1.0 * given[key] for key in ("batch", "steps", "guidance"))
    found: dict[str, Any] = {
        "denoiser_forward": at[DENOISER],
        DENOISER: batch * passes * steps * at[DENOISER],
        TEXT: batch * (at[TEXT] + (passes > 1) * at["negative"]) if TEXT in at else None,
        DECODER: batch * at[DECODER] if DECODER in at else None,
    }
    parts = [found[stage] for stage in STAGES]
    found["total"] = None if any(part is None for part in parts) else sum(parts)
    shape = getattr(given["height"], "shape", ())
    return {key: x if x is None or not shape else _repeated(x, shape) for key, x in found.items()}


def _repeated(x: Any, shape: tuple[int, ...]) -> Any:
    import numpy as np

    return np.broadcast_to(x, shape)


def _sizes(sizes: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes of requests as whole numbers of one shape, checked."""
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
    return 0 if key == "text_tokens" else 1


def decoded(decoder: Decoder, expression: Expr, height: Any, width: Any, latent: Any) -> Any:
    """FLOP of decoding an output, piece by piece; NaN where no piece fits into it. Sizes may be arrays."""
    function = compiled((expression,))
    found = sum(tile.times * function(_of(tile, decoder))[0] for tile in decoder.tiles(height, width, latent))
    if isinstance(found, int | float):
        return found or math.nan
    import numpy as np

    return np.where(np.asarray(found) == 0, np.nan, found)[()]


def _of(tile: Tile, decoder: Decoder) -> dict[Any, Any]:
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


def count(model: str | Model, *, by: str | None = None, catalog: Any = None, **request: Unpack[Request]) -> Count:
    """Count parameters and FLOP of one generation request exactly; ``by`` "operator", "block" or "stage" adds shares.

    ``model`` is a catalogue id, or a model made from a configuration (`diffusers_config.model_from`). The request is
    that of `estimate`. Raises `InputError` if the model has no released configuration or the request is not valid.

    >>> count("flux.1-dev").parameters
    11901408320
    """
    chosen = load(catalog).model(model) if isinstance(model, str) else model
    networks = networks_of(chosen)
    numbers, notes = resolve_request(chosen, request)
    sizes = {NOTATION[x].field: int(numbers[x]) for x in REQUEST_FIELDS}
    found = flops(networks, **sizes)
    latent, tokens = latent_size(networks, sizes["height"], sizes["width"], sizes["frames"])
    weights = _weights(_ById(networks))
    loaded = _loaded(networks, weights)
    exact = known(found)
    unfit = networks.decoder is not None and exact[DECODER] is None
    copies = networks.denoiser.copies
    warnings = (
        *(f"{stage} is not counted: {why}" for stage, why in networks.absent.items()),
        *(["vae_decoder is not counted: the output is smaller than the tiles it decodes"] if unfit else []),
        *([f"parameters of {chosen.id}: {copies}"] if copies else []),
    )
    return Count(
        model=chosen.id,
        request=sizes,
        tokens={"latent": int(tokens), "text": networks.denoiser.text_rows(sizes["text_tokens"])},
        parameters=int(weights[DENOISER] or 0),
        buffers=_buffers(_ById(networks)),
        flops=exact,
        weights=weights,
        memory_gb={name: None if loaded is None else loaded * size / 1e9 for name, size in BYTES.items()},
        leading_order=leading_order(chosen, numbers, weights[DENOISER] or 0, exact["denoiser_forward"] or 0.0),
        shares=() if by is None else tuple(combined(_shares(networks, sizes, int(latent), int(tokens)), by)),
        remarks=networks.remarks,
        sources=networks.sources,
        warnings=notes + warnings,
    )


def _loaded(networks: Stages, weights: Mapping[str, int | None]) -> int | None:
    """Parameters in memory: every stage, and every denoiser that takes a turn."""
    if None in weights.values():
        return None
    return sum(weight or 0 for weight in weights.values()) + (networks.copies - 1) * (weights[DENOISER] or 0)


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
    """What Eq. (1) and Table 2 say of the denoiser with the model's flags, and how far that is from the exact count."""
    values = {**model.values, **numbers, B: 1.0, g: 1.0, S: 1.0}
    approximate = pipeline.evaluate(values, (P, F_block))
    flop = float(approximate[F_block] * values[N])
    return {
        "parameters": float(approximate[P]),
        "denoiser_forward": flop,
        "parameters_error": float(approximate[P]) / parameters - 1,
        "denoiser_forward_error": flop / forward - 1,
    }


def _shares(networks: Stages, sizes: Mapping[str, int], latent: int, tokens: int) -> list[Share]:
    """One share for each stage, block and kind of operator, one pass each."""
    depth = -(-latent // networks.denoiser.patch_frames)
    common = {ell: tokens, m: sizes["text_tokens"], H: sizes["height"], W: sizes["width"], n_frames: sizes["frames"]}
    found = []
    for stage, operators in networks.operators().items():
        pieces: list[tuple[int, dict[Any, Any]]] = [(1, {**common, n_latent: depth})]
        if stage == DENOISER:
            pieces[0][1][m] = networks.denoiser.text_rows(sizes["text_tokens"])
        if stage == DECODER and networks.decoder is not None:
            tiles = networks.decoder.tiles(sizes["height"], sizes["width"], latent)
            pieces = [(tile.times, _of(tile, networks.decoder)) for tile in tiles]
        for key, members in grouped(operators, lambda x: f"{x.block or 'outside blocks'}|{x.kind}").items():
            sums = total(members)
            found.append(
                Share(
                    stage, key, int(sums.parameters),
                    *(
                        float(sum(times * x.subs(values) for times, values in pieces))
                        for x in (sums.flop, sums.elementwise, SIXTEEN_BITS * (sums.moved + sums.weights))
                    ),
                )
            )  # fmt: skip
    return found


def combined(shares: Sequence[Share], by: str) -> list[Share]:
    """Add shares up ``by`` operator (kind), block or stage, within each stage."""
    if by not in GROUPINGS:
        raise InputError(f"by = {by!r} is unknown; expected one of {', '.join(GROUPINGS)}")
    sums: dict[tuple[str, str], list[float]] = {}
    for share in shares:
        block, _, kind = share.name.partition("|")
        name = {"operator": kind, "block": block, "stage": "all"}[by]
        row = sums.setdefault((share.stage, name), [0.0, 0.0, 0.0, 0.0])
        for number, value in enumerate((share.parameters, share.flop, share.elementwise, share.bytes)):
            row[number] += value
    return [Share(stage, name, int(row[0]), *row[1:]) for (stage, name), row in sums.items()]
