"""CodeCarbon's ``emissions.csv``, joined with a table that says what each run did.

The table of requests has one of the columns run_id, experiment_id and project_name, and model, height, width, batch. It
may have frames, steps, guidance, text_tokens, ``gpu``, ``stage``, and ``repeats``: how often a run made the batch. If
CodeCarbon's file has a row for each task, the column ``task_name`` says which task the request is.

A run may have several rows, because each flush appends the totals since the run began. The last row is then the
measurement. CodeCarbon writes "None" as the run_id of a run that it could not register, so "None" names no run
(schmidt2021codecarbon: codecarbon/emissions_tracker.py).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from ..catalog.csv_table import number
from ..catalog.loading import Catalog
from ..errors import InputError, nearest, similar
from .measurements import OPTIONAL, REQUIRED, Row, read_records, row_of

KEYS = ("run_id", "experiment_id", "project_name")
"""Columns on which the two files may be joined."""
TASK = "task_name"
NO_NAME = ("", "none", "nan")
"""What a cell holds, in lower case, if it names nothing."""
TOTALS = ("duration", "gpu_energy", "energy_consumed")
"""Columns that only rise while a run goes on."""
Record = Mapping[str, str]
Placed = tuple[int, Record]
"""A row of CodeCarbon's file, and its place below the header."""


def joined(path: Path, requests: Path, catalog: Catalog, gpu: str | None = None) -> tuple[list[Row], list[str]]:
    """Rows of measurements from CodeCarbon's file and a table of requests, and warnings.

    ``gpu`` is the id of the accelerator of runs for which CodeCarbon names none that the catalogue has. Raises
    `InputError` naming file, row, column and value.
    """
    runs, wanted = read_records(path), read_records(requests)
    key = _key(path, runs, requests, wanted)
    names = list(dict.fromkeys(run[key] for run in runs if named(run[key])))
    found: list[Row] = []
    used: list[Record] = []
    notes: dict[str, None] = {}
    for place, asked in enumerate(wanted, start=1):
        where, name, task = f"{requests}: row {place}", asked[key], asked.get(TASK, "")
        if [(x[key], x.get(TASK, "")) for x in wanted].count((name, task)) > 1:
            raise InputError(f"{requests}: a {key} stands twice: {name!r}")
        mine = [(k, run) for k, run in enumerate(runs, start=1) if run[key] == name]
        if not mine:
            others = nearest(name, names) if names else f", where no row has a {key}"
            raise InputError(f"{where}: {key} = {name!r} is not in {path}{others}")
        if TASK in asked:
            tasks = sorted({run[TASK] for _, run in mine})
            mine = [(k, run) for k, run in mine if run[TASK] == task]
            if not mine:
                raise InputError(f"{where}: {TASK} = {task!r} is not in {path}{nearest(task, tasks)}")
        for k, run in last_of_each_run(path, mine, notes):
            of_run, own = f"{path}: row {k}", _own_gpu(where, asked, catalog)
            device = _accelerator(of_run, run, own or gpu, catalog, notes)
            row = row_of(requests, place, _line(of_run, run, where, asked, device, notes))
            found.append(replace(row, number=k))
            used.append(run)
    left = [name for name in names if name not in {x[key] for x in wanted}]
    if left:
        notes[f"{len(left)} runs of {path.name} are left out, since {requests.name} does not name them"] = None
    return sorted(found, key=lambda row: row.number), [*_beware(used), *notes]


def _key(path: Path, runs: Sequence[Record], requests: Path, wanted: Sequence[Record]) -> str:
    """The column to join on: the first that both files have, and that names a run for each request."""
    common = [x for x in KEYS if x in runs[0] and x in wanted[0]]
    if not common:
        raise InputError(f"{requests}: no column in common with {path}; expected one of {', '.join(KEYS)}")
    for file, table, needed in ((requests, wanted, REQUIRED), (path, runs, ("duration",))):
        missing = [x for x in needed if x not in table[0]]
        if missing:
            raise InputError(f"{file}: no column {missing[0]!r}")
    if (TASK in runs[0]) != (TASK in wanted[0]):
        tasks = ", ".join(dict.fromkeys(run[TASK] for run in runs)) if TASK in runs[0] else "it has none"
        raise InputError(f"{requests}: the column {TASK} must say which task of {path} each request is ({tasks})")
    for key in common:
        if all(named(asked[key]) for asked in wanted):
            return key
    unnamed = next(k for k, asked in enumerate(wanted, start=1) if not named(asked[common[0]]))
    raise InputError(
        f"{requests}: row {unnamed}: {common[0]} = {wanted[unnamed - 1][common[0]]!r} names no run, CodeCarbon writes "
        f"it for any run that it could not register; name the run by another of the columns {', '.join(KEYS)}"
    )


def named(text: str) -> bool:
    return text.lower() not in NO_NAME


