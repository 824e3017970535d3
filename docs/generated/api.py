"""The API: a page for each room, with the names that it exports, from their docstrings."""

import ast
import importlib
from pathlib import Path
from typing import Any

import ditcarbon_sym

CONSTANTS = {"__version__": "the version", "NOTATION": "every symbol with meaning, unit and range"}
ROOMS = ("numerics", "equations", "catalog", "estimation", "calibration", "analysis", "sweeps")


def exported(package: Any) -> dict[str, str]:
    """Return the names that a package exports, with the modules that they are in, as its stub says."""
    stub = Path(package.__file__).with_suffix(".pyi")
    return {
        alias.asname or alias.name: f"{package.__name__}.{node.module}"
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def pages() -> dict[str, str]:
    """Return the overview of the public names and a page for each room."""
    made = {"reference/api/index.md": _overview()}
    for room in ROOMS:
        package = importlib.import_module(f"ditcarbon_sym.{room}")
        names = [f"::: {module}.{name}" for name, module in exported(package).items()]
        head = f"# ditcarbon_sym.{room}\n\n{package.__doc__}"
        made[f"reference/api/{room}.md"] = "\n\n".join([head, *names]) + "\n"
    made["reference/api/architectures.md"] = _architectures()
    made["reference/api/errors.md"] = "# ditcarbon_sym.errors\n\n::: ditcarbon_sym.errors.InputError\n"
    return made


def titles() -> dict[str, str]:
    """Return the pages in the order of the rooms."""
    return {f"reference/api/{room}.md": room for room in ("errors", *ROOMS[:2], "architectures", *ROOMS[2:])}


def _overview() -> str:
    rows = []
    rooms = {name: room for room in ROOMS for name in exported(importlib.import_module(f"ditcarbon_sym.{room}"))}
    for name in sorted(exported(ditcarbon_sym), key=str.lower):
        room = rooms.get(name, "errors" if name == "InputError" else "")
        link = f"[`{name}`]({room}.md)" if room else f"`{name}`"
        value = getattr(ditcarbon_sym, name)
        line = CONSTANTS.get(name) or (value.__doc__ or "").split("\n\n")[0]
        rows.append(f"| {link} | {room} | {' '.join(line.split())} |")
    head = f"# Public names\n\n{ditcarbon_sym.__doc__}\n\nA test pins these names."
    return "\n".join([head, "", "| name | room | what it is |", "| --- | --- | --- |", *rows, ""])


def _architectures() -> str:
    package = importlib.import_module("ditcarbon_sym.architectures")
    names = (
        "operators.Operator", "operators.dense", "operators.attention", "operators.convolution", "operators.grouped",
        "operators.total", "network.Network", "network.Denoiser", "network.Decoder",
    )  # fmt: skip
    parts = [f"::: ditcarbon_sym.architectures.{name}" for name in names]
    rows = [f"| `{file}` | {', '.join(f'`{x}`' for x in classes)} |" for file, classes in package.FAMILIES.items()]
    table = "\n".join(["| file | released classes |", "| --- | --- |", *rows])
    head = f"# ditcarbon_sym.architectures\n\n{package.__doc__}"
    return "\n\n".join([head, "## Families", table, *parts]) + "\n"
