"""From the networks of a user's folder to a model: which release lends it the request, and the stages it lacks.

A release with the same configuration comes first, then the nearest one of the same class. The alphabet decides
nothing: what two equally near releases say differently, and frames that only images were made with, the user must say.
"""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

from sympy import Symbol

from ..equations.notation import P_VAE, B, P_enc, g, m, n_frames, n_ref
from . import stages
from .diffusers import from_diffusers
from .entries import Lender, Model
from .loading import load, model_of
from .stages import Stages

GUIDANCE = "guidance_embeds"
"""Field of a network into which guidance was distilled: the scale is an input, and one pass a step is enough."""


def model_from(path: str | Path) -> Model:
    """Return the model of a folder or configuration.

    Its default request is borrowed from a release (`Lender`), and, where only a transformer is given, so are the other
    stages at leading order.
    """
    networks = from_diffusers(path)
    lender = lender_of(networks)
    if lender is None:
        return _without_release(networks, path)
    known, released = load().model(lender.id), stages.shipped(lender.id)
    if networks.decoder is None:
        space, time = released.factors
        said = f"VAE factors {space} in space and {time} in time are assumed: those of {lender.id}"
        networks = dataclasses.replace(
            networks, assumed_factors=released.factors, warnings=(*networks.warnings, *(() if lender.same else (said,)))
        )
        if lender.same:
            networks = dataclasses.replace(networks, references=released.references, image_tokens=released.image_tokens)
    request = {x: value for x, value in known.request.items() if x not in lender.missing}
    if lender.one_pass:
        request[g] = 1.0
    request[n_ref] = float(networks.references)
    model = model_of(networks.name, networks, request, str(path))
    stand_ins = {x: known.values[x] for x in (P_enc, P_VAE) if x not in model.values}
    values = known.values if lender.same and _agree(networks, released) else {**model.values, **stand_ins}
    return dataclasses.replace(model, values=values, lender=lender, notes=networks.warnings)


def _without_release(networks: Stages, path: str | Path) -> Model:
    """The model of a class that no release of the catalogue has: its request is the user's alone.

    Stages that its folder does not name are not counted, and a warning says so.
    """
    denoiser, name = networks.denoiser, type(networks.denoiser).__name__
    fixed = denoiser.text_tokens_fixed
    request = {
        B: 1.0, n_ref: float(networks.references), **({} if denoiser.is_video else {n_frames: 1.0}),
        **({} if fixed is None else {m: float(fixed)}),
    }  # fmt: skip
    notes = [f"no release of {name} is in the catalogue: its request is what is given"]
    if networks.decoder is None:
        space, time = networks.factors
        notes.append(f"VAE factors {space} in space and {time} in time are assumed: those of the class's release")
    missing = " and ".join(stage.replace("_", " ") for stage in networks.absent)
    notes += [f"the {missing} of {path} are not known and not counted"] if missing else []
    model = model_of(networks.name, networks, request, str(path))
    values = {P_enc: 0.0, P_VAE: 0.0, **model.values}
    return dataclasses.replace(model, values=values, notes=(*notes, *networks.warnings))


def lender_of(networks: Stages) -> Lender | None:
    """Choose the release that lends its request, or several that are equally near; None where there is none."""
    denoiser = networks.denoiser
    kind = type(denoiser).__name__.removesuffix(stages.EXPANDED)
    classes = stages.shipped_classes()
    names = (*classes.get(kind, ()), *classes.get(f"{kind}{stages.EXPANDED}", ()))
    if not names:
        return None
    away = {name: _distance(networks, stages.shipped(name)) for name in names}
    best = tuple(name for name in names if away[name] == min(away.values()))
    near = stages.shipped(best[0])
    same = near.denoiser == denoiser and near.copies == networks.copies
    requests = {name: load().model(name).request for name in best}
    missing = _differing(requests)
    if not same and denoiser.is_video and requests[best[0]][n_frames] == 1:
        missing[n_frames] = f"{best[0]}, the nearest release, makes single images"
    embedded = bool(getattr(denoiser, GUIDANCE, False)) and not getattr(near.denoiser, GUIDANCE, False)
    words = {f"{stages.NAMED}{word!r}" for word in re.split(r"[^a-z]+", best[0])}
    signs = (*([f"{GUIDANCE} = true"] if embedded else []), *(x for x in networks.signs if x not in words))
    # The index of a pipeline that appends reference images says so itself.
    whole = networks.decoder is not None
    others = [x for name in best for x in stages.shipped(name).shared_with if not (whole and "reference image" in x)]
    shared = tuple(others) if same else ()
    return Lender(best, same, signs, embedded or networks.distilled, shared, missing)


def _distance(ours: Stages, theirs: Stages) -> tuple[float, ...]:
    """How far a release is from these networks; what tells most about a request comes first."""
    mine, other = ours.denoiser, theirs.denoiser
    order = other.leading_order()
    sizes = {x: float(value) for x, value in mine.leading_order().items() if value}
    return (
        mine != other,
        ours.copies != theirs.copies,
        ours.decoder is not None and ours.decoder != theirs.decoder,
        getattr(mine, "in_channels", None) != getattr(other, "in_channels", None),
        getattr(mine, GUIDANCE, None) != getattr(other, GUIDANCE, None),
        sum(abs(float(order[x]) / size - 1) for x, size in sizes.items()),
    )


def _differing(requests: Mapping[str, Mapping[Symbol, float]]) -> dict[Symbol, str]:
    """What equally near releases say differently, with what each says."""
    first = next(iter(requests.values()))
    return {
        x: "equally near are " + " and ".join(f"{name} ({request[x]:g})" for name, request in requests.items())
        for x in first
        if len({request[x] for request in requests.values()}) > 1
    }


def _agree(ours: Stages, theirs: Stages) -> bool:
    """Whether the stages that the user's folder names are those of the release."""
    text = [x.network for x in ours.text or ()], [x.network for x in theirs.text or ()]
    return (ours.decoder is None or ours.decoder == theirs.decoder) and (ours.text is None or text[0] == text[1])
