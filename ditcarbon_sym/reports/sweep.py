"""How a sweep looks: rows for people, and the JSON object."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..estimation.spread.quantiles import LEVEL
from ..sweeps.pareto import Front
from ..sweeps.streaming import WHOLE
from ..sweeps.table import DOUBTFUL, FACILITY_ENERGY, GPU_SECONDS, GPUS, MODES, RANK, SPLIT, TEXT, Columns, Text
from .estimate import size_words
from .formats import ends, plain, significant

SCHEMA_VERSION = 1
SHOWN = (
    RANK, DOUBTFUL, "model", "gpu", GPUS, SPLIT, *MODES, "datacenter", "route", "size", "batch", "steps", "time_s",
    GPU_SECONDS, FACILITY_ENERGY, "total_g", "per_output_g", "cost_per_output",
)  # fmt: skip
MANY = 12
"""Most notes that are printed."""
LARGEST = 10**5
"""Most rows in one JSON object."""


def header(columns: Columns, by: str) -> tuple[str, ...]:
    """Return the columns of the table: the usual ones, and the one that ranks the rows."""
    names = [name for name in SHOWN if name in columns or name == "size"]
    if DOUBTFUL in columns and not columns[DOUBTFUL].any():
        names.remove(DOUBTFUL)
    return tuple(names if by in names else [*names, by])


def right(names: Sequence[str]) -> tuple[int, ...]:
    """Return the places of the columns of numbers, which stand to the right."""
    return tuple(k for k, name in enumerate(names) if name not in (*TEXT, DOUBTFUL, "size"))


def rows(columns: Columns, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the rows of the table."""
    return [tuple(_cell(row, name) for name in names) for row in records(columns)]


def _cell(row: Mapping[str, Any], name: str) -> str:
    if name == "size":
        return size_words({key: row[key] for key in ("height", "width", "frames")})
    value = row[name]
    if name == DOUBTFUL:
        return "~" if value else ""
    if row.get(f"{name}_low") is not None:
        return f"{significant(value)} ({ends((row[f'{name}_low'], row[f'{name}_high']))})"
    return str(value) if isinstance(value, str | int) else significant(value)


def records(columns: Columns) -> list[dict[str, Any]]:
    """Return the rows one by one: words, whole numbers, numbers; None if unknown."""
    lists = {name: x.words() if isinstance(x, Text) else x.tolist() for name, x in columns.items()}
    found = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    return [{name: int(x) if name in WHOLE else x for name, x in plain(row).items()} for row in found]


def as_dict(
    number: int, routes: Mapping[tuple[str, str], str], notes: Sequence[str], columns: Columns | None, **others: Any
) -> dict[str, Any]:
    """Return the result of a sweep, ready for JSON; without ``columns`` if the rows are in a file."""
    return {
        "schema_version": SCHEMA_VERSION,
        "requests": number,
        "routes": [{"model": model, "gpu": gpu, "route": route} for (model, gpu), route in routes.items()],
        **others,
        **({} if columns is None else {"rows": records(columns)}),
        "warnings": list(notes),
    }


def front_words(front: Front, tolerance: float) -> list[str]:
    """Say what a front leaves out, and what is not known of it."""
    found = list(front.remarks)
    if front.close:
        what = "request wins" if front.close == 1 else "requests win"
        found.append(f"{front.close:,} more {what} by at most {100 * tolerance:g} %; --tolerance 0 shows all")
    if DOUBTFUL in front.rows and front.rows[DOUBTFUL].any():
        found.append(
            "~ another request on the front is better in one objective beyond doubt, and worse in none "
            f"({100 * LEVEL:g} % interval of the ratio)"
        )
    if front.undecided:
        found.append(f"{front.undecided:,} of those left out are beaten by none beyond doubt")
    if front.within:
        found.append(f"requests compete that agree in {', '.join(front.within)}; --within none lets all compete")
    return found


def told(notes: Sequence[str]) -> tuple[str, ...]:
    """Return notes for people; requests that do not fit come first.

    Of notes that differ in names and numbers alone, the first stands for all, with the number of the others.
    """
    alike: dict[str, list[str]] = {}
    for note in sorted(notes, key=lambda x: "does not fit" not in x):
        names, _, rest = note.partition(": ")
        for name in re.split(" on | with ", names):
            rest = rest.replace(name, "@")
        alike.setdefault(re.sub(r"[0-9.]+", "#", rest), []).append(note)
    found = [x[0] + _others(x[1:]) for x in alike.values()]
    if len(found) <= MANY:
        return tuple(found)
    return (*found[:MANY], f"and {len(found) - MANY} more notes; --json has them all")


def _others(notes: Sequence[str]) -> str:
    """Say for which others a note holds."""
    names = list(dict.fromkeys(note.partition(": ")[0] for note in notes))
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f" (and {', '.join(names[:3])}{more})"


def route_words(routes: Mapping[tuple[str, str], str]) -> list[tuple[str, str]]:
    """Return each route with the pairs of model and accelerator that take it."""
    by_route: dict[str, list[str]] = {}
    for (model, gpu), route in routes.items():
        by_route.setdefault(route, []).append(f"{model} on {gpu}")
    return [(route, f"{', '.join(pairs[:6])}{f' and {len(pairs) - 6} more' if len(pairs) > 6 else ''}")
            for route, pairs in by_route.items()]  # fmt: skip
