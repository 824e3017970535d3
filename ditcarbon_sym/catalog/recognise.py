"""What a file is that is no configuration of a supported class of diffusers, and the way out of it, in one line."""

import json
import re
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from ..architectures import MODULES
from ..equations.notation import N, d
from ..errors import InputError
from . import stages
from .files import DATA, read_toml
from .networks import shown

LARGEST_HEADER = 100_000_000
"""Bytes of a safetensors header, the format's own limit."""
ASK = "give the transformer's config.json or the pipeline's folder"
MAGIC: Mapping[bytes, str] = {
    b"GGUF": "is a GGUF file, quantised weights", b"PK\x03\x04": "is a PyTorch checkpoint (or another zip archive)",
    b"\x80\x02": "is a pickled PyTorch checkpoint", b"\x89HDF": "is an HDF5 file",
}  # fmt: skip
"""First bytes of files that people have beside a configuration."""
MARKS: Mapping[str, str] = {
    "weight_map": "is the index of a checkpoint's parts",
    "nodes": "is a workflow of ComfyUI",
    "num_train_timesteps": "is a scheduler's configuration",
    "tokenizer_class": "is a tokenizer's configuration",
    "block_out_channels": "is the configuration of a VAE or a UNet",
    "architectures": "is a configuration of transformers, such as a text encoder has",
}
"""Keys that tell what a JSON file is; the first that is there decides."""
WIDTHS, DEPTHS = ("dim", "hidden_dim", "hidden_size"), ("num_layers", "n_layers", "depth")
"""How original repositories call the width and the depth of a network."""
CLOSE = 0.02
"""Relative difference of two numbers of parameters up to which a network is named."""

LEGACY = {"ada_norm_zero": "DiTTransformer2DModel", "ada_norm_single": "PixArtTransformer2DModel"}
"""``Transformer2DModel`` of older releases, by its norm_type: what diffusers loads in its place."""
MAKES = ("image", "video", "audio")
"""What a denoiser makes; the other transformers are no denoisers of these."""


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    return read_toml(DATA / "diffusers.toml")


def classes(makes: str | None = None) -> tuple[str, ...]:
    """The transformers of diffusers that make images, video or audio; of one kind if it is named.

    >>> len(classes()), "FluxTransformer2DModel" in classes("image")
    (71, True)
    """
    kinds = MAKES if makes is None else (makes,)
    return tuple(name for kind in kinds for name in _table()["classes"][kind])


def is_supported(name: str) -> bool:
    """Whether a configuration of this class is counted: by a family, or as the class that diffusers loads in its place.

    >>> is_supported("Transformer2DModel"), is_supported("BriaFibo2Transformer2DModel")
    (True, False)
    """
    return name in MODULES or name == "Transformer2DModel"


def reason(name: str) -> str:
    """Why a class stays out; empty for one that is not known, or only not described yet.

    >>> reason("TransformerTemporalModel")
    'it is a part of a U-Net, which has no tokens of its own'
    """
    return str(_table()["reasons"].get(name, ""))


def version() -> str:
    """The release of diffusers whose classes these are."""
    return str(_table()["version"])


def refuse_binary(path: Path) -> None:
    """Raise `InputError` if the file holds weights; say how many, and whose, where its header tells."""
    try:
        if not path.is_file():  # a pipe would wait for a writer
            return
        with path.open("rb") as file:
            start = file.read(9)
    except (OSError, ValueError):
        return  # the reader of the text says what is wrong
    for magic, words in MAGIC.items():
        if start.startswith(magic):
            raise InputError(f"{path}: {words}; {ASK}")
    if start[8:] == b"{" and start[5:8] == b"\0\0\0":  # the length of the header comes first
        raise InputError(f"{path}: is a safetensors file, weights{_counted(path)}; {ASK}")


def _counted(path: Path) -> str:
    """The parameters of a safetensors file by the shapes in its header, and the shipped network that has as many."""
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(size, LARGEST_HEADER)), parse_int=_small)
        count = sum(_elements(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    except (OSError, ValueError, TypeError, KeyError, RecursionError, AttributeError):
        return ""
    return f" of {count:,} parameters{_like(count)}" if count > 0 else ""


def _small(text: str) -> int:
    return int(text) if len(text) < 16 else -1  # no tensor has such a side


def _elements(shape: Any) -> int:
    """The elements of a tensor; raises `ValueError` for a shape that no tensor has."""
    if not isinstance(shape, list) or len(shape) > 8 or any(type(x) is not int or not 0 <= x < 2**40 for x in shape):
        raise ValueError("no shape")
    return prod(shape)


def _like(count: int) -> str:
    """The shipped denoiser whose number of parameters comes nearest, where it is near."""
    every = {name: stages.shipped(name).weights()[stages.DENOISER] or 0 for name in stages.shipped_ids()}
    off = {name: abs(weights / count - 1) for name, weights in every.items()}
    least = min(off.values())
    names = " and ".join(sorted(name for name, error in off.items() if error == least))
    return f", about as many as the denoiser of {names} has" if least <= CLOSE else ""


def refuse_foreign(path: Path, found: Mapping[str, Any]) -> None:
    """Raise `InputError` if a JSON object is something else than the configuration of a network of diffusers."""
    measured = next((key for key in _keys(found) if "energy" in key.lower()), None)
    if measured is not None:
        raise InputError(
            f"{path}: holds measurements, as ML.ENERGY publishes them ({shown(measured)}), not a network; "
            "for 'ditcarbon fit' write a CSV with model, height, width, batch, steps and time_s or energy_j"
        )
    for mark, words in MARKS.items():
        if mark in found:
            raise InputError(f"{path}: {words} ({mark}), not of a diffusion transformer; {ASK}")
    width = next((found[key] for key in WIDTHS if key in found), None)
    depth = next((found[key] for key in DEPTHS if key in found), None)
    if width is not None and depth is not None:
        known = _likely(_of_size(width, depth), found)
        named = f", or name the model: {' or '.join(known)}" if known else ""
        raise InputError(
            f"{path}: is a configuration of the original repository (width {shown(width)}, depth {shown(depth)}); "
            f"expected that of the diffusers release{named}"
        )


def _keys(found: Mapping[str, Any]) -> list[str]:
    """The keys of an object, of the objects in it, and of the first object of each list in it."""
    inner = [value[0] if isinstance(value, list) and value else value for value in found.values()]
    return [*found, *(key for value in inner if isinstance(value, dict) for key in value)]


def _of_size(width: Any, depth: Any) -> list[str]:
    """The shipped models of this width and depth."""
    found = []
    for name in sorted(stages.shipped_ids()):
        order = stages.shipped(name).denoiser.leading_order()
        if order[d] == width and order[N] == depth:
            found.append(name)
    return found


def _likely(names: list[str], found: Mapping[str, Any]) -> list[str]:
    """Those that also have the channels that go in, the family's name and the kind of model, as far as any has."""
    family = re.match(r"[A-Z][a-z]+|", str(found.get("_class_name", "")))
    checks: list[Callable[[str], bool]] = [
        lambda name: bool(stages.shipped(name).denoiser.in_channels == found.get("in_dim")),
        lambda name: name.startswith(family[0].lower()) if family else False,
        lambda name: str(found.get("model_type")) in name.split("-"),
    ]
    for check in checks:
        names = [name for name in names if check(name)] or names
    return names
