"""What is known of models, accelerators, data centres and calibrations.

An entry is a substitution: ``entry.values`` maps symbols to numbers and merges with ``|`` into a configuration. The
tests validate the files shipped in ``data/``; a file of the user's is validated when it is read (`schema`).
"""

import csv
from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sympy import Symbol

from ..equations.notation import (
    BY_FIELD,
    DATACENTER_FIELDS,
    GPU_FIELDS,
    MODEL_DEFAULTS,
    MODEL_FIELDS,
    NOTATION,
    P_VAE,
    REQUEST_FIELDS,
    P_enc,
    d,
    n_frames,
    n_ref,
    t,
    v_s,
    v_t,
)
from ..equations.operator_law import LAWS
from . import stages
from .entries import Calibration, Datacenter, Entry, Gpu, Model, OnDemand
from .files import DATA, read_toml, shipped_names, shipped_table
from .names import meant, without_maker
from .stages import Stages

SHIPPED = "shipped with the package"


@dataclass(frozen=True)
class Catalog:
    """All entries by id; a user's file adds to the shipped ones or replaces them.

    >>> "h100-sxm-80gb" in load().gpus
    True
    """

    models: Mapping[str, Model]
    gpus: Mapping[str, Gpu]
    datacenters: Mapping[str, Datacenter]

    def model(self, name: str) -> Model:
        """Return the model of this name (`names.meant`); raises `InputError` with the ids that it may mean."""
        return self.models[self.id_of("model", name)]

    def gpu(self, name: str) -> Gpu:
        """Return the accelerator of this name; raises `InputError` with the ids that it may mean."""
        return self.gpus[self.id_of("gpu", name)]

    def datacenter(self, name: str) -> Datacenter:
        """Return the data centre, or the place (`places`), of this name; raises `InputError` with what it may mean."""
        from .places import datacenter_of

        key = self.id_of("datacenter", name)
        return self.datacenters[key] if key in self.datacenters else datacenter_of(key)

    def gpu_of_driver(self, name: str) -> Gpu | None:
        """Return the accelerator that NVIDIA's driver calls by this name, or None if the catalogue does not have it.

        The driver names variants of a chip in full, so nothing is guessed: an H100 PCIe is no H100 SXM.

        >>> found = load().gpu_of_driver("NVIDIA A100-SXM4-80GB")
        >>> (found.id if found else None), load().gpu_of_driver("NVIDIA A100X")
        ('a100-sxm-80gb', None)
        """
        told = without_maker(name)
        own_first = reversed(list(self.gpus.values()))
        return next((x for x in own_first if told in map(without_maker, x.nvml_names)), None)

    def id_of(self, kind: str, name: str) -> str:
        """Return the id that a person means by ``name``; ``kind`` is "model", "gpu" or "datacenter".

        >>> load().id_of("model", "black-forest-labs/FLUX.1-dev"), load().id_of("gpu", "H100")
        ('flux.1-dev', 'h100-sxm-80gb')
        """
        entries: Mapping[str, Entry] = {"model": self.models, "gpu": self.gpus, "datacenter": self.datacenters}[kind]
        if name in entries:
            return name
        if kind == "datacenter":
            from .places import id_of_place

            return id_of_place(name, {key: _other_names(entries, key) for key in entries})
        return meant(kind, name, {key: _other_names(entries, key) for key in entries})


def _other_names(entries: Mapping[str, Entry], key: str) -> tuple[str, ...]:
    """What an entry is called besides its id. A released model's names are read without making its networks."""
    released = stages.released_names(key) if key in stages.shipped_ids() else ()
    if released and key not in paper_models():
        return released
    entry = entries[key]
    return (*released, entry.name, *((*entry.names, *entry.nvml_names) if isinstance(entry, Gpu) else ()))


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
        ChainMap(dict(added.models), shipped.models),  # type: ignore[arg-type]  # never written to
        ChainMap(dict(added.gpus), shipped.gpus),  # type: ignore[arg-type]
        MappingProxyType({**shipped.datacenters, **added.datacenters}),
    )


def paper_models() -> Mapping[str, Model]:
    """Return the models whose flags the paper prints or implies, by id."""
    return _printed().models


