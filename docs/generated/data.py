"""What is known of models, accelerators and places, each number with its source; and the bibliography."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.reports import catalog as report
from ditcarbon_sym.reports.formats import markdown_table

KINDS = {"models": "Models", "gpus": "Accelerators", "datacenters": "Data centres"}
NAMES = {"{": "", "}": "", r"$\alpha$": "α", r"$\Sigma$": "Σ", r"\&": "&", "--": "–"}


def pages() -> dict[str, str]:
    """Return the data with sources, and the bibliography."""
    return {"reference/data.md": "\n\n".join(_data()) + "\n", "reference/bibliography.md": _bibliography()}


def _data() -> Iterator[str]:
    catalog = load()
    yield (
        "# Models, cards and places\n\nWhat is not known is absent, never zero. Each source is a key of the "
        "[bibliography](bibliography.md) and the place in it. [Add entries of your own](../how-to/own-card.md)."
    )
    for kind, title in KINDS.items():
        header, rows = getattr(report, kind)(catalog)
        entries: Mapping[str, Any] = getattr(catalog, kind)
        yield f"## {title}"
        yield markdown_table(header, [tuple(report.cell(row[column]) for column in header) for row in rows])
        for key, entry in entries.items():
            if entry.sources:
                lines = "\n".join(f"- `{field}`: {_told(source)}" for field, source in entry.sources.items())
                yield f'<details markdown="1"><summary>Sources of {key}</summary>\n\n{lines}\n\n</details>'


def _told(source: str) -> str:
    return re.sub(r"([_*<>\[\]|])", r"\\\1", source)


def _bibliography() -> str:
    text = (DATA / "sources.bib").read_text(encoding="utf-8")
    parts = ["# Bibliography", "Every source that a number of the package names."]
    for kind, key, body in re.findall(r"@(\w+)\{([^,]+),\n(.*?)\}\n(?=\n|\Z)", text, re.S):
        fields = dict(re.findall(r"(\w+)=\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", body))
        words = [fields.get(x, "") for x in ("author", "title", "booktitle", "journal", "howpublished", "note", "year")]
        line = ". ".join(x for x in words if x)
        for old, new in NAMES.items():
            line = line.replace(old, new)
        where = f" <{fields['url']}>" if "url" in fields else ""
        parts.append(f'<span id="{key}"></span>**{key}** ({kind}). {_told(line)}.{where}')
    return "\n\n".join(parts) + "\n"
