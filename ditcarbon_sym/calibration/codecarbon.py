"""CodeCarbon's ``emissions.csv``, joined with a table that says what each run did.

The table has one of the columns run_id, experiment_id and project_name, the request (model, height, width, batch;
frames, steps, guidance, text_tokens where they are not the model's own), and where they apply ``gpu``, ``stage`` and
``repeats``, how often the batch was made in a run.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from ..errors import InputError, nearest
from .device import KNOWN_AS
from .measurements import OPTIONAL, REQUIRED, Row, read_records, row_of

KEYS = ("run_id", "experiment_id", "project_name")
"""Columns that the two files may be joined on."""


def joined(path: Path, requests: Path) -> tuple[list[Row], list[str]]:
    """Rows of measurements from CodeCarbon's file and a table of requests, and what to beware of; raises `InputError`
    naming file, row, column and value.
    """
    runs, wanted = read_records(path), read_records(requests)
    key = next((x for x in KEYS if x in runs[0] and x in wanted[0]), None)
    if key is None:
        raise InputError(f"{requests}: no column in common with {path}; expected one of {', '.join(KEYS)}")
    for file, table, needed in ((requests, wanted, REQUIRED), (path, runs, ("duration",))):
        missing = [x for x in needed if x not in table[0]]
        if missing:
            raise InputError(f"{file}: no column {missing[0]!r}")
    by_key = {record[key]: record for record in wanted}
    if len(by_key) < len(wanted):
        raise InputError(f"{requests}: a {key} stands twice")
    found = []
    for number, run in enumerate(runs, start=1):
        if run[key] not in by_key:
            raise InputError(
                f"{path}: row {number}: {key} = {run[key]!r} is not in {requests}{nearest(run[key], by_key)}"
            )
        asked = by_key[run[key]]
        found.append(_run(run, asked, f"{path}: row {number}", f"{requests}: row {1 + wanted.index(asked)}"))
    return found, _beware(runs)


def _beware(runs: Sequence[Mapping[str, str]]) -> list[str]:
    notes = ["CodeCarbon's duration holds whatever ran between its start and its end: loading a model counts as time"]
    share = [
        float(run["gpu_energy"]) / float(run["energy_consumed"])
        for run in runs
        if _positive(run.get("energy_consumed")) and _positive(run.get("gpu_energy"))
    ]
    if share:
        notes.append(
            f"compared with gpu_energy alone, {fmean(share):.0%} of the energy that CodeCarbon counts: the rest is "
            "processor and memory, which no prediction here covers"
        )
    if any(_pue(run) != 1 for run in runs):
        notes.append("CodeCarbon's energies hold its PUE: they are divided by it")
    return notes


def _run(run: Mapping[str, str], asked: Mapping[str, str], of_run: str, of_request: str) -> Row:
    """One run as a row of measurements: per batch, where the request was repeated."""
    text = asked.get("repeats", "").strip() or "1"
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0):
        raise InputError(f"{of_request}: repeats = {text[:20]!r} is not a whole number from 1 to 999999999")
    repeats = int(text)
    if (run.get("gpu_count") or "1").split(".")[0] not in ("", "1"):
        raise InputError(f"{of_run}: gpu_count = {run['gpu_count']}: predictions are of a single accelerator")
    if not _positive(run["duration"]):
        raise InputError(f"{of_run}: duration = {run['duration']!r} is not a positive number of seconds")
    metered = _positive(run.get("gpu_energy"))
    told = _accelerator(run)
    if told is not None and asked.get("gpu", "").strip() not in ("", told):
        raise InputError(f"{of_request}: gpu = {asked['gpu']!r}, but {of_run} ran on {run['gpu_model']!r}")
    line = {
        **({} if told is None else {"gpu": told}),
        **{name: asked[name] for name in REQUIRED},
        **{name: asked[name] for name in (*OPTIONAL, "gpu", "stage") if asked.get(name, "").strip()},
        "time_s": str(float(run["duration"]) / repeats),
        "energy_kwh": str(float(run["gpu_energy"]) / _pue(run) / repeats) if metered else "",
    }
    return row_of(of_request, line)


def _accelerator(run: Mapping[str, str]) -> str | None:
    """The catalogue's id of the accelerator that CodeCarbon names, such as ``1 x NVIDIA H100 80GB HBM3``; None where it
    names none, or one that the catalogue does not have.
    """
    return KNOWN_AS.get((run.get("gpu_model") or "").partition(" x ")[2].strip())


def _pue(run: Mapping[str, str]) -> float:
    """By which CodeCarbon multiplies every energy that it writes; 1 where it says nothing."""
    return float(run["pue"]) if _positive(run.get("pue")) else 1.0


def _positive(text: str | None) -> bool:
    try:
        return 0 < float(text or "") < math.inf
    except ValueError:
        return False
