"""The exact count of one request: parameters, FLOP, memory and bytes of every stage, whole or by operator and block."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from ..architectures.operators import grouped, total
from ..catalog.entries import Model
from ..catalog.loading import load
from ..catalog.stages import CONTROL, DECODER, DENOISER, ENCODER, Stages
from ..display import Shown
from ..equations.notation import NOTATION, REQUEST_FIELDS, H, W, ell, m, n_frames, n_latent, n_ref
from ..errors import InputError
from .counting import (
    BYTES,
    CONVENTION,
    buffers_of,
    flops,
    known,
    latent_size,
    leading_order,
    networks_of,
    tile_sizes,
    weights_of,
)
from .request import Request, resolve_request

SCHEMA_VERSION = 1
GROUPINGS = ("operator", "block", "stage")
SIXTEEN_BITS = 2
"""Bytes of an element that is moved, activations and weights."""


@dataclass(frozen=True)
class Share:
    """Parameters and work of a group of operators in one pass at batch 1; ``bytes`` moved at 16 bits with weights."""

    stage: str
    name: str
    parameters: int
    flop: float
    elementwise: float
    bytes: float


@dataclass(frozen=True)
class Count(Shown):
    """The exact count of one request; None is unknown, never zero.

    ``flops`` holds ``denoiser_forward`` (one pass at batch 1), then ``text_encoder``, ``denoiser``, ``vae_decoder``
    and ``total`` for the whole request. ``parameters`` are the denoiser's, ``weights`` those of every stage.
    ``leading_order`` holds what Eqs. (1) and (2) give for the denoiser, and their relative errors.

    >>> count("flux.1-dev").tokens
    {'latent': 4096, 'text': 512}
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


def count(model: str | Model, *, by: str | None = None, catalog: Any = None, **request: Unpack[Request]) -> Count:
    """Count parameters and FLOP of one generation request exactly; ``by`` "operator", "block" or "stage" adds shares.

    ``model`` is a catalogue id, or a model made from a configuration (`catalog.lending.model_from`). The request is
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
    weights = weights_of(networks)
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
        tokens={
            "latent": int(tokens),
            "text": networks.denoiser.text_rows(sizes["text_tokens"]),
            **_references(networks, sizes),
        },
        parameters=int(weights[DENOISER] or 0),
        buffers=buffers_of(networks),
        flops=exact,
        weights=weights,
        memory_gb={name: None if loaded is None else loaded * size / 1e9 for name, size in BYTES.items()},
        leading_order=leading_order(chosen, numbers, weights[DENOISER] or 0, exact["denoiser_forward"] or 0.0),
        shares=() if by is None else tuple(combined(_shares(networks, sizes, int(latent), int(tokens)), by)),
        remarks=networks.remarks,
        sources=networks.sources,
        warnings=notes + warnings,
    )


def _references(networks: Stages, sizes: Mapping[str, int]) -> dict[str, int]:
    """Latent tokens of reference images, where there are any."""
    return {"reference": sizes["references"] * networks.reference_rows} if sizes["references"] else {}


def _loaded(networks: Stages, weights: Mapping[str, int | None]) -> int | None:
    """Parameters in memory: those of every stage, and of every denoiser that takes turns."""
    if None in weights.values():
        return None
    return sum(weight or 0 for weight in weights.values()) + (networks.copies - 1) * (weights[DENOISER] or 0)


def _shares(networks: Stages, sizes: Mapping[str, int], latent: int, tokens: int) -> list[Share]:
    """One share for each stage, block and kind of operator, one pass each."""
    depth = -(-latent // networks.denoiser.patch_frames)
    common = {
        ell: tokens, m: sizes["text_tokens"], H: sizes["height"], W: sizes["width"], n_frames: sizes["frames"],
        n_ref: sizes["references"],
    }  # fmt: skip
    found = []
    for stage, operators in networks.operators(references=sizes["references"] > 0).items():
        pieces: list[tuple[int, dict[Any, Any]]] = [(1, {**common, n_latent: depth})]
        if stage in (DENOISER, CONTROL):
            pieces[0][1][m] = networks.denoiser.text_rows(sizes["text_tokens"])
        if stage == DECODER and networks.decoder is not None:
            tiles = networks.decoder.tiles(sizes["height"], sizes["width"], latent)
            pieces = [(tile.times, tile_sizes(tile, networks.decoder)) for tile in tiles]
        if stage == ENCODER:
            side, one = math.isqrt(networks.denoiser.reference_pixels), {n_frames: 1, n_latent: 1}
            pieces = [
                (sizes["references"], {H: side, W: side, **one}),
                (networks.images, {H: sizes["height"], W: sizes["width"], **one}),
            ]
        keyed = [
            (key, members, pieces)
            for key, members in grouped(operators, lambda x: f"{x.block or 'outside blocks'}|{x.kind}").items()
        ]
        if stage == DECODER and networks.decoder is not None:
            beside = grouped(networks.decoder.once(), lambda x: f"{x.block}|{x.kind}")
            keyed += [(key, members, [(1, {n_latent: latent})]) for key, members in beside.items()]
        for key, members, at in keyed:
            sums = total(members)
            found.append(
                Share(
                    stage, key, int(sums.parameters),
                    *(
                        float(sum(times * x.subs(values) for times, values in at))
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
