"""Each named equation at one point: a number that moves with every coefficient."""

import csv
import importlib
import pkgutil
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sympy

from ditcarbon_sym import equations
from ditcarbon_sym.equations import Equation

PATH = Path(__file__).parent / "equations.csv"


def named() -> Iterator[tuple[str, sympy.Expr]]:
    """Every equation and expression that a module of the room names, those of lists and tables included."""
    prefix = f"{equations.__name__}."
    for found in pkgutil.walk_packages(equations.__path__, prefix):
        if not found.ispkg:
            for name, value in vars(importlib.import_module(found.name)).items():
                yield from _inside(f"{found.name.removeprefix(prefix)}.{name}", value)


def _inside(name: str, value: Any) -> Iterator[tuple[str, sympy.Expr]]:
    if isinstance(value, Equation):
        yield name, value.rhs
    elif isinstance(value, sympy.Expr) and not value.is_Symbol:
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _inside(f"{name}[{key}]", inner)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _inside(f"{name}[{number}]", inner)


def at_one_point(expression: sympy.Expr) -> float:
    """Its value where each symbol has a value between 1 and 2 that follows from its name."""
    point = {x: 1 + zlib.crc32(x.name.encode()) / 2**32 for x in expression.free_symbols}
    return float(sympy.re(expression.subs(point).evalf(15)))


def computed() -> dict[str, float]:
    """Every name and value."""
    return {name: at_one_point(expression) for name, expression in named()}


def kept() -> dict[str, float]:
    """What was written."""
    with PATH.open(encoding="utf-8", newline="") as file:
        return {row["equation"]: float(row["value"]) for row in csv.DictReader(file)}


def write() -> None:
    """Write them anew."""
    with PATH.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["equation", "value"])
        writer.writerows((name, repr(value)) for name, value in sorted(computed().items()))
