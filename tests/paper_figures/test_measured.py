"""The figure of a measured accelerator: drawn from a sweep, and absent without one."""

import re
from pathlib import Path

from paper_figures import measured
from tests.calibration.test_operator_law import write


def test_a_sweep_is_found_by_its_accelerator_and_drawn(tmp_path):
    path = write(tmp_path / "sweep.csv", sides=(256, 512, 1024), noise=0.02)
    (tmp_path / "other.csv").write_text("model,mu\n")
    assert measured.sweeps(tmp_path) == {"my-card": path}
    (name, draw), *others = measured.figures(tmp_path).items()
    assert name == "measured_my-card" and not others
    drawn = draw()
    left, right = drawn.axes
    assert left.get_ylabel().startswith("mu") and "held out" in right.get_xlabel()
    assert len(right.patches) == 2 * 3


def test_without_a_sweep_there_is_no_figure(tmp_path):
    (tmp_path / "other.csv").write_text("model,mu\n")
    assert measured.figures(tmp_path) == {}


def test_every_committed_sweep_has_its_figure_and_no_other_table_has():
    """By the text of the tables: no reader of ours says which of them are sweeps."""
    folder = Path(__file__).parents[2] / "fits" / "measurements"
    named = [
        re.findall(r'^#:\s*gpu = "(.+)"$', path.read_text(encoding="utf-8"), re.M) for path in folder.glob("*.csv")
    ]
    assert sorted(measured.FIGURES) == sorted(f"measured_{gpu}" for names in named for gpu in names)
