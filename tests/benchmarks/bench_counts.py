"""Speed of exact counts as a ratio against an alternative in the same run: ``make bench``."""

import subprocess
import sys
import time

import numpy as np

from ditcarbon_sym.catalog import stages
from ditcarbon_sym.estimation.counting import flops
from ditcarbon_sym.estimation.exact_count import count

REQUEST = {"height": 1024, "frames": 1, "text_tokens": 512, "batch": 1, "steps": 28, "guidance": 1}
MANY, FEW = 100_000, 100


def fastest(work, rounds=3):
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def test_a_sweep_is_a_hundred_times_faster_than_one_call_for_each_resolution():
    networks = stages.shipped("flux.1-dev")
    sides = 16 * np.arange(1, MANY + 1)

    def sweep():
        return flops(networks, width=sides, **REQUEST)["total"]

    def one_by_one():
        return [flops(networks, width=int(side), **REQUEST)["total"] for side in sides[:FEW]]

    assert np.allclose(sweep()[:FEW], one_by_one())
    ratio = fastest(one_by_one) / FEW * MANY / fastest(sweep)
    print(f"\na sweep of {MANY:,} resolutions against as many calls: {ratio:,.0f} times faster")
    assert ratio >= 100


def test_a_count_takes_at_most_a_tenth_of_importing_sympy():
    count("flux.1-dev")
    single = fastest(lambda: count("flux.1-dev"))
    imports = fastest(lambda: subprocess.run([sys.executable, "-c", "import sympy"], check=True))
    print(f"\na count of FLUX.1-dev, once loaded: {1000 * single:.1f} ms, 1/{imports / single:.0f} of importing sympy")
    assert imports / single >= 10
