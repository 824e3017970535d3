"""Validation of a sweep's TOML file. It needs pydantic and is imported only when a file is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from ..errors import InputError, nearest


def _axis(value: Any) -> list[int | float | str]:
    """An axis as a list of numbers, or of text as on the command line."""
    values = value if isinstance(value, list) else [value]
    if not values or any(isinstance(x, bool) or not isinstance(x, int | float | str) for x in values):
        raise InputError("is not an axis; expected a number, text such as '512:2048:256', or a list of these")
    return values


_Axis = Annotated[list[int | float | str], BeforeValidator(_axis)]


class _Sweep(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    model: _Axis | None = None
    resolution: _Axis | None = None
    frames: _Axis | None = None
    batch: _Axis | None = None
    steps: _Axis | None = None
    gpu: _Axis | None = None
    gpus: _Axis | None = None
    software: _Axis | None = None
    attention: _Axis | None = None
    precision: _Axis | None = None
    cache: _Axis | None = None
    split: str | None = None
    datacenter: _Axis | None = None
    pue: _Axis | None = None
    grid: _Axis | None = None
    method: str | None = None
    boundary: str | None = None
    guidance: int | float | None = None
    text_tokens: int | None = None
    references: int | None = None
    lifetime_years: int | float | None = None
    utilisation: int | float | None = None
    mu: float | None = None
    efficiency: str | None = None
    guidance_steps: int | float | None = None
    offload: str | None = None
    preset: str | None = None
    embodied_boundary: str | None = None
    calibration: str | None = None
    catalog: str | None = None
    price_per_hour: int | float | str | dict[str, int | float] | None = None
    skip: bool = False
    intervals: bool = False
    where: str | None = None
    top: int | None = None
    by: str | None = None


def validate_sweep(table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the options of a sweep's file; raises `InputError` in one line that names file and key."""
    try:
        return _Sweep(**table).model_dump(exclude_unset=True)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except ValidationError as invalid:
        first = invalid.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            raise InputError(f"{path}: unknown key {key!r}{nearest(key, _Sweep.model_fields)}") from None
        message = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{path}: {key}: {message[0].lower()}{message[1:]}") from None
