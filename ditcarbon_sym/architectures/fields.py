"""What a released configuration says of the fields of a class."""

from collections.abc import Mapping
from dataclasses import fields
from types import NoneType
from typing import Any, get_args, get_type_hints


def fields_of(kind: type, configuration: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """What a configuration says of the fields of ``kind`` whose names begin with ``prefix``, here without it there."""
    found = {f"{prefix}{key}": value for key, value in configuration.items()}
    hints = get_type_hints(kind)
    return {
        x.name: found[x.name]
        for x in fields(kind)
        if x.name in found and (found[x.name] is not None or NoneType in get_args(hints[x.name]))
    }
