"""The README's headline error is that of the runs that no fit has seen, as the scorecard computes it."""

import re
import tomllib
from pathlib import Path

import numpy as np

from ditcarbon_sym.catalog.files import DATA
from fits.unseen import times


def test_the_readme_tells_the_error_of_the_runs_that_no_fit_has_seen():
    found = times()
    text = " ".join(Path("README.md").read_text(encoding="utf-8").split())
    told = re.search(r"On (\d+) published runs .* missed by ([\d.]+) % on average, and (\d+) lie inside", text)
    error = 100 * float(np.mean([abs(x.ratio - 1) for x in found]))
    assert told.groups() == (str(len(found)), f"{error:.1f}", str(sum(x.inside for x in found)))


def test_the_readme_tells_the_nested_error_of_accelerators_held_out():
    quality = tomllib.loads((DATA / "transfers" / "ampere-and-later.toml").read_text(encoding="utf-8"))["quality"]
    text = " ".join(Path("README.md").read_text(encoding="utf-8").split())
    told = re.search(r"rules chosen without them, they were missed by (\d+) % in time and (\d+) % in energy", text)
    nested = [quality[f"nested_mape_percent{suffix}"].values() for suffix in ("", "_energy")]
    assert told.groups() == tuple(f"{np.mean(list(errors)):.0f}" for errors in nested)
