"""The README's headline error is that of the runs that no fit has seen, as the scorecard computes it."""

import re
import tomllib
from pathlib import Path

import numpy as np

from ditcarbon_sym.catalog.files import DATA
from fits import training
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


def test_the_readme_tells_how_trainings_that_were_never_fitted_come_out():
    rows = training.rows()
    totals = [x for x in rows if x.kind == "total"]
    assert not any(x.fitted for x in totals)
    text = " ".join(Path("README.md").read_text(encoding="utf-8").split())
    told = re.search(
        r"fitted to (\d+) published speeds; of (\d+) published totals, none fitted, (\d+) lie inside", text
    )
    inside = sum(x.inside for x in totals)
    assert told.groups() == tuple(map(str, (sum(x.fitted for x in rows), len(totals), inside)))


def test_the_page_about_trainings_names_those_that_lie_outside():
    rows = [x for x in training.rows() if not x.fitted]
    page = " ".join(Path("docs/pages/how-to/train.md").read_text(encoding="utf-8").split())
    told = page.partition("Outside are ")[2].partition("is assumed.")[0]
    assert {x.run for x in rows if not x.inside} == {"Lumina-Image 2.0", "Open-Sora 1.0", "Stable Diffusion 3"}
    assert all(x.run in told for x in rows if not x.inside)
    assert [x.run for x in rows if not x.inside].count("Open-Sora 1.0") == 2 and "two stages of Open-Sora 1.0" in told
