"""Validation of the user's TOML files, built from the table of symbols: pydantic models, one-line messages.

Imported only when a file of the user's is read, so that the command line does not pay for it otherwise.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, create_model
from sympy import Symbol

from .efficiency import LAWS
from .notation import (
    DATACENTER_FIELDS,
    GPU_FIELDS,
    MODEL_DEFAULTS,
    MODEL_FIELDS,
    NOTATION,
    REQUEST_FIELDS,
    TDP,
    C_chip,
    InputError,
    n_frames,
    nearest,
    t,
    v_t,
)  # fmt: skip

_KINDS = {"models": "model", "gpus": "gpu", "datacenters": "datacenter"}


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


def _number(symbol: Symbol) -> Any:
    return Annotated[Any, AfterValidator(NOTATION[symbol].check)]


def _table(title: str, symbols: Sequence[Symbol], optional: Sequence[Symbol] = (), **others: Any) -> type[BaseModel]:
    """Make the pydantic model of a table whose numbers are these symbols."""
    fields: dict[str, Any] = {
        NOTATION[x].field: (_number(x) | None, None) if x in optional else (_number(x), ...) for x in symbols
    }
    return create_model(title, __base__=_Table, **fields, **others)


_Text: Any = (str, "")
_Sources: Any = (dict[str, str], {})
_Grams: Any = _number(C_chip)
_Request = _table("request", REQUEST_FIELDS, optional=(n_frames,))
_Model = _table("model", MODEL_FIELDS, (*MODEL_DEFAULTS, t, v_t), name=_Text, sources=_Sources, request=(_Request, ...))
_Gpu = _table(
    "gpu", GPU_FIELDS, (TDP,), name=_Text, sources=_Sources, precision=_Text, memory_gb=(float | int | None, None),
    embodied_gco2eq=(dict[str, _Grams], {}),
)  # fmt: skip
_Datacenter = _table("datacenter", DATACENTER_FIELDS, name=_Text, sources=_Sources)
_SCHEMAS = {"models": _Model, "gpus": _Gpu, "datacenters": _Datacenter}

_Device = _table("device", GPU_FIELDS, (TDP,), gpu=(str, ...), name=_Text)
_Range = tuple[float | int, float | int]


class _Covariance(_Table):
    parameters: list[str]
    matrix: list[list[float]]


class _Validity(_Table):
    pixels_min: int
    batch: list[float | int]
    latent_tokens: list[float | int]


def validate_catalog(tables: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Check the user's catalogue file and return it; raises `InputError` naming file, entry, field, value and
    expectation.
    """
    if not tables:
        raise InputError(f"{path}: no entries; expected [models.ID], [gpus.ID] or [datacenters.ID] tables")
    checked: dict[str, Any] = {}
    for kind, entries in tables.items():
        if kind not in _SCHEMAS:
            raise InputError(f"{path}: unknown table [{kind}]{nearest(kind, _SCHEMAS)}")
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            raise InputError(f"{path}: [{kind}] must hold one table per entry, such as [{kind}.my-{_KINDS[kind]}]")
        checked[kind] = {
            key: _validated(_SCHEMAS[kind], entry, f"{path}: {_KINDS[kind]} {key!r}") for key, entry in entries.items()
        }
    return checked


def validate_calibration(table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Check a calibration file and return it; raises `InputError` naming file, field, value and expectation."""
    law = table.get("law")
    if not isinstance(law, str) or law not in LAWS:
        raise InputError(f"{path}: law = {law!r} is unknown; expected one of {', '.join(LAWS)}")
    schema = create_model(
        "calibration", __base__=_Table,
        schema_version=(Literal[1], ...), law=(str, ...), device=(_Device, ...),
        parameters=(_table("parameters", LAWS[law]), ...), standard_errors=(dict[str, float], {}),
        covariance=(_Covariance, ...), verdicts=(dict[str, str], ...), quality=(dict[str, Any], ...),
        validity=(_Validity, ...), convention=(dict[str, str], ...), data=(dict[str, Any], ...),
    )  # fmt: skip
    checked = _validated(schema, table, f"{path}: calibration")
    names, matrix = checked["covariance"]["parameters"], checked["covariance"]["matrix"]
    unknown = [name for name in names if name not in checked["parameters"]]
    if unknown or len(matrix) != len(names) or any(len(row) != len(names) for row in matrix):
        raise InputError(
            f"{path}: covariance must be a square matrix over parameters of the law {law!r}, not over {names}"
        )
    return checked


def _validated(schema: type[BaseModel], table: Mapping[str, Any], where: str) -> dict[str, Any]:
    try:
        return schema.model_validate(table).model_dump(exclude_none=True)
    except ValidationError as failure:
        # A misspelt field is also a missing one: tell the spelling first.
        errors = sorted(failure.errors(include_url=False), key=lambda error: error["type"] != "extra_forbidden")
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise InputError(f"{where}: {_told(errors[0], schema)}{more}") from None


def _told(error: Any, schema: type[BaseModel]) -> str:
    """One pydantic error in the house's words."""
    path = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        symbol = next((entry for entry in NOTATION.values() if entry.field == error["loc"][-1]), None)
        return f"{path} is missing" + (f"; expected {symbol.expectation}: {symbol.meaning}" if symbol else "")
    if error["type"] == "extra_forbidden":
        return f"unknown field {path}{nearest(str(error['loc'][-1]), schema.model_fields)}"
    if error["type"] == "value_error":
        message = str(error["ctx"]["error"])
        prefix = ".".join(str(part) for part in error["loc"][:-1])
        return f"{prefix}.{message}" if prefix else message
    return f"{path} = {error.get('input')!r}: {error['msg'].lower()}"
