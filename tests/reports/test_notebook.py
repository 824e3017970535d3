"""Values show themselves in a notebook: as tables and as formulas."""

import pytest

from ditcarbon_sym import Grid, compare, count, derive, estimate, front, ranked, sensitivity, solve, sweep, validate
from ditcarbon_sym.calibration import efficiency
from ditcarbon_sym.catalog import shipped_calibration
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.sweeps import RequestList
from fits.corpus import CORPUS

GRID = sweep(Grid(("pixart-alpha",), batch=(1, 2, 4), steps=(20, 50)))
VALUES = {
    "estimate": (lambda: estimate("flux.1-dev", gpu="h100-sxm-80gb", per_day=1000), "per year"),
    "count": (lambda: count("flux.1-dev", by="operator"), "elementwise"),
    "comparison": (lambda: compare(["flux.1-dev", "flux.1-schnell"]), "the uncertainty"),
    "sweep": (lambda: GRID, "the first 6 of 6 requests"),
    "requests": (lambda: RequestList([{"model": "pixart-alpha"}]), "the first 1 of 1 requests"),
    "ranking": (lambda: ranked(GRID, 2, "per_output_g"), "best by per_output_g"),
    "front": (lambda: front(GRID, ("per_output_g", "time_s")), "front of per_output_g, time_s"),
    "answer": (lambda: solve("pixart-alpha", "steps", budget_g=0.5), "exact root"),
    "sensitivity": (lambda: sensitivity("pixart-alpha", with_sobol=False), "elasticity"),
    "calibrated": (lambda: efficiency.calibrate(CORPUS, "v100-pcie-16gb", bootstrap=0), "mu_sat"),
    "validation": (lambda: validate(CORPUS, gpu="v100-pcie-16gb"), "bias"),
    "calibration": (lambda: shipped_calibration("h100-sxm-80gb", "roofline"), "dense efficiency"),
    "forms": (lambda: derive("flux.1-dev"), "network"),
}


@pytest.mark.parametrize(("make", "words"), VALUES.values(), ids=VALUES)
def test_a_value_is_shown_as_tables(make, words):
    shown = make()._repr_html_()
    assert shown.startswith("<table>") and words in shown
    assert shown.count("<tr>") == shown.count("</tr>") and "<script" not in shown


def test_an_estimate_tells_its_warnings():
    assert "<li>transferred, not calibrated" in estimate("pixart-alpha", gpu="l4")._repr_html_()


def test_equations_and_closed_forms_are_shown_as_formulas():
    assert pipeline.find("C_op")._repr_latex_() == rf"$\displaystyle {pipeline.find('C_op').latex()}$"
    for forms in (derive("pixart-alpha"), derive(None, "s=1,c=0,a=1,j=0")):
        shown = forms._repr_latex_()
        assert shown.startswith(r"$$\begin{aligned}") and shown.count("{") == shown.count("}")
