import itertools
import math

import numpy as np
import pytest

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import TDP
from ditcarbon_sym.errors import InputError
from fits.runs import B200, H100

PIXART = {"model": "pixart-alpha", "resolution": 1024, "steps": 50}


def test_the_papers_representative_request():
    result = estimate(**PIXART, efficiency="bgr")
    assert result.total_g.value == pytest.approx(0.559, abs=0.0005)
    assert result.time_s.value == pytest.approx(17.18, rel=0.004)
    assert result.energy_wh.value == pytest.approx(1.193, rel=0.004)
    assert result.flops["total"] == pytest.approx(6.57e14, rel=0.005)
    assert result.efficiency["value"] == pytest.approx(0.342, abs=0.0005)
    assert result.parameters == 594_542_592
    assert result.warnings == ()


def test_without_options_the_models_release_is_asked_for():
    result = estimate("cogvideox-2b")
    assert result.request == {
        "height": 480, "width": 720, "frames": 49, "batch": 1, "outputs": 1, "steps": 50, "guidance": 2,
        "text_tokens": 226, "references": 0,
    }  # fmt: skip
    assert (result.gpu, result.datacenter) == ("v100-pcie-16gb", "us-average")
    assert result.tokens == {"latent": 30 * 45 * 13, "text": 226}


def test_carbon_adds_up_and_is_shared_among_outputs():
    result = estimate(**PIXART, batch=4)
    assert result.total_g.value == pytest.approx(result.operational_g.value + result.embodied_g.value)
    assert result.per_output_g.value == result.total_g.value / 4
    stages = [result.flops[stage] for stage in ("denoiser", "text_encoder", "vae_decoder")]
    assert sum(stages) == pytest.approx(result.flops["total"])


def test_a_day_is_so_many_batches():
    result = estimate(**PIXART, batch=4, per_day=1e6)
    assert result.per_day["total_g"].value == pytest.approx(1e6 * result.per_output_g.value)
    assert result.per_day["gpu_hours"].value == pytest.approx(1e6 / 4 * result.time_s.value / 3600)


def test_a_measured_efficiency_is_used_as_it_is():
    result = estimate("dit-xl-2-256", mu=0.071)
    assert result.efficiency == {
        "value": 0.071, "low": None, "high": None, "model": "measured value, as given", "calibration": None,
    }  # fmt: skip
    assert "Eq. (3)" not in result.basis["equations"]


BY_FLAGS = """
[models.mine]
dual_stream = 0
cross_attention = 1
adaln_zero = 0
blocks = 12
hidden_size = 512
mlp_ratio = 4
patch_size = 2
vae_spatial_factor = 8
text_encoder_parameters = 0
vae_decoder_parameters = 5e7
request = { height = 256, width = 256, batch = 1, steps = 20, guidance = 2, text_tokens = 77 }
"""


