"""Without an extra, a command that needs it says which in one line, and all others run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ditcarbon_sym import InputError
from ditcarbon_sym.sweeps import Grid, sweep


@pytest.fixture
def without(monkeypatch):
    """Hide libraries from every import."""

    def hide(*names: str) -> None:
        for name in [*names, *(x for x in sys.modules if x.partition(".")[0] in names)]:
            monkeypatch.setitem(sys.modules, name, None)

    return hide


@pytest.mark.parametrize(("method", "library"), [("to_pandas", "pandas"), ("to_xarray", "xarray")])
def test_a_table_of_a_library_that_is_missing_names_the_extra(without, method, library):
    without(library)
    with pytest.raises(InputError, match=rf"needs {library}: pip install 'ditcarbon-sym\[tables\]'"):
        getattr(sweep(Grid(("pixart-alpha",))), method)()


def test_a_sensitivity_analysis_without_salib_leaves_out_the_sobol_indices_alone(ditcarbon, without, tmp_path):
    report = tmp_path / "report.md"
    options = ("sensitivity", "pixart-alpha", "--samples", 64)
    whole = ditcarbon(*options, "--no-sobol")
    without("SALib")
    found = ditcarbon(*options, "--report", report)
    assert found.code == 0 and found.out.startswith(whole.out)
    assert found.err.startswith("warning: the Sobol indices are left out: they need SALib: pip install")
    assert "Sobol indices are left out" in report.read_text()


PLOTS = (
    ("pareto", "--model", "pixart-alpha", "--batch", "1,2", "--plot", "front.svg"),
    ("sensitivity", "pixart-alpha", "--no-sobol", "--report", "report.html"),
    ("fit", "rows.csv", "--gpu", "v100-pcie-16gb", "--bootstrap", "0", "--plot", "residuals.png"),
    ("validate", "rows.csv", "--gpu", "v100-pcie-16gb", "--plot", "ratios.pdf"),
)
ROWS = "model,height,width,batch,mu\n" + "".join(
    f"{model},{side},{side},{batch},{0.3 + 0.02 * batch}\n"
    for model in ("pixart-alpha", "dit-xl-2-512") for side in (512, 768, 1024) for batch in (1, 2, 4)
)  # fmt: skip


@pytest.mark.parametrize("arguments", PLOTS, ids=lambda x: x[0])
def test_a_figure_is_drawn_whatever_backend_a_notebook_has_named(tmp_path, arguments):
    (tmp_path / "rows.csv").write_text(ROWS)
    environment = {**os.environ, "MPLBACKEND": "module://backend_that_is_not_here", "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-m", "ditcarbon_sym", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / arguments[-1]).stat().st_size > 1000


def test_drawing_leaves_the_windows_of_a_caller_alone(run_python):
    run_python(
        "import sys; from ditcarbon_sym.reports.figures.pareto import front_figure\n"
        "from ditcarbon_sym.sweeps import Grid, front, sweep\n"
        "found = front(sweep(Grid(('pixart-alpha',), batch=(1, 2))), ('per_output_g', 'time_s'))\n"
        "assert front_figure(found, '.svg')\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
