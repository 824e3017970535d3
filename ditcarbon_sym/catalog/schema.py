"""Validation of the user's TOML files, built from the table of symbols: pydantic models, one-line messages.

Imported only when a file of the user's is read, so that the command line does not pay for it otherwise.
"""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from annotated_types import Ge, Gt, Len, Lt
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError, create_model
from sympy import Symbol

from ..architectures.operators import total
from ..equations.notation import (
    DATACENTER_FIELDS,
    GPU_FIELDS,
    ID,
    MODEL_DEFAULTS,
    MODEL_FIELDS,
    NOTATION,
    REQUEST_FIELDS,
    TDP,
    C_chip,
    P_idle,
    bandwidth,
    n_frames,
    t,
    t_exp,
    v_t,
)
from ..equations.operator_law import ENERGY, LAWS
from ..errors import InputError, nearest

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


def _finite_positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise InputError(f"{value!r} is not a positive number")
    return float(value)


def _capability(value: Any) -> float:
    number = _finite_positive(value)
    if not 1 <= number < 30:
        raise InputError(f"{value!r} is outside 1..30 (NVIDIA's number of the architecture, such as 8.9)")
    return number


def _plain(value: Any) -> Any:
    """What JSON can hold: no dates, no NaN."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{value!r} is not a finite number")
    if not isinstance(value, str | int | float | bool):
        raise InputError(f"{value!r} is neither text nor a number")
    return value


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if not 0 < value[0] <= value[1] < math.inf:
        raise InputError(f"{list(value)!r} is not a range; expected [low, high] with 0 < low <= high")
    return value


_Positive = Annotated[Any, AfterValidator(_finite_positive)]
_Capability = Annotated[Any, AfterValidator(_capability)]
_Plain = Annotated[dict[str, Any], AfterValidator(_plain)]
_Id = Annotated[str, StringConstraints(pattern=ID.pattern)]
_Text: Any = (str, "")
_Sources: Any = (dict[str, str], {})
_Grams: Any = _number(C_chip)
_Request = _table("request", REQUEST_FIELDS, optional=(n_frames,))
_Model = _table("model", MODEL_FIELDS, (*MODEL_DEFAULTS, t, v_t), name=_Text, sources=_Sources, request=(_Request, ...))
_OPTIONAL = (TDP, bandwidth, t_exp, P_idle)
_Gpu = _table(
    "gpu", GPU_FIELDS, _OPTIONAL, name=_Text, sources=_Sources, precision=_Text,
    memory_gb=(_Positive | None, None), die_cm2=(_Positive | None, None),
    compute_capability=(_Capability | None, None), embodied_gco2eq=(dict[str, _Grams], {}),
)  # fmt: skip
_Datacenter = _table("datacenter", DATACENTER_FIELDS, name=_Text, sources=_Sources)
_SCHEMAS = {"models": _Model, "gpus": _Gpu, "datacenters": _Datacenter}

_Device = _table("device", GPU_FIELDS, _OPTIONAL, gpu=(_Id, ...), name=_Text, head_multiple=(int, 1))
# TOML has arrays where Python has tuples: lists, of exactly two.
_Span = Annotated[list[float | int], Len(2, 2), AfterValidator(_ordered)]


class _Covariance(_Table):
    parameters: list[str]
    matrix: list[list[float]]


class _Validity(_Table):
    pixels_min: Annotated[int, Gt(0), Lt(10**12)]
    batch: _Span
    latent_tokens: _Span


class _Quality(_Table):
    n: Annotated[int, Gt(0), Lt(10**12)]
    loss: str
    mape_percent: Annotated[float | int, Ge(0), Lt(math.inf)]
    held_out_mape_percent: dict[str, float] = {}
    held_out_log_scatter: _Positive | None = None
    within_log_scatter: _Positive | None = None
    held_out_groups: Annotated[int, Ge(1), Lt(10**6)] | None = None
    mape_percent_energy: Annotated[float | int, Ge(0), Lt(math.inf)] | None = None
    held_out_mape_percent_energy: dict[str, float] = {}
    held_out_log_scatter_energy: _Positive | None = None
    within_log_scatter_energy: _Positive | None = None
    held_out_groups_energy: Annotated[int, Ge(1), Lt(10**6)] | None = None


class _Convention(_Table):
    flop: Literal["1 fused multiply-add = 2 FLOP"]
    count: Literal["leading order, paper Eq. (2)", "exact, operator lists"]
    stages: Literal["denoiser", "whole request"]


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
        for key in entries:
            if not ID.fullmatch(key):
                raise InputError(
                    f"{path}: {_KINDS[kind]} {key[:40]!r} is no id; expected letters, digits, '.', '_', '-'"
                )
        checked[kind] = {
            key: _validated(_SCHEMAS[kind], entry, f"{path}: {_KINDS[kind]} {key!r}") for key, entry in entries.items()
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
    schema = create_model(
        "calibration", __base__=_Table,
        schema_version=(Annotated[int, Ge(1), Lt(2)], ...), law=(str, ...), device=(_Device, ...),
        parameters=(_table("parameters", LAWS[law], ENERGY), ...), standard_errors=(_Plain, {}), intervals=(_Plain, {}),
        covariance=(_Covariance, ...), verdicts=(dict[str, str], ...), quality=(_Quality, ...),
        validity=(_Validity, ...), convention=(_Convention, ...), data=(_Plain, ...),
    )  # fmt: skip
    checked = _validated(schema, table, f"{path}: calibration")
    names, matrix = checked["covariance"]["parameters"], checked["covariance"]["matrix"]
    square = len(set(names)) == len(names) == len(matrix) and all(len(row) == len(names) for row in matrix)
    known = set(names) <= set(checked["parameters"])
    if not (names and square and known and all(math.isfinite(cell) for row in matrix for cell in row)):
        raise InputError(
            f"{path}: covariance must be a finite square matrix over parameters of the law {law!r}, not over {names}"
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


def validate_network(kind: type[Any], configuration: Mapping[str, Any], where: str) -> Any:
    """Make a network of class ``kind`` from a user's configuration; raises `InputError` naming the field.

    The class's own types say what a field may be: a ``Literal`` names the values whose effect on the count is known.
    """
    hints = get_type_hints(kind)
    own = dataclasses.fields(kind)
    table: dict[str, Any] = {
        x.name: (hints[x.name], ... if x.default is dataclasses.MISSING else x.default) for x in own
    }
    schema = create_model(kind.__name__, __base__=_Table, **table)
    try:
        text = json.dumps(configuration)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {error}") from None
    try:
        checked = schema.model_validate_json(text)
    except ValidationError as failure:
        errors = sorted(failure.errors(include_url=False), key=lambda error: error["type"] != "missing")
        raise InputError(f"{where}: {_told_of_network(errors[0], schema)}") from None
    values = {x.name: getattr(checked, x.name) for x in own}
    for x in own:
        if x.name not in FREE_OF_SIGN:
            least = 0 if "layers" in x.name or x.default in (0, 0.0, False) else 1
            _demand_size(f"{where}: {x.name}", values[x.name], least)
    found = kind(**values)
    _demand_network(found, where)
    return found


FREE_OF_SIGN = {"latents_mean", "latents_std", "shift_factor", "rope_scale", "dual_attention_layers", "llama_layers"}
"""Fields that scale or number something: any sign, or zero, is possible."""


def _demand_size(name: str, value: Any, least: int) -> None:
    """Numbers that size something are not negative, nor zero where nothing would be left."""
    if isinstance(value, tuple):
        for inner in value:
            _demand_size(name, inner, least)
    elif isinstance(value, int) and not isinstance(value, bool):
        if not least <= value <= LARGEST_SIZE:
            raise InputError(f"{name} = {value} is outside {least}..{LARGEST_SIZE}")
    elif isinstance(value, float) and not 0 <= value <= LARGEST_SIZE:
        raise InputError(f"{name} = {value:g} is outside 0..{LARGEST_SIZE}")


def _demand_network(found: Any, where: str) -> None:
    """The sizes make a network: lists are as long as they must be, and something is left to count."""
    try:
        parameters = total(found.operators()).parameters
        shape = [getattr(found, name) for name in ("patch", "patch_frames", "spatial_factor") if hasattr(found, name)]
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError) as error:
        lists = [name for name, value in vars(found).items() if isinstance(value, tuple)]
        raise InputError(f"{where}: the sizes do not fit together ({error}); look at {', '.join(lists)}") from None
    if not parameters > 0 or not all(size > 0 for size in shape):
        raise InputError(f"{where}: the sizes make no network: {parameters} parameters")


LARGEST_SIZE = 10_000_000
"""More than any width, depth or vocabulary."""


def _told_of_network(error: Any, schema: type[BaseModel]) -> str:
    path = ".".join(str(part) for part in error["loc"] if not str(part).startswith(("function", "tuple", "literal")))
    if error["type"] == "missing":
        return f"{path} is missing; it sizes the network"
    if error["type"] == "extra_forbidden":
        given = repr(error.get("input"))[:60]
        return f"field {path} = {given} is not understood and may change the count{nearest(path, schema.model_fields)}"
    return f"{path} = {repr(error.get('input'))[:60]}: {error['msg'].lower()}"
