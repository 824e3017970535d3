"""What has been used, in; grams, out: hours, kWh, the four inputs of the ML CO2 calculator, CodeCarbon and Zeus."""

import math

import pytest

from ditcarbon_sym.calibration.used import accounted, used_of
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.estimator import estimate
from ditcarbon_sym.estimation.footprint.account import account, cloud

COLUMNS = "run_id,duration,emissions,gpu_energy,energy_consumed,gpu_model,gpu_count,country_iso_code,"
CODECARBON = f"""{COLUMNS}cloud_provider,cloud_region
r1,1800,0.2,0.5,0.8,8 x NVIDIA H100 80GB HBM3,8,USA,gcp,us-central1
r1,3600,0.4,1.0,1.6,8 x NVIDIA H100 80GB HBM3,8,USA,gcp,us-central1
r2,3600,0.4,2.0,2.6,8 x NVIDIA H100 80GB HBM3,8,USA,gcp,us-central1
"""
ZEUS = """start_time,window_name,elapsed_time,gpu0_energy,gpu1_energy
1,epoch,1800,1800000,1800000
2,epoch,1800,1800000,1800000
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="used.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_last_row_of_each_run_of_codecarbons_file_holds_its_totals(file):
    used = used_of(file(CODECARBON), load())
    assert (used.kwh, used.hours, used.gpu, used.place) == (3.0, 16.0, "h100-sxm-80gb", "gcp:us-central1")
    assert used.told_g == pytest.approx(800)


def test_zeus_joules_and_seconds_are_those_of_all_accelerators(file):
    used = used_of(file(ZEUS), load())
    assert (used.kwh, used.hours) == (2.0, 2.0)


def test_an_account_of_a_file_is_that_of_its_numbers(file):
    found = accounted(file(CODECARBON), boundary="server")
    same = account("h100-sxm-80gb", hours=16.0, kwh=3.0, datacenter="gcp:us-central1", boundary="server")
    assert {**found.to_dict(), "warnings": []} == {**same.to_dict(), "warnings": []}


def test_what_the_user_says_wins_over_the_file(file):
    found = accounted(file(CODECARBON), gpu="h200", datacenter="FRA")
    assert (found.gpu, found.place) == ("h200-sxm-141gb", "FRA")


def test_the_four_inputs_of_the_ml_co2_calculator_give_rated_power_times_hours():
    found = accounted(gpu="Tesla V100-SXM2-32GB", hours=100.0, provider="Google Cloud Platform", region="us-central1")
    assert found.energy_kwh == 30.0 and found.place == "gcp:us-central1"
    assert found.operational_g == pytest.approx(30.0 * 1.1 * 412.72)
    assert any("not measured" in x for x in found.warnings)


@pytest.mark.parametrize(("typed", "expected"), [("AWS", "aws:x"), ("Microsoft Azure", "azure:x"), ("GCP", "gcp:x")])
def test_providers_are_read_as_people_write_them(typed, expected):
    assert cloud(typed, "x") == expected


@pytest.mark.parametrize("boundary", ["chip", "board", "server", "facility"])
def test_an_account_of_what_an_estimate_predicts_has_the_same_grams(boundary):
    options = {"datacenter": "gcp:us-central1", "boundary": boundary, "utilisation": 0.5}
    predicted = estimate("flux.1-dev", gpu="h100-sxm-80gb", **options)
    used = {"hours": predicted.time_s.value / 3600, "kwh": predicted.energy_wh.value / 1000}
    found = account("h100-sxm-80gb", **used, **options)
    for name in ("operational_g", "host_g", "embodied_g", "total_g", "water_off_site_l"):
        one, other = getattr(found, name), getattr(predicted, name).value
        assert (one is None and other is None) or math.isclose(one, other, rel_tol=1e-12), name
    assert found.facility_energy_kwh == pytest.approx(predicted.facility_energy_wh.value / 1000, rel=1e-12)


def test_energy_without_hours_has_no_embodied_carbon_and_says_so():
    found = account("h100-sxm-80gb", kwh=10.0)
    assert found.embodied_g is None and found.total_g is None and found.operational_g == pytest.approx(10 * 1.2 * 390)
    assert any("hours are unknown" in x for x in found.warnings)


@pytest.mark.parametrize(
    ("asked", "boundary"),
    [
        ({"gpu": "h100", "hours": 10.0}, "server"),
        ({"gpu": "h100", "hours": 10.0, "utilisation": 0.5}, "facility"),
        ({"gpu": "l4", "hours": 10.0}, "board"),
        ({"gpu": "v100-pcie-16gb", "hours": 10.0}, "chip"),
        ({"gpu": "h100", "kwh": 10.0}, "chip"),
        ({"kwh": 10.0}, "chip"),
    ],
)
def test_an_account_has_the_boundary_that_an_estimate_would_have_if_its_hours_are_known(asked, boundary):
    assert account(**asked).basis["boundary"] == boundary


def test_carbon_of_an_output_is_the_total_over_the_outputs():
    found = account("h100-sxm-80gb", hours=10.0, kwh=5.0, outputs=1000)
    assert found.per_output_g == pytest.approx(found.total_g / 1000, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "nothing to account for"),
        ({"hours": 3.0}, "without an accelerator"),
        ({"kwh": -1.0}, "kwh = -1 is outside"),
        ({"kwh": 1.0, "boundary": "server"}, "which accelerator"),
        ({"kwh": 1.0, "provider": "aws"}, "go together"),
        ({"kwh": 1.0, "provider": "acme", "region": "x"}, "expected one of aws, gcp, azure"),
        ({"kwh": 1.0, "provider": "aws", "region": "x", "datacenter": "FRA"}, "not both"),
        ({"kwh": 1.0, "window": "epoch"}, "without the log"),
        ({"kwh": 1.0, "outputs": 0.0}, "outputs = 0 is outside"),
    ],
)
def test_what_cannot_be_accounted_for_is_refused_in_one_line(options, expected):
    with pytest.raises(InputError, match=expected) as refusal:
        accounted(**options)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("a,b\n1,2\n", {}, "neither CodeCarbon's"),
        (ZEUS.replace("2,epoch", "2,step"), {}, "give --window"),
        (ZEUS, {"window": "epcoh"}, "did you mean|known"),
        (CODECARBON, {"window": "epoch"}, "no log of a Zeus"),
        (CODECARBON, {"kwh": 1.0}, "give one of them"),
        (CODECARBON.replace("r2,3600,0.4,2.0", "r2,3600,0.4,0"), {}, "could not read the accelerator"),
        (CODECARBON.replace("r2,3600,0.4,2.0,2.6,8 x NVIDIA H100 80GB HBM3", "r2,1,0.4,2.0,2.6,1 x Tesla T4"), {},
         "one by one"),
        (ZEUS.replace("1800000\n2", "-5\n2"), {}, "not a number from zero on"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_in_one_line_that_names_it(file, text, options, expected):
    path = file(text)
    with pytest.raises(InputError, match=expected) as refusal:
        accounted(path, **options)
    assert "\n" not in str(refusal.value) and ("used.csv" in str(refusal.value) or "window" in str(refusal.value))
