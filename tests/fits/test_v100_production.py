"""The calibration of the V100 that the package ships is what the data give today."""

import numpy as np
import pytest

from ditcarbon_sym.calibration.fitting import fit_identified
from ditcarbon_sym.calibration.held_out import leave_one_group_out
from ditcarbon_sym.catalog.files import read_toml
from ditcarbon_sym.equations.efficiency import batch_saturation, saturation
from ditcarbon_sym.equations.notation import B_0, B, ell_star, mu_sat
from fits import corpus, v100_production


def leaves(table, path=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def test_the_shipped_calibration_is_what_a_refit_gives():
    shipped, again = dict(leaves(read_toml(v100_production.TARGET))), dict(leaves(v100_production.table()))
    assert shipped.keys() == again.keys()
    for key, value in shipped.items():
        if isinstance(value, list) and not isinstance(value[0], str):
            assert np.allclose(again[key], value, rtol=1e-4), key
        elif isinstance(value, float):
            assert again[key] == pytest.approx(value, rel=1e-5), key
        else:
            assert again[key] == value, key


def test_what_the_paper_prints_of_power_stands_once():
    from ditcarbon_sym.catalog.loading import load
    from ditcarbon_sym.equations.notation import TDP
    from fits import section_4_3
    from paper_figures.printed import by_quantity

    printed = tuple(by_quantity()[f"mean_power_{end}"].value for end in ("low", "high"))
    assert printed == section_4_3.PRINTED_POWER
    assert by_quantity()["carbon_predicted_over_measured"].value == section_4_3.MEAN_RATIO
    assert load().gpu("v100-pcie-16gb").values[TDP] == section_4_3.TDP_V100


def test_the_corpus_has_the_rows_the_paper_counts():
    origins = [row.extra["origin"] for row in corpus.rows()]
    assert len(origins) == 83
    assert [origins.count(x) for x in ("measured", "printed repeat", "reconstructed repeat")] == [78, 1, 4]
    assert len(corpus.production()) == 48 and len(corpus.printed()) == 79
    assert all(row.extra["origin"] == "measured" for row in corpus.rows() if corpus.is_production(row))


def test_a_reconstructed_repeat_equals_its_twin():
    measured = {(r.model, r.request["height"], r.request["frames"], r.request["batch"]): r for r in corpus.rows()[:78]}
    for row in corpus.rows():
        if row.extra["origin"] == "reconstructed repeat":
            twin = measured[row.model, row.request["height"], row.request["frames"], row.request["batch"]]
            assert row.measured == twin.measured and row.request["steps"] == 50


def test_the_production_fit_is_the_papers():
    fitted = fit_identified(saturation, corpus.production())
    full, shipped = fitted.full, fitted.shipped
    assert len(full.data) == 48
    assert full.mape() == pytest.approx(7.8, abs=0.05)
    assert full.at_bound == (ell_star,)
    assert fitted.held == {ell_star: 0.0}
    assert shipped.free == (mu_sat, B_0)
    assert shipped.values[mu_sat] == pytest.approx(0.389, abs=5e-4)
    assert float(batch_saturation({**shipped.values, B: 1})) == pytest.approx(0.3414, abs=1e-3)


def test_the_standard_error_at_a_bound_is_not_reported():
    full = fit_identified(saturation, corpus.production()).full
    assert np.isnan(full.standard_errors[ell_star])


def test_held_out_architectures_are_predicted_as_the_paper_says():
    errors = {
        name: trained.mape(rows)
        for name, (trained, rows) in leave_one_group_out(saturation, corpus.production()).items()
    }
    printed = {
        "dit-xl-2-256": 10.6,
        "dit-xl-2-512": 9.2,
        "pixart-alpha": 6.5,
        "pixart-sigma": 6.2,
        "sd3-medium": 8.8,
        "cogvideox-2b": 11.9,
    }
    assert errors == pytest.approx(printed, abs=0.15)
