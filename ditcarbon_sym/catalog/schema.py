"""Validation of the user's TOML files, built from the table of symbols: pydantic models, one-line messages.

It is imported only when a file of the user's is read, so that other commands do not wait for pydantic.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Len, Lt
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError, create_model
from sympy import Symbol

from ..equations.notation import (
    DATACENTER_FIELDS,
    GPU_FIELDS,
    ID,
    MODEL_DEFAULTS,
    MODEL_FIELDS,
    NOTATION,
    REQUEST_FIELDS,
    TDP,
    WUE,
    C_chip,
    P_idle,
    bandwidth,
    n_frames,
    n_ref,
    t,
    t_exp,
    v_t,
    w_mix,
)
from ..equations.operator_law import ENERGY, LAWS
from ..errors import InputError, nearest
from .files import plain

ROUNDING = 1e-3
"""Part of its own size by which a covariance may be off: people round to three digits."""
LARGEST = 1e300
"""No fact is larger; beyond, a float has no room for products."""
WIDEST_HEAD = 10_000
"""No attention head is as wide; kernels pad to a multiple of 32 at most."""
SCATTERED = 10.0
"""Largest standard deviation of a logarithm that a calibration may have: beyond e^10 nothing was measured."""
_KINDS = {"models": "model", "gpus": "gpu", "datacenters": "datacenter"}


class Table(BaseModel):
    """A table that takes the fields it names and no others, each of exactly its type."""

    # pydantic before 2.10 warns of the fields model_dim and model_version of networks
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, protected_namespaces=())


def _number(symbol: Symbol) -> Any:
    return Annotated[Any, AfterValidator(NOTATION[symbol].check)]


def _table(title: str, symbols: Sequence[Symbol], optional: Sequence[Symbol] = (), **others: Any) -> type[BaseModel]:
    """Make the pydantic model of a table whose numbers are these symbols."""
    fields: dict[str, Any] = {
        NOTATION[x].field: (_number(x) | None, None) if x in optional else (_number(x), ...) for x in symbols
    }
    return create_model(title, __base__=Table, **fields, **others)


def _finite_positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LARGEST:
        raise InputError(f"{value!r} is not a positive number")
    return float(value)


def _capability(value: Any) -> float:
    number = _finite_positive(value)
    if not 1 <= number < 30:
        raise InputError(f"{value!r} is outside 1..30 (NVIDIA's number of the architecture, such as 8.9)")
    return number


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if not 0 < value[0] <= value[1] < math.inf:
        raise InputError(f"{list(value)!r} is not a range; expected [low, high] with 0 < low <= high")
    return value


_Positive = Annotated[Any, AfterValidator(_finite_positive)]
_Scatter = Annotated[float | int, Gt(0), Lt(SCATTERED)]
_Capability = Annotated[Any, AfterValidator(_capability)]
_Plain = Annotated[dict[str, Any], AfterValidator(plain)]
_Id = Annotated[str, StringConstraints(pattern=ID.pattern)]
_Text: Any = (str, "")
_Sources: Any = (dict[str, str], {})
_Grams: Any = _number(C_chip)
_Request = _table("request", REQUEST_FIELDS, optional=(n_frames, n_ref))
_Model = _table("model", MODEL_FIELDS, (*MODEL_DEFAULTS, t, v_t), name=_Text, sources=_Sources, request=(_Request, ...))
_OPTIONAL = (TDP, bandwidth, t_exp, P_idle)
_Gpu = _table(
    "gpu", GPU_FIELDS, _OPTIONAL, name=_Text, sources=_Sources, precision=_Text,
    memory_gb=(_Positive | None, None), die_cm2=(_Positive | None, None),
    compute_capability=(_Capability | None, None), embodied_gco2eq=(dict[str, _Grams], {}), nvml_names=(list[str], []),
    maker=(str | None, None), names=(list[str], []),
    link_byte_per_second=(_Positive | None, None), node_gpus=(Annotated[int, Ge(1), Lt(10**6)] | None, None),
)  # fmt: skip
_Datacenter = _table("datacenter", DATACENTER_FIELDS, (WUE, w_mix), name=_Text, sources=_Sources)
SCHEMAS = {"models": _Model, "gpus": _Gpu, "datacenters": _Datacenter}

_Device = _table("device", GPU_FIELDS, _OPTIONAL, gpu=(_Id, ...), name=_Text,
                 head_multiple=(Annotated[int, Ge(1), Lt(WIDEST_HEAD)], 1))  # fmt: skip
# TOML has arrays where Python has tuples: lists, of exactly two.
_Span = Annotated[list[float | int], Len(2, 2), AfterValidator(_ordered)]


class _Covariance(Table):
    parameters: list[str]
    matrix: list[list[float]]


class _Validity(Table):
    pixels_min: Annotated[int, Gt(0), Lt(10**12)]
    batch: _Span
    latent_tokens: _Span


class _Quality(Table):
    n: Annotated[int, Gt(0), Lt(10**12)]
    loss: str
    mape_percent: Annotated[float | int, Ge(0), Lt(math.inf)]
    held_out_mape_percent: dict[str, Annotated[float, Ge(0), Lt(math.inf)]] = {}
    held_out_log_scatter: _Scatter | None = None
    within_log_scatter: _Scatter | None = None
    held_out_groups: Annotated[int, Ge(1), Lt(10**6)] | None = None
    mape_percent_energy: Annotated[float | int, Ge(0), Lt(math.inf)] | None = None
    held_out_mape_percent_energy: dict[str, Annotated[float, Ge(0), Lt(math.inf)]] = {}
    held_out_log_scatter_energy: _Scatter | None = None
    within_log_scatter_energy: _Scatter | None = None
    held_out_groups_energy: Annotated[int, Ge(1), Lt(10**6)] | None = None


class _Convention(Table):
    flop: Literal["1 fused multiply-add = 2 FLOP"]
    count: Literal["leading order, paper Eq. (2)", "exact, operator lists"]
    stages: Literal["denoiser", "whole request"]


@cache
def calibration_model(law: str) -> type[BaseModel]:
    """Return the pydantic model of a calibration file for one of the laws."""
    return create_model(
        "calibration", __base__=Table,
        schema_version=(Annotated[int, Ge(1), Lt(2)], ...), law=(str, ...), device=(_Device, ...),
        parameters=(_table("parameters", LAWS[law], ENERGY), ...), standard_errors=(_Plain, {}), intervals=(_Plain, {}),
        covariance=(_Covariance, ...), verdicts=(dict[str, str], ...), quality=(_Quality, ...),
        validity=(_Validity, ...), convention=(_Convention, ...), data=(_Plain, ...),
    )  # fmt: skip


def validate_catalog(tables: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Check the user's catalogue file and return it; raises `InputError` naming file, entry, field, value and
    expectation.
    """
    if not tables:
        raise InputError(f"{path}: no entries; expected [models.ID], [gpus.ID] or [datacenters.ID] tables")
    checked: dict[str, Any] = {}
    for kind, entries in tables.items():
        if kind not in SCHEMAS:
            raise InputError(f"{path}: unknown table [{kind}]{nearest(kind, SCHEMAS)}")
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            raise InputError(f"{path}: [{kind}] must hold one table per entry, such as [{kind}.my-{_KINDS[kind]}]")
        for key in entries:
            if not ID.fullmatch(key):
                raise InputError(
                    f"{path}: {_KINDS[kind]} {key[:40]!r} is no id; expected letters, digits, '.', '_', '-'"
                )
        checked[kind] = {
            key: _validated(SCHEMAS[kind], entry, f"{path}: {_KINDS[kind]} {key!r}") for key, entry in entries.items()
        }
    for key, entry in checked.get("gpus", {}).items():
        idle, rated = entry.get(NOTATION[P_idle].field, 0), entry.get(NOTATION[TDP].field, math.inf)
        if idle > rated:
            raise InputError(f"{path}: gpu {key!r}: idle_watt = {idle:g} is above its tdp_watt, {rated:g}")
    return checked


