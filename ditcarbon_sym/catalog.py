"""What is known of models, accelerators, data centres and calibrations: the only module that reads TOML.

An entry is a substitution: ``entry.values`` maps symbols to numbers and merges with ``|`` into a configuration. The
files shipped in ``data/`` are validated by the tests; a file of the user's is validated when read (`schema`), entry
by entry.
"""

import csv
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from sympy import Symbol

from .efficiency import LAWS
from .notation import (
    BY_FIELD,
    DATACENTER_FIELDS,
    GPU_FIELDS,
    MODEL_DEFAULTS,
    MODEL_FIELDS,
    NOTATION,
    REQUEST_FIELDS,
    InputError,
    d,
    n_frames,
    nearest,
    t,
    v_t,
)  # fmt: skip

AnyEntry = TypeVar("AnyEntry", bound="Entry")
DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Entry:
    """One named set of facts with their sources."""

    id: str
    name: str
    values: Mapping[Symbol, float]
    sources: Mapping[str, str]
    origin: str


@dataclass(frozen=True)
class Model(Entry):
    """A diffusion transformer given by flags and sizes, with its released pipeline's default request."""

    request: Mapping[Symbol, float] = field(default_factory=dict)

    @property
    def is_video(self) -> bool:
        """Whether the VAE has a time axis."""
        return v_t in self.values


@dataclass(frozen=True)
class Gpu(Entry):
    """An accelerator; ``embodied`` holds gCO2eq by system boundary, and is empty where no figure is known."""

    precision: str = ""
    memory_gb: float | None = None
    embodied: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Datacenter(Entry):
    """A facility (PUE) on a grid (gCO2eq/kWh)."""


@dataclass(frozen=True)
class Calibration:
    """Values of one efficiency law on one device, with their covariance, validity and conventions."""

    law: str
    gpu: str
    device: Mapping[Symbol, float]
    values: Mapping[Symbol, float]
    free: tuple[Symbol, ...]
    covariance: tuple[tuple[float, ...], ...]
    verdicts: Mapping[str, str]
    quality: Mapping[str, Any]
    validity: Mapping[str, Any]
    convention: Mapping[str, str]
    data: Mapping[str, Any]
    origin: str


@dataclass(frozen=True)
class Catalog:
    """All entries by id; a user's file adds to the shipped ones or replaces them."""

    models: Mapping[str, Model]
    gpus: Mapping[str, Gpu]
    datacenters: Mapping[str, Datacenter]

    def model(self, name: str) -> Model:
        """Return the model with this id, or raise `InputError` with the nearest ids."""
        return _find("model", name, self.models)

    def gpu(self, name: str) -> Gpu:
        """Return the accelerator with this id, or raise `InputError` with the nearest ids."""
        return _find("gpu", name, self.gpus)

    def datacenter(self, name: str) -> Datacenter:
        """Return the data centre with this id, or raise `InputError` with the nearest ids."""
        return _find("datacenter", name, self.datacenters)


def load(extra: str | Path | None = None) -> Catalog:
    """Return the shipped catalogue, with the entries of the TOML file ``extra`` added.

    Raises `InputError` in one line if the file cannot be read or an entry is not valid.

    >>> sorted(load().datacenters)[:2]
    ['azure-us-west', 'france-nuclear']
    """
    shipped = _shipped()
    if extra is None:
        return shipped
    from .schema import validate_catalog

    path = Path(extra)
    added = _catalog(validate_catalog(read_toml(path), path), str(path))
    return Catalog(
        MappingProxyType({**shipped.models, **added.models}),
        MappingProxyType({**shipped.gpus, **added.gpus}),
        MappingProxyType({**shipped.datacenters, **added.datacenters}),
    )


@lru_cache(maxsize=1)
def defaults() -> Mapping[str, Any]:
    """Return what an estimate assumes where the user says nothing, with sources."""
    return MappingProxyType(read_toml(DATA / "defaults.toml"))


