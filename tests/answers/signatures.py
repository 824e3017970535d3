"""What a caller may leave out of each function and class, and what it is then."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import ditcarbon_sym

PATH = Path(__file__).parent / "signatures.txt"
ROOMS = ("numerics", "equations", "architectures", "catalog", "estimation", "calibration", "analysis", "sweeps")


def computed() -> Iterator[str]:
    """A line for each function, class and method of the rooms that has an option."""
    for room in ROOMS:
        package = importlib.import_module(f"{ditcarbon_sym.__name__}.{room}")
        for found in sorted(x.name for x in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")):
            module = importlib.import_module(found)
            for name, value in sorted(vars(module).items()):
                if getattr(value, "__module__", "") == found and callable(value) and name[0] != "_":
                    yield from _signed(f"{found.partition('.')[2]}.{name}", value)


def _signed(name: str, value: object) -> Iterator[str]:
    try:
        parameters = inspect.signature(value).parameters.values()  # type: ignore[arg-type]
    except (TypeError, ValueError):  # a type alias
        return
    if any(x.default is not x.empty or x.kind is x.KEYWORD_ONLY for x in parameters):
        yield f"{name}({', '.join(map(_written, parameters))})"
    if inspect.isclass(value):
        for inner, method in sorted(vars(value).items()):
            if inspect.isfunction(method) and inner[0] != "_":
                yield from _signed(f"{name}.{inner}", method)


def _written(parameter: inspect.Parameter) -> str:
    default = parameter.default
    star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**", parameter.KEYWORD_ONLY: "by name "}
    told = "" if default is parameter.empty else f"={_short(default)}"
    return f"{star.get(parameter.kind, '')}{parameter.name}{told}"


def _short(default: object) -> str:
    written = repr(default)
    return type(default).__name__ if " at 0x" in written or "factory" in written else written


def write() -> None:
    """Keep today's."""
    PATH.write_text("".join(f"{line}\n" for line in computed()), encoding="utf-8")
