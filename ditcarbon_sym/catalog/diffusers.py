"""From a diffusers folder to the networks in it, by the class that each configuration names. Nothing is guessed.

A pipeline's folder holds ``model_index.json`` and a folder for each component; the transformer's ``config.json`` or
its folder is enough. A denoiser that is not understood is refused with its class and field. Any other component that
is not understood is left out and named.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..architectures import MODULES, network_class
from ..architectures.decoders.sound.film import with_sound
from ..architectures.network import Decoder, Denoiser, Network
from ..architectures.text_encoders.encoder import Encoder
from ..errors import InputError, nearest
from . import stages
from .files import read_json
from .index import AFTER_TEXT, EXPAND, INDEX, OF_SOUND, given_images, is_component, left_out, named_signs, signs
from .networks import network, shown
from .recognise import LEGACY, is_supported, reason, refuse_binary, refuse_foreign
from .stages import CONTROL, DECODER, ENCODED, REFERENCES, TEXT, Stages, TextStage

CONFIG = "config.json"
HEADLESS = {("MiniMaxH3Transformer3DModel", "Qwen3VLForConditionalGeneration"): "Qwen3VLConditioner"}
"""Denoisers and text encoders whose output head does not run beside them, and what these are called here."""
LEGACY_DEFAULTS = {"attention_type": "default", "interpolation_scale": None, "caption_channels": None}
"""Fields of that class that its successors do not all have, at the values that change nothing."""


def from_diffusers(path: str | Path) -> Stages:
    """Read the networks of a pipeline's folder, or of one transformer's ``config.json`` or folder.

    Raises `InputError` in one line for anything that is no diffusion transformer understood here.

    >>> import json, tempfile
    >>> from ditcarbon_sym.errors import InputError
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "config.json"
    ...     _ = path.write_text(json.dumps({"_class_name": "UNet2DModel"}))
    ...     try:
    ...         from_diffusers(path)
    ...     except InputError as error:
    ...         print("UNet2DModel" in str(error))
    True
    """
    path = Path(path)
    if path.name == INDEX:
        raise InputError(f"{path}: is a pipeline's index; give the folder it is in")
    if not path.is_dir():
        return _lone(path)
    if (path / INDEX).exists():
        return _pipeline(read_json(path / INDEX), path)
    if (path / CONFIG).exists():
        return _lone(path / CONFIG)
    inner = f"; {path / 'transformer'} has one" if (path / "transformer" / CONFIG).exists() else ""
    raise InputError(f"{path}: no {INDEX} and no {CONFIG}; expected a pipeline's folder or a transformer's{inner}")


def _lone(path: Path) -> Stages:
    """The transformer of one configuration; the other stages are not known."""
    refuse_binary(path)
    configuration = read_json(path)
    denoiser, warnings = _denoiser(configuration, path)
    denoiser, assumed = _as_released(denoiser)
    why = "only the transformer's configuration was given"
    return Stages(
        type(denoiser).__name__, denoiser, None, None, absent={TEXT: why, DECODER: why},
        sources={"transformer": str(path)}, warnings=(*assumed, *warnings), signs=named_signs(path, configuration),
    )  # fmt: skip


def _as_released(denoiser: Denoiser) -> tuple[Denoiser, tuple[str, ...]]:
    """Of a network that was only released with a timestep for each token, that variant: an index would ask for it."""
    kind = f"{type(denoiser).__name__}{stages.EXPANDED}"
    for name in stages.shipped_classes().get(kind, ()):
        variant = _expanded(denoiser)
        if variant == stages.shipped(name).denoiser:
            return variant, (f"a timestep for each token is assumed, as the index of {name} asks for",)
    return denoiser, ()


def _pipeline(index: Mapping[str, Any], path: Path) -> Stages:
    components = {name: entry[1] for name, entry in index.items() if is_component(entry)}
    if "transformer" not in components:
        raise InputError(
            f"{path / INDEX}: {_printable(index.get('_class_name'), 'the pipeline')} has no transformer"
            + (f" but a unet ({components['unet'][:60]})" if "unet" in components else "")
            + "; expected a diffusion transformer's pipeline"
        )
    configuration = _component(path, "transformer")
    denoiser, warnings = _denoiser(configuration, path / "transformer" / CONFIG)
    if index.get(EXPAND):
        if f"{type(denoiser).__name__}{stages.EXPANDED}" not in MODULES:
            raise InputError(f"{path / INDEX}: expand_timesteps is not understood for {type(denoiser).__name__}")
        denoiser = _expanded(denoiser)
    absent: dict[str, str] = {}
    copies = 1
    taken_in_turn: tuple[str, ...] = ()
    if "transformer_2" in components:
        second, _ = _denoiser(_component(path, "transformer_2"), path / "transformer_2" / CONFIG)
        if second != denoiser:
            raise InputError(f"{path}: transformer and transformer_2 differ; expected two of the same configuration")
        copies = 2
        taken_in_turn = ("two transformers take turns over the steps: parameters are those of one, memory of both",)
    control, beside = _control(path, components)
    decoder, ignored = _decoder(path, components, denoiser, absent)
    kind = _printable(index.get("_class_name"), path.name)
    text, unread = _text(path, kind, components, denoiser, absent)
    references, image_tokens = REFERENCES.get(kind, (0, 0))
    return Stages(
        kind, denoiser, decoder, text, absent, (), {"pipeline": str(path)}, copies=copies,
        warnings=(
            *taken_in_turn, *left_out(index, components), *given_images(kind, control), *beside, *warnings, *ignored,
            *unread,
        ),
        signs=(*signs(index, components), *named_signs(path, {**configuration, **index})),
        control=control, references=references, image_tokens=image_tokens,
        images=1 if control is not None else ENCODED.get(kind, 0),
    )  # fmt: skip


def _control(path: Path, components: Mapping[str, str]) -> tuple[Network | None, tuple[str, ...]]:
    """The ControlNet beside the denoiser, and what to say of it; None where there is none that is understood."""
    name = components.get(CONTROL, "")
    try:
        if not name:
            return None, ()
        if name not in MODULES:
            raise InputError(f"{shown(name)} is not modelled")
        found, ignored = network(name, _component(path, CONTROL), str(path / CONTROL / CONFIG))
    except InputError as error:
        return None, (f"{CONTROL} ({shown(name)}) is not counted: {error}",)
    return found, (
        f"{CONTROL} ({name}) is counted beside the denoiser, once a step, and the encoding of its image",
        *ignored,
    )


def _printable(name: Any, otherwise: str) -> str:
    """A name that can be shown: what a file says may hold anything."""
    return name if isinstance(name, str) and name.isidentifier() and len(name) <= 64 else ascii(otherwise)[1:-1][:64]


def _expanded(denoiser: Denoiser) -> Denoiser:
    """The same network fed with a timestep for each token."""
    fields = {x.name: getattr(denoiser, x.name) for x in dataclasses.fields(denoiser)}  # type: ignore[arg-type]
    found: Denoiser = network_class(f"{type(denoiser).__name__}{stages.EXPANDED}")(**fields)
    return found


def _component(path: Path, name: str) -> dict[str, Any]:
    return read_json(path / name / CONFIG)


def _denoiser(configuration: Mapping[str, Any], path: Path) -> tuple[Denoiser, tuple[str, ...]]:
    """The diffusion transformer of a configuration, and what was ignored in it."""
    name = configuration.get("_class_name")
    if name == "Transformer2DModel":
        name = LEGACY.get(str(configuration.get("norm_type")), name)
    kinds = sorted(kind for kind, module in MODULES.items() if module.startswith("denoisers."))
    if name not in kinds:
        refuse_foreign(path, configuration)
        if isinstance(name, str) and name in MODULES:
            raise InputError(f"{path}: {name} runs beside a denoiser; give the folder of the pipeline that it is in")
        if not isinstance(name, str):
            raise InputError(f"{path}: no _class_name; expected the config.json of a diffusers transformer")
        if not is_supported(name) and reason(name):
            raise InputError(f"{path}: {name} is not supported: {reason(name)}")
        raise InputError(
            f"{path}: _class_name = {name[:60]!r} is no diffusion transformer known here{nearest(name, kinds)}"
        )
    if configuration.get("_class_name") == "Transformer2DModel":
        unused = set(LEGACY_DEFAULTS) - {x.name for x in dataclasses.fields(network_class(name))}
        configuration = {
            key: value for key, value in configuration.items() if key not in unused or value != LEGACY_DEFAULTS[key]
        }
    return network(name, configuration, str(path))


def _decoder(
    path: Path, components: Mapping[str, str], denoiser: Denoiser, absent: dict[str, str]
) -> tuple[Decoder | None, tuple[str, ...]]:
    """The decoder of the VAE and those of sound, and what was ignored in their configurations."""
    if "vae" not in components:
        absent[DECODER] = "the pipeline names no VAE"
        return None, ()
    try:
        vae, ignored = _decoding(path, "vae")
        alike = stages.shipped_classes().get(type(denoiser).__name__, ())[:1] if denoiser.sound_rows else ()
        usual = [part for x in alike for part in getattr(stages.shipped(x).decoder, "sound", ())]
        folders = [OF_SOUND[type(part).__name__] for part in usual]
        for folder in folders:
            if folder not in components:
                raise InputError(f"the pipeline names no {folder}, which decodes its sound")
        sound = [_decoding(path, folder) for folder in folders]
    except InputError as error:
        absent[DECODER] = str(error)
        return None, ()
    every = (*ignored, *(line for _, lines in sound for line in lines))
    return with_sound(vae, tuple(x for x, _ in sound), denoiser.sound_rows), every


def _decoding(path: Path, folder: str) -> tuple[Any, tuple[str, ...]]:
    """A decoder of the class that its configuration names."""
    configuration = _component(path, folder)
    name = str(configuration.get("_class_name"))
    if name not in MODULES or not issubclass(network_class(name), Decoder):
        raise InputError(f"{name[:60]} is not modelled")
    return network(name, configuration, str(path / folder / CONFIG))


def _text(
    path: Path, kind: str, components: Mapping[str, str], denoiser: Denoiser, absent: dict[str, str]
) -> tuple[tuple[TextStage, ...] | None, tuple[str, ...]]:
    """The text encoders; each is fed as many tokens as in the shipped pipeline of this ``kind``, or else with the same
    class of transformer.
    """
    who = type(denoiser).__name__
    names = sorted(name for name in components if name.startswith("text_encoder"))
    names += [name for name in AFTER_TEXT.values() if name in components]
    try:
        read = [_encoder(path, name, HEADLESS.get((who, components[name]), components[name])) for name in names]
    except InputError as error:
        absent[TEXT] = str(error)
        return None, ()
    alike = (*stages.shipped_as(kind), *stages.shipped_classes().get(type(denoiser).__name__, ()))
    texts = [stages.shipped(x).text for x in alike]
    if not names and texts and all(x is None for x in texts):
        absent[TEXT] = "the pipeline names no text encoder that is modelled"
        return None, ()
    released = [x or () for x in texts]
    usual = min((len(x) for x in released), default=len(names))
    if len(names) < usual:
        absent[TEXT] = f"the index names {len(names)} text encoders where the released pipeline has {usual}"
        return None, ()
    found = []
    for name, (encoder, _) in zip(names, read, strict=True):
        like = next((x for text in released for x in text if type(x.network) is type(encoder)), None)
        found.append(
            TextStage(name, encoder) if like is None else dataclasses.replace(like, name=name, network=encoder)
        )
    return tuple(found), tuple(line for _, ignored in read for line in ignored)


def _encoder(path: Path, folder: str, name: str) -> tuple[Encoder, tuple[str, ...]]:
    """A text encoder of the class that the pipeline loads; of its many fields, those that shape it are read."""
    configuration = _component(path, folder)
    if name not in MODULES or not issubclass(network_class(name), Encoder):
        raise InputError(f"{name[:60]} is not modelled")
    for key in ("text_config", "vision_config"):
        half = configuration.get(key)
        if not isinstance(half, dict | None):
            raise InputError(f"{name}: {key} = {str(half)[:40]!r} is not an object")
    known = network_class(name).read(configuration)
    if "quantization_config" in configuration:
        known["quantization_config"] = configuration["quantization_config"]
    return network(name, known, str(path / folder / CONFIG))
