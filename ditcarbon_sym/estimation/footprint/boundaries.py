"""Which boundary a request is counted within: its numbers, where they come from, and the ranges of what is not sure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sympy import Symbol

from ...catalog.entries import Gpu
from ...catalog.files import DATA, read_toml
from ...equations import pipeline
from ...equations.around.boundaries import ACCOUNTS, host_energy, of_several
from ...equations.equation import Equation
from ...equations.notation import C_chip, C_server, P_host, P_idle, h_host
from ...equations.parallel.symbols import n_gpu
from ...errors import InputError

CHIP = "chip"
"""The paper's boundary: the accelerator's power, and the embodied carbon of its die."""
EXCLUDED = {
    CHIP: "host, memory, board, server, network, storage, buildings and end of life",
    "board": "host, server, network, storage and buildings",
    "server": "network, storage and buildings",
    "facility": "network, storage and buildings",
}
"""What each boundary leaves out."""
METHODS_DIFFER = (
    "embodied carbon of {} is computed by Boavizta's method, which gives an H100 3.5 times what NVIDIA gives it: a "
    "comparison of accelerators is one of methods, too"
)
WITH_HOST = tuple(name for name, account in ACCOUNTS.items() if host_energy in account)
"""The boundaries that count the host."""


@dataclass(frozen=True)
class Boundary:
    """A boundary at an accelerator: numbers for its equations, parts of the embodied carbon in grams, what to say.

    ``ranges`` holds, by data field, low, high and source of what the sources do not agree on.
    """

    name: str
    accounting: tuple[Equation, ...] = ACCOUNTS[CHIP]
    values: Mapping[Symbol, float] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float, str]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def facts() -> Mapping[str, Mapping[str, Any]]:
    """Return what is known of boards and hosts, with sources."""
    return MappingProxyType(read_toml(DATA / "boundaries.toml"))


def boundaries_of(device: Gpu) -> tuple[str, ...]:
    """Return the boundaries that have sources for an accelerator, from the narrowest to the widest.

    >>> from ditcarbon_sym.catalog.loading import load
    >>> [boundaries_of(load().gpu(x)) for x in ("v100-pcie-16gb", "l4", "h100")]
    [('chip',), ('chip', 'board'), ('chip', 'board', 'server', 'facility')]
    """
    board, host = device.id in facts()["boards"], _host(device) is not None
    return (CHIP, *(["board"] if board else []), *(["server", "facility"] if board and host else []))


def accounted(route: pipeline.AnyRoute, boundary: Boundary, values: Mapping[Symbol, float]) -> pipeline.AnyRoute:
    """Return the route with the equations of a boundary that counts the host, of which each of several accelerators
    has its share.
    """
    if boundary.accounting == ACCOUNTS[CHIP]:
        return route
    if values.get(n_gpu, 1) > 1:
        return pipeline.accounted(route, of_several(boundary.accounting))
    return pipeline.accounted(route, boundary.accounting)


def _host(device: Gpu) -> Mapping[str, Any] | None:
    found: Mapping[str, Any]
    for found in facts()["hosts"].values():
        if device.id in (*found["gpus"], *found["assumed_for"]):
            return found
    return None


def boundary_of(device: Gpu, wanted: str | None, embodied: str | None, utilisation: float) -> Boundary:
    """Return the boundary asked for; raises `InputError`, with those that have sources for the accelerator."""
    if wanted is None or wanted == CHIP:
        return Boundary(CHIP)
    if wanted not in ACCOUNTS:
        raise InputError(f"boundary = {wanted!r} is unknown; expected one of {', '.join(ACCOUNTS)}")
    known = boundaries_of(device)
    if wanted not in known:
        raise InputError(f"boundary = {wanted!r} has no sources for {device.id}; those that have: {', '.join(known)}")
    if embodied is not None:
        raise InputError(f"boundary = {wanted!r} together with embodied_boundary = {embodied!r}; give one of them")
    board = facts()["boards"][device.id]
    parts = {name: float(grams) for name, grams in board["parts"].items()}
    values: dict[Symbol, float] = {C_chip: sum(parts.values())}
    ranges = {"embodied_gco2eq": (*board["range"], board["source"])} if "range" in board else {}
    sources = {"embodied_gco2eq": board["source"]}
    notes = [METHODS_DIFFER.format(device.id)] if "memory" in parts else []
    if wanted == "board":
        return Boundary(wanted, ACCOUNTS[wanted], values, parts, ranges, sources, tuple(notes))
    host = _host(device)
    assert host is not None
    share, told = 1.0 / host["accelerators"], host["sources"]
    values |= {
        P_host: host["host_watt"] * share, h_host: host["host_watt_per_watt"],
        C_server: host["embodied_gco2eq"] * share,
    }  # fmt: skip
    ranges["host_watt_per_watt"] = (*host["host_watt_per_watt_range"], told["host_watt_per_watt"])
    low, high = (grams * share for grams in host["embodied_range"])
    ranges["server_gco2eq"] = (low, high, told["embodied_gco2eq"])
    sources |= {"host_watt": told["host_watt"], "host_watt_per_watt": told["host_watt_per_watt"]}
    sources["server_gco2eq"] = told["embodied_gco2eq"]
    parts["server, a share"] = values[C_server]
    if device.id in host["assumed_for"]:
        notes.append(f"host and server of {device.id} are assumed to be those of eight {host['gpus'][0]}")
    if wanted == "facility" and utilisation < 1 and P_idle not in device.values:
        raise InputError(f"boundary = 'facility': the idle power of {device.id} is unknown; take 'server'")
    # Where the accelerator is always in use, nothing is drawn between requests.
    account = ACCOUNTS["server" if utilisation == 1 else wanted]
    if wanted == "facility" and utilisation == 1:
        notes.append("in use 100 % of the time: the facility counts no idle hours; give --utilisation")
    return Boundary(wanted, account, values, parts, ranges, sources, tuple(notes))
