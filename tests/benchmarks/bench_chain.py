"""Speed as a ratio against an alternative in the same run: ``make bench``."""

import subprocess
import sys
import time

import numpy as np
import pytest

from ditcarbon_sym import derivatives, pipeline
from ditcarbon_sym.catalog import load, shipped_calibration
from ditcarbon_sym.notation import (
    PUE,
    SECONDS_PER_YEAR,
    TDP,
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
    Theta_peak,
    W,
    mu,
    n_frames,
    n_latent,
    tau,
)  # fmt: skip

SIZE = 10**6


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


def fastest(function, rounds=7):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def test_both_give_the_same(configuration):
    ours, theirs = pipeline.evaluate(configuration), by_hand(configuration)
    for symbol in pipeline.OUTPUTS:
        assert np.allclose(ours[symbol], theirs[symbol], rtol=1e-12)


@pytest.mark.benchmark(group="a million configurations, eight outputs")
def test_the_package(benchmark, configuration):
    benchmark(pipeline.evaluate, configuration)


@pytest.mark.benchmark(group="a million configurations, eight outputs")
def test_numpy_by_hand(benchmark, configuration):
    benchmark(by_hand, configuration)


def test_a_million_configurations_are_no_slower_than_numpy_by_hand(configuration):
    pipeline.evaluate(configuration)
    ratio = fastest(lambda: by_hand(configuration)) / fastest(lambda: pipeline.evaluate(configuration))
    print(f"\nspeed against NumPy by hand: {ratio:.2f}")
    assert ratio >= 1.0
    assert TDP in configuration and Theta_peak in configuration


def test_value_and_first_derivatives_by_all_that_varies_take_at_most_four_times_the_value(configuration):
    varied = [symbol for symbol, value in configuration.items() if np.ndim(value)]

    def value():
        return pipeline.evaluate(configuration, (C_total,))

    def by_what_varies():
        return derivatives.gradient(configuration, C_total, inputs=varied)

    def by_everything():
        return derivatives.gradient(configuration, C_total)

    value(), by_what_varies()
    number = len(by_everything()) - 1
    base = fastest(value)
    ratio = fastest(by_what_varies) / base
    print(f"\nvalue and derivatives by the {len(varied)} inputs that vary: {ratio:.2f} times the value")
    print(f"by all {number} inputs, each an array of its own: {fastest(by_everything) / base:.2f} times")
    print(f"of which writing {number + 1} arrays, and nothing else: {fastest(lambda: written(number + 1)) / base:.2f}")
    assert ratio <= 4.0


def test_a_cold_estimate_takes_at_most_two_and_a_half_imports_of_sympy():
    def cold(*arguments):
        return fastest(lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True), rounds=5)

    ratio = cold("-m", "ditcarbon_sym.cli", "estimate", "pixart-alpha") / cold("-c", "import sympy")
    print(f"\ncold estimate against 'import sympy': {ratio:.2f}")
    assert ratio <= 2.5