def last_of_each_run(path: Path, rows: Sequence[Placed], notes: dict[str, None]) -> Iterator[Placed]:
    """The rows that hold the totals of whole runs; raises `InputError` where they cannot be told."""
    by_run: dict[str, list[Placed]] = {}
    for k, run in rows:
        name = run.get("run_id", "")
        by_run.setdefault(name if named(name) else "", []).append((k, run))
    for name, its in by_run.items():
        (first, _), (last, run) = its[0], its[-1]
        if len(its) > 1 and (not name or TASK in run):
            said = "are the same task of one run" if name else "have no run_id: they may be one run or several"
            raise InputError(f"{path}: rows {first} and {last} {said}; leave one of them")
        for (k, before), (j, after) in pairwise(its):
            for column in TOTALS:
                old, new = (amount(f"{path}: row {at}", x, column) for at, x in ((k, before), (j, after)))
                if old is not None and new is not None and new < old:
                    raise InputError(
                        f"{path}: row {j}: {column} = {after[column]} is below that of row {k}, which has the same "
                        f"run_id; the totals of one run only rise"
                    )
        if len(its) > 1:
            notes[f"run {name} of {path.name} has {len(its)} rows of totals so far: its last row is taken"] = None
        yield last, run
    if len(by_run) > 1:
        notes[f"a request of the table stands for {len(by_run)} runs: each is compared with it"] = None


def _own_gpu(where: str, asked: Record, catalog: Catalog) -> str:
    """The id of the accelerator that a request names; empty if it names none."""
    try:
        return catalog.gpu(asked["gpu"]).id if asked.get("gpu") else ""
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _accelerator(where: str, run: Record, given: str | None, catalog: Catalog, notes: dict[str, None]) -> str:
    """The id of a run's accelerator, which CodeCarbon calls ``1 x NVIDIA H100 80GB HBM3``; ``given`` is the user's."""
    count, _, name = run.get("gpu_model", "").rpartition(" x ")
    several = {count, run.get("gpu_count", "").removesuffix(".0")} - {"", "0", "1"}
    if several:
        raise InputError(f"{where}: gpu_count = {several.pop()}: predictions are of a single accelerator")
    known = catalog.gpu_of_driver(name)
    if known is not None:
        if given not in (None, known.id):
            raise InputError(f"{where}: ran on {name!r}, which is {known.id} and not {given}")
        return known.id
    if given is not None:
        if name:
            notes[f"the catalogue does not have {name!r}: its runs are compared with predictions for {given}"] = None
        return given
    if not name:
        raise InputError(f"{where}: CodeCarbon saw no accelerator; give --gpu")
    spelled = {x: gpu.id for gpu in catalog.gpus.values() for x in map(str.lower, gpu.nvml_names)}
    near = " or ".join(spelled[x] for x in similar(name, spelled)) or "one of 'ditcarbon gpus'"
    raise InputError(
        f"{where}: ran on {name!r}, which the catalogue does not have; give --gpu ({near}?) to compare it with another "
        "accelerator, or add it with --catalog"
    )


def _line(
    of_run: str, run: Record, of_request: str, asked: Record, gpu: str, notes: dict[str, None]
) -> dict[str, str]:  # fmt: skip
    """One run as a line of a table of measurements: per batch, if the request was repeated."""
    text = asked.get("repeats", "") or "1"
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0):
        raise InputError(f"{of_request}: repeats = {text[:20]!r} is not a whole number from 1 to 999999999")
    seconds, kwh = (amount(of_run, run, column) for column in ("duration", "gpu_energy"))
    if not seconds:
        raise InputError(f"{of_run}: duration = {run['duration']!r} is not a positive number of seconds")
    if not kwh:
        notes["where gpu_energy is zero or empty, CodeCarbon could not read it: only the time is compared"] = None
    repeats, pue = int(text), pue_of(of_run, run)
    return {
        "gpu": gpu,
        **{name: asked[name] for name in REQUIRED},
        **{name: asked[name] for name in (*OPTIONAL, "stage") if asked.get(name)},
        "time_s": str(seconds / repeats),
        "energy_kwh": str(kwh / pue / repeats) if kwh else "",
    }


def _beware(runs: Sequence[Record]) -> list[str]:
    notes = ["CodeCarbon's duration holds whatever ran between its start and its end: loading a model counts as time"]
    energies = [[amount("", run, column) for column in ("gpu_energy", "energy_consumed")] for run in runs]
    share = [ours / whole for ours, whole in energies if ours and whole]
    if share:
        notes.append(
            f"compared with gpu_energy alone, {fmean(share):.0%} of the energy that CodeCarbon counts: the rest is "
            "processor and memory, which no prediction here covers"
        )
    if any(pue_of("", run) != 1 for run in runs):
        notes.append("CodeCarbon's energies hold its PUE: they are divided by it")
    return notes


def pue_of(where: str, run: Record) -> float:
    """The factor of every energy that CodeCarbon writes; 1 if the file does not say it."""
    return amount(where, run, "pue") or 1.0


def amount(where: str, run: Record, column: str) -> float | None:
    """A number that is not negative; None for an empty cell."""
    text = run.get(column, "")
    if not text:
        return None
    try:
        value = number(text)
    except ValueError as error:
        raise InputError(f"{where}: {column} = {error}") from None
    if not 0 <= value < math.inf:
        raise InputError(f"{where}: {column} = {text} is not a number from zero on")
    return value
