"""From what a user asks for to the numbers of a request: defaults are filled in, ranges checked, frames rounded."""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from sympy import Symbol

from ..catalog.entries import Model
from ..equations.notation import (
    BY_FIELD,
    NOTATION,
    REQUEST_FIELDS,
    B,
    H,
    Notation,
    S,
    W,
    g,
    m,
    n_frames,
    n_latent,
    n_ref,
    p,
    v_s,
    v_t,
)
from ..errors import InputError


class Request(TypedDict, total=False):
    """What a user may ask for; whatever is left out is the model's released default.

    >>> Request(resolution=512, steps=20)["steps"]
    20
    """

    resolution: float | None
    height: float | None
    width: float | None
    frames: float | None
    batch: float | None
    steps: float | None
    guidance: float | None
    text_tokens: float | None
    references: float | None


def resolve_request(model: Model, request: Mapping[str, Any]) -> tuple[dict[Symbol, float], tuple[str, ...]]:
    """Return the request as numbers, the model's defaults filled in, with the notes that go with it; raise
    `InputError` if invalid.

    >>> from ..catalog.loading import load
    >>> numbers, _ = resolve_request(load().model("pixart-alpha"), {"steps": 30})
    >>> numbers[S], numbers[H]
    (30.0, 1024.0)
    """
    known = {NOTATION[x].field: x for x in REQUEST_FIELDS}
    given = {key: value for key, value in request.items() if value is not None}
    if "resolution" in given:
        if "height" in given or "width" in given:
            raise InputError("give either resolution or height and width, not both")
        side = given.pop("resolution")
        checked("resolution", side, NOTATION[H])
        given.update(height=side, width=side)
    for one, other in (("height", "width"), ("width", "height")):
        if one in given and other not in given:
            raise InputError(f"{one} = {given[one]} without {other}; give both, or resolution for a square")
    unknown = [key for key in given if key not in known]
    if unknown:
        raise InputError(
            f"unknown request field {unknown[0]!r}; expected one of resolution, {', '.join(known)} (a place is given "
            "as datacenter, an accelerator as gpu)"
        )
    numbers = {
        n_ref: 0.0,
        **model.request,
        **{known[key]: checked(key, value, BY_FIELD[key]) for key, value in given.items()},
    }
    _demand_all(model, numbers)
    _demand_whole_patches(model, numbers)
    _demand_what_the_network_takes(model, numbers)
    if model.text_tokens_fixed not in (None, numbers[m]):
        raise InputError(
            f"text_tokens = {numbers[m]:g}: {model.id} takes exactly {model.text_tokens_fixed}; leave it out"
        )
    borrowed = _borrowed(model, numbers, {known[key] for key in given})
    numbers, rounded = _with_latent_frames(model, numbers)
    numbers, appended = _with_references(model, numbers)
    return numbers, (*borrowed, *appended, *_unencoded(model, numbers), *model.notes, *rounded)


def _demand_all(model: Model, numbers: Mapping[Symbol, float]) -> None:
    """Every size is given or known; where a release could not lend one, say why."""
    for x in REQUEST_FIELDS:
        if x not in numbers:
            why = model.lender.missing.get(x, "no release says it") if model.lender else "its request does not say it"
            raise InputError(f"{NOTATION[x].field} is not known for {model.id}: {why}; give --{_option(x)}")


def _borrowed(model: Model, numbers: Mapping[Symbol, float], given: set[Symbol]) -> tuple[str, ...]:
    """Say what of the request is borrowed from which release; what is only assumed comes first."""
    lender = model.lender
    if lender is None:
        return ()
    near = "the nearest release" if len(lender.ids) == 1 else "the nearest releases"
    whose = f"of {' and '.join(lender.ids)}, {'whose configuration this is' if lender.same else near}"
    own = {B, n_ref} if model.is_video else {B, n_ref, n_frames}
    rest = [x for x in REQUEST_FIELDS if x not in given | own]
    assumed = [x for x in (S, g) if x in rest and (lender.signs or not lender.same)]
    sure = [x for x in rest if x not in assumed]
    notes = []
    if assumed:
        signs = " and ".join(lender.signs)
        likely = "fewer steps, and one pass a step" if lender.one_pass else "fewer steps or passes"
        but = f"; {signs}, so that {likely}, are likely" if signs else ""
        options = " and ".join(f"--{_option(x)}" for x in assumed)
        notes.append(f"assumed: {_values(numbers, assumed)}, as {whose}{but}; give {options}")
    if sure:
        notes.append(f"borrowed: {_values(numbers, sure)}, {whose}")
    if lender.shared and {S, g} - given:
        others = " and ".join(lender.shared)
        asked = [S, g, *([n_ref] if "reference image" in others else [])]
        options = ", ".join(f"--{_option(x)}" for x in asked)
        notes.append(f"the same configuration has {others}; if it is that, give {options}")
    return tuple(notes)


