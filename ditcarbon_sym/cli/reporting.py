"""What --report writes for estimate, account, route and train, and what rerun compares."""

import inspect
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from ..errors import InputError

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]


def _run(command: str, arguments: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    from ..estimation.footprint.manifest import manifest

    line = shlex.join(["ditcarbon", *sys.argv[1:]])
    return manifest(command, arguments, answer, line, datetime.now(UTC).date().isoformat())


def estimated(**asked: Any) -> Any:
    """Estimate a request as it was asked for on the command line, the hours of a profile among its options."""
    from ..estimation import estimator
    from ..estimation.footprint.profile import Hours

    hours: Any = {name: asked.pop(name, None) for name in Hours.__annotations__}
    lone = next((name for name, value in hours.items() if value is not None), None)
    if hours["profile"] is None and lone is not None:
        raise InputError(f"--{lone} without --profile: it is about the hours of a profile")
    return estimator.estimate(**asked, hours=None if lone is None else hours)


def of_estimate(path: Path, arguments: Mapping[str, Any], found: Any) -> None:
    """Write the report of an estimate."""
    from ..equations.notation import NOTATION, n_frames
    from ..reports import estimate as report
    from ..reports.footprints import handover

    basis = found.basis
    unit, units, words = handover.functional_unit(found.model, found.request[NOTATION[n_frames].field])
    outputs = units * found.request["outputs"]
    facility, idle = found.facility_energy_wh.value, 0.0
    name = basis["boundary"]["name"]
    if name == "facility" and found.idle_energy_wh.value:
        idle = found.idle_energy_wh.value * basis["pue"]
    energy = None if facility is None else (facility + idle) / 1000
    score = handover.score(energy, basis["grid_gco2eq_per_kwh"], found.embodied_g.value, outputs, unit)
    lines = [
        f"functional unit: one {unit}{words}",
        f"score (ISO/IEC 21031): {score}",
        f"method: {basis['place']['method']}-based figure of the grid; place: {found.datacenter}",
        f"intervals: {basis['interval']}",
    ]
    tables: list[Table] = [
        ("Results", report.header(found), report.rows(found)),
        ("Basis", ("", "what"), report.basis_rows(found)),
    ]
    run = _run("estimate", arguments, found.to_dict())
    handover.write(path, f"Carbon of a request: {report.title(found)}", run, name, lines, tables, found.warnings)


def of_account(path: Path, arguments: Mapping[str, Any], found: Any) -> None:
    """Write the report of an account."""
    from ..reports.footprints import account as report, handover

    basis = found.basis
    energy = found.facility_energy_kwh
    if energy is not None and found.idle_g is not None:
        energy += found.idle_g / basis["grid_gco2eq_per_kwh"]
    grid, outputs = basis["grid_gco2eq_per_kwh"], basis["outputs"]
    lines = [
        "functional unit: one output" if outputs else "functional unit: not given (--outputs)",
        f"score (ISO/IEC 21031): {handover.score(energy, grid, found.embodied_g, outputs, 'output')}",
        f"method: {basis['method']}-based figure of the grid; place: {found.place}",
        f"energy: {basis['energy']}",
    ]
    tables: list[Table] = [
        ("Results", ("", "value", "unit"), report.rows(found)),
        ("Basis", ("", "what"), report.basis_rows(found)),
    ]
    run = _run("account", arguments, found.to_dict())
    title = f"Carbon of what was used: {report.title(found)}"
    handover.write(path, title, run, basis["boundary"], lines, tables, found.warnings)


def of_route(path: Path, arguments: Mapping[str, Any], found: Any) -> None:
    """Write the report of a route."""
    from ..reports.footprints import handover, route as report

    lines = [
        "functional unit: all requests of the file, once",
        f"places: {', '.join(found.places)}; hours: 0 to {found.hours}",
        "the least carbon within capacity, deadlines, latency and residency, as a linear programme",
    ]
    tables: list[Table] = [
        ("Results", ("", "value", "unit"), report.totals(found)),
        ("Places", report.PLACE_HEADER, report.place_rows(found)),
        ("Classes", report.CLASS_HEADER, report.class_rows(found)),
    ]
    run = _run("route", arguments, found.to_dict())
    handover.write(path, "Requests by place and hour", run, found.boundary, lines, tables, found.warnings)


def trained(per_output: float | None = None, **asked: Any) -> Any:
    """Estimate a training as it was asked for on the command line."""
    from ..estimation.training import train

    return train(outputs=per_output, **asked)


def of_training(path: Path, arguments: Mapping[str, Any], found: Any) -> None:
    """Write the report of a training."""
    from ..reports.footprints import handover, training as report

    basis = found.basis
    grid = basis["grid_gco2eq_per_kwh"]
    energy = found.facility_energy_kwh.value
    lines = [
        "functional unit: the training, once",
        f"score (ISO/IEC 21031): {handover.score(energy, grid, found.embodied_g.value, 1.0, 'training')}",
        f"method: {basis['place']['method']}-based figure of the grid; place: {found.datacenter}",
        f"intervals: {basis['interval']}",
    ]
    tables: list[Table] = [
        ("Results", report.header(found), report.rows(found)),
        ("One step, each accelerator", ("", "value", ""), report.step_rows(found)),
        ("Basis", ("", "what"), report.basis_rows(found)),
    ]
    run = _run("train", arguments, found.to_dict())
    handover.write(
        path, f"Carbon of a {report.title(found)}", run, basis["boundary"]["name"], lines, tables, found.warnings
    )


def answered_again(path: Path) -> tuple[list[str], list[tuple[str, Any, Any]], int]:
    """Run a manifest again: what of its inputs changed, the numbers that differ, and how many there are."""
    from ..calibration.used import accounted
    from ..estimation.footprint import manifest
    from ..sweeps.routed import route

    found = manifest.read_manifest(path)
    said = manifest.changed_inputs(found)
    functions: Any = {"estimate": estimated, "account": accounted, "route": route, "train": trained}
    _demand_known(path, found["command"], found["arguments"])
    again = functions[found["command"]](**found["arguments"]).to_dict()
    differ = manifest.differences(found["answer"], again)
    return said, differ, len(dict(manifest.numbers(found["answer"])))


def _demand_known(path: Path, command: str, arguments: Mapping[str, Any]) -> None:
    """Raise `InputError` unless the command takes arguments of these names and types."""
    from .app import function

    taken = inspect.signature(function(command)).parameters
    lost = next((x for x, one in taken.items() if one.default is one.empty and x not in arguments), None)
    if lost is not None:
        raise InputError(f"{path}: its argument {lost!r} is missing")
    for name, value in arguments.items():
        if name not in taken or name in ("report", "as_json"):
            raise InputError(f"{path}: its argument {name!r} is not one of this version of {command}")
        kind = get_args(taken[name].annotation)[0]
        kinds = (float, int) if float in (kind, *get_args(kind)) else get_args(kind) or (kind,)
        words = name == "places" and isinstance(value, list) and all(isinstance(x, str) for x in value)
        if isinstance(value, bool) != (kind is bool) or not (words or isinstance(value, kinds)):
            raise InputError(f"{path}: its argument {name} = {str(value)[:60]} is not what {command} takes")
