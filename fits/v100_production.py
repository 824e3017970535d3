"""The paper's production fit, which the package ships: BGR on the 48 runs at 512 x 512 and above.

Run as ``python -m fits.v100_production``. The length scale ell* stands on its bound, zero. The file therefore holds the
reduced model of two parameters, with its covariance, and says so.
"""

import hashlib
from typing import Any

from ditcarbon_sym.calibration.confidence import knowledge
from ditcarbon_sym.calibration.efficiency import calibration_table
from ditcarbon_sym.calibration.fitting import BGR, fit_identified
from ditcarbon_sym.calibration.held_out import leave_one_group_out
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.efficiency import saturation
from ditcarbon_sym.reports.formats import toml_text, write_atomically

from .corpus import CORPUS, PRODUCTION_PIXELS, production

GPU = "v100-pcie-16gb"
TARGET = DATA / "calibrations" / f"{GPU}.toml"


def table() -> dict[str, Any]:
    """Fit again and return the calibration."""
    data = production()
    fitted = fit_identified(saturation, data)
    verdicts = {known.symbol: known.verdict for known in knowledge(fitted, BGR)}
    source = {
        "file": f"fits/measurements/{CORPUS.name}",
        "rows": "resolution of at least 512 x 512",
        "sha256": hashlib.sha256(CORPUS.read_bytes()).hexdigest(),
        "source": "ditcarbon2026: Table 5",
    }
    held_out = leave_one_group_out(saturation, data)
    return calibration_table(fitted, verdicts, held_out, load().gpu(GPU), PRODUCTION_PIXELS, source)


if __name__ == "__main__":
    write_atomically(
        TARGET, toml_text(table(), "Made by fits/v100_production.py (make fits); a test refits and compares.")
    )
    print(f"wrote {TARGET.name}")
