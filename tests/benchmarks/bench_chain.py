"""Speed as a ratio against an alternative in the same run: ``make bench``."""

import os
import subprocess
import sys

import numpy as np
import pytest

from ditcarbon_sym.catalog.loading import load, shipped_calibration
from ditcarbon_sym.equations import derivatives, pipeline
from ditcarbon_sym.equations.notation import (
    PUE,
    SECONDS_PER_YEAR,
    B,
    C_chip,
    C_emb,
    C_op,
    C_total,
    E,
    F_total,
    H,
    I_grid,
    L,
    P,
    S,
    W,
    mu,
    n_frames,
    n_latent,
    tau,
)
from ditcarbon_sym.numerics.functions import compiled
from tests.benchmarks import hand_numba
from tests.benchmarks.conftest import by_turns

SIZE = 10**7


@pytest.fixture(scope="module")
def configuration():
    rng = np.random.default_rng(0)
    catalog, calibration = load(), shipped_calibration("v100-pcie-16gb")
    model = catalog.model("pixart-alpha")
    return {
        **model.values, **model.request, **catalog.gpu("v100-pcie-16gb").values, **calibration.values,
        n_frames: 1.0, n_latent: 1.0, L: 5 * float(SECONDS_PER_YEAR), C_chip: 9780.0,
        H: 16.0 * rng.integers(16, 128, SIZE), W: 16.0 * rng.integers(16, 128, SIZE),
        B: rng.integers(1, 17, SIZE).astype(float), S: rng.integers(10, 101, SIZE).astype(float),
        PUE: rng.uniform(1.05, 1.6, SIZE), I_grid: rng.uniform(10, 800, SIZE),
    }  # fmt: skip


def by_hand(values):
    """The same eight outputs, in whole-array NumPy, as one would write them in a notebook."""
    v = {x.name: y for x, y in values.items()}
    s, c, a, j, d, f, m, N = (v[k] for k in ("s", "c", "a", "j", "d", "f", "m", "N"))
    parameters = ((2 * f + 4 + 6 * a * v["n_ada"] * v["t"] / d) * (1 + s) + 4 * c) * N * d**2
    tokens = v["H"] / (v["v_s"] * v["p"]) * v["W"] / (v["v_s"] * v["p"]) * v["n_latent"]
    pixels = v["H"] / v["v_s"] * v["W"] / v["v_s"] * v["n_frames"]
    rows = tokens + (s + j - s * j) * m
    attention = 8 * rows * d**2 + 4 * rows**2 * d
    cross = c * (1 - s) * (4 * tokens * d**2 + 4 * m * d**2 + 4 * tokens * m * d)
    block = attention + cross + 4 * f * rows * d**2 + 12 * a * (1 + s) * d**2
    one_shot = 2 * v["P_enc"] * m + 2 * v["P_VAE"] * pixels * v["k_VAE"]
    flop = v["B"] * one_shot + v["B"] * v["g"] * v["S"] * N * block
    efficiency = v["mu_sat"] * v["B"] / (v["B"] + v["B_0"]) * tokens / (tokens + v["ell_star"] / v["B"])
    seconds = flop / (efficiency * v["Theta_peak"])
    energy = seconds * v["TDP"] / 3.6e6
    operational = energy * v["PUE"] * v["I_grid"]
    embodied = seconds / v["L"] * v["C_chip"]
    return {
        P: parameters, F_total: flop, mu: efficiency, tau: seconds, E: energy,
        C_op: operational, C_emb: embodied, C_total: operational + embodied,
    }  # fmt: skip


def written(number):
    """Fresh memory filled: what that many results cost before anything is computed."""
    np.empty((number, SIZE))[...] = 1.0


def test_both_give_the_same(configuration):
    ours, theirs = pipeline.evaluate(configuration), by_hand(configuration)
    for symbol in pipeline.OUTPUTS:
        assert np.allclose(ours[symbol], theirs[symbol], rtol=1e-12)


@pytest.mark.benchmark(group="ten million configurations, eight outputs", max_time=3)
def test_the_package(benchmark, configuration):
    benchmark(pipeline.evaluate, configuration)


@pytest.mark.benchmark(group="ten million configurations, eight outputs", max_time=3)
def test_numpy_by_hand(benchmark, configuration):
    benchmark(by_hand, configuration)


def chain_function(*outputs):
    return compiled(outputs, tuple((equation.lhs, equation.rhs) for equation in pipeline.chain()))


def gradient_function(inputs=None):
    definitions, sums = derivatives.adjoints(C_total, pipeline.chain(), None if inputs is None else frozenset(inputs))
    return compiled((C_total, *sums.values()), definitions)


