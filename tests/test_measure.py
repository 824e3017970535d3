"""The command without torch: what it refuses, what it would do, and that every class of the catalogue can be fed."""

import ast
import shutil
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from ditcarbon_sym import measure as package
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.files import DATA, read_toml
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.measure import campaign, device, grid, networks, report, sweep
from ditcarbon_sym.measure.inputs import tensors

FOLDER = Path(package.__file__).parent
H100 = load().gpu("h100-sxm-80gb").values


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
        "assert not {'lmfit', 'scipy', 'pydantic', 'matplotlib', 'tomli_w'} & set(sys.modules)"
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


def test_quick_leaves_what_was_asked_for():
    asked = campaign.quick(campaign.Wish(device="cpu", models=("sd3-medium",)))
    assert asked.models == ("sd3-medium",) and asked.sides == campaign.QUICK["cpu"]["sides"]
    assert asked.precision == "fp32"


def test_quick_on_an_accelerator_is_about_a_minute_at_sizes_that_it_is_made_for():
    asked = campaign.quick(campaign.Wish())
    assert asked.precision == "bf16" and asked.threads is None and min(asked.sides) >= 256
    found = grid.grid(asked.models, H100, sides=asked.sides, batches=asked.batches)
    counter = campaign.energy.Counter("assumed", float, 0.1)
    order = grid.ordered(found, grid.costs(found, counter, asked.warm_up, asked.least), "bf16", "cuda")
    assert order[asked.rows - 1].elapsed < 60 * asked.budget_minutes <= 60


def test_every_denoiser_and_decoder_of_the_catalogue_can_be_fed():
    kinds = {
        read_toml(DATA / "pipelines" / f"{name}.toml")["transformer"]["_class_name"] for name in stages.shipped_ids()
    }
    assert kinds <= set(networks.DENOISERS)
    decoders = {table["_class_name"] for table in read_toml(DATA / "vaes.toml")["vaes"].values()}
    assert decoders <= set(networks.DECODERS)
    assert set(networks.DENOISERS) >= networks.ONE_AFTER_ANOTHER


@pytest.mark.parametrize("name", sorted(stages.shipped_ids()))
def test_the_batch_is_the_first_axis_of_what_a_denoiser_is_fed(name):
    """Each output more adds as many numbers, and only the network's configuration is asked."""
    table = read_toml(DATA / "pipelines" / f"{name}.toml")["transformer"]
    known = SimpleNamespace(**stages.shipped(name).denoiser.__dict__)
    net = SimpleNamespace(config=known, use_additional_conditions=True)
    numbers = [_elements(networks.DENOISERS[table["_class_name"]](net, batch, 32, 32, 4, 16)) for batch in (1, 2, 3)]
    assert numbers[2] - numbers[1] == numbers[1] - numbers[0] > 0


def _elements(described):
    if isinstance(described, tensors.Tensor):
        size = 1
        for side in described.shape:
            size *= side
        return size
    if isinstance(described, dict):
        return sum(_elements(x) for x in described.values())
    return sum(_elements(x) for x in described) if isinstance(described, list | tuple) else 0


def test_images_are_measured_at_sides_and_videos_at_frames():
    found = grid.grid(("pixart-alpha", "cogvideox-2b"), H100, sides=None, batches=(1,))
    images = [point for point in found.points if point.model == "pixart-alpha"]
    videos = [point for point in found.points if point.model == "cogvideox-2b"]
    assert [point.height for point in images] == list(grid.SIDES) and {point.frames for point in images} == {1}
    assert {(point.height, point.width) for point in videos} == {(480, 720)}
    assert [point.frames for point in videos] == [1, 9, 17, 33, 49]


def test_what_a_model_does_not_take_is_left_out_and_named():
    found = grid.grid(("dit-xl-2-256", "sana-1.6b"), H100, sides=(48, 256), batches=(1, 4))
    assert {(point.model, point.height) for point in found.points} == {
        ("dit-xl-2-256", 48), ("dit-xl-2-256", 256), ("sana-1.6b", 256),
    }  # fmt: skip
    assert len(found.skipped) == 1 and "sana-1.6b: height = 48 is not a multiple of 32" in found.skipped[0]


def test_a_first_data_set_fits_into_twenty_five_minutes_and_a_fifth_of_it_sees_every_model():
    found = grid.grid(grid.MODELS, H100)
    counter = campaign.energy.Counter("assumed", float, 0.1)
    order = grid.ordered(found, grid.costs(found, counter), "bf16", "cuda")
    assert order[-1].elapsed < 25 * 60
    assert {found.points[x.index].model for x in order if x.elapsed < 5 * 60} == set(grid.MODELS)


def test_decoders_and_text_encoders_come_last_and_only_if_wanted():
    found = grid.grid(("dit-xl-2-256", "pixart-alpha"), H100, sides=(256, 512, 1024), batches=(1,))
    kinds = [(point.model, point.stage, point.height) for point in grid.one_shot(found, stages.STAGES)]
    assert kinds == [
        ("dit-xl-2-256", "vae_decoder", 256),
        ("pixart-alpha", "vae_decoder", 256), ("pixart-alpha", "vae_decoder", 1024),
        ("pixart-alpha", "text_encoder", 256),
    ]  # fmt: skip
    assert grid.one_shot(found, ("denoiser",)) == []


