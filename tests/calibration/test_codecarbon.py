"""CodeCarbon's file: which rows are a run, what they ran on, and what is refused instead of averaged."""

import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym.calibration.codecarbon import joined
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.errors import InputError

H100 = "1 x NVIDIA H100 80GB HBM3"
HEADER = "project_name,run_id,experiment_id,duration,emissions,gpu_energy,energy_consumed,gpu_count,gpu_model,pue"
TASKS = "task_name,project_name,run_id,duration,emissions,gpu_energy,energy_consumed,gpu_count,gpu_model"
ASKED = "run_id,model,height,width,batch,steps,repeats\nr1,flux.1-dev,1024,1024,1,28,{repeats}\n"


def run(run_id="r1", seconds=6.9, kwh=0.0012, experiment="e", gpu=H100, count=1):
    return f"proj,{run_id},{experiment},{seconds},0.001,{kwh},{kwh * 1.25},{count},{gpu},1.0"


@pytest.fixture
def files(tmp_path):
    def write(emissions, requests):
        paths = tmp_path / "emissions.csv", tmp_path / "requests.csv"
        for path, text in zip(paths, ("\n".join(emissions) + "\n", requests), strict=True):
            path.write_text(text, encoding="utf-8")
        return paths

    return write


def join(paths, gpu=None):
    rows, notes = joined(*paths, load(), gpu)
    return [(row.number, row.measured["time_s"], row.measured.get("energy_j"), row.extra["gpu"]) for row in rows], notes


@pytest.fixture
def refusal(files):
    def message(emissions, requests, gpu=None):
        with pytest.raises(InputError) as refused:
            joined(*files(emissions, requests), load(), gpu)
        assert "\n" not in str(refused.value)
        return str(refused.value)

    return message


# The accelerator


@pytest.mark.parametrize(("name", "gpu"), [(x, gpu.id) for gpu in load().gpus.values() for x in gpu.nvml_names])
def test_every_name_that_the_driver_gives_a_card_of_the_catalogue_is_known(files, name, gpu):
    for spelled in (f"1 x {name}", name, f"1 x {name.removeprefix('NVIDIA ')}"):
        ((*_, found),), _ = join(files([HEADER, run(gpu=spelled)], ASKED.format(repeats=1)))
        assert found == gpu


def test_every_card_of_the_catalogue_has_a_name_of_the_drivers_with_a_source_and_no_two_share_one():
    cards = [gpu for gpu in load().gpus.values() if gpu.maker == "NVIDIA"]
    assert all(gpu.nvml_names and "nvml_names" in gpu.sources for gpu in cards)
    names = [name for gpu in cards for name in gpu.nvml_names]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", [
    "NVIDIA GeForce RTX 3080", "NVIDIA H800 PCIe", "NVIDIA A100X", "NVIDIA L2",
    "NVIDIA GeForce RTX 4090 Laptop GPU",
    "NVIDIA A100-SXM4-80GB MIG 1g.10gb", "AMD Instinct MI300X",
])  # fmt: skip
def test_a_card_that_the_catalogue_lacks_is_refused_by_name_and_never_taken_for_another(refusal, files, name):
    emissions, requests = [HEADER, run(gpu=f"1 x {name}")], ASKED.format(repeats=1)
    message = refusal(emissions, requests)
    assert repr(name) in message and "row 1" in message and "give --gpu" in message
    found, notes = join(files(emissions, requests), "rtx-4090")
    assert found[0][3] == "rtx-4090"
    assert f"the catalogue does not have {name!r}: its runs are compared with predictions for rtx-4090" in notes


def test_cards_like_the_one_that_is_lacking_are_named(refusal):
    assert "rtx-4090" in refusal([HEADER, run(gpu="1 x NVIDIA GeForce RTX 3080")], ASKED.format(repeats=1))


