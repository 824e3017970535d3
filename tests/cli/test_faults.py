"""What may fail around a command: the disk, the process itself, another writer, HOME, the terminal, the locale."""

import csv
import json
import os
import re
import resource
import signal
import subprocess
import sys
import textwrap

import pytest

from tests.fuzz.command import check, run

REQUESTS = "model,count\nflux.1-dev,100\n"
SWEEP = "model,height,width,batch,mu\n" + "".join(
    f"pixart-alpha,{s},{s},{b},{0.4 * b / (b + 0.2) * s / (s + 300):.4f}\n" for s in (512, 768, 1024) for b in (1, 4, 8)
)
SCORED = "model,height,width,batch,steps,time_s,gpu\nflux.1-dev,1024,1024,1,28,6.27,h100-sxm-80gb\n"
ROUTE = ("route", "s.csv", "--places", "FRA,DEU", "--capacity", "8", "--gpu", "h100")
FIT = ("fit", "m.csv", "--gpu", "v100-pcie-16gb", "--bootstrap", "0")
WRITING = {
    "estimate": ("estimate", "sd3-medium", "--report", "o.html"),
    "account": ("account", "--gpu", "h100", "--hours", "10", "--report", "o.md"),
    "route": (*ROUTE, "--report", "o.tex"),
    "fit": (*FIT, "--out", "o.toml"),
    "validate": ("validate", "m2.csv", "--out", "o.csv"),
    "sensitivity": ("sensitivity", "dit-xl-2-256", "--gpu", "h100", "--no-sobol", "--report", "o.html"),
    "sweep to CSV": ("sweep", "--model", "sd3-medium", "--steps", "1:200:1", "--out", "o.csv"),
    "sweep to Parquet": ("sweep", "--model", "sd3-medium", "--steps", "1:200:1", "--out", "o.parquet"),
    "sweep to a folder": ("sweep", "--model", "sd3-medium", "--steps", "1:200:1", "--out", "o/"),
    "pareto": ("pareto", "--model", "sd3-medium", "--steps", "1:20:1", "--out", "o.csv"),
}
FILES = {"s.csv": REQUESTS, "m.csv": SWEEP, "m2.csv": SCORED}


@pytest.fixture
def no_larger_files():
    """No file may be longer than 100 bytes, as if the disk were full."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def set_limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))

    yield set_limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("line", WRITING.values(), ids=WRITING)
def test_a_full_disk_leaves_no_file_and_one_line(line, no_larger_files, monkeypatch):
    from tests.fuzz import command

    limited = command.limited

    def with_limit(seconds):
        no_larger_files()
        return limited(seconds)

    monkeypatch.setattr(command, "limited", with_limit)
    ran = run(line, FILES, seconds=30)
    assert ran.code == 2 and "cannot be written: File too large" in ran.err
    check(ran)


KILLED = textwrap.dedent(
    """
    import json, os, signal, sys
    from pathlib import Path
    from ditcarbon_sym.cli import app
    from tests.cli.test_faults import WRITING
    import ditcarbon_sym.calibration.operator_law, pyarrow.parquet
    from ditcarbon_sym.estimation import estimate
    from ditcarbon_sym.sweeps import Grid, sweep

    # Once, for all.
    estimate("sd3-medium")
    next(sweep(Grid(("sd3-medium",))).chunks())

    class Killed(type(Path())):
        def replace(self, target):
            os.kill(os.getpid(), signal.SIGKILL)

    from ditcarbon_sym.catalog import files
    ended = {}
    for name, line in WRITING.items():
        child = os.fork()
        if not child:
            files.Path = Killed
            sys.argv = ["ditcarbon", *line]
            sys.stdout = sys.stderr = open(os.devnull, "w")
            app.main()
            os._exit(99)
        ended[name] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps(ended))
    """
)


def test_a_command_that_is_killed_leaves_what_was_there(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    kept = ["o.html", "o.md", "o.tex", "o.json", "o.toml", "o.csv", "o.parquet"]
    for name in kept:
        (tmp_path / name).write_text("precious\n")
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == dict.fromkeys(WRITING, -signal.SIGKILL)
    assert [(tmp_path / name).read_text() for name in kept] == ["precious\n"] * len(kept)
    assert not list(tmp_path.glob("o/*.parquet"))


def command(*line, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "ditcarbon_sym", *line], stderr=subprocess.PIPE, text=True, **options
    )


def test_of_two_writers_of_one_file_one_is_read_whole(tmp_path):
    lines = [
        ("sweep", "--model", "sd3-medium", "--steps", f"{first}:{first + 20000}:1", "--out", "o.csv")
        for first in (1, 2)
    ]
    writers = [command(*line, cwd=tmp_path) for line in lines]
    assert [x.communicate(timeout=120)[1] and x.returncode for x in writers] in ([0, 0], ["", ""], [0, ""], ["", 0])
    with (tmp_path / "o.csv").open(newline="") as file:
        steps = [int(row["steps"]) for row in csv.DictReader(file)]
    assert steps in (list(range(1, 20002)), list(range(2, 20003)))
    assert [x.name for x in tmp_path.iterdir()] == ["o.csv"]


@pytest.mark.parametrize("home", ["/proc/none", None], ids=["that cannot be written", "that is not set"])
def test_a_home_is_not_needed(tmp_path, home):
    environment = {x: y for x, y in os.environ.items() if x not in ("HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME")}
    environment |= {} if home is None else {"HOME": home}
    line = ("pareto", "--model", "dit-xl-2-256", "--steps", "10,20", "--plot", "o.png")  # loads matplotlib, no SciPy
    ran = command(*line, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
    err = ran.communicate(timeout=120)[1]
    assert ran.returncode == 0 and (tmp_path / "o.png").stat().st_size > 1000
    assert all(line.startswith("warning: ") for line in err.splitlines()), err


def test_a_c_locale_reads_and_writes_utf_8(tmp_path):
    name = "Käfig-α 日本"
    (tmp_path / "c.toml").write_text(f'[gpus.mine]\nname = "{name}"\npeak_flop_per_second = 1e14\n', encoding="utf-8")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = command("gpus", "--catalog", "c.toml", "--csv", cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
    out, err = ran.communicate(timeout=60)
    assert ran.returncode == 0 and err == "" and "K?fig-? ??" in out
    report = ("--gpu", "mine", "--mu", "0.3", "--catalog", "c.toml", "--report", "o.html")
    ran = command("estimate", "sd3-medium", *report, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
    ran.communicate(timeout=60)
    assert ran.returncode == 0 and "mine" in (tmp_path / "o.html").read_text(encoding="utf-8")


NARROW = (
    ("estimate", "sd3-medium"), ("gpus",), ("compare", "sd3-medium", "flux.1-dev"), ("formula", "C_op"),
    ("count", "sd3-medium"),
    ("solve", "sd3-medium", "--for", "steps", "--budget-g", "1"), ("estimate", "--help"),
    ("uncertainty", "sd3-medium", "--draws", "1000"),
)  # fmt: skip


@pytest.mark.parametrize("line", NARROW, ids=lambda line: " ".join(line[:2]))
def test_a_terminal_of_20_columns_shows_every_number(line, ditcarbon, monkeypatch):
    wide = ditcarbon(*line)
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    shown = ditcarbon(*line)
    assert shown.code == wide.code == 0 and shown.err == wide.err
    numbers = [set(re.findall(r"[0-9][0-9.,]*[0-9]", x.out.replace("\n", " "))) for x in (wide, shown)]
    assert numbers[0] <= numbers[1]
