"""Count the real classes on the meta device, and write their parameters and FLOP to ``tests/ground_truth``.

``python -m fits.ground_truth`` counts every released network again. With ``denoisers``, ``decoders`` or ``encoders`` it
writes that file alone, and with the names of models their rows of the denoisers; with those of VAEs or text encoders
their rows. ``--check`` counts a few denoisers, or
the named models, and compares them with the file. This needs the extra ``verify``.
"""

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import torch

from ditcarbon_sym.architectures import ELSEWHERE
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.csv_table import read_table
from ditcarbon_sym.catalog.files import DATA, read_toml, shipped_names, shipped_table
from ditcarbon_sym.catalog.stages import Stages
from ditcarbon_sym.measure import networks
from fits import reference
from fits.reference import counting, text_encoders

TARGET = Path(__file__).parent.parent / "tests" / "ground_truth"
Row = dict[str, Any]
CHECKED = ("pixart-alpha", "sd3.5-medium", "cogvideox-1.5-5b", "sana-1.6b", "z-image-turbo", "latte-1")
"""Models that ``--check`` counts: one of each kind of structure, none of them large."""
IMAGE_SIZES = ((1.0, 1.0), (0.5, 0.75), (1.5, 0.5))
"""Three shapes of each model, in units of the default height and width."""
SHORTER = (1.0, 0.5, 0.25)
"""Text tokens and frames at those shapes, in units of the default."""
TOKENS = (7, 77, 300)
SIDES = ((32, 32), (24, 40), (16, 8))
"""Latent heights and widths at which decoders are counted."""
FRAMES = (9, 5, 1)
STEPS = (40, 13, 2)
"""Latent steps of sound at which its decoders are counted."""


def references(kind: str) -> dict[str, Any]:
    """The dictionaries that the files of `fits.reference` hold under one name, merged."""
    found: dict[str, Any] = {}
    for module in iter_modules(reference.__path__):
        found |= getattr(import_module(f"{reference.__name__}.{module.name}"), kind, {})
    return found


