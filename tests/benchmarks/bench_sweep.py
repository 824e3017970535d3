"""Sweeps against what they replace, in the same run: ``make bench``; ``BENCH_ALL=1`` adds what takes minutes."""

import os
import subprocess
import sys

import numpy as np
import pytest

from ditcarbon_sym.equations.notation import PUE, I_grid
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.ranking import top
from tests.benchmarks.bench_chain import by_hand
from tests.benchmarks.conftest import by_turns

SIDES = tuple((512, 512 + 64 * k) for k in range(8))
GRID = Grid(
    ("pixart-alpha", "dit-xl-2-512"), SIDES, batch=tuple(range(1, 65)), steps=tuple(range(1, 101)),
    datacenter=tuple((1.05 + 0.05 * i, 5.0 * j) for i in range(10) for j in range(1, 99)),
    options={"efficiency": "bgr"},
)  # fmt: skip
PART = 10**6
BEST = 10


def dense(found):
    """A part of the grid, in order, as the naive evaluation would form it: arrays for every configuration."""
    values = []
    for block in found.blocks:
        pue, grid = block.places[PUE], block.places[I_grid]
        point = block.panel.point.values
        axes = np.meshgrid(
            np.arange(len(SIDES)), block.batch, block.steps, np.arange(len(pue)), indexing="ij", sparse=True
        )
        shape = np.broadcast_shapes(*(axis.shape for axis in axes))
        rows = np.arange(PART // len(found.blocks))
        size, batch, steps, place = np.unravel_index(rows, shape)
        named = {x.name: x for x in point}
        sizes = {x: block.panel.values[named[x]][size] for x in ("H", "W", "n_frames", "n_latent", "m", "g")}
        varied = {"B": block.batch[batch], "S": block.steps[steps], "PUE": pue[place], "I_grid": grid[place], **sizes}
        values.append({**point, **{named[x]: array.astype(float) for x, array in varied.items()}})
    return values


def naive(values):
    """The best ten, by evaluating everything and sorting."""
    totals = np.concatenate([list(by_hand(v).values())[-1] for v in values])
    best = np.argpartition(totals, BEST)[:BEST]
    return np.sort(totals[best])


def test_the_best_ten_of_a_hundred_million_take_less_than_a_hundredth_of_the_dense_grid(told):
    found = sweep(GRID)
    part = dense(found)
    small = Grid(
        GRID.model, SIDES[:1], batch=(1, 2), steps=(1, 2), datacenter=GRID.datacenter[:50], options=GRID.options
    )
    everything = np.sort(sweep(small).array("total_g").ravel())[:BEST]
    assert np.allclose(top(sweep(small), BEST, "total_g")["total_g"], everything, rtol=1e-12)
    best = by_turns({
        "dense": lambda: naive(part), "factors": lambda: top(found, BEST, "total_g"),
        "whole": lambda: top(sweep(GRID), BEST, "total_g"),
    })  # fmt: skip
    whole = best["dense"] / PART * len(found)
    told(f"best ten of {len(found):,} combinations: part of the naive dense evaluation's time (from 10^6 of them)",
         f"1/{whole / best['factors']:.0f}", "< 1/100")  # fmt: skip
    told("the same with the choice of routes and the check of every request", f"1/{whole / best['whole']:.0f}")
    assert best["factors"] < whole / 100


def test_the_best_ten_are_those_of_the_dense_grid():
    found = sweep(
        Grid(
            GRID.model,
            SIDES,
            batch=GRID.batch[::8],
            steps=GRID.steps[::10],
            datacenter=GRID.datacenter[::9],
            options=GRID.options,
        )
    )
    everything = np.sort(found.array("total_g").ravel())[:BEST]
    assert np.allclose(top(found, BEST, "total_g")["total_g"], everything, rtol=1e-12)


STREAM = """
import time
from pathlib import Path
from ditcarbon_sym.sweeps import axes, streaming
from ditcarbon_sym.sweeps.grid import sweep
found = sweep(axes.grid({{
    "model": "pixart-alpha", "resolution": "512:2048:16", "batch": "1:10:1", "steps": "1:{steps}:1",
    "pue": "1.1,1.2", "grid": "50:500:50"}}))
start = time.perf_counter()
streaming.write(Path({path!r}), found.columns, found.chunks())
seconds = time.perf_counter() - start
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(len(found), seconds, int(peak.split()[1]) / 1024)
"""


def test_streaming_takes_the_same_memory_for_any_number_of_rows(tmp_path, told):
    peaks = {}
    for steps in (52, 516, *((5155,) if os.environ.get("BENCH_ALL") else ())):
        code = STREAM.format(steps=steps, path=str(tmp_path / "rows.parquet"))
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        rows, seconds, peak = (float(x) for x in done.stdout.split())
        peaks[rows] = peak
        told(f"memory of streaming {rows:,.0f} rows to Parquet", f"{peak:.0f} MB, {rows / seconds / 1e6:.1f} M rows/s",
             "< 500 MB")  # fmt: skip
    few, many, *_ = peaks.values()  # compiled loops, which the longest uses, take room of their own
    assert max(peaks.values()) < 500 and many < 1.25 * few


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_front_of_a_million_points_takes_about_a_second(dimensions, told):
    from ditcarbon_sym.sweeps.pareto import undominated

    points = np.random.default_rng(0).uniform(size=(10**6, dimensions))
    best = by_turns({"front": lambda: undominated(points), "sort": lambda: np.lexsort(points.T)}, 3)
    told(f"front of 10^6 points in {dimensions} objectives: times sorting them", f"{best['front'] / best['sort']:.1f}")


CARDS = ("h100-sxm-80gb", "b200-sxm", "a100-sxm-80gb", "h20")
KINDS = {
    "kinds of accelerators": {"gpu": CARDS},
    "numbers of accelerators": {"gpu": CARDS[:1], "gpus": (1, 2, 4, 8)},
    "modes": {"gpu": CARDS[:1], "software": ("eager", "compile"), "precision": ("bf16", "fp8")},
}


def test_sweeps_over_numbers_of_accelerators_and_modes_are_as_fast_as_over_their_kinds(told):
    sizes = {"resolution": ((512, 512), (1024, 1024)), "batch": tuple(range(1, 17)), "steps": tuple(range(1, 51))}
    places = tuple((1.1, 5.0 * j) for j in range(1, 129))
    grids = {name: Grid(("flux.1-dev",), datacenter=places, **sizes, **axes) for name, axes in KINDS.items()}
    found = {name: sweep(grid) for name, grid in grids.items()}
    rows = by_turns({name: lambda x=x: sum(n for n, _ in x.chunks(fused=False)) for name, x in found.items()})
    whole = by_turns({name: lambda x=x: sweep(x) for name, x in grids.items()}, 3)
    first = next(iter(KINDS))
    for name in list(KINDS)[1:]:
        told(f"rows over {name}: times those over {first}", f"{rows[name] / rows[first]:.1f}", "< 2")
        told(f"routes over {name}: times those over {first}", f"{whole[name] / whole[first]:.1f}", "< 3")
        assert rows[name] < 2 * rows[first] and whole[name] < 3 * whole[first]
