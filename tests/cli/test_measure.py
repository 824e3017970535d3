"""The command that measures, without torch: what it refuses, and what it tells."""

import shutil
from contextlib import contextmanager
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from ditcarbon_sym import measure as package
from ditcarbon_sym.measure import campaign, device, grid, report, sweep


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setattr(package, "find_spec", lambda name: None if name in package.NEEDED else find_spec(name))


def test_without_torch_one_line_names_the_extra(refused, no_torch, tmp_path):
    line = refused("measure", "--device", "cpu", "--out", tmp_path / "sweep.csv")
    assert line.endswith("pip install 'ditcarbon-sym[measure]'") and "torch and diffusers" in line
    assert not list(tmp_path.iterdir())


def test_measuring_loads_nothing_that_fitting_needs(run_python):
    """A lent machine has torch and little else: its sweep is taken home to be fitted."""
    run_python(
        "import sys; import ditcarbon_sym.cli.measure; from ditcarbon_sym.measure import bench, campaign, grid;"
        "found = grid.grid(('dit-xl-2-256',), {x: 1e12 for x in (campaign.Theta_peak, campaign.bandwidth)});"
        "grid.ordered(found, grid.costs(found, None), 'bf16', 'cuda');"
        "assert not {'lmfit', 'scipy', 'pydantic', 'matplotlib', 'tomli_w'} & set(sys.modules)\n"
        "foreign = {name.partition('.')[0] for name, x in sys.modules.items()"
        " if 'site-packages' in (getattr(x, '__file__', None) or '')}\n"
        "told = {'ditcarbon_sym', 'typer', 'annotated_doc', 'shellingham', 'rich', 'sympy', 'mpmath', 'numpy'}\n"
        "told |= {'lazy_loader'}\n"
        "assert {x for x in foreign if not x.startswith('_')} <= told, foreign - told"
    )


