"""What every text encoder offers, and how its fields are read out of a released configuration."""

from collections.abc import Mapping
from dataclasses import fields
from types import NoneType
from typing import Any, get_args, get_type_hints

from ..network import Network
from ..operators import Operator


class Encoder(Network):
    """A text encoder; rows of its operators are in ``m``, here the tokens of its own sequence.

    Its fields have transformers' defaults: a ``config.json`` may leave out what equals them.
    """

    @property
    def longest(self) -> int | None:
        """The most tokens that it takes, or that its tokenizer leaves; None where that is not known."""
        return None

    def vision(self, tokens: int) -> list[Operator]:
        """What its vision tower does to make so many tokens of one square image; empty where it has none."""
        return []

    @classmethod
    def read(cls, configuration: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that shape the network, out of a released configuration, which holds many more.

        Where that is of text and images, its text half is read. A null stands for a field left out, unless the field
        takes it.
        """
        half = configuration.get("text_config") or configuration
        return fields_of(cls, half)


def fields_of(kind: type, configuration: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """What a configuration says of the fields of ``kind`` whose names begin with ``prefix``, here without it there."""
    found = {f"{prefix}{key}": value for key, value in configuration.items()}
    hints = get_type_hints(kind)
    return {
        x.name: found[x.name]
        for x in fields(kind)
        if x.name in found and (found[x.name] is not None or NoneType in get_args(hints[x.name]))
    }
