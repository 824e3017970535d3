"""Reading a network's configuration: the fields that its class takes, each of its type and in a range that makes sense.

pydantic loads only when a configuration of the user's is read, so that other commands do not wait for it.
"""

import dataclasses
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, get_type_hints

from sympy import nan

from ..architectures import network_class
from ..architectures.operators import total
from ..errors import InputError, short, similar

LARGEST_SIZE = 10_000_000
"""More than any width, depth or vocabulary."""
FREE_OF_SIGN = {"dual_attention_layers"}
"""Fields that number something: they may be negative or zero."""
QUANTISED = "quantization_config"


def network(name: str, configuration: Mapping[str, Any], where: str) -> tuple[Any, tuple[str, ...]]:
    """Make the network of the class ``name``; also return a line for each field that was ignored.

    diffusers, too, ignores a field that the class does not have. A field that is off (null or false) and a private one
    (``_...``) need no line. Raises `InputError` for a field of the class with a value that is not understood.
    """
    kind = network_class(name)
    fields = {x.name for x in dataclasses.fields(kind)}
    known = {key: value for key, value in configuration.items() if key in fields}
    ignored = {
        key: value
        for key, value in configuration.items()
        if not (key in fields or key in kind.passed_over or key.startswith("_") or value is None or value is False)
    }
    absent = (fields | kind.passed_over) - set(configuration)
    found = _validated(kind, known, f"{where}: {name}")
    return found, tuple(_ignored(name, key, value, absent) for key, value in ignored.items())


def _ignored(name: str, key: str, value: Any, absent: set[str]) -> str:
    """Say that a field was ignored, and what that may mean."""
    if key == QUANTISED:
        method = value.get("quant_method") if isinstance(value, dict) else None
        how = f" ({shown(method)})" if isinstance(method, str) else ""
        return (
            f"{name}: {QUANTISED}{how} is ignored: parameters and FLOP do not depend on it; "
            "time, energy and memory are those of 16 bits"
        )
    near = similar(key, absent)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"{name}: field {shown(key)} = {shown(value)} is unknown and ignored, as diffusers ignores it{meant}"


def shown(value: Any) -> str:
    """Write what a file says, short and without control characters: it may hold anything."""
    text = ascii(value)
    text = text[1:-1] if isinstance(value, str) else text
    return text if len(text) <= 60 else f"{text[:57]}..."


def _validated(kind: type[Any], configuration: Mapping[str, Any], where: str) -> Any:
    """Make a network of the class ``kind``; raises `InputError` that names the field.

    The types of the class say what a field may be: a ``Literal`` holds the values whose effect on the count is known.
    """
    from pydantic import ValidationError

    own = dataclasses.fields(kind)
    try:
        text = json.dumps(configuration)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {error}") from None
    try:
        checked = _fields_of(kind).model_validate_json(text)  # type: ignore[arg-type]  # a class can be hashed
    except ValidationError as failure:
        errors = sorted(failure.errors(include_url=False), key=lambda error: error["type"] != "missing")
        raise InputError(f"{where}: {_told(errors[0])}") from None
    values = {x.name: getattr(checked, x.name) for x in own}
    for x in own:
        if x.name not in FREE_OF_SIGN:
            # An axis that images lack may turn no channels of a head.
            may_be_none = "layers" in x.name or x.name.startswith("axes_") or x.default in (0, 0.0, False)
            _demand_size(f"{where}: {x.name}", values[x.name], 0 if may_be_none else 1)
    found = kind(**values)
    _demand_network(found, where)
    return found


@cache
def _fields_of(kind: type[Any]) -> Any:
    """The pydantic model of a network's fields."""
    from pydantic import create_model

    from .schema import Table

    hints = get_type_hints(kind)
    fields: dict[str, Any] = {
        x.name: (hints[x.name], ... if x.default is dataclasses.MISSING else x.default)
        for x in dataclasses.fields(kind)
    }
    return create_model(kind.__name__, __base__=Table, **fields)


def _told(error: Any) -> str:
    """One of pydantic's errors in our words."""
    path = ".".join(str(part) for part in error["loc"] if not str(part).startswith(("function", "tuple", "literal")))
    if error["type"] == "missing":
        return f"{path} is missing; it sizes the network"
    return f"{path} = {repr(error.get('input'))[:60]}: {error['msg'].lower()}"


def _demand_size(name: str, value: Any, least: int) -> None:
    """A number that sizes something is at least ``least`` and not absurdly large."""
    if isinstance(value, tuple):
        for inner in value:
            _demand_size(name, inner, least)
    elif isinstance(value, int) and not isinstance(value, bool):
        if not least <= value <= LARGEST_SIZE:
            raise InputError(f"{name} = {value} is outside {least}..{LARGEST_SIZE}")
    elif isinstance(value, float) and not 0 <= value <= LARGEST_SIZE:
        raise InputError(f"{name} = {short(value)} is outside 0..{LARGEST_SIZE}")


def _demand_network(found: Any, where: str) -> None:
    """The sizes fit together: lists are as long as they must be, and there are parameters to count."""
    try:
        parameters = total(found.operators()).parameters
        shape = [getattr(found, name) for name in ("patch", "patch_frames", "spatial_factor") if hasattr(found, name)]
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError) as error:
        lists = [name for name, value in vars(found).items() if isinstance(value, tuple)]
        raise InputError(f"{where}: the sizes do not fit together ({error}); look at {', '.join(lists)}") from None
    if parameters is nan or not parameters > 0 or not all(size > 0 for size in shape):
        raise InputError(f"{where}: the sizes make no network: {parameters} parameters")