def shapes(name: str, networks: Stages) -> Iterator[tuple[int, int, int, int, int, int, int]]:
    """Yield height, width, frames, latent height, width and frames, and text tokens for three requests."""
    request = read_toml(DATA / "pipelines" / f"{name}.toml").get("request") or _printed(name)
    space, time = networks.factors
    whole_frames, whole_sides = references("WHOLE").get(type(networks.denoiser).__name__, (1, 1))
    unit = space * networks.denoiser.patch * whole_sides
    for (tall, wide), part in zip(IMAGE_SIZES, SHORTER, strict=True):
        height, width = (
            max(1, round(request[side] * factor / unit)) * unit for side, factor in (("height", tall), ("width", wide))
        )
        if type(networks.denoiser).__name__ in references("SQUARE"):
            width = height
        frames = max(1, int(request.get("frames", 1) * part) // time * time + 1) if networks.denoiser.is_video else 1
        if request.get("frames", 1) == 1:
            frames = 1
        if time == 1 and networks.denoiser.is_video:
            frames = max(1, int(request["frames"] * part))
        if whole_frames > 1:
            frames = time * (max(1, (frames - 1) // time // whole_frames) * whole_frames - 1) + 1
        latent = (frames - 1) // time + 1
        depth = -(-latent // networks.denoiser.patch_frames) * networks.denoiser.patch_frames
        fixed = networks.denoiser.text_tokens_fixed
        text = max(1, int(request["text_tokens"] * part)) if fixed is None else fixed
        yield height, width, frames, height // space, width // space, depth, (text if request["text_tokens"] else 0)


def _printed(name: str) -> Mapping[str, int]:
    found: Mapping[str, int] = read_toml(DATA / "models.toml")["models"][name]["request"]
    return found


def denoisers(names: Iterable[str]) -> Iterator[Row]:
    """Count the denoisers of these catalogue models, each at three shapes."""
    inputs, patches, released = references("DENOISERS"), references("PATCHES"), references("RELEASED_AS")
    for name in names:
        networks = stages.shipped(name)
        configuration = read_toml(DATA / "pipelines" / f"{name}.toml")["transformer"]
        kind = configuration["_class_name"]
        net = counting.build({**configuration, "_class_name": released.get(kind, kind)})
        patches.get(kind, _untouched)(net)
        for height, width, frames, tall, wide, depth, text in shapes(name, networks):
            found = counting.count(net, lambda: net(**inputs[kind](net, tall, wide, depth, text)))  # noqa: B023
            yield {
                "id": name, "class": kind, "height": height, "width": width, "frames": frames, "latent_height": tall,
                "latent_width": wide, "latent_frames": depth, "text_tokens": text, **vars(found),
            }  # fmt: skip


def decoders(names: Iterable[str] = ()) -> Iterator[Row]:
    """Count the VAE decoders, all or those of these names, each at three sizes."""
    inputs, decode, sizes = references("DECODERS"), references("DECODE"), references("SIZES")
    for name, table in chosen("vaes", names):
        configuration = {key: value for key, value in table.items() if key != "sources"}
        kind = configuration["_class_name"]
        net = counting.build(configuration)
        ours = stages.made(configuration)
        parts = networks.decoding_parts(net)
        usual = [(*side, n) for side, n in zip(SIDES, FRAMES, strict=True)]
        for tall, wide, depth in sizes.get(kind, usual if ours.spatial_factor > 1 else [(1, 1, n) for n in STEPS]):
            depth = depth if ours.is_video else 1
            with torch.device("meta"):
                latent = inputs[kind](net, tall, wide, depth)
            found = counting.count(net, lambda: decode.get(kind, _decode)(net, latent), parts)  # noqa: B023
            yield {
                "id": name, "class": kind, "height": tall * ours.spatial_factor, "width": wide * ours.spatial_factor,
                "frames": (depth - 1) * ours.temporal_factor + 1, "latent_frames": depth, **vars(found),
            }  # fmt: skip


def encoders(names: Iterable[str] = ()) -> Iterator[Row]:
    """Count the text encoders, all or those of these names, each at three lengths."""
    for name, table in chosen("text_encoders", names):
        net = text_encoders.build(table)
        unit = text_encoders.MULTIPLES.get(table["_class_name"], lambda net: 1)(net)
        for tokens in TOKENS if unit == 1 else (unit, 3 * unit, 8 * unit):
            if tokens > getattr(net.config, "max_position_embeddings", tokens):
                continue
            found = counting.count(net, text_encoders.work(net, tokens))
            yield {"id": name, "class": table["_class_name"], "tokens": tokens, **vars(found)}


def chosen(kind: str, names: Iterable[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """The configurations of one kind of network that can be counted here, all or those of these names."""
    listed, wanted = {name: shipped_table(kind, name) for name in shipped_names(kind)}, set(names)
    ours = {name: table for name, table in listed.items() if table["_class_name"] not in ELSEWHERE}
    return [(name, table) for name, table in ours.items() if not wanted or name in wanted]


def _untouched(net: Any) -> None:
    """Most classes run on meta as they are."""


def _decode(net: Any, latent: Any) -> Any:
    return net.decode(latent)


def versions() -> str:
    """The libraries that counted."""
    return ", ".join(f"{name} {version(name).split('+')[0]}" for name in ("torch", "diffusers", "transformers"))


FILES: Mapping[str, Callable[[Iterable[str]], Iterator[Row]]] = {
    "denoisers": denoisers, "decoders": decoders, "encoders": encoders,
}  # fmt: skip


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write rows to a CSV file, with the libraries' versions above them."""
    listed = list(rows)
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# counted on the meta device with {versions()}; 1 fused multiply-add = 2 FLOP\n")
        writer = csv.DictWriter(file, fieldnames=list(listed[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)
    unfinished.replace(path)


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the files."""
    return read_table(TARGET / f"{name}.csv").rows()


def check(names: Iterable[str]) -> int:
    """Count these models again and compare with the file; return the number of rows compared."""
    known = {(row["id"], row["height"], row["width"], row["frames"]): row for row in read("denoisers")}
    compared = 0
    for row in denoisers(names):
        text = {key: str(value) for key, value in row.items()}
        stored = known[text["id"], text["height"], text["width"], text["frames"]]
        if text != stored:
            differing = [
                f"{key}: {stored[key]} stored, {text[key]} counted" for key in text if text[key] != stored[key]
            ]
            raise AssertionError(f"{row['id']}: {'; '.join(differing)}")
        compared += 1
    return compared


def main(arguments: list[str]) -> None:
    """Write the files, or with ``--check`` compare some of them."""
    names = [name for name in arguments if not name.startswith("-")]
    known = {
        "denoisers": sorted(stages.of_diffusers()), "decoders": [x for x, _ in chosen("vaes", ())],
        "encoders": [x for x, _ in chosen("text_encoders", ())],
    }  # fmt: skip
    unknown = set(names) - {*FILES, *(x for listed in known.values() for x in listed)}
    if unknown:
        raise SystemExit(
            f"error: unknown {', '.join(sorted(unknown))}; expected a catalogue model, a VAE, a text encoder or "
            f"{', '.join(FILES)}"
        )
    if "--check" in arguments:
        print(f"ground truth: {check(names or CHECKED)} denoiser counts as stored ({versions()})")
        return
    TARGET.mkdir(exist_ok=True)
    for file, rows in FILES.items():
        wanted = [name for name in names if name in known[file]]
        if names and file not in names and not wanted:
            continue
        kept = [row for row in read(file) if row["id"] not in wanted] if wanted else []
        order = {name: number for number, name in enumerate(known[file])}
        counted = rows(wanted or known[file])
        write(TARGET / f"{file}.csv", sorted([*kept, *counted], key=lambda row: order[str(row["id"])]))
        print(f"wrote {TARGET.name}/{file}.csv")


if __name__ == "__main__":
    main(sys.argv[1:])
