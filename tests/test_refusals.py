"""What a caller from Python is refused, where the command line asks otherwise."""

from pathlib import Path

import numpy as np
import pytest

from ditcarbon_sym import InputError, load, train
from ditcarbon_sym.estimation import counting
from ditcarbon_sym.estimation.spread.quantiles import narrow
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.routed import route

PIXART = Grid(("pixart-alpha",))
TRAINING = {"steps": 10, "batch": 8}


def counted(**sizes):
    rest = {"batch": 1, "frames": 1, "guidance": 1, "steps": 4, "text_tokens": 512}
    return counting.flops(counting.networks_of(load().model("flux.1-dev")), **rest, **sizes)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: sweep(Grid(())), "model: nothing to sweep over"),
        (lambda: sweep(Grid(("pixart-alpha",), batch=())), "batch: nothing to sweep over"),
        (lambda: sweep(PIXART).array("magic"), "unknown column 'magic'"),
        (lambda: route(Path("requests.csv"), (), "1"), "places: give at least one place"),
        (lambda: train("dit-xl-2-256", mu=0.4, **TRAINING), "mu is of a request, not of a training"),
        (lambda: train("dit-xl-2-256", efficiency="bgr", **TRAINING), "efficiency is of a request, not of a training"),
        (lambda: counted(height=np.array([1024.5]), width=1024), "height must be whole numbers of at least 1"),
        (lambda: counted(height=np.array([2.0**31 + 1]), width=1024), "height must be whole numbers of at least 1"),
        (lambda: counted(height=np.array([0]), width=1024), "height must be whole numbers of at least 1"),
        (lambda: counted(height=np.array(["x"]), width=1024), "must be numbers, or arrays that broadcast"),
        (lambda: counted(height=np.ones(2), width=np.ones(3)), "must be numbers, or arrays that broadcast"),
        (lambda: narrow(1e6), "ask for a lower level"),
    ],
)
def test_it_is_refused_in_one_line_that_says_what_was_expected(call, expected):
    with pytest.raises(InputError, match=expected) as refusal:
        call()
    assert "\n" not in str(refusal.value)
