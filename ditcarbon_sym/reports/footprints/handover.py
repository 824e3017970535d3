"""A report to hand over: what was counted, how, where and when, what is left out, and every source in full.

The score is that of the Software Carbon Intensity, ISO/IEC 21031: C = ((E * I) + M) per R.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...catalog.files import DATA, read_toml
from ...errors import InputError
from ...estimation.footprint.boundaries import EXCLUDED
from ..document import Block, render
from ..formats import json_text, significant, write_together

SUFFIXES = (".html", ".md", ".tex")


class NoFigures:
    """A report without figures."""

    def svg(self, name: str) -> str:
        """Draw nothing."""
        return ""

    def tikz(self, name: str, caption: str) -> str:
        """Draw nothing."""
        return ""


@lru_cache(maxsize=1)
def bibliography() -> Mapping[str, str]:
    """Return every reference in full, by its key: authors, year, title, where, note."""
    found = {}
    for entry in re.split(r"\n(?=@)", (DATA / "sources.bib").read_text(encoding="utf-8")):
        match = re.match(r"@\w+\{(\w+),", entry)
        if match is None:
            continue
        fields = dict(re.findall(r"(\w+)=\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", entry))
        parts = [fields.get(x, "") for x in ("author", "year", "title", "journal", "institution", "url", "note")]
        found[match[1]] = re.sub(r"[{}\\]", "", ". ".join(x for x in parts if x)) + "."
    return found


def cited(*tables: Any) -> list[str]:
    """Return the references that texts in these tables name, in full, sorted by key.

    >>> cited({"pue": "ditcarbon2026: Table 6"})[0][:15]
    'ditcarbon2026: '
    """
    words = set(re.findall(r"\w+", " ".join(_texts(tables))))
    return [f"{key}: {text}" for key, text in sorted(bibliography().items()) if key in words]


def _texts(table: Any) -> list[str]:
    if isinstance(table, str):
        return [table]
    items = table.values() if isinstance(table, Mapping) else table if isinstance(table, list | tuple) else ()
    return [text for item in items for text in _texts(item)]


def functional_unit(model: str, frames: int) -> tuple[str, float, str]:
    """Return what a score is for one of, how many of these an output has, and in words where the number is from.

    An image, or a second of video; the video itself where nobody says how fast its frames are shown.

    >>> functional_unit("wan2.1-t2v-14b", 81)[:2], functional_unit("flux.1-dev", 1)[:2]
    (('second of video', 5.0625), ('image', 1.0))
    """
    if frames == 1:
        return "image", 1.0, ""
    rate = read_toml(DATA / "frame_rates.toml").get(model)
    if rate is None:
        return f"video of {frames} frames", 1.0, ""
    shown = rate["frames_per_second"]
    return "second of video", frames / shown, f", {frames} frames at {shown} a second ({rate['source']})"


def score(energy_kwh: float | None, grid: float, embodied_g: float | None, outputs: float | None, unit: str) -> str:
    """Write the score of ISO/IEC 21031 with its terms; of unknown terms it says so.

    >>> score(2.0, 50.0, 10.0, 100.0, "image")
    'C = ((E x I) + M) / R = ((2 kWh x 50 gCO2eq/kWh) + 10 gCO2eq) / 100 = 1.100 gCO2eq per image'
    """
    if energy_kwh is None or embodied_g is None or outputs is None:
        missing = [x for x, y in (("E", energy_kwh), ("M", embodied_g), ("R (--outputs)", outputs)) if y is None]
        return f"C = ((E x I) + M) / R is not known: {', '.join(missing)} unknown"
    value = (energy_kwh * grid + embodied_g) / outputs
    return (
        f"C = ((E x I) + M) / R = (({significant(energy_kwh)} kWh x {grid:g} gCO2eq/kWh) + {significant(embodied_g)} "
        f"gCO2eq) / {significant(outputs)} = {significant(value)} gCO2eq per {unit}"
    )


def write(
    path: Path,
    title: str,
    run: Mapping[str, Any],
    boundary: str,
    lines: Sequence[str],
    tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[str]]]],
    warnings: Sequence[str],
) -> None:
    """Write the report, and its manifest beside it under the ending ``.json``; both or neither.

    ``run`` is the manifest. Raises `InputError` for an ending that no report has, or if a file cannot be written.
    """
    if path.suffix not in SUFFIXES:
        raise InputError(f"report: cannot write {path.name}; expected an ending of {', '.join(SUFFIXES)}")
    blocks: list[Block] = [("list", [*lines, f"boundary: {boundary}; left out: {EXCLUDED[boundary]}"])]
    for heading, header, rows in tables:
        blocks += [("heading", heading), ("table", (list(header), [list(x) for x in rows]))]
    blocks += [("heading", "Assumptions and limits"), ("list", list(warnings) or ["none beyond the basis"])]
    blocks += [("heading", "References"), ("list", cited(run["answer"], list(warnings)) or ["none"])]
    blocks += [("heading", "How to obtain the same numbers"), ("list", [
        f"command line: {run['command_line']}", f"date: {run['date']}", f"ditcarbon {run['package_version']}",
        f"catalogue and calibrations, SHA-256: {run['data_sha256']}",
        *(f"{name}, SHA-256: {x}" for name, x in run["files_sha256"].items()),
        f"ditcarbon rerun {path.with_suffix('.json').name}",
    ])]  # fmt: skip
    text = render(title, blocks, path.suffix, NoFigures())
    write_together({path: text, path.with_suffix(".json"): json_text(run) + "\n"})