def test_a_decoder_is_measured_at_its_released_size_or_the_nearest_there_is():
    found = grid.grid(("cogvideox-2b", "pixart-alpha"), H100, sides=(64, 96, 192), frames=(1, 17, 49), batches=(1,))
    sizes = {(x.model, x.height, x.frames) for x in grid.one_shot(found, ("vae_decoder",))}
    assert {("pixart-alpha", 64, 1), ("pixart-alpha", 192, 1), ("cogvideox-2b", 192, 49)} <= sizes


@pytest.mark.parametrize(
    ("flags", "bfloat", "expected"),
    [
        ({"_keep_in_fp32_modules": ["norm"]}, True, {"norm"}),
        ({"_keep_in_fp32_modules": ["wo"], "_keep_in_fp32_modules_strict": None}, True, set()),
        ({"_keep_in_fp32_modules": ["wo"], "_keep_in_fp32_modules_strict": ["gate"]}, True, {"gate"}),
        ({"_keep_in_fp32_modules": ["wo"], "_keep_in_fp32_modules_strict": ["gate"]}, False, {"wo", "gate"}),
        ({}, True, set()),
    ],
)
def test_32_bits_are_kept_where_each_library_keeps_them(flags, bfloat, expected):
    """diffusers names one list; transformers two, of which one is for half precision alone."""
    assert networks._kept_in_32_bits(SimpleNamespace(**flags), bfloat) == expected


def test_larger_outputs_and_batches_need_more_memory():
    found = grid.grid(("flux.1-dev",), H100, sides=(512, 1024), batches=(1, 4))
    sizes = [
        grid.memory_bytes(point, "bf16", {x: float(column[k]) for x, column in found.inputs.items()})
        for k, point in enumerate(found.points)
    ]
    small, small_batch, large, large_batch = sizes
    assert 2 * 11.9e9 < small < min(small_batch, large) and max(small_batch, large) < large_batch


@pytest.mark.parametrize(("driver", "catalogue"), sorted(device.KNOWN_AS.items()))
def test_the_drivers_name_leads_to_the_catalogues_accelerator(driver, catalogue):
    assert device.Device("cuda", driver, None, None).id == catalogue
    assert catalogue in load().gpus


def test_a_device_that_the_catalogue_does_not_have_gets_an_id_of_its_name():
    assert device.Device("cuda", "NVIDIA GeForce RTX 3090", None, None).id == "nvidia-geforce-rtx-3090"
    assert device.Device("cpu", "CPU X, 2 threads", None, None).state() == {}


def test_the_state_of_a_board_is_asked_of_its_driver_and_what_it_does_not_tell_is_unknown(monkeypatch):
    class NVMLError(Exception):
        pass

    def refusing(*_):
        raise NVMLError

    fake = SimpleNamespace(
        NVMLError=NVMLError, NVML_CLOCK_SM=1, NVML_CLOCK_MEM=2, NVML_TEMPERATURE_GPU=0,
        nvmlDeviceGetClockInfo=lambda handle, kind: {1: 1755, 2: 2619}[kind], nvmlDeviceGetTemperature=refusing,
        nvmlDeviceGetCurrentClocksThrottleReasons=lambda handle: 0x4 | 0x20 | 0x40 | 0x1,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    assert device.Device("cuda", "X", object(), None).state() == {
        "clock_mhz": 1755, "memory_clock_mhz": 2619, "temperature_c": None, "throttled": "power cap; temperature",
    }  # fmt: skip


def test_the_counter_of_a_board_is_in_joules_and_one_that_is_not_there_is_none(monkeypatch):
    class NVMLError(Exception):
        pass

    readings = iter(range(1000, 10**7, 500))
    fake = SimpleNamespace(NVMLError=NVMLError, nvmlDeviceGetTotalEnergyConsumption=lambda handle: next(readings))
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    counter = campaign.energy.nvml(object())
    assert counter.read() + 0.5 == counter.read()

    def refusing(handle):
        raise NVMLError

    fake.nvmlDeviceGetTotalEnergyConsumption = refusing
    assert campaign.energy.nvml(object()) is None


def test_what_a_sweep_says_of_itself_names_what_is_not_known():
    told = {"device": "X", "peak_flop_per_second": 1e12, "peak_from": "measured", "bandwidth_byte_per_second": 1e11,
            "bandwidth_from": "measured", "energy_from": "nothing"}  # fmt: skip
    assert report.without_joules({**told, "kind": "cpu"}) == ()
    rows = dict(report.swept_rows(told, sweep.Swept({"ok": 3, "out of memory": 1}, 2, 5, 60.0)))
    assert rows["power"] == "unknown" and rows["energy"].startswith("not measured")
    assert rows["rows"] == "3 ok, 1 out of memory" and rows["left out"].startswith("5 ")


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


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_torch_loads_only_inside_functions(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {(node.module if isinstance(node, ast.ImportFrom) else node.names[0].name) or "" for node in top}
    assert not {name.split(".")[0] for name in names} & {"torch", "diffusers", "transformers", "pynvml"}


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


def test_frames_of_image_models_are_said_to_be_unused():
    assert grid.grid(("dit-xl-2-256",), H100, sides=(256,), frames=(9,)).skipped == (
        "frames = 9: not used, none of the models makes videos",
    )
    assert grid.grid(("dit-xl-2-256", "cogvideox-2b"), H100, sides=(480,), frames=(9,)).skipped == ()


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


def test_a_wish_without_models_is_refused():
    with pytest.raises(InputError, match="no models"):
        grid.grid((), H100)
