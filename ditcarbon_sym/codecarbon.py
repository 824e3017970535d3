"""CodeCarbon's ``emissions.csv``, joined with a table that says what each run did.

The table has one of the columns run_id, experiment_id and project_name, the request (model, height, width, batch;
frames, steps, guidance, text_tokens where they are not the model's own), and where they apply ``gpu`` and ``repeats``,
how often the batch was made in a run.
"""

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

from .measurements import OPTIONAL, REQUIRED, Row, row_of
from .notation import InputError, nearest

KEYS = ("run_id", "experiment_id", "project_name")
"""Columns that the two files may be joined on."""
CODECARBON = ("duration",)


def joined(path: Path, requests: Path) -> tuple[list[Row], list[str]]:
    """Rows of measurements from CodeCarbon's file and a table of requests, and what to beware of; raises `InputError`
    naming file, column and value.
    """
    runs, wanted = _table(path), _table(requests)
    key = next((x for x in KEYS if x in runs[0] and x in wanted[0]), None)
    if key is None:
        raise InputError(f"{requests}: no column in common with {path}; expected one of {', '.join(KEYS)}")
    missing = [x for x in REQUIRED if x not in wanted[0]] or [x for x in CODECARBON if x not in runs[0]]
    if missing:
        raise InputError(f"{requests if missing[0] in REQUIRED else path}: no column {missing[0]!r}")
    by_key = {record[key]: record for record in wanted}
    if len(by_key) < len(wanted):
        raise InputError(f"{requests}: a {key} stands twice")
    unknown = [run[key] for run in runs if run[key] not in by_key]
    if unknown:
        raise InputError(f"{path}: {key} = {unknown[0]!r} is not in {requests}{nearest(unknown[0], by_key)}")
    notes = ["CodeCarbon's duration holds whatever ran between its start and its end: loading a model counts as time"]
    share = [float(run["gpu_energy"]) / float(run["energy_consumed"]) for run in runs
             if _positive(run.get("energy_consumed")) and _positive(run.get("gpu_energy"))]  # fmt: skip
    if share:
        notes.append(
            f"compared with gpu_energy alone, {fmean(share):.0%} of the energy that CodeCarbon counts: the rest is "
            "processor and memory, which no prediction here covers"
        )
    return [_run(run, by_key[run[key]], requests) for run in runs], notes


def _run(run: Mapping[str, str], asked: Mapping[str, str], requests: Path) -> Row:
    """One run as a row of measurements: per batch, where the request was repeated."""
    where = f"{requests}: {asked['model']}"
    repeats = asked.get("repeats", "").strip() or "1"
    if not repeats.isdecimal() or int(repeats) < 1:
        raise InputError(f"{where}: repeats = {repeats!r} is not a whole number of at least 1")
    if (run.get("gpu_count") or "1").split(".")[0] not in ("", "1"):
        raise InputError(f"{where}: gpu_count = {run['gpu_count']}: predictions are of a single accelerator")
    if not _positive(run["duration"]):
        raise InputError(f"{where}: duration = {run['duration']!r} is not a positive number of seconds")
    line = {
        **{name: asked[name] for name in (*REQUIRED, *OPTIONAL) if asked.get(name, "").strip()},
        "time_s": str(float(run["duration"]) / int(repeats)), "gpu": asked.get("gpu", ""),
        "energy_kwh": str(float(run["gpu_energy"]) / int(repeats)) if _positive(run.get("gpu_energy")) else "",
    }  # fmt: skip
    return row_of(where, line)


def _positive(text: str | None) -> bool:
    try:
        return 0 < float(text or "") < math.inf
    except ValueError:
        return False


def _table(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
        reader = csv.DictReader(io.StringIO("".join(lines)))
        rows = [{key: value or "" for key, value in record.items() if key is not None} for record in reader]
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file (expected CSV in UTF-8)") from None
    except csv.Error as error:
        raise InputError(f"{path}: not valid CSV: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if not rows:
        raise InputError(f"{path}: no rows below the header")
    return rows
