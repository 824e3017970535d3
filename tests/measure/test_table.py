"""The table of a sweep: written before it starts, row by row, and taken up again whatever happened to it."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from types import SimpleNamespace

import pytest

from ditcarbon_sym.calibration.measurements import read_csv, read_header
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.measure import sweep, table
from ditcarbon_sym.measure.grid import Point

FACTS = {"schema_version": 1, "gpu": "a-gpu", "device": "A GPU", "dtype": "bf16", "attention": "sdpa",
         "compiled": False, "torch": "2", "diffusers": "0", "threads": 2}  # fmt: skip


def point(side=256, batch=1, stage="denoiser"):
    return Point("dit-xl-2-256", stage, side, side, 1, batch, 50, 2, 0)


def fake(asked):
    return {"status": "ok", "time_s": 0.5 * asked.batch, "step_s": 0.01 * asked.batch}


POINTS = [point(side, batch) for side in (256, 512) for batch in (1, 4, 8)]


def test_what_is_told_on_top_is_read_back(tmp_path):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)
    assert read_header(path) == FACTS


def test_rows_are_read_by_the_fit_and_those_without_a_measurement_are_not(tmp_path):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)
    for asked, found in (
        (point(), fake(point())), (point(1024), {"status": "out of memory"}),
        (point(stage="vae_decoder"), fake(point())),
    ):  # fmt: skip
        table.append(path, {**asked.row(), **found})
    table.append(path, {"model": "none", "stage": "idle", "status": "ok", "power_w": 80.0})
    (row,) = read_csv(path)
    assert row.measured == {"time_s": 0.5} and row.request["steps"] == 50
    (decoded,) = read_csv(path, "vae_decoder")
    assert decoded.extra["stage"] == "vae_decoder"


def test_a_sweep_taken_up_again_measures_only_what_is_missing(tmp_path):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)
    sweep.run(path, POINTS[:4], [1.0] * 4, fake)
    asked = []
    swept = sweep.run(
        path, POINTS, [1.0] * 6, lambda x: asked.append(x) or fake(x), done=table.finished(table.taken_up(path, FACTS))
    )
    assert asked == POINTS[4:] and swept.kept == 4
    assert len(read_csv(path)) == 6


def test_a_failed_row_is_tried_again_and_one_without_memory_is_not(tmp_path):
    statuses = {256: "failed", 512: "out of memory", 768: "does not fit", 1024: "ok"}
    rows = [{**{k: str(v) for k, v in point(side).row().items()}, "status": x} for side, x in statuses.items()]
    assert table.finished(rows) == {table.identity(point(side).row()) for side in (512, 768, 1024)}


def test_a_torn_last_line_is_cut_off_and_no_row_before_it_is_lost(tmp_path):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)
    sweep.run(path, POINTS[:3], [1.0] * 3, fake)
    whole = path.read_bytes()
    path.write_bytes(whole + b"dit-xl-2-256,denoiser,512,51")
    assert len(read_csv(path)) == 3
    assert len(table.taken_up(path, FACTS)) == 3
    assert path.read_bytes() == whole


def test_a_sweep_of_another_device_or_precision_is_not_taken_up(tmp_path):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)
    with pytest.raises(InputError, match="dtype = 'bf16', now 'fp32'; give another --out"):
        table.taken_up(path, {**FACTS, "dtype": "fp32"})
    path.write_text("model,height\n")
    with pytest.raises(InputError, match="is no sweep"):
        table.taken_up(path, FACTS)


def test_a_killed_sweep_loses_at_most_the_row_in_flight(tmp_path):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)
    script = textwrap.dedent(
        f"""
        import sys, time
        from pathlib import Path
        from ditcarbon_sym.measure import sweep
        from tests.measure.test_table import POINTS, fake
        def slow(point):
            time.sleep(0.2)
            print("measured", flush=True)
            return fake(point)
        sweep.run(Path({str(path)!r}), POINTS, [1.0] * 6, slow)
        """
    )
    running = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    for _ in range(3):  # what was measured before the third is on the disk when the third is
        running.stdout.readline()
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    kept = len(table.taken_up(path, FACTS))
    assert kept in (2, 3)
    sweep.run(path, POINTS, [1.0] * 6, fake, done=table.finished(table.taken_up(path, FACTS)))
    rows = [table.identity(row) for row in table.taken_up(path, FACTS)]
    assert len(rows) == len(set(rows)) == 6


def test_an_interrupted_row_is_not_written(tmp_path):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)

    def interrupted(asked):
        if asked.batch == 4:
            raise KeyboardInterrupt
        return fake(asked)

    with pytest.raises(KeyboardInterrupt):
        sweep.run(path, POINTS, [1.0] * 6, interrupted)
    assert len(read_csv(path)) == 1


def test_the_budget_leaves_out_what_no_longer_fits_and_still_tries_what_is_cheaper(tmp_path):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)
    now = [0.0]

    def slower(asked):  # twice as slow as expected
        now[0] += 2.0 * (20 if asked.batch == 8 else 1)
        return fake(asked)

    expected = [20.0 if x.batch == 8 else 1.0 for x in POINTS]
    swept = sweep.run(path, POINTS, expected, slower, budget=15.0, clock=lambda: now[0])
    assert swept.left_out == 2 and swept.statuses == {"ok": 4}
    assert {row.request["batch"] for row in read_csv(path)} == {1.0, 4.0}


def test_as_many_rows_as_a_fit_needs_are_measured_on_the_slowest_device(tmp_path):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)
    now = [0.0]

    def slow(asked):
        now[0] += 1000.0
        return fake(asked)

    swept = sweep.run(path, POINTS, [1.0] * 6, slow, budget=1.0, clock=lambda: now[0], least=5)
    assert swept.statuses == {"ok": 5} and swept.left_out == 1


@pytest.mark.parametrize("name", ["folder", "file/sweep.csv", "nul\0l.csv"])
def test_a_path_that_cannot_be_written_is_refused_before_anything_starts(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        table.demand_room(tmp_path / name)


def test_a_sweep_that_is_refused_leaves_no_folders_behind(tmp_path):
    path = tmp_path / "new" / "folder" / "sweep.csv"
    table.demand_room(path)
    assert not list(tmp_path.iterdir())
    table.begin(path, FACTS)
    assert read_header(path) == FACTS


def test_a_full_disk_is_refused_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=2**20))
    with pytest.raises(InputError, match=r"1.0 MiB are free there; at least 16 MiB are needed"):
        table.demand_room(tmp_path / "sweep.csv")
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_meanwhile_is_told_in_one_line(tmp_path, monkeypatch):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device; the rows before are kept, --resume goes on"):
        sweep.run(path, POINTS, [1.0] * 6, fake)


def test_the_columns_are_those_that_are_documented():
    from pathlib import Path

    text = (Path(__file__).parents[2] / "fits" / "measurements" / "README.md").read_text(encoding="utf-8")
    for column in table.COLUMNS:
        assert f"`{column}`" in text, column


def test_numbers_are_written_in_full_and_the_unknown_is_empty(tmp_path):
    path = tmp_path / "sweep.csv"
    table.begin(path, FACTS)
    table.append(path, {**point().row(), "status": "ok", "time_s": 1.23456789, "parameters": 749826464, "note": "a\nb"})
    (row,) = csv.DictReader(line for line in path.read_text().splitlines() if not line.startswith("#"))
    assert (row["time_s"], row["parameters"], row["energy_j"], row["note"]) == ("1.23457", "749826464", "", "a b")


def test_time_is_told_with_what_is_left(tmp_path):
    path, told = tmp_path / "sweep.csv", []
    table.begin(path, FACTS)
    sweep.run(path, POINTS, [1.0] * 6, fake, budget=time.monotonic() + 100.0, tell=lambda *words: told.append(words))
    assert [words[1] for words in told] == [1, 2, 3, 4, 5, 6] and told[-1][3] == 0.0