def test_a_card_of_ones_own_catalogue_is_known_by_the_names_that_it_gives(files, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('[gpus.mine]\npeak_flop_per_second = 1e14\nnvml_names = ["NVIDIA GeForce RTX 3090"]\n')
    paths = files([HEADER, run(gpu="1 x NVIDIA GeForce RTX 3090")], ASKED.format(repeats=1))
    (row,), _ = joined(*paths, load(own))
    assert row.extra["gpu"] == "mine"


def test_an_accelerator_that_the_user_names_must_be_the_one_that_codecarbon_saw(refusal):
    assert "which is h100-sxm-80gb and not l4" in refusal([HEADER, run()], ASKED.format(repeats=1), "l4")
    asked = "run_id,model,height,width,batch,gpu\nr1,flux.1-dev,1024,1024,1,{}\n"
    assert "which is h100-sxm-80gb and not t4" in refusal([HEADER, run()], asked.format("t4"))
    assert "row 1: unknown gpu 'h1000'" in refusal([HEADER, run()], asked.format("h1000"))


def test_a_run_without_an_accelerator_needs_one(refusal, files):
    emissions = [HEADER, run(gpu="", count=0, kwh=0.0)]
    assert "saw no accelerator; give --gpu" in refusal(emissions, ASKED.format(repeats=1))
    assert join(files(emissions, ASKED.format(repeats=1)), "l4")[0] == [(1, 6.9, None, "l4")]


@pytest.mark.parametrize("told", [{"count": 8}, {"gpu": "8 x NVIDIA H200"}, {"gpu": "1 x NVIDIA H2001 x NVIDIA L4"}])
def test_several_accelerators_are_refused(refusal, told):
    assert "predictions are of a single accelerator" in refusal([HEADER, run(**told)], ASKED.format(repeats=1))


# The runs


@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(1e-4, 1)), min_size=1, max_size=6), st.integers(1, 50))
def test_however_often_a_run_was_flushed_only_its_totals_count(tmp_path_factory, parts, repeats):
    folder = tmp_path_factory.mktemp("flushed")
    seconds, kwh, rows = 0.0, 0.0, []
    for more, energy in parts:
        seconds, kwh = seconds + more, kwh + energy
        rows.append(run(seconds=repr(seconds), kwh=kwh))
    (folder / "requests.csv").write_text(ASKED.format(repeats=repeats))
    (folder / "emissions.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    found, notes = join((folder / "emissions.csv", folder / "requests.csv"))
    assert found == [
        (len(parts), pytest.approx(seconds / repeats), pytest.approx(3.6e6 * kwh / repeats), "h100-sxm-80gb")
    ]
    assert any("its last row is taken" in note for note in notes) == (len(parts) > 1)


@given(st.lists(st.sampled_from(["r1", "other", "None", "another"]), max_size=8).filter(lambda x: x.count("r1") == 0))
def test_runs_that_nobody_asked_about_change_nothing_but_a_warning(tmp_path_factory, others):
    folder = tmp_path_factory.mktemp("others")
    (folder / "requests.csv").write_text(ASKED.format(repeats=1))
    rows = [run(), *(run(name, seconds=1000.0 * (k + 1)) for k, name in enumerate(others))]
    (folder / "emissions.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    found, notes = join((folder / "emissions.csv", folder / "requests.csv"))
    assert found == [(1, 6.9, pytest.approx(4320), "h100-sxm-80gb")]
    left = len({*others} - {"None"})
    assert (f"{left} runs of emissions.csv are left out, since requests.csv does not name them" in notes) == bool(left)


def test_totals_of_a_run_that_fall_are_refused(refusal):
    emissions = [HEADER, run(seconds=69), run(seconds=23)]
    assert "row 2: duration = 23 is below that of row 1" in refusal(emissions, ASKED.format(repeats=1))


def test_a_run_that_is_asked_about_and_not_there_is_refused(refusal):
    assert "row 1: run_id = 'r1' is not in" in refusal([HEADER, run("r2")], ASKED.format(repeats=1))


@pytest.mark.parametrize("name", ["None", "", "nan"])
def test_the_run_id_none_names_no_run(refusal, name):
    emissions = [HEADER, run("None", experiment="exp1"), run("None", seconds=69, experiment="exp2")]
    asked = f"run_id,model,height,width,batch\n{name},flux.1-dev,1024,1024,1\n"
    message = refusal(emissions, asked)
    assert "names no run" in message and "experiment_id" in message
    assert "where no row has a run_id" in refusal(emissions, ASKED.format(repeats=1))


def test_runs_without_an_id_are_told_apart_by_their_experiment(files, refusal):
    emissions = [HEADER, run("None", experiment="exp1"), run("None", seconds=69, experiment="exp2")]
    asked = "run_id,experiment_id,model,height,width,batch\nNone,exp2,flux.1-dev,1024,1024,1\n"
    assert [row[:2] for row in join(files(emissions, asked))[0]] == [(2, 69)]
    by_project = "project_name,model,height,width,batch\nproj,flux.1-dev,1024,1024,1\n"
    assert "rows 1 and 2 have no run_id" in refusal(emissions, by_project)


def test_gpu_energy_of_exactly_zero_is_unknown_and_not_scored(files):
    found, notes = join(files([HEADER, run(kwh=0.0)], ASKED.format(repeats=1)))
    assert found == [(1, 6.9, None, "h100-sxm-80gb")]
    assert any("only the time is compared" in note for note in notes)


@pytest.mark.parametrize(("cells", "expected"), [
    ({"seconds": 0}, "duration = '0' is not a positive number"),
    ({"seconds": "6_9"}, "duration = '6_9' is not a number"),
    ({"seconds": "-1"}, "duration = -1 is not a number from zero on"),
])  # fmt: skip
def test_cells_that_are_no_amounts_are_refused(refusal, cells, expected):
    assert expected in refusal([HEADER, run(**cells)], ASKED.format(repeats=1))


# The tasks


def task(name, seconds, run_id="r1"):
    return f"{name},proj,{run_id},{seconds},0.001,0.0012,0.0015,1,{H100}"


def test_a_task_is_taken_by_its_name_and_the_others_are_not(files):
    asked = "run_id,task_name,model,height,width,batch\nr1,inference,flux.1-dev,1024,1024,1\n"
    found, _ = join(files([TASKS, task("load_model", 41.2), task("inference", 6.9)], asked))
    assert [row[:2] for row in found] == [(2, 6.9)]


def test_tasks_are_never_scored_without_a_name(refusal):
    message = refusal([TASKS, task("load_model", 41.2), task("inference", 6.9)], ASKED.format(repeats=1))
    assert "the column task_name must say which task" in message and "(load_model, inference)" in message


def test_an_unknown_task_and_a_task_that_stands_twice_are_refused(refusal):
    asked = "run_id,task_name,model,height,width,batch\nr1,{},flux.1-dev,1024,1024,1\n"
    emissions = [TASKS, task("inference", 6.9), task("inference", 7.0)]
    assert "task_name = 'infer' is not in" in refusal(emissions, asked.format("infer"))
    assert "rows 1 and 2 are the same task" in refusal(emissions, asked.format("inference"))


def test_a_task_is_not_asked_of_a_file_without_tasks(refusal):
    asked = "run_id,task_name,model,height,width,batch\nr1,inference,flux.1-dev,1024,1024,1\n"
    assert "(it has none)" in refusal([HEADER, run()], asked)
