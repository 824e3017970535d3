"""From a diffusers folder to the networks in it: dispatch on ``_class_name``, nothing guessed.

A pipeline's folder holds ``model_index.json`` and a folder for each component; a single transformer's ``config.json``
will do, too. What is not understood is refused with its class and field; a stage beside the denoiser that is not
understood is left out and named.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..architectures import MODULES, network_class
from ..architectures.network import Decoder, Denoiser, Encoder
from ..equations.notation import P_VAE, P_enc
from ..errors import InputError, nearest
from . import stages
from .files import read_json
from .loading import Model, load, model_of
from .stages import DECODER, TEXT, Stages, TextStage

INDEX, CONFIG = "model_index.json", "config.json"
LEGACY = {"ada_norm_zero": "DiTTransformer2DModel", "ada_norm_single": "PixArtTransformer2DModel"}
"""``Transformer2DModel`` of older releases, by its norm_type: what diffusers loads in its place."""
LEGACY_DEFAULTS = {"attention_type": "default", "interpolation_scale": None, "caption_channels": None}
"""Fields of that class that its successors do not all have, at the values that change nothing."""
COMPANIONS = ("scheduler", "tokenizer", "feature_extractor", "image_processor", "processor", "safety_checker")
"""Components without weights of note, by how their names begin."""


def from_diffusers(path: str | Path) -> Stages:
    """Read the networks of a pipeline's folder, or of one transformer's ``config.json``.

    Raises `InputError` in one line for anything that is not a diffusion transformer understood here.
    """
    path = Path(path)
    if path.name == INDEX:
        raise InputError(f"{path}: is a pipeline's index; give the folder it is in")
    if not path.is_dir():
        denoiser = _denoiser(read_json(path), path)
        why = "only the transformer's configuration was given"
        return Stages(
            type(denoiser).__name__,
            denoiser,
            None,
            None,
            absent={TEXT: why, DECODER: why},
            sources={"transformer": str(path)},
        )
    if not (path / INDEX).exists():
        raise InputError(f"{path}: no {INDEX}; expected a pipeline's folder, or the transformer's {CONFIG}")
    return _pipeline(read_json(path / INDEX), path)


def model_from(path: str | Path) -> Model:
    """Return the model of a folder or configuration. Its default request, and where only a transformer is given its
    other stages at leading order, are those of the catalogue's model with the same class and the nearest size.
    """
    networks = from_diffusers(path)
    nearest_id = _nearest_release(networks)
    known = load().model(nearest_id)
    if networks.decoder is None:
        factors = stages.shipped(nearest_id).factors
        said = f"VAE factors {factors[0]} in space and {factors[1]} in time are assumed: those of {nearest_id}"
        networks = dataclasses.replace(networks, assumed_factors=factors, remarks=(*networks.remarks, said))
    model = model_of(networks.name, networks, known.request, str(path))
    borrowed = {x: known.values[x] for x in (P_enc, P_VAE) if x not in model.values}
    return dataclasses.replace(model, values={**model.values, **borrowed}, request_from=nearest_id)


def _nearest_release(networks: Stages) -> str:
    """The shipped model with the same transformer class, and the width and depth that come nearest."""
    kind = type(networks.denoiser).__name__
    size = {name: float(x) for name, x in networks.denoiser.leading_order().items()}

    channels = networks.denoiser.in_channels

    def distance(name: str) -> tuple[bool, float]:
        other = stages.shipped(name).denoiser
        order = other.leading_order()
        return other.in_channels != channels, sum(abs(float(order[x]) / size[x] - 1) for x in size if size[x])

    classes = stages.shipped_classes()
    plain = kind.removesuffix("ExpandedTimesteps")
    return min((*classes.get(plain, ()), *classes.get(f"{plain}ExpandedTimesteps", ())), key=distance)


def _pipeline(index: Mapping[str, Any], path: Path) -> Stages:
    components = {name: entry[1] for name, entry in index.items() if _is_component(entry)}
    if "transformer" not in components:
        raise InputError(
            f"{path / INDEX}: {index.get('_class_name', 'the pipeline')} has no transformer"
            + (f" but a unet ({components['unet']})" if "unet" in components else "")
            + "; expected a diffusion transformer's pipeline"
        )
    denoiser = _denoiser(_component(path, "transformer"), path / "transformer" / CONFIG)
    if index.get("expand_timesteps"):
        denoiser = _with_a_timestep_for_each_token(denoiser, path)
    absent: dict[str, str] = {}
    remarks = [
        f"{name} ({kind}) is not counted"
        for name, kind in components.items()
        if not name.startswith((*COMPANIONS, "transformer", "vae", "text_encoder"))
    ]
    copies = 1
    if "transformer_2" in components:
        second = _denoiser(_component(path, "transformer_2"), path / "transformer_2" / CONFIG)
        if second != denoiser:
            raise InputError(f"{path}: transformer and transformer_2 differ; expected two of the same configuration")
        copies = 2
        remarks.append("two transformers take turns over the steps: parameters are those of one, memory of both")
    return Stages(
        _printable(index.get("_class_name"), path.name), denoiser, _decoder(path, components, absent),
        _text(path, components, denoiser, absent), absent, tuple(remarks), {"pipeline": str(path)}, copies=copies,
    )  # fmt: skip


def _printable(name: Any, otherwise: str) -> str:
    """A name that can be shown: what a file says may hold anything."""
    return name if isinstance(name, str) and name.isidentifier() and len(name) <= 64 else ascii(otherwise)[1:-1][:64]


def _with_a_timestep_for_each_token(denoiser: Denoiser, path: Path) -> Denoiser:
    """The same network fed with a timestep for each token, as the index asks for."""
    kind = f"{type(denoiser).__name__}ExpandedTimesteps"
    if kind not in MODULES:
        raise InputError(f"{path / INDEX}: expand_timesteps is not understood for {type(denoiser).__name__}")
    fields = {x.name: getattr(denoiser, x.name) for x in dataclasses.fields(denoiser)}  # type: ignore[arg-type]
    found: Denoiser = network_class(kind)(**fields)
    return found


def _is_component(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry)


def _component(path: Path, name: str) -> dict[str, Any]:
    return read_json(path / name / CONFIG)


def _denoiser(configuration: Mapping[str, Any], path: Path) -> Denoiser:
    name = configuration.get("_class_name")
    if name == "Transformer2DModel":
        name = LEGACY.get(str(configuration.get("norm_type")), name)
    kinds = sorted(kind for kind in MODULES if "Transformer" in kind or kind == "HunyuanDiT2DModel")
    if not isinstance(name, str):
        raise InputError(f"{path}: no _class_name; expected the config.json of a diffusers transformer")
    if name not in kinds:
        raise InputError(
            f"{path}: _class_name = {name[:60]!r} is no diffusion transformer known here{nearest(name, kinds)}"
        )
    if configuration.get("_class_name") == "Transformer2DModel":
        unused = set(LEGACY_DEFAULTS) - {x.name for x in dataclasses.fields(network_class(name))}
        kept = {
            key: value for key, value in configuration.items() if key not in unused or value != LEGACY_DEFAULTS[key]
        }
        configuration = kept
    found: Denoiser = _network(name, configuration, path)
    return found


def _decoder(path: Path, components: Mapping[str, str], absent: dict[str, str]) -> Decoder | None:
    if "vae" not in components:
        absent[DECODER] = "the pipeline names no VAE"
        return None
    try:
        configuration = _component(path, "vae")
        name = str(configuration.get("_class_name"))
        if name not in MODULES or not issubclass(network_class(name), Decoder):
            raise InputError(f"{name} is not modelled")
        found: Decoder = _network(name, configuration, path / "vae" / CONFIG)
        return found
    except InputError as error:
        absent[DECODER] = str(error)
        return None


def _text(
    path: Path, components: Mapping[str, str], denoiser: Denoiser, absent: dict[str, str]
) -> tuple[TextStage, ...] | None:
    """The text encoders; each is fed as many tokens as in the shipped pipeline with the same transformer class."""
    names = sorted(name for name in components if name.startswith("text_encoder"))
    try:
        networks = [(name, _encoder(path, name, components[name])) for name in names]
    except InputError as error:
        absent[TEXT] = str(error)
        return None
    known = [
        stage
        for released in stages.shipped_classes()[type(denoiser).__name__]
        for stage in stages.shipped(released).text or ()
    ]
    usual = min(len(stages.shipped(x).text or ()) for x in stages.shipped_classes()[type(denoiser).__name__])
    if len(names) < usual:
        absent[TEXT] = f"the index names {len(names)} text encoders where the released pipeline has {usual}"
        return None
    found = []
    for name, network in networks:
        like = next((stage for stage in known if type(stage.network) is type(network)), None)
        found.append(
            TextStage(name, network) if like is None else dataclasses.replace(like, name=name, network=network)
        )
    return tuple(found)


def _encoder(path: Path, folder: str, name: str) -> Encoder:
    """A text encoder of the class that the pipeline loads; of its many fields those that shape it are read."""
    configuration = _component(path, folder)
    if name not in MODULES or not issubclass(network_class(name), Encoder):
        raise InputError(f"{name} is not modelled")
    for key in ("text_config", "vision_config"):
        half = configuration.get(key)
        if not isinstance(half, dict | None):
            raise InputError(f"{name}: {key} = {str(half)[:40]!r} is not an object")
    found: Encoder = _network(name, network_class(name).read(configuration), path / folder / CONFIG)
    return found


def _network(name: str, configuration: Mapping[str, Any], path: Path) -> Any:
    from .schema import validate_network

    kind = network_class(name)
    fields = {x.name for x in dataclasses.fields(kind)}
    passed_over: frozenset[str] = getattr(kind, "passed_over", frozenset())
    # A field that this class does not have and that is off adds nothing; diffusers, too, passes it over.
    given = {
        key: value
        for key, value in configuration.items()
        if key in fields or not (key.startswith("_") or key in passed_over or value is None or value is False)
    }
    return validate_network(kind, given, f"{path}: {name}")
