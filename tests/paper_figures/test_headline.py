"""The README's headline error is that of the runs that no fit has seen, as the scorecard computes it."""

import re
from pathlib import Path

import numpy as np

from fits.unseen import times


def test_the_readme_tells_the_error_of_the_runs_that_no_fit_has_seen():
    found = times()
    text = " ".join(Path("README.md").read_text(encoding="utf-8").split())
    told = re.search(r"On (\d+) published runs .* missed by ([\d.]+) % on average, and (\d+) lie inside", text)
    error = 100 * float(np.mean([abs(x.ratio - 1) for x in found]))
    assert told.groups() == (str(len(found)), f"{error:.1f}", str(sum(x.inside for x in found)))