def _values(numbers: Mapping[Symbol, float], symbols: Iterable[Symbol]) -> str:
    return ", ".join(f"{NOTATION[x].field} = {numbers[x]:g}" for x in symbols)


def _option(symbol: Symbol) -> str:
    return str(NOTATION[symbol].field).replace("_", "-")


def checked(field: str, value: Any, notation: Notation) -> float:
    """Check ``value`` against the notation's range, naming it ``field`` in the message."""
    try:
        return notation.check(value)
    except InputError as error:
        raise InputError(str(error).replace(notation.field, field, 1)) from None


def _demand_whole_patches(model: Model, numbers: Mapping[Symbol, float]) -> None:
    unit = int(model.values[v_s] * model.values[p])
    for side in (H, W):
        size = int(numbers[side])
        if size % unit:
            below = size // unit * unit
            near = " and ".join(str(multiple) for multiple in (below, below + unit) if multiple)
            raise InputError(
                f"{NOTATION[side].field} = {size} is not a multiple of {unit} "
                f"(VAE factor {model.values[v_s]:g} x patch {model.values[p]:g} of {model.id}); nearest: {near}"
            )


def _demand_what_the_network_takes(model: Model, numbers: Mapping[Symbol, float]) -> None:
    if model.networks is None:
        return
    networks = model.networks()
    if numbers[m] < networks.least_text:
        raise InputError(
            f"text_tokens = {numbers[m]:g}: {model.id} takes at least {networks.least_text}, "
            "which its encoders of fixed length fill"
        )
    if networks.most_text is not None and numbers[m] > networks.most_text:
        raise InputError(
            f"text_tokens = {numbers[m]:g}: {model.id} takes at most {networks.most_text}, its encoder cuts off the "
            "rest"
        )
    space = networks.factors[0]
    refusal = networks.denoiser.refusal(int(numbers[H]) // space, int(numbers[W]) // space)
    if refusal:
        raise InputError(f"{numbers[H]:g} x {numbers[W]:g}: {model.id} cannot: {refusal}")


def _with_latent_frames(model: Model, numbers: dict[Symbol, float]) -> tuple[dict[Symbol, float], tuple[str, ...]]:
    """Round output frames to latent frames, the one rounding of the model, kept out of the equations."""
    frames = int(numbers[n_frames])
    if not model.is_video:
        if frames != 1:
            raise InputError(
                f"frames = {frames}: {model.id} is an image model; leave frames out, or choose a video model"
            )
        return {**numbers, n_latent: 1.0}, ()
    factor = int(model.values[v_t])
    decoder = model.networks().decoder if model.networks is not None else None
    latent = (frames - 1) // factor + 1 if decoder is None else decoder.latent_frames(frames)
    whole = (latent - 1) * factor + 1
    note = (
        f"{frames} output frames are counted as {latent} latent frames, as {whole} would be (VAE time factor {factor})"
    )
    tokens = -(-latent // model.patch_frames)  # incomplete patches in time are padded
    return {**numbers, n_latent: float(tokens)}, () if whole == frames else (note,)


def _with_references(model: Model, numbers: dict[Symbol, float]) -> tuple[dict[Symbol, float], tuple[str, ...]]:
    """Add the tokens that reference images bring into the prompt, and say what they add to the latent."""
    count = int(numbers[n_ref])
    if not count:
        return numbers, ()
    networks = model.networks() if model.networks is not None else None
    rows = networks.reference_rows if networks is not None else 0
    if networks is None or not rows:
        raise InputError(f"references = {count}: {model.id} appends no reference images; leave references out")
    prompt = count * networks.image_tokens
    also = f" and {prompt:,} to the prompt" if prompt else ""
    note = f"references = {count}: they add {count * rows:,} tokens to the latent{also}; the VAE encodes them"
    return {**numbers, m: numbers[m] + prompt}, (note,)


def _unencoded(model: Model, numbers: Mapping[Symbol, float]) -> tuple[str, ...]:
    """Say that encoding the images that a pipeline is given is left out, where the encoder is not known."""
    networks = model.networks() if model.networks is not None else None
    if networks is None or not (numbers[n_ref] or networks.images) or networks.encoder is not None:
        return ()
    return ("vae_encoder is not counted: the encoding half of the VAE is not known",)
