import csv
import gc
import os
import shlex
import signal
import subprocess
import sys
import time
from itertools import islice

import numpy as np
import pytest
from pyarrow import parquet

from ditcarbon_sym import InputError
from ditcarbon_sym.reports.sweep import records
from ditcarbon_sym.sweeps import streaming
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.table import NUMBERS, joined

GRID = Grid(("pixart-alpha", "dit-xl-2-512"), batch=(1, 2, 3), steps=tuple(range(1, 30)), gpu=("v100-pcie-16gb",))
UNKNOWN = Grid(("flux.1-dev",), batch=(1, 2), gpu=("b200-sxm", "h100-sxm-80gb"))
LONG = ("--model", "pixart-alpha", "--resolution", "512:2048:16", "--batch", "1:64:1", "--steps", "1:1000:1")


@pytest.mark.parametrize("grid", [GRID, UNKNOWN], ids=["known", "with unknowns"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_holds_the_rows_of_the_sweep(tmp_path, grid, suffix):
    found = sweep(grid)
    path = tmp_path / f"rows{suffix}"
    assert streaming.write(path, found.columns, found.chunks(rows=20)) == len(found)
    expected = records(joined([columns for _, columns in found.chunks(rows=20)]))
    if suffix == ".parquet":
        assert parquet.read_table(path).to_pylist() == expected
    else:
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        for row, other in zip(rows, expected, strict=True):
            for name, value in other.items():
                read = row[name] if name not in NUMBERS else None if row[name] == "" else float(row[name])
                assert read == value
    assert [x.name for x in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("after", [0, 20])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_mistake_midway_leaves_the_old_file_and_nothing_else(tmp_path, suffix, after):
    found = sweep(GRID)
    path = tmp_path / f"rows{suffix}"
    path.write_text("precious\n")

    def broken():
        yield from islice(found.chunks(rows=20), after)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        streaming.write(path, found.columns, broken())
    gc.collect()  # a writer that is still open would say so now
    assert path.read_text() == "precious\n" and [x.name for x in tmp_path.iterdir()] == [path.name]


def run(*arguments, **options):
    """Start a sweep that listens to signals, also where these tests run in the background or under nohup."""
    command = [sys.executable, "-m", "ditcarbon_sym", "sweep", *map(str, arguments)]
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [(signal.SIGINT, 130, ["error: interrupted"]), (signal.SIGTERM, 143, []), (signal.SIGHUP, 129, [])],
    ids=str,
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_interrupt_leaves_no_file_and_at_most_one_line(tmp_path, suffix, number, code, line):
    path = tmp_path / f"rows{suffix}"
    process = run(*LONG, "--out", path)
    deadline = time.monotonic() + 60
    while not any(x.stat().st_size > 100_000 for x in tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code and out == ""
    assert [x for x in err.splitlines() if not x.startswith("warning: ")] == line
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_seen_enough_is_no_mistake():
    process = run(*LONG)
    assert process.stdout.readline().startswith("model,")
    process.stdout.close()
    assert [x for x in process.stderr.read().splitlines() if not x.startswith("warning: ")] == []
    process.stderr.close()
    assert process.wait(timeout=60) == 0


def test_what_is_unknown_is_an_empty_cell_of_whole_numbers_and_of_others():
    assert list(streaming._cells("batch", np.array([2.0, np.nan]))) == ["2", ""]
    assert list(streaming._cells("time_s", np.array([0.5, np.nan]))) == ["0.5", ""]


@pytest.mark.parametrize("command", [["sweep", *LONG], ["estimate", "pixart-alpha"]], ids=lambda x: x[0])
def test_a_closed_standard_output_is_one_line(command):
    text = shlex.join([sys.executable, "-m", "ditcarbon_sym", *command])
    done = subprocess.run(["sh", "-c", f"{text} >&-"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: standard output is closed; there is nowhere to print to\n"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_full_disk_leaves_no_file_and_one_line(tmp_path, suffix):
    def at_most_a_million_bytes():
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))

    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    process = run(*LONG, "--out", tmp_path / f"rows{suffix}", preexec_fn=at_most_a_million_bytes, env=environment)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2 and out == ""
    assert err.count("\n") == 1 and "cannot be written: File too large" in err, err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--where", "time<5"), "unknown column 'time'"),
        (("--where", "open('x')"), "is not a condition"),
        (("--top", "0"), "top = 0"),
        (("--top", "3", "--by", "route"), "is not a column of numbers"),
        (("--steps", "9:1:1"), "is not a range"),
        (("--steps", "1:9999999999:1"), "longer than 1,000,000 values"),
        (("--batch", "0"), "batch = 0 is outside"),
        (("--batch", "1,1"), "stands twice"),
        (("--resolution", "512x"), "is neither a number nor a range"),
        (("--gpu", "x200"), "unknown gpu 'x200'"),
        (("--price-per-hour", "-2"), "is not a price"),
        (("--pue", "1.2"), "pue and grid go together"),
        (("--datacenter", "germany", "--pue", "1.2", "--grid", "5"), "give one or the other"),
    ],
)
def test_a_bad_sweep_writes_no_file(tmp_path, refused, arguments, expected):
    path = tmp_path / "rows.csv"
    assert expected in refused("sweep", "--model", "pixart-alpha", *arguments, "--out", path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_and_a_place_that_cannot_be_written_are_refused(tmp_path, refused):
    assert "unknown format '.xlsx'" in refused("sweep", "--model", "pixart-alpha", "--out", tmp_path / "rows.xlsx")
    assert "cannot be written" in refused("sweep", "--model", "pixart-alpha", "--out", "/proc/none/rows.csv")
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    assert "is a folder" in refused("sweep", "--model", "pixart-alpha", "--out", folder)


MEASURE = """
from pathlib import Path
from ditcarbon_sym.sweeps import axes, streaming
from ditcarbon_sym.sweeps.grid import sweep
found = sweep(axes.grid({{
    "model": "pixart-alpha", "resolution": "512:2048:16", "batch": "1:10:1", "steps": "1:{steps}:1",
    "pue": "1.1,1.2", "grid": "50:500:50"}}))
streaming.write(Path({path!r}), found.columns, found.chunks())
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(len(found), int(peak.split()[1]))
"""


def test_memory_does_not_grow_with_the_rows(tmp_path, run_python):
    peaks = {}
    for steps in (26, 103):
        rows, peak = map(int, run_python(MEASURE.format(steps=steps, path=str(tmp_path / "rows.parquet"))).split())
        peaks[rows] = peak / 1024
    few, many = peaks.values()
    assert max(peaks) > 3.9 * min(peaks) > 1.8e6 and many < 500 and many < 1.25 * few, peaks


def test_words_with_commas_and_quotes_are_read_back(tmp_path):
    path = tmp_path / "rows.csv"
    columns = {"model": streaming.Text.of(['a,"b"', "plain"]), "batch": np.array([1.0, 2.0])}
    streaming.write(path, tuple(columns), [(2, columns)])
    with path.open(newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ['a,"b"', "plain"]


def test_parquet_without_its_library_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="Parquet needs pyarrow"):
        streaming.check_path(tmp_path / "rows.parquet")


def test_too_many_rows_for_one_object_are_refused_before_all_are_made():
    made = []

    def chunks():
        for _, columns in sweep(GRID).chunks(rows=20):
            made.append(columns)
            yield 20, columns

    with pytest.raises(InputError, match="more than 50 rows do not go into one JSON object"):
        streaming.together(chunks(), 50)
    assert len(made) < 5
