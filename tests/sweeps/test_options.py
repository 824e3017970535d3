"""Every option of a request that the command line offers to a sweep changes the sweep as it changes an estimate."""

import inspect

import pytest

from ditcarbon_sym.cli.options import law_options, pass_options
from ditcarbon_sym.estimation.estimator import estimate
from ditcarbon_sym.sweeps.axes import OPTIONS, grid
from ditcarbon_sym.sweeps.grid import sweep
from ditcarbon_sym.sweeps.requests import RequestList
from ditcarbon_sym.sweeps.schema import _Sweep

GPU = "h100-sxm-80gb"


def test_no_option_that_a_sweep_is_offered_is_passed_over():
    offered = {name for options in (pass_options, law_options) for name in inspect.signature(options).parameters}
    assert offered <= set(OPTIONS) and set(OPTIONS) <= set(_Sweep.model_fields)


@pytest.mark.parametrize("references", [1, 3])
def test_reference_images_take_the_time_that_they_take_in_an_estimate(references):
    one = estimate("flux.2-dev", gpu=GPU, steps=10, references=references)
    swept = sweep(grid({"model": "flux.2-dev", "gpu": GPU, "steps": "10", "references": references}))
    assert swept.array("time_s").item() == pytest.approx(one.time_s.value, rel=1e-12)


def test_requests_of_one_list_may_differ_in_their_reference_images():
    rows = [{"model": "flux.2-dev", "gpu": GPU, "steps": 10, "references": n} for n in (0, 2)]
    expected = [estimate(**row).time_s.value for row in rows]
    assert RequestList(rows).table["time_s"].tolist() == pytest.approx(expected, rel=1e-12)