def test_below_production_the_operator_law_answers_for_a_model_known_by_flags_too(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(BY_FLAGS)
    found = estimate("mine", catalog=path)
    assert found.basis["efficiency"] == "roofline"
    assert any("known by its flags alone" in note for note in found.warnings)


def test_where_no_law_answers_the_remedies_are_named(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(BY_FLAGS + "\n[gpus.bare]\npeak_flop_per_second = 1e14\n")
    with pytest.raises(InputError, match=r"--mu.*--calibration.*--efficiency bgr"):
        estimate("mine", catalog=path, gpu="bare")


def test_below_production_the_operator_law_answers():
    result = estimate("dit-xl-2-256")
    assert result.basis["efficiency"] == "roofline" and result.time_s.low < result.time_s.value < result.time_s.high
    # Table 5 prints mu = 0.071 for the denoiser at batch 1; the interval is of whole requests, a little above.
    assert result.efficiency["low"] < 0.08


def test_asked_for_by_name_the_fit_extrapolates_and_says_so():
    result = estimate("cogvideox-2b", resolution=480, frames=13, steps=20, efficiency="bgr")
    assert any("extrapolates: 480 x 480" in warning for warning in result.warnings)
    assert result.total_g.value == pytest.approx(0.475, rel=0.004)


def test_the_production_regime_is_counted_in_pixels_not_in_the_shorter_side():
    wide, less = (estimate("pixart-alpha", height=256, width=x, efficiency="bgr").warnings for x in (1024, 1008))
    assert wide == () and any("lies below the calibrated regime" in note for note in less)


@pytest.mark.parametrize(
    ("request_", "said"), [({"batch": 16}, "batch = 16"), ({"resolution": 2048}, "latent tokens = 16384")]
)
def test_beyond_the_measured_range_the_output_says_so(request_, said):
    result = estimate("pixart-alpha", **request_)
    assert any("extrapolates" in warning and said in warning for warning in result.warnings)


def test_on_an_uncalibrated_accelerator_the_fit_is_refused_unless_asked_for(bare_card):
    with pytest.raises(InputError, match="'bare' has no calibration and none can be transferred"):
        estimate("pixart-alpha", gpu="bare", catalog=bare_card)
    result = estimate("pixart-alpha", gpu="gtx-1080-ti", efficiency="bgr")
    assert any("not on gtx-1080-ti" in warning for warning in result.warnings)


def test_what_is_unknown_is_none_with_a_warning_never_zero():
    result = estimate("pixart-alpha", gpu="a10g", mu=0.5, boundary="chip")
    assert (result.embodied_g.value, result.total_g.value, result.per_output_g.value) == (None, None, None)
    assert result.operational_g.value > 0
    assert any("embodied carbon of a10g" in warning for warning in result.warnings)


def test_embodied_carbon_is_spread_over_the_hours_in_use():
    all_day, half = estimate(**PIXART), estimate(**PIXART, utilisation=0.5)
    assert half.embodied_g.value == pytest.approx(2 * all_day.embodied_g.value)
    assert half.operational_g.value == all_day.operational_g.value
    assert (all_day.basis["utilisation"], half.basis["utilisation"]) == (1.0, 0.5)


def test_an_accelerator_without_power_gives_time_and_leaves_energy_unknown(tmp_path):
    catalog = tmp_path / "my.toml"
    catalog.write_text("[gpus.mine]\npeak_flop_per_second = 1e14\n")
    result = estimate("pixart-alpha", gpu="mine", mu=0.4, catalog=catalog)
    assert result.time_s.value > 0
    assert result.energy_wh.value is None and result.operational_g.value is None
    assert any("power of mine" in warning for warning in result.warnings)


def test_a_calibration_brings_its_accelerator_along(tmp_path):
    text = (DATA / "calibrations" / "v100-pcie-16gb.toml").read_text().replace('"v100-pcie-16gb"', '"lab-card"')
    path = tmp_path / "lab.toml"
    path.write_text(text.replace("112000000000000.0", "5e13"))
    result = estimate(**PIXART, calibration=path)
    assert result.gpu == "lab-card"
    assert result.time_s.value == pytest.approx(112 / 50 * estimate(**PIXART, efficiency="bgr").time_s.value)
    with pytest.raises(InputError, match="was measured on 'lab-card'"):
        estimate(**PIXART, calibration=path, gpu="gtx-1080-ti")


def test_frames_that_the_vae_rounds_are_told():
    result = estimate("cogvideox-2b", resolution=720, frames=6, steps=20)
    assert result.tokens["latent"] == 45 * 45 * 2
    assert any("2 latent frames, as 5 would be" in warning for warning in result.warnings)
    assert any("6 output frames are counted as 2 latent frames" in warning for warning in result.warnings)
    whole = estimate("cogvideox-2b", resolution=720, frames=5, steps=20)
    assert whole.tokens == result.tokens and not any("latent frames" in warning for warning in whole.warnings)


def test_pue_and_grid_may_be_given_instead_of_a_data_centre():
    assert estimate(**PIXART, pue=1.05, grid=20).total_g == estimate(**PIXART, datacenter="norway-hydro").total_g


def test_a_carbon_free_grid_leaves_embodied_carbon():
    result = estimate(**PIXART, pue=1, grid=0)
    assert result.operational_g.value == 0 and result.total_g.value == result.embodied_g.value > 0


def test_a_longer_life_costs_less_embodied_carbon():
    assert estimate(**PIXART, lifetime_years=10).embodied_g.value == pytest.approx(
        estimate(**PIXART).embodied_g.value / 2
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"resolution": -512}, "resolution = -512"),
        ({"resolution": 0}, "resolution = 0"),
        ({"resolution": math.nan}, "resolution = nan"),
        ({"resolution": math.inf}, "resolution = inf"),
        ({"resolution": 10**9}, "resolution = 1e+09"),
        ({"resolution": 1000}, "height = 1000 is not a multiple of 16"),
        ({"resolution": 8}, "nearest: 16"),
        ({"resolution": 512, "height": 512}, "not both"),
        ({"height": 512}, "height = 512 without width"),
        ({"width": 512}, "width = 512 without height"),
        ({"frames": 49}, "pixart-alpha is an image model"),
        ({"batch": 0}, "batch = 0"),
        ({"batch": 1.5}, "batch = 1.5 is not a whole number"),
        ({"batch": 10**12}, "batch = 1e+12"),
        ({"steps": -1}, "steps = -1"),
        ({"guidance": 7.5}, "not the guidance scale"),
        ({"text_tokens": -1}, "text_tokens = -1"),
        ({"mu": 0}, "mu = 0"),
        ({"mu": 1.01}, "mu = 1.01"),
        ({"mu": math.nan}, "mu = nan"),
        ({"mu": 0.3, "efficiency": "bgr"}, "one of mu, calibration and efficiency"),
        ({"efficiency": "magic"}, "efficiency = 'magic'"),
        ({"pue": 0.9, "grid": 100}, "pue = 0.9"),
        ({"pue": 1.2}, "go together"),
        ({"grid": -5, "pue": 1.2}, "grid = -5"),
        ({"grid": 5, "pue": 1.2, "datacenter": "germany"}, "one or the other"),
        ({"lifetime_years": 0}, "lifetime_years = 0"),
        ({"utilisation": 0}, "utilisation = 0"),
        ({"utilisation": 60}, "a fraction of the lifetime"),
        ({"per_day": -1}, "per_day = -1"),
        ({"gpu": "v1000"}, "unknown gpu 'v1000'"),
        ({"datacenter": "mars"}, "unknown datacenter 'mars'"),
        ({"colour": 3}, "unknown request field 'colour'"),
        ({"calibration": "/nowhere.toml"}, "no such file"),
    ],
)
def test_bad_input_is_refused_in_one_line(options, expected):
    with pytest.raises(InputError) as refusal:
        estimate("pixart-alpha", **options)
    assert expected in str(refusal.value) and "\n" not in str(refusal.value)


