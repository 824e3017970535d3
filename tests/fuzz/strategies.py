"""What a user may write, by mistake or to do harm: texts, numbers, and valid documents with a few things changed."""

import copy
import csv
import io
import json
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

import tomli_w
from hypothesis import strategies as st

from ditcarbon_sym.catalog.files import DATA
from tests.fuzz.command import INPUT, SCRIPT

HOSTILE = (
    "\x1b]0;title\x07\x1b[2J\x1b[31mred", f"a|b {SCRIPT}alert(1)</script>", f"${INPUT}$", f"{INPUT}",
    "=cmd|'/C calc'!A0", "+1+cmd|0",
    "@SUM(1)", "\u202egnp.exe\u2069", "first\nerror: forged", "a\rb", "\x00", "\x9b31m", "$", "$x$ $y$",
    "${jndi}", "%s%n{}", "{0.__class__}", "__import__('os')", "../../etc", "C:\\x", "`id`", "]]>", "*[a](b)*",
    "\\end{table}", "\ufeff", "\u2028", "é" * 70, "9" * 400, "a" * 3000, "", " ", "nan", "inf", "-1", "1e400", "0x10",
    "1_0", "١٦", "None",
)  # fmt: skip
STRONG = (f"${INPUT}$", f"\x1b[31m|{SCRIPT}\u202e\nerror: {INPUT}", "=cmd|'/C calc'!A0", "a | b")
texts = st.one_of(st.sampled_from(STRONG), st.sampled_from(HOSTILE), st.text(max_size=12))
numbers = st.one_of(
    st.sampled_from(
        (0, -1, 1, 2, 3, 7, 64, 10**4, 2**31, 2**63, 10**30, 10**400, -(2**63), 0.0, -0.0, 0.5, 1e-320, 1e-12, 1e12,
         1e308, -1e308, float("nan"), float("inf"), -float("inf"), True, False)
    ),
    st.integers(0, 5000), st.floats(0, 10),
)  # fmt: skip
inside = st.recursive(
    st.one_of(numbers, texts), lambda x: st.lists(x, max_size=3) | st.dictionaries(texts, x, max_size=2), max_leaves=4
)
"""A value of any kind, which TOML and JSON can hold."""


def places(document: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a document of tables and lists."""
    found = [here] if here else []
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return found + [way for key, value in pairs for way in places(value, (*here, key))]


def _at(document: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        document = document[key]
    return document


@st.composite
def changed(draw: Any, document: dict[str, Any], most: int = 3) -> dict[str, Any]:
    """The document with up to so many values replaced, taken out, renamed or put in; in a third, texts alone."""
    found = copy.deepcopy(document)
    said = draw(st.integers(0, 2)) == 0
    for _ in range(draw(st.integers(0, most))):
        ways = [x for x in places(found) if not said or isinstance(_at(found, x), str)]
        if not ways:
            break
        *way, last = draw(st.sampled_from(ways))
        holder = _at(found, tuple(way))
        how = (
            "text"
            if said
            else draw(st.sampled_from(("number", "number", "text", "text", "any", "out", "name", "more")))
        )
        if how == "out":
            del holder[last]
        elif how == "name" and isinstance(holder, dict):
            holder[draw(texts)] = holder.pop(last)
        elif how == "more" and isinstance(holder, dict):
            holder[draw(texts)] = draw(inside)
        else:
            holder[last] = draw({"number": numbers, "text": texts}.get(how, inside))
    return found


@st.composite
def damaged(draw: Any, text: str) -> bytes:
    """The bytes of a text, mostly as they are, else cut short or with a few bytes put in or taken out."""
    content = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 19)) < 19:
        return content
    at = draw(st.integers(0, len(content)))
    return draw(st.sampled_from((
        content[:at], content[:at] + b"\xff" + content[at:], content[:at] + b"\n" + content[at:], content + b"\n[x",
        b"", content[:at] + draw(texts).encode("utf-8", "surrogatepass") + content[at:], 
        content[:at] + content[at + 3:],
        content * 2, b"\xef\xbb\xbf" + content, content.replace(b"\n", b"\r\n"),
    )))  # fmt: skip


@st.composite
def toml(draw: Any, document: dict[str, Any], most: int = 3) -> bytes:
    """A TOML file."""
    return draw(damaged(tomli_w.dumps(draw(changed(document, most)))))


@st.composite
def of_json(draw: Any, document: dict[str, Any], most: int = 3) -> bytes:
    """A JSON file."""
    return draw(damaged(json.dumps(draw(changed(document, most)))))


@st.composite
def table(draw: Any, header: tuple[str, ...], rows: tuple[tuple[Any, ...], ...], most: int = 3) -> bytes:
    """A CSV file: a few of its cells changed, columns left out or renamed, rows repeated."""
    lines = [[str(cell) for cell in line] for line in (header, *rows)]
    for _ in range(draw(st.integers(0, most))):
        row, column = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(header) - 1))
        how = draw(st.sampled_from(("cell", "cell", "cell", "empty", "column", "rows")))
        if how == "rows":
            lines += [list(lines[row]) for _ in range(draw(st.integers(1, 4)))]
        elif how == "column" and all(len(line) > 1 for line in lines):
            for line in lines:
                del line[min(column, len(line) - 1)]
        else:
            new = "" if how == "empty" else draw(st.one_of(texts, numbers.map(str)))
            lines[row][min(column, len(lines[row]) - 1)] = new
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=draw(st.sampled_from(",,,;\t")), lineterminator="\n").writerows(lines)
    return draw(damaged(buffer.getvalue()))


GPU = {
    "name": "Mine", "precision": "FP16", "peak_flop_per_second": 1e14, "tdp_watt": 300, "memory_gb": 24, "die_cm2": 6.0,
    "bandwidth_byte_per_second": 9e11, "compute_capability": 8.9, "idle_watt": 20, "embodied_gco2eq": {"die": 9000.0},
    "nvml_names": ["NVIDIA Mine"], "sources": {"tdp_watt": "a page"}, "link_byte_per_second": 5e10, "node_gpus": 8,
}  # fmt: skip
PLACE = {"name": "Here", "pue": 1.2, "grid_gco2eq_per_kwh": 300, "sources": {"pue": "a page"}}


@lru_cache
def shipped(name: str) -> dict[str, Any]:
    """A TOML file of the package."""
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


def catalogue() -> dict[str, Any]:
    """A catalogue with one entry of each kind."""
    model = dict(shipped("models.toml")["models"]["pixart-alpha"], name="Mine", sources={"blocks": "a page"})
    return {"models": {"mine": model}, "gpus": {"mine": GPU}, "datacenters": {"mine": PLACE}}


def pipelines() -> list[Path]:
    """The file of every released pipeline."""
    return sorted((DATA / "pipelines").glob("*.toml"))


@lru_cache(maxsize=1)
def transformers() -> list[dict[str, Any]]:
    """The configuration of every released transformer."""
    return [shipped(f"pipelines/{path.name}")["transformer"] for path in pipelines()]
