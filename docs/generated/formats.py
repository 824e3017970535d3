"""JSON schemas of the files that the package reads and of the JSON that it prints, from what checks them."""

import json
from typing import Any

from pydantic import TypeAdapter

from ditcarbon_sym.catalog import schema
from ditcarbon_sym.equations.notation import NOTATION
from ditcarbon_sym.equations.operator_law import LAWS
from ditcarbon_sym.estimation.estimator import Estimate
from ditcarbon_sym.estimation.exact_count import Count

FIELDS = {x.field: x for x in NOTATION.values()}


def pages() -> dict[str, str]:
    """Return the schemas beside the page that explains the formats."""
    made = {f"reference/schemas/{name}.json": _text(table) for name, table in schemas().items()}
    return made


def schemas() -> dict[str, dict[str, Any]]:
    """Return each schema by name: the tables of a catalogue, a calibration, the answers of estimate and count."""
    tables: dict[str, Any] = {
        kind: {"type": "object", "additionalProperties": _told(table.model_json_schema())}
        for kind, table in schema.SCHEMAS.items()
    }
    return {
        "catalog": {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "catalogue (TOML)",
                    "type": "object", "additionalProperties": False, "properties": tables},
        **{
            f"calibration-{law}": _told(schema.calibration_model(law).model_json_schema())
            for law in LAWS
        },
        "estimate": _told(TypeAdapter(Estimate).json_schema()),
        "count": _told(TypeAdapter(Count).json_schema()),
    }  # fmt: skip


def _told(table: Any) -> Any:
    """Say of each field that is a symbol of the equations what it means, its unit and its range."""
    if isinstance(table, list):
        return [_told(x) for x in table]
    if not isinstance(table, dict):
        return table
    told = {key: _told(value) for key, value in table.items()}
    for field, value in told.get("properties", {}).items():
        if field in FIELDS and isinstance(value, dict):
            symbol = FIELDS[field]
            value.setdefault("description", f"{symbol.meaning} ({symbol.unit})")
            if "type" not in value and "anyOf" not in value and "$ref" not in value:
                value |= {"type": "integer" if symbol.integer else "number", "minimum": symbol.low}
                value |= {} if symbol.high == float("inf") else {"maximum": symbol.high}
    return told


def _text(table: dict[str, Any]) -> str:
    return json.dumps(table, indent=2, ensure_ascii=False, default=str) + "\n"