def test_ten_million_configurations_are_nearly_twice_as_fast_as_numpy_by_hand(configuration, told):
    best = by_turns({
        "numpy": lambda: by_hand(configuration), "package": lambda: pipeline.evaluate(configuration),
        "one thread": lambda: chain_function(*pipeline.OUTPUTS)(configuration, threads=1),
    })  # fmt: skip
    ratio = best["numpy"] / best["package"]
    told(
        "10^7 configurations, eight outputs, NumPy alone: times a plain NumPy version by hand", f"{ratio:.2f}", ">= 2.5"
    )
    told("the same on one thread", f"{best['numpy'] / best['one thread']:.2f}")
    assert ratio >= 1.8


def test_a_fused_loop_is_as_fast_as_one_written_by_hand(configuration, told):
    function = chain_function(*pipeline.OUTPUTS)
    for ours, theirs in zip(function(configuration, fused=True)[1:], hand_numba.by_hand(configuration), strict=True):
        assert np.allclose(ours, theirs, rtol=1e-12, atol=0)
    best = by_turns({
        "numpy": lambda: by_hand(configuration), "numba": lambda: hand_numba.by_hand(configuration),
        "fused": lambda: function(configuration, fused=True),
    })  # fmt: skip
    ratio = best["numba"] / best["fused"]
    told("the same with the extra fast: times a fused, parallel numba kernel by hand", f"{ratio:.2f}", ">= 0.85")
    told("that kernel by hand: times plain NumPy", f"{best['numpy'] / best['numba']:.1f}")
    assert ratio >= 0.7


@pytest.mark.parametrize(("fused", "bound"), [(False, 3.5), (True, 2.5)], ids=["numpy", "fast"])
def test_in_place_the_value_and_its_derivatives_by_every_input_that_varies_take_a_few_times_the_value(
    configuration, told, fused, bound
):
    varied = [symbol for symbol, value in configuration.items() if np.ndim(value)]
    value, gradient, everything = chain_function(C_total), gradient_function(varied), gradient_function()
    place = list(np.zeros((1 + len(varied), SIZE)))
    best = by_turns({
        "value": lambda: value(configuration, out=place[:1], fused=fused),
        "gradient": lambda: gradient(configuration, out=place, fused=fused),
        "fresh value": lambda: value(configuration, fused=fused),
        "fresh gradient": lambda: gradient(configuration, fused=fused),
    }, 7)  # fmt: skip
    ratio, fresh = best["gradient"] / best["value"], best["fresh gradient"] / best["fresh value"]
    how = "with the extra fast" if fused else "NumPy alone"
    told(f"total carbon and its derivatives by the {len(varied)} inputs that vary, in place, {how}: times the value",
         f"{ratio:.2f}", f"<= {bound}")  # fmt: skip
    told("the same into fresh memory, which the system must clear first", f"{fresh:.2f}")
    place.clear()
    many = len(everything.expressions)
    best = by_turns({
        "value": lambda: value(configuration, fused=fused),
        "all": lambda: everything(configuration, fused=fused),
        "memory": lambda: written(many),
    }, 3)  # fmt: skip
    told(
        f"value and derivatives by all {many - 1} inputs, into fresh memory, each an array of its own",
        f"{best['all'] / best['value']:.1f}",
    )
    told(f"of which clearing and filling {many} arrays on one thread", f"{best['memory'] / best['value']:.1f}")
    assert ratio <= bound


def test_a_cold_estimate_costs_little_more_than_importing_sympy(told):
    # as installed: Python may keep what it compiled, of this package as of sympy
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def cold(*arguments):
        return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)

    estimate = ("-m", "ditcarbon_sym", "estimate", "pixart-alpha")
    best = by_turns({
        "sympy": cold("-c", "import sympy"), "help": cold("-m", "ditcarbon_sym", "--help"), "estimate": cold(*estimate),
        "an H100": cold(*estimate, "--gpu", "h100-sxm-80gb"), "eight": cold(*estimate, "--gpus", "8"),
    }, 10)  # fmt: skip
    ratios = {name: seconds / best["sympy"] for name, seconds in best.items()}
    told("ditcarbon estimate, cold: times python -c 'import sympy'", f"{ratios['estimate']:.2f}", "<= 1.9")
    told("the same on an H100, and on eight accelerators", f"{ratios['an H100']:.2f} and {ratios['eight']:.2f}")
    told("ditcarbon --help, cold", f"{ratios['help']:.2f}", "<= 0.4")
    assert ratios["help"] <= 0.4
    assert ratios["estimate"] <= 2.2  # a loaded machine is further off