def shipped_calibration(gpu: str) -> Calibration | None:
    """Return the calibration shipped for this accelerator, or None."""
    shipped = {path.stem: path for path in (DATA / "calibrations").glob("*.toml")}
    if gpu not in shipped:
        return None
    path = shipped[gpu]
    return _calibration(read_toml(path), f"shipped with the package ({path.name})")


def load_calibration(path: str | Path) -> Calibration:
    """Return the calibration in a TOML file, validated; raises `InputError` in one line."""
    from .schema import validate_calibration

    path = Path(path)
    return _calibration(validate_calibration(read_toml(path), path), str(path))


@lru_cache(maxsize=1)
def ranges() -> Mapping[str, Mapping[str, Any]]:
    """Return the documented ranges of inputs, by knob, with sources."""
    return MappingProxyType(read_toml(DATA / "ranges.toml")["ranges"])


def claims() -> list[dict[str, str]]:
    """Return the ledger: every number the paper prints, what the project computes for it, and the status."""
    with (DATA / "claims.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file; every way in which it can fail becomes one line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file (expected TOML in UTF-8)") from None
    except RecursionError:
        raise InputError(f"{path}: not valid TOML: nested too deep") from None
    except ValueError as error:  # tomllib's own, an integer of thousands of digits, a null byte in the path
        raise InputError(f"{path}: not valid TOML: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _find(kind: str, name: str, entries: Mapping[str, AnyEntry]) -> AnyEntry:
    if name not in entries:
        raise InputError(f"unknown {kind} {name!r}{nearest(name, entries)}")
    return entries[name]


@lru_cache(maxsize=1)
def _shipped() -> Catalog:
    tables = {kind: read_toml(DATA / f"{kind}.toml")[kind] for kind in ("models", "gpus", "datacenters")}
    return _catalog(tables, "shipped with the package")


def _catalog(tables: Mapping[str, Any], origin: str) -> Catalog:
    return Catalog(
        MappingProxyType({key: _model(key, table, origin) for key, table in tables.get("models", {}).items()}),
        MappingProxyType({key: _gpu(key, table, origin) for key, table in tables.get("gpus", {}).items()}),
        MappingProxyType({
            key: Datacenter(values=_values(table, DATACENTER_FIELDS), **_common(key, table, origin))
            for key, table in tables.get("datacenters", {}).items()
        }),
    )  # fmt: skip


def _common(key: str, table: Mapping[str, Any], origin: str) -> dict[str, Any]:
    return {"id": key, "name": table.get("name", key), "sources": table.get("sources", {}), "origin": origin}


def _values(table: Mapping[str, Any], symbols: Iterable[Symbol]) -> dict[Symbol, float]:
    """Pick the numbers of these symbols out of a table of data fields."""
    return {x: float(table[NOTATION[x].field]) for x in symbols if table.get(NOTATION[x].field) is not None}


def _model(key: str, table: Mapping[str, Any], origin: str) -> Model:
    values = {**MODEL_DEFAULTS, **_values(table, MODEL_FIELDS)}
    request = {n_frames: 1.0, **_values(table["request"], REQUEST_FIELDS)}
    return Model(values={t: values[d], **values}, request=request, **_common(key, table, origin))


def _gpu(key: str, table: Mapping[str, Any], origin: str) -> Gpu:
    return Gpu(
        values=_values(table, GPU_FIELDS),
        precision=table.get("precision", ""),
        memory_gb=table.get("memory_gb"),
        embodied=table.get("embodied_gco2eq", {}),
        **_common(key, table, origin),
    )


def _calibration(table: Mapping[str, Any], origin: str) -> Calibration:
    covariance = table["covariance"]
    return Calibration(
        law=table["law"],
        gpu=table["device"]["gpu"],
        device=_values(table["device"], GPU_FIELDS),
        values=_values(table["parameters"], LAWS[table["law"]]),
        free=tuple(BY_FIELD[name].symbol for name in covariance["parameters"]),
        covariance=tuple(tuple(row) for row in covariance["matrix"]),
        verdicts=table["verdicts"],
        quality=table["quality"],
        validity=table["validity"],
        convention=table["convention"],
        data=table["data"],
        origin=origin,
    )