def test_the_dictionary_has_plain_values_only():
    plain = estimate(**PIXART).to_dict()
    assert plain["schema_version"] == 2
    total = plain["total_g"]
    assert set(total) == {"value", "low", "high"} and total["low"] < total["value"] < total["high"]


def test_python_callers_get_the_same_errors():
    for options in ({"gpu": 3}, {"datacenter": 3}):
        with pytest.raises(InputError):
            estimate("pixart-alpha", **options)
    with pytest.raises(InputError):
        estimate(3)


def test_numpy_integers_are_numbers():

    assert estimate("pixart-alpha", resolution=np.int64(512)).request["height"] == 512


def test_power_never_exceeds_the_boards_limit_by_more_than_the_interval():
    for model, gpu in itertools.product(load().models, [H100, B200]):  # both have one function for each model
        found = estimate(model, gpu=gpu)
        watts = found.energy_wh.value * 3600 / found.time_s.value
        limit = load().gpu(gpu).values[TDP]
        assert watts <= limit * found.time_s.high / found.time_s.value * found.energy_wh.high / found.energy_wh.value


def test_embodied_carbon_is_of_the_boundary_asked_for():
    die, board = (estimate("flux.1-dev", gpu=H100, embodied_boundary=name) for name in ("die", "cradle-to-gate board"))
    assert die.basis["embodied_gco2eq"] == 14650 and board.basis["embodied_gco2eq"] == 164000
    assert board.embodied_g.value / die.embodied_g.value == pytest.approx(164000 / 14650)
    assert estimate("flux.1-dev", gpu=B200, boundary="chip").total_g.value is None
    with pytest.raises(InputError, match="embodied_boundary = 'die' is not known for b200-sxm; known: 'cradle-to-gate"):
        estimate("flux.1-dev", gpu=B200, embodied_boundary="die")