@lru_cache(maxsize=1)
def defaults() -> Mapping[str, Any]:
    """Return what an estimate assumes where the user says nothing, with sources."""
    return MappingProxyType(read_toml(DATA / "defaults.toml"))


@lru_cache(maxsize=64)
def shipped_calibration(gpu: str, law: str = "bgr") -> Calibration | None:
    """Return the calibration of this law shipped for this accelerator, or None.

    >>> shipped_calibration("l4") is None
    True
    """
    name = gpu if law == "bgr" else f"{gpu}-{law}"
    if name not in shipped_names("calibrations"):
        return None
    return _calibration(shipped_table("calibrations", name), f"{SHIPPED} ({name}.toml)")


def load_calibration(path: str | Path) -> Calibration:
    """Return the calibration in a TOML file, validated; raises `InputError` in one line.

    >>> load_calibration(DATA / "calibrations" / "v100-pcie-16gb.toml").gpu
    'v100-pcie-16gb'
    """
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


@lru_cache(maxsize=1)
def _printed() -> Catalog:
    return _catalog({kind: read_toml(DATA / f"{kind}.toml")[kind] for kind in ("models", "datacenters")}, SHIPPED)


@lru_cache(maxsize=1)
def _shipped() -> Catalog:
    printed = _printed()
    return Catalog(
        OnDemand((*printed.models, *shipped_names("pipelines")), _shipped_model),
        OnDemand(shipped_names("gpus"), lambda key: _gpu(key, shipped_table("gpus", key), SHIPPED)),
        printed.datacenters,
    )


def _shipped_model(name: str) -> Model:
    """A model of the paper's by its printed flags, another from its configuration."""
    if name in paper_models():
        return paper_models()[name]
    table = stages.released(name)
    request = {n_frames: 1.0, n_ref: 0.0, **_values(table["request"], REQUEST_FIELDS)}
    model = model_of(name, stages.shipped(name), request, SHIPPED)
    return replace(model, values={**model.values, **_values(table.get("stand_ins", {}), (P_enc, P_VAE))})


def model_of(name: str, networks: Stages, request: Mapping[Symbol, float], origin: str) -> Model:
    """Return the model of these networks: the nearest flags, and the parameters of encoders and decoder as counted.

    The symbol of a stage that is not known is left out.
    """
    denoiser, weights = networks.denoiser, networks.weights()
    space, time = networks.factors
    values = {
        **MODEL_DEFAULTS, **{x: float(value) for x, value in denoiser.leading_order().items()}, v_s: float(space),
        **({v_t: float(time)} if denoiser.is_video else {}),
        **{x: float(count) for x, stage in ((P_enc, stages.TEXT), (P_VAE, stages.DECODER))
           if (count := weights[stage]) is not None},
    }  # fmt: skip
    return Model(
        id=name, name=networks.name, values=values, sources=networks.sources, origin=origin, request=request,
        networks=lambda: networks, patch_frames=denoiser.patch_frames,
        text_tokens_fixed=denoiser.text_tokens_fixed,
    )  # fmt: skip


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
    request = {n_frames: 1.0, n_ref: 0.0, **_values(table["request"], REQUEST_FIELDS)}
    networks = partial(stages.shipped, key) if origin == SHIPPED and key in stages.shipped_ids() else None
    return Model(values={t: values[d], **values}, request=request, networks=networks, **_common(key, table, origin))


_OF_A_GPU = ("precision", "memory_gb", "die_cm2", "compute_capability", "link_byte_per_second", "node_gpus", "maker")


def _gpu(key: str, table: Mapping[str, Any], origin: str) -> Gpu:
    lists: dict[str, Any] = {name: tuple(table.get(name, ())) for name in ("nvml_names", "names")}
    given: dict[str, Any] = {x: table[x] for x in _OF_A_GPU if table.get(x) is not None}
    return Gpu(
        values=_values(table, GPU_FIELDS), embodied=table.get("embodied_gco2eq", {}), **lists, **given,
        **_common(key, table, origin),
    )  # fmt: skip


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
        head_multiple=int(table["device"].get("head_multiple", 1)),
    )
