"""The figure of a measured accelerator: drawn from a sweep, and absent without one."""

from paper_figures import measured

from .test_calibration_operators import write


def test_a_sweep_is_found_by_its_accelerator_and_drawn(tmp_path):
    path = write(tmp_path / "sweep.csv", sides=(256, 512, 1024), noise=0.02)
    (tmp_path / "other.csv").write_text("model,mu\n")
    assert measured.sweeps(tmp_path) == {"my-card": path}
    drawn = measured.figure(path)
    left, right = drawn.axes
    assert left.get_ylabel().startswith("mu") and "held out" in right.get_xlabel()
    assert len(right.patches) == 2 * 3


def test_without_a_sweep_there_is_no_figure(tmp_path):
    assert measured.sweeps(tmp_path) == {}
    assert set(measured.FIGURES) == {f"measured_{gpu}" for gpu in measured.sweeps()}
