"""On which accelerator a table was measured: nothing named is ever replaced by something else."""

from pathlib import Path

import pytest

from ditcarbon_sym.calibration.device import device_of, told_facts
from ditcarbon_sym.calibration.validation import validate
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.errors import InputError

ROWS = "model,height,width,batch,steps,stage,status,time_s\npixart-alpha,512,512,1,20,denoiser,ok,2.0\n"
OWN = '#: gpu = "rtx-3080"\n#: device = "NVIDIA GeForce RTX 3080"\n'
MEASURED = OWN + "#: peak_flop_per_second = 7.1e13\n#: bandwidth_byte_per_second = 9.0e11\n"


@pytest.fixture
def write(tmp_path):
    def file(text):
        path = tmp_path / "mine.csv"
        path.write_text(text)
        return path

    return file


def test_a_sweep_is_not_fitted_or_scored_as_of_another_accelerator(refused, write):
    path = write('#: gpu = "h100-sxm-80gb"\n' + ROWS)
    for command in ("fit", "validate"):
        line = refused(command, path, "--gpu", "v100-pcie-16gb")
        assert "was measured on h100-sxm-80gb, as its header says, and not on v100-pcie-16gb" in line


def test_a_sweep_names_its_accelerator_by_the_drivers_name_too(write):
    path = write('#: gpu = "my-box"\n#: device = "NVIDIA L4"\n' + ROWS)
    assert device_of(path, None, load()).id == "l4"
    assert validate(path).scored[0].gpu == "l4"


def test_a_sweep_of_an_accelerator_that_the_catalogue_lacks_is_fitted_with_its_own_peak_and_not_scored(refused, write):
    path = write(MEASURED + ROWS)
    assert device_of(path, None, load()).id == "rtx-3080"
    assert "was measured on 'rtx-3080', which the catalogue does not have" in refused("validate", path)
    assert "no peak_flop_per_second in its header" in refused("fit", write(OWN + ROWS))


@pytest.mark.parametrize("name", ["NVIDIA H100 80GB HBM3", "H100", "h100-sxm-80gb"])
def test_a_column_may_name_the_accelerator_as_people_or_the_driver_do(write, name):
    path = write(f"model,height,width,batch,steps,gpu,time_s\npixart-alpha,512,512,1,20,{name},2.0\n")
    assert device_of(path, None, load()).id == "h100-sxm-80gb"
    assert validate(path).scored[0].gpu == "h100-sxm-80gb"


def test_a_column_that_names_an_unknown_accelerator_is_refused(refused, write):
    path = write("model,height,width,batch,gpu,time_s\npixart-alpha,512,512,1,h1000,2.0\n")
    assert "row 1: unknown gpu 'h1000'" in refused("validate", path)
    assert "unknown gpu 'h1000'" in refused("fit", path)
    assert "its column gpu names h1000" in refused("fit", path, "--gpu", "l4")


def test_a_calibration_is_scored_on_no_other_accelerator_than_the_sweeps(write):
    from ditcarbon_sym.catalog.files import DATA

    calibration = DATA / "calibrations" / "b200-sxm-roofline.toml"
    with pytest.raises(InputError, match="was measured on 'b200-sxm'"):
        validate(write('#: gpu = "h100-sxm-80gb"\n' + ROWS), calibration=calibration)


@pytest.mark.parametrize("name", ["a.csv", "z.csv"])
def test_only_a_peak_of_the_sweeps_own_is_told_to_be_measured(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    for header, own in ((MEASURED, True), ('#: gpu = "l4"\n#: device = "NVIDIA L4"\n', False)):
        path.write_text(header + ROWS, encoding="utf-8")
        assert ("peak_from" in told_facts(path, device_of(path, None, load()))) == own
