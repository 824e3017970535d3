"""What hostile or unlucky input once broke: each was a traceback, a wrong answer or a half-written file."""

import pytest

from ditcarbon_sym import InputError, estimate
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.reports.formats import toml_text
from tests.catalog.test_loading import GPU, MODEL, shipped_table


@pytest.mark.parametrize(
    "text",
    [
        f"[models.x]\nblocks = {'9' * 390}\n",
        "x = " + "9" * 5000,
        "models = " + "[" * 5000,
        "x = " + "{a=" * 3000,
        "[gpus.'../gpus']\npeak_flop_per_second = 1e14\n",
        f"[gpus.{'a' * 300}]\npeak_flop_per_second = 1e14\n",
        GPU + "memory_gb = nan\n",
        GPU + "memory_gb = -3\n",
        GPU + "memory_gb = 'much'\n",
        GPU + "embodied_gco2eq = { die = nan }\n",
        MODEL.replace("steps = 20", "steps = 20, sampler = 3"),
        MODEL.replace("request = {", "request = 3 #"),
    ],
)
def test_no_catalogue_breaks_the_command(refused, tmp_path, text):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert str(path) in refused("gpus", "--json", "--catalog", path)


@pytest.mark.parametrize(
    "change",
    [
        {"quality": {}},
        {"quality": {"n": 48, "loss": "absolute", "mape_percent": "x"}},
        {"quality": {"n": 48, "loss": "absolute", "mape_percent": float("nan")}},
        {"validity": {"pixels_min": 1, "batch": [], "latent_tokens": [1.0, 2.0]}},
        {"validity": {"pixels_min": 1, "batch": [1.0, 2.0, 3.0], "latent_tokens": [1.0, 2.0]}},
        {"validity": {"pixels_min": 1, "batch": [8.0, 1.0], "latent_tokens": [1.0, 2.0]}},
        {"validity": {"pixels_min": 0, "batch": [1.0, 8.0], "latent_tokens": [1.0, 2.0]}},
        {"validity": {"pixels_min": 10**400, "batch": [1.0, 8.0], "latent_tokens": [1.0, 2.0]}},
        {"data": {"when": float("nan")}},
        {"covariance": {"parameters": ["mu_sat"], "matrix": [[float("nan")]]}},
        {"covariance": {"parameters": ["mu_sat", "mu_sat"], "matrix": [[1.0, 0.0], [0.0, 1.0]]}},
        {"covariance": {"parameters": [], "matrix": []}},
        {
            "convention": {
                "flop": "1 multiply-add = 1 FLOP",
                "count": "leading order, paper Eq. (2)",
                "stages": "denoiser",
            }
        },
        {"convention": {**{"flop": "1 fused multiply-add = 2 FLOP"}, "count": "exact", "stages": "denoiser"}},
        {"device": {"gpu": "a\nb", "peak_flop_per_second": 1e14}},
        {"device": {"gpu": "", "peak_flop_per_second": 1e14}},
        {"schema_version": True},
    ],
)
def test_no_calibration_breaks_the_command(refused, tmp_path, change):
    path = tmp_path / "bad.toml"
    path.write_text(toml_text({**shipped_table(), **change}))
    assert str(path) in refused("estimate", "pixart-alpha", "--calibration", path, "--json")


def test_a_date_in_a_calibration_is_refused(refused, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text((DATA / "calibrations" / "v100-pcie-16gb.toml").read_text() + "when = 1979-05-27\n")
    assert "neither text nor a number" in refused("estimate", "pixart-alpha", "--calibration", path, "--json")


def test_a_replaced_accelerator_does_not_inherit_the_shipped_fit(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text("[gpus.v100-pcie-16gb]\npeak_flop_per_second = 312e12\ntdp_watt = 400\n")
    with pytest.raises(InputError, match="has no calibration"):
        estimate("pixart-alpha", catalog=path)
    result = estimate("pixart-alpha", catalog=path, efficiency="bgr")
    assert any("v100-pcie-16gb at 112 TFLOP/s" in warning for warning in result.warnings)
