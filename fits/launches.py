"""Seconds of a launch from outside the fits: requests on so many accelerators that more of them no longer help.

The time of a step over its operators is then that of a launch, the calls that communicate among them: it is an upper
bound. Run as ``python -m fits.launches``.
"""

from pathlib import Path

from ditcarbon_sym.calibration.data import values_of_run
from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import n_launch

FLOORS = Path(__file__).parent / "measurements" / "launch_floors.csv"


def floors() -> dict[tuple[str, str], float]:
    """Seconds of a step for each operator of a pass, by model and accelerator."""
    found = {}
    for row in read_records(FLOORS):
        operators = values_of_run(load().model(row["model"]), {}, {})[n_launch]
        found[row["model"], row["gpu"]] = float(row["time_s"]) / int(row["steps"]) / operators
    return found


if __name__ == "__main__":
    for (model, gpu), seconds in floors().items():
        print(f"{model} on {gpu}: {1e6 * seconds:.0f} microseconds an operator")
