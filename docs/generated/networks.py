"""Which transformers of diffusers are supported, by family, and which are not, with the reason."""

from collections.abc import Iterator
from importlib import import_module

from ditcarbon_sym.architectures import FAMILIES
from ditcarbon_sym.catalog import recognise, stages
from ditcarbon_sym.reports.formats import markdown_table

ROOMS = {"denoisers": "Denoisers", "controlnets": "ControlNets", "decoders": "VAEs", "text_encoders": "Text encoders"}
WORDS = {"image": "images", "video": "videos", "audio": "audio"}


def pages() -> dict[str, str]:
    """Return the one page."""
    return {"reference/networks.md": "\n\n".join(_parts()) + "\n"}


def _parts() -> Iterator[str]:
    every = recognise.classes()
    found = [name for name in every if recognise.is_supported(name)]
    yield "# Networks"
    yield (
        f"Of the {len(every)} transformers of diffusers {recognise.version()} that make images, videos or audio, "
        f"{len(found)} are supported: a configuration is counted to the last parameter and FLOP, which `make verify` "
        "checks against the real class on the meta device. One whose release is in the catalogue has that release's "
        "request; the others are counted at the request that is given "
        "([read a diffusers folder](../how-to/diffusers-folder.md))."
    )
    rows = [(WORDS[x], str(len(recognise.classes(x))), str(_supported(x))) for x in recognise.MAKES]
    yield markdown_table(("makes", "transformers of diffusers", "supported"), rows)
    for room, title in ROOMS.items():
        yield f"## {title}"
        yield markdown_table(("class", "family", "releases in the catalogue"), list(_rows(room)))
    yield "## Not supported"
    yield "A configuration of such a class is refused by its name. `Transformer2DModel` is read as its successors are."
    out = [(f"`{name}`", recognise.reason(name) or "not described yet") for name in every if name not in found]
    others = [(f"`{name}`", recognise.reason(name)) for name in recognise.classes("other")]
    yield markdown_table(("class", "why"), sorted([*out, *others]))


def _supported(kind: str) -> int:
    return sum(recognise.is_supported(name) for name in recognise.classes(kind))


def _rows(room: str) -> Iterator[tuple[str, str, str]]:
    """A row for each class: its name, what its family is by the first line of its file, its releases."""
    released = stages.shipped_classes()
    for family, names in FAMILIES.items():
        if family.startswith(room):
            lines = (import_module(f"ditcarbon_sym.architectures.{family}").__doc__ or "").splitlines()
            for name in names:
                yield f"`{name}`", lines[0].rstrip("."), ", ".join(released.get(name, ()))