def validate_calibration(table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Check a calibration file and return it; raises `InputError` naming file, field, value and expectation."""
    law = table.get("law")
    if not isinstance(law, str) or law not in LAWS:
        raise InputError(f"{path}: law = {law!r} is unknown; expected one of {', '.join(LAWS)}")
    checked = _validated(calibration_model(law), table, f"{path}: calibration")
    names, matrix = checked["covariance"]["parameters"], checked["covariance"]["matrix"]
    square = len(set(names)) == len(names) == len(matrix) and all(len(row) == len(names) for row in matrix)
    known = set(names) <= set(checked["parameters"])
    if not (names and square and known and all(math.isfinite(cell) for row in matrix for cell in row)):
        raise InputError(
            f"{path}: covariance must be a finite square matrix over parameters of the law {law!r}, not over {names}"
        )
    _demand_covariance(np.array(matrix, dtype=float), f"{path}: covariance")
    return checked


def _demand_covariance(matrix: NDArray[np.float64], where: str) -> None:
    """Raise `InputError` unless the matrix is a covariance: symmetric, and no variance of a sum is negative."""
    deviations = np.sqrt(np.maximum(np.diag(matrix), 0))
    apart = np.abs(matrix - matrix.T) > ROUNDING * np.outer(deviations, deviations)
    if apart.any():
        i, k = (int(x) for x in np.argwhere(apart)[0])
        raise InputError(f"{where}: matrix[{i}][{k}] = {matrix[i, k]:g} is not matrix[{k}][{i}] = {matrix[k, i]:g}")
    scale = np.where(deviations > 0, deviations, 1.0)
    if np.linalg.eigvalsh(matrix / scale / scale[:, None])[0] < -ROUNDING * len(matrix):
        raise InputError(f"{where}: no parameters vary like this (the matrix has a negative eigenvalue)")


def _validated(schema: type[BaseModel], table: Mapping[str, Any], where: str) -> dict[str, Any]:
    try:
        return schema.model_validate(table).model_dump(exclude_none=True)
    except ValidationError as failure:
        # A misspelt field is also a missing one: tell the spelling first.
        errors = sorted(failure.errors(include_url=False), key=lambda error: error["type"] != "extra_forbidden")
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise InputError(f"{where}: {_told(errors[0], schema)}{more}") from None


def _told(error: Any, schema: type[BaseModel]) -> str:
    """One of pydantic's errors in our words."""
    parts = [str(part) for part in error["loc"]]
    path, last = ".".join(parts), parts[-1]
    if error["type"] == "missing":
        symbol = next((entry for entry in NOTATION.values() if entry.field == last), None)
        return f"{path} is missing" + (f"; expected {symbol.expectation}: {symbol.meaning}" if symbol else "")
    if error["type"] == "extra_forbidden":
        siblings = schema.model_fields if len(parts) == 1 else [entry.field for entry in NOTATION.values()]
        return f"unknown field {path}{nearest(last, siblings)}"
    if error["type"] == "value_error":
        message = str(error["ctx"]["error"])
        # A symbol's own check names its field already.
        named = message.startswith(f"{last} = ")
        prefix = ".".join(parts[:-1] if named else parts)
        return f"{prefix}{'.' if named else ' = '}{message}" if prefix else message
    given = repr(error.get("input"))
    return f"{path} = {given[:60]}: {error['msg'].lower()}"