def test_a_full_disk_is_told_before_torch_is_even_looked_for(refused, no_torch, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1e6))
    assert "MiB are needed" in refused("measure", "--out", tmp_path / "sweep.csv")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--out", "/proc/none/sweep.csv"), "cannot be written"),
        (("--out", "{file}"), "--resume goes on with it"),
        (("--out", "{file}/sweep.csv"), "cannot be written"),
        (("--models", "sora"), "unknown model 'sora'"),
        (("--device", "tpu"), "device = 'tpu'"),
        (("--dtype", "fp8"), "dtype = 'fp8'"),
        (("--attention", "flash"), "attention = 'flash'"),
        (("--budget-minutes", "0"), "budget_minutes = 0"),
        (("--stages", "scheduler"), "stages: 'scheduler'"),
        (("--batches", "1;4"), "'1;4' is not a whole number"),
        ((), "pip install 'ditcarbon-sym[measure]'"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(refused, no_torch, tmp_path, arguments, expected):
    there = tmp_path / "there.csv"
    there.write_text("")
    given = [argument.format(file=there) for argument in arguments]
    out = [] if "--out" in given else ["--out", tmp_path / "sweep.csv"]
    assert expected in refused("measure", *given, *out)


def test_every_option_reaches_what_is_measured(ditcarbon, monkeypatch, tmp_path):
    asked = []

    def nothing(out, wish, tell, begun):
        asked.append(wish)
        return {"device": "X"}, sweep.Swept({}, 0, 0, 0.0), ("sana-1.6b: cannot",)

    monkeypatch.setattr(campaign, "measure", nothing)
    outcome = ditcarbon(
        "measure", "--out", tmp_path / "sweep.csv", "--device", "cpu", "--models", "sana-1.6b",
        "--resolutions", "64,96", "--frames", "1,9", "--batches", "2", "--steps", 3, "--budget-minutes", 4,
        "--compile", "--attention", "eager",
        "--dtype", "fp16", "--stages", "denoiser", "--threads", 5, "--resume", "--json",
    )  # fmt: skip
    assert outcome.code == 0 and outcome.err == "warning: sana-1.6b: cannot\n"
    (wish,) = asked
    assert wish == campaign.Wish(
        device="cpu", models=("sana-1.6b",), sides=(64, 96), frames=(1, 9), batches=(2,), steps=3, budget_minutes=4.0,
        compiled=True, attention="eager", dtype="fp16", resume=True, parts=("denoiser",), threads=5,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("installed", "expected"), [(False, "pip install nvidia-ml-py"), (True, "its driver tells no")]
)
def test_a_sweep_without_energy_says_so_before_it_starts(capsys, monkeypatch, installed, expected):
    from ditcarbon_sym.cli import measure

    monkeypatch.setattr(report, "find_spec", lambda name: object() if installed else None)
    told = {"device": "X", "kind": "cuda", "peak_flop_per_second": 1e15, "peak_from": "bf16, measured",
            "tdp_watt": 700.0, "power_from": "NVML", "bandwidth_byte_per_second": 3e12, "bandwidth_from": "measured",
            "energy_from": "nothing"}  # fmt: skip
    measure._begun(told)
    shown = capsys.readouterr().err
    assert f"warning: the energy of X will not be measured: {expected}" in shown
    assert "peak: 1,000 TFLOP/s (bf16, measured)" in shown and "power: 700" in shown
    measure._begun({**told, "energy_from": "NVML", "energy_period_s": 0.1})
    shown = capsys.readouterr().err
    assert "energy: NVML, a step every 0.1 s" in shown and "warning" not in shown


def test_the_help_names_every_option(ditcarbon):
    text = ditcarbon("measure", "--help").out
    for option in ("models", "resolutions", "frames", "batches", "steps", "budget-minutes", "compile", "attention",
                   "dtype", "resume", "quick", "out", "json", "device", "stages"):  # fmt: skip
        assert f"--{option}" in text


def test_rows_are_told_as_they_come(capsys):
    from ditcarbon_sym.cli import measure

    point = grid.Point("dit-xl-2-256", "denoiser", 256, 256, 1, 4, 50, 2, 0)
    measure._line(point, 3, 9, 130.0, {"status": "ok", "step_s": 0.0123})
    measure._line(point, 4, 9, 30.0, {"status": "out of memory"})
    assert capsys.readouterr().err.splitlines() == [
        "[3/9] dit-xl-2-256, 256 x 256, batch 4: 0.0123 s; 2 min left",
        "[4/9] dit-xl-2-256, 256 x 256, batch 4: out of memory; 30 s left",
    ]


def test_a_person_sees_a_bar_with_the_time_left(capsys, monkeypatch):
    from rich.console import Console

    from ditcarbon_sym.cli import measure

    monkeypatch.setattr(Console, "is_terminal", property(lambda self: True))
    point = grid.Point("dit-xl-2-256", "denoiser", 256, 256, 1, 4, 50, 2, 0)
    with measure._progress() as tell:
        tell(point, 3, 9, 130.0, {"status": "ok", "step_s": 0.0123})
    shown = capsys.readouterr().err
    assert "3/9" in shown and "2 min left" in shown


@pytest.mark.parametrize(
    ("line", "expected"),
    [("", "no peak_flop_per_second in its header"), ('peak_flop_per_second = "fast"', "'fast' is not a number")],
)
def test_a_sweep_whose_header_lost_its_peak_is_not_taken_up_again(refused, monkeypatch, tmp_path, line, expected):
    """One line, before anything is loaded or measured."""
    path = tmp_path / "sweep.csv"
    path.write_text(f'#: gpu = "x"\n#: {line}\n#: bandwidth_byte_per_second = 1e12\n')

    @contextmanager
    def opened(kind, threads):
        yield device.Device("cuda", "X", None, None)

    def facts(device, dtype, attention, compiled, before):
        return before

    monkeypatch.setattr(campaign, "demand_libraries", lambda: None)
    monkeypatch.setattr(device, "opened", opened)
    monkeypatch.setattr(device, "facts", facts)
    monkeypatch.setattr(campaign.table, "taken_up", lambda out, told: [])
    assert f"{path}: " in (said := refused("measure", "--resume", "--out", path)) and expected in said
