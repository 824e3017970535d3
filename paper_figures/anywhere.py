"""The same image anywhere: the paper says that place matters 45-fold, of seven places; here over all countries."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.catalog.places import ONE_YEAR_FACTOR, places
from ditcarbon_sym.sweeps import Grid, sweep

MODEL = "pixart-alpha"
KINDS = {"country": ("#0072B2", "countries, PUE 1.56 assumed"), "cloud region": ("#D55E00", "cloud regions, their PUE")}


def grams(kind: str) -> dict[str, float]:
    """Grams of one image on the V100, by the paper's fit, at every place of a kind whose grid has an average above 0.

    Of one country, the Central African Republic, Ember's table says 0; it is left out.
    """
    known = [x for x in places().values() if x.kind == kind and "location" in x.figures]
    ids = tuple(x.id for x in known if x.figures["location"].value > 0)
    return dict(zip(ids, _totals(ids), strict=True))


def of_the_paper() -> dict[str, float]:
    """The same at the paper's seven data centres."""
    ids = tuple(load().datacenters)
    return dict(zip(ids, _totals(ids), strict=True))


def _totals(ids: tuple[str, ...]) -> list[float]:
    grid = Grid(model=(MODEL,), resolution=((1024, 1024),), datacenter=ids, options={"efficiency": "bgr"})
    return [float(x) for x in sweep(grid).array("total_g").ravel()]


def ratios(found: dict[str, float]) -> tuple[float, float]:
    """The dirtiest place over the cleanest, and the 95th over the 5th of a hundred."""
    low, high = np.quantile(list(found.values()), [0.05, 0.95])
    return max(found.values()) / min(found.values()), float(high / low)


def figure() -> Any:
    """Draw the grams of one image over places in order, and the paper's seven among them."""
    figure, axes = plt.subplots(figsize=(7.2, 3.4), layout="constrained")
    for kind, (colour, words) in KINDS.items():
        found = grams(kind)
        rank, values = np.linspace(0, 1, len(found)), np.sort(list(found.values()))
        whole, middle = ratios(found)
        axes.plot(
            rank, values, color=colour, label=f"{len(found)} {words}: {whole:.0f}-fold, {middle:.0f}-fold (5-95 %)"
        )
        axes.fill_between(rank, values / ONE_YEAR_FACTOR, values * ONE_YEAR_FACTOR, color=colour, alpha=0.15, lw=0)
    seven = np.sort(list(of_the_paper().values()))
    words = f"the paper's seven, assumed: {seven[-1] / seven[0]:.0f}-fold"
    axes.plot(np.linspace(0, 1, len(seven)), seven, "o", color="#222222", ms=4, label=words)
    axes.set(yscale="log", xlabel="places in order, part of all", ylabel="gCO2eq for one image")
    axes.legend(loc="lower right", fontsize=7)
    return figure


FIGURES: dict[str, Callable[[], Any]] = {"anywhere": figure}
